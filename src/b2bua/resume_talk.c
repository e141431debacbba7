/*
 * After a restart, in the first turn and before anything is heard: what must be said about calls
 * that were taken up (resume.c). Whoever hangs up such a call meets it with its INVITE in place.
 */
#include "b2bua/keep_priv.h"

#include <stdlib.h>

bool keep_takes_request(struct shard *s, struct id server)
{
	struct leg *a = s->keep ? leg_of(s, s->keep->answering) : NULL;
	if (a == NULL)
		return false;
	a->invite = server;
	txn_set_user(s->txns, server, user_of(USER_LEG, a->id));
	return true;
}

/* The caller's INVITE once more, so that there is a transaction that repeats our answer and takes
 * its ACK. */
static void take_invite_again(struct shard *s, const struct call *c, struct slice head)
{
	struct leg *a = leg_of(s, c->leg_a);
	struct sip_msg msg;
	/* GONE: the caller has hung up since the start; nobody would answer that INVITE. */
	bool waits = a && a->state != LEG_GONE && head.n;
	char *copy = waits ? arena_copy(&s->scratch, head) : NULL;
	if (a)
		a->invite = ID_NONE; /* the transaction of another process */
	if (copy == NULL || sip_msg_parse(slice_of(copy, head.n), &s->scratch, &msg) != 0 ||
	    !msg.is_request || msg.method != SIP_INVITE)
		return;
	s->keep->answering = a->id;
	(void)txn_receive(s->txns, &msg, &a->flow, flow_is_stream(&a->flow), &s->scratch,
			  now_of(s));
	s->keep->answering = ID_NONE;
}

static void take_up_branches(struct shard *s, const struct call *c)
{
	for (uint8_t i = 0; i < c->branch_count; i++) {
		struct leg *b = branch_leg(s, c, i);
		if (b && i != c->winner && b->state == LEG_INVITING && leg_resume_invite(s, b) != 0)
			b->state = LEG_GONE;
	}
}

static void cancel_losers(struct shard *s, struct call *c, enum call_cause cause)
{
	for (uint8_t i = 0; i < c->branch_count; i++) {
		if (i != c->winner)
			cancel_branch(s, c, i, cause, NULL);
	}
}

/* A phone that was given up for another one or for a forwarding, and may not know yet; those that
 * ring for the call are cancelled when it ends. */
static void cancel_left_behind(struct shard *s, struct call *c, enum call_cause cause)
{
	for (uint8_t i = 0; i < c->branch_count; i++) {
		if (c->branches[i].state == BRANCH_CANCELLED)
			cancel_branch(s, c, i, cause, NULL);
	}
}

static void answer_again(struct shard *s, struct call *c, const struct keep_talk *talk)
{
	struct leg *a = leg_of(s, c->leg_a);
	if (id_is(a->invite))
		leg_respond(s, a, a->invite, 200, talk->headers, SLICE("application/sdp"),
			    talk->body);
	else /* no memory to repeat it with: whether it was heard, the media will tell */
		a->acked = true;
	cancel_losers(s, c, CAUSE_ELSEWHERE);
}

/* It ended just before: BYE to whom it was due, or what a refusal says. */
static void say_goodbye(struct shard *s, struct call *c)
{
	struct leg *a = leg_of(s, c->leg_a), *b = branch_leg(s, c, c->winner);
	enum call_cause cause = (enum call_cause)c->cause;
	cancel_losers(s, c, cause);
	bool served = c->service && c->answered_at;
	if (b == NULL && !served) {
		refuse_caller(s, c, c->sip_code >= 300 ? c->sip_code : 503, cause, NULL);
		return;
	}
	a->state = LEG_GONE;
	if (c->ended_by != CALL_CALLER)
		leg_send_bye(s, a, cause, NULL);
	if (b == NULL)
		return;
	b->state = LEG_GONE;
	if (c->ended_by != CALL_CALLEE)
		leg_send_bye(s, b, cause, NULL);
}

/* The target of a transfer: it rings, or has answered and was not joined. */
static void let_target_go(struct shard *s, struct call *c)
{
	cancel_losers(s, c, CAUSE_RESTARTED);
	for (uint8_t i = 0; i < c->branch_count; i++) {
		struct leg *b = branch_leg(s, c, i);
		if (b && i != c->winner && b->state == LEG_ANSWERED)
			leg_send_bye(s, b, CAUSE_RESTARTED, NULL);
	}
	keep_transfer_over(s, c);
}

static void talk_of(struct shard *s, const struct keep_talk *talk)
{
	struct call *c = call_of(s, talk->call);
	if (c == NULL)
		return;
	scratch_reset(s);
	s->out_call = c->uid;
	take_invite_again(s, c, talk->head);
	take_up_branches(s, c);
	if (talk->no_target)
		let_target_go(s, c);
	if (talk->say_goodbye)
		say_goodbye(s, c);
	else if (talk->answer_again && talk->end == CAUSE_NORMAL)
		answer_again(s, c, talk);
	else if (talk->end != CAUSE_NORMAL && c->state == CALL_ANSWERED)
		cancel_losers(s, c, talk->end); /* which may ring still */
	else if (c->state == CALL_PROCEEDING)
		cancel_left_behind(s, c, talk->end);
	else if (c->state == CALL_ANNOUNCING)
		cancel_losers(s, c, (enum call_cause)c->cause);
	if (talk->end != CAUSE_NORMAL)
		call_happens(s, c, &(struct call_event){.kind = CALL_EV_END, .cause = talk->end},
			     NULL);
	else
		call_settle(s, c);
}

void keep_talk_free(struct shard *s, struct keep_talk *talk)
{
	bufs_give(s->bufs, (char *)talk->head.p);
	bufs_give(s->bufs, (char *)talk->headers.p);
	bufs_give(s->bufs, (char *)talk->body.p);
}

void keep_talk(struct shard *s)
{
	struct keep *k = s->keep;
	if (k == NULL || k->talk_count == 0)
		return;
	for (uint32_t i = 0; i < k->talk_count; i++) {
		talk_of(s, &k->talks[i]);
		keep_talk_free(s, &k->talks[i]);
	}
	free(k->talks);
	k->talks = NULL;
	k->talk_count = 0;
	keep_touched(s);
}
