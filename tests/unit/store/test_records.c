#include "fixture.h"

static struct store_record a_record(uint64_t id, const char *from, const char *to,
				    int64_t started_at)
{
	return (struct store_record){
		.id = id,
		.from = slice_str(from),
		.to = slice_str(to),
		.dialled = SLICE("0312345678"),
		.customer = SLICE("C1"),
		.started_at = started_at,
		.ringing_at = started_at + 1,
		.answered_at = started_at + 2,
		.ended_at = started_at + 3,
		.sip_code = 486,
		.reason = SLICE("busy"),
		.reason_text = SLICE("The callee is busy."),
		.ended_by = SLICE("callee"),
		.codec = SLICE("PCMU"),
		.direction = SLICE("out"),
		.trunk = SLICE("carrier-a"),
		.withheld = true,
		.has_media = true,
		.a_to_b = {.packets = UINT32_MAX + 1ull,
			   .lost = 2,
			   .jitter_ms = 1.25,
			   .mos = 4.4,
			   .r_factor = 93.2,
			   .longest_gap_ms = 40,
			   .reordered = 5,
			   .refused = 6},
		.b_to_a = {.packets = 11,
			   .lost = 12,
			   .jitter_ms = 13.5,
			   .mos = 1,
			   .r_factor = 17.5,
			   .longest_gap_ms = 140,
			   .reordered = 15,
			   .refused = 16},
	};
}

static void assert_quality(const struct store_quality *got, const struct store_quality *want)
{
	assert_true(got->packets == want->packets && got->lost == want->lost);
	assert_true(got->jitter_ms >= want->jitter_ms && got->jitter_ms <= want->jitter_ms);
	assert_true(got->mos >= want->mos && got->mos <= want->mos);
	assert_true(got->r_factor >= want->r_factor && got->r_factor <= want->r_factor);
	assert_true(got->longest_gap_ms == want->longest_gap_ms);
	assert_true(got->reordered == want->reordered && got->refused == want->refused);
}

static int compare(void *ctx, const struct store_record *got)
{
	const struct store_record *want = ctx;

	assert_true(got->id == want->id);
	assert_true(slice_eq(got->from, want->from) && slice_eq(got->to, want->to));
	assert_true(slice_eq(got->direction, want->direction) &&
		    slice_eq(got->trunk, want->trunk) && got->withheld == want->withheld);
	assert_true(slice_eq(got->dialled, want->dialled) &&
		    slice_eq(got->customer, want->customer));
	assert_true(got->started_at == want->started_at && got->ringing_at == want->ringing_at);
	assert_true(got->answered_at == want->answered_at && got->ended_at == want->ended_at);
	assert_int_equal(got->sip_code, want->sip_code);
	assert_true(slice_eq(got->reason, want->reason) &&
		    slice_eq(got->reason_text, want->reason_text));
	assert_true(slice_eq(got->ended_by, want->ended_by) && slice_eq(got->codec, want->codec));
	assert_int_equal(got->has_media, want->has_media);
	assert_quality(&got->a_to_b, &want->a_to_b);
	assert_quality(&got->b_to_a, &want->b_to_a);
	return 1;
}

static void test_what_was_put_comes_back(void **state)
{
	struct fixture *f = *state;
	struct store_record r = a_record(UINT64_MAX - 5, "0501", "0502", 1000);

	assert_int_equal(store_record_add(f->s, &r), 0);
	r.sip_code = 200;
	assert_int_equal(store_record_add(f->s, &r), 0);
	fixture_reopen(f);
	assert_int_equal(store_record_each(f->s, &(struct store_record_query){0}, compare, &r), 1);
}

static int append(void *ctx, const struct store_record *r)
{
	char *text = ctx;

	snprintf(text + strlen(text), 64 - strlen(text), "%u ", (unsigned)r->id);
	return 0;
}

static void test_queries(void **state)
{
	const struct {
		struct store_record_query q;
		const char *want;
	} rows[] = {
		{{.since_ms = 0}, "5 4 3 2 1 "},
		{{.limit = 2}, "5 4 "},
		{{.since_ms = 300}, "5 4 3 "},
		{{.number = SLICE("0501")}, "5 3 2 1 "},
		{{.number = SLICE("0501"), .limit = 3}, "5 3 2 "},
		{{.number = SLICE("0501"), .since_ms = 200, .limit = 9}, "5 3 2 "},
		{{.number = SLICE("0509")}, ""},
		{{.id = 3}, "3 "},
		{{.id = 3, .number = SLICE("0501")}, "3 "},
		{{.id = 3, .number = SLICE("0502")}, "3 "},
		{{.id = 3, .number = SLICE("0503")}, ""},
		{{.id = 3, .since_ms = 301}, ""},
		{{.id = 9}, ""},
	};
	const struct store_record records[] = {
		a_record(1, "0501", "0502", 100), a_record(3, "0502", "0501", 300),
		a_record(2, "0501", "0501", 200), a_record(4, "0502", "0503", 400),
		a_record(5, "0501", "0503", 400),
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < 5; i++)
		assert_int_equal(store_record_add(f->s, &records[i]), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[64] = "";

		assert_int_equal(store_record_each(f->s, &rows[i].q, append, text), 0);
		assert_string_equal(text, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_what_was_put_comes_back), TEST(test_queries)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
