/* Which handler a request goes to, and what each takes: one table. docs/openapi.yaml says the same
 * to strangers; a test compares them. */
#include "api/api_priv.h"

#include <string.h>

static const struct body_field customer_new[] = {
	{"code", BODY_TEXT, true},
	{"name", BODY_TEXT, true},
	{"address", BODY_TEXT, false},
	{"selfcare_password", BODY_TEXT, false},
	{0},
};
static const struct body_field customer_changes[] = {
	{"name", BODY_TEXT, false},
	{"address", BODY_TEXT, false},
	{"selfcare_password", BODY_TEXT, false},
	{0},
};
static const struct body_field number_new[] = {
	{"number", BODY_TEXT, true},
	{"customer", BODY_TEXT, true},
	{"account", BODY_TEXT, true},
	{"password", BODY_TEXT, false},
	{"option_password", BODY_TEXT, false},
	{"channels", BODY_COUNT, false},
	{"registration_policy", BODY_TEXT, false},
	{"international", BODY_SWITCH, false},
	{"suspended", BODY_SWITCH, false},
	{0},
};
static const struct body_field number_changes[] = {
	{"channels", BODY_COUNT, false},
	{"registration_policy", BODY_TEXT, false},
	{"international", BODY_SWITCH, false},
	{0},
};
static const struct body_field forward_changes[] = {
	{"unconditional", BODY_OBJECT, false}, {"busy", BODY_OBJECT, false},
	{"no_answer", BODY_OBJECT, false},     {"not_registered", BODY_OBJECT, false},
	{"ring_s", BODY_COUNT, false},	       {"deflection", BODY_SWITCH, false},
	{"targets", BODY_OBJECTS, false},      {0},
};
static const struct body_field screen_changes[] = {
	{"reject_anonymous", BODY_SWITCH, false},
	{"reject_abroad", BODY_SWITCH, false},
	{"inbound_limit", BODY_COUNT, false},
	{"block", BODY_OBJECTS, false},
	{"unblock", BODY_LIST, false},
	{0},
};
static const struct body_field suspension_new[] = {
	{"reason", BODY_TEXT, true},
	{"requester", BODY_TEXT, true},
	{0},
};
static const struct body_field suspension_end[] = {
	{"reason", BODY_TEXT, false},
	{"requester", BODY_TEXT, true},
	{0},
};
static const struct body_field application_new[] = {
	{"number", BODY_TEXT, true},
	{"kind", BODY_TEXT, false},
	{"applied_by", BODY_TEXT, true},
	{"memo", BODY_TEXT, false},
	{0},
};
static const struct body_field approval[] = {
	{"reason", BODY_TEXT, false},
	{0},
};
static const struct body_field rejection[] = {
	{"reason", BODY_TEXT, true},
	{0},
};
static const struct body_field rule_new[] = {
	{"all", BODY_SWITCH, false},   {"customer", BODY_TEXT, false}, {"number", BODY_TEXT, false},
	{"class", BODY_TEXT, false},   {"country", BODY_TEXT, false},  {"prefix", BODY_TEXT, false},
	{"decision", BODY_TEXT, true}, {"memo", BODY_TEXT, false},     {0},
};
static const struct body_field password_new[] = {
	{"kind", BODY_TEXT, true},
	{0},
};

#define TRUNK_CHANGES                                                                              \
	{"transport", BODY_TEXT, false}, {"sources", BODY_LIST, false},                            \
		{"user", BODY_TEXT, false}, {"register", BODY_TEXT, false},                        \
		{"password", BODY_TEXT, false}, {"format", BODY_TEXT, false},                      \
		{"priority", BODY_COUNT, false}, {"weight", BODY_COUNT, false},                    \
		{"capacity", BODY_COUNT, false}, {"prefixes", BODY_LIST, false},                   \
		{"trusted", BODY_SWITCH, false}, {0},
static const struct body_field trunk_new[] = {
	{"name", BODY_TEXT, true}, {"host", BODY_TEXT, true}, TRUNK_CHANGES};
static const struct body_field trunk_changes[] = {{"host", BODY_TEXT, false}, TRUNK_CHANGES};
static const struct body_field prune_new[] = {
	{"before", BODY_TEXT, true},
	{0},
};

static const struct body_field guard_changes[] = {
	{"customer", BODY_TEXT, false},
	{"number", BODY_TEXT, false},
	{"off_hours", BODY_SWITCH, false},
	{"spend_yen", BODY_COUNT, false},
	{"minutes", BODY_COUNT, false},
	{"calls_per_minute", BODY_COUNT, false},
	{"new_country_days", BODY_COUNT, false},
	{"action", BODY_TEXT, false},
	{"holidays", BODY_TEXT, false},
	{"clear", BODY_SWITCH, false},
	{0},
};
static const struct body_field guard_letting_go[] = {
	{"country", BODY_TEXT, false},
	{0},
};

#define BODY(fields) .body = (fields)
#define QUERY(...)   .query = {__VA_ARGS__}
#define WRITES	     .writes = true
#define OPEN	     .open = true
#define TRUSTED	     .open = false

const struct route api_routes[] = {
	{"GET", "/healthz", health_show, OPEN},
	{"GET", "/metrics", metrics_show, OPEN},
	{"GET", "/api/v1/openapi.yaml", openapi_show, OPEN},
	{"GET", "/api/v1/customers", customers_list, TRUSTED},
	{"POST", "/api/v1/customers", customers_add, BODY(customer_new), WRITES},
	{"GET", "/api/v1/customers/{id}", customer_show, TRUSTED},
	{"PATCH", "/api/v1/customers/{id}", customer_change, BODY(customer_changes), WRITES},
	{"DELETE", "/api/v1/customers/{id}", customer_remove, WRITES},
	{"GET", "/api/v1/numbers", numbers_list, QUERY("customer", "after", "limit")},
	{"POST", "/api/v1/numbers", numbers_add, BODY(number_new), WRITES},
	{"GET", "/api/v1/numbers/{id}", number_show, TRUSTED},
	{"PATCH", "/api/v1/numbers/{id}", number_change, BODY(number_changes), WRITES},
	{"DELETE", "/api/v1/numbers/{id}", number_remove, WRITES},
	{"POST", "/api/v1/numbers/{id}/password", number_password, BODY(password_new), WRITES},
	{"GET", "/api/v1/trunks", trunks_list, TRUSTED},
	{"POST", "/api/v1/trunks", trunks_add, BODY(trunk_new)},
	{"GET", "/api/v1/trunks/{id}", trunk_show, TRUSTED},
	{"PATCH", "/api/v1/trunks/{id}", trunk_change, BODY(trunk_changes)},
	{"DELETE", "/api/v1/trunks/{id}", trunk_remove, TRUSTED},
	{"POST", "/api/v1/trunks/{id}/test", trunk_test, TRUSTED},
	{"GET", "/api/v1/numbers/{id}/forward", forward_show, TRUSTED},
	{"PUT", "/api/v1/numbers/{id}/forward", forward_change, BODY(forward_changes), WRITES},
	{"GET", "/api/v1/numbers/{id}/screening", screen_show, TRUSTED},
	{"PUT", "/api/v1/numbers/{id}/screening", screen_change, BODY(screen_changes), WRITES},
	{"GET", "/api/v1/numbers/{id}/forward/simulate", forward_simulate, QUERY("from", "state")},
	{"POST", "/api/v1/numbers/{id}/suspend", number_suspend, BODY(suspension_new), WRITES},
	{"POST", "/api/v1/numbers/{id}/resume", number_resume, BODY(suspension_end), WRITES},
	{"GET", "/api/v1/applications", applications_list, QUERY("number", "state")},
	{"POST", "/api/v1/applications", applications_add, BODY(application_new), WRITES},
	{"GET", "/api/v1/applications/{id}", application_show, TRUSTED},
	{"POST", "/api/v1/applications/{id}/approve", application_approve, BODY(approval), WRITES},
	{"POST", "/api/v1/applications/{id}/reject", application_reject, BODY(rejection), WRITES},
	{"GET", "/api/v1/audit", audits_list, QUERY("object", "limit")},
	{"GET", "/api/v1/registrations", registrations_list, QUERY("number")},
	{"GET", "/api/v1/calls", calls_list, TRUSTED},
	{"DELETE", "/api/v1/calls/{id}", call_hangup, TRUSTED},
	{"GET", "/api/v1/records", records_list, QUERY("number", "since", "limit", "call")},
	{"GET", "/api/v1/records/export", records_export,
	 QUERY("from", "to", "before", "number", "customer", "format")},
	{"POST", "/api/v1/records/prune", records_prune, BODY(prune_new)},
	{"GET", "/api/v1/records/prune", records_prune_show, TRUSTED},
	{"GET", "/api/v1/prices", prices_show, QUERY("day")},
	{"POST", "/api/v1/prices", prices_import, QUERY("from"), .csv = true},
	{"GET", "/api/v1/prices/check", prices_check, QUERY("number", "dialled", "seconds", "day")},
	{"GET", "/api/v1/statements/{id}", statement_show, QUERY("month", "format", "language")},
	{"GET", "/api/v1/guard", guard_show, TRUSTED},
	{"PUT", "/api/v1/guard", guard_change, BODY(guard_changes)},
	{"GET", "/api/v1/guard/{id}", guard_number_show, TRUSTED},
	{"POST", "/api/v1/guard/{id}/release", guard_release, BODY(guard_letting_go)},
	{"GET", "/api/v1/trace/{id}", trace_show, TRUSTED},
	{"GET", "/api/v1/status", status_show, TRUSTED},
	{"GET", "/api/v1/plan", plan_show, TRUSTED},
	{"GET", "/api/v1/plan/check", plan_try, QUERY("number", "dialled")},
	{"GET", "/api/v1/plan/rules", rules_list, QUERY("customer", "number")},
	{"POST", "/api/v1/plan/rules", rules_add, BODY(rule_new), WRITES},
	{"DELETE", "/api/v1/plan/rules/{id}", rule_remove, WRITES},
	{"POST", "/api/v1/import", import_numbers, .csv = true},
	{"GET", "/api/v1/import", import_show, TRUSTED},
	{"GET", "/api/v1/export", export_numbers, TRUSTED},
};
const size_t api_route_count = sizeof(api_routes) / sizeof(api_routes[0]);

static bool path_fits(const char *pattern, const char *path, char ret_id[PATH_ID_BYTES])
{
	const char *hole = strstr(pattern, "{id}");
	size_t before = hole ? (size_t)(hole - pattern) : strlen(pattern);
	if (strncmp(pattern, path, before) != 0)
		return false;
	const char *rest = path + before;
	if (hole == NULL)
		return *rest == '\0';
	size_t n = strcspn(rest, "/");
	if (n == 0 || n >= PATH_ID_BYTES || strcmp(rest + n, hole + 4) != 0)
		return false;
	memcpy(ret_id, rest, n);
	ret_id[n] = '\0';
	return true;
}

/* RFC 9110 §9.3.2: HEAD is GET without the body, which the server leaves out. */
static const char *method_of(const struct request *r)
{
	return strcmp(r->method, "HEAD") == 0 ? "GET" : r->method;
}

const struct route *route_find(struct request *r, char ret_id[PATH_ID_BYTES])
{
	size_t used = 0;
	for (size_t i = 0; i < api_route_count; i++) {
		const struct route *route = &api_routes[i];
		if (!path_fits(route->path, r->path, ret_id))
			continue;
		if (strcmp(route->method, method_of(r)) == 0)
			return route;
		used += (size_t)snprintf(r->allow + used, sizeof(r->allow) - used, "%s%s",
					 used ? ", " : "", route->method);
	}
	if (r->allow[0])
		refuse(r, 405, "method", "This address does not take that method", NULL,
		       "see GET /api/v1/openapi.yaml");
	else
		refuse(r, 404, "not_found", "There is nothing at this address", NULL,
		       "GET /api/v1/openapi.yaml describes all addresses");
	return NULL;
}

void route_run(const struct route *route, struct request *r, const char *id)
{
	if (!r->trusted && !route->open) {
		refuse(r, 401, "unauthorized", "This needs the operator's own socket", NULL,
		       "use opengatectl on the server itself");
		return;
	}
	if (r->too_big) {
		refuse(r, 413, "too_big", "The body is larger than 64 MiB", NULL,
		       "send it in parts");
		return;
	}
	if (!query_check(r, route->query) || (route->body && !body_read(r, route->body)))
		return;
	if (!route->body && !route->csv && r->raw.n) {
		refuse(r, 400, "invalid", "This address takes no body", NULL, NULL);
		return;
	}
	r->id = strstr(route->path, "{id}") ? id : NULL;
	route->handler(r);
	r->id = NULL;
}
