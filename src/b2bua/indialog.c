/* What arrives within a dialog: requests, ACKs, and the responses to our first INVITE on a leg. */
#include "b2bua/b2bua_priv.h"

#include "sip/value.h"

/* --- responses to a branch's INVITE */

/* An answer that cannot be used: the phone is told, and the caller gets the reason. */
static void branch_unusable(struct shard *s, struct call *c, struct leg *l, enum call_cause cause)
{
	l->state = LEG_ANSWERED;
	leg_send_ack(s, l, l->invite_cseq, SLICE_NONE);
	leg_send_bye(s, l, cause, NULL);
	call_happens(
		s, c,
		&(struct call_event){.kind = CALL_EV_FAIL, .branch = l->branch, .cause = cause},
		NULL);
}

/* We offered, so there must be an answer; did the caller make no offer, there must be one in the
 * 2xx. */
static bool answer_usable(struct shard *s, const struct leg *l, const struct sip_msg *msg)
{
	const struct sdp *sdp;
	int err = media_sdp_of(s, msg, &sdp);
	bool early = l->early.settled || l->early.told.n > 0;
	return err == 0 || (err == ERR_NOT_FOUND && (l->stream_count == 0 || early));
}

static void branch_answered(struct shard *s, struct call *c, struct leg *l,
			    const struct sip_msg *msg)
{
	early_meet(s, c, l, msg);
	if (early_holds(s, l, msg))
		return;
	leg_learn(l, msg);
	int err = dialog_from_response(&l->dialog, msg);
	if (err) {
		branch_unusable(s, c, l, err == ERR_LIMIT ? CAUSE_OVERLOAD : CAUSE_TOO_LONG);
		return;
	}
	if (!l->cancelled && !answer_usable(s, l, msg)) {
		branch_unusable(s, c, l, CAUSE_BAD_OFFER);
		return;
	}
	l->way_known = false; /* the 2xx settles the routes (RFC 3261 §13.2.2.4) */
	l->state = LEG_ANSWERED;
	struct id id = c->id;
	call_happens(s, c,
		     &(struct call_event){
			     .kind = CALL_EV_CONNECT, .branch = l->branch, .code = msg->code},
		     msg);
	if ((c = call_of(s, id)) != NULL)
		transfer_ask(s, c);
}

static void repeated_answer(struct shard *s, struct leg *l, const struct sip_msg *msg)
{
	if (slice_eq(msg->to_tag, dialog_text(&l->dialog, DIALOG_REMOTE_TAG)))
		leg_repeat_ack(s, l, msg->cseq.number);
	else
		leg_refuse_fork(s, l, msg);
}

void indialog_stray_answer(struct shard *s, struct leg *l, const struct sip_msg *msg)
{
	bool same = slice_eq(msg->call_id, dialog_text(&l->dialog, DIALOG_CALL_ID)) &&
		    slice_eq(msg->to_tag, dialog_text(&l->dialog, DIALOG_REMOTE_TAG));
	if (same && l->state == LEG_ANSWERED && !l->ack_waits)
		leg_send_ack(s, l, msg->cseq.number, SLICE_NONE);
}

void indialog_response(struct shard *s, struct leg *l, const struct sip_msg *msg,
		       const struct flow *flow)
{
	struct call *c = call_of(s, l->call);
	(void)flow;
	if (c == NULL)
		return;
	s->out_call = c->uid;
	if (l->state != LEG_INVITING) {
		if (msg->code >= 200 && msg->code < 300)
			repeated_answer(s, l, msg);
		return;
	}
	if (msg->code == 100)
		return;
	if (msg->code < 200) {
		early_progress(s, c, l, msg);
	} else if (msg->code < 300) {
		branch_answered(s, c, l, msg);
	} else if (msg->code == 422 && !l->cancelled && session_too_short(l, msg) &&
		   branch_invite_again(s, c, l)) {
		return;
	} else if (l->trunk) {
		trunk_refused(s, c, l, msg);
	} else {
		struct call_event ev = {
			.kind = CALL_EV_FAIL, .branch = l->branch, .code = msg->code};
		l->state = LEG_GONE;
		if (msg->code < 400 && !l->cancelled && !c->transfer)
			forward_deflected(s, c, msg);
		call_happens(s, c, &ev, msg);
	}
}

/* --- requests */

/* The leg, when the request is of its dialog. */
static struct leg *speaks_of(struct leg *l, const struct sip_msg *msg)
{
	if (l && l->branch == LEG_IS_CALLER && l->state == LEG_INVITING &&
	    token_same(dialog_text(&l->dialog, DIALOG_LOCAL_TAG), msg->to_tag))
		token_number(&l->dialog, token_number_of(msg->to_tag)); /* any of its early ones */
	return l && l->state != LEG_GONE && dialog_matches_request(&l->dialog, msg) ? l : NULL;
}

static struct leg *leg_of_request(struct shard *s, const struct sip_msg *msg)
{
	struct id id;
	if (!token_read(msg->to_tag, &id))
		return NULL;
	struct leg *l = speaks_of(leg_of(s, id), msg);
	return l ? l : speaks_of(leg_of_before(s, id, msg->to_tag), msg);
}

static void bye_received(struct shard *s, struct call *c, struct leg *l, struct id server,
			 const struct sip_msg *bye)
{
	bool early_callee = l->branch != LEG_IS_CALLER && l->state == LEG_INVITING;
	if (early_callee) { /* only a caller may say BYE before the answer (RFC 3261 §15) */
		reply_text(s, server, 481, "The call has not been answered");
		return;
	}
	leg_respond(s, l, server, 200, SLICE_NONE, SLICE_NONE, SLICE_NONE);
	if (l->state == LEG_ANSWERED || l->state == LEG_INVITING) {
		bool winner = l->branch == LEG_IS_CALLER || l->branch == c->winner;
		struct call_event ev = {
			.kind = CALL_EV_BYE,
			.side = l->branch == LEG_IS_CALLER ? CALL_CALLER : CALL_CALLEE,
		};
		bool caller_early = l->branch == LEG_IS_CALLER && l->state == LEG_INVITING;
		if (l->branch == LEG_IS_CALLER && !l->acked && !caller_early)
			txn_acked(s->txns, l->invite,
				  now_of(s)); /* who hangs up has heard the 2xx */
		if (!caller_early)
			l->state = LEG_GONE;
		if (winner) {
			call_happens(s, c, &ev, bye); /* settles the call */
			return;
		}
		if (c->transfer == CALL_TRANSFER_JOINING && l->branch == c->target) {
			ev = (struct call_event){.kind = CALL_EV_FAIL,
						 .branch = l->branch,
						 .cause = CAUSE_NO_ANSWER};
			call_happens(s, c, &ev, NULL);
			return;
		}
	}
	leg_end(s, l);
}

/* The leg that stands opposite: the one that answered, or before that the only phone that rings. */
static struct leg *other_leg(struct shard *s, const struct call *c, const struct leg *l)
{
	if (l->branch != LEG_IS_CALLER) /* a transfer's target has nobody yet */
		return l->branch == c->winner ? leg_of(s, c->leg_a) : NULL;
	if (c->winner < CALL_BRANCHES_MAX)
		return branch_leg(s, c, c->winner);
	return NULL;
}

static bool is_relayed(enum sip_method m)
{
	return m == SIP_INVITE || m == SIP_UPDATE || m == SIP_INFO || m == SIP_MESSAGE ||
	       m == SIP_OPTIONS;
}

/* Before the answer the caller's requests count in each early dialog for itself. */
static bool cseq_in_order(struct shard *s, const struct call *c, struct leg *l, struct id server,
			  const struct sip_msg *msg)
{
	bool early = l->branch == LEG_IS_CALLER && l->state == LEG_INVITING;
	struct leg *b = early ? early_leg(s, c, token_number_of(msg->to_tag)) : NULL;
	if (b)
		l->dialog.remote_cseq = b->early.caller_cseq;
	int err = dialog_check_cseq(&l->dialog, msg);
	if (b)
		b->early.caller_cseq = l->dialog.remote_cseq;
	if (err == 0)
		return true;
	reply_text(s, server, 500, "CSeq is lower than that of an earlier request");
	return false;
}

static void request_on_leg(struct shard *s, struct call *c, struct leg *l, struct id server,
			   const struct sip_msg *msg)
{
	if (msg->method == SIP_BYE) {
		if (cseq_in_order(s, c, l, server, msg))
			bye_received(s, c, l, server, msg);
		return;
	}
	if (!validate_request(s, server, msg) || !cseq_in_order(s, c, l, server, msg) ||
	    !session_usable(s, server, msg))
		return;
	leg_learn(l, msg);
	struct leg *other = other_leg(s, c, l);
	if (msg->method == SIP_PRACK && l->branch == LEG_IS_CALLER)
		early_prack(s, c, l, server, msg);
	else if (msg->method == SIP_UPDATE && c->state == CALL_PROCEEDING)
		early_update(s, c, l, server, msg);
	else if (msg->method == SIP_UPDATE && msg->body.n == 0 && l->state == LEG_ANSWERED)
		exchange_answer_update(s, l, server, msg);
	else if (c->service && c->state == CALL_ANSWERED && l->state == LEG_ANSWERED)
		service_request(s, c, l, server, msg);
	else if (msg->method == SIP_REFER)
		refer_receive(s, c, l, server, msg);
	else if (!is_relayed(msg->method))
		reply_text(s, server, 481, "There is nothing that this request could belong to");
	else if (c->state != CALL_ANSWERED || l->state != LEG_ANSWERED || other == NULL ||
		 other->state != LEG_ANSWERED)
		reply_text(s, server, 491, "The call is being set up or ended; try again");
	else
		exchange_start(s, c, l, other, server, msg);
}

void indialog_request(struct shard *s, struct id server, const struct sip_msg *msg,
		      const struct flow *flow)
{
	struct leg *l = leg_of_request(s, msg);
	struct call *c = l ? call_of(s, l->call) : NULL;
	if (c == NULL) {
		reply_text(s, server, 481, "There is no such call");
		return;
	}
	s->out_call = c->uid;
	s->touched = c->id;
	if (!flow_eq(&l->flow,
		     flow)) { /* its NAT may have moved it; its tags are known to it alone */
		l->flow = *flow;
		l->way_known = false;
	}
	request_on_leg(s, c, l, server, msg);
}

/* --- ACK to a 2xx of ours */

/* Late offer: the caller's answer is in its ACK and goes on in ours. */
static void answer_in_ack(struct shard *s, struct call *c, struct leg *a, struct leg *b,
			  const struct sip_msg *ack)
{
	const struct sdp *answer;
	struct strbuf out = scratch_buf(s, ack->body.n + 2048);
	if (media_sdp_of(s, ack, &answer) == 0 &&
	    media_answer(s, c, a, b, answer, NULL, true, &out) == 0) {
		leg_send_ack(s, b, b->invite_cseq, strbuf_slice(&out));
		return;
	}
	call_happens(s, c, &(struct call_event){.kind = CALL_EV_END, .cause = CAUSE_BAD_OFFER},
		     NULL);
}

static void first_ack(struct shard *s, struct call *c, struct leg *a, const struct sip_msg *ack)
{
	struct leg *b = branch_leg(s, c, c->winner);
	a->acked = true;
	txn_acked(s->txns, a->invite, now_of(s));
	keep_acked(s, c);
	if (a->bye_waits) {
		leg_send_bye(s, a, (enum call_cause)a->bye_cause, NULL);
		call_settle(s, c);
	} else if (b && b->ack_waits) {
		answer_in_ack(s, c, a, b, ack);
	}
}

void indialog_ack(struct shard *s, const struct sip_msg *msg)
{
	struct leg *l = leg_of_request(s, msg);
	struct call *c = l ? call_of(s, l->call) : NULL;
	if (c == NULL)
		return;
	s->out_call = c->uid;
	struct exchange *x = pool_get(s->exchanges, l->reinvite);
	if (x && x->answered && x->server_cseq == msg->cseq.number && id_eq(x->from, l->id))
		exchange_ack(s, x, msg);
	else if (l->branch == LEG_IS_CALLER && !l->acked && l->state == LEG_ANSWERED &&
		 msg->cseq.number == l->invite_cseq)
		first_ack(s, c, l, msg);
}
