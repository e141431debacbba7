/* The fraud guard. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

#define GUARD "/api/v1/guard"

static void print_all(const json_t *o)
{
	static const struct column rules[] = {{"CUSTOMER", "customer"},
					      {"NUMBER", "number"},
					      {"OFF HOURS", "off_hours"},
					      {"YEN A DAY", "spend_yen"},
					      {"MINUTES", "minutes"},
					      {"CALLS A MINUTE", "calls_per_minute"},
					      {"NEW AFTER", "new_country_days"},
					      {"ACTION", "action"}};
	static const struct column suspended[] = {{"SUSPENDED", "number"},
						  {"SINCE", "suspended_at"},
						  {"REASON", "reason"},
						  {"VALUE", "value"},
						  {"LIMIT", "limit"}};
	const char *holidays = json_string_value(json_object_get(o, "holidays"));
	print_table(json_object_get(o, "rules"), rules, COUNT(rules));
	if (holidays && *holidays)
		printf("\nholidays: %s\n", holidays);
	if (json_array_size(json_object_get(o, "suspended"))) {
		putchar('\n');
		print_table(json_object_get(o, "suspended"), suspended, COUNT(suspended));
	}
}

static int show_all(const struct arguments *a, const char *method, json_t *body)
{
	struct reply r;
	int status = request(a, method, GUARD, body, &r);
	if (status == EXIT_DONE && a->json)
		print_json(r.json);
	else if (status == EXIT_DONE)
		print_all(r.json);
	reply_free(&r);
	return status;
}

int run_guard_show(const struct command *c, const struct arguments *a)
{
	(void)c;
	return a->operands[0] ? at_operand(a, "GET", GUARD "/", "", NULL)
			      : show_all(a, "GET", NULL);
}

int run_guard_set(const struct command *c, const struct arguments *a)
{
	json_t *body = body_of(c, a);
	if (body == NULL)
		return EXIT_USAGE;
	if (flag_value(c, a, "--off-hours"))
		json_object_set_new(body, "off_hours", json_true());
	if (flag_value(c, a, "--clear"))
		json_object_set_new(body, "clear", json_true());
	return show_all(a, "PUT", body);
}

int run_guard_release(const struct command *c, const struct arguments *a)
{
	json_t *body = body_of(c, a);
	return body ? at_operand(a, "POST", GUARD "/", "/release", body) : EXIT_USAGE;
}
