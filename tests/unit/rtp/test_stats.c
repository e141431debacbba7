#include "rtp/rtp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

/* Packets of 20 ms and 172 bytes that arrive as they were sent. */
static void add(struct rtp_stats *s, uint32_t ssrc, uint32_t seq)
{
	struct rtp_header h = {
		.ssrc = ssrc, .seq = (uint16_t)seq, .timestamp = seq * 160, .payload_bytes = 160};
	rtp_stats_add(s, &h, 172, (int64_t)seq * 20000, 8000);
}

struct want {
	uint64_t expected, lost, loss_events, reordered, duplicates;
};

static void check(const struct rtp_stats *s, const struct want *want)
{
	assert_int_equal(s->expected, want->expected);
	assert_int_equal(s->lost, want->lost);
	assert_int_equal(s->loss_events, want->loss_events);
	assert_int_equal(s->bursts, want->lost - want->loss_events);
	assert_int_equal(s->reordered, want->reordered);
	assert_int_equal(s->duplicates, want->duplicates);
}

#define B 100000 /* 65536 + 34464 */

static void test_sequences(void **state)
{
	static const struct {
		uint32_t seq[16]; /* ends at 0 */
		struct want want;
	} rows[] = {
		{{B}, {1, 0, 0, 0, 0}},
		{{B, B + 1, B + 2}, {3, 0, 0, 0, 0}},
		{{B, B + 2}, {3, 1, 1, 0, 0}},
		{{B, B + 5}, {6, 4, 1, 0, 0}},
		{{B, B + 2, B + 4}, {5, 2, 2, 0, 0}},
		{{B, B}, {1, 0, 0, 0, 1}},
		{{B, B + 2, B + 1}, {3, 0, 0, 1, 0}},
		{{B, B + 2, B + 1, B + 1, B}, {3, 0, 0, 1, 2}},
		{{B, B + 4, B + 1}, {5, 2, 1, 1, 0}}, /* the run of losses gets shorter */
		{{B, B + 4, B + 3}, {5, 2, 1, 1, 0}},
		{{B, B + 4, B + 2}, {5, 2, 2, 1, 0}}, /* split in two */
		{{B, B + 4, B + 2, B + 1, B + 3}, {5, 0, 0, 3, 0}},
		{{B + 1, B}, {2, 0, 0, 1, 0}}, /* the first to arrive was not the first sent */
		{{B + 3, B}, {4, 2, 1, 1, 0}},
		{{B + 3, B, B + 2, B + 1, B + 1}, {4, 0, 0, 3, 1}},
		{{B, B + 63, B + 1}, {64, 61, 1, 1, 0}},
		{{B, B + 64, B}, {65, 63, 1, 1, 0}}, /* behind the window: duplicate or not? */
		{{B, B + 100, B + 1}, {101, 99, 1, 1, 0}},
		{{B, B + 2999}, {3000, 2998, 1, 0, 0}},
		{{B, B + 3000}, {1, 0, 0, 0, 0}}, /* a stray one */
		{{B, B + 9000, B + 1}, {2, 0, 0, 0, 0}},
		{{B, B + 9000, B + 9001, B + 9002}, {4, 0, 0, 0, 0}}, /* started anew */
		{{B, B + 9000, B + 9001, B + 9000}, {3, 0, 0, 0, 1}},
		{{B, B + 9000, B + 9002, B + 9003}, {3, 0, 0, 0, 0}},
		{{B, B + 65535, B + 65536}, {2, 0, 0, 1, 1}}, /* one turn of the counter */
		{{131071, 131072, 131074}, {4, 1, 1, 0, 0}},  /* 65535, 0, 2 */
		{{131072, 131071}, {2, 0, 0, 1, 0}},	      /* 0, 65535 */
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rtp_stats s = {0};
		for (size_t k = 0; rows[i].seq[k]; k++)
			add(&s, 1, rows[i].seq[k]);
		check(&s, &rows[i].want);
	}
}

static void test_totals(void **state)
{
	struct rtp_stats s = {0};
	(void)state;
	for (uint32_t i = 0; i < 200000; i++)
		add(&s, 1, 1000 + i);
	check(&s, &(struct want){200000, 0, 0, 0, 0});
	assert_int_equal(s.packets, 200000);
	assert_int_equal(s.bytes, 200000 * 172);
	assert_int_equal(s.cycles >> 16, 1 + (1000 + 199999) / 65536);
	assert_int_equal(s.first_us, 1000 * 20000);
	assert_int_equal(s.last_us, (int64_t)(1000 + 199999) * 20000);
	assert_int_equal(s.longest_gap_us, 20000);
	assert_true(s.jitter_max_us < 0.001);
}

static void test_ssrc_change(void **state)
{
	struct rtp_stats s = {0};
	(void)state;
	add(&s, 1, 10);
	add(&s, 1, 12);
	add(&s, 2, 40000);
	add(&s, 2, 40001);
	add(&s, 2, 40004);
	check(&s, &(struct want){8, 3, 2, 0, 0});
	assert_int_equal(s.ssrc_changes, 1);
	assert_int_equal(s.ssrc, 2);
	assert_true(s.jitter_max_us < 0.001);
	assert_int_equal(s.longest_gap_us, 60000);
}

/* Hold: neither the silence nor the jump of numbers counts. */
static void test_break(void **state)
{
	struct rtp_stats s = {0};
	(void)state;
	add(&s, 1, 10);
	add(&s, 1, 11);
	rtp_stats_break(&s);
	add(&s, 1, 500);
	add(&s, 1, 501);
	check(&s, &(struct want){4, 0, 0, 0, 0});
	assert_int_equal(s.ssrc_changes, 0);
	assert_int_equal(s.longest_gap_us, 20000);
	rtp_stats_break(&s);
	add(&s, 3, 600);
	assert_int_equal(s.ssrc_changes, 1);
}

struct timed {
	uint32_t timestamp;
	int64_t arrival_us;
	uint32_t clock_hz;
};

static struct rtp_stats timed_run(const struct timed *v, size_t count)
{
	struct rtp_stats s = {0};
	for (size_t i = 0; i < count; i++) {
		struct rtp_header h = {.ssrc = 1, .seq = (uint16_t)i, .timestamp = v[i].timestamp};
		rtp_stats_add(&s, &h, 100, v[i].arrival_us, v[i].clock_hz);
	}
	return s;
}

static void test_jitter(void **state)
{
	static const struct {
		struct timed packets[5];
		double want_us;
	} rows[] = {
		{{{0, 0, 8000}, {160, 20000, 8000}}, 0},
		{{{0, 0, 0}, {160, 20000, 0}}, 0}, /* 8000 when unknown */
		{{{0, 0, 48000}, {960, 20000, 48000}}, 0},
		{{{0, 0, 8000}, {160, 36000, 8000}}, 1000},
		{{{160, 0, 8000}, {320, 4000, 8000}}, 1000},
		{{{0, 0, 8000}, {160, 36000, 8000}, {320, 56000, 8000}}, 937.5},
		{{{0xffffff60, 0, 8000}, {0, 20000, 8000}}, 0}, /* the timestamp wraps */
		/* an RFC 4733 event: one timestamp for 60 ms, then audio again */
		{{{0, 0, 8000}, {0, 20000, 8000}, {0, 40000, 8000}, {480, 60000, 8000}}, 0},
		/* the event among the audio */
		{{{0, 0, 8000}, {160, 20000, 8000}, {0, 21000, 8000}, {320, 40000, 8000}}, 0},
		/* another clock */
		{{{0, 0, 8000}, {99999, 20000, 48000}, {99999 + 960, 40000, 48000}}, 0},
		/* the sender's clock jumps forward and backward */
		{{{0, 0, 8000}, {800000, 20000, 8000}, {800160, 40000, 8000}}, 0},
		{{{800000, 0, 8000}, {0, 20000, 8000}, {160, 40000, 8000}}, 0},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t n = 1;
		while (n < 5 && rows[i].packets[n].arrival_us)
			n++;
		struct rtp_stats s = timed_run(rows[i].packets, n);
		assert_true(s.jitter_us > rows[i].want_us - 0.001);
		assert_true(s.jitter_us < rows[i].want_us + 0.001);
		assert_true(s.jitter_max_us >= s.jitter_us);
	}
}

static void test_gap(void **state)
{
	static const struct timed v[] = {
		{0, 0, 0}, {160, 20000, 0}, {320, 900000, 0}, {480, 920000, 0}};
	struct rtp_stats s = timed_run(v, COUNT(v));
	(void)state;
	assert_int_equal(s.longest_gap_us, 880000);
}

/* A stream with losses, doubles and delays up to 50 numbers, against what a record of all arrivals
 * says. */
#define STREAM 5000

static uint32_t below(uint32_t *seed, uint32_t n)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % n;
}

struct arrival {
	uint32_t seq, place;
};

static int by_place(const void *a, const void *b)
{
	const struct arrival *x = a, *y = b;
	return x->place != y->place ? (x->place < y->place ? -1 : 1) : (int)x->seq - (int)y->seq;
}

static size_t make_stream(uint32_t *seed, struct arrival *v)
{
	size_t n = 0;
	bool losing = false;
	for (uint32_t seq = 0; seq < STREAM; seq++) {
		losing = below(seed, 10) == 0 ? !losing && below(seed, 3) == 0 : losing;
		if (losing)
			continue;
		v[n++] = (struct arrival){seq, seq + (below(seed, 8) ? 0 : below(seed, 50))};
		if (below(seed, 50) == 0)
			v[n++] = (struct arrival){seq, seq + below(seed, 10)};
	}
	qsort(v, n, sizeof *v, by_place);
	return n;
}

static struct want truth(const struct arrival *v, size_t n)
{
	static bool came[STREAM];
	uint32_t first = STREAM, last = 0;
	struct want want = {0};
	memset(came, 0, sizeof came);
	for (size_t i = 0; i < n; i++) {
		want.duplicates += came[v[i].seq];
		came[v[i].seq] = true;
		first = v[i].seq < first ? v[i].seq : first;
		last = v[i].seq > last ? v[i].seq : last;
	}
	for (uint32_t seq = first; seq <= last; seq++) {
		want.lost += !came[seq];
		want.loss_events += !came[seq] && came[seq - 1];
	}
	want.expected = last - first + 1;
	return want;
}

static void test_property(void **state)
{
	static struct arrival v[2 * STREAM];
	uint32_t seed = 1;
	(void)state;
	for (int round = 0; round < 200; round++) {
		struct rtp_stats s = {0};
		size_t n = make_stream(&seed, v);
		uint32_t base = below(&seed, 65536);
		for (size_t i = 0; i < n; i++)
			add(&s, 9, base + v[i].seq);
		struct want want = truth(v, n);
		want.reordered = s.reordered;
		check(&s, &want);
		assert_int_equal(s.packets, n);
		assert_int_equal(s.expected - s.lost, n - s.duplicates);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sequences),   cmocka_unit_test(test_totals),
		cmocka_unit_test(test_ssrc_change), cmocka_unit_test(test_break),
		cmocka_unit_test(test_jitter),	    cmocka_unit_test(test_gap),
		cmocka_unit_test(test_property),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
