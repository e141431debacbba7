/*
 * Each scenario is played again and again, with the first allocation failing, then the second, and
 * so on until it comes through: alone, and with all that follow it. Nothing may crash, nothing may
 * be lost, and what failed must say so with an ordinary error.
 */
#include "base/err.h"
#include "base/index.h"
#include "base/ring.h"
#include "base/wheel.h"
#include "core/announcement.h"
#include "directory/directory.h"
#include "event/stream.h"
#include "io/loop.h"
#include "shard/set.h"
#include "sip/value.h"
#include "store/writer.h"
#include "txn/txn.h"
#include "wrap.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define ROUNDS_MAX 4000

static const struct hash_key hash_key = {0};

/* 0: it came through; an error otherwise. */
typedef int scenario_fn(void);

static void play(scenario_fn *scenario, enum oom_mode mode)
{
	bool failed = true;
	uint64_t n;

	for (n = 1; failed && n < ROUNDS_MAX; n++) {
		oom_arm(n, mode);
		int rc = scenario();
		failed = oom_disarm();
		if (rc > 0 || (!failed && rc != 0))
			fail_msg("allocation %llu: %d (%s)", (unsigned long long)n, rc,
				 err_text(rc));
		if (oom_outstanding() != 0)
			fail_msg("allocation %llu: %lld blocks were lost", (unsigned long long)n,
				 (long long)oom_outstanding());
	}
	/* It does allocate, and it came to an end. */
	assert_true(n > 2 && n < ROUNDS_MAX);
}

static void play_both(scenario_fn *scenario)
{
	play(scenario, OOM_ONE);
	play(scenario, OOM_ALL_FROM);
}

/* --- base */

static int pools(void)
{
	const struct pool_params p = {"oom", 0, 64, 1000};
	struct pool *pool = NULL;
	struct id id;
	int rc = pool_new(&p, &pool);

	for (int i = 0; rc == 0 && i < 1000; i++)
		rc = pool_take(pool, &id) ? 0 : ERR_NOMEM;
	pool_free(pool);
	return rc;
}

static int indexes(void)
{
	struct index *index = NULL;
	int rc = index_new(1000, &index);

	for (uint64_t i = 1; rc == 0 && i <= 1000; i++)
		rc = index_put(index, i * 0x9e3779b97f4a7c15u, i);
	index_free(index);
	return rc;
}

static int buffers(void)
{
	struct bufs *bufs = NULL;
	char *taken[64];
	int rc = bufs_new(8u << 20, &bufs), n = 0;

	for (; rc == 0 && n < 64; n++) {
		taken[n] = bufs_take(bufs, (size_t)1 << (8 + n % 8));
		rc = taken[n] ? 0 : ERR_NOMEM;
	}
	while (n > 0)
		bufs_give(bufs, taken[--n]);
	bufs_free(bufs);
	return rc;
}

static void test_base(void **state)
{
	(void)state;
	play_both(pools);
	play_both(indexes);
	play_both(buffers);
}

/* --- directory */

static int register_one(struct directory *d, const struct reg_contact *c)
{
	static char memory[65536];
	static struct reg_request rq;
	static struct reg_outcome o;
	struct arena arena;

	arena_init(&arena, memory, sizeof(memory));
	rq = (struct reg_request){.call_id = SLICE("c1"),
				  .cseq = 1,
				  .contact_count = 1,
				  .flow = {.transport = SIP_UDP},
				  .now_ms = 1000000};
	rq.contacts[0] = *c;
	(void)addr_parse(SLICE("192.0.2.9:5060"), 0, &rq.flow.remote);
	int rc = directory_register(d, SLICE("05010000014"), &rq, &arena, &o);
	return rc ? rc : o.code == 200 ? 0 : ERR_NOMEM;
}

static int directories(void)
{
	const struct directory_params p = {.hash_key = &hash_key};
	struct directory_number n = {
		.number = "05010000014", .account = "10000012", .customer = "C1", .channels = 2};
	struct reg_contact c = {.uri_text = SLICE("sip:a@192.0.2.9:5060"),
				.expires_s = 3600,
				.q_thousandths = 1000};
	struct directory *d = NULL;

	(void)sip_uri_parse(c.uri_text, &c.uri);
	int rc = directory_new(&p, &d);
	if (rc == 0)
		rc = directory_put(d, &n);
	if (rc == 0)
		rc = register_one(d, &c);
	directory_free(d);
	return rc;
}

static void test_directory(void **state)
{
	(void)state;
	play_both(directories);
}

/* --- what writes bindings and records, on a store of its own (whose memory does not fail) */

static char store_path[] = "/tmp/opengate-oom-XXXXXX/oom.db";

static void store_files_remove(void)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", ".queue", ".queue.new"};
	char path[64];

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", store_path, suffixes[i]);
		unlink(path);
	}
}

/* A flush comes back, whatever there is no memory for: with success, or with a word. */
static int writers(void)
{
	const struct store_binding b = {
		.number = SLICE("0501"), .key = SLICE("k"), .bytes = SLICE("b")};
	struct writer *w = NULL;
	int rc = writer_new(store_path, 8192, NULL, NULL, &w);

	if (rc == 0)
		rc = writer_binding_put(w, &b);
	if (rc == 0)
		rc = writer_flush(w);
	if (w)
		writer_free(w);
	store_files_remove();
	return rc;
}

static void test_writer(void **state)
{
	(void)state;
	*strrchr(store_path, '/') = '\0';
	assert_non_null(mkdtemp(store_path));
	store_path[strlen(store_path)] = '/';
	play_both(writers);
	*strrchr(store_path, '/') = '\0';
	rmdir(store_path);
}

/* --- a whole shard, on the kernel's own sockets */

struct server {
	struct loop *loop;
	struct directory *directory;
	struct event_stream *events;
	struct shard_set *set;
	struct shard *shard;
	struct shard_config config;
	uint16_t port;
};

static void wake(void *ctx, uint16_t shard)
{
	struct server *s = ctx;

	(void)shard;
	loop_wake(s->loop);
}

static void server_fini(struct server *s)
{
	if (s->shard)
		shard_free(s->shard);
	if (s->set)
		shard_set_free(s->set);
	if (s->events)
		event_stream_free(s->events);
	directory_free(s->directory);
	if (s->loop)
		loop_free(s->loop);
}

static struct shard_config config_make(void)
{
	struct shard_config c = {
		.domain = "sip.example.jp",
		.server_name = "OpenGate",
		.expires_min_s = 60,
		.expires_max_s = 7200,
		.expires_default_s = 3600,
		.nonce_life_s = 300,
		.ring_limit_s = 180,
		.calls_max = 20,
		.media_port_first = 30000,
		.media_port_last = 30099,
	};

	(void)addr_parse_ip(SLICE("127.0.0.1"), &c.media4);
	return c;
}

static int shard_start(struct server *s)
{
	char text[256] = "";
	struct shard_params p = {
		.count = 1,
		.io = loop_io(s->loop),
		.directory = s->directory,
		.events = s->events,
		.config = &s->config,
		.listener_count = 1,
		.inboxes = shard_set_inboxes(s->set),
		.wake = wake,
		.wake_ctx = s,
	};

	p.listeners[0].transport = SIP_UDP;
	(void)addr_parse_ip(SLICE("127.0.0.1"), &p.listeners[0].bind);
	p.listeners[0].bind.port = s->port;
	return shard_new(&p, &s->shard, text, sizeof(text));
}

static int server_init(struct server *s)
{
	const struct directory_params dp = {.hash_key = &hash_key};
	int rc = loop_new(&s->loop);

	if (rc == 0)
		rc = directory_new(&dp, &s->directory);
	if (rc == 0)
		rc = event_stream_new(1, 65536, NULL, NULL, &s->events);
	if (rc == 0)
		rc = shard_set_new(1, 65536, wake, s, &s->set);
	return rc ? rc : shard_start(s);
}

/* Some port that is free now. */
static uint16_t free_port(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&a, n) == 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	close(fd);
	return ntohs(a.sin_port);
}

static void requests_send(int fd, uint16_t port)
{
	static const char *const methods[] = {"OPTIONS", "REGISTER", "INVITE", "BYE"};
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	char text[1024];

	for (int i = 0; i < 4; i++) {
		int n = snprintf(text, sizeof(text),
				 "%s sip:sip.example.jp SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;"
				 "branch=z9hG4bK%d\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\n"
				 "Call-ID: c%d\r\nCSeq: 1 %s\r\nContent-Length: 0\r\n\r\n",
				 methods[i], i, i, methods[i]);
		(void)!sendto(fd, text, (size_t)n, 0, (struct sockaddr *)&to, sizeof(to));
	}
}

/* Requests that cannot be dealt with are refused or lost; the shard goes on all the same. */
static int shards(void)
{
	struct server s = {.config = config_make(), .port = free_port()};
	int fd = socket(AF_INET, SOCK_DGRAM, 0), rc = server_init(&s);
	char text[256];

	if (rc == 0) {
		requests_send(fd, s.port);
		for (int i = 0; i < 4; i++)
			(void)loop_turn(s.loop, 0);
		rc = shard_check(s.shard, text, sizeof(text));
	}
	close(fd);
	server_fini(&s);
	return rc;
}

static void test_shard(void **state)
{
	(void)state;
	play_both(shards);
}

/* --- announcements */

static char sounds_folder[32];

static void make_sounds(void)
{
	static const char wav[] = "RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x07\0\x01\0\x40\x1f\0\0"
				  "\x40\x1f\0\0\x01\0\x08\0data\x02\0\0\0\xff\xff";
	char path[64];

	strcpy(sounds_folder, "/tmp/opengate-oom-XXXXXX");
	assert_non_null(mkdtemp(sounds_folder));
	snprintf(path, sizeof(path), "%s/busy.wav", sounds_folder);
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	fwrite(wav, 1, sizeof(wav) - 1, f);
	fclose(f);
}

static int sounds(void)
{
	struct sounds *s;
	char text[256];
	int err = announcements_load(sounds_folder, &s, text, sizeof(text));

	if (err == 0)
		sounds_free(s);
	return err;
}

static void test_sounds(void **state)
{
	char path[64];

	(void)state;
	make_sounds();
	play_both(sounds);
	snprintf(path, sizeof(path), "%s/busy.wav", sounds_folder);
	unlink(path);
	rmdir(sounds_folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base),   cmocka_unit_test(test_directory),
		cmocka_unit_test(test_writer), cmocka_unit_test(test_shard),
		cmocka_unit_test(test_sounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
