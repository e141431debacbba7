/*
 * opengatectl: a thin client of the HTTP API over the daemon's unix socket. One table of commands
 * (commands.c) drives parsing, --help and completion. Exit status: 0 done, 1 refused (why, on
 * stderr), 2 wrong usage.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

enum { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2 };

#define FLAGS_MAX 12

struct flag {
	const char *name;  /* "--code" */
	const char *value; /* what it takes, "CODE"; NULL: nothing */
	const char *help;
};

struct arguments {
	const char *config;
	bool json, help;
	const char *operands[2];
	int operand_count;
	const char *values[FLAGS_MAX]; /* by place in the command's flags; "" for a flag without
					  value; NULL: not given */
};

struct command {
	const char *words[2]; /* "customer", "add"; the second may be NULL */
	const char *operands; /* "NUMBER", "[NUMBER]", "" */
	int operands_min, operands_max;
	const char *help;
	struct flag flags[FLAGS_MAX];
	int (*run)(const struct command *c, const struct arguments *a);
};

extern const struct command commands[];
extern const unsigned command_count;

/* The value of a flag of this command, or NULL. */
const char *flag_value(const struct command *c, const struct arguments *a, const char *name);

/* http.c: one request. body may be NULL (taken over). Returns an exit status; *ret_json or
 * *ret_text is the caller's. */
struct reply {
	json_t *json;
	char *text;
	long status;
};
int request(const struct arguments *a, const char *method, const char *path, json_t *body,
	    struct reply *ret_reply);
int request_raw(const struct arguments *a, const char *method, const char *path, const char *bytes,
		size_t n, bool progress, struct reply *ret_reply);
void reply_free(struct reply *r);
/* Percent-encoded, malloc'ed. */
char *url_escape(const char *text);

/* print.c */
struct column {
	const char *title, *key; /* key: "a.b" reaches into objects */
};
void print_table(const json_t *rows, const struct column *columns, int count);
/* "key: value" lines of one object. */
void print_object(const json_t *object);
void print_json(const json_t *json);
void print_ladder(const json_t *trace);

/* One line on stderr: "opengatectl: ..." */
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
