/* The dialogues: what a phone says next, and what it makes of what it hears. */
#include "storm.h"

#include "base/err.h"
#include "digest/digest_priv.h"
#include "sip/value.h"

#include <stdio.h>

static void md5_text(const char *text, char ret_hex[33])
{
	uint8_t raw[16] = {0};
	struct digest_hash h;

	if (digest_hash_open(&h, DIGEST_MD5) == 0) {
		digest_hash_begin(&h);
		digest_hash_add(&h, slice_str(text));
		digest_hash_end(&h, raw);
	}
	digest_hash_close(&h);
	for (size_t i = 0; i < 16; i++)
		snprintf(ret_hex + 2 * i, 3, "%02x", raw[i]);
}

/* RFC 7616 with MD5 and qop=auth; nothing without a nonce. */
static void authorize(struct storm *s, struct phone *p, struct strbuf *b, const char *header,
		      const char *method, const char *uri)
{
	char text[1024], ha1[33], ha2[33], response[33];

	if (!p->nonce[0])
		return;
	p->nc++;
	snprintf(text, sizeof(text), "%s:%s:%s", p->account, s->domain, p->password);
	md5_text(text, ha1);
	snprintf(text, sizeof(text), "%s:%s", method, uri);
	md5_text(text, ha2);
	snprintf(text, sizeof(text), "%s:%s:%08x:%08x:auth:%s", ha1, p->nonce, p->nc, p->nc, ha2);
	md5_text(text, response);
	strbuf_fmt(b,
		   "%s: Digest username=\"%s\", realm=\"%s\", nonce=\"%s\", uri=\"%s\", "
		   "response=\"%s\", algorithm=MD5, qop=auth, nc=%08x, cnonce=\"%08x\"\r\n",
		   header, p->account, s->domain, p->nonce, uri, response, p->nc, p->nc);
}

static void token(struct storm *s, char *text, size_t chars)
{
	rng_token(&s->rng, text, chars);
	text[chars] = '\0';
}

void talk_start(struct storm *s, struct talk *t)
{
	struct phone *p = &s->phones[storm_draw(s, (uint32_t)s->phone_count)];
	const char *callee = s->phones[storm_draw(s, (uint32_t)s->phone_count)].number;

	*t = (struct talk){.phone = p, .callee = callee, .cseq = 1};
	token(s, t->call_id, 20);
	token(s, t->from_tag, 12);
}

/* A session description, one of those that phones make. */
static struct slice sdp_make(struct storm *s, char *text, size_t room)
{
	struct strbuf b;
	uint32_t port = 4000 + 2 * storm_draw(s, 10000);

	strbuf_init(&b, text, room);
	strbuf_fmt(&b, "v=0\r\no=- %u 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n",
		   storm_draw(s, 1000000));
	switch (storm_draw(s, 12)) {
	case 0:
		strbuf_fmt(&b, "m=audio %u RTP/AVP 8\r\nm=video 5004 RTP/AVPF 96\r\n", port);
		strbuf_str(&b, "a=rtpmap:96 VP8/90000\r\n");
		break;
	case 1:
		strbuf_fmt(&b, "m=image %u udptl t38\r\na=T38FaxVersion:0\r\n", port);
		break;
	default:
		strbuf_fmt(&b, "m=audio %u RTP/AVP 0 8 101\r\n", port);
		strbuf_str(&b, "a=rtpmap:101 telephone-event/8000\r\n");
		strbuf_str(&b, storm_draw(s, 8) ? "a=sendrecv\r\n" : "a=sendonly\r\n");
	}
	return strbuf_slice(&b);
}

/* Everything up to the credentials. */
static void head_write(struct storm *s, struct talk *t, struct strbuf *b, const char *method,
		       const char *uri, uint32_t cseq, bool new_branch)
{
	struct phone *p = t->phone;

	if (new_branch)
		token(s, t->branch, 20);
	strbuf_fmt(b, "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%u;rport;branch=z9hG4bK%s\r\n",
		   method, uri, p->port, t->branch);
	strbuf_fmt(b, "Max-Forwards: 70\r\nFrom: <sip:%s@%s>;tag=%s\r\nTo: <sip:%s@%s>%s%s\r\n",
		   p->account, s->domain, t->from_tag, t->callee, s->domain,
		   t->to_tag[0] ? ";tag=" : "", t->to_tag);
	strbuf_fmt(b, "Call-ID: %s\r\nCSeq: %u %s\r\n", t->call_id, cseq, method);
	strbuf_fmt(b, "Contact: <sip:%s@127.0.0.1:%u>\r\n", p->account, p->port);
}

static void uri_of(const struct storm *s, const struct talk *t, char *text, size_t room)
{
	snprintf(text, room, "sip:%s@%s", t->callee, s->domain);
}

static size_t invite_write(struct storm *s, struct talk *t, char *text, size_t room)
{
	char uri[256], sdp[1024];
	struct strbuf b;

	uri_of(s, t, uri, sizeof(uri));
	strbuf_init(&b, text, room);
	t->invite_cseq = ++t->cseq;
	t->invited = true;
	head_write(s, t, &b, "INVITE", uri, t->cseq, true);
	authorize(s, t->phone, &b, "Proxy-Authorization", "INVITE", uri);
	strbuf_str(&b, "Supported: timer, 100rel\r\nUser-Agent: storm\r\n");
	sip_build_body(&b, SLICE("application/sdp"),
		       storm_draw(s, 8) ? sdp_make(s, sdp, sizeof(sdp)) : SLICE_NONE);
	return b.n;
}

static size_t plain_write(struct storm *s, struct talk *t, const char *method, uint32_t cseq,
			  bool new_branch, char *text, size_t room)
{
	char uri[256];
	struct strbuf b;

	uri_of(s, t, uri, sizeof(uri));
	strbuf_init(&b, text, room);
	head_write(s, t, &b, method, uri, cseq, new_branch);
	sip_build_body(&b, SLICE_NONE, SLICE_NONE);
	return b.n;
}

/* In a call: most often the end of it, so that channels come free again. */
static size_t within(struct storm *s, struct talk *t, char *text, size_t room)
{
	static const char *const methods[] = {"INFO", "OPTIONS", "MESSAGE", "UPDATE", "PRACK"};

	switch (storm_draw(s, 6)) {
	case 0:
		return invite_write(s, t, text, room);
	case 1:
		return plain_write(s, t, methods[storm_draw(s, 5)], ++t->cseq, true, text, room);
	case 2:
		return plain_write(s, t, "ACK", t->invite_cseq, true, text, room);
	default:
		t->answered = false;
		return plain_write(s, t, "BYE", ++t->cseq, true, text, room);
	}
}

/* No answer yet: the time goes by with other words, until it is given up. */
static size_t waiting(struct storm *s, struct talk *t, char *text, size_t room)
{
	static const char *const methods[] = {"OPTIONS", "PRACK", "INFO", "SUBSCRIBE",
					      "odd*Method"};
	size_t n;

	switch (storm_draw(s, 16)) {
	case 0:
		n = plain_write(s, t, "CANCEL", t->invite_cseq, false, text, room);
		talk_start(s, t);
		return n;
	case 1:
		talk_start(s, t);
		return invite_write(s, t, text, room);
	case 2:
		return plain_write(s, t, "ACK", t->invite_cseq, false, text, room);
	default:
		return plain_write(s, t, methods[storm_draw(s, 5)], ++t->cseq, false, text, room);
	}
}

size_t talk_next(struct storm *s, struct talk *t, char *text, size_t room)
{
	if (!t->phone)
		talk_start(s, t);
	if (t->answered)
		return within(s, t, text, room);
	return t->invited ? waiting(s, t, text, room) : invite_write(s, t, text, room);
}

size_t phone_register(struct storm *s, struct phone *p, char *text, size_t room)
{
	struct talk t = {.phone = p, .callee = p->account, .cseq = storm_draw(s, 1u << 30)};
	char uri[256];
	struct strbuf b;

	snprintf(uri, sizeof(uri), "sip:%s", s->domain);
	token(s, t.call_id, 20);
	token(s, t.from_tag, 12);
	strbuf_init(&b, text, room);
	head_write(s, &t, &b, "REGISTER", uri, t.cseq, true);
	authorize(s, p, &b, "Authorization", "REGISTER", uri);
	strbuf_fmt(&b, "Expires: %u\r\nSupported: outbound, path\r\n", 60 + storm_draw(s, 3600));
	sip_build_body(&b, SLICE_NONE, SLICE_NONE);
	return b.n;
}

static struct talk *talk_of(struct storm *s, struct slice call_id)
{
	for (size_t i = 0; i < TALKS; i++) {
		if (s->talks[i].phone && slice_eq(slice_str(s->talks[i].call_id), call_id))
			return &s->talks[i];
	}
	return NULL;
}

/* A newer nonce than the last; the count starts again with it. */
static void nonce_take(struct phone *p, struct slice challenge)
{
	struct slice nonce, params = slice_from(challenge, 7); /* behind "Digest " */

	while (params.n) {
		struct slice one = slice_trim(slice_cut(&params, ','));
		if (!slice_istarts(one, SLICE("nonce=\"")))
			continue;
		nonce = slice_first(slice_from(one, 7), one.n - 8);
		if (slice_copy(nonce, p->nonce, sizeof(p->nonce)) == 0)
			p->nc = 0;
	}
}

/* An old challenge, repeated, would bring back a nonce whose counts are used. */
static void challenge_take(struct phone *p, struct talk *t, const struct sip_msg *m)
{
	if (m->code == 401)
		nonce_take(p, sip_msg_value(m, SIP_HDR_WWW_AUTHENTICATE));
	if (m->code != 407 || !t || t->challenged_cseq == m->cseq.number)
		return;
	nonce_take(p, sip_msg_value(m, SIP_HDR_PROXY_AUTHENTICATE));
	t->challenged_cseq = m->cseq.number;
	t->invited = false;
}

/* Final answers to the last INVITE are acknowledged. */
static size_t response_take(struct storm *s, struct phone *p, const struct sip_msg *m, char *text,
			    size_t room)
{
	struct talk *t = talk_of(s, m->call_id);

	s->counts.answers++;
	challenge_take(p, t, m);
	if (!t || m->cseq.method != SIP_INVITE || m->code < 200 || m->cseq.number != t->invite_cseq)
		return 0;
	if (m->code < 300 && !t->answered) {
		s->counts.connected++;
		t->answered = slice_copy(m->to_tag, t->to_tag, sizeof(t->to_tag)) == 0;
	}
	return plain_write(s, t, "ACK", t->invite_cseq, m->code < 300, text, room);
}

/* A phone rings, answers, refuses, or says nothing. */
static size_t answer_write(struct storm *s, struct phone *p, const struct sip_msg *m, char *text,
			   size_t room)
{
	static const int codes[] = {100, 180, 183, 200, 200, 200, 200, 200, 486, 480, 603, 500};
	char contact[128], sdp[1024];
	struct strbuf b;
	int code = m->method == SIP_INVITE ? codes[storm_draw(s, 12)] : 200;

	s->counts.requests++;
	if (m->method == SIP_ACK || storm_draw(s, 20) == 0)
		return 0;
	snprintf(contact, sizeof(contact), "Contact: <sip:%s@127.0.0.1:%u>\r\n", p->account,
		 p->port);
	struct sip_reply reply = {.code = code,
				  .to_tag = slice_str(p->account),
				  .headers = slice_str(contact),
				  .record_route = true};
	if (m->method == SIP_INVITE && (code == 183 || code == 200)) {
		reply.content_type = SLICE("application/sdp");
		reply.body = sdp_make(s, sdp, sizeof(sdp));
	}
	strbuf_init(&b, text, room);
	sip_build_reply(&b, m, &reply);
	return b.failed ? 0 : b.n;
}

size_t phone_hears(struct storm *s, struct phone *p, char *bytes, size_t n, char *text, size_t room)
{
	static _Alignas(16) char memory[SIP_HEADERS_MAX * sizeof(struct sip_header) + 64];
	struct arena arena;
	struct sip_msg m;

	arena_init(&arena, memory, sizeof(memory));
	if (sip_msg_parse(slice_of(bytes, n), &arena, &m) != 0)
		return 0;
	if (m.is_request)
		return answer_write(s, p, &m, text, room);
	return response_take(s, p, &m, text, room);
}
