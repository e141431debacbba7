/* The numbering plan: what a line may dial, and why not. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

static const char *text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));
	return text ? text : "-";
}

static const char *caller_id_text(const char *word)
{
	if (strcmp(word, "withheld") == 0)
		return "184: the line's number is not shown to the called party";
	if (strcmp(word, "presented") == 0)
		return "186: the line's number is shown to the called party";
	return "as usual";
}

/* What "plan:0120" and its like stand for. */
static const char *decided_text(const char *by)
{
	static const struct {
		const char *word, *text;
	} rows[] = {
		{"form", "it is not a telephone number"},
		{"plan:", "the numbering plan, by its longest prefix that fits"},
		{"country", "no country has that code"},
		{"permission", "the line's permission to call abroad"},
		{"directory", "no number of ours is called so"},
		{"suspension", "a number is suspended"},
		{"rule:", "the operator's rule"},
	};
	for (int i = 0; i < COUNT(rows); i++)
		if (strncmp(by, rows[i].word, strlen(rows[i].word)) == 0)
			return rows[i].text;
	return "";
}

static void line(const char *title, const char *text, const char *more)
{
	char *plain = NULL;
	if (asprintf(&plain, "%s%s%s%s", text, more ? " (" : "", more ? more : "",
		     more ? ")" : "") < 0)
		return;
	make_plain(plain);
	printf("%-12s %s\n", title, plain);
	free(plain);
}

static void print_deciding_rule(const json_t *rule)
{
	char *text = NULL;
	const char *who = json_string_value(json_object_get(rule, "who")),
		   *memo = json_string_value(json_object_get(rule, "memo"));
	if (rule == NULL || asprintf(&text, "%s %s %s for %s%s%s", text_of(rule, "decision"),
				     text_of(rule, "about"), text_of(rule, "key"),
				     text_of(rule, "scope"), who ? " " : "", who ? who : "") < 0)
		return;
	line("rule", text, memo && *memo ? memo : NULL);
	free(text);
}

static void print_judgement(const json_t *o)
{
	const json_t *country = json_object_get(o, "country"),
		     *refusal = json_object_get(o, "refusal");
	bool allowed = json_is_true(json_object_get(o, "allowed"));
	line("number", text_of(o, "number"), NULL);
	line("dialled", text_of(o, "dialled"), NULL);
	line("digits", text_of(o, "digits"), NULL);
	line("class", text_of(o, "class"), text_of(o, "class_ja"));
	if (json_is_object(country)) {
		line("country", text_of(country, "name"), text_of(country, "name_ja"));
		line("risk", text_of(country, "risk"), NULL);
	}
	line("E.164", text_of(o, "e164"), NULL);
	line("leads to",
	     !allowed					  ? "-"
	     : json_is_true(json_object_get(o, "on_net")) ? "a number of ours"
							  : "the telephone network",
	     NULL);
	line("caller id", caller_id_text(text_of(o, "caller_id")), NULL);
	line("allowed", allowed ? "yes" : "no", NULL);
	line("decided by", text_of(o, "decided_by"), decided_text(text_of(o, "decided_by")));
	print_deciding_rule(json_object_get(o, "rule"));
	if (allowed)
		return;
	line("reason", text_of(refusal, "text"), NULL);
	line("", text_of(refusal, "text_ja"), NULL);
	printf("%-12s %d, Q.850 cause %d\n", "SIP",
	       (int)json_integer_value(json_object_get(refusal, "sip_code")),
	       (int)json_integer_value(json_object_get(refusal, "q850")));
}

int run_plan_check(const struct command *c, const struct arguments *a)
{
	char *path = query_of(c, a, "/api/v1/plan/check");
	struct reply r;
	int status = path ? request(a, "GET", path, NULL, &r) : EXIT_USAGE;
	if (path == NULL)
		return status;
	if (status == EXIT_DONE) {
		const json_t *refusal = json_object_get(r.json, "refusal");
		if (a->json)
			print_json(r.json);
		else
			print_judgement(r.json);
		if (refusal) {
			complain("%s", text_of(refusal, "text"));
			status = EXIT_REFUSED;
		}
	}
	reply_free(&r);
	free(path);
	return status;
}

#define RULES "/api/v1/plan/rules"

static const struct column rule_columns[] = {
	{"ID", "id"},	 {"FOR", "scope"},	   {"WHO", "who"},   {"ABOUT", "about"},
	{"WHAT", "key"}, {"DECISION", "decision"}, {"MEMO", "memo"}, {"SINCE", "created_at"},
};

int run_plan_show(const struct command *c, const struct arguments *a)
{
	static const struct column table[] = {
		{"PREFIX", "prefix"},
		{"CLASS", "class"},
		{"DIGITS FROM", "digits_min"},
		{"TO", "digits_max"},
		{"ALLOWED", "allowed"},
		{"REASON", "reason"},
		{"CLASS (JAPANESE)", "class_ja"},
	};
	static const struct column countries[] = {
		{"CODE", "prefix"},
		{"ID", "id"},
		{"RISK", "risk"},
		{"NAME", "name"},
		{"NAME (JAPANESE)", "name_ja"},
	};
	struct reply r;
	(void)c;
	int status = request(a, "GET", "/api/v1/plan", NULL, &r);
	if (status == EXIT_DONE && a->json) {
		print_json(r.json);
	} else if (status == EXIT_DONE) {
		print_table(json_object_get(r.json, "table"), table, COUNT(table));
		putchar('\n');
		print_table(json_object_get(r.json, "countries"), countries, COUNT(countries));
		putchar('\n');
		print_table(json_object_get(r.json, "rules"), rule_columns, COUNT(rule_columns));
	}
	reply_free(&r);
	return status;
}

/* One flag of a few that exclude each other; false with a complaint. */
static bool one_of(const struct command *c, const struct arguments *a, const char *const *names,
		   int count, const char *list)
{
	int n = 0;
	for (int i = 0; i < count; i++)
		n += flag_value(c, a, names[i]) != NULL;
	if (n != 1)
		complain("%s needs one of %s", command_name(c), list);
	return n == 1;
}

int run_rule_add(const struct command *c, const struct arguments *a)
{
	static const char *const scopes[] = {"--all", "--customer", "--number"};
	static const char *const abouts[] = {"--class", "--country", "--prefix"};
	static const char *const decisions[] = {"--allow", "--deny"};
	if (!one_of(c, a, scopes, 3, "--all, --customer and --number") ||
	    !one_of(c, a, abouts, 3, "--class, --country and --prefix") ||
	    !one_of(c, a, decisions, 2, "--allow and --deny"))
		return EXIT_USAGE;
	json_t *body = body_of(c, a);
	if (body == NULL)
		return EXIT_USAGE;
	if (flag_value(c, a, "--all"))
		json_object_set_new(body, "all", json_true());
	json_object_set_new(body, "decision",
			    json_string(flag_value(c, a, "--allow") ? "allow" : "deny"));
	return show_object(a, "POST", RULES, body);
}

int run_rule_list(const struct command *c, const struct arguments *a)
{
	char *path = query_of(c, a, RULES);
	int status =
		path ? show_list(a, path, "rules", rule_columns, COUNT(rule_columns)) : EXIT_USAGE;
	free(path);
	return status;
}

int run_rule_remove(const struct command *c, const struct arguments *a)
{
	(void)c;
	return at_operand(a, "DELETE", RULES "/", "", NULL);
}
