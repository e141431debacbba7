/* The permission to call abroad, suspended numbers, and who did what. */
#include "cli.h"

#include <stdlib.h>

#define APPLICATIONS "/api/v1/applications"

static int apply(const struct command *c, const struct arguments *a, const char *kind)
{
	json_t *body = body_of(c, a);
	if (body == NULL)
		return EXIT_USAGE;
	json_object_set_new(body, "number", json_string(a->operands[0]));
	json_object_set_new(body, "kind", json_string(kind));
	return show_object(a, "POST", APPLICATIONS, body);
}

int run_application_add(const struct command *c, const struct arguments *a)
{
	return apply(c, a, "permit");
}

int run_application_suspend(const struct command *c, const struct arguments *a)
{
	return apply(c, a, "suspend");
}

int run_application_list(const struct command *c, const struct arguments *a)
{
	static const struct column columns[] = {
		{"ID", "id"},
		{"NUMBER", "number"},
		{"CUSTOMER", "customer"},
		{"KIND", "kind"},
		{"STATE", "state"},
		{"BY", "applied_by"},
		{"APPLIED", "applied_at"},
		{"MEMO", "memo"},
		{"DECIDED", "decided_at"},
		{"REASON", "reason"},
	};
	char *path = query_of(c, a, APPLICATIONS);
	int status =
		path ? show_list(a, path, "applications", columns, COUNT(columns)) : EXIT_USAGE;
	free(path);
	return status;
}

int run_application_show(const struct command *c, const struct arguments *a)
{
	(void)c;
	return at_operand(a, "GET", APPLICATIONS "/", "", NULL);
}

static int post(const struct command *c, const struct arguments *a, const char *under,
		const char *after)
{
	json_t *body = body_of(c, a);
	return body ? at_operand(a, "POST", under, after, body) : EXIT_USAGE;
}

int run_application_approve(const struct command *c, const struct arguments *a)
{
	return post(c, a, APPLICATIONS "/", "/approve");
}

int run_application_reject(const struct command *c, const struct arguments *a)
{
	return post(c, a, APPLICATIONS "/", "/reject");
}

int run_number_suspend(const struct command *c, const struct arguments *a)
{
	return post(c, a, "/api/v1/numbers/", "/suspend");
}

int run_number_resume(const struct command *c, const struct arguments *a)
{
	return post(c, a, "/api/v1/numbers/", "/resume");
}

int run_audit(const struct command *c, const struct arguments *a)
{
	static const struct column columns[] = {
		{"SEQ", "seq"},	      {"TIME", "done_at"},  {"BY", "actor"},
		{"ACTION", "action"}, {"OBJECT", "object"}, {"DETAIL", "detail"},
	};
	char *path = query_of(c, a, "/api/v1/audit");
	int status = path ? show_list(a, path, "audit", columns, COUNT(columns)) : EXIT_USAGE;
	free(path);
	return status;
}
