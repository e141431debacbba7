/* A directory of a few numbers, and phones that register with it. */
#pragma once

#include "base/err.h"
#include "directory/directory.h"
#include "sip/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW 1700000000000

static const struct hash_key key = {{7}};

struct fixture {
	struct directory *d;
	struct reg_outcome outcome; /* of the last REGISTER */
	struct arena arena;
	char memory[65536];
};

static inline struct directory_number a_number(const char *number, const char *account)
{
	struct directory_number n = {.channels = 2, .policy = REG_NEWEST};

	snprintf(n.number, sizeof(n.number), "%s", number);
	snprintf(n.account, sizeof(n.account), "%s", account);
	snprintf(n.customer, sizeof(n.customer), "C1");
	snprintf(n.realm, sizeof(n.realm), "sip.example.net");
	n.ha1.md5[0] = 1;
	return n;
}

static inline void add_number(struct directory *d, const char *number, const char *account,
			      enum reg_policy policy)
{
	struct directory_number n = a_number(number, account);

	n.policy = policy;
	assert_int_equal(directory_put(d, &n), 0);
}

/* Numbers 0501 (account 1) and 0502 (account 2, forks). */
static inline int fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	arena_init(&f->arena, f->memory, sizeof(f->memory));
	assert_int_equal(directory_new(&(struct directory_params){.hash_key = &key}, &f->d), 0);
	add_number(f->d, "0501", "1", REG_NEWEST);
	add_number(f->d, "0502", "2", REG_FORK);
	*state = f;
	return 0;
}

static inline int fixture_teardown(void **state)
{
	struct fixture *f = *state;

	directory_free(f->d);
	free(f);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

static inline struct flow udp(const char *remote)
{
	struct flow f = {.transport = SIP_UDP};

	assert_int_equal(addr_parse(slice_str(remote), 5060, &f.remote), 0);
	assert_int_equal(addr_parse(SLICE("198.51.100.1:5060"), 5060, &f.local), 0);
	return f;
}

static inline struct flow tcp(const char *remote, uint16_t shard, uint32_t connection)
{
	struct flow f = udp(remote);

	f.transport = SIP_TCP;
	f.shard = shard;
	f.connection = connection;
	return f;
}

/* One REGISTER with one Contact. */
struct phone {
	const char *number, *call_id, *contact;
	struct flow flow;
	uint32_t cseq, expires_s, reg_id;
	const char *instance;
	int64_t at_ms;
};

static inline void fill_request(const struct phone *p, struct reg_request *rq)
{
	struct reg_contact *c = &rq->contacts[0];

	memset(rq, 0, sizeof(*rq));
	rq->call_id = slice_str(p->call_id);
	rq->user_agent = SLICE("Phone/1");
	rq->cseq = p->cseq;
	rq->contact_count = 1;
	rq->flow = p->flow;
	rq->now_ms = p->at_ms;
	c->uri_text = slice_str(p->contact);
	c->instance = slice_str(p->instance);
	c->expires_s = p->expires_s;
	c->reg_id = p->reg_id;
	c->q_thousandths = 1000;
	assert_int_equal(sip_uri_parse(c->uri_text, &c->uri), 0);
}

static inline int register_phone(struct fixture *f, const struct phone *p)
{
	static _Thread_local struct reg_request rq;

	fill_request(p, &rq);
	arena_reset(&f->arena);
	return directory_register(f->d, slice_str(p->number), &rq, &f->arena, &f->outcome);
}

static inline struct phone a_phone(const char *number, const char *call_id, const char *contact,
				   const char *remote)
{
	return (struct phone){.number = number,
			      .call_id = call_id,
			      .contact = contact,
			      .flow = udp(remote),
			      .cseq = 1,
			      .expires_s = 3600,
			      .at_ms = NOW};
}

static inline void assert_registered(struct fixture *f, const struct phone *p)
{
	assert_int_equal(register_phone(f, p), 0);
	assert_int_equal(f->outcome.code, 200);
}

/* The only binding of the number. */
static inline struct reg_binding the_binding(struct fixture *f, const char *number, int64_t now_ms)
{
	struct reg_binding *b;
	uint32_t count;

	arena_reset(&f->arena);
	assert_int_equal(directory_bindings(f->d, slice_str(number), now_ms, &f->arena, &b, &count),
			 0);
	assert_int_equal(count, 1);
	return b[0];
}

static inline uint32_t count_bindings(struct fixture *f, const char *number, int64_t now_ms)
{
	struct reg_binding *b;
	uint32_t count;

	arena_reset(&f->arena);
	assert_int_equal(directory_bindings(f->d, slice_str(number), now_ms, &f->arena, &b, &count),
			 0);
	return count;
}

static inline void assert_slice(struct slice s, const char *want)
{
	if (s.n != strlen(want) || memcmp(s.p, want, s.n) != 0)
		fail_msg("\"%.*s\" instead of \"%s\"", SLICE_ARG(s), want);
}
