/* The locator against a name server that says what the tables below say. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "dns_server.h"
#include "sip/value.h"
#include "transport/locate.h"

#define UDP_AND_TCP (1u << SIP_UDP | 1u << SIP_TCP)
#define ANSWERS	    512

struct world {
	struct dns_server *server;
	struct locator *locator;
	pthread_mutex_t lock; /* guards the answers: the locator's thread brings them */
	pthread_cond_t changed;
	struct locate_answer answers[ANSWERS];
	uint32_t count;
};

static void post(void *ctx, const struct locate_answer *answer)
{
	struct world *w = ctx;
	pthread_mutex_lock(&w->lock);
	if (w->count < ANSWERS)
		w->answers[w->count++] = *answer;
	pthread_cond_signal(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

static void open_world(struct world *w, const struct dns_row *rows, uint32_t transports)
{
	*w = (struct world){.server = dns_server_new(rows, 60)};
	struct locator_params p = {
		.servers = dns_server_text(w->server),
		.transports = transports,
		.seed = {1},
		.ctx = w,
		.post = post,
	};
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	assert_int_equal(locator_new(&p, &w->locator), 0);
}

static void close_world(struct world *w)
{
	locator_free(w->locator);
	dns_server_free(w->server);
}

static int ask(struct world *w, const char *text, uint64_t token)
{
	struct sip_uri uri;
	assert_int_equal(sip_uri_parse(slice_str(text), &uri), 0);
	return locator_ask(w->locator, &uri, 3, token);
}

static void wait_answers(struct world *w, uint32_t count)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 60; /* only a locator that has lost a question is waited for so long */
	int late = 0;
	pthread_mutex_lock(&w->lock);
	while (w->count < count && late == 0)
		late = pthread_cond_timedwait(&w->changed, &w->lock, &until);
	pthread_mutex_unlock(&w->lock);
	assert_int_equal(late, 0);
}

/* The answer as "udp:192.0.2.1:5060 tcp:...", or the error. */
static const char *answer_to(struct world *w, const char *uri, char text[1024])
{
	char addr[ADDR_TEXT_BYTES];
	w->count = 0;
	int err = ask(w, uri, 77);
	if (err)
		return err_text(err);
	wait_answers(w, 1);
	const struct locate_answer *a = &w->answers[0];
	assert_int_equal(a->token, 77);
	assert_int_equal(a->shard, 3);
	assert_int_equal(a->err != 0, a->target_count == 0);
	text[0] = '\0';
	for (uint32_t i = 0; i < a->target_count; i++)
		sprintf(text + strlen(text), "%s%.*s:%s", i ? " " : "",
			SLICE_ARG(sip_transport_param_name(a->targets[i].transport)),
			addr_text(&a->targets[i].addr, addr));
	return a->err ? err_text(a->err) : text;
}

#define ASSERT_ANSWER(w, uri, expected)                                                            \
	do {                                                                                       \
		char text_[1024];                                                                  \
		assert_string_equal(answer_to(w, uri, text_), expected);                           \
	} while (0)

static const struct dns_row zone[] = {
	/* NAPTR prefers TCP, then UDP; TLS is not ours. */
	{"naptr.test", "NAPTR", 60, "_sips._tcp.tls.test", 10, 5, 0, "s", "SIPS+D2T", 0},
	{"naptr.test", "NAPTR", 60, "_sip._udp.far.test", 30, 5, 0, "s", "SIP+D2U", 0},
	{"naptr.test", "NAPTR", 60, "_sip._tcp.naptr.test", 20, 5, 0, "S", "sip+d2t", 0},
	{"naptr.test", "NAPTR", 60, "naptr.test", 1, 1, 0, "u", "E2U+sip", 0},
	{"_sip._tcp.naptr.test", "SRV", 60, "one.test", 1, 0, 5070, 0, 0, 0},
	{"_sip._udp.naptr.test", "SRV", 60, "wrong.test", 1, 0, 5071, 0, 0, 0},
	{"_sip._udp.far.test", "SRV", 60, "two.test", 1, 0, 5072, 0, 0, 0},
	{"one.test", "A", 60, "192.0.2.1", 0, 0, 0, 0, 0, 0},
	{"two.test", "A", 60, "192.0.2.2", 0, 0, 0, 0, 0, 0},
	{"wrong.test", "A", 60, "192.0.2.99", 0, 0, 0, 0, 0, 0},
	/* Only NAPTR for what we cannot speak. */
	{"tls.test", "NAPTR", 60, "_sips._tcp.tls.test", 10, 5, 0, "s", "SIPS+D2T", 0},
	/* SRV alone: priorities, several hosts, one of which does not exist. */
	{"srv.test", "A", 60, "192.0.2.50", 0, 0, 0, 0, 0, 0},
	{"_sip._udp.srv.test", "SRV", 60, "nowhere.test", 5, 0, 5060, 0, 0, 0},
	{"_sip._udp.srv.test", "SRV", 60, "two.test", 20, 0, 5080, 0, 0, 0},
	{"_sip._udp.srv.test", "SRV", 60, "one.test", 10, 0, 5090, 0, 0, 0},
	{"_sip._tcp.srv.test", "SRV", 60, "two.test", 1, 0, 5091, 0, 0, 0},
	/* "There is no such service here." */
	{"no.test", "A", 60, "192.0.2.51", 0, 0, 0, 0, 0, 0},
	{"_sip._udp.no.test", "SRV", 60, ".", 0, 0, 0, 0, 0, 0},
	/* Aliases. */
	{"alias.test", "CNAME", 60, "alias2.test", 0, 0, 0, 0, 0, 0},
	{"alias2.test", "CNAME", 60, "one.test", 0, 0, 0, 0, 0, 0},
	{"_sip._udp.alias3.test", "CNAME", 60, "_sip._udp.srv.test", 0, 0, 0, 0, 0, 0},
	{"loop.test", "CNAME", 60, "nowhere.test", 0, 0, 0, 0, 0, 0},
	/* Trouble. */
	{"_sip._udp.big.test", "SRV", 60, "one.test", 1, 1, 5060, 0, 0, DNS_TRUNCATED},
	{"refused.test", "A", 60, "192.0.2.1", 0, 0, 0, 0, 0, DNS_REFUSED},
	{"refused.test", "AAAA", 60, "::1", 0, 0, 0, 0, 0, DNS_REFUSED},
	{"no-naptr.test", "NAPTR", 60, "x", 0, 0, 0, 0, 0, DNS_SILENT},
	{"no-naptr.test", "A", 60, "192.0.2.60", 0, 0, 0, 0, 0, 0},
	{"silent.test", "A", 60, "192.0.2.1", 0, 0, 0, 0, 0, DNS_SILENT},
	{"silent.test", "AAAA", 60, "::1", 0, 0, 0, 0, 0, DNS_SILENT},
	/* What may not be kept. */
	{"moving.test", "A", 0, "192.0.2.70", 0, 0, 0, 0, 0, 0},
	{NULL, NULL, 0, NULL, 0, 0, 0, 0, 0, 0},
};

static void test_transport_and_port(void **state)
{
	static const struct {
		const char *uri, *answer;
	} rows[] = {
		{"sip:100@naptr.test", "tcp:192.0.2.1:5070 udp:192.0.2.2:5072"},
		{"sip:naptr.test;transport=udp", "udp:192.0.2.99:5071"},
		{"sip:one.test", "udp:192.0.2.1:5060"},
		{"sip:one.test;transport=tcp", "tcp:192.0.2.1:5060"},
		{"sip:one.test:5099", "udp:192.0.2.1:5099"},
		{"sip:one.test:5099;transport=tcp", "tcp:192.0.2.1:5099"},
		{"sip:srv.test:5099", "udp:192.0.2.50:5099"},
		{"sip:srv.test", "udp:192.0.2.1:5090 udp:192.0.2.2:5080 tcp:192.0.2.2:5091"},
		{"sip:srv.test;transport=tcp", "tcp:192.0.2.2:5091"},
		{"sip:no.test", "not found"},
		{"sip:no.test;transport=tcp", "tcp:192.0.2.51:5060"},
		{"sip:no.test:5060", "udp:192.0.2.51:5060"},
		{"sip:alias.test", "udp:192.0.2.1:5060"},
		{"sip:alias3.test;transport=udp", "udp:192.0.2.1:5090 udp:192.0.2.2:5080"},
		{"sip:nowhere.test", "not found"},
		{"sip:loop.test", "not found"},
		{"sip:big.test;transport=udp", "udp:192.0.2.1:5060"},
		{"sip:refused.test:5060", "timed out"},
		{"sip:no-naptr.test", "udp:192.0.2.60:5060"},
		{"sips:one.test", "not supported"},
		{"sips:one.test:5061", "not supported"},
		{"sip:one.test;transport=tls", "not supported"},
		{"sip:one.test;transport=sctp", "not supported"},
	};
	struct world w;
	(void)state;
	open_world(&w, zone, UDP_AND_TCP);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ASSERT_ANSWER(&w, rows[i].uri, rows[i].answer);
	close_world(&w);
}

static void test_secure(void **state)
{
	struct world w;
	(void)state;
	open_world(&w, zone, UDP_AND_TCP | 1u << SIP_TLS);
	ASSERT_ANSWER(&w, "sips:one.test", "tls:192.0.2.1:5061");
	ASSERT_ANSWER(&w, "sips:one.test:6000", "tls:192.0.2.1:6000");
	close_world(&w);
}

static void test_only_what_we_can_send_over(void **state)
{
	struct world w;
	(void)state;
	open_world(&w, zone, 1u << SIP_UDP);
	ASSERT_ANSWER(&w, "sip:naptr.test", "udp:192.0.2.2:5072");
	ASSERT_ANSWER(&w, "sip:srv.test", "udp:192.0.2.1:5090 udp:192.0.2.2:5080");
	ASSERT_ANSWER(&w, "sip:one.test;transport=tcp", "not supported");
	close_world(&w);
}

static void test_both_families(void **state)
{
	static const struct dns_row rows[] = {
		{"both.test", "A", 60, "127.0.0.1", 0, 0, 0, 0, 0, 0},
		{"both.test", "AAAA", 60, "::1", 0, 0, 0, 0, 0, 0},
		{"six.test", "AAAA", 60, "2001:db8::6", 0, 0, 0, 0, 0, 0},
		{NULL, NULL, 0, NULL, 0, 0, 0, 0, 0, 0},
	};
	struct world w;
	char text[1024];
	(void)state;
	open_world(&w, rows, UDP_AND_TCP);
	const char *both = answer_to(&w, "sip:both.test", text); /* the order is RFC 6724's */
	assert_non_null(strstr(both, "udp:127.0.0.1:5060"));
	assert_non_null(strstr(both, "udp:[::1]:5060"));
	ASSERT_ANSWER(&w, "sip:six.test:5070", "udp:[2001:db8::6]:5070");
	close_world(&w);
}

/* Kept answers are not asked again: those that were found, and those that were not. */
static void test_cache(void **state)
{
	struct world w;
	(void)state;
	open_world(&w, zone, UDP_AND_TCP);
	for (int i = 0; i < 3; i++) {
		ASSERT_ANSWER(&w, "sip:srv.test;transport=tcp", "tcp:192.0.2.2:5091");
		ASSERT_ANSWER(&w, "sip:SRV.test.;transport=TCP", "tcp:192.0.2.2:5091");
		ASSERT_ANSWER(&w, "sip:nowhere.test", "not found");
		ASSERT_ANSWER(&w, "sip:moving.test:5060", "udp:192.0.2.70:5060");
	}
	assert_int_equal(dns_server_asked(w.server, "_sip._tcp.srv.test", "SRV"), 1);
	assert_int_equal(dns_server_asked(w.server, "two.test", "A"), 1);
	assert_int_equal(dns_server_asked(w.server, "nowhere.test", "A"), 1);
	assert_int_equal(dns_server_asked(w.server, "moving.test", "A"), 3); /* TTL 0 */
	close_world(&w);
}

/* A name server that says nothing: an answer all the same, and the names after it are not held up.
 */
static void test_silence(void **state)
{
	struct world w;
	(void)state;
	open_world(&w, zone, UDP_AND_TCP);
	assert_int_equal(ask(&w, "sip:silent.test:5060", 1), 0);
	assert_int_equal(ask(&w, "sip:one.test:5060", 2), 0);
	wait_answers(&w, 2);
	assert_int_equal(w.answers[0].token, 2);
	assert_int_equal(w.answers[0].err, 0);
	assert_int_equal(w.answers[1].token, 1);
	assert_int_equal(w.answers[1].err, ERR_TIMEOUT);
	close_world(&w);
}

/* Many askers of one name: one lookup, and each has his answer. */
static void test_one_lookup_for_all(void **state)
{
	struct world w;
	uint64_t sum = 0;
	(void)state;
	open_world(&w, zone, UDP_AND_TCP);
	assert_int_equal(ask(&w, "sip:no-naptr.test", 0), 0); /* NAPTR keeps it open for a while */
	for (uint64_t i = 1; i < 200; i++)
		assert_int_equal(ask(&w, "sip:no-naptr.test", i), 0);
	wait_answers(&w, 200);
	for (uint32_t i = 0; i < 200; i++) {
		assert_int_equal(w.answers[i].err, 0);
		sum += w.answers[i].token;
	}
	assert_int_equal(sum, 199 * 200 / 2);
	assert_int_equal(dns_server_asked(w.server, "no-naptr.test", "A"), 1);
	close_world(&w);
}

/* More names than are kept: each is still answered, and memory has its limit. */
static void test_many_names(void **state)
{
	struct world w;
	(void)state;
	open_world(&w, zone, UDP_AND_TCP);
	for (uint64_t i = 0; i < 3000; i += 100) {
		w.count = 0;
		for (uint64_t k = i; k < i + 100; k++) {
			char uri[64];
			sprintf(uri, "sip:n%u.test:5060", (unsigned)k);
			assert_int_equal(ask(&w, uri, k), 0);
		}
		wait_answers(&w, 100);
		for (uint32_t k = 0; k < 100; k++)
			assert_int_equal(w.answers[k].err, ERR_NOT_FOUND);
	}
	close_world(&w);
}

/* Questions at the end are dropped without a word. */
static void test_end_with_open_questions(void **state)
{
	struct world w;
	(void)state;
	open_world(&w, zone, UDP_AND_TCP);
	for (uint64_t i = 0; i < 20; i++)
		assert_int_equal(ask(&w, "sip:silent.test:5060", i), 0);
	while (dns_server_asked(w.server, "silent.test", "A") == 0)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	close_world(&w);
	assert_int_equal(w.count, 0);
}

static void test_bad_servers(void **state)
{
	struct locator_params p = {.servers = "not a server", .post = post};
	struct locator *l;
	(void)state;
	assert_int_equal(locator_new(&p, &l), ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_transport_and_port),
		cmocka_unit_test(test_secure),
		cmocka_unit_test(test_only_what_we_can_send_over),
		cmocka_unit_test(test_both_families),
		cmocka_unit_test(test_cache),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_one_lookup_for_all),
		cmocka_unit_test(test_many_names),
		cmocka_unit_test(test_end_with_open_questions),
		cmocka_unit_test(test_bad_servers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
