/*
 * Between shards: a datagram that landed on the wrong one, bytes for a connection that another one
 * holds, and questions from other threads (set.c). Everything travels by value through the
 * receiver's ring. A full inbox loses the message like a full network would: it is counted, and the
 * sender's retransmission tries again.
 */
#include "shard/shard_priv.h"

#include "shard/mail.h"

static void post(struct shard *s, uint16_t to, const struct mail *mail, struct slice bytes)
{
	bool was_empty = false;
	struct slice head = slice_of((const char *)mail, sizeof(*mail));
	if (ring_put(s->p.inboxes[to], head, bytes, &was_empty) != 0) {
		s->counts.inbox_full_total++;
		return;
	}
	if (was_empty)
		s->p.wake(s->p.wake_ctx, to);
}

void inbox_move(struct shard *s, uint16_t to, const struct sip_msg *msg, const struct flow *flow)
{
	s->counts.messages_moved++;
	post(s, to, &(struct mail){.kind = MAIL_MESSAGE, .flow = *flow}, msg->raw);
}

int inbox_send(struct shard *s, const struct flow *flow, struct slice bytes)
{
	struct mail mail = {.kind = MAIL_SEND, .from = s->p.index, .flow = *flow};
	if (flow->shard >= s->p.count)
		return ERR_CLOSED; /* from a time with more shards */
	post(s, flow->shard, &mail, bytes);
	return 0;
}

void inbox_gone(struct shard *s, uint16_t to, const struct flow *flow)
{
	if (to < s->p.count)
		post(s, to, &(struct mail){.kind = MAIL_GONE, .flow = *flow}, SLICE_NONE);
}

/* A response may find another way from here; whoever sent a request must not wait for an answer. */
static void take_bytes(struct shard *s, const struct mail *mail, struct slice bytes)
{
	s->out_call = 0;
	if (transport_carry(s->transport, mail->from, &mail->flow, bytes) == ERR_CLOSED &&
	    comeback_send(s, &mail->flow, bytes) != 0)
		inbox_gone(s, mail->from, &mail->flow);
}

static void take_answer(struct shard *s, struct slice bytes)
{
	struct locate_answer answer;
	if (bytes.n < sizeof(answer))
		return;
	memcpy(&answer, bytes.p, sizeof(answer));
	struct id id = user_id_of(answer.token);
	if (answer.token == located_token(LOCATED_COMEBACK, id))
		comeback_located(s, id, &answer);
	else if (answer.token == located_token(LOCATED_TRUNK, id))
		care_located(s, id, &answer);
	else
		pursuit_located(s, id, &answer);
}

static void take_message(struct shard *s, const struct mail *mail, struct slice bytes)
{
	struct sip_msg msg;
	sip_msg_parse(bytes, &s->scratch,
		      &msg); /* it was understood once; faults are looked at again */
	dispatch_message(s, &msg, &mail->flow, true);
}

static void take(struct shard *s, struct slice record)
{
	struct mail mail;
	if (record.n < sizeof(mail))
		return;
	memcpy(&mail, record.p, sizeof(mail));
	struct slice bytes = slice_from(record, sizeof(mail));
	scratch_reset(s);
	switch (mail.kind) {
	case MAIL_MESSAGE:
		take_message(s, &mail, bytes);
		return;
	case MAIL_SEND:
		take_bytes(s, &mail, bytes);
		return;
	case MAIL_GONE:
		dispatch_flow_gone(s, &mail.flow);
		return;
	case MAIL_LOCATED:
		take_answer(s, bytes);
		return;
	case MAIL_RUN:
		mail_run(s, mail.errand);
		return;
	}
}

void inbox_drain(struct shard *s)
{
	struct ring *inbox = s->p.inboxes[s->p.index];
	for (struct slice r = ring_peek(inbox); r.p; r = ring_peek(inbox)) {
		take(s, r);
		ring_pop(inbox);
	}
}
