/* What came with PUT /api/v1/numbers/{id}/screening, checked member by member against what the
 * number has. Whoever is refused reads what is wrong and how to mend it in both languages. */
#include "api/screen_priv.h"
#include "base/clock.h"

#include <string.h>

#define FIELD_BYTES 32
#define TOLD_BYTES  512
#define DIGITS_MIN  10
#define DIGITS_MAX  18 /* "010" and fifteen */

/* ---- callers ---- */

/* As it would be dialled, into the form that callers' numbers have. False: nobody calls from that.
 */
static bool read_caller(const char *text, char ret_caller[SCREEN_NUMBER_BYTES])
{
	struct dialled d;
	if (dial_normalise(slice_str(text), &d) != 0 || d.presentation != DIAL_DEFAULT)
		return false;
	struct slice digits = slice_str(d.digits);
	return digits.p[0] == '0' && slice_is_digits(digits) && digits.n >= DIGITS_MIN &&
	       digits.n <= DIGITS_MAX && slice_copy(digits, ret_caller, SCREEN_NUMBER_BYTES) == 0;
}

static bool no_caller(struct request *r, const char *field)
{
	return refuse_member(
		r, field,
		&(struct refusal){.message = "This is no telephone number that can call",
				  .message_ja = "電話番号として読み取れません。",
				  .hint = "give it with its area code, or with + and the country "
					  "code; leave out 184 and 186",
				  .hint_ja = "市外局番から、または+と国番号から入力してください。"
					     "先頭の184や186は除いてください。"});
}

static bool own_number(struct request *r, const char *field)
{
	return refuse_member(
		r, field,
		&(struct refusal){.message = "A number cannot block itself; name another one",
				  .message_ja = "ご自身の番号は着信拒否に登録できません。別の番号"
						"を入力してください。"});
}

static bool list_full(struct request *r, const char *field)
{
	return refuse_member(
		r, field,
		&(struct refusal){.status = 409,
				  .code = "conflict",
				  .message = "The block list is full: it holds 100 numbers",
				  .message_ja =
					  "着信拒否リストには100件まで登録できます。上限に達して"
					  "います。",
				  .hint = "take a number off the list first",
				  .hint_ja = "先に不要な番号を削除してください。"});
}

/* ---- block ---- */

/* C1 controls are two bytes in UTF-8, C2 80 .. C2 9F. */
static bool has_c1(const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (p[0] == 0xc2 && p[1] < 0xa0)
			return true;
	}
	return false;
}

static bool memo_good(struct request *r, const char *field, const char *memo)
{
	if (!line_fault(memo, field) && !has_c1(memo))
		return true;
	return refuse_member(
		r, field,
		&(struct refusal){.message = "A memo is one line of at most 200 bytes of UTF-8",
				  .message_ja = "メモは1行、200バイト以内で入力してください。",
				  .hint = "a Japanese character takes 3 bytes; line ends and other "
					  "control characters cannot be kept",
				  .hint_ja = "全角文字は1文字あたり3バイトです。改行などの"
					     "制御文字は使えません。"});
}

/* An entry that is there keeps its date, and its memo unless another one is given. */
static bool take_in(struct request *r, struct screen_edit *e, const char *field, const char *caller,
		    const char *memo)
{
	struct screening *s = &e->now;
	uint8_t at = screen_find(s, caller);
	if (strcmp(caller, e->line.number) == 0)
		return own_number(r, field);
	if (at == SCREEN_BLOCKS_MAX)
		return list_full(r, field);
	struct block *b = &s->blocks[at];
	if (at == s->block_count) {
		*b = (struct block){.added_at = clock_wall_ms()};
		snprintf(b->caller, sizeof(b->caller), "%s", caller);
		s->block_count++;
	}
	if (memo)
		snprintf(b->memo, sizeof(b->memo), "%s", memo);
	return true;
}

/* {"caller": "...", "memo": "..."} and nothing else. */
static bool members_good(struct request *r, const char *field, const json_t *o)
{
	const json_t *caller = json_object_get(o, "caller"), *memo = json_object_get(o, "memo");
	if (json_is_string(caller) && (memo == NULL || json_is_string(memo)) &&
	    json_object_size(o) == (memo ? 2 : 1))
		return true;
	return refuse_member(
		r, field,
		&(struct refusal){
			.code = "wrong_type",
			.message = "An entry is a caller's number and, if you like, a memo, both "
				   "texts",
			.message_ja = "登録する番号と、必要に応じてメモを文字列で指定してください"
				      "。",
			.hint = "write it like {\"caller\": \"0312345678\", \"memo\": \"...\"}",
			.hint_ja = "{\"caller\": \"0312345678\", \"memo\": "
				   "\"...\"}の形で指定してください。"});
}

static bool take_block(struct request *r, struct screen_edit *e, size_t i, const json_t *o)
{
	char entry[FIELD_BYTES], field[FIELD_BYTES], caller[SCREEN_NUMBER_BYTES];
	snprintf(entry, sizeof(entry), "block.%zu", i + 1);
	if (!members_good(r, entry, o))
		return false;
	const char *memo = json_string_value(json_object_get(o, "memo"));
	snprintf(field, sizeof(field), "%.24s.memo", entry);
	if (memo && !memo_good(r, field, memo))
		return false;
	snprintf(field, sizeof(field), "%.24s.caller", entry);
	if (!read_caller(json_string_value(json_object_get(o, "caller")), caller))
		return no_caller(r, field);
	return take_in(r, e, field, caller, memo);
}

/* ---- unblock ---- */

static bool take_out(struct request *r, struct screen_edit *e, size_t i, const char *text)
{
	char field[FIELD_BYTES], caller[SCREEN_NUMBER_BYTES];
	struct screening *s = &e->now;
	snprintf(field, sizeof(field), "unblock.%zu", i + 1);
	if (!read_caller(text, caller))
		return no_caller(r, field);
	uint8_t at = screen_find(s, caller);
	if (at == s->block_count)
		return refuse_member(
			r, field,
			&(struct refusal){
				.status = 404,
				.code = "not_found",
				.message = "This number is not on the block list",
				.message_ja = "この番号は着信拒否リストに登録されていません。"});
	memmove(&s->blocks[at], &s->blocks[at + 1],
		(size_t)(s->block_count - at - 1) * sizeof(s->blocks[0]));
	s->block_count--;
	return true;
}

/* ---- the rest ---- */

static bool take_limit(struct request *r, struct screen_edit *e)
{
	const json_t *v = json_object_get(r->body, "inbound_limit");
	json_int_t limit = v ? json_integer_value(v) : e->now.inbound_limit;
	if (limit < 0 || limit > SCREEN_INBOUND_MAX)
		return refuse_member(
			r, "inbound_limit",
			&(struct refusal){
				.message = "The limit of inbound calls is 1 to 32, or 0 for none",
				.message_ja = "同時着信数の上限は1〜32で指定してください。"
					      "上限なしは0です。"});
	e->now.inbound_limit = (uint8_t)limit;
	return true;
}

static void take_switch(const struct request *r, const char *key, bool *ret_on)
{
	const json_t *v = json_object_get(r->body, key);
	if (v)
		*ret_on = json_is_true(v);
}

bool screen_read(struct request *r, struct screen_edit *edit)
{
	const json_t *in = json_object_get(r->body, "block"),
		     *out = json_object_get(r->body, "unblock");
	take_switch(r, "reject_anonymous", &edit->now.anonymous);
	take_switch(r, "reject_abroad", &edit->now.abroad);
	bool good = take_limit(r, edit);
	for (size_t i = 0; i < json_array_size(out) && good; i++)
		good = take_out(r, edit, i, json_string_value(json_array_get(out, i)));
	for (size_t i = 0; i < json_array_size(in) && good; i++)
		good = take_block(r, edit, i, json_array_get(in, i));
	return good;
}
