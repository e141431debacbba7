/*
 * Digest towards trunks (RFC 3261 §22): what a trunk asked for last is answered in every request
 * that follows, and a challenge that comes nevertheless is answered with the same request once
 * more. Retries are of the leg, whatever the request was: INVITE, BYE, or one within the call.
 */
#include "b2bua/b2bua_priv.h"

#include "sip/value.h"

#define CHALLENGES_MAX 3 /* in a row: afterwards it is not the nonce that is wrong */

static struct slice uri_of(struct slice request)
{
	(void)slice_cut(&request, ' ');
	return slice_cut(&request, ' ');
}

static void keep(struct shard *s, struct leg *l, struct slice credentials)
{
	bufs_give(s->bufs, (char *)l->credentials.p);
	l->credentials = credentials.n ? bufs_copy(s->bufs, credentials) : SLICE_NONE;
}

void challenge_answer(struct shard *s, struct leg *l, enum sip_method method, struct slice name,
		      struct strbuf *b)
{
	if (method == SIP_ACK) {
		strbuf_add(b, l->credentials);
		return;
	}
	size_t from = b->n;
	trunks_answer(s->p.trunks, l->trunk, name, uri_of(strbuf_slice(b)), &s->rng, b);
	if (method == SIP_INVITE && !b->failed)
		keep(s, l, slice_of(b->p + from, b->n - from));
}

/* --- a challenge */

/* What is written anew for each attempt. */
static bool is_ours_to_write(enum sip_header_kind kind)
{
	switch (kind) {
	case SIP_HDR_VIA:
	case SIP_HDR_MAX_FORWARDS:
	case SIP_HDR_ROUTE:
	case SIP_HDR_FROM:
	case SIP_HDR_TO:
	case SIP_HDR_CALL_ID:
	case SIP_HDR_CSEQ:
	case SIP_HDR_CONTACT:
	case SIP_HDR_USER_AGENT:
	case SIP_HDR_AUTHORIZATION:
	case SIP_HDR_PROXY_AUTHORIZATION:
	case SIP_HDR_CONTENT_TYPE:
	case SIP_HDR_CONTENT_LENGTH:
		return true;
	default:
		return false;
	}
}

static struct leg *leg_of_user(struct shard *s, uint64_t user)
{
	const struct exchange *x;
	switch (user_kind_of(user)) {
	case USER_LEG:
	case USER_BYE:
		return leg_of(s, user_id_of(user));
	case USER_EXCHANGE:
		x = pool_get(s->exchanges, user_id_of(user));
		return x ? leg_of(s, x->to) : NULL;
	case USER_PING:
		break;
	}
	return NULL;
}

/* The owner of the request must know what its CSeq is now, and its transaction. */
static struct id *client_of(struct shard *s, struct leg *l, uint64_t user, enum sip_method method,
			    uint32_t cseq, struct id *unwatched)
{
	struct exchange *x;
	switch (user_kind_of(user)) {
	case USER_LEG:
		if (method == SIP_INVITE)
			l->invite_cseq = cseq;
		return &l->invite;
	case USER_EXCHANGE:
		x = pool_get(s->exchanges, user_id_of(user));
		if (x == NULL)
			return unwatched;
		x->client_cseq = cseq;
		return &x->client;
	default:
		return unwatched;
	}
}

static bool send_again(struct shard *s, struct leg *l, uint64_t user, const struct sip_msg *sent)
{
	struct strbuf more = scratch_buf(s, sent->raw.n);
	uint32_t hops = 70;
	struct id unwatched;
	for (uint32_t i = 0; i < sent->header_count; i++) {
		if (!is_ours_to_write(sent->headers[i].kind))
			sip_build_header_named(&more, sent->headers[i].name,
					       sent->headers[i].value);
	}
	(void)sip_msg_number(sent, SIP_HDR_MAX_FORWARDS, 70, &hops);
	struct leg_request r = {
		.method = sent->method,
		.method_text = sent->method_text,
		.cseq = dialog_next_cseq(&l->dialog),
		.max_forwards = hops,
		.user = user,
		.first_ms = user_kind_of(user) == USER_LEG ? s->config->trunk_answer_ms : 0,
		.headers = strbuf_slice(&more),
		.content_type = sip_msg_value(sent, SIP_HDR_CONTENT_TYPE),
		.body = sent->body,
	};
	struct id *client = client_of(s, l, user, r.method, r.cseq, &unwatched);
	return !more.failed && leg_send_request(s, l, &r, client) == 0;
}

bool challenge_received(struct shard *s, struct id client, uint64_t user, const struct sip_msg *msg)
{
	struct digest_challenge c;
	struct leg *l = leg_of_user(s, user);
	struct call *call = l ? call_of(s, l->call) : NULL;
	if (call == NULL || l->trunk == 0 || l->state == LEG_GONE ||
	    l->challenges >= CHALLENGES_MAX || (l->cancelled && l->state == LEG_INVITING) ||
	    !auth_challenge_of(msg, &c))
		return false;
	const struct sip_msg *sent = txn_sent_of(s->txns, client, &s->scratch);
	if (sent == NULL)
		return false;
	bool answered =
		sip_msg_header(sent, c.proxy ? SIP_HDR_PROXY_AUTHORIZATION : SIP_HDR_AUTHORIZATION);
	if (!trunks_challenged(s->p.trunks, l->trunk, &c, answered))
		return false;
	l->challenges++;
	s->out_call = call->uid;
	if (!send_again(s, l, user, sent))
		return false;
	if (user_kind_of(user) == USER_LEG)
		keep_setup(s, call); /* what would be cancelled after a restart */
	return true;
}
