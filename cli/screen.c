/* Rejection services: which calls a number does not take. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

static void print_screening(const json_t *o)
{
	static const struct column columns[] = {
		{"CALLER", "caller"}, {"ADDED", "added_at"}, {"MEMO", "memo"}};
	const json_t *blocked = json_object_get(o, "blocked");
	json_int_t limit = json_integer_value(json_object_get(o, "inbound_limit"));
	printf("number         %s\n", json_string_value(json_object_get(o, "number")));
	printf("anonymous      %s\n",
	       json_is_true(json_object_get(o, "reject_anonymous")) ? "reject" : "accept");
	printf("abroad         %s\n",
	       json_is_true(json_object_get(o, "reject_abroad")) ? "reject" : "accept");
	if (limit)
		printf("inbound limit  %lld\n", (long long)limit);
	else
		puts("inbound limit  none");
	if (json_array_size(blocked) == 0)
		return;
	putchar('\n');
	print_table(blocked, columns, COUNT(columns));
}

int run_screen_show(const struct command *c, const struct arguments *a)
{
	(void)c;
	return number_settings(a, "GET", "/screening", NULL, print_screening);
}

/* ---- set ---- */

/* "reject" or "accept" of a flag into the body. False with a complaint. */
static bool take_word(const struct command *c, const struct arguments *a, const char *flag,
		      json_t *body, const char *key)
{
	const char *word = flag_value(c, a, flag);
	if (word == NULL)
		return true;
	bool rejects = strcmp(word, "reject") == 0;
	if (!rejects && strcmp(word, "accept") != 0) {
		complain("%s takes reject or accept, not \"%s\"", flag, word);
		return false;
	}
	json_object_set_new(body, key, json_boolean(rejects));
	return true;
}

static bool take_limit(const struct command *c, const struct arguments *a, json_t *body)
{
	const char *value = flag_value(c, a, "--inbound-limit");
	size_t n = value ? strlen(value) : 0;
	if (value == NULL)
		return true;
	bool none = strcmp(value, "none") == 0;
	if (!none && (n == 0 || n > 2 || strspn(value, "0123456789") != n || atoi(value) == 0)) {
		complain("--inbound-limit takes 1 to 32 or none, not \"%s\"", value);
		return false;
	}
	json_object_set_new(body, "inbound_limit", json_integer(none ? 0 : atoi(value)));
	return true;
}

int run_screen_set(const struct command *c, const struct arguments *a)
{
	json_t *body = json_object();
	bool good = take_word(c, a, "--anonymous", body, "reject_anonymous") &&
		    take_word(c, a, "--abroad", body, "reject_abroad") && take_limit(c, a, body);
	if (good && json_object_size(body) == 0) {
		complain("give --anonymous, --abroad or --inbound-limit");
		good = false;
	}
	if (good)
		return number_settings(a, "PUT", "/screening", body, print_screening);
	json_decref(body);
	return EXIT_USAGE;
}

/* ---- the block list ---- */

int run_screen_block(const struct command *c, const struct arguments *a)
{
	const char *memo = flag_value(c, a, "--memo");
	json_t *entry = json_pack("{s:s}", "caller", a->operands[1]);
	if (memo)
		json_object_set_new(entry, "memo", json_string(memo));
	return number_settings(a, "PUT", "/screening", json_pack("{s:[o]}", "block", entry),
			       print_screening);
}

int run_screen_unblock(const struct command *c, const struct arguments *a)
{
	(void)c;
	return number_settings(a, "PUT", "/screening",
			       json_pack("{s:[s]}", "unblock", a->operands[1]), print_screening);
}
