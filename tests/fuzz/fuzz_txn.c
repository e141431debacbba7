/*
 * Any sequence of messages and moments into the transaction layer. The user above is told of every
 * server transaction's end exactly once, of final responses never after a failure, and when 64 T1
 * have passed after the last message nothing is left: no transaction, no timer, no buffer.
 *
 * Three bytes are one step: what happens, with which branch, and how.
 */
#include "base/err.h"
#include "fuzz.h"
#include "sip/value.h"
#include "txn/txn.h"

#include <string.h>

#define SERVERS	   8
#define CLIENTS	   8
#define KIND_FIRST 32
#define STEPS_MAX  200

struct flow {
	struct addr remote;
};

struct user {
	struct txn_layer *l;
	struct wheel *wheel;
	struct bufs *bufs;
	int64_t now;
	struct flow flow;
	int send_err;
	struct id servers[SERVERS], clients[CLIENTS];
	unsigned open_servers; /* told of, and not of their end */
	struct arena arena;
	_Alignas(16) char memory[32768];
};

static int on_send(void *ctx, const struct flow *flow, struct slice bytes)
{
	static _Alignas(16) char memory[32768];
	static char copy[65536];
	struct user *u = ctx;
	struct sip_msg msg;
	struct arena arena;

	FUZZ_CHECK(flow->remote.port == u->flow.remote.port && bytes.n <= sizeof(copy));
	memcpy(copy, bytes.p, bytes.n);
	arena_init(&arena, memory, sizeof(memory));
	FUZZ_CHECK(sip_msg_parse(slice_of(copy, bytes.n), &arena, &msg) == 0);
	return u->send_err;
}

static void on_request(void *ctx, struct id server, const struct sip_msg *msg,
		       const struct flow *flow)
{
	struct user *u = ctx;

	(void)flow;
	FUZZ_CHECK(id_is(server) && msg->is_request && msg->method != SIP_ACK);
	u->servers[id_slot(server) % SERVERS] = server;
	u->open_servers++;
	txn_set_user(u->l, server, server.v);
}

static void on_ack(void *ctx, const struct sip_msg *msg, const struct flow *flow)
{
	(void)ctx, (void)flow;
	FUZZ_CHECK(msg->method == SIP_ACK);
}

static void on_cancel(void *ctx, struct id server, uint64_t user, const struct sip_msg *cancel)
{
	(void)ctx;
	FUZZ_CHECK(user == server.v && cancel->method == SIP_CANCEL);
}

static void on_response(void *ctx, struct id client, uint64_t user, const struct sip_msg *msg,
			const struct flow *flow)
{
	(void)ctx, (void)flow;
	FUZZ_CHECK(id_is(client) && user == 88 && !msg->is_request);
}

static void on_stray(void *ctx, const struct sip_msg *msg, const struct flow *flow)
{
	(void)ctx, (void)flow;
	FUZZ_CHECK(!msg->is_request);
}

static void on_failed(void *ctx, struct id client, uint64_t user, enum txn_failure why)
{
	(void)ctx;
	FUZZ_CHECK(id_is(client) && user == 88 && why != TXN_DONE);
}

static void on_server_end(void *ctx, struct id server, uint64_t user, enum txn_failure why)
{
	struct user *u = ctx;

	(void)why;
	FUZZ_CHECK(user == server.v && u->open_servers > 0);
	u->open_servers--;
}

static void on_empty_cell(void *ctx, const char *machine, const char *state, const char *event)
{
	(void)ctx;
	FUZZ_CHECK(machine && state && event);
}

static uint64_t flow_hash(void *ctx, const struct flow *flow)
{
	(void)ctx;
	return flow->remote.port % 3;
}

static bool flow_same(const struct flow *a, const struct flow *b)
{
	return a->remote.port == b->remote.port;
}

static const struct addr *source_of(void *ctx, const struct flow *flow)
{
	(void)ctx;
	return &flow->remote;
}

static const struct hash_key hash_key = {0};

static void user_init(struct user *u)
{
	struct txn_params p = {
		.hash_key = &hash_key,
		.servers_max = SERVERS,
		.clients_max = CLIENTS,
		.timer_kind_first = KIND_FIRST,
		.flow_bytes = sizeof(struct flow),
		.ops = {u, on_send, on_request, on_ack, on_cancel, on_response, on_stray, on_failed,
			on_server_end, on_empty_cell, source_of, flow_hash, flow_same},
	};

	memset(u, 0, offsetof(struct user, memory));
	u->flow.remote = (struct addr){.ip = {192, 0, 2, 7}, .port = 41000, .family = 4};
	FUZZ_CHECK(wheel_new(0, &u->wheel) == 0 && bufs_new(1 << 17, &u->bufs) == 0);
	p.wheel = u->wheel;
	p.bufs = u->bufs;
	FUZZ_CHECK(txn_layer_new(&p, &u->l) == 0);
}

static void user_fini(struct user *u)
{
	txn_layer_free(u->l);
	FUZZ_CHECK(wheel_count(u->wheel) == 0 && bufs_used_bytes(u->bufs) == 0);
	wheel_free(u->wheel);
	bufs_free(u->bufs);
}

static struct arena *fresh(struct user *u)
{
	arena_init(&u->arena, u->memory, sizeof(u->memory));
	return &u->arena;
}

static void fire(void *ctx, uint32_t kind, struct id owner)
{
	struct user *u = ctx;

	txn_on_timer(u->l, kind, owner, fresh(u), u->now);
}

static void pass(struct user *u, int64_t ms)
{
	int64_t until = u->now + ms;

	while (u->now < until) {
		int64_t next = wheel_next_ms(u->wheel);
		u->now = next > u->now && next < until ? next : next <= u->now ? u->now + 1 : until;
		wheel_advance(u->wheel, u->now, fire, u);
	}
}

static const char *const methods[] = {"INVITE",	 "ACK",	 "CANCEL", "BYE",
				      "OPTIONS", "odd!", "PRACK",  "INFO"};

/* Branches of ours and theirs, and one of before RFC 3261. */
static const char *branch_of(uint8_t b)
{
	static char text[32];

	snprintf(text, sizeof(text), b & 8 ? "old%u" : "z9hG4bK%u", b & 7);
	return text;
}

static size_t message_write(char *text, size_t room, const char *start, const char *method,
			    uint8_t branch, uint8_t how)
{
	int n = snprintf(text, room,
			 "%s\r\nVia: SIP/2.0/UDP 192.0.2.9:5060;branch=%s\r\n"
			 "Max-Forwards: 70\r\nFrom: <sip:a@h>;tag=a%u\r\nTo: <sip:b@h>%s\r\n"
			 "Call-ID: c%u\r\nCSeq: %u %s\r\nContent-Length: 0\r\n\r\n",
			 start, branch_of(branch), how >> 6, how & 8 ? ";tag=b" : "", how >> 7,
			 how >> 5 & 1u, method);

	FUZZ_CHECK(n > 0 && (size_t)n < room);
	return (size_t)n;
}

static void receive(struct user *u, const char *start, const char *method, const uint8_t *p)
{
	static _Alignas(16) char memory[32768];
	char text[1024];
	size_t n = message_write(text, sizeof(text), start, method, p[1], p[2]);
	struct sip_msg msg;
	struct arena arena;

	arena_init(&arena, memory, sizeof(memory));
	FUZZ_CHECK(sip_msg_parse(slice_of(text, n), &arena, &msg) == 0);
	int rc = txn_receive(u->l, &msg, &u->flow, p[1] >> 7, fresh(u), u->now);
	FUZZ_CHECK(rc == 0 || rc == ERR_LIMIT);
}

static void receive_request(struct user *u, const uint8_t *p)
{
	const char *method = methods[p[2] & 7];
	char start[64];

	snprintf(start, sizeof(start), "%s sip:b@h SIP/2.0", method);
	receive(u, start, method, p);
}

static void receive_response(struct user *u, const uint8_t *p)
{
	static const int codes[] = {100, 180, 200, 302, 404, 487, 503, 600};
	char start[64];

	snprintf(start, sizeof(start), "SIP/2.0 %d X", codes[p[2] & 7]);
	receive(u, start, methods[p[2] >> 3 & 7], p);
}

static void respond(struct user *u, const uint8_t *p)
{
	static const int codes[] = {100, 180, 200, 202, 302, 404, 487, 603};
	struct sip_reply reply = {.code = codes[p[2] & 7],
				  .to_tag = p[2] & 7 ? SLICE("ours") : SLICE_NONE};
	int rc = txn_respond(u->l, u->servers[p[1] % SERVERS], &reply, u->now);

	FUZZ_CHECK(rc == 0 || rc == ERR_STALE || rc == ERR_CONFLICT || rc == u->send_err);
}

static void request(struct user *u, const uint8_t *p)
{
	static const enum sip_method kinds[] = {SIP_INVITE, SIP_BYE, SIP_OPTIONS, SIP_REGISTER};
	enum sip_method method = kinds[p[2] & 3];
	char start[64], text[1024];
	struct slice name = sip_method_name(method);

	snprintf(start, sizeof(start), "%.*s sip:b@h SIP/2.0", SLICE_ARG(name));
	size_t n = message_write(text, sizeof(text), start, name.p, p[1] & 7, 0);
	struct txn_send s = {
		.flow = &u->flow,
		.reliable = p[1] >> 7,
		.bytes = slice_of(text, n),
		.branch = slice_str(branch_of(p[1] & 7)),
		.method = method,
		.user = 88,
		.resumed = (p[2] & 4) && method == SIP_INVITE,
		.timeout_ms = p[2] & 8 ? 3000 : 0,
	};
	struct id id;
	int rc = txn_send_request(u->l, &s, u->now, &id);
	if (rc == 0)
		u->clients[id_slot(id) % CLIENTS] = id;
	FUZZ_CHECK(rc == 0 || rc == ERR_LIMIT || rc == ERR_EXISTS || rc == u->send_err);
}

static void step(struct user *u, const uint8_t *p)
{
	switch (p[0] % 10) {
	case 0:
	case 1:
		receive_request(u, p);
		break;
	case 2:
		receive_response(u, p);
		break;
	case 3:
		respond(u, p);
		break;
	case 4:
		request(u, p);
		break;
	case 5:
		txn_cancel(u->l, u->clients[p[1] % CLIENTS], SLICE("SIP;cause=200"), fresh(u),
			   u->now);
		break;
	case 6:
		txn_acked(u->l, u->servers[p[1] % SERVERS], u->now);
		break;
	case 7:
		pass(u, 1 + p[1] * p[2]);
		break;
	case 8:
		u->send_err = p[1] & 1 ? ERR_CLOSED : 0;
		break;
	default:
		(void)txn_on_flow_gone(u->l, &u->flow, u->now);
		break;
	}
}

/* INVITEs that wait for an answer wait as long as the user likes; so they are answered. */
static void answer_all(struct user *u)
{
	struct sip_reply reply = {.code = 480, .to_tag = SLICE("ours")};

	for (int i = 0; i < SERVERS; i++)
		txn_respond(u->l, u->servers[i], &reply, u->now);
	for (int i = 0; i < CLIENTS; i++)
		txn_cancel(u->l, u->clients[i], SLICE_NONE, fresh(u), u->now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct user u;

	user_init(&u);
	for (size_t i = 0; i + 3 <= size && i < 3 * STEPS_MAX; i += 3) {
		step(&u, data + i);
		FUZZ_CHECK(txn_servers(u.l) <= SERVERS && txn_clients(u.l) <= CLIENTS);
	}
	answer_all(&u);
	pass(&u, 400000); /* beyond 64 T1 and the longest that a proxy may take for an INVITE */
	FUZZ_CHECK(u.open_servers == 0);
	FUZZ_CHECK(txn_servers(u.l) == 0 && txn_clients(u.l) == 0);
	user_fini(&u);
	return 0;
}
