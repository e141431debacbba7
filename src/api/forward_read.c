/* What came with PUT /api/v1/numbers/{id}/forward, checked member by member against what the number
 * has. Whoever is refused reads what is wrong and how to mend it in both languages. */
#include "api/forward_priv.h"

#include <string.h>

#define FIELD_BYTES 32
#define TOLD_BYTES  512

/* ---- members of an object within the body ---- */

/* An object of the body and where it stands, "busy" or "targets.2". */
struct part {
	struct request *r;
	const json_t *object;
	char name[FIELD_BYTES];
};

static const char *field_of(const struct part *p, const char *member, char text[FIELD_BYTES])
{
	snprintf(text, FIELD_BYTES, "%.20s%s%.10s", p->name, member ? "." : "",
		 member ? member : "");
	return text;
}

static bool wrong_type(const struct part *p, const char *member, const char *en, const char *ja)
{
	char field[FIELD_BYTES], message[TOLD_BYTES], message_ja[TOLD_BYTES];
	(void)field_of(p, member, field);
	snprintf(message, sizeof(message), "\"%s\" must be %s", field, en);
	snprintf(message_ja, sizeof(message_ja), "%sには%sを指定してください。", field, ja);
	return refuse_member(p->r, field,
			     &(struct refusal){.code = "wrong_type",
					       .message = message,
					       .message_ja = message_ja});
}

/* Nothing but these. */
static bool members_known(const struct part *p, const char *const names[3])
{
	char hint[TOLD_BYTES], hint_ja[TOLD_BYTES];
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)p->object, key, value)
	{
		if (strcmp(key, names[0]) == 0 || strcmp(key, names[1]) == 0 ||
		    strcmp(key, names[2]) == 0)
			continue;
		snprintf(hint, sizeof(hint), "known here: %s, %s, %s", names[0], names[1],
			 names[2]);
		snprintf(hint_ja, sizeof(hint_ja), "指定できる項目は%s、%s、%sです。", names[0],
			 names[1], names[2]);
		return refuse_member(
			p->r, p->name,
			&(struct refusal){.code = "unknown",
					  .message = "There is a member that is not known",
					  .message_ja = "使用できない項目が含まれています。",
					  .hint = hint,
					  .hint_ja = hint_ja});
	}
	return true;
}

/* *ret_text: NULL when absent. */
static bool text_member(const struct part *p, const char *member, const char **ret_text)
{
	const json_t *v = json_object_get(p->object, member);
	*ret_text = json_string_value(v);
	return v == NULL || *ret_text || wrong_type(p, member, "a text", "文字列");
}

/* *ret_row: as it was when absent; 0 for null. */
static bool row_member(const struct part *p, uint8_t *ret_row)
{
	char field[FIELD_BYTES];
	const json_t *v = json_object_get(p->object, "row");
	json_int_t row = json_integer_value(v);
	if (v && json_is_integer(v) && row >= 1 && row <= FORWARD_TARGETS_MAX)
		*ret_row = (uint8_t)row;
	else if (json_is_null(v))
		*ret_row = 0;
	else if (v)
		return refuse_member(
			p->r, field_of(p, "row", field),
			&(struct refusal){.message = "The row is a whole number from 1 to 5",
					  .message_ja =
						  "転送先の行は1〜5の整数で指定してください。"});
	return true;
}

/* ---- targets ---- */

/* row: 0 where none is meant. Always false. */
static bool no_target(struct request *r, const char *field, int row,
		      const struct forward_judgement *f)
{
	char message[TOLD_BYTES], message_ja[TOLD_BYTES];
	const char *en, *ja;
	forward_why(f, &en, &ja);
	if (row) {
		snprintf(message, sizeof(message), "Row %d: %s", row, en);
		snprintf(message_ja, sizeof(message_ja), "%d行目の転送先番号：%s", row, ja);
	}
	return refuse_member(
		r, field,
		&(struct refusal){
			.message = row ? message : en,
			.message_ja = row ? message_ja : ja,
			.hint = "a target is a telephone number that this line may call itself",
			.hint_ja = "この番号から発信できる電話番号を入力してください。"});
}

/* Is it a target for this line? Its canonical digits are there in any case, "" when it is no
 * number. */
static bool judge_target(struct request *r, const struct forward_edit *e, const char *text,
			 struct forward_judgement *ret_judgement)
{
	return judge_forward(r->api->p.directory, r->api->p.trunks, &e->line, slice_str(text),
			     ret_judgement);
}

/* Canonical, or "" to empty the row. */
static void fill_row(struct forward_edit *e, int row, const char *digits)
{
	char *to = e->now.settings.targets[row - 1];
	memset(to, 0, DIAL_BYTES);
	(void)slice_copy(slice_str(digits), to, DIAL_BYTES);
}

/* What stands there already is not judged again: a form that sends the whole list can still switch
 * off what has become impossible. */
static bool take_digits(const struct part *p, struct forward_edit *e, int row, const char *text)
{
	char field[FIELD_BYTES];
	const char *there = e->now.settings.targets[row - 1];
	struct forward_judgement f;
	if (*text == '\0') {
		fill_row(e, row, "");
		e->now.memos[row - 1][0] = '\0';
		return true;
	}
	bool may = judge_target(p->r, e, text, &f);
	bool same = f.fault != FORWARD_PREFIXED && *there &&
		    strcmp(f.j.plan.dialled.digits, there) == 0;
	if (!may && !same)
		return no_target(p->r, field_of(p, "digits", field), row, &f);
	fill_row(e, row, f.j.plan.dialled.digits);
	return true;
}

/* C1 controls are two bytes in UTF-8, C2 80 .. C2 9F. */
static bool has_c1(const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (p[0] == 0xc2 && p[1] < 0xa0)
			return true;
	}
	return false;
}

static bool take_memo(const struct part *p, struct forward_edit *e, int row, const char *text)
{
	char field[FIELD_BYTES];
	(void)field_of(p, "memo", field);
	if (line_fault(text, field) || has_c1(text))
		return refuse_member(
			p->r, field,
			&(struct refusal){
				.message = "A memo is one line of at most 200 bytes of UTF-8",
				.message_ja = "メモは1行、200バイト以内で入力してください。",
				.hint = "a Japanese character takes 3 bytes; line ends and other "
					"control characters cannot be kept",
				.hint_ja = "全角文字は1文字あたり3バイトです。改行などの"
					   "制御文字は使えません。"});
	if (*text && e->now.settings.targets[row - 1][0] == '\0')
		return refuse_member(
			p->r, field,
			&(struct refusal){
				.message = "This row holds no number that the memo could be of",
				.message_ja = "転送先番号のない行には、メモを登録できません。",
				.hint = "give its digits as well",
				.hint_ja = "転送先番号もあわせて入力してください。"});
	snprintf(e->now.memos[row - 1], MEMO_BYTES + 1, "%s", text);
	return true;
}

static bool take_target(const struct part *p, struct forward_edit *e, int row)
{
	const char *digits, *memo;
	return text_member(p, "digits", &digits) && text_member(p, "memo", &memo) &&
	       (digits == NULL || take_digits(p, e, row, digits)) &&
	       (memo == NULL || take_memo(p, e, row, memo));
}

static bool take_targets(struct request *r, struct forward_edit *e)
{
	static const char *const names[3] = {"row", "digits", "memo"};
	const json_t *list = json_object_get(r->body, "targets");
	bool given[FORWARD_TARGETS_MAX + 1] = {false};
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct part p = {r, json_array_get(list, i), "targets"};
		uint8_t row = 0;
		if (!members_known(&p, names) || !row_member(&p, &row))
			return false;
		if (row == 0 || given[row])
			return refuse_member(
				r, "targets",
				&(struct refusal){
					.message = "Each target names its row, and a row once",
					.message_ja = "転送先番号ごとに、重複しない行(1〜"
						      "5)を指定してください。",
					.hint = "write it like {\"row\": 1, \"digits\": "
						"\"0312345678\"}"});
		given[row] = true;
		snprintf(p.name, sizeof(p.name), "targets.%d", row);
		if (!take_target(&p, e, row))
			return false;
	}
	return true;
}

/* ---- kinds ---- */

/* A row that holds it, else an empty one; 0: all hold others. */
static uint8_t row_for(const struct forward_settings *f, const char *digits)
{
	uint8_t empty = 0;
	for (int i = FORWARD_TARGETS_MAX; i > 0; i--) {
		if (f->targets[i - 1][0] == '\0')
			empty = (uint8_t)i;
	}
	for (int i = 1; i <= FORWARD_TARGETS_MAX; i++) {
		if (strcmp(f->targets[i - 1], digits) == 0)
			return (uint8_t)i;
	}
	return empty;
}

/* "to": by its number instead of its row. */
static bool take_to(const struct part *p, struct forward_edit *e, struct forward_rule *rule,
		    const char *to)
{
	char field[FIELD_BYTES];
	struct forward_judgement f;
	(void)field_of(p, "to", field);
	if (!judge_target(p->r, e, to, &f))
		return no_target(p->r, field, 0, &f);
	uint8_t row = row_for(&e->now.settings, f.j.plan.dialled.digits);
	if (row == 0)
		return refuse_member(
			p->r, field,
			&(struct refusal){
				.status = 409,
				.code = "conflict",
				.message = "All five rows of the list hold other numbers",
				.message_ja = "転送先番号の5行がすべて使われています。",
				.hint = "clear a row, or name the row to use",
				.hint_ja = "不要な行を消去するか、使う行を指定してください。"});
	fill_row(e, row, f.j.plan.dialled.digits);
	rule->row = row;
	return true;
}

static bool take_kind(struct request *r, struct forward_edit *e, enum forward_kind kind)
{
	static const char *const names[3] = {"on", "row", "to"};
	struct forward_rule *rule = &e->now.settings.rules[kind];
	struct part p = {.r = r};
	const char *to;
	snprintf(p.name, sizeof(p.name), "%s", forward_kind_info(kind)->word);
	p.object = json_object_get(r->body, p.name);
	const json_t *on = json_object_get(p.object, "on");
	if (p.object == NULL)
		return true;
	if (!members_known(&p, names) || !row_member(&p, &rule->row) || !text_member(&p, "to", &to))
		return false;
	if (on && !json_is_boolean(on))
		return wrong_type(&p, "on", "true or false", "trueまたはfalse");
	if (to && json_object_get(p.object, "row"))
		return refuse_member(
			r, p.name,
			&(struct refusal){.message = "Give the row or the number, not both",
					  .message_ja = "行と転送先番号は、どちらか一方だけを指定し"
							"てください。"});
	rule->on = on ? json_is_true(on) : rule->on;
	return to == NULL || take_to(&p, e, rule, to);
}

static bool take_ring(struct request *r, struct forward_edit *e)
{
	const json_t *v = json_object_get(r->body, "ring_s");
	json_int_t ring = v ? json_integer_value(v) : e->now.settings.ring_s;
	if (ring < FORWARD_RING_S_MIN || ring > FORWARD_RING_S_MAX)
		return refuse_member(
			r, "ring_s",
			&(struct refusal){.message = "The ring time is 1 to 30 seconds",
					  .message_ja = "呼出時間は1〜30秒で指定してください。"});
	e->now.settings.ring_s = (uint8_t)ring;
	return true;
}

static void take_deflection(const struct request *r, struct forward_edit *e)
{
	const json_t *v = json_object_get(r->body, "deflection");
	if (v)
		e->now.settings.deflection = json_is_true(v);
}

/* ---- what it comes to ---- */

static bool no_row(struct request *r, const char *field)
{
	return refuse_member(
		r, field,
		&(struct refusal){.message = "No row is chosen that calls are forwarded to",
				  .message_ja = "転送先の行が選ばれていません。",
				  .hint = "name a row from 1 to 5 that holds a number",
				  .hint_ja = "転送先番号を登録した行(1〜5)を選んでください。"});
}

static bool no_number(struct request *r, const char *field, int row)
{
	char message[TOLD_BYTES], message_ja[TOLD_BYTES];
	snprintf(message, sizeof(message), "Row %d holds no number", row);
	snprintf(message_ja, sizeof(message_ja), "%d行目に転送先番号が登録されていません。", row);
	return refuse_member(
		r, field,
		&(struct refusal){.message = message,
				  .message_ja = message_ja,
				  .hint = "put a number into it first, or choose another row",
				  .hint_ja =
					  "先に転送先番号を登録するか、別の行を選んでください。"});
}

/* Its number is taken away while calls go there. */
static bool in_use(struct request *r, enum forward_kind kind, int row)
{
	char field[FIELD_BYTES], message[TOLD_BYTES], message_ja[TOLD_BYTES], hint_ja[TOLD_BYTES];
	char name[FORWARD_NAME_BYTES];
	const struct forward_kind_info *info = forward_kind_info(kind);
	snprintf(field, sizeof(field), "targets.%d.digits", row);
	snprintf(message, sizeof(message),
		 "Row %d cannot be cleared: it is the target of %s, which is on", row,
		 forward_name(kind, name));
	snprintf(message_ja, sizeof(message_ja),
		 "%d行目は%sの転送先として使用中のため、消去できません。", row, info->ja);
	snprintf(hint_ja, sizeof(hint_ja),
		 "先に%sを「転送しない」にするか、別の行を選んでください。", info->ja);
	return refuse_member(
		r, field,
		&(struct refusal){.status = 409,
				  .code = "conflict",
				  .message = message,
				  .message_ja = message_ja,
				  .hint = "switch that off first, or choose another row for it",
				  .hint_ja = hint_ja});
}

/* What is switched on, or led to another row, leads to a number that is a target today. */
static bool kind_good(struct request *r, const struct forward_edit *e, enum forward_kind kind)
{
	const struct forward_rule *rule = &e->now.settings.rules[kind],
				  *was = &e->was.settings.rules[kind];
	struct forward_judgement f;
	char field[FIELD_BYTES];
	snprintf(field, sizeof(field), "%s.row", forward_kind_info(kind)->word);
	if (!rule->on)
		return true;
	if (rule->row == 0)
		return no_row(r, field);
	const char *digits = e->now.settings.targets[rule->row - 1];
	bool same = was->on && was->row == rule->row;
	if (*digits == '\0')
		return same ? in_use(r, kind, rule->row) : no_number(r, field, rule->row);
	return same || judge_target(r, e, digits, &f) || no_target(r, field, rule->row, &f);
}

bool forward_read(struct request *r, struct forward_edit *edit)
{
	bool good = take_targets(r, edit);
	for (int i = 0; i < FORWARD_KINDS && good; i++)
		good = take_kind(r, edit, (enum forward_kind)i);
	good = good && take_ring(r, edit);
	take_deflection(r, edit);
	for (int i = 0; i < FORWARD_KINDS && good; i++)
		good = kind_good(r, edit, (enum forward_kind)i);
	return good;
}
