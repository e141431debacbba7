/* The fraud guard: its rules, what it knows of a number, and letting go. */
#include "guard/load.h"

#include "api/api_priv.h"
#include "base/clock.h"
#include "base/err.h"
#include "guard/rules.h"
#include "provision/draft.h"

#define VALUE_MAX      1000000000
#define HOLIDAYS_BYTES (FRAUD_HOLIDAYS_MAX * (DAY_CHARS + 1))

static const char *action_word(int64_t action)
{
	return action == LIMITS_SUSPEND ? "suspend" : "alert";
}

/* ---- GET /api/v1/guard ---- */

static json_t *count_json(int64_t value)
{
	return value == LIMITS_UNSET ? json_null() : json_integer(value);
}

static json_t *limits_json(const struct store_guard_rule *r)
{
	bool customer = r->scope == FRAUD_FOR_CUSTOMER, number = r->scope == FRAUD_FOR_NUMBER;
	return json_pack("{s:o,s:o,s:b,s:o,s:o,s:o,s:o,s:o}", "customer",
			 customer ? json_slice(r->object) : json_null(), "number",
			 number ? json_slice(r->object) : json_null(), "off_hours", r->off_hours,
			 "spend_yen", count_json(r->spend_yen), "minutes", count_json(r->minutes),
			 "calls_per_minute", count_json(r->calls_per_minute), "new_country_days",
			 count_json(r->new_country_days), "action",
			 r->action == LIMITS_UNSET ? json_null()
						   : json_string(action_word(r->action)));
}

static int add_rule(void *rules, const struct store_guard_rule *r)
{
	return json_array_append_new(rules, limits_json(r));
}

static int add_suspended(void *list, const struct store_guard_number *n)
{
	if (n->suspended_at == 0)
		return 0;
	return json_array_append_new(
		list,
		json_pack("{s:o,s:o,s:o,s:I,s:I}", "number", json_slice(n->number), "suspended_at",
			  json_time(n->suspended_at), "reason", json_slice(n->reason), "value",
			  (json_int_t)n->value, "limit", (json_int_t)n->limit));
}

void guard_show(struct request *r)
{
	struct store *s = r->api->store;
	json_t *rules = json_array(), *suspended = json_array();
	struct slice holidays;
	int err = store_guard_rule_each(s, add_rule, rules);
	if (err == 0)
		err = store_guard_number_each(s, add_suspended, suspended);
	if (err) {
		json_decref(rules);
		json_decref(suspended);
		refuse_store(r, err, s);
		return;
	}
	if (store_setting_get(s, SLICE("guard_holidays"), &holidays) != 0)
		holidays = SLICE_NONE;
	r->json = json_pack("{s:o,s:o,s:o}", "rules", rules, "holidays", json_slice(holidays),
			    "suspended", suspended);
}

/* ---- PUT /api/v1/guard ---- */

/* A rule as it is to become, its object kept beside it. */
struct change {
	struct store_guard_rule rule;
	char object[STORE_NUMBER_BYTES];
	bool known; /* there was one */
};

static bool refuse_object(struct request *r, const char *field, const char *message)
{
	refuse(r, 400, "invalid", message, field, NULL);
	return false;
}

static bool take_object(struct request *r, struct change *c)
{
	const char *customer = body_text(r, "customer"), *number = body_text(r, "number");
	struct directory_number known;
	struct store_customer there;
	if (customer && number)
		return refuse_object(r, "customer", "A rule is for a customer or for a number");
	if (number && !line_find(r, number, &known))
		return false;
	c->rule.scope = number ? FRAUD_FOR_NUMBER : customer ? FRAUD_FOR_CUSTOMER : FRAUD_FOR_ALL;
	if (customer && (!draft_customer_good(customer) ||
			 store_customer_get(r->api->store, slice_str(customer), &there) != 0)) {
		refuse_missing(r, "customer", customer, "see 'opengatectl customer list'");
		return false;
	}
	if (number || customer)
		(void)slice_copy(slice_str(number ? known.number : customer), c->object,
				 sizeof(c->object));
	c->rule.object = slice_str(c->object);
	c->rule.off_hours = json_is_true(json_object_get(r->body, "off_hours"));
	return true;
}

static int take_known(void *ctx, const struct store_guard_rule *r)
{
	struct change *c = ctx;
	struct slice object = c->rule.object;
	if (r->scope != c->rule.scope || r->off_hours != c->rule.off_hours ||
	    !slice_eq(r->object, object))
		return 0;
	c->rule = *r;
	c->rule.object = object;
	c->known = true;
	return 0;
}

static bool take_count(struct request *r, const char *key, int64_t *ret_value)
{
	const json_t *value = json_object_get(r->body, key);
	if (value == NULL)
		return true;
	*ret_value = json_integer_value(value);
	if (*ret_value >= 0 && *ret_value <= VALUE_MAX)
		return true;
	refuse(r, 400, "invalid", "A limit is a whole number from 0, which is none, to 1000000000",
	       key, NULL);
	return false;
}

static bool take_action(struct request *r, int64_t *ret_action)
{
	const char *word = body_text(r, "action");
	if (word == NULL)
		return true;
	*ret_action = strcmp(word, "suspend") == 0 ? LIMITS_SUSPEND : LIMITS_ALERT;
	if (strcmp(word, action_word(*ret_action)) == 0)
		return true;
	refuse(r, 400, "invalid", "The action is alert or suspend", "action", NULL);
	return false;
}

static bool take_limits(struct request *r, struct store_guard_rule *rule)
{
	return take_count(r, "spend_yen", &rule->spend_yen) &&
	       take_count(r, "minutes", &rule->minutes) &&
	       take_count(r, "calls_per_minute", &rule->calls_per_minute) &&
	       take_count(r, "new_country_days", &rule->new_country_days) &&
	       take_action(r, &rule->action);
}

/* The dates are read before they are kept. */
static bool check_holidays(struct request *r, const char *text)
{
	struct fraud_rules rules;
	fraud_rules_init(&rules);
	int err = fraud_rules_take_holidays(&rules, slice_str(text));
	fraud_rules_free(&rules);
	if (err)
		refuse(r, 400, "invalid", "The holidays are not understood", "holidays",
		       "write up to 1024 days like 2026-11-23, with commas between them");
	return err == 0;
}

static bool says_limits(const struct request *r)
{
	static const char *const keys[] = {"spend_yen", "minutes", "calls_per_minute",
					   "new_country_days", "action"};
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (json_object_get(r->body, keys[i]))
			return true;
	return false;
}

static int keep(struct request *r, const struct change *c, bool clear)
{
	struct store *s = r->api->store;
	const char *holidays = body_text(r, "holidays");
	int err = store_begin(s);
	if (err == 0 && holidays)
		err = store_setting_put(s, SLICE("guard_holidays"), slice_str(holidays));
	if (err == 0 && clear && c->known)
		err = store_guard_rule_remove(s, c->rule.scope, c->rule.object, c->rule.off_hours);
	if (err == 0 && !clear && says_limits(r))
		err = store_guard_rule_put(s, &c->rule);
	if (err) {
		store_rollback(s);
		return err;
	}
	return store_commit(s);
}

static void change(struct request *r, struct change *c)
{
	const char *holidays = body_text(r, "holidays");
	bool clear = json_is_true(json_object_get(r->body, "clear"));
	if (holidays && !check_holidays(r, holidays))
		return;
	if (!holidays && !clear && !says_limits(r)) {
		refuse(r, 400, "missing", "There is nothing to change", NULL,
		       "give a limit, an action, holidays or clear");
		return;
	}
	int err = keep(r, c, clear);
	if (err == 0)
		err = fraud_reload(r->api->p.fraud, r->api->store, clock_wall_ms());
	if (err) {
		refuse_store(r, err, r->api->store);
		return;
	}
	audit(r, clear ? "guard.clear" : "guard.set", c->object);
	guard_show(r);
}

void guard_change(struct request *r)
{
	struct change c = {.rule = {.spend_yen = LIMITS_UNSET,
				    .minutes = LIMITS_UNSET,
				    .calls_per_minute = LIMITS_UNSET,
				    .new_country_days = LIMITS_UNSET,
				    .action = LIMITS_UNSET}};
	if (!take_object(r, &c))
		return;
	int err = store_guard_rule_each(r->api->store, take_known, &c);
	if (err)
		refuse_store(r, err, r->api->store);
	else if (take_limits(r, &c.rule))
		change(r, &c);
}

/* The store has forgotten by itself. Where the rules cannot be read the old ones stay until they
 * can: they are nobody's. */
void guard_forget(struct request *r, const char *number)
{
	if (r->api->p.fraud == NULL)
		return;
	if (number)
		fraud_forget(r->api->p.fraud, slice_str(number));
	(void)fraud_reload(r->api->p.fraud, r->api->store, clock_wall_ms());
}

/* ---- GET /api/v1/guard/{id}, POST /api/v1/guard/{id}/release ---- */

static json_t *state_json(const struct directory_number *n, const struct fraud_state *s)
{
	char yen[MONEY_CHARS];
	money_text(s->usage.spend_uyen, yen);
	json_t *suspension =
		s->suspended_at_ms
			? json_pack("{s:o,s:s,s:I,s:I}", "at", json_time(s->suspended_at_ms),
				    "reason", fraud_reason_word(s->suspended_by), "value",
				    (json_int_t)s->value, "limit", (json_int_t)s->limit)
			: json_null();
	return json_pack(
		"{s:s,s:s,s:o,s:f,s:I,s:I,s:I,s:I,s:I,s:s,s:o}", "number", n->number, "spend_yen",
		yen, "suspension", suspension, "minutes", (double)s->usage.talk_ms / 60000,
		"calls_this_minute", (json_int_t)s->usage.calls_in_minute, "spend_limit_yen",
		(json_int_t)s->limits.spend_yen, "minutes_limit", (json_int_t)s->limits.minutes,
		"calls_per_minute_limit", (json_int_t)s->limits.calls_per_minute,
		"new_country_days", (json_int_t)s->limits.new_country_days, "action",
		action_word(s->limits.action), "customer", json_slice(slice_str(n->customer)));
}

void guard_number_show(struct request *r)
{
	struct directory_number n;
	struct fraud_state state;
	if (!line_find(r, r->id, &n))
		return;
	(void)fraud_show(r->api->p.fraud, slice_str(n.number), slice_str(n.customer),
			 clock_wall_ms(), &state);
	r->json = state_json(&n, &state);
}

static int permit(struct request *r, const struct directory_number *n, const struct country *c)
{
	int64_t now_ms = clock_wall_ms();
	int err = store_guard_permit_put(r->api->store, slice_str(n->number), slice_str(c->id),
					 now_ms);
	if (err == 0)
		fraud_permit(r->api->p.fraud, slice_str(n->number), slice_str(c->id), now_ms);
	return err;
}

static int release(struct request *r, const struct directory_number *n)
{
	const struct store_guard_number released = {.number = slice_str(n->number),
						    .released_at = clock_wall_ms()};
	int err = store_guard_number_put(r->api->store, &released);
	if (err == 0)
		fraud_release(r->api->p.fraud, slice_str(n->number), released.released_at);
	return err;
}

void guard_release(struct request *r)
{
	struct directory_number n;
	const char *id = body_text(r, "country");
	const struct country *c = id ? country_by_id(slice_str(id)) : NULL;
	if (!line_find(r, r->id, &n))
		return;
	if (id && c == NULL) {
		refuse(r, 400, "invalid", "There is no such country", "country",
		       "write the two letters of ISO 3166, such as US");
		return;
	}
	int err = c ? permit(r, &n, c) : release(r, &n);
	if (err) {
		refuse_store(r, err, r->api->store);
		return;
	}
	audit(r, c ? "guard.permit" : "guard.release", n.number);
	guard_number_show(r);
}
