/*
 * tables: what is kept of a call, in the records that the call file holds (file.h). The rows stand
 * in tables.c: a new member of struct call, struct leg, ... that must outlive the process is one
 * row there; one that must not is a row too (F_NOT_KEPT), and a test finds what has none.
 *
 * While a call is being set up: CALL and SETUP, enough to cancel the phones, answer the caller and
 * write the record. Answered: CALL, LEGS and, once a second, FIGURES; until the caller's ACK also
 * SETUP and ANSWER, so that the 200 is repeated. Ended: CALL with LEGS or SETUP until everybody has
 * been told, and RECORD as long as the writer has no room for it.
 */
#pragma once

#include "call/forward.h"
#include "call/leg.h"
#include "media/kept.h"
#include "replica/field.h"
#include "store/store.h"

enum replica_kind {
	REPLICA_CALL,	  /* struct call */
	REPLICA_SETUP,	  /* struct replica_setup */
	REPLICA_ANSWER,	  /* struct replica_answer */
	REPLICA_LEGS,	  /* struct replica_legs */
	REPLICA_FIGURES,  /* struct replica_ends, by the table of figures */
	REPLICA_RECORD,	  /* struct store_record */
	REPLICA_FORWARDS, /* struct call_forwards, from the first forwarding to the last record */
	REPLICA_KINDS
};

/* A call that is being set up. Leg A comes first; the dialogs are as they were when the INVITEs
 * went out, which is what a CANCEL must look like (RFC 3261 §9.1). */
struct replica_setup {
	struct slice head; /* the caller's INVITE without body and credentials: to be answered */
	uint8_t leg_count;
	struct leg *legs[1 + CALL_BRANCHES_MAX];
};

/* What the 200 to the caller said. */
struct replica_answer {
	struct slice headers, body;
};

/* The relay's endpoints of an answered call. */
#define REPLICA_ENDS_MAX (2 * SDP_STREAMS_MAX)
struct replica_end {
	uint8_t leg, stream; /* 0: leg A, 1: the leg that answered */
	struct relay_kept kept;
};
struct replica_ends {
	uint8_t count;
	struct replica_end v[REPLICA_ENDS_MAX];
};

struct replica_legs {
	uint8_t leg_count;
	struct leg *legs[2]; /* leg A, the leg that answered */
	uint8_t ends_count;  /* 1, or 0 without media */
	struct replica_ends *ends[1];
};

/* By enum replica_kind. */
extern const struct replica_table *const replica_tables[REPLICA_KINDS];

/* The tables within them, for tests. */
extern const struct replica_table replica_parts[];
extern const uint32_t replica_part_count;

/* Puts the figures (sources learned, what was counted) of the same stream into ends. */
void replica_figures_onto(const struct replica_ends *figures, struct replica_ends *ends);
