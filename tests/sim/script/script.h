/*
 * script: scenario files (tests/sim/README.md is their manual). parse.c cuts a file into cases and
 * lines, run.c plays a case on a stage of its own; phone.c, look.c, world.c and numbers.c hold the
 * verbs.
 */
#pragma once

#include "stage/stage.h"

#include <stdio.h>

#define SCRIPT_WORDS_MAX  24
#define SCRIPT_LINE_BYTES 1024

struct script_line {
	int no;
	bool has_time;
	int64_t at_ms; /* since the case began */
	char *words[SCRIPT_WORDS_MAX];
	uint32_t word_n;
	bool is_check; /* "| Header: pattern": of the message heard last */
	char *check;
	char *more; /* lines behind it that begin with '>', each with CRLF; NULL: none */
	struct script_line *next;
};

struct script_case {
	char *name;
	int no;
	struct script_line *lines;
	struct script_case *next;
};

struct script {
	char *file;
	struct script_line *preamble; /* before the first case: played at the start of each */
	struct script_case *cases;
};

/* NULL: it cannot be read; the reason has been printed. */
struct script *script_load(const char *file);
void script_free(struct script *s);

/* True: it passed. Else what failed, and the ladder, has been printed, each line behind "# ". */
bool script_run(const struct script *s, const struct script_case *c, FILE *to);

/*
 * For a server that is short of memory: the lines are played as far as they come true, then `then`
 * is given the stage as it stands. Only what breaks an invariant fails, or what `then` says.
 */
struct script_short {
	void (*outside)(bool on); /* stage_params */
	bool (*then)(void *ctx, struct stage *st);
	void *ctx;
};
bool script_run_short(const struct script *s, const struct script_case *c,
		      const struct script_short *how, FILE *to);
