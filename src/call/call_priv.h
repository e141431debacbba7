/* What the files of this room say to each other: the cells of a call and what they are made of. */
#pragma once

#include "call/call.h"

typedef void call_cell(struct call *c, const struct call_event *ev, struct call_orders *o);

/* --- call.c */
void call_order(struct call_orders *o, struct call_order order);
bool call_branch_open(const struct call_branch *b);
bool call_any_open(const struct call *c);
/* CANCEL to all that are open but that one. */
void call_cancel_others(struct call *c, uint8_t except, enum call_cause cause,
			struct call_orders *o);
/* `count` branches that the shard has made ready behind the last one. */
void call_start_branches(struct call *c, uint8_t count, struct call_orders *o);
/* One in place of one that did not work out. False: there is no room for it. */
bool call_add_branch(struct call *c, struct call_orders *o);
void call_note_refusal(struct call_branch *b, const struct call_event *ev);
/* What the present callee's, or target's, refusals come to. */
const struct call_branch *call_best_refusal(const struct call *c);
/* BYE to those sides that are there, CANCEL to whoever rings, and the end. */
void call_hang_up(struct call *c, enum call_cause cause, enum call_side by, bool caller,
		  bool callee, struct call_orders *o);

/* --- transfer.c: cells of an answered call, and what others do to a transfer under way */
call_cell transfer_begin, transfer_rings, transfer_refused, transfer_ring_limit, transfer_joined,
	transfer_unjoined;
/* A branch of the target's has answered. */
void transfer_answered(struct call *c, uint8_t branch, struct call_orders *o);
/* The transferor hangs up. False: it is not his BYE, or nobody transfers. */
bool transfer_leaves(struct call *c, enum call_side side, struct call_orders *o);
/* The call ends. */
void transfer_drop(struct call *c, enum call_cause cause, struct call_orders *o);
