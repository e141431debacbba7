/* The end of slots: a call goes when all its legs have gone and its record is written. */
#include "b2bua/b2bua_priv.h"

static void free_leg(struct shard *s, struct leg *l)
{
	media_close(s, l);
	session_end(s, l);
	trunk_place_give(s, l);
	leg_let_go(s, l);
	pool_give(s->legs, l->id);
}

static bool free_if_gone(struct shard *s, struct id *leg)
{
	struct leg *l = leg_of(s, *leg);
	if (l && l->state != LEG_GONE)
		return false;
	if (l)
		free_leg(s, l);
	*leg = ID_NONE;
	return true;
}

static void forget_call_id(struct shard *s, const struct call *c)
{
	const struct leg *a = leg_of(s, c->leg_a);
	if (a)
		index_remove(s->by_call_id,
			     hash_slice(&s->p.hash_key, dialog_text(&a->dialog, DIALOG_CALL_ID)),
			     c->id.v);
}

void call_let_go(struct shard *s, struct call *c)
{
	record_detail(s, c, SLICE_NONE);
	pool_give(s->forwards, c->forwards);
	c->forwards = ID_NONE;
}

void call_settle(struct shard *s, struct call *c)
{
	if (c->state != CALL_ENDING || c->record_due) {
		for (uint8_t i = 0; i < c->branch_count; i++) {
			if (i != c->winner && c->state != CALL_ENDING)
				free_if_gone(s, &c->branches[i].leg);
		}
		return;
	}
	bool all = true;
	const struct leg *a = leg_of(s, c->leg_a);
	if (a && a->state == LEG_GONE)
		forget_call_id(s, c);
	all &= free_if_gone(s, &c->leg_a);
	for (uint8_t i = 0; i < c->branch_count; i++)
		all &= free_if_gone(s, &c->branches[i].leg);
	if (!all)
		return;
	wheel_cancel(s->wheel, &c->timer);
	keep_forget(s, c);
	call_let_go(s, c);
	pool_give(s->calls, c->id);
}

void call_discard(struct shard *s, struct call *c)
{
	c->state = CALL_ENDING;
	forget_call_id(s, c);
	for (uint32_t i = 0; i <= c->branch_count; i++) {
		struct leg *l = i == 0 ? leg_of(s, c->leg_a) : branch_leg(s, c, (uint8_t)(i - 1));
		if (l)
			free_leg(s, l);
	}
	wheel_cancel(s->wheel, &c->timer);
	keep_forget(s, c);
	call_let_go(s, c);
	pool_give(s->calls, c->id);
}
