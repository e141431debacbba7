#include "script/run.h"

#include <stdarg.h>
#include <stdlib.h>

#define LADDER_LINES 60

bool run_fail(struct run *r, const char *fmt, ...)
{
	va_list args;
	if (r->failed[0])
		return false;
	va_start(args, fmt);
	vsnprintf(r->failed, sizeof(r->failed), fmt, args);
	va_end(args);
	return false;
}

/* --- words */

/* Small letters before a '='. */
static bool is_argument(const char *word)
{
	const size_t n = strspn(word, "abcdefghijklmnopqrstuvwxyz_-");
	return n > 0 && word[n] == '=';
}

const char *run_word(struct run *r)
{
	for (uint32_t i = 0; i < r->word_n; i++) {
		if (r->used[i] || is_argument(r->words[i]))
			continue;
		r->used[i] = true;
		return r->words[i];
	}
	return NULL;
}

const char *run_value(struct run *r, const char *key)
{
	const size_t n = strlen(key);
	for (uint32_t i = 0; i < r->word_n; i++) {
		if (strncmp(r->words[i], key, n) != 0 || r->words[i][n] != '=')
			continue;
		r->used[i] = true;
		return r->words[i] + n + 1;
	}
	return NULL;
}

bool run_flag(struct run *r, const char *word)
{
	for (uint32_t i = 0; i < r->word_n; i++) {
		if (r->used[i] || strcmp(r->words[i], word) != 0)
			continue;
		r->used[i] = true;
		return true;
	}
	return false;
}

bool run_number(struct run *r, const char *key, int64_t *ret_value)
{
	char *end;
	const char *text = run_value(r, key);
	if (!text)
		return true;
	const int64_t v = strtoll(text, &end, 10);
	if (*end || end == text)
		return run_fail(r, "%s wants a number, not \"%s\"", key, text);
	*ret_value = v;
	return true;
}

bool run_done(struct run *r)
{
	for (uint32_t i = 0; i < r->word_n; i++) {
		if (!r->used[i])
			return run_fail(r, "\"%s\" is not understood here", r->words[i]);
	}
	return true;
}

/* --- phones */

struct ua *run_phone(struct run *r, const char *name)
{
	struct ua *ua = name && r->st ? stage_phone(r->st, name) : NULL;
	if (!ua)
		run_fail(r, "there is no phone \"%s\"", name ? name : "");
	return ua;
}

uint32_t run_phone_index(const struct run *r, const struct ua *ua)
{
	uint32_t i = 0;
	while (r->st->phones[i] != ua)
		i++;
	return i;
}

const char *run_number_of(struct run *r, const char *name)
{
	const struct ua *ua = stage_phone(r->st, name);
	return ua ? ua_number(ua) : name;
}

/* --- time */

bool run_stage(struct run *r)
{
	if (r->st)
		return true;
	r->st = stage_new(&r->params);
	stage_start(r->st);
	r->start_us = sim_net_now_us(r->st->net);
	return true;
}

bool run_until(struct run *r, run_cond_fn *holds, void *ctx, int64_t within_ms)
{
	const int64_t until = sim_net_now_us(r->st->net) + within_ms * 1000;
	while (!holds(r, ctx)) {
		if (r->failed[0] || !stage_step(r->st, until))
			return !r->failed[0] && holds(r, ctx) && !r->st->fault[0];
	}
	return !r->failed[0];
}

static bool come_to(struct run *r, int64_t at_ms)
{
	const int64_t at_us = r->start_us + at_ms * 1000, now = sim_net_now_us(r->st->net);
	if (at_us < now)
		return run_fail(r, "it is %.3f s already", (double)(now - r->start_us) / 1e6);
	while (stage_step(r->st, at_us))
		;
	return !r->st->fault[0];
}

static bool wait_some(struct run *r)
{
	const char *ms = run_word(r);
	char *end;
	const int64_t n = ms ? strtoll(ms, &end, 10) : -1;
	if (n < 0 || *end)
		return run_fail(r, "wait how many milliseconds?");
	return stage_run_ms(r->st, n);
}

/* --- one line */

static bool expand_line(struct run *r, const struct script_line *l)
{
	r->text_n = 0;
	r->word_n = l->word_n;
	memset(r->used, 0, sizeof(r->used));
	r->more = NULL;
	for (uint32_t i = 0; i < l->word_n; i++) {
		if (!run_expand(r, l->words[i], &r->words[i]))
			return false;
	}
	return l->more == NULL || run_expand(r, l->more, &r->more);
}

static bool speak(struct run *r, const char *subject)
{
	static const struct {
		const char *word;
		bool (*fn)(struct run *r);
	} VERBS[] = {
		{"number", world_number}, {"phone", world_phone},     {"server", world_server},
		{"rule", world_rule},	  {"forward", world_forward}, {"screen", world_screen},
		{"net", world_net},	  {"trunk", world_trunk},     {"expect", look_expect},
		{"wait", wait_some},
	};
	for (size_t i = 0; i < sizeof(VERBS) / sizeof(VERBS[0]); i++) {
		if (strcmp(VERBS[i].word, subject) == 0)
			return VERBS[i].fn(r);
	}
	struct ua *ua = run_phone(r, subject);
	return ua && phone_verb(r, ua);
}

static void note_line(struct run *r, const struct script_line *l)
{
	char text[112];
	int n = snprintf(text, sizeof(text), "%d:", l->no);
	for (uint32_t i = 0; i < l->word_n && n < (int)sizeof(text); i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, " %s", l->words[i]);
	ladder_note(r->st->ladder, text);
}

/* "server shards=2" before everything else says how the stage is to be. */
static bool before_stage(const struct run *r, const struct script_line *l)
{
	return !r->st && l->word_n > 1 && strcmp(l->words[0], "server") == 0 &&
	       strchr(l->words[1], '=') && !l->has_time;
}

static bool do_line(struct run *r, const struct script_line *l)
{
	r->line = l;
	if (!before_stage(r, l) && !run_stage(r))
		return false;
	if (l->has_time && !come_to(r, l->at_ms))
		return false;
	if (l->is_check)
		return look_check(r);
	if (r->st)
		note_line(r, l);
	if (!expand_line(r, l) || !speak(r, run_word(r)) || !run_done(r))
		return false;
	if (r->st && r->st->directory)
		watch_step(r->st->watch); /* what was done from outside must fit together too */
	return !r->st || !r->st->fault[0];
}

static bool do_lines(struct run *r, const struct script_line *l)
{
	for (; l; l = l->next) {
		if (!do_line(r, l))
			return false;
	}
	return true;
}

/* --- a case */

static void tell(const struct run *r, const struct script_case *c, FILE *to)
{
	/* What is broken in the server is why nothing more was heard. */
	const char *why = r->st && r->st->fault[0] ? r->st->fault : r->failed;
	fprintf(to, "# %s:%d: %s: %s\n", r->script->file, r->line ? r->line->no : c->no, c->name,
		why);
	if (r->heard.n) {
		struct slice rest = r->heard;
		fprintf(to, "# heard last:\n");
		while (rest.n) {
			const struct slice line = slice_trim(slice_cut(&rest, '\n'));
			fprintf(to, "#   %.*s\n", SLICE_ARG(line));
		}
	}
	if (r->st)
		watch_story(r->st->watch, to, "# ");
	if (r->st)
		ladder_print(r->st->ladder, to, "# ", LADDER_LINES);
}

static struct run *run_new(const struct script *s)
{
	struct run *r = calloc(1, sizeof(*r));
	if (!r)
		abort();
	r->script = s;
	stage_params_default(&r->params);
	return r;
}

static void run_free(struct run *r)
{
	stage_free(r->st);
	free(r);
}

bool script_run(const struct script *s, const struct script_case *c, FILE *to)
{
	struct run *r = run_new(s);
	bool ok = do_lines(r, s->preamble) && do_lines(r, c->lines) && run_stage(r);
	if (ok) {
		r->heard = SLICE_NONE;
		ladder_note(r->st->ladder, "the end: nothing may be left over");
		ok = stage_settle(r->st);
	}
	if (!ok)
		tell(r, c, to);
	run_free(r);
	return ok;
}

bool script_run_short(const struct script *s, const struct script_case *c,
		      const struct script_short *how, FILE *to)
{
	struct run *r = run_new(s);
	r->params.outside = how->outside;
	const bool came_true = do_lines(r, s->preamble) && do_lines(r, c->lines);
	const bool ok = run_stage(r) && !r->st->fault[0] && how->then(how->ctx, r->st);
	if (!ok) {
		if (came_true)
			r->line = NULL;
		tell(r, c, to);
	}
	run_free(r);
	return ok;
}
