/* What transfer.c (may it be, to whom), refer.c (what the transferor asks and is told) and join.c
 * (the target and the remaining party) share. */
#pragma once

#include "b2bua/b2bua_priv.h"

/* --- transfer.c */
/* The transfer that is under way, which is the last forwarding; NULL: none. */
struct call_forward *transfer_now(const struct shard *s, const struct call *c);
/* The leg of that side. */
struct leg *transfer_leg(struct shard *s, const struct call *c, enum call_side side);
/* The party that stays. */
struct leg *transfer_remaining(struct shard *s, const struct call *c);
struct refusal {
	int code;
	enum call_cause cause; /* CAUSE_NORMAL: only the text tells */
	const char *text;
};
/* l sends the other party on to that number. False: *ret_refusal. */
bool transfer_start(struct shard *s, struct call *c, struct leg *l, struct slice target,
		    struct refusal *ret_refusal);
/* It was answered with 202: the target's phones are called. The call may be gone. */
void transfer_go(struct shard *s, struct call *c, enum call_side by);

/* --- refer.c */
/* NOTIFY with that status line (RFC 3515 §2.4.5). */
void refer_notify(struct shard *s, struct call *c, int code);
