/* What goes on, and what was. */
#include "cli.h"
#include "ladder.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int run_registrations(const struct command *c, const struct arguments *a)
{
	static const struct column columns[] = {
		{"NUMBER", "number"},
		{"ACCOUNT", "account"},
		{"CONTACT", "contact"},
		{"SOURCE", "source"},
		{"BY", "transport"},
		{"USER AGENT", "user_agent"},
		{"NAT", "nat"},
		{"REACHABLE", "reach"},
		{"LAST KEEPALIVE", "last_keepalive_at"},
		{"EXPIRES", "expires_at"},
	};
	char *path = query_of(c, a, "/api/v1/registrations");
	int status =
		path ? show_list(a, path, "registrations", columns, COUNT(columns)) : EXIT_USAGE;
	free(path);
	return status;
}

int run_calls(const struct command *c, const struct arguments *a)
{
	static const struct column columns[] = {
		{"ID", "id"},
		{"FROM", "from"},
		{"TO", "to"},
		{"FORWARDED", "forwarded_to"},
		{"STATE", "state"},
		{"STARTED", "started_at"},
		{"ANSWERED", "answered_at"},
		{"CHANNEL", "channel"},
		{"CODEC", "media.codec"},
	};
	(void)c;
	return show_list(a, "/api/v1/calls", "calls", columns, COUNT(columns));
}

int run_calls_hangup(const struct command *c, const struct arguments *a)
{
	char *path = path_with("/api/v1/calls/", a->operands[0], "");
	(void)c;
	int status = show_object(a, "DELETE", path, NULL);
	free(path);
	return status;
}

int run_records(const struct command *c, const struct arguments *a)
{
	static const struct column columns[] = {
		{"ID", "id"},
		{"FROM", "from"},
		{"TO", "to"},
		{"FORWARDED", "forward"},
		{"STARTED", "started_at"},
		{"S", "duration_s"},
		{"CODE", "sip_code"},
		{"REASON", "reason"},
		{"ENDED BY", "ended_by"},
		{"DETAIL", "detail"},
		{"MOS A>B", "quality.a_to_b.mos"},
		{"MOS B>A", "quality.b_to_a.mos"},
		{"CALL", "call"},
	};
	char *path = query_of(c, a, "/api/v1/records");
	int status = path ? show_list(a, path, "records", columns, COUNT(columns)) : EXIT_USAGE;
	free(path);
	return status;
}

/* A terminal, and nobody asked to be spared (no-color.org). */
static bool wants_color(void)
{
	const char *term = getenv("TERM"), *no = getenv("NO_COLOR");
	return isatty(STDOUT_FILENO) && (no == NULL || !*no) && term && strcmp(term, "dumb") != 0;
}

int run_trace(const struct command *c, const struct arguments *a)
{
	char *path = path_with("/api/v1/trace/", a->operands[0], "");
	struct reply r;
	(void)c;
	int status = request(a, "GET", path, NULL, &r);
	if (status == EXIT_DONE && a->json)
		print_json(r.json);
	else if (status == EXIT_DONE)
		print_ladder(stdout, r.json, wants_color());
	reply_free(&r);
	free(path);
	return status;
}

int run_status(const struct command *c, const struct arguments *a)
{
	(void)c;
	return show_object(a, "GET", "/api/v1/status", NULL);
}
