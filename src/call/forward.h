/*
 * forward: one forwarding of a call, as plain data: who forwarded it (the callee so far), why, and
 * to whom. It is an outgoing call of the one that forwards: a channel of his, a record of his. A
 * call has them only when it is forwarded: they stand in a pool of their own.
 */
#pragma once

#include "call/call.h"

#define CALL_FORWARDS_MAX FORWARD_TIMES_MAX

struct call_forward {
	uint64_t record; /* id of its record, and the holder of its channel */
	char by[CALL_NUMBER_BYTES], to[CALL_NUMBER_BYTES];
	char customer[24];	      /* whose number `by` is */
	char trunk[CALL_TRUNK_BYTES]; /* name of the (last) trunk; "": none */
	uint8_t kind;		      /* enum forward_kind */
	uint8_t direction;	      /* enum call_direction, never CALL_IN */
	bool channel_held;
	bool recorded; /* its record is the writer's */
	/* Of FORWARD_TRANSFERRED, which is a call with an answer and an end of its own: */
	uint8_t side;  /* enum call_side: whose place the target takes */
	bool joined;   /* it has taken it */
	uint8_t cause; /* enum call_cause: why it came to nothing, once ended_at is set */
	int16_t sip_code;
	int64_t answered_at, ended_at; /* wall ms; 0: did not happen; ended with the call */
	int64_t at, ringing_at;	       /* wall ms; 0: did not happen */
};

struct call_forwards {
	uint8_t count;
	char deflected[CALL_NUMBER_BYTES]; /* what the present callee's telephone names */
	bool ready;			   /* the last one was made before its order came */
	struct call_forward v[CALL_FORWARDS_MAX];
};
