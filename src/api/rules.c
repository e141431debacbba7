/* The operator's rules beyond the numbering plan. */
#include "api/api_priv.h"
#include "base/clock.h"
#include "base/err.h"
#include "policy/plan.h"
#include "provision/draft.h"

#include <string.h>

#define RULES_MAX    100000u
#define DETAIL_BYTES 512

json_t *rule_json(const struct store_rule *rule)
{
	bool known = rule->scope < PLAN_SCOPES && rule->about < PLAN_ABOUTS;
	enum plan_scope scope = known ? (enum plan_scope)rule->scope : PLAN_FOR_ALL;
	enum plan_about about = known ? (enum plan_about)rule->about : PLAN_ABOUT_CLASS;
	json_t *o = json_pack("{s:I,s:s,s:o,s:s,s:o,s:s,s:o,s:o}", "id", (json_int_t)rule->id,
			      "scope", plan_scope_word(scope), "who",
			      rule->who.n ? json_slice(rule->who) : json_null(), "about",
			      plan_about_word(about), "key", json_slice(rule->key), "decision",
			      rule->allow ? "allow" : "deny", "memo", json_slice(rule->memo),
			      "created_at", json_time(rule->created_at));
	return o;
}

/* ---- GET /api/v1/plan/rules?customer=&number= ---- */

struct filter {
	struct list list;
	const char *customer, *number; /* NULL: not asked for */
};

static int add_row(void *ctx, const struct store_rule *rule)
{
	struct filter *f = ctx;
	bool all = f->customer == NULL && f->number == NULL;
	bool wanted = all ||
		      (f->customer && rule->scope == PLAN_FOR_CUSTOMER &&
		       slice_eq(rule->who, slice_str(f->customer))) ||
		      (f->number && rule->scope == PLAN_FOR_NUMBER &&
		       slice_eq(rule->who, slice_str(f->number)));
	return wanted ? list_add(&f->list, rule_json(rule)) : 0;
}

void rules_list(struct request *r)
{
	char number[STORE_NUMBER_BYTES];
	const char *given = query(r, "number");
	const struct fault *fault = given ? draft_number(given, number) : NULL;
	struct filter f = {.customer = query(r, "customer"), .number = given ? number : NULL};
	if (fault) {
		refuse_fault(r, fault);
		return;
	}
	list_begin(&f.list, r, "rules");
	int err = store_rule_each(r->api->store, add_row, &f);
	list_end_or_refuse(&f.list, err);
}

/* ---- POST /api/v1/plan/rules ---- */

/* How many of the body's fields are given; the last of them. */
static int given_of(const struct request *r, const char *const *names, int count, int *ret_which)
{
	int n = 0;
	for (int i = 0; i < count; i++) {
		if (json_object_get(r->body, names[i]) == NULL)
			continue;
		n++;
		*ret_which = i;
	}
	return n;
}

static bool invalid(struct request *r, const char *field, const char *message, const char *hint)
{
	refuse(r, 400, "invalid", message, field, hint);
	return false;
}

static bool read_number(struct request *r, struct plan_rule *rule)
{
	struct directory_number n;
	if (!line_find(r, body_text(r, "number"), &n))
		return false;
	snprintf(rule->who, sizeof(rule->who), "%s", n.number);
	return true;
}

static bool read_customer(struct request *r, struct plan_rule *rule)
{
	const char *code = body_text(r, "customer");
	struct store_customer c;
	int err = draft_customer_good(code) ? store_customer_get(r->api->store, slice_str(code), &c)
					    : ERR_NOT_FOUND;
	if (err == ERR_NOT_FOUND)
		refuse(r, 404, "not_found", "There is no such customer", "customer",
		       "see 'opengatectl customer list'");
	else if (err)
		refuse_store(r, err, r->api->store);
	if (err)
		return false;
	snprintf(rule->who, sizeof(rule->who), "%s", code);
	return true;
}

static bool read_scope(struct request *r, struct plan_rule *rule)
{
	static const char *const names[] = {"all", "customer", "number"};
	int which = 0;
	if (given_of(r, names, 3, &which) != 1)
		return invalid(r, NULL, "A rule is for all, for one customer, or for one number",
			       "give one of all, customer and number");
	rule->scope = (enum plan_scope)which;
	if (rule->scope == PLAN_FOR_NUMBER)
		return read_number(r, rule);
	if (rule->scope == PLAN_FOR_CUSTOMER)
		return read_customer(r, rule);
	return json_is_true(json_object_get(r->body, "all")) ||
	       invalid(r, "all", "\"all\" is true, or left out", NULL);
}

static bool read_class(struct request *r, struct plan_rule *rule)
{
	enum plan_class c;
	if (plan_class_of(slice_str(body_text(r, "class")), &c) != 0)
		return invalid(r, "class", "There is no such class of numbers",
			       "'opengatectl plan show' lists them");
	if (rule->allow && !plan_class_opens(c))
		return invalid(r, "class", "This class cannot be opened by a rule",
			       c == PLAN_EMERGENCY
				       ? "emergency numbers are refused whatever rules say"
				       : "numbers of this class are never put through");
	snprintf(rule->key, sizeof(rule->key), "%s", plan_class_word(c));
	return true;
}

static bool read_country(struct request *r, struct plan_rule *rule)
{
	const struct country *c = country_by_id(slice_str(body_text(r, "country")));
	if (c == NULL)
		return invalid(r, "country", "There is no such country",
			       "write two letters, like GB; 'opengatectl plan show' lists them");
	if (strcmp(c->id, "JP") == 0)
		return invalid(r, "country", "Calls to Japan are not calls abroad",
			       "give a class or a prefix instead");
	snprintf(rule->key, sizeof(rule->key), "%s", c->id);
	return true;
}

static bool read_prefix(struct request *r, struct plan_rule *rule)
{
	if (plan_rule_prefix(slice_str(body_text(r, "prefix")), rule->key) == 0)
		return true;
	return invalid(r, "prefix", "No number can begin so",
		       "write digits as they are dialled, like 03, +852 or 010-852");
}

static bool read_about(struct request *r, struct plan_rule *rule)
{
	static const char *const names[] = {"class", "country", "prefix"};
	int which = 0;
	if (given_of(r, names, 3, &which) != 1)
		return invalid(r, NULL, "A rule is about one class, one country, or one prefix",
			       "give one of class, country and prefix");
	rule->about = (enum plan_about)which;
	if (rule->about == PLAN_ABOUT_CLASS)
		return read_class(r, rule);
	return rule->about == PLAN_ABOUT_COUNTRY ? read_country(r, rule) : read_prefix(r, rule);
}

static bool read_rule(struct request *r, struct plan_rule *rule)
{
	const char *decision = body_text(r, "decision");
	rule->allow = strcmp(decision, "allow") == 0;
	if (!rule->allow && strcmp(decision, "deny") != 0)
		return invalid(r, "decision", "The decision is allow or deny", NULL);
	return read_scope(r, rule) && read_about(r, rule);
}

/* Durable already; false: refused, the set in force is the old one. */
static bool put_in_force(struct request *r)
{
	int err = directory_rules_load(r->api->p.directory, r->api->store);
	if (err)
		refuse(r, 503, "unavailable",
		       "The change is kept but not in force: the rules could not be loaded", NULL,
		       "restart the server");
	return err == 0;
}

static bool has_room(struct request *r)
{
	const struct plan_rules *rules = directory_rules(r->api->p.directory);
	bool room = plan_rules_count(rules) < RULES_MAX;
	plan_rules_unref(rules);
	if (!room)
		refuse(r, 409, "conflict", "There are 100000 rules, the most that can be", NULL,
		       "remove some; one for a customer or for all may do for many");
	return room;
}

static void describe(const struct store_rule *rule, char detail[DETAIL_BYTES])
{
	snprintf(detail, DETAIL_BYTES, "%s %s %.*s for %s %.*s: %.*s",
		 rule->allow ? "allow" : "deny", plan_about_word((enum plan_about)rule->about),
		 SLICE_ARG(rule->key), plan_scope_word((enum plan_scope)rule->scope),
		 SLICE_ARG(rule->who), SLICE_ARG(rule->memo));
}

static void audit_rule(struct request *r, const char *action, const struct store_rule *rule)
{
	char object[32], detail[DETAIL_BYTES];
	snprintf(object, sizeof(object), "rule:%llu", (unsigned long long)rule->id);
	describe(rule, detail);
	audit_detail(r, action, object, detail);
}

void rules_add(struct request *r)
{
	struct plan_rule rule = {0};
	const char *memo = body_text(r, "memo");
	const struct fault *fault = memo ? line_fault(memo, "memo") : NULL;
	if (fault) {
		refuse_fault(r, fault);
		return;
	}
	if (!read_rule(r, &rule) || !has_room(r))
		return;
	struct store_rule kept = {
		.scope = (uint8_t)rule.scope,
		.about = (uint8_t)rule.about,
		.who = slice_str(rule.who),
		.key = slice_str(rule.key),
		.memo = slice_str(memo ? memo : ""),
		.allow = rule.allow,
		.created_at = clock_wall_ms(),
	};
	int err = store_rule_add(r->api->store, &kept, &kept.id);
	if (err == ERR_EXISTS) {
		refuse(r, 409, "exists", "There is a rule about the same already", NULL,
		       "remove it first: 'opengatectl plan rule list' names it");
		return;
	}
	if (err) {
		refuse_store(r, err, r->api->store);
		return;
	}
	audit_rule(r, "plan.rule.add", &kept);
	if (!put_in_force(r))
		return;
	r->status = 201;
	r->json = rule_json(&kept);
}

/* ---- DELETE /api/v1/plan/rules/{id} ---- */

/* A row's id in the path. False: refused. */
bool row_id(struct request *r, const char *what, uint64_t *ret_id)
{
	if (slice_u64(slice_str(r->id), INT64_MAX, ret_id) == 0)
		return true;
	refuse_missing(r, what, r->id, NULL);
	return false;
}

void rule_remove(struct request *r)
{
	uint64_t id;
	struct store_rule rule;
	char detail[DETAIL_BYTES], object[32];
	if (!row_id(r, "rule", &id))
		return;
	int err = store_rule_get(r->api->store, id, &rule);
	if (err == 0) {
		describe(&rule, detail);
		err = store_rule_remove(r->api->store, id);
	}
	if (err == ERR_NOT_FOUND)
		refuse_missing(r, "rule", r->id, "see 'opengatectl plan rule list'");
	else if (err)
		refuse_store(r, err, r->api->store);
	if (err)
		return;
	snprintf(object, sizeof(object), "rule:%llu", (unsigned long long)id);
	audit_detail(r, "plan.rule.remove", object, detail);
	if (put_in_force(r))
		r->json = json_pack("{s:o}", "removed", json_string(r->id));
}

/* A number or a customer has gone, and what was said about it alone. */
void rules_forget(struct request *r, enum plan_scope scope, const char *who)
{
	const struct plan_rules *rules = directory_rules(r->api->p.directory);
	bool any = plan_rules_about(rules, scope, slice_str(who));
	plan_rules_unref(rules);
	if (any)
		(void)directory_rules_load(r->api->p.directory, r->api->store);
}
