/* The timers of RFC 3261 table 4 and RFC 6026 §8.5, §8.9: how long each letter is, and which of the
 * two timers of a transaction it uses. */
#include "txn/txn_priv.h"

#define T1_MS	500
#define T2_MS	4000
#define T4_MS	5000
#define T100_MS 200 /* RFC 3261 §17.2.1 */

enum length {
	LEN_BACKOFF,	/* T1, then doubled each time, without end */
	LEN_BACKOFF_T2, /* likewise, up to T2 */
	LEN_64_T1,
	LEN_T4,
	LEN_100,
	LEN_LIMIT, /* the user's */
};

struct rule {
	uint8_t length;
	bool retry;	    /* uses the timer that repeats */
	bool no_reliable;   /* not armed over a reliable transport */
	bool zero_reliable; /* at once over a reliable transport */
};

static const struct rule rules[TXN_TIMERS] = {
	[TXN_EV_TIMER_A] = {LEN_BACKOFF, .retry = true, .no_reliable = true},
	[TXN_EV_TIMER_B] = {LEN_64_T1},
	[TXN_EV_TIMER_C] = {LEN_LIMIT},
	[TXN_EV_TIMER_D] = {LEN_64_T1, .zero_reliable = true},
	[TXN_EV_TIMER_E] = {LEN_BACKOFF_T2, .retry = true, .no_reliable = true},
	[TXN_EV_TIMER_F] = {LEN_64_T1},
	[TXN_EV_TIMER_G] = {LEN_BACKOFF_T2, .retry = true, .no_reliable = true},
	[TXN_EV_TIMER_H] = {LEN_64_T1},
	[TXN_EV_TIMER_I] = {LEN_T4, .zero_reliable = true},
	[TXN_EV_TIMER_J] = {LEN_64_T1, .zero_reliable = true},
	[TXN_EV_TIMER_K] = {LEN_T4, .zero_reliable = true},
	[TXN_EV_TIMER_L] = {LEN_64_T1},
	[TXN_EV_TIMER_M] = {LEN_64_T1},
	[TXN_EV_TIMER_100] = {LEN_100, .retry = true},
	[TXN_EV_TIMER_2XX] = {LEN_BACKOFF_T2, .retry = true},
	[TXN_EV_TIMER_CANCEL] = {LEN_64_T1},
	[TXN_EV_TIMER_FAILED] = {LEN_LIMIT},
};

static uint32_t t1(const struct txn_layer *l)
{
	return l->p.t1_ms ? l->p.t1_ms : T1_MS;
}

static uint32_t t2(const struct txn_layer *l)
{
	return l->p.t2_ms ? l->p.t2_ms : T2_MS;
}

/* RFC 4320 §4.1: when the client's timer E is reset to T2. */
static uint32_t timer_e_at_t2_ms(const struct txn_layer *l)
{
	uint32_t at = 0, interval = t1(l);

	for (; interval < t2(l); interval *= 2)
		at += interval;
	return at;
}

static uint32_t next_backoff(const struct txn_layer *l, struct txn_core *c, bool up_to_t2)
{
	uint32_t next = c->retry_ms ? c->retry_ms * 2 : t1(l);

	if (up_to_t2 && (next > t2(l) || (c->kind == TXN_NICT && c->state == TXN_PROCEEDING)))
		next = t2(l);
	c->retry_ms = next;
	return next;
}

static uint32_t length_ms(const struct txn_layer *l, struct txn_core *c, enum length length)
{
	switch (length) {
	case LEN_BACKOFF:
		return next_backoff(l, c, false);
	case LEN_BACKOFF_T2:
		return next_backoff(l, c, true);
	case LEN_T4:
		return l->p.t4_ms ? l->p.t4_ms : T4_MS;
	case LEN_100:
		return c->kind == TXN_IST ? T100_MS : timer_e_at_t2_ms(l);
	case LEN_64_T1:
	case LEN_LIMIT:
		break;
	}
	return 64 * t1(l);
}

static void arm_retry(struct txn_layer *l, struct txn_core *c, enum txn_event letter, int64_t at_ms)
{
	bool client = c->kind == TXN_ICT || c->kind == TXN_NICT;
	uint32_t kind = client ? TXN_FIRE_CLIENT_RETRY : TXN_FIRE_SERVER_RETRY;

	c->retry_event = (uint8_t)letter;
	wheel_arm(l->p.wheel, &c->retry, at_ms, l->p.timer_kind_first + kind, c->id);
}

static void arm_end(struct txn_layer *l, struct txn_core *c, enum txn_event letter, int64_t at_ms)
{
	bool client = c->kind == TXN_ICT || c->kind == TXN_NICT;
	uint32_t kind = client ? TXN_FIRE_CLIENT_END : TXN_FIRE_SERVER_END;

	c->end_event = (uint8_t)letter;
	wheel_arm(l->p.wheel, &c->end, at_ms, l->p.timer_kind_first + kind, c->id);
}

/* The user's limit: instead of F for a non-INVITE; timer C of an INVITE, which in Calling may come
 * before B. */
static void arm_limited(struct txn_layer *l, struct txn_core *c, enum txn_event letter,
			int64_t at_ms)
{
	bool limited = c->limit_at_ms != 0;

	if (letter == TXN_EV_TIMER_C && !limited)
		return;
	if (letter == TXN_EV_TIMER_C || (letter == TXN_EV_TIMER_F && limited))
		at_ms = c->limit_at_ms;
	if (letter == TXN_EV_TIMER_B && c->first_at_ms && c->first_at_ms < at_ms)
		at_ms = c->first_at_ms;
	if (letter == TXN_EV_TIMER_B && limited && c->limit_at_ms < at_ms) {
		letter = TXN_EV_TIMER_C;
		at_ms = c->limit_at_ms;
	}
	arm_end(l, c, letter, at_ms);
}

static void arm(struct txn_run *run, struct txn_core *c, enum txn_event letter)
{
	const struct rule *rule = &rules[letter];

	if (rule->no_reliable && c->reliable)
		return;
	int64_t at_ms = run->now_ms;
	if (!(rule->zero_reliable && c->reliable))
		at_ms += length_ms(run->l, c, rule->length);
	if (rule->retry)
		arm_retry(run->l, c, letter, at_ms);
	else
		arm_limited(run->l, c, letter, at_ms);
}

void txn_timers_do(struct txn_run *run, struct txn_core *c, uint32_t actions)
{
	if (actions & TXN_STOP_RETRY) {
		wheel_cancel(run->l->p.wheel, &c->retry);
		c->retry_ms = 0;
	}
	if (actions & TXN_STOP_END)
		wheel_cancel(run->l->p.wheel, &c->end);
	for (uint32_t left = actions & TXN_ARM_MASK; left; left &= left - 1)
		arm(run, c, (enum txn_event)__builtin_ctz(left));
}

void txn_post_failure(struct txn_layer *l, struct txn_core *c, int64_t now_ms)
{
	struct txn_cell cell = txn_cell_of(c->kind, c->state, TXN_EV_TIMER_FAILED);

	if (cell.next == TXN_NO_STATE)
		return;
	wheel_cancel(l->p.wheel, &c->retry);
	arm_end(l, c, TXN_EV_TIMER_FAILED, now_ms);
}
