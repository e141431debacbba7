/* Records in bulk, prices and statements through the table of routes. */
#include "fixture.h"

#include "base/clock.h"
#include "base/day.h"
#include "store/keeper.h"

#include <string.h>
#include <time.h>

#define MONTH "2026-10"

static int64_t at(const char *day, int minute)
{
	int32_t d = 0;
	assert_int_equal(day_parse(slice_str(day), &d), 0);
	return day_start_ms(d) + (int64_t)minute * 60000;
}

static void put_way(struct fixture *f, int64_t start_ms, const char *from, const char *to,
		    int seconds, const char *dialled, const char *direction)
{
	struct store_record r = {.id = (uint64_t)start_ms << 22,
				 .from = slice_str(from),
				 .to = slice_str(to),
				 .dialled = slice_str(dialled),
				 .customer = SLICE("C1"),
				 .started_at = start_ms,
				 .answered_at = seconds ? start_ms + 5000 : 0,
				 .ended_at = start_ms + 5000 + seconds * 1000,
				 .sip_code = seconds ? 200 : 486,
				 .reason = seconds ? SLICE("normal") : SLICE("busy"),
				 .ended_by = SLICE("caller"),
				 .direction = slice_str(direction),
				 .trunk = strcmp(direction, "internal") ? SLICE("carrier")
									: SLICE_NONE,
				 .withheld = strcmp(direction, "in") == 0};
	assert_int_equal(store_record_add(f->api.store, &r), 0);
}

static void put(struct fixture *f, int64_t start_ms, const char *from, const char *to, int seconds,
		const char *dialled)
{
	put_way(f, start_ms, from, to, seconds, dialled,
		strncmp(to, "0501", 4) == 0 ? "internal" : "out");
}

#define LIST                                                                                       \
	"class,country,price,unit\r\non_net,,0,1\r\nmobile,,16,60\r\ngeographic,,8,180\r\n"        \
	",US,9,60\r\n"

/* A customer with a number since long ago, and a month of calls. */
static void fill(struct fixture *f)
{
	add(f);
	assert_int_equal(sqlite3_exec(f->api.store->db, "UPDATE channel_history SET at_ms = 0",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	f->asked = (struct asked){{{"from", "2026-01-01"}}, 1};
	assert_int_equal(ask(f, "POST", "/api/v1/prices", LIST), 201);
	put(f, at("2026-09-30", 24 * 60 - 1), "05010000014", "0312345678", 60, "0312345678");
	put(f, at("2026-10-01", 0), "05010000014", "0312345678", 181, "0312345678");
	put(f, at("2026-10-05", 1), "05010000014", "09012345678", 60, "=1+1");
	put(f, at("2026-10-05", 2), "05010000014", "09012345678", 0, "\"x\",\xff");
	put(f, at("2026-10-31", 24 * 60 - 1), "05010000014", "01012125551234", 61,
	    "01012125551234");
	put(f, at("2026-11-01", 0), "05010000014", "0312345678", 60, "0312345678");
	put(f, at("2026-10-07", 0), "05010000022", "05010000014", 60, "05010000014");
	/* A call from the network that says it is this number's: nobody pays it. */
	put_way(f, at("2026-10-08", 0), "05010000014", "05010000014", 600, "", "in");
}

/* All of it, read in pieces of that size. */
static char *streamed(struct fixture *f, size_t piece)
{
	char *all = calloc(1, 1 << 20), *at = all;
	ssize_t n;

	assert_non_null(f->r.stream);
	while ((n = f->r.stream->read(f->r.stream, at, piece)) > 0)
		at += n;
	assert_int_equal(n, 0);
	f->r.stream->free(f->r.stream);
	f->r.stream = NULL;
	return all;
}

static size_t lines(const char *text)
{
	size_t n = 0;
	for (; (text = strstr(text, "\r\n")) != NULL; text += 2)
		n++;
	return n;
}

static void test_export_csv(void **state)
{
	struct fixture *f = *state;

	fill(f);
	f->asked = (struct asked){{{"from", "2026-10-01"}, {"to", "2026-10-31"}}, 2};
	assert_int_equal(ask(f, "GET", "/api/v1/records/export", ""), 200);
	char *text = streamed(f, 7);
	assert_int_equal(lines(text), 7);
	assert_ptr_equal(strstr(text, "id,started_at,"), text);
	assert_non_null(strstr(text, ",direction,trunk,withheld,detail,forward,call\r\n"));
	assert_non_null(strstr(text, ",\"out\",\"carrier\",no,\"\",\"\","));
	assert_non_null(strstr(text, ",\"in\",\"carrier\",yes,\"\",\"\","));
	assert_non_null(strstr(text, ",ip_phone,,,,"));
	/* by what it was when it began in Japan; with its price and rate */
	assert_non_null(strstr(text, ",2026-09-30T15:00:00.000Z,"));
	assert_null(strstr(text, "2026-09-30T14:59"));
	assert_non_null(strstr(text, ",geographic,,16,10,"));
	assert_non_null(strstr(text, ",international,US,18,0,"));
	/* no formula, no way out of the quotes, no broken UTF-8 */
	assert_non_null(strstr(text, ",\"'=1+1\",\"C1\","));
	assert_non_null(strstr(text, ",\"\"\"x\"\",?\","));
	free(text);
}

static void test_export_json(void **state)
{
	struct fixture *f = *state;

	fill(f);
	f->asked = (struct asked){
		{{"before", "2026-11-01"}, {"format", "json"}, {"number", "050-1000-0022"}}, 3};
	assert_int_equal(ask(f, "GET", "/api/v1/records/export", ""), 200);
	char *text = streamed(f, 100);
	json_t *o = json_loads(text, 0, NULL), *rows = json_object_get(o, "records");
	assert_int_equal(json_array_size(rows), 1);
	const json_t *row = json_array_get(rows, 0);
	assert_string_equal(json_string_value(json_object_get(row, "from")), "05010000022");
	assert_string_equal(json_string_value(json_object_get(row, "charge_yen")), "0");
	json_decref(o);
	free(text);
}

/* More than a page, without one missing. */
static void test_export_pages(void **state)
{
	struct fixture *f = *state;

	add(f);
	assert_int_equal(store_begin(f->api.store), 0);
	for (int i = 0; i < 1300; i++)
		put(f, at("2026-10-01", i), "05010000014", "0312345678", 1, "0312345678");
	assert_int_equal(store_commit(f->api.store), 0);
	f->asked = (struct asked){{{"from", "2026-10-01"}, {"to", "2026-10-01"}}, 2};
	assert_int_equal(ask(f, "GET", "/api/v1/records/export", ""), 200);
	char *text = streamed(f, 65536);
	assert_int_equal(lines(text), 1301);
	assert_non_null(strstr(text, ",2026-09-30T15:00:00.000Z,"));
	assert_non_null(strstr(text, ",2026-10-01T12:39:00.000Z,"));
	free(text);
	f->asked = (struct asked){{{"format", "json"}, {"before", "2026-01-01"}}, 2};
	assert_int_equal(ask(f, "GET", "/api/v1/records/export", ""), 200);
	text = streamed(f, 65536);
	assert_string_equal(text, "{\"records\":[\n]}\n");
	free(text);
}

static void test_export_refusals(void **state)
{
	static const struct {
		struct query_value v[2];
		const char *field;
	} rows[] = {
		{{{"from", "tomorrow"}}, "from"},
		{{{"to", "2026-02-30"}}, "to"},
		{{{"from", "2026-10-02"}, {"to", "2026-10-01"}}, "to"},
		{{{"to", "2026-10-02"}, {"before", "2026-10-01"}}, "before"},
		{{{"format", "xml"}}, "format"},
		{{{"number", "0312345678"}}, "number"},
		{{{"customer", "c' OR 1"}}, "customer"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memcpy(f->asked.values, rows[i].v, sizeof(rows[i].v));
		f->asked.count = rows[i].v[1].key ? 2 : 1;
		assert_int_equal(ask(f, "GET", "/api/v1/records/export", ""), 400);
		assert_string_equal(answered(f, "field"), rows[i].field);
		assert_null(f->r.stream);
	}
}

static void test_prune(void **state)
{
	struct fixture *f = *state;
	struct keeper_params p = {.path = f->path};
	char month[64], day[DAY_CHARS + 1];

	fill(f);
	assert_int_equal(keeper_new(&p, &f->api.p.keeper), 0);
	assert_int_equal(ask(f, "POST", "/api/v1/records/prune", "{\"before\":\"soon\"}"), 400);
	/* the running month stays */
	day_text(day_first_of_month(day_of(clock_wall_ms())) + 1, day);
	snprintf(month, sizeof(month), "{\"before\":\"%s\"}", day);
	assert_int_equal(ask(f, "POST", "/api/v1/records/prune", month), 400);
	assert_int_equal(ask(f, "POST", "/api/v1/records/prune", "{\"before\":\"2026-10-07\"}"),
			 202);
	do {
		const struct timespec pause = {.tv_nsec = 5000000};
		nanosleep(&pause, NULL);
		assert_int_equal(ask(f, "GET", "/api/v1/records/prune", ""), 200);
	} while (json_is_true(json_object_get(f->r.json, "running")));
	assert_int_equal(json_integer_value(json_object_get(f->r.json, "deleted")), 4);
	keeper_free(f->api.p.keeper);
	f->api.p.keeper = NULL;
}

static void test_price_list_refused(void **state)
{
	struct fixture *f = *state;

	add(f);
	assert_int_equal(ask(f, "POST", "/api/v1/prices", "price,unit\n8,180\n8,x\n"), 400);
	const json_t *row =
		json_array_get(json_object_get(json_object_get(f->r.json, "error"), "rows"), 0);
	assert_int_equal(json_integer_value(json_object_get(row, "line")), 3);
	assert_string_equal(json_string_value(json_object_get(row, "column")), "unit");
	assert_int_equal(ask(f, "GET", "/api/v1/prices", ""), 200);
	assert_int_equal(json_array_size(json_object_get(f->r.json, "lists")), 0);
	assert_int_equal(ask(f, "POST", "/api/v1/prices", LIST), 201);
	f->asked = (struct asked){{{"from", "2026-01-01"}}, 1};
	assert_int_equal(ask(f, "POST", "/api/v1/prices", LIST), 409);
}

static void test_price_check(void **state)
{
	struct fixture *f = *state;

	fill(f);
	f->asked = (struct asked){
		{{"number", "05010000014"}, {"dialled", "+1 212 555 1234"}, {"seconds", "121"}}, 3};
	assert_int_equal(ask(f, "GET", "/api/v1/prices/check", ""), 200);
	assert_string_equal(answered(f, "charge_yen"), "27");
	assert_string_equal(answered(f, "country"), "US");
	f->asked = (struct asked){{{"number", "05010000014"}, {"dialled", "0120123456"}}, 2};
	assert_int_equal(ask(f, "GET", "/api/v1/prices/check", ""), 200);
	assert_null(answered(f, "charge_yen"));
	f->asked = (struct asked){{{"number", "05099999999"}, {"dialled", "117"}}, 2};
	assert_int_equal(ask(f, "GET", "/api/v1/prices/check", ""), 404);
}

static unsigned ask_statement(struct fixture *f, const char *format)
{
	f->asked = (struct asked){{{"month", MONTH}, {"format", format}}, 2};
	return ask(f, "GET", "/api/v1/statements/C1", "");
}

static void test_statement(void **state)
{
	struct fixture *f = *state;

	fill(f);
	assert_int_equal(sqlite3_exec(f->api.store->db, "UPDATE channel_history SET channels = 5",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	/* of October: 16 + 16 yen with tax, 18 without, three channels of 180; on net free */
	assert_int_equal(ask_statement(f, "json"), 200);
	assert_int_equal(json_array_size(json_object_get(f->r.json, "calls")), 3);
	assert_int_equal(json_integer_value(json_object_get(f->r.json, "net_yen")), 572 + 18);
	assert_int_equal(json_integer_value(json_object_get(f->r.json, "tax_yen")), 57);
	assert_int_equal(json_integer_value(json_object_get(f->r.json, "total_yen")), 647);
	assert_int_equal(ask_statement(f, "csv"), 200);
	assert_non_null(strstr(f->r.text, "calls,05010000014,international,US,1,61.000,,18,0\r\n"));
	assert_non_null(strstr(f->r.text, "total,,,,,,,647,\r\n"));
	assert_int_equal(ask_statement(f, "text"), 200);
	assert_non_null(strstr(f->r.text, "ご利用明細 2026年10月分"));
	assert_non_null(strstr(f->r.text, "アメリカ合衆国"));
	assert_non_null(strstr(f->r.text, "050-1000-0014"));
	f->asked = (struct asked){{{"month", MONTH}, {"format", "text"}, {"language", "en"}}, 3};
	assert_int_equal(ask(f, "GET", "/api/v1/statements/C1", ""), 200);
	assert_non_null(strstr(f->r.text, "United States"));
}

/* The part of a call that C1's number forwards, to there; the first part is the call `of`. */
static void put_forwarded(struct fixture *f, int64_t start_ms, const char *to,
			  const char *direction, int64_t of_ms)
{
	struct store_record r = {.id = (uint64_t)start_ms << 22,
				 .call = (uint64_t)of_ms << 22,
				 .forward = SLICE("busy"),
				 .from = SLICE("05010000014"),
				 .to = slice_str(to),
				 .dialled = slice_str(to),
				 .customer = SLICE("C1"),
				 .started_at = start_ms,
				 .answered_at = start_ms + 5000,
				 .ended_at = start_ms + 5000 + 61000,
				 .sip_code = 200,
				 .reason = SLICE("normal"),
				 .direction = slice_str(direction)};
	assert_int_equal(store_record_add(f->api.store, &r), 0);
}

static int64_t charged(struct fixture *f)
{
	assert_int_equal(ask_statement(f, "json"), 200);
	return json_integer_value(json_object_get(f->r.json, "net_yen"));
}

/* The caller from the network pays nothing, who forwards pays his part like any call of his. */
static void test_forwarded_call(void **state)
{
	int64_t start = at("2026-10-20", 0);
	struct fixture *f = *state;
	char call[17];

	fill(f);
	int64_t before = charged(f);
	put_way(f, start, "0312345678", "05010000014", 70, "05010000014", "in");
	assert_int_equal(charged(f), before);
	put_forwarded(f, start + 1, "09012345678", "out", start);
	assert_int_equal(charged(f), before + 2 * 16);
	put_forwarded(f, start + 2, "05010000022", "internal", start);
	assert_int_equal(charged(f), before + 2 * 16);
	/* it stays his whatever is said of the way that the caller came */
	put_forwarded(f, start + 3, "0312345678", "in", start);
	assert_int_equal(charged(f), before + 2 * 16 + 8);

	snprintf(call, sizeof(call), "%016llx", (unsigned long long)start << 22);
	f->asked = (struct asked){{{"call", call}}, 1};
	assert_int_equal(ask(f, "GET", "/api/v1/records", ""), 200);
	char *text = f->r.text;
	json_t *o = json_loads(text, 0, NULL), *rows = json_object_get(o, "records");
	assert_int_equal(json_array_size(rows), 4);
	const json_t *part = json_array_get(rows, 2), *first = json_array_get(rows, 3);
	assert_string_equal(json_string_value(json_object_get(part, "forward")), "busy");
	assert_string_equal(json_string_value(json_object_get(part, "call")), call);
	assert_string_equal(json_string_value(json_object_get(first, "call")), call);
	assert_string_equal(json_string_value(json_object_get(part, "forward_ja")), "話中時転送");
	assert_true(json_is_null(json_object_get(first, "forward")));
	assert_true(json_is_null(json_object_get(first, "forward_ja")));
	json_decref(o);
	f->asked = (struct asked){{{"call", "12"}}, 1};
	assert_int_equal(ask(f, "GET", "/api/v1/records", ""), 400);
	assert_string_equal(answered(f, "field"), "call");

	f->asked = (struct asked){{{"from", "2026-10-20"}, {"to", "2026-10-20"}}, 2};
	assert_int_equal(ask(f, "GET", "/api/v1/records/export", ""), 200);
	text = streamed(f, 100);
	char end[64];
	snprintf(end, sizeof(end), ",\"\",\"busy\",%s\r\n", call);
	assert_non_null(strstr(text, end));
	assert_non_null(strstr(text, ",mobile,,32,10,"));
	free(text);
}

static void test_statement_refusals(void **state)
{
	struct fixture *f = *state;

	fill(f);
	f->asked = (struct asked){{{"month", MONTH}}, 1};
	assert_int_equal(ask(f, "GET", "/api/v1/statements/C2", ""), 404);
	assert_int_equal(ask(f, "GET", "/api/v1/statements/C1", ""), 400);
	assert_string_equal(answered(f, "field"), "month");
	f->asked = (struct asked){{{"month", "October"}}, 1};
	assert_int_equal(ask(f, "GET", "/api/v1/statements/C1", ""), 400);
	f->asked = (struct asked){{{"month", MONTH}, {"language", "fr"}}, 2};
	assert_int_equal(ask(f, "GET", "/api/v1/statements/C1", ""), 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_export_csv),	    TEST(test_export_json), TEST(test_export_pages),
		TEST(test_export_refusals), TEST(test_prune),	    TEST(test_price_list_refused),
		TEST(test_price_check),	    TEST(test_statement),   TEST(test_statement_refusals),
		TEST(test_forwarded_call),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
