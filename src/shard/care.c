#include "shard/care_priv.h"

#include "sip/value.h"

#include <stdlib.h>

#define LOCATE_EVERY_MS 60000 /* the locator keeps answers for as long as DNS says */
#define LOCATE_AGAIN_MS 10000
#define OPTIONS_MS	5000 /* an answer that takes longer is none */
#define REGISTER_MS	10000

/* --- which trunks there are */

static struct trunk_cared *cared_of(struct shard *s, uint32_t id)
{
	for (uint32_t i = 0; s->care && i < s->care->count; i++) {
		if (s->care->v[i].t.id == id)
			return &s->care->v[i];
	}
	return NULL;
}

static bool same_way(const struct trunk *a, const struct trunk *b)
{
	return strcmp(a->host, b->host) == 0 && a->port == b->port &&
	       a->transport == b->transport && a->registers == b->registers &&
	       strcmp(a->user, b->user) == 0;
}

struct gathering {
	struct shard *s;
	struct trunk_care *next;
};

/* What is under way for a trunk stays when it goes the same way as before. */
static void gather(void *ctx, const struct trunk_view *v)
{
	struct gathering *g = ctx;
	struct trunk_cared *c = &g->next->v[g->next->count++];
	const struct trunk_cared *old = cared_of(g->s, v->trunk.id);
	bool registers_anew = v->state.registration == TRUNK_REGISTRATION_WAITING;
	if (old && same_way(&old->t, &v->trunk))
		*c = *old;
	else
		token_make(g->s, token_anonymous(g->s), c->call_id);
	c->t = v->trunk;
	if (registers_anew && !c->registering)
		c->register_at_ms = c->failures = c->challenges = 0;
}

static void look_again(struct shard *s)
{
	uint32_t version = trunks_version(s->p.trunks);
	struct trunk_care *next = calloc(1, sizeof(*next));
	struct gathering g = {s, next};
	if (next == NULL || trunks_each(s->p.trunks, gather, &g) != 0) {
		free(next);
		return; /* another time */
	}
	next->version = version;
	free(s->care);
	s->care = next;
}

/* --- where they are */

static struct sip_uri uri_of(const struct trunk *t)
{
	static const char *const params[] = {
		[SIP_UDP] = "transport=udp",
		[SIP_TCP] = "transport=tcp",
	};
	bool said = t->transport == SIP_UDP || t->transport == SIP_TCP;
	return (struct sip_uri){
		.scheme = SIP_SCHEME_SIP,
		.host = slice_str(t->host),
		.port = t->port,
		.params = said ? slice_str(params[t->transport]) : SLICE_NONE,
	};
}

static void heard(struct shard *s, const struct trunk_cared *c, bool answered, enum trunk_why why)
{
	if (s->config->trunk_options_s &&
	    trunks_heard(s->p.trunks, c->t.id, answered, why, s->config->trunk_failures,
			 io_wall_ms(s->p.io)))
		trunk_turned(s, c->t.id, answered, why);
}

static void found(struct shard *s, struct trunk_cared *c, const struct locate_answer *a)
{
	struct addr addrs[LOCATE_TARGETS_MAX];
	c->locating = false;
	c->locate_at_ms = now_of(s) + (a->err ? LOCATE_AGAIN_MS : LOCATE_EVERY_MS);
	if (a->err) {
		if (c->target_count == 0)
			heard(s, c, false, TRUNK_WHY_ADDRESS);
		return;
	}
	memcpy(c->targets, a->targets, sizeof(c->targets));
	c->target_count = a->target_count;
	c->at %= a->target_count;
	for (uint32_t i = 0; i < a->target_count; i++)
		addrs[i] = a->targets[i].addr;
	trunks_addresses(s->p.trunks, c->t.id, addrs, a->target_count);
}

static void locate(struct shard *s, struct trunk_cared *c)
{
	struct locate_answer a;
	struct sip_uri uri = uri_of(&c->t);
	int err = locate_numeric(&uri, &a);
	if (err == ERR_AGAIN && s->p.locate)
		err = s->p.locate(s->p.locate_ctx, &uri, s->p.index,
				  located_token(LOCATED_TRUNK, (struct id){c->t.id}));
	else if (err == 0)
		found(s, c, &a);
	if (c->locate_at_ms > now_of(s))
		return;
	c->locating = err == 0;
	c->locate_at_ms = now_of(s) + LOCATE_AGAIN_MS; /* an answer may be lost */
	if (err)
		found(s, c, &(struct locate_answer){.err = err});
}

void care_located(struct shard *s, struct id trunk, const struct locate_answer *a)
{
	struct trunk_cared *c = cared_of(s, (uint32_t)trunk.v);
	if (c && c->locating)
		found(s, c, a);
}

void care_next_target(struct trunk_cared *c)
{
	if (c->target_count)
		c->at = (c->at + 1) % c->target_count;
}

/* --- requests */

int care_flow(struct shard *s, const struct trunk_cared *c, struct flow *ret_flow)
{
	const struct locate_target *t = &c->targets[c->at];
	return transport_flow_to(s->transport, t->transport, &t->addr, ret_flow);
}

void care_head(struct shard *s, const struct trunk_cared *c, const struct flow *flow,
	       const struct care_request *r, struct strbuf *b)
{
	bool registers = r->method == SIP_REGISTER;
	struct strbuf uri = scratch_buf(s, 320), aor = scratch_buf(s, 400);
	strbuf_str(&uri, "sip:");
	trunk_host_write(&uri, &c->t, true);
	strbuf_fmt(&aor, "sip:%s%s", registers ? c->t.user : "", registers ? "@" : "");
	trunk_host_write(&aor, &c->t, !registers);
	sip_build_request_line(b, sip_method_name(r->method), strbuf_slice(&uri));
	trunks_answer(s->p.trunks, c->t.id, sip_method_name(r->method), strbuf_slice(&uri), &s->rng,
		      b);
	sip_build_via(b, flow->transport, &flow->local, slice_str(r->branch));
	sip_build_header(b, SIP_HDR_MAX_FORWARDS, SLICE("70"));
	if (registers)
		sip_build_header_fmt(b, SIP_HDR_FROM, "<%.*s>;tag=%s",
				     SLICE_ARG(strbuf_slice(&aor)), r->tag);
	else
		sip_build_header_fmt(b, SIP_HDR_FROM, "<sip:%s>;tag=%s", s->config->domain, r->tag);
	sip_build_header_fmt(b, SIP_HDR_TO, "<%.*s>", SLICE_ARG(strbuf_slice(&aor)));
	sip_build_header(b, SIP_HDR_CALL_ID, slice_str(r->call_id));
	sip_build_cseq(b, r->cseq, sip_method_name(r->method));
	sip_build_header(b, SIP_HDR_USER_AGENT, slice_str(s->config->server_name));
	b->failed |= uri.failed || aor.failed;
}

int care_send(struct shard *s, struct trunk_cared *c, const struct flow *flow,
	      enum sip_method method, struct slice bytes, const char *branch)
{
	struct id id, client;
	struct ping *p = pool_take(s->pings, &id);
	if (p == NULL)
		return ERR_LIMIT;
	*p = (struct ping){.flow = *flow, .trunk = c->t.id, .method = method, .sent_ms = now_of(s)};
	const struct txn_send send = {
		.flow = flow,
		.reliable = flow_is_stream(flow),
		.bytes = bytes,
		.branch = slice_str(branch),
		.method = method,
		.user = user_of(USER_PING, id),
		.timeout_ms = method == SIP_OPTIONS ? OPTIONS_MS : REGISTER_MS,
	};
	int err = txn_send_request(s->txns, &send, now_of(s), &client);
	if (err)
		pool_give(s->pings, id);
	return err;
}

/* --- OPTIONS */

static void options_over(struct shard *s, struct trunk_cared *c, int code, int64_t ms)
{
	/* A proxy speaks so for a gateway behind it that is not there. */
	bool answered = code && code != 408 && code != 503;
	c->probing = false;
	trunks_options_done(s->p.trunks, c->t.id, code, (uint32_t)ms);
	if (!answered)
		care_next_target(c);
	heard(s, c, answered, TRUNK_WHY_OPTIONS);
}

static int options_send(struct shard *s, struct trunk_cared *c)
{
	char branch[BRANCH_CHARS + 1], tag[TOKEN_CHARS + 1], call_id[TOKEN_CHARS + 1];
	struct strbuf b = scratch_buf(s, 2048);
	struct flow flow;
	int err = c->target_count ? care_flow(s, c, &flow) : ERR_NOT_FOUND;
	if (err)
		return err;
	branch_make(s, token_anonymous(s), branch);
	token_make(s, token_anonymous(s), tag);
	token_make(s, token_anonymous(s), call_id);
	care_head(s, c, &flow, &(struct care_request){SIP_OPTIONS, branch, tag, call_id, 1}, &b);
	sip_build_header(&b, SIP_HDR_ACCEPT, SLICE("application/sdp"));
	sip_build_body(&b, SLICE_NONE, SLICE_NONE);
	return b.failed ? ERR_TOO_BIG
			: care_send(s, c, &flow, SIP_OPTIONS, strbuf_slice(&b), branch);
}

static void options(struct shard *s, struct trunk_cared *c)
{
	int64_t period_ms = (int64_t)s->config->trunk_options_s * 1000;
	bool wanted = trunks_probe_wanted(s->p.trunks, c->t.id);
	if (c->probing || (!wanted && (period_ms == 0 || now_of(s) < c->options_at_ms)))
		return;
	c->options_at_ms = now_of(s) + period_ms;
	c->probing = true;
	if (options_send(s, c) != 0)
		options_over(s, c, 0, 0);
}

/* --- now and then */

void care_tick(struct shard *s)
{
	if (s->p.trunks == NULL || s->p.index != 0)
		return;
	if (s->care == NULL || s->care->version != trunks_version(s->p.trunks))
		look_again(s);
	for (uint32_t i = 0; s->care && i < s->care->count; i++) {
		struct trunk_cared *c = &s->care->v[i];
		scratch_reset(s);
		if (now_of(s) >= c->locate_at_ms)
			locate(s, c);
		options(s, c);
		if (c->t.registers && !c->registering && now_of(s) >= c->register_at_ms)
			care_register(s, c);
	}
}

void care_done(struct shard *s, const struct ping *p, const struct sip_msg *msg)
{
	struct trunk_cared *c = cared_of(s, p->trunk);
	if (c == NULL) /* it was removed meanwhile */
		return;
	if (p->method == SIP_REGISTER)
		care_registered(s, c, msg);
	else
		options_over(s, c, msg ? msg->code : 0, now_of(s) - p->sent_ms);
}

void care_close(struct shard *s)
{
	free(s->care);
}
