#include "ua_priv.h"

#include <stdio.h>
#include <stdlib.h>

int64_t ua_now_ms(const struct ua *ua)
{
	return sim_net_now_us(ua->net) / 1000;
}

/* Fills dst up to n - 1 characters: prefix, then letters nobody has used. */
void ua_token(struct ua *ua, char *dst, size_t n, const char *prefix)
{
	static const char LETTERS[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	size_t i = strlen(prefix);
	memcpy(dst, prefix, i);
	for (; i < n - 1; i++)
		dst[i] = LETTERS[sim_rand_below(&ua->rand, 36)];
	dst[n - 1] = 0;
}

/* --- Lines. */

struct ua_call *ua_line_at(struct ua *ua, uint32_t i)
{
	return i < ua->line_n ? ua->lines[i] : NULL;
}

struct ua_call *ua_line(struct ua *ua, const char *label)
{
	for (uint32_t i = 0; i < ua->line_n; i++) {
		if (strcmp(ua->lines[i]->label, label) == 0)
			return ua->lines[i];
	}
	if (ua->line_n == UA_LINES_MAX)
		return NULL;
	struct ua_call *c = sim_alloc(sizeof(*c));
	c->line = ua->line_n;
	snprintf(c->label, sizeof(c->label), "%s", label);
	ua->lines[ua->line_n++] = c;
	return c;
}

struct ua_call *ua_line_ringing(struct ua *ua)
{
	for (uint32_t i = 0; i < ua->line_n; i++) {
		if (ua->lines[i]->state == UA_INCOMING || ua->lines[i]->state == UA_RINGING)
			return ua->lines[i];
	}
	return NULL;
}

enum ua_state ua_call_state(const struct ua_call *c)
{
	return c->state;
}

int ua_call_code(const struct ua_call *c)
{
	return c->code;
}

bool ua_call_quiet(const struct ua_call *c)
{
	return c->state == UA_IDLE || c->state == UA_ENDED;
}

const char *ua_state_name(enum ua_state s)
{
	static const char *const NAMES[] = {
		[UA_IDLE] = "idle",
		[UA_CALLING] = "calling",
		[UA_EARLY] = "hearing it ring",
		[UA_INCOMING] = "called",
		[UA_RINGING] = "ringing",
		[UA_ACCEPTED] = "waiting for ACK",
		[UA_TALKING] = "talking",
		[UA_ENDING] = "hanging up",
		[UA_ENDED] = "ended",
	};
	return NAMES[s];
}

/* The line whose dialog m belongs to: Call-ID and our tag. */
struct ua_call *ua_call_of_dialog(struct ua *ua, const struct wire_msg *m)
{
	const struct slice id = wire_header(m, "Call-ID", 0);
	const struct slice tag =
		wire_param(wire_header(m, m->is_request ? "To" : "From", 0), "tag");
	for (uint32_t i = 0; i < ua->line_n; i++) {
		struct ua_call *c = ua->lines[i];
		if (slice_eq(id, slice_str(c->call_id)) && slice_eq(tag, slice_str(c->local_tag)))
			return c;
	}
	return NULL;
}

/* --- Inbox. */

uint32_t ua_seen_count(const struct ua *ua)
{
	return ua->seen_n;
}

const struct ua_seen *ua_seen_at(const struct ua *ua, uint32_t i)
{
	return i < ua->seen_n ? &ua->seen[i] : NULL;
}

static bool same_response(struct slice a, struct slice b)
{
	struct wire_msg x, y;
	if (!wire_read(a, &x) || !wire_read(b, &y) || x.is_request || y.is_request ||
	    x.code != y.code)
		return false;
	return x.code >= 200 && slice_eq(wire_header(&x, "Via", 0), wire_header(&y, "Via", 0)) &&
	       slice_eq(wire_header(&x, "To", 0), wire_header(&y, "To", 0));
}

static bool same_request(struct slice a, struct slice b)
{
	struct wire_msg x, y;
	if (!wire_read(a, &x) || !wire_read(b, &y) || !x.is_request || !y.is_request ||
	    !slice_eq(x.method, y.method))
		return false;
	return slice_eq(wire_param(wire_header(&x, "Via", 0), "branch"),
			wire_param(wire_header(&y, "Via", 0), "branch"));
}

static bool seen_before(const struct ua *ua, struct slice raw)
{
	for (uint32_t i = ua->seen_n; i-- > 0 && ua->seen_n - i < 128;) {
		if (same_response(ua->seen[i].raw, raw) || same_request(ua->seen[i].raw, raw))
			return true;
	}
	return false;
}

static void grow_seen(struct ua *ua)
{
	const uint32_t cap = ua->seen_cap ? 2 * ua->seen_cap : 64;
	ua->seen = realloc(ua->seen, cap * sizeof(*ua->seen));
	ua->seen_ways = realloc(ua->seen_ways, cap * sizeof(*ua->seen_ways));
	if (!ua->seen || !ua->seen_ways)
		abort();
	ua->seen_cap = cap;
}

static bool keep(struct ua *ua, const struct ua_way *way, struct slice raw)
{
	const bool repeat = seen_before(ua, raw);
	char *copy = sim_alloc(raw.n + 1);
	memcpy(copy, raw.p, raw.n);
	if (ua->seen_n == ua->seen_cap)
		grow_seen(ua);
	ua->seen_ways[ua->seen_n] = *way;
	ua->seen[ua->seen_n++] = (struct ua_seen){
		.at_us = sim_net_now_us(ua->net), .repeat = repeat, .raw = slice_of(copy, raw.n)};
	return repeat;
}

uint32_t ua_pongs(const struct ua *ua)
{
	return ua->pongs;
}

/* --- What arrives. */

static void on_fresh_request(struct ua *ua, const struct wire_msg *m, const struct ua_way *way)
{
	struct ua_call *c = ua_call_of_dialog(ua, m);
	if (c)
		ua_call_on_request(ua, c, m, way);
	else if (slice_eq(m->method, SLICE("CANCEL")))
		ua_call_on_cancel(ua, m, way);
	else if (wire_param(wire_header(m, "To", 0), "tag").p)
		ua_reply(ua, m, way, 481, NULL, NULL, NULL, NULL);
	else if (slice_eq(m->method, SLICE("INVITE")))
		ua_call_on_invite(ua, m, way);
	else
		ua_reply(ua, m, way, slice_eq(m->method, SLICE("OPTIONS")) ? 200 : 405, "alone",
			 NULL, NULL, NULL);
}

static void on_request(struct ua *ua, const struct wire_msg *m, const struct ua_way *way)
{
	struct ua_call *c = ua_call_of_dialog(ua, m);
	if (slice_eq(m->method, SLICE("ACK"))) {
		ua_served_acked(ua, m);
		if (c)
			ua_call_on_ack(ua, c, m);
		return;
	}
	const struct ua_served *s = ua_served_find(ua, m);
	if (s) {
		if (s->bytes)
			ua_way_send(ua, way, slice_of(s->bytes, s->n));
		return;
	}
	ua_served_new(ua, m, way);
	on_fresh_request(ua, m, way);
}

void ua_on_bytes(struct ua *ua, const struct ua_way *way, struct slice bytes)
{
	struct wire_msg m;
	if (!wire_read(bytes, &m)) {
		ua->pongs++;
		return;
	}
	const bool repeat = keep(ua, way, bytes);
	if (ua->habits.ignored[0] && wire_matches(ua->habits.ignored, &m))
		return;
	if (m.is_request)
		on_request(ua, &m, way);
	else if (!repeat || !ua_txn_repeated(ua, &m))
		ua_txn_on_response(ua, &m);
}

static void on_datagrams(void *ctx, uint64_t cookie, struct io_datagram *v, size_t count)
{
	struct ua *ua = ctx;
	for (size_t i = 0; i < count; i++) {
		const struct ua_way way = {.dst = v[i].src};
		if (cookie == UA_COOKIE_SIP)
			ua_on_bytes(ua, &way, slice_of(v[i].p, v[i].n));
		else
			ua_media_on_packet(ua, &v[i]);
	}
}

static void on_stream(void *ctx, const struct io_stream_note *note)
{
	ua_way_on_stream(ctx, note);
}

static int64_t on_turn(void *ctx, int64_t now_ms)
{
	struct ua *ua = ctx;
	int64_t next = ua_txn_turn(ua, now_ms);
	for (uint32_t i = 0; i < ua->line_n; i++) {
		const int64_t at = ua_call_turn(ua, ua->lines[i], now_ms);
		next = at < next ? at : next;
	}
	return next;
}

/* --- Life. */

static struct io *open_io(struct ua *ua)
{
	struct sim_io_params p = {.name = ua->name};
	const struct io_handler h = {
		.ctx = ua,
		.on_datagrams = on_datagrams,
		.on_stream = on_stream,
		.on_turn = on_turn,
	};
	if (ua->local.family == 6)
		p.home6 = ua->local;
	else
		p.home4 = ua->local;
	struct io *io = sim_io_new(ua->net, &p);
	io_set_handler(io, &h);
	return io;
}

static void copy_texts(struct ua *ua, const struct ua_params *p)
{
	snprintf(ua->name, sizeof(ua->name), "%s", p->name);
	snprintf(ua->number, sizeof(ua->number), "%s", p->number ? p->number : "");
	snprintf(ua->account, sizeof(ua->account), "%s", p->account ? p->account : "");
	snprintf(ua->password, sizeof(ua->password), "%s", p->password ? p->password : "");
	snprintf(ua->domain, sizeof(ua->domain), "%s", p->domain);
	snprintf(ua->agent, sizeof(ua->agent), "%s", p->user_agent ? p->user_agent : p->name);
}

struct ua *ua_new(const struct ua_params *p)
{
	struct ua *ua = sim_alloc(sizeof(*ua));
	ua->net = p->net;
	ua->rand.state = p->seed;
	ua->local = p->local;
	ua->claimed = p->claimed;
	ua->server = p->server;
	ua->tcp = p->tcp;
	ua->both = p->both;
	ua->next_media_port = 40000;
	copy_texts(ua, p);
	ua->io = open_io(ua);
	ua_way_open(ua);
	ua_line(ua, "");
	return ua;
}

void ua_free(struct ua *ua)
{
	if (!ua)
		return;
	for (uint32_t i = 0; i < ua->line_n; i++) {
		ua_call_reset(ua, ua->lines[i]);
		free(ua->lines[i]);
	}
	ua_way_close(ua);
	sim_io_free(ua->io);
	while (ua->txns) {
		struct ua_txn *t = ua->txns;
		ua->txns = t->next;
		free(t->bytes);
		free(t);
	}
	for (uint32_t i = 0; i < UA_SERVED_MAX; i++)
		free(ua->served[i].bytes);
	for (uint32_t i = 0; i < ua->seen_n; i++)
		free((char *)ua->seen[i].raw.p);
	free(ua->seen);
	free(ua->seen_ways);
	free(ua);
}

const char *ua_name(const struct ua *ua)
{
	return ua->name;
}

const char *ua_number(const struct ua *ua)
{
	return ua->number;
}

const char *ua_account(const struct ua *ua)
{
	return ua->account;
}

struct addr ua_claimed(const struct ua *ua)
{
	return ua->claimed;
}

struct ua_habits *ua_habits(struct ua *ua)
{
	return &ua->habits;
}

struct addr ua_addr(const struct ua *ua)
{
	return ua->local;
}

void ua_set_password(struct ua *ua, const char *password)
{
	snprintf(ua->password, sizeof(ua->password), "%s", password);
}

const char *ua_move(struct ua *ua, const struct addr *local)
{
	ua_way_close(ua);
	ua->local = *local;
	sim_io_set_home(ua->io, local);
	ua_way_open(ua);
	return NULL;
}

void ua_say(struct ua *ua, const struct addr *dst, struct slice bytes)
{
	const struct ua_way way = ua_way_to(ua, dst);
	ua_way_send(ua, &way, bytes);
}

const char *ua_reply_last(struct ua *ua, const char *pattern, int code, const char *tag,
			  const char *headers, const char *body)
{
	struct wire_msg m;
	for (uint32_t i = ua->seen_n; i-- > 0;) {
		if (!wire_read(ua->seen[i].raw, &m) || !m.is_request || !wire_matches(pattern, &m))
			continue;
		const struct ua_call *c = ua_call_of_dialog(ua, &m);
		if (!tag)
			tag = c ? c->local_tag : "alone";
		ua_reply(ua, &m, &ua->seen_ways[i], code, tag, headers, "application/sdp", body);
		return NULL;
	}
	return "it has received no such request";
}
