/* The ways to the telephone network. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TRUNKS "/api/v1/trunks"

int run_trunk_add(const struct command *c, const struct arguments *a)
{
	json_t *body = body_of(c, a);
	if (body == NULL)
		return EXIT_USAGE;
	json_object_set_new(body, "name", json_string(a->operands[0]));
	return show_object(a, "POST", TRUNKS, body);
}

int run_trunk_show(const struct command *c, const struct arguments *a)
{
	(void)c;
	return at_operand(a, "GET", TRUNKS "/", "", NULL);
}

int run_trunk_list(const struct command *c, const struct arguments *a)
{
	static const struct column columns[] = {
		{"NAME", "name"},
		{"HOST", "host"},
		{"STATE", "state"},
		{"REASON", "reason"},
		{"REGISTRATION", "registration"},
		{"CALLS", "calls"},
		{"CAPACITY", "capacity"},
		{"PRIORITY", "priority"},
		{"WEIGHT", "weight"},
		{"FORMAT", "format"},
	};
	(void)c;
	return show_list(a, TRUNKS, "trunks", columns, COUNT(columns));
}

int run_trunk_set(const struct command *c, const struct arguments *a)
{
	return change_object(c, a, TRUNKS "/");
}

int run_trunk_remove(const struct command *c, const struct arguments *a)
{
	(void)c;
	return at_operand(a, "DELETE", TRUNKS "/", "", NULL);
}

/* ---- test ---- */

#define POLL_MS 100

static json_int_t number_of(const json_t *trunk, const char *key)
{
	return json_integer_value(json_object_get(trunk, key));
}

static int tell(const struct arguments *a, const json_t *trunk)
{
	json_int_t code = number_of(trunk, "options_code");
	if (a->json)
		print_json(trunk);
	if (code == 0)
		complain("trunk %s does not answer OPTIONS; see that its host is right and that "
			 "nothing on the way drops SIP",
			 a->operands[0]);
	else if (!a->json)
		printf("%s answered OPTIONS with %d after %d ms; it is %s\n", a->operands[0],
		       (int)code, (int)number_of(trunk, "options_ms"),
		       json_string_value(json_object_get(trunk, "state")));
	return code ? EXIT_DONE : EXIT_REFUSED;
}

/* Until there is one OPTIONS more that is over, or the time is. */
static int wait_for_probe(const struct arguments *a, json_int_t before)
{
	const struct timespec pause = {.tv_nsec = POLL_MS * 1000000};
	char *path = path_with(TRUNKS "/", a->operands[0], "");
	int status = EXIT_DONE;
	bool over = false;
	for (long ms = 0; status == EXIT_DONE && !over && ms < a->timeout_ms; ms += POLL_MS) {
		struct reply r;
		nanosleep(&pause, NULL);
		status = request(a, "GET", path, NULL, &r);
		over = status == EXIT_DONE && number_of(r.json, "probes") != before;
		if (over)
			status = tell(a, r.json);
		reply_free(&r);
	}
	free(path);
	if (status == EXIT_DONE && !over) {
		complain("no OPTIONS to %s came to an end in time", a->operands[0]);
		return EXIT_REFUSED;
	}
	return status;
}

int run_trunk_test(const struct command *c, const struct arguments *a)
{
	struct reply r;
	char *path = path_with(TRUNKS "/", a->operands[0], "/test");
	(void)c;
	int status = request(a, "POST", path, NULL, &r);
	json_int_t before = number_of(r.json, "probes");
	reply_free(&r);
	free(path);
	return status == EXIT_DONE ? wait_for_probe(a, before) : status;
}
