/* A transaction layer in virtual time: what it sends and tells is written into a log, one line each
 * with the millisecond, and compared as text. */
#pragma once

#include "base/err.h"
#include "sip/value.h"
#include "txn/txn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct flow {
	struct addr remote;
	int number;
};

#define RIG_KINDS_FIRST 32

struct rig {
	struct txn_layer *l;
	struct wheel *wheel;
	struct bufs *bufs;
	struct hash_key key;
	struct flow flow;
	bool reliable;
	int64_t first_ms; /* of the next request */
	int64_t now;
	int send_err;
	struct id last;	    /* the last new server transaction or the client that was started */
	int answer_at_once; /* a code that on_request responds with; 0: none */
	char log[8192];
	struct strbuf out;
	char sent[65536]; /* the last message that was sent */
	struct slice sent_text;
	char memory[65536];
	struct arena arena;
};

static inline struct arena *rig_arena(struct rig *r)
{
	arena_init(&r->arena, r->memory, sizeof(r->memory));
	return &r->arena;
}

static inline const struct sip_msg *rig_parse(const char *text, size_t n, char *memory,
					      size_t bytes)
{
	struct arena arena;

	arena_init(&arena, memory, bytes);
	char *copy = arena_alloc(&arena, n + 1);
	struct sip_msg *msg = arena_alloc(&arena, sizeof(*msg));
	memcpy(copy, text, n);
	assert_int_equal(sip_msg_parse(slice_of(copy, n), &arena, msg), 0);
	return msg;
}

static inline void rig_log(struct rig *r, const char *what, const struct sip_msg *msg)
{
	strbuf_fmt(&r->out, "%d %s", (int)r->now, what);
	if (msg && msg->is_request)
		strbuf_fmt(&r->out, " %.*s", SLICE_ARG(msg->method_text));
	else if (msg)
		strbuf_fmt(&r->out, " %d %.*s", msg->code, SLICE_ARG(msg->cseq.method_text));
	strbuf_char(&r->out, '\n');
}

static inline int rig_send(void *ctx, const struct flow *flow, struct slice bytes)
{
	struct rig *r = ctx;
	char memory[32768];

	assert_int_equal(flow->number, r->flow.number);
	rig_log(r, r->send_err ? "lost" : "send",
		rig_parse(bytes.p, bytes.n, memory, sizeof(memory)));
	memcpy(r->sent, bytes.p, bytes.n);
	r->sent[bytes.n] = 0;
	r->sent_text = slice_of(r->sent, bytes.n);
	return r->send_err;
}

static inline int rig_respond(struct rig *r, int code)
{
	struct sip_reply reply = {.code = code, .to_tag = code > 100 ? SLICE("ours") : SLICE_NONE};

	return txn_respond(r->l, r->last, &reply, r->now);
}

static inline void rig_on_request(void *ctx, struct id server, const struct sip_msg *msg,
				  const struct flow *flow)
{
	struct rig *r = ctx;

	assert_int_equal(flow->number, r->flow.number);
	rig_log(r, "request", msg);
	r->last = server;
	txn_set_user(r->l, server, 77);
	if (r->answer_at_once)
		assert_int_equal(rig_respond(r, r->answer_at_once), 0);
}

static inline void rig_on_ack(void *ctx, const struct sip_msg *msg, const struct flow *flow)
{
	(void)flow;
	rig_log(ctx, "ack", msg);
}

static inline void rig_on_cancel(void *ctx, struct id server, uint64_t user,
				 const struct sip_msg *cancel)
{
	struct rig *r = ctx;

	assert_true(id_eq(server, r->last));
	assert_int_equal(user, 77);
	rig_log(r, "cancel", cancel);
}

static inline void rig_on_response(void *ctx, struct id client, uint64_t user,
				   const struct sip_msg *msg, const struct flow *flow)
{
	(void)client, (void)flow;
	assert_int_equal(user, 88);
	rig_log(ctx, "response", msg);
}

static inline void rig_on_stray(void *ctx, const struct sip_msg *msg, const struct flow *flow)
{
	(void)flow;
	rig_log(ctx, "stray", msg);
}

static inline const char *rig_why(enum txn_failure why)
{
	static const char *const names[] = {"done", "timeout", "transport", "no ack"};
	return names[why];
}

static inline void rig_on_failed(void *ctx, struct id client, uint64_t user, enum txn_failure why)
{
	struct rig *r = ctx;
	char text[64];

	(void)client;
	assert_int_equal(user, 88);
	snprintf(text, sizeof(text), "failed %s", rig_why(why));
	rig_log(r, text, NULL);
}

static inline void rig_on_server_end(void *ctx, struct id server, uint64_t user,
				     enum txn_failure why)
{
	struct rig *r = ctx;
	char text[64];

	(void)server;
	assert_int_equal(user, 77);
	snprintf(text, sizeof(text), "end %s", rig_why(why));
	rig_log(r, text, NULL);
}

static inline void rig_on_empty_cell(void *ctx, const char *machine, const char *state,
				     const char *event)
{
	char text[128];

	snprintf(text, sizeof(text), "empty %s/%s/%s", machine, state, event);
	rig_log(ctx, text, NULL);
}

static inline const struct addr *rig_source_of(void *ctx, const struct flow *flow)
{
	(void)ctx;
	return &flow->remote;
}

/* Some flows share a hash. */
static inline uint64_t rig_flow_hash(void *ctx, const struct flow *flow)
{
	(void)ctx;
	return (uint64_t)flow->number % 4;
}

static inline bool rig_flow_same(const struct flow *a, const struct flow *b)
{
	return a->number == b->number;
}

static inline void rig_params(struct rig *r, struct txn_params *p)
{
	*p = (struct txn_params){
		.wheel = r->wheel,
		.bufs = r->bufs,
		.hash_key = &r->key,
		.servers_max = 16,
		.clients_max = 16,
		.timer_kind_first = RIG_KINDS_FIRST,
		.flow_bytes = sizeof(struct flow),
		.ops =
			{
				.ctx = r,
				.send = rig_send,
				.on_request = rig_on_request,
				.on_ack = rig_on_ack,
				.on_cancel = rig_on_cancel,
				.on_response = rig_on_response,
				.on_stray = rig_on_stray,
				.on_failed = rig_on_failed,
				.on_server_end = rig_on_server_end,
				.on_empty_cell = rig_on_empty_cell,
				.source_of = rig_source_of,
				.flow_hash = rig_flow_hash,
				.flow_same = rig_flow_same,
			},
	};
}

static inline struct rig *rig_new_limited(bool reliable, size_t bufs_bytes)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct txn_params p;

	assert_non_null(r);
	strbuf_init(&r->out, r->log, sizeof(r->log) - 1);
	r->reliable = reliable;
	r->flow.number = 5;
	assert_int_equal(addr_parse(SLICE("198.51.100.7:4321"), 0, &r->flow.remote), 0);
	assert_int_equal(wheel_new(0, &r->wheel), 0);
	assert_int_equal(bufs_new(bufs_bytes, &r->bufs), 0);
	rig_params(r, &p);
	assert_int_equal(txn_layer_new(&p, &r->l), 0);
	return r;
}

static inline struct rig *rig_new(bool reliable)
{
	return rig_new_limited(reliable, 1 << 20);
}

static inline void rig_free(struct rig *r)
{
	txn_layer_free(r->l);
	assert_int_equal(wheel_count(r->wheel), 0);
	assert_int_equal(bufs_used_bytes(r->bufs), 0);
	wheel_free(r->wheel);
	bufs_free(r->bufs);
	free(r);
}

static inline void rig_fire(void *ctx, uint32_t kind, struct id owner)
{
	struct rig *r = ctx;

	txn_on_timer(r->l, kind, owner, rig_arena(r), r->now);
}

static inline void rig_until(struct rig *r, int64_t ms)
{
	for (; r->now < ms; wheel_advance(r->wheel, r->now, rig_fire, r))
		r->now++;
	wheel_advance(r->wheel, r->now, rig_fire, r);
}

static inline int rig_receive_text(struct rig *r, const char *text, size_t n)
{
	static char memory[65536];
	const struct sip_msg *msg = rig_parse(text, n, memory, sizeof(memory));

	return txn_receive(r->l, (struct sip_msg *)(uintptr_t)msg, &r->flow, r->reliable,
			   rig_arena(r), r->now);
}

/* first: "INVITE", "200 INVITE"; to_tag: "" or ";tag=x"; branch without z9hG4bK. */
static inline int rig_receive(struct rig *r, const char *first, const char *branch,
			      const char *to_tag)
{
	char text[2048], line[64];
	const char *method = first;

	if (first[0] >= '1' && first[0] <= '6') {
		snprintf(line, sizeof(line), "SIP/2.0 %.3s X", first);
		method = first + 4;
	} else {
		snprintf(line, sizeof(line), "%s sip:b@h SIP/2.0", first);
	}
	const char *cseq = strcmp(method, "ACK") == 0 ? "ACK" : method;
	int n = snprintf(
		text, sizeof(text),
		"%s\r\nVia: SIP/2.0/UDP 192.0.2.9:5060;rport;branch=z9hG4bK%s\r\nFrom: "
		"<sip:a@h>;tag=a\r\n"
		"To: <sip:b@h>%s\r\nCall-ID: c1\r\nCSeq: 1 %s\r\nContent-Length: 0\r\n\r\n",
		line, branch, to_tag, cseq);
	return rig_receive_text(r, text, (size_t)n);
}

static inline int rig_start(struct rig *r, enum sip_method method, const char *branch,
			    int64_t timeout_ms, bool resumed)
{
	char text[2048], token[64];
	struct slice name = sip_method_name(method);
	int n = snprintf(
		text, sizeof(text),
		"%.*s sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bK%s\r\n"
		"Max-Forwards: 70\r\nRoute: <sip:p;lr>\r\nFrom: <sip:a@h>;tag=a\r\nTo: "
		"<sip:b@h>\r\nCall-ID: c1\r\n"
		"CSeq: 1 %.*s\r\nContent-Length: 0\r\n\r\n",
		SLICE_ARG(name), branch, SLICE_ARG(name));
	snprintf(token, sizeof(token), "z9hG4bK%s", branch);
	struct txn_send s = {
		.flow = &r->flow,
		.reliable = r->reliable,
		.bytes = slice_of(text, (size_t)n),
		.branch = slice_str(token),
		.method = method,
		.user = 88,
		.timeout_ms = timeout_ms,
		.first_ms = r->first_ms,
		.resumed = resumed,
	};
	return txn_send_request(r->l, &s, r->now, &r->last);
}

static inline int rig_request(struct rig *r, enum sip_method method, const char *branch,
			      int64_t timeout_ms)
{
	return rig_start(r, method, branch, timeout_ms, false);
}

static inline int rig_resume(struct rig *r, const char *branch)
{
	return rig_start(r, SIP_INVITE, branch, 0, true);
}

static inline void rig_cancel(struct rig *r, const char *reason)
{
	static char memory[65536];
	struct arena arena;

	arena_init(&arena, memory, sizeof(memory));
	txn_cancel(r->l, r->last, slice_str(reason), &arena, r->now);
}

/* The log since the last time. */
static inline void rig_want_at(struct rig *r, const char *want, const char *file, int line)
{
	r->log[r->out.n] = 0;
	if (strcmp(r->log, want) != 0)
		print_error("%s:%d: got:\n%swanted:\n%s", file, line, r->log, want);
	_assert_string_equal(r->log, want, file, line);
	r->out.n = 0;
}
#define rig_want(r, text) rig_want_at(r, text, __FILE__, __LINE__)

static inline void rig_want_sent_at(struct rig *r, const char *part, bool there, const char *file,
				    int line)
{
	if ((strstr(r->sent, part) != NULL) != there)
		print_error("%s:%d: '%s' in:\n%s", file, line, part, r->sent);
	_assert_true((strstr(r->sent, part) != NULL) == there, part, file, line);
}
#define rig_want_sent(r, part)	   rig_want_sent_at(r, part, true, __FILE__, __LINE__)
#define rig_want_not_sent(r, part) rig_want_sent_at(r, part, false, __FILE__, __LINE__)
