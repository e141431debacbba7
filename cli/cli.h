/*
 * opengatectl: a thin client of the HTTP API over the daemon's unix socket. One table of commands
 * (table.c) drives parsing, bodies, help, completion and the manual page. Exit status: 0 done; 1
 * refused (why and how to mend it: one line on stderr); 2 wrong usage.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2 };

#define FLAGS_MAX    16
#define MORE_MAX     64 /* values of flags that are given several times */
#define WORDS_MAX    3
#define OPERANDS_MAX 3

/* What a flag or an operand is: how it is checked, sent and completed. */
enum kind {
	KIND_NONE, /* a flag without a value */
	KIND_TEXT,
	KIND_SECRET,	  /* "-": one line of stdin */
	KIND_SECRET_FILE, /* the first line of a file, "-": of stdin */
	KIND_LIST,	  /* may be given several times; "" alone: none */
	KIND_FORMAT,	  /* national, e164, plus */
	KIND_TRANSPORT,	  /* udp, tcp */
	KIND_TRUNK,	  /* a trunk's name */
	KIND_COUNT,
	KIND_SWITCH,   /* on, off */
	KIND_POLICY,   /* newest, fork, reject */
	KIND_NUMBER,   /* an IP phone number */
	KIND_CUSTOMER, /* a customer code */
	KIND_CALL,     /* a call's id */
	KIND_FILE,
	KIND_SHELL,   /* bash, zsh */
	KIND_STATE,   /* of an application */
	KIND_CLASS,   /* of numbers, as plan show names them */
	KIND_COUNTRY, /* two letters */
	KIND_FORWARD, /* unconditional, busy, no-answer, not-registered, deflection */
	KIND_REJECT,  /* reject, accept */
	KIND_ROW,     /* of the list of forwarding targets */
	KIND_PHONE    /* what a telephone is taken to do */
};

struct flag {
	const char *name;  /* "--code" */
	const char *value; /* how the value is called, "CODE"; NULL: it takes none */
	enum kind kind;
	bool required;
	const char *key; /* of the JSON body or of the query; NULL: the command looks at it */
	const char *help;
};

struct operand {
	const char *name; /* "NUMBER", "[NUMBER]"; NULL: behind the last */
	enum kind kind;
	bool needed;	 /* one that is not comes last */
	const char *key; /* of the query; NULL: the command looks at it */
};

struct arguments {
	const char *config;
	bool json, help, quiet;
	bool silent;			    /* say nothing about what fails: completion */
	long timeout_ms;		    /* for one answer */
	const char *operands[OPERANDS_MAX]; /* NULL: not given */
	struct {
		int flag; /* its place */
		const char *value;
	} more[MORE_MAX]; /* of lists, behind the first one */
	int more_count;
	const char *values[FLAGS_MAX]; /* by place in the command's flags; "" for a flag without
					  value; NULL: not given */
};

struct command {
	const char *words[WORDS_MAX]; /* "plan", "rule", "add"; those behind the last: NULL */
	struct operand operands[OPERANDS_MAX];
	const char *help;   /* a line */
	const char *detail; /* more sentences, for --help and the manual page; may be NULL */
	struct flag flags[FLAGS_MAX];
	int (*run)(const struct command *c, const struct arguments *a);
};

/* ---- table.c ---- */

extern const struct command commands[];
extern const unsigned command_count;
extern const struct flag common_flags[]; /* ends with name NULL */

/* ---- parse.c ---- */

/* Those that are neither flags nor a common flag's value; how many, up to max. */
int parse_words(char **argv, int argc, char **ret_words, int max);
/* How many words a command has. */
int command_words(const struct command *c);
/* Is the command called by these words, or do further ones follow them in its name? */
bool command_begins(const struct command *c, char *const *words, int count);
/* The command of these words, or NULL with a complaint. *ret_status: what to exit with then. */
const struct command *parse_command(char **argv, int argc, int *ret_status);
/* 0 or EXIT_USAGE with a complaint. */
int parse_arguments(const struct command *c, char **argv, int argc, struct arguments *ret_args);
/* The value of a flag of this command, or NULL. */
const char *flag_value(const struct command *c, const struct arguments *a, const char *name);
/* "number add", in one piece of static memory. */
const char *command_name(const struct command *c);

/* ---- help.c ---- */

void help_all(FILE *to);
void help_group(char *const *words, int count, FILE *to);
/* "NUMBER DIALLED", or ""; in one piece of static memory. */
const char *help_operands(const struct command *c);
void help_command(const struct command *c, FILE *to);
void help_json(FILE *to); /* the whole table, for the manual page and for tests */

/* ---- body.c ---- */

/* The flags that were given, as their keys' values. NULL with a complaint: a value of the wrong
 * kind (EXIT_USAGE). */
json_t *body_of(const struct command *c, const struct arguments *a);
/* path?key=value&..., malloc'ed, of the operands and flags that have a key; NULL as above. */
char *query_of(const struct command *c, const struct arguments *a, const char *path);

/* ---- http.c ---- */

struct reply {
	json_t *json;
	char *text;
	size_t n;
	long status;
};
/* One request; body may be NULL (taken over). Returns an exit status; *ret_reply is the caller's,
 * also when the exit status is not 0 (then often empty). */
int request(const struct arguments *a, const char *method, const char *path, json_t *body,
	    struct reply *ret_reply);
struct progress {
	const char *fixed; /* what to call it; NULL: as GET /api/v1/import says */
	bool shown;	   /* a bar is drawn on stderr */
	const struct arguments *args;
	unsigned silent_polls; /* in a row without an answer */
};
/* Bytes up, with a bar; no limit of time as long as the server answers questions meanwhile. */
int request_long(const struct arguments *a, const char *method, const char *path, const char *bytes,
		 size_t n, struct progress *progress, struct reply *ret_reply);
/* What is asked for goes to a file or stdout as it comes, however much it is. */
int request_stream(const struct arguments *a, const char *path, FILE *to);
void reply_free(struct reply *r);
/* ---- bulk.c ---- */

/* The whole file, "-": stdin; malloc'ed. NULL with a complaint. */
char *read_file(const char *path, size_t *ret_n);
/* A file that was not there, for this user only. NULL with a complaint. */
FILE *make_secret_file(const char *path);

/* Percent-encoded, malloc'ed. */
char *url_escape(const char *text);

/* ---- print.c ---- */

struct column {
	const char *title, *key; /* key: "a.b" reaches into objects */
};
void print_table(const json_t *rows, const struct column *columns, int count);
/* "key: value" lines of one object. */
void print_object(const json_t *object);
void print_json(const json_t *json);
/* What phones send must not steer the terminal: control characters become '?', in place. */
void make_plain(char *text);
/* One line on stderr: "opengatectl: ..." */
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* ---- the commands ---- */

typedef int run_fn(const struct command *c, const struct arguments *a);
run_fn run_customer_add, run_customer_show, run_customer_list, run_customer_set,
	run_customer_remove;
run_fn run_number_add, run_number_show, run_number_list, run_number_set, run_number_remove,
	run_number_password;
run_fn run_trunk_add, run_trunk_show, run_trunk_list, run_trunk_set, run_trunk_remove,
	run_trunk_test;
run_fn run_registrations, run_calls, run_calls_hangup, run_records, run_trace, run_status;
run_fn run_import, run_export, run_completion;
run_fn run_guard_show, run_guard_set, run_guard_release;
run_fn run_records_export, run_records_prune;
run_fn run_prices_import, run_prices_show, run_prices_check, run_statement;
run_fn run_application_add, run_application_suspend, run_application_list, run_application_show,
	run_application_approve, run_application_reject;
run_fn run_screen_show, run_screen_set, run_screen_block, run_screen_unblock;
run_fn run_forward_show, run_forward_set, run_forward_targets, run_forward_simulate;
run_fn run_number_suspend, run_number_resume, run_audit;
run_fn run_plan_check, run_plan_show, run_rule_add, run_rule_list, run_rule_remove;

/* The usual shapes (provision.c): one object, one list under its key. */
int show_object(const struct arguments *a, const char *method, const char *path, json_t *body);
int show_list(const struct arguments *a, const char *path, const char *key,
	      const struct column *columns, int count);
/* The flags of a command that changes one object below `under`, as PATCH. */
int change_object(const struct command *c, const struct arguments *a, const char *under);
/* One object below `under`, named by the first operand. */
int at_operand(const struct arguments *a, const char *method, const char *under, const char *after,
	       json_t *body);
/* What the number (the first operand) has under `after`: GET, or PUT with a body, printed by
 * `print` as it is then. */
int number_settings(const struct arguments *a, const char *method, const char *after, json_t *body,
		    void print(const json_t *settings));
/* before + operand, escaped + after; malloc'ed. */
char *path_with(const char *before, const char *operand, const char *after);
#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

/* ---- complete.c: words typed so far, the last one in the making; prints what could stand there
 * ---- */
int complete(char **words, int count);
