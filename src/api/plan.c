/* The numbering plan: what is in force, and what a line would be told. */
#include "api/api_priv.h"
#include "core/judge.h"
#include "provision/draft.h"

/* ---- GET /api/v1/plan ---- */

static json_t *row_json(const struct plan_table_row *row)
{
	bool any = row->digits_max >= PLAN_ANY;
	return json_pack("{s:s,s:s,s:s,s:i,s:o,s:b,s:s}", "prefix", row->prefix, "class",
			 plan_class_word(row->class), "class_ja", plan_class_ja(row->class),
			 "digits_min", (int)row->digits_min, "digits_max",
			 any ? json_null() : json_integer(row->digits_max), "allowed",
			 row->reason == PLAN_ALLOWED, "reason",
			 plan_reason_info(row->reason)->word);
}

static json_t *country_json(const struct country *c)
{
	return json_pack("{s:s,s:s,s:s,s:s,s:s}", "prefix", c->prefix, "id", c->id, "risk",
			 country_risk_name(c->risk), "name", c->name_en, "name_ja", c->name_ja);
}

static int gather_rule(void *ctx, const struct store_rule *rule)
{
	json_array_append_new(ctx, rule_json(rule));
	return 0;
}

void plan_show(struct request *r)
{
	json_t *rows = json_array(), *countries = json_array(), *rules = json_array();
	int err = store_rule_each(r->api->store, gather_rule, rules);
	for (size_t i = 0; plan_table_at(i); i++)
		json_array_append_new(rows, row_json(plan_table_at(i)));
	for (size_t i = 0; country_at(i); i++)
		json_array_append_new(countries, country_json(country_at(i)));
	r->json = json_pack("{s:o,s:o,s:o}", "table", rows, "countries", countries, "rules", rules);
	if (err)
		refuse_store(r, err, r->api->store);
}

/* ---- GET /api/v1/plan/check ---- */

static const char *caller_id_word(enum dial_presentation p)
{
	static const char *const words[] = {"as_usual", "withheld", "presented"};
	return words[p];
}

static json_t *judgement_json(const char *number, const char *dialled, const struct judgement *j)
{
	const struct plan_verdict *v = &j->plan;
	const struct call_cause_info *cause = call_cause_info(j->cause);
	bool allowed = j->cause == CAUSE_NORMAL;
	json_t *o = json_pack("{s:s,s:o,s:b,s:s,s:s,s:s,s:o,s:o,s:o,s:b,s:s}", "number", number,
			      "dialled", json_slice(slice_str(dialled)), "allowed", allowed,
			      "class", plan_class_word(v->class), "class_ja",
			      plan_class_ja(v->class), "decided_by", j->decided_by, "digits",
			      json_slice_or_null(slice_str(v->dialled.digits)), "e164",
			      json_slice_or_null(slice_str(v->e164)), "country",
			      v->country ? country_json(v->country) : json_null(), "on_net",
			      j->on_net, "caller_id", caller_id_word(v->dialled.presentation));
	if (!allowed)
		json_object_set_new(o, "refusal",
				    json_pack("{s:s,s:s,s:s,s:i,s:i}", "reason", cause->word,
					      "text", cause->text, "text_ja", cause->text_ja,
					      "sip_code", cause->sip_code, "q850", cause->q850));
	return o;
}

/* A parameter that has to be there. NULL: refused. */
static const char *needed(struct request *r, const char *key, const char *message)
{
	const char *value = query(r, key);
	if (value == NULL)
		refuse(r, 400, "missing", message, key, NULL);
	return value;
}

void plan_try(struct request *r)
{
	struct directory_number line;
	struct store_rule rule;
	struct judgement j;
	const char *given = needed(r, "number", "\"number\" is missing: whose call it would be");
	const char *dialled =
		given ? needed(r, "dialled", "\"dialled\" is missing: what is dialled") : NULL;
	if (dialled == NULL)
		return;
	if (!line_find(r, given, &line))
		return;
	judge(r->api->p.directory, r->api->p.trunks, &line, slice_str(dialled), &j);
	r->json = judgement_json(line.number, dialled, &j);
	if (slice_starts(slice_str(j.decided_by), SLICE("rule:")) &&
	    store_rule_get(r->api->store, j.plan.rule, &rule) == 0)
		json_object_set_new(r->json, "rule", rule_json(&rule));
}
