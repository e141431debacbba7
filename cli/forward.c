/* Call forwarding: what a number has set, its list of targets, and what would happen. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

#define NUMBERS "/api/v1/numbers/"
#define ROWS	5

/* As the API calls them; here with hyphens. */
static const char *const kinds[] = {"unconditional", "busy", "no_answer", "not_registered"};
static const char *const states[] = {"registered", "busy", "no_answer", "unregistered"};

static const char *text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));
	return text ? text : "-";
}

/* "no-answer" -> "no_answer"; NULL: none of the words is called so. */
static const char *word_of(const char *typed, const char *const *words, int count)
{
	char plain[32];
	snprintf(plain, sizeof(plain), "%s", typed);
	for (char *p = plain; *p; p++)
		*p = *p == '-' ? '_' : *p;
	for (int i = 0; i < count; i++)
		if (strcmp(words[i], plain) == 0)
			return words[i];
	return NULL;
}

/* ---- show ---- */

static const json_t *row_at(const json_t *settings, json_int_t row)
{
	return json_array_get(json_object_get(settings, "targets"), (size_t)row - 1);
}

/* One kind as a line of the table. */
static json_t *kind_row(const json_t *settings, const char *kind)
{
	const json_t *o = json_object_get(settings, kind);
	json_int_t row = json_integer_value(json_object_get(o, "row"));
	const char *memo =
		row ? json_string_value(json_object_get(row_at(settings, row), "memo")) : NULL;
	char name[32];
	snprintf(name, sizeof(name), "%s", kind);
	for (char *p = name; *p; p++)
		*p = *p == '_' ? '-' : *p;
	return json_pack("{s:s,s:O,s:O,s:O,s:O,s:s}", "kind", name, "name_ja",
			 json_object_get(o, "name_ja"), "on", json_object_get(o, "on"), "row",
			 json_object_get(o, "row"), "target", json_object_get(o, "target"), "memo",
			 memo ? memo : "");
}

static void print_targets(const json_t *settings)
{
	static const struct column columns[] = {
		{"ROW", "row"}, {"NUMBER", "digits"}, {"MEMO", "memo"}};
	print_table(json_object_get(settings, "targets"), columns, COUNT(columns));
}

/* Where the reader could take a kind that is on for one that works. */
static void print_note(const json_t *settings)
{
	const json_t *first = json_object_get(settings, kinds[0]);
	bool others = false;
	for (int i = 1; i < COUNT(kinds); i++)
		others |= json_is_true(json_object_get(json_object_get(settings, kinds[i]), "on"));
	if (others && json_is_true(json_object_get(first, "on")))
		puts("\nunconditional forwarding comes before all others");
}

static void print_settings(const json_t *settings)
{
	static const struct column columns[] = {
		{"KIND", "kind"}, {"JAPANESE", "name_ja"}, {"ON", "on"},
		{"ROW", "row"},	  {"TO", "target"},	   {"MEMO", "memo"},
	};
	json_t *rows = json_array();
	bool deflects = json_is_true(json_object_get(settings, "deflection"));
	for (int i = 0; i < COUNT(kinds); i++)
		json_array_append_new(rows, kind_row(settings, kinds[i]));
	printf("number    %s\nring time %lld s, before no-answer applies\n"
	       "deflection %s: what its telephones name with 302 is %s\n\n",
	       text_of(settings, "number"),
	       (long long)json_integer_value(json_object_get(settings, "ring_s")),
	       deflects ? "on" : "off", deflects ? "followed" : "not followed");
	print_table(rows, columns, COUNT(columns));
	json_decref(rows);
	putchar('\n');
	print_targets(settings);
	print_note(settings);
}

int run_forward_show(const struct command *c, const struct arguments *a)
{
	(void)c;
	return number_settings(a, "GET", "/forward", NULL, print_settings);
}

/* ---- set ---- */

/* A flag's whole number into o. False with a complaint. */
static bool take_count(const struct command *c, const struct arguments *a, const char *flag,
		       json_t *o, const char *key)
{
	const char *value = flag_value(c, a, flag);
	size_t n = value ? strlen(value) : 0;
	if (value == NULL)
		return true;
	if (n == 0 || n > 9 || strspn(value, "0123456789") != n) {
		complain("%s takes a whole number, not \"%s\"", flag, value);
		return false;
	}
	json_object_set_new(o, key, json_integer(atoll(value)));
	return true;
}

/* No kind with a target: whether the telephone may name one. */
static bool is_deflection(const char *typed)
{
	return strcmp(typed, "deflection") == 0;
}

static bool set_good(const struct command *c, const struct arguments *a, const char *kind)
{
	const char *on = a->operands[2];
	bool deflection = is_deflection(a->operands[1]);
	if (kind == NULL && !deflection)
		complain("KIND is unconditional, busy, no-answer, not-registered or deflection, "
			 "not \"%s\"",
			 a->operands[1]);
	else if (strcmp(on, "on") != 0 && strcmp(on, "off") != 0)
		complain("forwarding is switched on or off, not \"%s\"", on);
	else if (deflection && (flag_value(c, a, "--row") || flag_value(c, a, "--to") ||
				flag_value(c, a, "--ring")))
		complain("the telephone names the target of deflection");
	else if (flag_value(c, a, "--row") && flag_value(c, a, "--to"))
		complain("give --row or --to, not both");
	else if (flag_value(c, a, "--ring") && strcmp(kind, "no_answer") != 0)
		complain("--ring belongs to no-answer");
	else
		return true;
	return false;
}

int run_forward_set(const struct command *c, const struct arguments *a)
{
	const char *kind = word_of(a->operands[1], kinds, COUNT(kinds)),
		   *to = flag_value(c, a, "--to");
	if (!set_good(c, a, kind))
		return EXIT_USAGE;
	bool on = strcmp(a->operands[2], "on") == 0;
	if (kind == NULL)
		return number_settings(a, "PUT", "/forward", json_pack("{s:b}", "deflection", on),
				       print_settings);
	json_t *body = json_object(), *rule = json_object();
	json_object_set_new(rule, "on", json_boolean(on));
	if (to)
		json_object_set_new(rule, "to", json_string(to));
	bool good = take_count(c, a, "--row", rule, "row") &&
		    take_count(c, a, "--ring", body, "ring_s");
	json_object_set_new(body, kind, rule);
	if (good)
		return number_settings(a, "PUT", "/forward", body, print_settings);
	json_decref(body);
	return EXIT_USAGE;
}

/* ---- targets ---- */

static int show_targets(const struct arguments *a, int row)
{
	struct reply r;
	char *path = path_with(NUMBERS, a->operands[0], "/forward");
	int status = request(a, "GET", path, NULL, &r);
	const json_t *one = row ? row_at(r.json, row) : json_object_get(r.json, "targets");
	if (status == EXIT_DONE && a->json)
		print_json(one);
	else if (status == EXIT_DONE && row)
		print_object(one);
	else if (status == EXIT_DONE)
		print_targets(r.json);
	reply_free(&r);
	free(path);
	return status;
}

static bool targets_good(const struct command *c, const struct arguments *a)
{
	const char *row = a->operands[1];
	bool clear = flag_value(c, a, "--clear") != NULL, memo = flag_value(c, a, "--memo") != NULL;
	if (row && (strlen(row) != 1 || *row < '1' || *row > '0' + ROWS))
		complain("ROW is a row of the list, 1 to %d, not \"%s\"", ROWS, row);
	else if (row == NULL && (clear || memo))
		complain("%s belongs to a row: name it behind the number",
			 clear ? "--clear" : "--memo");
	else if (clear && (memo || a->operands[2]))
		complain("a row is cleared or filled, not both");
	else
		return true;
	return false;
}

int run_forward_targets(const struct command *c, const struct arguments *a)
{
	const char *digits = a->operands[2], *memo = flag_value(c, a, "--memo");
	bool clear = flag_value(c, a, "--clear") != NULL;
	if (!targets_good(c, a))
		return EXIT_USAGE;
	int row = a->operands[1] ? *a->operands[1] - '0' : 0;
	if (digits == NULL && memo == NULL && !clear)
		return show_targets(a, row);
	json_t *target = json_pack("{s:i}", "row", row);
	if (digits || clear)
		json_object_set_new(target, "digits", json_string(clear ? "" : digits));
	if (memo || digits) /* that of the number before says nothing of this one */
		json_object_set_new(target, "memo", json_string(memo ? memo : ""));
	return number_settings(a, "PUT", "/forward", json_pack("{s:[o]}", "targets", target),
			       print_targets);
}

/* ---- simulate ---- */

static void print_step(const char *number, const json_t *o)
{
	for (int i = 0; i < 2; i++) {
		char *plain = strdup(text_of(o, i == 0 ? "text" : "text_ja"));
		if (plain == NULL)
			return;
		make_plain(plain);
		printf("%-12s %s\n", i == 0 ? number : "", plain);
		free(plain);
	}
}

static void print_simulated(const json_t *o)
{
	size_t i;
	json_t *step;
	const char *last = "";
	json_array_foreach(json_object_get(o, "steps"), i, step)
	{
		const char *number = text_of(step, "number");
		print_step(strcmp(number, last) == 0 ? "" : number, step);
		last = number;
	}
	print_step("result", json_object_get(o, "outcome"));
}

/* Its address with what was given. NULL with a complaint: there is no such state. */
static char *simulate_path(const struct command *c, const struct arguments *a)
{
	struct arguments as_sent = *a;
	for (int i = 0; i < FLAGS_MAX && c->flags[i].name; i++) {
		if (a->values[i] == NULL || strcmp(c->flags[i].name, "--state") != 0)
			continue;
		as_sent.values[i] = word_of(a->values[i], states, COUNT(states));
		if (as_sent.values[i])
			continue;
		complain("--state takes registered, busy, no-answer or unregistered, not \"%s\"",
			 a->values[i]);
		return NULL;
	}
	char *under = path_with(NUMBERS, a->operands[0], "/forward/simulate");
	char *path = under ? query_of(c, &as_sent, under) : NULL;
	free(under);
	return path;
}

int run_forward_simulate(const struct command *c, const struct arguments *a)
{
	struct reply r;
	char *path = simulate_path(c, a);
	if (path == NULL)
		return EXIT_USAGE;
	int status = request(a, "GET", path, NULL, &r);
	const json_t *outcome = json_object_get(r.json, "outcome");
	if (status == EXIT_DONE && a->json)
		print_json(r.json);
	else if (status == EXIT_DONE)
		print_simulated(r.json);
	if (status == EXIT_DONE && strcmp(text_of(outcome, "result"), "refused") == 0) {
		complain("%s", text_of(outcome, "text"));
		status = EXIT_REFUSED;
	}
	reply_free(&r);
	free(path);
	return status;
}
