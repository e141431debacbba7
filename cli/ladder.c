#include "ladder.h"

#include "cli.h"

#include <stdarg.h>
#include <string.h>

#define LANE	    42 /* between two posts */
#define WIDE	    (2 * LANE + 1)
#define TIME	    12 /* before the first post */
#define LABEL_MAX   (LANE - 6)
#define CALLEES_MAX 16

/* A repetition is looked for so many events back. */
#define AGAIN_WITHIN 64

#define BOLD   "\033[1m"
#define DIM    "\033[2m"
#define RED    "\033[31m"
#define GREEN  "\033[32m"
#define NORMAL "\033[0m"

struct ladder {
	FILE *to;
	bool color;
	const json_t *events;
	char caller_id[256];
	const char *callees[CALLEES_MAX]; /* where each was sent to, in their order */
	unsigned callee_count;
	const char *caller, *transport, *server; /* addresses */
	json_int_t start_ms;
};

static const char *text_of(const json_t *e, const char *key)
{
	const char *t = json_string_value(json_object_get(e, key));
	return t ? t : "";
}

static bool is(const json_t *e, const char *event)
{
	return strcmp(text_of(e, "event"), event) == 0;
}

static bool is_in(const json_t *e)
{
	return strcmp(text_of(e, "direction"), "in") == 0;
}

static bool is_callers(const struct ladder *l, const json_t *e)
{
	char id[256];
	message_header(text_of(e, "bytes"), "Call-ID", "i", id, sizeof(id));
	return strcmp(id, l->caller_id) == 0;
}

/* From 1; one more than there are: a new one, or none of CALLEES_MAX. */
static unsigned callee_of(const struct ladder *l, const char *remote)
{
	unsigned i = 0;
	while (i < l->callee_count && strcmp(l->callees[i], remote) != 0)
		i++;
	return i + 1;
}

static void survey_message(struct ladder *l, const json_t *e)
{
	const char *remote = text_of(e, "remote");
	if (!*l->caller_id) /* the call's beginning is not in memory any more */
		message_header(text_of(e, "bytes"), "Call-ID", "i", l->caller_id,
			       sizeof(l->caller_id));
	if (!*l->server)
		l->server = text_of(e, "local");
	if (is_callers(l, e) && !*l->caller) {
		l->caller = remote;
		l->transport = text_of(e, "transport");
	} else if (!is_callers(l, e) && callee_of(l, remote) > l->callee_count &&
		   l->callee_count < CALLEES_MAX) {
		l->callees[l->callee_count++] = remote;
	}
}

static void survey(struct ladder *l)
{
	size_t i;
	json_t *e;
	json_array_foreach(l->events, i, e)
	{
		if (is(e, "CALL_STARTED"))
			snprintf(l->caller_id, sizeof(l->caller_id), "%s", text_of(e, "call_id"));
	}
	json_array_foreach(l->events, i, e)
	{
		if (is(e, "SIP_MESSAGE"))
			survey_message(l, e);
	}
}

/* --- lines */

static void put(const struct ladder *l, const char *color, const char *text)
{
	bool painted = l->color && *color;
	fprintf(l->to, "%s%s%s", painted ? color : "", text, painted ? NORMAL : "");
}

static void put_time(const struct ladder *l, const json_t *e)
{
	json_int_t ms = json_integer_value(json_object_get(e, "mono_ms")) - l->start_ms;
	fprintf(l->to, "%*.3f   ", TIME - 3, (double)ms / 1000);
}

/* Right of the middle post for a callee, left of it for the caller. */
static void put_lane(const struct ladder *l, bool caller, const char *color, const char *text)
{
	if (caller) {
		fputc('|', l->to);
		put(l, color, text);
		fprintf(l->to, "|%*s|\n", LANE, "");
	} else {
		fprintf(l->to, "|%*s|", LANE, "");
		put(l, color, text);
		fputs("|\n", l->to);
	}
}

static void put_centred(const struct ladder *l, const json_t *e, const char *text)
{
	int n = (int)strlen(text), left = (WIDE - n) / 2;
	put_time(l, e);
	fprintf(l->to, "|%*s", left, "");
	put(l, DIM, text);
	fprintf(l->to, "%*s|\n", WIDE - n - left, "");
}

static void __attribute__((format(printf, 3, 4)))
note(const struct ladder *l, const json_t *e, const char *fmt, ...)
{
	char text[WIDE - 4], line[WIDE + 1];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	make_plain(text);
	snprintf(line, sizeof(line), "( %s )", text);
	put_centred(l, e, line);
}

/* --- messages */

static const char *color_of(const char *what, bool again)
{
	if (again)
		return DIM;
	if (*what >= '4' && *what <= '6')
		return RED;
	if (*what == '2')
		return GREEN;
	return *what >= '0' && *what <= '9' ? "" : BOLD;
}

/* The same bytes went the same way before: a repetition, because something was lost or late. */
static bool is_again(const struct ladder *l, size_t at)
{
	const json_t *e = json_array_get(l->events, at);
	for (size_t i = at; i-- > 0 && at - i < AGAIN_WITHIN;) {
		const json_t *b = json_array_get(l->events, i);
		if (is(b, "SIP_MESSAGE") && is_in(b) == is_in(e) &&
		    strcmp(text_of(b, "bytes"), text_of(e, "bytes")) == 0 &&
		    strcmp(text_of(b, "remote"), text_of(e, "remote")) == 0)
			return true;
	}
	return false;
}

/* "-- INVITE [2] (again) --->" */
static void draw_arrow(char arrow[LANE + 1], bool right, const char *what, unsigned callee,
		       bool again)
{
	char label[LABEL_MAX + 1], suffix[24] = "";
	if (callee)
		snprintf(suffix, sizeof(suffix), " [%u]", callee);
	strcat(suffix, again ? " (again)" : "");
	snprintf(label, sizeof(label), "%.*s%s", LABEL_MAX - (int)strlen(suffix), what, suffix);
	memset(arrow, '-', LANE);
	arrow[LANE] = '\0';
	arrow[right ? LANE - 1 : 0] = right ? '>' : '<';
	arrow[2] = arrow[3 + strlen(label)] = ' ';
	memcpy(arrow + 3, label, strlen(label));
}

static void print_message(const struct ladder *l, size_t at)
{
	const json_t *e = json_array_get(l->events, at);
	struct message_words words;
	char text[LANE + 1];
	bool caller = is_callers(l, e), again = is_again(l, at);
	unsigned callee = caller || l->callee_count < 2 ? 0 : callee_of(l, text_of(e, "remote"));
	message_read(text_of(e, "bytes"), &words);
	draw_arrow(text, caller == is_in(e), words.what, callee, again);
	put_time(l, e);
	put_lane(l, caller, color_of(words.what, again), text);
	for (unsigned i = 0; i < words.media_count && !again; i++) {
		snprintf(text, sizeof(text), "   %-*.*s", LANE - 3, LANE - 4, words.media[i]);
		fprintf(l->to, "%*s", TIME, "");
		put_lane(l, caller, DIM, text);
	}
}

/* --- what became of the call */

static const char *side(const json_t *e)
{
	return strcmp(text_of(e, "leg"), "a") == 0 ? "caller" : "callee";
}

static void print_ended(const struct ladder *l, const json_t *e)
{
	note(l, e, "ended by the %s after %.1f s: %s, %lld", text_of(e, "kind"),
	     (double)json_integer_value(json_object_get(e, "duration_ms")) / 1000,
	     text_of(e, "reason"), (long long)json_integer_value(json_object_get(e, "code")));
}

static void print_judged(const struct ladder *l, const json_t *e)
{
	const char *reason = text_of(e, "reason");
	note(l, e, "dialled %s: %s%s%s", text_of(e, "to"), text_of(e, "kind"),
	     *reason ? ", refused: " : "", reason);
}

static void print_other(const struct ladder *l, const json_t *e)
{
	const char *reason = text_of(e, "reason"), *detail = text_of(e, "detail");
	note(l, e, "%s%s%s%s%s", text_of(e, "text"), *reason ? ": " : "", reason,
	     *detail ? ": " : "", detail);
}

static void print_event(const struct ladder *l, const json_t *e)
{
	bool of_rtp = strcmp(text_of(e, "kind"), "rtp") == 0;
	if (is(e, "CALL_STARTED") || is(e, "LEG_STARTED") || is(e, "CALL_RINGING"))
		return; /* the heading and the messages say it */
	if (is(e, "CALL_JUDGED"))
		print_judged(l, e);
	else if (is(e, "CALL_ANSWERED"))
		note(l, e, "answered, %s", text_of(e, "kind"));
	else if (is(e, "CALL_ENDED"))
		print_ended(l, e);
	else if (is(e, "MEDIA_LEARNED") && of_rtp)
		note(l, e, "the %s's media comes from %s", side(e), text_of(e, "remote"));
	else if (is(e, "MEDIA_REFUSED"))
		note(l, e, "media from %s refused on the %s's side", text_of(e, "remote"), side(e));
	else if (!is(e, "MEDIA_LEARNED"))
		print_other(l, e);
}

/* --- heading */

static const json_t *find(const struct ladder *l, const char *event)
{
	size_t i;
	json_t *e;
	json_array_foreach(l->events, i, e)
	{
		if (is(e, event))
			return e;
	}
	return NULL;
}

/* Three texts, over the three posts. */
static void put_heading(const struct ladder *l, const char *left, const char *middle,
			const char *right)
{
	char line[WIDE + 3];
	size_t n = strlen(middle), at = n / 2 < LANE + 1 ? LANE + 1 - n / 2 : 0;
	memset(line, ' ', WIDE + 2);
	line[WIDE + 2] = '\0';
	memcpy(line, left, strnlen(left, LANE));
	memcpy(line + at, middle, n < LANE ? n : LANE);
	n = strnlen(right, LANE);
	memcpy(line + WIDE + 2 - n, right, n);
	fprintf(l->to, "%s\n", line);
}

static void print_heading(const struct ladder *l)
{
	char caller[64], callee[64];
	const json_t *started = find(l, "CALL_STARTED");
	if (started)
		fprintf(l->to, "%s calls %s, %s\n\n", text_of(started, "from"),
			text_of(started, "to"), text_of(started, "at"));
	fprintf(l->to, "%*s   ", TIME - 3, "seconds");
	put_heading(l, "caller", "OpenGate", l->callee_count > 1 ? "callees" : "callee");
	snprintf(caller, sizeof(caller), "%s %s", l->caller, l->transport);
	for (unsigned i = 0; i < l->callee_count || i == 0; i++) {
		const char *at = i < l->callee_count ? l->callees[i] : "";
		if (l->callee_count > 1)
			snprintf(callee, sizeof(callee), "[%u] %s", i + 1, at);
		else
			snprintf(callee, sizeof(callee), "%s", at);
		fprintf(l->to, "%*s", TIME, "");
		put_heading(l, i ? "" : caller, i ? "" : l->server, callee);
	}
}

void print_ladder(FILE *to, const json_t *trace, bool color)
{
	struct ladder l = {.to = to,
			   .color = color,
			   .events = json_object_get(trace, "events"),
			   .caller = "",
			   .transport = "",
			   .server = ""};
	size_t i;
	json_t *e;
	survey(&l);
	l.start_ms = json_integer_value(json_object_get(json_array_get(l.events, 0), "mono_ms"));
	print_heading(&l);
	json_array_foreach(l.events, i, e)
	{
		if (is(e, "SIP_MESSAGE"))
			print_message(&l, i);
		else
			print_event(&l, e);
	}
}
