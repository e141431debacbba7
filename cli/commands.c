/* The table of commands and what each does. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *flag_value(const struct command *c, const struct arguments *a, const char *name)
{
	for (int i = 0; i < FLAGS_MAX && c->flags[i].name; i++) {
		if (strcmp(c->flags[i].name, name) == 0)
			return a->values[i];
	}
	return NULL;
}

static void set_text(json_t *body, const char *key, const char *value)
{
	if (value)
		json_object_set_new(body, key, json_string(value));
}

/* on/off, yes/no. 0 or EXIT_USAGE. */
static int set_switch(json_t *body, const char *key, const char *flag, const char *value)
{
	if (value == NULL)
		return 0;
	bool on = strcmp(value, "on") == 0 || strcmp(value, "yes") == 0;
	if (!on && strcmp(value, "off") != 0 && strcmp(value, "no") != 0) {
		complain("%s takes on or off, not \"%s\"", flag, value);
		return EXIT_USAGE;
	}
	json_object_set_new(body, key, json_boolean(on));
	return 0;
}

static int set_number(json_t *body, const char *key, const char *flag, const char *value)
{
	char *end;
	if (value == NULL)
		return 0;
	long long n = strtoll(value, &end, 10);
	if (*value == '\0' || *end) {
		complain("%s takes a number, not \"%s\"", flag, value);
		return EXIT_USAGE;
	}
	json_object_set_new(body, key, json_integer(n));
	return 0;
}

/* --- the usual shapes */

static int show_object(const struct arguments *a, const char *method, const char *path,
		       json_t *body)
{
	struct reply r;
	int status = request(a, method, path, body, &r);
	if (status)
		return status;
	if (a->json)
		print_json(r.json);
	else
		print_object(r.json);
	reply_free(&r);
	return EXIT_DONE;
}

static int show_list(const struct arguments *a, const char *path, const char *key,
		     const struct column *columns, int count)
{
	struct reply r;
	int status = request(a, "GET", path, NULL, &r);
	if (status)
		return status;
	const json_t *rows = json_object_get(r.json, key);
	if (a->json)
		print_json(rows);
	else
		print_table(rows, columns, count);
	reply_free(&r);
	return EXIT_DONE;
}

static void path_with(char *path, size_t bytes, const char *before, const char *operand,
		      const char *after)
{
	char *escaped = url_escape(operand);
	snprintf(path, bytes, "%s%s%s", before, escaped ? escaped : "", after);
	free(escaped);
}

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

/* --- customers */

static int customer_add(const struct command *c, const struct arguments *a)
{
	json_t *body = json_object();
	if (!flag_value(c, a, "--code") || !flag_value(c, a, "--name")) {
		complain("customer add needs --code CODE and --name NAME");
		json_decref(body);
		return EXIT_USAGE;
	}
	set_text(body, "code", flag_value(c, a, "--code"));
	set_text(body, "name", flag_value(c, a, "--name"));
	set_text(body, "address", flag_value(c, a, "--address"));
	set_text(body, "selfcare_password", flag_value(c, a, "--selfcare-password"));
	return show_object(a, "POST", "/api/v1/customers", body);
}

static int customer_list(const struct command *c, const struct arguments *a)
{
	static const struct column columns[] = {
		{"CODE", "code"}, {"NAME", "name"}, {"SINCE", "created_at"}};
	(void)c;
	return show_list(a, "/api/v1/customers", "customers", columns, COUNT(columns));
}

static int customer_show(const struct command *c, const struct arguments *a)
{
	char path[512];
	(void)c;
	path_with(path, sizeof(path), "/api/v1/customers/", a->operands[0], "");
	return show_object(a, "GET", path, NULL);
}

static int customer_set(const struct command *c, const struct arguments *a)
{
	char path[512];
	json_t *body = json_object();
	set_text(body, "name", flag_value(c, a, "--name"));
	set_text(body, "address", flag_value(c, a, "--address"));
	set_text(body, "selfcare_password", flag_value(c, a, "--selfcare-password"));
	path_with(path, sizeof(path), "/api/v1/customers/", a->operands[0], "");
	return show_object(a, "PATCH", path, body);
}

static int customer_remove(const struct command *c, const struct arguments *a)
{
	char path[512];
	(void)c;
	path_with(path, sizeof(path), "/api/v1/customers/", a->operands[0], "");
	return show_object(a, "DELETE", path, NULL);
}

/* --- numbers */

static int number_add(const struct command *c, const struct arguments *a)
{
	json_t *body = json_object();
	if (!flag_value(c, a, "--customer") || !flag_value(c, a, "--account")) {
		complain("number add needs --customer CODE and --account ACCOUNT");
		json_decref(body);
		return EXIT_USAGE;
	}
	set_text(body, "number", a->operands[0]);
	set_text(body, "customer", flag_value(c, a, "--customer"));
	set_text(body, "account", flag_value(c, a, "--account"));
	set_text(body, "password", flag_value(c, a, "--password"));
	set_text(body, "option_password", flag_value(c, a, "--option-password"));
	set_text(body, "registration_policy", flag_value(c, a, "--policy"));
	if (set_number(body, "channels", "--channels", flag_value(c, a, "--channels"))) {
		json_decref(body);
		return EXIT_USAGE;
	}
	return show_object(a, "POST", "/api/v1/numbers", body);
}

static int number_list(const struct command *c, const struct arguments *a)
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
	(void)c;
	return show_list(a, "/api/v1/numbers", "numbers", columns, COUNT(columns));
}

static int number_show(const struct command *c, const struct arguments *a)
{
	char path[512];
	(void)c;
	path_with(path, sizeof(path), "/api/v1/numbers/", a->operands[0], "");
	return show_object(a, "GET", path, NULL);
}

static int number_set(const struct command *c, const struct arguments *a)
{
	char path[512];
	json_t *body = json_object();
	set_text(body, "registration_policy", flag_value(c, a, "--policy"));
	if (set_number(body, "channels", "--channels", flag_value(c, a, "--channels")) ||
	    set_switch(body, "international", "--international",
		       flag_value(c, a, "--international")) ||
	    set_switch(body, "suspended", "--suspended", flag_value(c, a, "--suspended"))) {
		json_decref(body);
		return EXIT_USAGE;
	}
	path_with(path, sizeof(path), "/api/v1/numbers/", a->operands[0], "");
	return show_object(a, "PATCH", path, body);
}

static int number_remove(const struct command *c, const struct arguments *a)
{
	char path[512];
	(void)c;
	path_with(path, sizeof(path), "/api/v1/numbers/", a->operands[0], "");
	return show_object(a, "DELETE", path, NULL);
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

static int number_password(const struct command *c, const struct arguments *a)
{
	char path[512];
	bool option = flag_value(c, a, "--option") != NULL;
	if (option && flag_value(c, a, "--sip")) {
		complain("give --sip or --option, not both");
		return EXIT_USAGE;
	}
	if (!option && !flag_value(c, a, "--yes")) {
		if (!isatty(STDIN_FILENO)) {
			complain("a new IP phone password cuts the phone off until it is set there "
				 "too; give --yes to go on");
			return EXIT_REFUSED;
		}
		if (!agreed(a->operands[0])) {
			complain("nothing was changed");
			return EXIT_REFUSED;
		}
	}
	path_with(path, sizeof(path), "/api/v1/numbers/", a->operands[0], "/password");
	return show_object(a, "POST", path, json_pack("{s:s}", "kind", option ? "option" : "sip"));
}

/* --- what goes on, and what was */

static int registrations(const struct command *c, const struct arguments *a)
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
	char path[512] = "/api/v1/registrations";
	(void)c;
	if (a->operand_count)
		path_with(path, sizeof(path), "/api/v1/registrations?number=", a->operands[0], "");
	return show_list(a, path, "registrations", columns, COUNT(columns));
}

static int calls(const struct command *c, const struct arguments *a)
{
	static const struct column columns[] = {
		{"ID", "id"},
		{"FROM", "from"},
		{"TO", "to"},
		{"STATE", "state"},
		{"STARTED", "started_at"},
		{"ANSWERED", "answered_at"},
		{"CODEC", "media.codec"},
	};
	(void)c;
	return show_list(a, "/api/v1/calls", "calls", columns, COUNT(columns));
}

static int calls_hangup(const struct command *c, const struct arguments *a)
{
	char path[512];
	(void)c;
	path_with(path, sizeof(path), "/api/v1/calls/", a->operands[0], "");
	return show_object(a, "DELETE", path, NULL);
}

static int records(const struct command *c, const struct arguments *a)
{
	static const struct column columns[] = {
		{"ID", "id"},
		{"FROM", "from"},
		{"TO", "to"},
		{"STARTED", "started_at"},
		{"S", "duration_s"},
		{"CODE", "sip_code"},
		{"REASON", "reason"},
		{"ENDED BY", "ended_by"},
		{"MOS A>B", "quality.a_to_b.mos"},
		{"MOS B>A", "quality.b_to_a.mos"},
	};
	char path[1024] = "/api/v1/records?", part[512];
	const char *limit = flag_value(c, a, "--limit"), *since = flag_value(c, a, "--since");
	const struct {
		const char *key, *value;
	} query[] = {{"number=", a->operands[0]}, {"&since=", since}, {"&limit=", limit}};
	for (int i = 0; i < COUNT(query); i++) {
		if (query[i].value == NULL)
			continue;
		path_with(part, sizeof(part), query[i].key, query[i].value, "");
		strncat(path, part, sizeof(path) - strlen(path) - 1);
	}
	return show_list(a, path, "records", columns, COUNT(columns));
}

static int trace(const struct command *c, const struct arguments *a)
{
	char path[512];
	struct reply r;
	(void)c;
	path_with(path, sizeof(path), "/api/v1/trace/", a->operands[0], "");
	int status = request(a, "GET", path, NULL, &r);
	if (status)
		return status;
	if (a->json)
		print_json(r.json);
	else
		print_ladder(r.json);
	reply_free(&r);
	return EXIT_DONE;
}

static int server_status(const struct command *c, const struct arguments *a)
{
	(void)c;
	return show_object(a, "GET", "/api/v1/status", NULL);
}

/* --- bulk */

static char *read_file(const char *path, size_t *ret_n)
{
	FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
	char *all = NULL, chunk[65536];
	size_t n = 0, got;
	if (f == NULL) {
		complain("%s cannot be read; check the path", path);
		return NULL;
	}
	while ((got = fread(chunk, 1, sizeof(chunk), f)) > 0) {
		char *grown = realloc(all, n + got + 1);
		if (grown == NULL)
			break;
		all = grown;
		memcpy(all + n, chunk, got);
		n += got;
	}
	if (f != stdin)
		fclose(f);
	*ret_n = n;
	return all ? all : calloc(1, 1);
}

static int import(const struct command *c, const struct arguments *a)
{
	static const struct column columns[] = {
		{"NUMBER", "number"}, {"ACCOUNT", "account"}, {"PASSWORD", "password"}};
	struct reply r;
	size_t n;
	char *bytes = read_file(a->operands[0], &n);
	(void)c;
	if (bytes == NULL)
		return EXIT_REFUSED;
	int status = request_raw(a, "POST", "/api/v1/import", bytes, n, isatty(STDERR_FILENO), &r);
	free(bytes);
	if (status)
		return status;
	if (a->json) {
		print_json(r.json);
	} else {
		printf("%lld numbers imported\n",
		       (long long)json_integer_value(json_object_get(r.json, "imported")));
		if (json_array_size(json_object_get(r.json, "passwords")))
			print_table(json_object_get(r.json, "passwords"), columns, COUNT(columns));
	}
	reply_free(&r);
	return EXIT_DONE;
}

static int export(const struct command *c, const struct arguments *a)
{
	struct reply r;
	(void)c;
	if (a->json)
		return number_list(c, a);
	int status = request(a, "GET", "/api/v1/export", NULL, &r);
	if (status)
		return status;
	fputs(r.text ? r.text : "", stdout);
	reply_free(&r);
	return EXIT_DONE;
}

static int completion(const struct command *c, const struct arguments *a)
{
	(void)c;
	if (strcmp(a->operands[0], "bash") != 0) {
		complain("completion is there for bash, not for \"%s\"", a->operands[0]);
		return EXIT_USAGE;
	}
	puts("_opengatectl() {\n\tlocal words=\"${COMP_WORDS[*]:1:COMP_CWORD-1}\" "
	     "cur=\"${COMP_WORDS[COMP_CWORD]}\" list=\n"
	     "\tcase \"$words\" in");
	for (unsigned i = 0; i < command_count; i++) {
		const struct command *k = &commands[i];
		printf("\t\"%s%s%s\"*) list=\"--json --config --help", k->words[0],
		       k->words[1] ? " " : "", k->words[1] ? k->words[1] : "");
		for (int f = 0; f < FLAGS_MAX && k->flags[f].name; f++)
			printf(" %s", k->flags[f].name);
		puts("\" ;;");
	}
	puts("\tcustomer) list=\"add show list set remove\" ;;\n\tnumber) list=\"add show list set "
	     "remove password\" ;;");
	printf("\t\"\") list=\"customer number");
	for (unsigned i = 0; i < command_count; i++) {
		if (commands[i].words[1] == NULL)
			printf(" %s", commands[i].words[0]);
	}
	puts("\" ;;\n\tesac\n\tCOMPREPLY=($(compgen -W \"$list\" -- \"$cur\"))\n}\ncomplete -F "
	     "_opengatectl opengatectl");
	return EXIT_DONE;
}

#define F_NAME                                                                                     \
	{                                                                                          \
		"--name", "NAME", "the customer's name"                                            \
	}
#define F_ADDRESS                                                                                  \
	{                                                                                          \
		"--address", "TEXT", "postal address"                                              \
	}
#define F_SELFCARE                                                                                 \
	{                                                                                          \
		"--selfcare-password", "P",                                                        \
			"self-care password; made and shown once when left out"                    \
	}
#define F_CHANNELS                                                                                 \
	{                                                                                          \
		"--channels", "N", "concurrent outgoing calls, 2 to 32"                            \
	}
#define F_POLICY                                                                                   \
	{                                                                                          \
		"--policy", "P", "when a second device registers: newest, fork or reject"          \
	}

const struct command commands[] = {
	{{"customer", "add"},
	 "",
	 0,
	 0,
	 "add a customer",
	 {{"--code", "CODE", "customer code, C9000013"}, F_NAME, F_ADDRESS, F_SELFCARE},
	 customer_add},
	{{"customer", "show"}, "CODE", 1, 1, "show a customer", {{0}}, customer_show},
	{{"customer", "list"}, "", 0, 0, "list customers", {{0}}, customer_list},
	{{"customer", "set"},
	 "CODE",
	 1,
	 1,
	 "change a customer",
	 {F_NAME, F_ADDRESS, F_SELFCARE},
	 customer_set},
	{{"customer", "remove"},
	 "CODE",
	 1,
	 1,
	 "remove a customer without numbers",
	 {{0}},
	 customer_remove},
	{{"number", "add"},
	 "NUMBER",
	 1,
	 1,
	 "add a number with its account",
	 {{"--customer", "CODE", "whose it is"},
	  {"--account", "ACCOUNT", "account id, 8 digits"},
	  {"--password", "P", "IP phone password; made and shown once when left out"},
	  {"--option-password", "P", "option service password; likewise"},
	  F_CHANNELS,
	  F_POLICY},
	 number_add},
	{{"number", "show"}, "NUMBER", 1, 1, "show a number", {{0}}, number_show},
	{{"number", "list"}, "", 0, 0, "list numbers", {{0}}, number_list},
	{{"number", "set"},
	 "NUMBER",
	 1,
	 1,
	 "change a number",
	 {F_CHANNELS,
	  F_POLICY,
	  {"--international", "on|off", "may call abroad"},
	  {"--suspended", "on|off", "no calls either way"}},
	 number_set},
	{{"number", "remove"}, "NUMBER", 1, 1, "remove a number", {{0}}, number_remove},
	{{"number", "password"},
	 "NUMBER",
	 1,
	 1,
	 "issue a new password, shown once",
	 {{"--sip", NULL,
	   "the IP phone password (default); cuts the phone off until it is set there"},
	  {"--option", NULL, "the option service password"},
	  {"--yes", NULL, "do not ask"}},
	 number_password},
	{{"registrations", NULL}, "[NUMBER]", 0, 1, "list registered phones", {{0}}, registrations},
	{{"calls", "hangup"}, "ID", 1, 1, "end a call in progress", {{0}}, calls_hangup},
	{{"calls", NULL}, "", 0, 0, "list calls in progress", {{0}}, calls},
	{{"records", NULL},
	 "[NUMBER]",
	 0,
	 1,
	 "list call records, latest first",
	 {{"--since", "T", "from that time on, 2026-11-24T09:00:00Z"},
	  {"--limit", "N", "at most so many (100)"}},
	 records},
	{{"trace", NULL}, "CALL", 1, 1, "show the ladder of both legs of a call", {{0}}, trace},
	{{"status", NULL}, "", 0, 0, "show the state of the server", {{0}}, server_status},
	{{"import", NULL}, "FILE.csv", 1, 1, "add numbers from CSV, all or none", {{0}}, import},
	{{"export", NULL}, "", 0, 0, "write all numbers as CSV, without secrets", {{0}}, export},
	{{"completion", NULL}, "bash", 1, 1, "print shell completion", {{0}}, completion},
};

const unsigned command_count = COUNT(commands);
