/* Customers and numbers. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int show_object(const struct arguments *a, const char *method, const char *path, json_t *body)
{
	struct reply r;
	int status = request(a, method, path, body, &r);
	if (status == EXIT_DONE && a->json)
		print_json(r.json);
	else if (status == EXIT_DONE)
		print_object(r.json);
	reply_free(&r);
	return status;
}

int show_list(const struct arguments *a, const char *path, const char *key,
	      const struct column *columns, int count)
{
	struct reply r;
	int status = request(a, "GET", path, NULL, &r);
	const json_t *rows = json_object_get(r.json, key);
	if (status == EXIT_DONE && a->json)
		print_json(rows);
	else if (status == EXIT_DONE)
		print_table(rows, columns, count);
	reply_free(&r);
	return status;
}

char *path_with(const char *before, const char *operand, const char *after)
{
	char *escaped = url_escape(operand), *path = NULL;
	if (escaped && asprintf(&path, "%s%s%s", before, escaped, after) < 0)
		path = NULL;
	free(escaped);
	return path;
}

int at_operand(const struct arguments *a, const char *method, const char *under, const char *after,
	       json_t *body)
{
	char *path = path_with(under, a->operands[0], after);
	int status = show_object(a, method, path, body);
	free(path);
	return status;
}

int number_settings(const struct arguments *a, const char *method, const char *after, json_t *body,
		    void print(const json_t *settings))
{
	struct reply r;
	char *path = path_with("/api/v1/numbers/", a->operands[0], after);
	int status = request(a, method, path, body, &r);
	if (status == EXIT_DONE && a->json)
		print_json(r.json);
	else if (status == EXIT_DONE)
		print(r.json);
	reply_free(&r);
	free(path);
	return status;
}

#define CUSTOMERS "/api/v1/customers"
#define NUMBERS	  "/api/v1/numbers"

int run_customer_add(const struct command *c, const struct arguments *a)
{
	json_t *body = body_of(c, a);
	return body ? show_object(a, "POST", CUSTOMERS, body) : EXIT_USAGE;
}

int run_customer_list(const struct command *c, const struct arguments *a)
{
	static const struct column columns[] = {
		{"CODE", "code"}, {"NAME", "name"}, {"SINCE", "created_at"}};
	(void)c;
	return show_list(a, CUSTOMERS, "customers", columns, COUNT(columns));
}

int run_customer_show(const struct command *c, const struct arguments *a)
{
	(void)c;
	return at_operand(a, "GET", CUSTOMERS "/", "", NULL);
}

static int nothing_to_change(const struct command *c)
{
	complain("%s was given nothing to change; 'opengatectl help %s' lists its flags",
		 command_name(c), command_name(c));
	return EXIT_USAGE;
}

int change_object(const struct command *c, const struct arguments *a, const char *under)
{
	json_t *body = body_of(c, a);
	if (body == NULL)
		return EXIT_USAGE;
	if (json_object_size(body))
		return at_operand(a, "PATCH", under, "", body);
	json_decref(body);
	return nothing_to_change(c);
}

int run_customer_set(const struct command *c, const struct arguments *a)
{
	return change_object(c, a, CUSTOMERS "/");
}

int run_customer_remove(const struct command *c, const struct arguments *a)
{
	(void)c;
	return at_operand(a, "DELETE", CUSTOMERS "/", "", NULL);
}

int run_number_add(const struct command *c, const struct arguments *a)
{
	json_t *body = body_of(c, a);
	if (body == NULL)
		return EXIT_USAGE;
	json_object_set_new(body, "number", json_string(a->operands[0]));
	return show_object(a, "POST", NUMBERS, body);
}

#define PAGE 10000 /* at a time, so that the server answers others in between */

static const char *last_number(const json_t *rows)
{
	const json_t *last = json_array_get(rows, json_array_size(rows) - 1);
	return json_string_value(json_object_get(last, "number"));
}

/* The next page, appended to rows. *ret_more: there may be another. */
static int fetch_page(const struct arguments *a, const char *query, json_t *rows, bool *ret_more)
{
	char paging[64];
	struct reply r;
	char *path = NULL;
	const char *after = last_number(rows);
	snprintf(paging, sizeof(paging), "%climit=%d&after=%.24s", strchr(query, '?') ? '&' : '?',
		 PAGE, after ? after : "");
	if (asprintf(&path, "%s%s", query, paging) < 0)
		return EXIT_REFUSED;
	int status = request(a, "GET", path, NULL, &r);
	json_t *page = json_object_get(r.json, "numbers");
	*ret_more = json_array_size(page) == PAGE;
	json_array_extend(rows, page);
	reply_free(&r);
	free(path);
	return status;
}

int run_number_list(const struct command *c, const struct arguments *a)
{
	static const struct column columns[] = {
		{"NUMBER", "number"},
		{"CUSTOMER", "customer"},
		{"ACCOUNT", "account"},
		{"CHANNELS", "channels"},
		{"POLICY", "registration_policy"},
		{"INTERNATIONAL", "international"},
		{"SUSPENDED", "suspended"},
	};
	char *query = query_of(c, a, NUMBERS);
	json_t *rows = json_array();
	bool more = query != NULL;
	int status = query ? EXIT_DONE : EXIT_USAGE;
	while (more && status == EXIT_DONE)
		status = fetch_page(a, query, rows, &more);
	if (status == EXIT_DONE && a->json)
		print_json(rows);
	else if (status == EXIT_DONE)
		print_table(rows, columns, COUNT(columns));
	json_decref(rows);
	free(query);
	return status;
}

int run_number_show(const struct command *c, const struct arguments *a)
{
	(void)c;
	return at_operand(a, "GET", NUMBERS "/", "", NULL);
}

int run_number_set(const struct command *c, const struct arguments *a)
{
	return change_object(c, a, NUMBERS "/");
}

int run_number_remove(const struct command *c, const struct arguments *a)
{
	(void)c;
	return at_operand(a, "DELETE", NUMBERS "/", "", NULL);
}

static bool agreed(const char *number)
{
	char answer[8];
	fprintf(stderr,
		"A new IP phone password cuts the phone of %s off until it is set there too. Go "
		"on? [y/N] ",
		number);
	return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

int run_number_password(const struct command *c, const struct arguments *a)
{
	bool option = flag_value(c, a, "--option") != NULL;
	if (option && flag_value(c, a, "--sip")) {
		complain("give --sip or --option, not both");
		return EXIT_USAGE;
	}
	bool ask = !option && !flag_value(c, a, "--yes");
	if (ask && !isatty(STDIN_FILENO)) {
		complain("a new IP phone password cuts the phone off until it is set there too; "
			 "give --yes to go on");
		return EXIT_REFUSED;
	}
	if (ask && !agreed(a->operands[0])) {
		complain("nothing was changed");
		return EXIT_REFUSED;
	}
	return at_operand(a, "POST", NUMBERS "/", "/password",
			  json_pack("{s:s}", "kind", option ? "option" : "sip"));
}
