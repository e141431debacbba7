/*
 * What a number with a registration costs: bytes, and nanoseconds of the questions that a call or a
 * REGISTER asks. bench_directory [numbers, 1000000] [database, /tmp/opengate-bench.db]
 */
#include "directory/directory.h"
#include "base/err.h"
#include "sip/value.h"

#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define NOW 1700000000000

static double wall_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void check(int r, const char *what)
{
	if (r == 0)
		return;
	fprintf(stderr, "%s: %d\n", what, r);
	exit(1);
}

static size_t heap_bytes(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

/* ---- one subscriber ---- */

static void fill_number(uint32_t i, struct directory_number *n)
{
	memset(n, 0, sizeof(*n));
	snprintf(n->number, sizeof(n->number), "050%08u", i);
	snprintf(n->account, sizeof(n->account), "%08u", 10000000 + i);
	snprintf(n->customer, sizeof(n->customer), "C%07u", i / 4);
	snprintf(n->realm, sizeof(n->realm), "sip.example.net");
	memcpy(n->ha1.md5, &i, sizeof(i));
	n->channels = 2;
}

struct phone {
	char contact[64], call_id[64], instance[64];
};

/* Half of the phones have an instance; all are behind NATs of their own. */
static void fill_register(uint32_t i, uint32_t cseq, struct phone *p, struct reg_request *rq)
{
	struct reg_contact *c = &rq->contacts[0];

	snprintf(p->contact, sizeof(p->contact), "sip:%08u@192.168.%u.%u:5060", 10000000 + i,
		 i >> 8 & 1, i & 255);
	snprintf(p->call_id, sizeof(p->call_id), "%08x-%08x-%08x@192.168.1.1", i, ~i, i * 7919);
	snprintf(p->instance, sizeof(p->instance), "<urn:uuid:00000000-0000-1000-8000-%012x>", i);
	rq->call_id = slice_str(p->call_id);
	rq->user_agent = SLICE("Yamaha NVR510/15.01.24");
	rq->path = SLICE_NONE;
	rq->cseq = cseq;
	rq->star = false;
	rq->contact_count = 1;
	rq->now_ms = NOW + cseq;
	rq->flow = (struct flow){
		.transport = SIP_UDP,
		.remote = {.ip = {100, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i},
			   .port = 5060,
			   .family = 4},
		.local = {.ip = {192, 0, 2, 1}, .port = 5060, .family = 4}};
	*c = (struct reg_contact){
		.uri_text = slice_str(p->contact), .expires_s = 3600, .q_thousandths = 1000};
	if (i & 1)
		c->instance = slice_str(p->instance);
	check(sip_uri_parse(c->uri_text, &c->uri), "sip_uri_parse");
}

static void register_all(struct directory *d, uint32_t count, uint32_t cseq)
{
	static char memory[65536];
	static struct reg_outcome outcome;
	static struct reg_request rq;
	char number[STORE_NUMBER_BYTES];

	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = (uint32_t)((uint64_t)i * 7368787 % count);
		struct arena arena;
		struct phone p;
		int r;

		arena_init(&arena, memory, sizeof(memory));
		snprintf(number, sizeof(number), "050%08u", at);
		fill_register(at, cseq, &p, &rq);
		while ((r = directory_register(d, slice_str(number), &rq, &arena, &outcome)) ==
		       ERR_AGAIN)
			usleep(1000);
		check(r, "directory_register");
		if (outcome.code != 200)
			check(outcome.code, "REGISTER refused");
	}
}

/* ---- figures ---- */

static void report(const char *what, double cpu, uint32_t count)
{
	printf("%-34s %8.0f ns each\n", what, cpu * 1e9 / count);
}

static void put_all(struct directory *d, uint32_t count)
{
	double start = cpu_s();

	for (uint32_t i = 0; i < count; i++) {
		struct directory_number n;

		fill_number(i, &n);
		check(directory_put(d, &n), "directory_put");
	}
	report("directory_put", cpu_s() - start, count);
}

static void ask_all(struct directory *d, uint32_t count)
{
	static char memory[65536];
	double start = cpu_s();
	struct reg_binding *bindings;
	uint32_t n;

	for (uint32_t i = 0; i < count; i++) {
		struct directory_number number;
		char account[16];

		snprintf(account, sizeof(account), "%08u",
			 10000000 + (uint32_t)((uint64_t)i * 7368787 % count));
		check(directory_by_account(d, slice_str(account), &number), "directory_by_account");
	}
	report("directory_by_account", cpu_s() - start, count);
	start = cpu_s();
	for (uint32_t i = 0; i < count; i++) {
		struct arena arena;
		char number[16];

		arena_init(&arena, memory, sizeof(memory));
		snprintf(number, sizeof(number), "050%08u",
			 (uint32_t)((uint64_t)i * 7368787 % count));
		check(directory_bindings(d, slice_str(number), NOW, &arena, &bindings, &n),
		      "directory_bindings");
	}
	report("directory_bindings", cpu_s() - start, count);
	start = cpu_s();
	for (uint32_t i = 0; i < count; i++) {
		char number[16];
		uint64_t holders[32];
		uint32_t held;

		snprintf(number, sizeof(number), "050%08u",
			 (uint32_t)((uint64_t)i * 7368787 % count));
		check(directory_channel_take(d, slice_str(number), i + 1, holders, &held),
		      "directory_channel_take");
		directory_channel_give(d, slice_str(number), i + 1);
	}
	report("directory_channel_take and give", cpu_s() - start, count);
}

static void signs_of_life(struct directory *d, uint32_t count)
{
	static struct directory_ping pings[1000];
	static struct reg_request rq;
	char number[STORE_NUMBER_BYTES];
	struct phone p;
	uint32_t pinged = 0, n;
	double start = cpu_s();

	for (uint32_t i = 0; i < count; i++) {
		fill_register((uint32_t)((uint64_t)i * 7368787 % count), 1, &p, &rq);
		if (!directory_keepalive(d, &rq.flow, KEEPALIVE_EMPTY, NOW, number))
			check(1, "directory_keepalive");
	}
	report("directory_keepalive", cpu_s() - start, count);
	start = cpu_s();
	for (int64_t now = NOW; now < NOW + 60000; now += 1000)
		while ((n = directory_pings_due(d, 0, 1, now, 25000, pings, 1000)) > 0)
			pinged += n;
	report("directory_pings_due", cpu_s() - start, pinged);
	start = cpu_s();
	for (int i = 0; i < 1000; i++)
		directory_pings_due(d, 0, 1, NOW + 59000, 25000, pings, 1000);
	printf("%-34s %8.0f ns a look\n", "directory_pings_due, none due", (cpu_s() - start) * 1e6);
}

/* ---- the store ---- */

static void fill_store(const char *path, uint32_t count)
{
	struct store_customer c = {.code = SLICE("C")};
	struct store *s;

	check(store_open(path, &s, NULL, 0), "store_open");
	check(store_begin(s), "store_begin");
	check(store_customer_put(s, &c), "store_customer_put");
	for (uint32_t i = 0; i < count; i++) {
		struct directory_number n;
		struct store_number row = {
			.customer = c.code,
			.realm = SLICE("sip.example.net"),
			.channels = 2,
			.option_hash =
				SLICE("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$"
				      "RdescudvJCsgt3ub+b1dWQJJTmaQDCqsPkC3l3lPRZw")};

		fill_number(i, &n);
		row.number = slice_str(n.number);
		row.account = slice_str(n.account);
		memcpy(row.ha1_md5, n.ha1.md5, sizeof(row.ha1_md5));
		check(store_number_put(s, &row), "store_number_put");
	}
	check(store_commit(s), "store_commit");
	store_close(s);
}

static double of_thread_s(void)
{
	struct rusage u;

	getrusage(RUSAGE_THREAD, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void persist_all(const char *path, const struct hash_key *key, uint32_t count)
{
	struct directory *d;
	struct writer *w;
	struct store *s;
	double cpu, own, wall;

	check(store_open(path, &s, NULL, 0), "store_open");
	check(writer_new(path, (size_t)8 << 20, NULL, NULL, &w), "writer_new");
	check(directory_new(&(struct directory_params){.hash_key = key, .writer = w}, &d),
	      "directory_new");
	check(directory_load(d, s, NOW), "directory_load");
	store_close(s);
	for (uint32_t cseq = 1; cseq <= 2; cseq++) {
		cpu = cpu_s();
		own = of_thread_s();
		wall = wall_s();
		register_all(d, count, cseq);
		check(writer_flush(w), "writer_flush");
		printf("%-34s %8.0f ns each, and %.0f ns of the writer's thread; %.1f s in all\n",
		       cseq == 1 ? "first REGISTER, persisted" : "refresh, persisted",
		       (of_thread_s() - own) * 1e9 / count,
		       (cpu_s() - cpu - (of_thread_s() - own)) * 1e9 / count, wall_s() - wall);
	}
	writer_free(w);
	directory_free(d);
}

static void load_all(const char *path, const struct hash_key *key)
{
	struct directory *d;
	struct store *s;
	double wall;
	size_t before = heap_bytes(), used;

	check(store_open(path, &s, NULL, 0), "store_open");
	check(directory_new(&(struct directory_params){.hash_key = key}, &d), "directory_new");
	wall = wall_s();
	check(directory_load(d, s, NOW), "directory_load");
	printf("%-34s %8.2f s for %llu numbers, %llu registrations\n", "directory_load",
	       wall_s() - wall, (unsigned long long)directory_numbers(d),
	       (unsigned long long)directory_registration_count(d));
	store_close(s);
	used = heap_bytes() - before;
	printf("%-34s %8.0f bytes each\n", "after loading",
	       (double)used / (double)directory_numbers(d));
	directory_free(d);
}

static void remove_files(const char *path)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", ".queue"};
	char name[256];

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		unlink(name);
	}
}

int main(int argc, char **argv)
{
	uint32_t count = argc > 1 ? (uint32_t)atoi(argv[1]) : 1000000;
	const char *path = argc > 2 ? argv[2] : "/tmp/opengate-bench.db";
	const struct hash_key key = {{1, 2, 3}};
	struct directory *d;
	size_t before = heap_bytes(), numbers;
	double start;

	check(directory_new(&(struct directory_params){.hash_key = &key}, &d), "directory_new");
	put_all(d, count);
	numbers = heap_bytes();
	start = cpu_s();
	register_all(d, count, 1);
	report("first REGISTER", cpu_s() - start, count);
	printf("%-34s %8.0f bytes a number, %.0f with its registration\n", "memory",
	       (double)(numbers - before) / count, (double)(heap_bytes() - before) / count);
	start = cpu_s();
	register_all(d, count, 2);
	report("refresh", cpu_s() - start, count);
	ask_all(d, count);
	signs_of_life(d, count);
	directory_free(d);
	malloc_trim(0);

	remove_files(path);
	fill_store(path, count);
	persist_all(path, &key, count);
	load_all(path, &key);
	remove_files(path);
	return 0;
}
