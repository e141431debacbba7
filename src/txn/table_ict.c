/*
 * INVITE client transaction: RFC 3261 §17.1.1 (figure 5) with the Accepted state of RFC 6026 §7.2
 * (figure 3).
 *
 * Beyond the figures: CANCEL (§9.1) waits for a provisional response; when no final response
 * follows it within 64*T1, the transaction fails. Timer C (here: the limit that the user set) ends
 * a call that rings for too long; when it has had a provisional response, it is cancelled too and
 * the transaction stays, so that a 2xx that crosses the CANCEL still reaches the user (who must end
 * that dialog) and a 487 is acknowledged.
 *
 * After a restart an INVITE that may be ringing is taken up in Proceeding, so that it can be
 * cancelled.
 */
#include "txn/table_priv.h"

/* clang-format off: a table is read by its columns */
const struct txn_cell txn_table_ict[TXN_STATES][TXN_EVENTS] = {
	[TXN_START][TXN_EV_BEGIN] = {TXN_CALLING, TXN_SEND | TXN_ARM(A) | TXN_ARM(B)},

	[TXN_START][TXN_EV_RESUME] = {TXN_PROCEEDING, TXN_ARM(C)},

	[TXN_CALLING][TXN_EV_TIMER_A] = {TXN_CALLING, TXN_SEND | TXN_ARM(A)},
	[TXN_CALLING][TXN_EV_TIMER_B] = {TXN_TERMINATED, TXN_STOP | TXN_TIMED_OUT},
	[TXN_CALLING][TXN_EV_TIMER_C] = {TXN_TERMINATED, TXN_STOP | TXN_TIMED_OUT},
	[TXN_CALLING][TXN_EV_TIMER_FAILED] = {TXN_TERMINATED, TXN_STOP | TXN_BROKE},
	[TXN_CALLING][TXN_EV_GOT_1XX] = {TXN_PROCEEDING,
					 TXN_STOP | TXN_ARM(C) | TXN_PASS | TXN_CANCEL_WANTED},
	[TXN_CALLING][TXN_EV_GOT_2XX] = {TXN_ACCEPTED,
					 TXN_STOP | TXN_ARM(M) | TXN_PASS | TXN_DROP_REQUEST},
	[TXN_CALLING][TXN_EV_GOT_300] = {TXN_COMPLETED,
					 TXN_STOP | TXN_ARM(D) | TXN_SEND_ACK | TXN_PASS},
	[TXN_CALLING][TXN_EV_USER_CANCEL] = {TXN_CALLING, TXN_WANT_CANCEL},

	[TXN_PROCEEDING][TXN_EV_TIMER_C] = {TXN_PROCEEDING,
					    TXN_TIMED_OUT | TXN_SEND_CANCEL | TXN_ARM(CANCEL)},
	[TXN_PROCEEDING][TXN_EV_TIMER_CANCEL] = {TXN_TERMINATED, TXN_STOP | TXN_TIMED_OUT},
	[TXN_PROCEEDING][TXN_EV_TIMER_FAILED] = {TXN_TERMINATED, TXN_STOP | TXN_BROKE},
	[TXN_PROCEEDING][TXN_EV_GOT_1XX] = {TXN_PROCEEDING, TXN_PASS},
	[TXN_PROCEEDING][TXN_EV_GOT_2XX] = {TXN_ACCEPTED,
					    TXN_STOP | TXN_ARM(M) | TXN_PASS | TXN_DROP_REQUEST},
	[TXN_PROCEEDING][TXN_EV_GOT_300] = {TXN_COMPLETED,
					    TXN_STOP | TXN_ARM(D) | TXN_SEND_ACK | TXN_PASS},
	[TXN_PROCEEDING][TXN_EV_USER_CANCEL] = {TXN_PROCEEDING, TXN_SEND_CANCEL | TXN_ARM(CANCEL)},

	/* A provisional response may come late, reordered; a 2xx cannot follow on this branch. */
	[TXN_COMPLETED][TXN_EV_TIMER_D] = {TXN_TERMINATED, TXN_STOP},
	[TXN_COMPLETED][TXN_EV_TIMER_FAILED] = {TXN_TERMINATED, TXN_STOP},
	[TXN_COMPLETED][TXN_EV_GOT_1XX] = {TXN_COMPLETED, 0},
	[TXN_COMPLETED][TXN_EV_GOT_300] = {TXN_COMPLETED, TXN_SEND_ACK},
	[TXN_COMPLETED][TXN_EV_USER_CANCEL] = {TXN_COMPLETED, 0},

	/* RFC 6026 §8.4: every 2xx goes up, repeated or of another branch of a fork; the others are
	   absorbed. */
	[TXN_ACCEPTED][TXN_EV_TIMER_M] = {TXN_TERMINATED, TXN_STOP},
	[TXN_ACCEPTED][TXN_EV_GOT_1XX] = {TXN_ACCEPTED, 0},
	[TXN_ACCEPTED][TXN_EV_GOT_2XX] = {TXN_ACCEPTED, TXN_PASS},
	[TXN_ACCEPTED][TXN_EV_GOT_300] = {TXN_ACCEPTED, 0},
	[TXN_ACCEPTED][TXN_EV_USER_CANCEL] = {TXN_ACCEPTED, 0},
};
/* clang-format on */
