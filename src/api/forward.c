/*
 * What a number has set of call forwarding: shown, and changed. Memos are the subscriber's own
 * words and only in the store; calls need the rest, which the directory has too.
 */
#include "api/forward_priv.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "provision/draft.h"

#include <string.h>

#define DETAIL_BYTES 2048

void forward_why(const struct forward_judgement *f, const char **ret_en, const char **ret_ja)
{
	const struct forward_fault_info *fault = forward_fault_info(f->fault);
	const struct call_cause_info *cause = call_cause_info(f->j.cause);
	bool own = fault->word[0] != '\0';
	*ret_en = own ? fault->en : cause->text;
	*ret_ja = own ? fault->ja : cause->text_ja;
}

const char *forward_name(enum forward_kind kind, char ret_name[FORWARD_NAME_BYTES])
{
	snprintf(ret_name, FORWARD_NAME_BYTES, "%s forwarding", forward_kind_info(kind)->word);
	for (char *p = ret_name; *p; p++)
		*p = *p == '_' ? '-' : *p;
	return ret_name;
}

/* ---- GET /api/v1/numbers/{id}/forward ---- */

static json_t *kind_json(const struct forward_settings *f, enum forward_kind kind)
{
	const struct forward_rule *rule = &f->rules[kind];
	const char *target = rule->row ? f->targets[rule->row - 1] : "";
	return json_pack("{s:b,s:o,s:o,s:s}", "on", rule->on, "row",
			 rule->row ? json_integer(rule->row) : json_null(), "target",
			 json_slice_or_null(slice_str(target)), "name_ja",
			 forward_kind_info(kind)->ja);
}

static json_t *forwarding_json(const char *number, const struct forwarding *f)
{
	json_t *targets = json_array();
	json_t *o = json_pack("{s:s}", "number", number);
	for (int i = 0; i < FORWARD_KINDS; i++)
		json_object_set_new(o, forward_kind_info((enum forward_kind)i)->word,
				    kind_json(&f->settings, (enum forward_kind)i));
	for (int i = 0; i < FORWARD_TARGETS_MAX; i++)
		json_array_append_new(
			targets, json_pack("{s:i,s:o,s:o}", "row", i + 1, "digits",
					   json_slice_or_null(slice_str(f->settings.targets[i])),
					   "memo", json_slice(slice_str(f->memos[i]))));
	json_object_set_new(o, "ring_s", json_integer(f->settings.ring_s));
	json_object_set_new(o, "deflection", json_boolean(f->settings.deflection));
	json_object_set_new(o, "targets", targets);
	return o;
}

static int take(const struct store_forward *from, struct forwarding *ret_forwarding)
{
	struct forwarding f = {0};
	int err = directory_forward_of_store(from, &f.settings);
	for (int i = 0; i < FORWARD_TARGETS_MAX && err == 0; i++)
		err = slice_copy(from->targets[i].memo, f.memos[i], sizeof(f.memos[i]));
	if (err == 0)
		*ret_forwarding = f;
	return err;
}

/* As the store has it. False: refused. */
static bool find(struct request *r, const char *number, struct forwarding *ret_forwarding)
{
	struct store_forward kept;
	struct forwarding none = {0};
	int err = store_forward_get(r->api->store, slice_str(number), &kept);
	forward_settings_init(&none.settings);
	if (err == ERR_NOT_FOUND)
		*ret_forwarding = none;
	else if (err)
		refuse_store(r, err, r->api->store);
	else if ((err = take(&kept, ret_forwarding)) != 0)
		refuse(r, 500, "damaged", "The forwarding of this number cannot be read", NULL,
		       "restore the database from a backup");
	return err == 0 || err == ERR_NOT_FOUND;
}

void forward_show(struct request *r)
{
	struct directory_number line;
	struct forwarding f;
	if (line_find(r, r->id, &line) && find(r, line.number, &f))
		r->json = forwarding_json(line.number, &f);
}

/* ---- PUT /api/v1/numbers/{id}/forward ---- */

static void tell_kind(struct strbuf *b, const struct forward_edit *e, enum forward_kind kind)
{
	const struct forward_rule *was = &e->was.settings.rules[kind],
				  *now = &e->now.settings.rules[kind];
	if (was->on == now->on && was->row == now->row)
		return;
	strbuf_fmt(b, "%s%s %s", b->n ? "; " : "", forward_kind_info(kind)->word,
		   now->on ? "on" : "off");
	if (now->row)
		strbuf_fmt(b, ", row %d", now->row);
}

static void tell_target(struct strbuf *b, const struct forward_edit *e, int i)
{
	const char *digits = e->now.settings.targets[i], *memo = e->now.memos[i];
	if (strcmp(e->was.settings.targets[i], digits) == 0 && strcmp(e->was.memos[i], memo) == 0)
		return;
	strbuf_fmt(b, "%srow %d %s", b->n ? "; " : "", i + 1, digits[0] ? digits : "cleared");
	if (memo[0])
		strbuf_fmt(b, " (%s)", memo);
}

/* What changes, for the audit; empty: nothing. */
static void describe(const struct forward_edit *e, char detail[DETAIL_BYTES])
{
	struct strbuf b;
	strbuf_init(&b, detail, DETAIL_BYTES - 1);
	for (int i = 0; i < FORWARD_KINDS; i++)
		tell_kind(&b, e, (enum forward_kind)i);
	for (int i = 0; i < FORWARD_TARGETS_MAX; i++)
		tell_target(&b, e, i);
	if (e->was.settings.ring_s != e->now.settings.ring_s)
		strbuf_fmt(&b, "%sring %d s", b.n ? "; " : "", e->now.settings.ring_s);
	if (e->was.settings.deflection != e->now.settings.deflection)
		strbuf_fmt(&b, "%sdeflection %s", b.n ? "; " : "",
			   e->now.settings.deflection ? "on" : "off");
	detail[b.n] = '\0';
}

static int put(struct request *r, const struct forward_edit *e)
{
	const struct forward_settings *f = &e->now.settings;
	struct store_forward kept = {.number = slice_str(e->line.number),
				     .ring_s = f->ring_s,
				     .deflection = f->deflection};
	for (int i = 0; i < FORWARD_KINDS; i++) {
		kept.rules[i].on = f->rules[i].on;
		kept.rules[i].row = f->rules[i].row;
	}
	for (int i = 0; i < FORWARD_TARGETS_MAX; i++) {
		kept.targets[i].digits = slice_str(f->targets[i]);
		kept.targets[i].memo = slice_str(e->now.memos[i]);
	}
	return store_forward_put(r->api->store, &kept);
}

/* Durable with its entry in the audit, then in force. False: refused. */
static bool keep(struct request *r, const struct forward_edit *e, const char *detail)
{
	const struct number_change c = {e->line.number, "number.forward", detail, -1, -1};
	if (!change_begin(r) || change_failed(r, put(r, e)) || !change_end(r, &c))
		return false;
	int err = directory_forward_put(r->api->p.directory, slice_str(e->line.number),
					&e->now.settings);
	if (err)
		refuse(r, 503, "unavailable",
		       "The change is kept but not in force: there is not enough memory", NULL,
		       "restart the server");
	return err == 0;
}

void forward_change(struct request *r)
{
	struct forward_edit e;
	char detail[DETAIL_BYTES];
	if (json_object_size(r->body) == 0) {
		refuse_told(
			r,
			&(struct refusal){
				400, "missing", NULL, "There is nothing to change",
				"変更する項目がありません。",
				"give a kind of forwarding, targets, ring_s or deflection",
				"転送の種類、転送先番号、呼出時間のいずれかを指定してください。"});
		return;
	}
	if (!line_find(r, r->id, &e.line) || !find(r, e.line.number, &e.was))
		return;
	e.now = e.was;
	if (!forward_read(r, &e))
		return;
	describe(&e, detail);
	if (detail[0] == '\0' || keep(r, &e, detail))
		r->json = forwarding_json(e.line.number, &e.now);
}
