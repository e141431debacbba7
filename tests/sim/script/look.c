/* What must be seen: by a phone, in its last message, in the server. */
#include "script/run.h"

#include <stdlib.h>

static bool patience(struct run *r, int64_t usual_ms, int64_t *ret_ms)
{
	*ret_ms = usual_ms;
	return run_number(r, "within", ret_ms);
}

/* --- messages */

struct looked_for {
	struct ua *ua;
	const char *pattern;
	uint32_t index;
};

static bool seen_matches(const struct ua_seen *seen, const char *pattern)
{
	struct wire_msg m;
	return wire_read(seen->raw, &m) && wire_matches(pattern, &m);
}

/* A message of that pattern that was not looked at yet; what stands before it is passed over. */
static bool has_come(struct run *r, void *ctx)
{
	struct looked_for *l = ctx;
	uint32_t *read = &r->read[l->index];
	for (uint32_t i = *read; i < ua_seen_count(l->ua); i++) {
		const struct ua_seen *seen = ua_seen_at(l->ua, i);
		if (seen->repeat || !seen_matches(seen, l->pattern))
			continue;
		*read = i + 1;
		r->heard = seen->raw;
		return true;
	}
	return false;
}

static bool do_hears(struct run *r, struct ua *ua)
{
	int64_t ms;
	struct looked_for l = {ua, run_word(r), run_phone_index(r, ua)};
	if (!l.pattern || !patience(r, RUN_PATIENCE_MS, &ms))
		return run_fail(r, "it hears what?");
	return run_until(r, has_come, &l, ms) ||
	       run_fail(r, "%s has not heard %s", ua_name(ua), l.pattern);
}

static uint32_t count_seen(const struct ua *ua, const char *pattern, bool repeats, uint32_t from)
{
	uint32_t n = 0;
	for (uint32_t i = from; i < ua_seen_count(ua); i++)
		n += ua_seen_at(ua, i)->repeat == repeats &&
		     seen_matches(ua_seen_at(ua, i), pattern);
	return n;
}

/* Nothing of the kind, from the message heard last (or its last "registers") until so many
 * milliseconds from now. */
static bool do_silent(struct run *r, struct ua *ua)
{
	const char *pattern = run_word(r), *ms = run_word(r);
	if (!pattern)
		return run_fail(r, "silent about what?");
	if (!stage_run_ms(r->st, ms ? atoi(ms) : 0))
		return false;
	const uint32_t i = run_phone_index(r, ua);
	if (count_seen(ua, pattern, false, r->read[i] > r->settled[i] ? r->read[i] : r->settled[i]))
		return run_fail(r, "%s has heard %s", ua_name(ua), pattern);
	return true;
}

static bool counted(struct run *r, struct ua *ua, bool repeats)
{
	const char *pattern = run_word(r), *want = run_word(r);
	if (!pattern || !want)
		return run_fail(r, "PATTERN and how many?");
	const uint32_t n = count_seen(ua, pattern, repeats, 0);
	if (!run_count_fits(want, n))
		return run_fail(r, "%s has %s %s %u times, not %s", ua_name(ua),
				repeats ? "had repeated" : "heard", pattern, n, want);
	return true;
}

static bool do_heard(struct run *r, struct ua *ua)
{
	return counted(r, ua, false);
}

static bool do_repeats(struct run *r, struct ua *ua)
{
	return counted(r, ua, true);
}

/* No message that it ever received holds that text. */
static bool do_never(struct run *r, struct ua *ua)
{
	const char *text = run_word(r);
	if (!text)
		return run_fail(r, "never what?");
	for (uint32_t i = 0; i < ua_seen_count(ua); i++) {
		const struct slice raw = ua_seen_at(ua, i)->raw;
		if (!memmem(raw.p, raw.n, text, strlen(text)))
			continue;
		r->heard = raw;
		return run_fail(r, "%s was sent \"%s\"", ua_name(ua), text);
	}
	return true;
}

/* --- calls of a phone */

struct state_for {
	struct ua_call *c;
	const char *state;
	int code;
};

static bool is_state(struct run *r, void *ctx)
{
	const struct state_for *s = ctx;
	(void)r;
	return strcmp(ua_state_name(ua_call_state(s->c)), s->state) == 0;
}

static bool do_is(struct run *r, struct ua *ua)
{
	int64_t ms;
	const char *label = run_value(r, "line");
	struct state_for s = {.c = ua_line(ua, label ? label : ""), .state = run_word(r)};
	if (!s.state || !s.c || !patience(r, RUN_PATIENCE_MS, &ms))
		return run_fail(r, "it is what?");
	return run_until(r, is_state, &s, ms) ||
	       run_fail(r, "%s is %s, not %s", ua_name(ua), ua_state_name(ua_call_state(s.c)),
			s.state);
}

static bool has_code(struct run *r, void *ctx)
{
	const struct state_for *s = ctx;
	(void)r;
	return ua_call_code(s->c) == s->code;
}

/* The final code of its INVITE or re-INVITE. */
static bool do_code(struct run *r, struct ua *ua)
{
	int64_t ms;
	const char *label = run_value(r, "line"), *code = run_word(r);
	struct state_for s = {.c = ua_line(ua, label ? label : "")};
	if (!code || !s.c || !patience(r, RUN_PATIENCE_MS, &ms))
		return run_fail(r, "which code?");
	s.code = atoi(code);
	return run_until(r, has_code, &s, ms) ||
	       run_fail(r, "%s has code %d, not %d", ua_name(ua), ua_call_code(s.c), s.code);
}

/* "audio taro 50", "audio nobody": since forgets. kind=rtcp, udptl */
static bool do_audio(struct run *r, struct ua *ua)
{
	const char *from = run_word(r), *want = run_word(r), *kind = run_value(r, "kind");
	kind = kind ? kind : "rtp";
	if (!from)
		return run_fail(r, "of whom?");
	const bool nobody = strcmp(from, "nobody") == 0;
	const uint32_t n = ua_media_heard(ua, kind, nobody ? NULL : from);
	want = nobody ? "0" : want ? want : ">0";
	if (!run_count_fits(want, n))
		return run_fail(r, "%s has heard %u %s packets of %s, not %s", ua_name(ua), n, kind,
				from, want);
	return true;
}

static bool do_pongs(struct run *r, struct ua *ua)
{
	const char *want = run_word(r);
	if (!run_count_fits(want ? want : ">0", ua_pongs(ua)))
		return run_fail(r, "%s had %u pongs", ua_name(ua), ua_pongs(ua));
	return true;
}

bool look_phone_verb(struct run *r, struct ua *ua, const char *verb, bool *ret_ok)
{
	static const struct {
		const char *verb;
		bool (*fn)(struct run *r, struct ua *ua);
	} VERBS[] = {
		{"hears", do_hears},	 {"silent", do_silent}, {"heard", do_heard},
		{"repeats", do_repeats}, {"never", do_never},	{"is", do_is},
		{"code", do_code},	 {"audio", do_audio},	{"pongs", do_pongs},
	};
	for (size_t i = 0; i < sizeof(VERBS) / sizeof(VERBS[0]); i++) {
		if (strcmp(VERBS[i].verb, verb) != 0)
			continue;
		*ret_ok = VERBS[i].fn(r, ua);
		return true;
	}
	return false;
}

/* --- "| Header: pattern" */

static bool any_header(const struct wire_msg *m, const char *name, struct slice pattern)
{
	for (uint32_t i = 0; i < wire_header_count(m, name); i++) {
		if (run_like(wire_header(m, name, i), pattern))
			return true;
	}
	return false;
}

/* "body PATTERN", "start PATTERN", "! Header" (there is none), "Header: PATTERN" (one is so) */
bool look_check(struct run *r)
{
	struct wire_msg m;
	char *text, name[64];
	r->text_n = 0;
	if (!run_expand(r, r->line->check, &text))
		return false;
	if (!wire_read(r->heard, &m))
		return run_fail(r, "nothing was heard yet");
	struct slice rest = slice_str(text);
	bool ok;
	if (slice_starts(rest, SLICE("body "))) {
		ok = run_like(slice_trim(m.body), slice_from(rest, 5));
	} else if (slice_starts(rest, SLICE("start "))) {
		ok = run_like(m.start, slice_from(rest, 6));
	} else if (slice_starts(rest, SLICE("! body "))) {
		ok = !run_like(slice_trim(m.body), slice_from(rest, 7));
	} else if (slice_starts(rest, SLICE("! "))) {
		ok = wire_header_count(&m, text + 2) == 0;
	} else {
		if (slice_copy(slice_cut(&rest, ':'), name, sizeof(name)))
			return run_fail(r, "\"%s\" is no check", text);
		ok = any_header(&m, name, slice_trim(rest));
	}
	return ok || run_fail(r, "the message does not fit \"%s\"", text);
}
