#include "fill.h"

#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ROUNDS	  200
#define CAP_BYTES ((size_t)256 * 1024)

/* A struct with storage behind its pointers. */
struct thing {
	const struct replica_table *t;
	void *p;
	void *behind[1 + CALL_BRANCHES_MAX];
	uint32_t behind_count;
};

static struct thing thing_new(const struct replica_table *t)
{
	struct thing thing = {.t = t, .p = calloc(1, t->bytes)};
	assert_non_null(thing.p);
	for (uint32_t i = 0; i < t->count; i++) {
		const struct replica_field *f = &t->fields[i];
		if (f->type != REPLICA_REFS)
			continue;
		for (uint32_t n = 0; n < replica_list_cap(f); n++) {
			void *element = calloc(1, f->sub->bytes);
			assert_non_null(element);
			assert_true(thing.behind_count < 1 + CALL_BRANCHES_MAX);
			thing.behind[thing.behind_count++] = element;
			((void **)(void *)((char *)thing.p + f->offset))[n] = element;
		}
	}
	return thing;
}

static void thing_free(struct thing *thing)
{
	for (uint32_t i = 0; i < thing->behind_count; i++)
		free(thing->behind[i]);
	free(thing->p);
}

static char *memory(void)
{
	char *p = malloc(CAP_BYTES);
	assert_non_null(p);
	return p;
}

static void each_part(void (*fn)(const struct replica_table *t))
{
	for (uint32_t i = 0; i < replica_part_count; i++)
		fn(&replica_parts[i]);
}

/* --- restore(save(x)) = x */

static void comes_back(const struct replica_table *t, struct fill *f, uint32_t most)
{
	char *bytes = memory();
	const char *where = NULL;
	size_t n;
	struct thing x = thing_new(t), y = thing_new(t);
	fill_struct(f, t, x.p, most);
	assert_int_equal(replica_encode(t, x.p, bytes, CAP_BYTES, &n), 0);
	assert_int_equal(replica_decode(t, slice_of(bytes, n), y.p), 0);
	if (!replica_same(t, x.p, y.p, &where))
		fail_msg("%s: %s is not what it was", t->name, where);
	thing_free(&x);
	thing_free(&y);
	free(bytes);
}

static void part_comes_back(const struct replica_table *t)
{
	static struct fill f;
	for (uint8_t round = 0; round < ROUNDS; round++) {
		fill_init(&f, round);
		comes_back(t, &f, round % 4 == 0 ? 0 : 3);
	}
}

static void test_comes_back(void **state)
{
	(void)state;
	each_part(part_comes_back);
}

/* What is empty takes no bytes, and comes back empty onto what is not. */
static void empty_part(const struct replica_table *t)
{
	static struct fill f;
	char bytes[64];
	size_t n = 99;
	struct thing none = thing_new(t), full = thing_new(t);
	assert_int_equal(replica_encode(t, none.p, bytes, sizeof(bytes), &n), 0);
	assert_int_equal(n, 0);
	fill_init(&f, 1);
	fill_struct(&f, t, full.p, 2);
	assert_int_equal(replica_decode(t, SLICE_NONE, full.p), 0);
	assert_true(replica_same(t, none.p, full.p, NULL));
	thing_free(&none);
	thing_free(&full);
}

static void test_empty(void **state)
{
	(void)state;
	each_part(empty_part);
}

/* --- comparing tells what differs */

static void test_same_says_where(void **state)
{
	struct call a = {.uid = 1, .branch_count = 1}, b = a;
	const char *where = NULL;
	(void)state;
	assert_true(replica_same(replica_tables[REPLICA_CALL], &a, &b, &where));
	b.branches[0].code = 486;
	assert_false(replica_same(replica_tables[REPLICA_CALL], &a, &b, &where));
	assert_string_equal(where, "code");
	b = a;
	strcpy(b.from, "05010000014");
	assert_false(replica_same(replica_tables[REPLICA_CALL], &a, &b, &where));
	assert_string_equal(where, "from");
	b = a;
	b.media_seen_ms = 5; /* not kept */
	assert_true(replica_same(replica_tables[REPLICA_CALL], &a, &b, &where));
}

/* --- tables themselves */

static void part_is_sound(const struct replica_table *t)
{
	unsigned char *covered = calloc(1, t->bytes);
	assert_non_null(covered);
	for (uint32_t i = 0; i < t->count; i++) {
		const struct replica_field *f = &t->fields[i];
		assert_true(f->offset + f->bytes <= t->bytes);
		assert_true((f->tag == 0) == (f->type == REPLICA_NOT_KEPT));
		for (uint32_t j = 0; j < i && f->tag; j++)
			assert_int_not_equal(f->tag, t->fields[j].tag);
		memset(covered + f->offset, 1, f->bytes);
		if (f->type == REPLICA_LIST || f->type == REPLICA_REFS)
			covered[f->count_offset] = 1;
	}
	/* What no row names can only be padding. A member that hides in it is found when it is
	 * eight bytes or more. */
	for (uint32_t at = 0, gap = 0; at < t->bytes; at++) {
		gap = covered[at] ? 0 : gap + 1;
		if (gap >= 8)
			fail_msg("%s: no row for the member at byte %u", t->name, at - gap + 1);
	}
	free(covered);
}

static void test_tables_are_sound(void **state)
{
	(void)state;
	each_part(part_is_sound);
}

/* --- versions: two programs, one of which knows more */

struct thing_1 {
	uint32_t number;
	char text[16];
};
struct thing_2 {
	uint32_t number;
	char text[16], word[16];
	uint64_t hash;
	struct thing_1 list[3];
	uint8_t list_count;
};

static const struct replica_field rows_1[] = {F_UINT(1, thing_1, number), F_TEXT(2, thing_1, text)};
static const struct replica_table table_1 = REPLICA_TABLE("1", thing_1, rows_1);
/* The new members stand between the old ones, as they may. */
static const struct replica_field rows_2[] = {
	F_UINT(1, thing_2, number),  F_TEXT(7, thing_2, word),
	F_FIXED(300, thing_2, hash), F_LIST(9, thing_2, list, list_count, table_1),
	F_TEXT(2, thing_2, text),
};
static const struct replica_table table_2 = REPLICA_TABLE("2", thing_2, rows_2);

static void test_older_reads_newer(void **state)
{
	struct thing_2 x = {.number = 7, .text = "old", .word = "new", .hash = 9, .list_count = 2};
	struct thing_1 y;
	char bytes[256];
	size_t n;
	(void)state;
	assert_int_equal(replica_encode(&table_2, &x, bytes, sizeof(bytes), &n), 0);
	assert_int_equal(replica_decode(&table_1, slice_of(bytes, n), &y), 0);
	assert_int_equal(y.number, 7);
	assert_string_equal(y.text, "old");
}

static void test_newer_reads_older(void **state)
{
	struct thing_1 x = {.number = 7, .text = "old"};
	struct thing_2 y = {.word = "left over", .hash = 9, .list_count = 3};
	char bytes[256];
	size_t n;
	(void)state;
	assert_int_equal(replica_encode(&table_1, &x, bytes, sizeof(bytes), &n), 0);
	assert_int_equal(replica_decode(&table_2, slice_of(bytes, n), &y), 0);
	assert_int_equal(y.number, 7);
	assert_string_equal(y.text, "old");
	assert_string_equal(y.word, "");
	assert_int_equal(y.hash, 0);
	assert_int_equal(y.list_count, 0);
}

/* --- hostile bytes */

static int decode_as(const struct replica_table *t, const void *bytes, size_t n, void *to)
{
	return replica_decode(t, slice_of(bytes, n), to);
}

static void test_out_of_bounds(void **state)
{
	struct thing_2 y;
	struct call c;
	static const uint8_t long_text[] = {2 << 2 | 2, 16,  'a', 'b', 'c', 'd', 'e', 'f', 'g',
					    'h',	'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p'};
	static const uint8_t nul[] = {2 << 2 | 2, 1, 0};
	static const uint8_t big[] = {1 << 2, 0x80, 0x80, 0x80, 0x80, 0x10};
	static const uint8_t endless[] = {1 << 2, 0xff, 0xff, 0xff, 0xff, 0xff,
					  0xff,	  0xff, 0xff, 0xff, 0xff, 0x01};
	static const uint8_t many[] = {9 << 2 | 2, 0, 9 << 2 | 2, 0, 9 << 2 | 2, 0, 9 << 2 | 2, 0};
	static const uint8_t other_shape[] = {1 << 2 | 2, 0};
	static const uint8_t bad_shape[] = {50 << 2 | 3, 0};
	static const uint8_t too_long[] = {2 << 2 | 2, 5, 'a'};
	static const uint8_t bad_state[] = {2 << 2, CALL_STATES};
	(void)state;
	assert_int_equal(decode_as(&table_2, long_text, sizeof(long_text), &y), ERR_DAMAGED);
	assert_int_equal(decode_as(&table_2, nul, sizeof(nul), &y), ERR_DAMAGED);
	assert_int_equal(decode_as(&table_2, big, sizeof(big), &y), ERR_DAMAGED);
	assert_int_equal(decode_as(&table_2, endless, sizeof(endless), &y), ERR_DAMAGED);
	assert_int_equal(decode_as(&table_2, many, 6, &y), 0);
	assert_int_equal(y.list_count, 3);
	assert_int_equal(decode_as(&table_2, many, sizeof(many), &y), ERR_DAMAGED);
	assert_int_equal(decode_as(&table_2, other_shape, sizeof(other_shape), &y), ERR_DAMAGED);
	assert_int_equal(decode_as(&table_2, bad_shape, sizeof(bad_shape), &y), ERR_DAMAGED);
	assert_int_equal(decode_as(&table_2, too_long, sizeof(too_long), &y), ERR_DAMAGED);
	assert_int_equal(decode_as(replica_tables[REPLICA_CALL], bad_state, 2, &c), ERR_DAMAGED);
}

/* Cut anywhere, or one bit turned anywhere: an answer, and whatever was accepted can be saved. */
static void survives_changes(const struct replica_table *t)
{
	static struct fill f;
	char *bytes = memory(), *again = memory();
	struct thing x = thing_new(t);
	size_t n, m;
	fill_init(&f, 3);
	fill_struct(&f, t, x.p, 1);
	assert_int_equal(replica_encode(t, x.p, bytes, CAP_BYTES, &n), 0);
	for (size_t cut = 0; cut < n; cut++) {
		int err = replica_decode(t, slice_of(bytes, cut), x.p);
		assert_true(err == 0 || err == ERR_DAMAGED);
	}
	for (size_t bit = 0; bit < n * 8; bit++) {
		bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
		int err = replica_decode(t, slice_of(bytes, n), x.p);
		assert_true(err == 0 || err == ERR_DAMAGED);
		if (err == 0)
			assert_int_equal(replica_encode(t, x.p, again, CAP_BYTES, &m), 0);
		bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
	}
	thing_free(&x);
	free(again);
	free(bytes);
}

static void test_survives_changes(void **state)
{
	(void)state;
	each_part(survives_changes);
}

static void test_too_small_a_buffer(void **state)
{
	static struct fill f;
	struct call c = {0};
	char bytes[8192];
	size_t n, m;
	(void)state;
	fill_init(&f, 9);
	fill_struct(&f, replica_tables[REPLICA_CALL], &c, 0);
	assert_int_equal(replica_encode(replica_tables[REPLICA_CALL], &c, bytes, sizeof(bytes), &n),
			 0);
	for (size_t cap = 0; cap < n; cap++)
		assert_int_equal(replica_encode(replica_tables[REPLICA_CALL], &c, bytes, cap, &m),
				 ERR_TOO_BIG);
}

/* --- print */

static void test_print(void **state)
{
	struct call c = {.uid = 0x1234, .state = CALL_ANSWERED, .branch_count = 1, .sip_code = 200};
	char text[512];
	struct strbuf b;
	(void)state;
	strcpy(c.from, "050\"1\x01");
	c.branches[0].code = -1;
	strbuf_init(&b, text, sizeof(text));
	replica_print(replica_tables[REPLICA_CALL], &c, &b);
	assert_false(b.failed);
	strbuf_char(&b, '\0');
	assert_string_equal(text, "{\"uid\":\"0000000000001234\",\"state\":3,\"sip_code\":200,"
				  "\"branches\":[{\"code\":-1}],\"from\":\"050\\\"1\\u0001\"}");
}

/* --- figures find their stream */

static void test_figures_onto(void **state)
{
	static struct replica_ends ends, figures;
	(void)state;
	ends = (struct replica_ends){.count = 3};
	ends.v[0] = (struct replica_end){.leg = 0, .stream = 0};
	ends.v[1] = (struct replica_end){.leg = 1, .stream = 0};
	ends.v[2] = (struct replica_end){.leg = 0, .stream = 2};
	figures = (struct replica_ends){.count = 2};
	figures.v[0] = (struct replica_end){.leg = 0, .stream = 2, .kept.stats.sent_packets = 22};
	figures.v[1] = (struct replica_end){.leg = 1, .stream = 0, .kept.rtp_latch.ssrc = 10};
	replica_figures_onto(&figures, &ends);
	assert_int_equal(ends.v[0].kept.stats.sent_packets, 0);
	assert_int_equal(ends.v[1].kept.rtp_latch.ssrc, 10);
	assert_int_equal(ends.v[2].kept.stats.sent_packets, 22);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_comes_back),	   cmocka_unit_test(test_empty),
		cmocka_unit_test(test_same_says_where),	   cmocka_unit_test(test_tables_are_sound),
		cmocka_unit_test(test_older_reads_newer),  cmocka_unit_test(test_newer_reads_older),
		cmocka_unit_test(test_out_of_bounds),	   cmocka_unit_test(test_survives_changes),
		cmocka_unit_test(test_too_small_a_buffer), cmocka_unit_test(test_print),
		cmocka_unit_test(test_figures_onto),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
