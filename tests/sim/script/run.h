/* What the verbs share. */
#pragma once

#include "script/script.h"
#include "stage/watch.h"

#define RUN_TEXT_BYTES	 16384
#define RUN_PATIENCE_MS	 40000 /* hears, state and their like wait so long */
#define RUN_FAILED_BYTES 1024

struct run {
	const struct script *script;
	struct stage_params params;
	struct stage *st; /* made by the first line that needs it */
	int64_t start_us;
	uint32_t trunk_ids;
	const struct script_line *line;

	/* the line's words and text, variables put in; which words were understood */
	char *words[SCRIPT_WORDS_MAX];
	uint32_t word_n;
	bool used[SCRIPT_WORDS_MAX];
	char *more;
	char text[2 * RUN_TEXT_BYTES];
	size_t text_n;

	uint32_t read[STAGE_PHONES_MAX];    /* of each phone's inbox */
	uint32_t settled[STAGE_PHONES_MAX]; /* what came with its last "registers" and before */
	struct slice heard;		    /* the message heard last */
	char failed[RUN_FAILED_BYTES];
};

/* Always false: "return run_fail(...)". */
bool run_fail(struct run *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* --- the line's words. The verb has taken the first ones; the rest are its arguments. */
/* The next word that is not key=value and not yet understood; NULL: none. */
const char *run_word(struct run *r);
/* The value of key=value; NULL: not said. */
const char *run_value(struct run *r, const char *key);
bool run_flag(struct run *r, const char *word);
/* False: it is there and no number. *ret_value stays when it is not said. */
bool run_number(struct run *r, const char *key, int64_t *ret_value);
/* Every word was understood. */
bool run_done(struct run *r);

/* --- phones */
struct ua *run_phone(struct run *r, const char *name); /* NULL: failed with a word */
uint32_t run_phone_index(const struct run *r, const struct ua *ua);
/* A phone's name or a number as it stands. */
const char *run_number_of(struct run *r, const char *name);

/* --- time */
typedef bool run_cond_fn(struct run *r, void *ctx);
/* Steps until it holds. False: it does not within that time, or there is a fault. */
bool run_until(struct run *r, run_cond_fn *holds, void *ctx, int64_t within_ms);
bool run_stage(struct run *r); /* the stage stands and the server runs */

/* --- texts */
/* '*' stands for anything. Case matters. */
bool run_like(struct slice text, struct slice pattern);
/* "3", ">=3", ">3", "<3": what a count must be. */
bool run_count_fits(const char *want, uint64_t n);
/* Puts variables in; false: failed with a word. The text is kept until the next line. */
bool run_expand(struct run *r, const char *text, char **ret_text);

/* --- the verbs */
bool world_number(struct run *r);
bool world_rule(struct run *r);
bool world_forward(struct run *r);
bool world_screen(struct run *r);
bool world_phone(struct run *r);
bool world_trunk(struct run *r);
bool world_server(struct run *r);
bool world_net(struct run *r);
bool look_expect(struct run *r);
bool look_check(struct run *r);
bool phone_verb(struct run *r, struct ua *ua);
/* hears, silent, state, ...: false when the verb is not among them (nothing failed). */
bool look_phone_verb(struct run *r, struct ua *ua, const char *verb, bool *ret_ok);
