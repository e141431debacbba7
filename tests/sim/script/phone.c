/* What a phone does. */
#include "script/run.h"

#include <stdlib.h>

static bool did(struct run *r, const char *why_not)
{
	return why_not ? run_fail(r, "%s", why_not) : true;
}

static struct ua_call *line_of(struct run *r, struct ua *ua)
{
	const char *label = run_value(r, "line");
	struct ua_call *c = ua_line(ua, label ? label : "");
	if (!c)
		run_fail(r, "it has no line left");
	return c;
}

/* The '>' lines are headers, or with "body" the session description. */
static struct ua_wish wish_of(struct run *r)
{
	const bool body = run_flag(r, "body");
	return (struct ua_wish){
		.codecs = run_value(r, "codecs"),
		.direction = run_value(r, "direction"),
		.no_sdp = run_flag(r, "nosdp"),
		.t38 = run_flag(r, "t38"),
		.old_hold = run_flag(r, "oldhold"),
		.headers = body ? NULL : r->more,
		.body = body ? r->more : NULL,
	};
}

/* --- registration */

static bool start_register(struct run *r, struct ua *ua)
{
	int64_t expires = -1, cseq = 0;
	struct ua_reg_wish w = {
		.contact = run_value(r, "contact"),
		.domain = run_value(r, "domain"),
		.headers = r->more,
	};
	if (!run_number(r, "expires", &expires) || !run_number(r, "cseq", &cseq))
		return false;
	w.expires_s = (int)expires;
	w.cseq = (uint32_t)cseq;
	ua_register(ua, &w);
	return true;
}

static bool has_registered(struct run *r, void *ctx)
{
	(void)r;
	return ua_reg_code(ctx) != 0;
}

/* "registers", "registers 403" */
static bool do_registers(struct run *r, struct ua *ua)
{
	const char *want = run_word(r);
	if (!start_register(r, ua) || !run_until(r, has_registered, ua, RUN_PATIENCE_MS))
		return false;
	const int code = want ? atoi(want) : 200;
	r->settled[run_phone_index(r, ua)] = ua_seen_count(ua);
	if (ua_reg_code(ua) != code)
		return run_fail(r, "its REGISTER was answered %d, not %d", ua_reg_code(ua), code);
	return true;
}

/* --- calls */

static bool do_call(struct run *r, struct ua *ua)
{
	const char *target = run_word(r);
	struct ua_call *c = line_of(r, ua);
	const struct ua_wish w = wish_of(r);
	if (!target)
		return run_fail(r, "it calls whom?");
	return c && did(r, ua_invite(ua, c, run_number_of(r, target), &w));
}

static bool do_ring(struct run *r, struct ua *ua)
{
	const char *code = run_word(r);
	struct ua_call *c = line_of(r, ua);
	struct ua_wish w = wish_of(r);
	w.no_sdp = w.no_sdp || !run_flag(r, "sdp");
	return c && did(r, ua_ring(ua, c, code ? atoi(code) : 180, &w));
}

static bool do_answer(struct run *r, struct ua *ua)
{
	struct ua_call *c = line_of(r, ua);
	const struct ua_wish w = wish_of(r);
	return c && did(r, ua_answer(ua, c, &w));
}

static bool do_refuse(struct run *r, struct ua *ua)
{
	const char *code = run_word(r);
	struct ua_call *c = line_of(r, ua);
	return c && did(r, ua_refuse(ua, c, code ? atoi(code) : 486, r->more));
}

static bool do_cancel(struct run *r, struct ua *ua)
{
	struct ua_call *c = line_of(r, ua);
	return c && did(r, ua_cancel(ua, c));
}

static bool do_bye(struct run *r, struct ua *ua)
{
	struct ua_call *c = line_of(r, ua);
	return c && did(r, ua_bye(ua, c));
}

static bool do_reinvite(struct run *r, struct ua *ua)
{
	struct ua_call *c = line_of(r, ua);
	const struct ua_wish w = wish_of(r);
	return c && did(r, ua_reinvite(ua, c, &w));
}

static bool do_request(struct run *r, struct ua *ua)
{
	const char *method = run_word(r), *type = run_value(r, "type");
	struct ua_call *c = line_of(r, ua);
	if (!method)
		return run_fail(r, "which request?");
	return c && did(r, ua_request(ua, c, method, type ? type : "text/plain", r->more));
}

static bool do_refer(struct run *r, struct ua *ua)
{
	const char *target = run_word(r);
	struct ua_call *c = line_of(r, ua);
	if (!target)
		return run_fail(r, "it sends the other party to whom?");
	return c && did(r, ua_refer(ua, c, run_number_of(r, target), r->more));
}

/* --- media */

/* A number of packets, 20 ms apart. to=ADDRESS, or to=PHONE: where that phone sends its own. */
static bool do_media(struct run *r, struct ua *ua)
{
	struct addr to = {0};
	const char *n = run_word(r), *kind = run_value(r, "kind"), *dst = run_value(r, "to");
	struct ua_call *c = line_of(r, ua);
	struct ua *other = dst ? stage_phone(r->st, dst) : NULL;
	if (other)
		to = ua_media_remote(ua_line(other, ""));
	else if (dst && addr_parse(slice_str(dst), 0, &to))
		return run_fail(r, "\"%s\" is neither a phone nor an address", dst);
	return c &&
	       did(r, ua_media_send(ua, c, kind ? kind : "rtp", n ? (uint32_t)atoi(n) : 50, &to));
}

static bool do_media_move(struct run *r, struct ua *ua)
{
	struct ua_call *c = line_of(r, ua);
	return c && did(r, ua_media_move(ua, c));
}

static bool do_forget(struct run *r, struct ua *ua)
{
	(void)r;
	ua_media_forget(ua);
	return true;
}

/* --- odds and ends */

/* swap=TEXT with=TEXT: from now on it says the one for the other. */
static bool add_swap(struct run *r, struct ua_habits *h)
{
	const char *from = run_value(r, "swap"), *to = run_value(r, "with");
	if (!from && !to)
		return true;
	if (!from || !to || h->swap_n == UA_SWAPS_MAX)
		return run_fail(r, "swap=TEXT with=TEXT, no more than %d of them", UA_SWAPS_MAX);
	snprintf(h->swaps[h->swap_n].from, sizeof(h->swaps[0].from), "%s", from);
	snprintf(h->swaps[h->swap_n].to, sizeof(h->swaps[0].to), "%s", to);
	h->swap_n++;
	return true;
}

static bool take_writing(struct run *r, struct ua_habits *h)
{
	if (run_flag(r, "plain")) {
		h->swap_n = 0;
		h->style = UA_PLAIN;
	}
	if (run_flag(r, "compact"))
		h->style = UA_COMPACT;
	if (run_flag(r, "folded"))
		h->style = UA_FOLDED;
	return add_swap(r, h);
}

static bool do_habit(struct run *r, struct ua *ua)
{
	struct ua_habits *h = ua_habits(ua);
	int64_t code = h->reinvite_code;
	const char *ignored = run_value(r, "ignore"), *algorithm = run_value(r, "algorithm");
	if (ignored)
		snprintf(h->ignored, sizeof(h->ignored), "%s", ignored);
	if (algorithm)
		snprintf(h->algorithm, sizeof(h->algorithm), "%s", algorithm);
	if (run_flag(r, "no-trying"))
		h->no_trying = true;
	if (run_flag(r, "preauth"))
		h->preauth = true;
	if (run_flag(r, "same-nc"))
		h->same_nc = true;
	if (!run_number(r, "reinvite", &code))
		return false;
	h->reinvite_code = (int)code;
	return take_writing(r, h);
}

static bool do_move(struct run *r, struct ua *ua)
{
	struct addr to;
	const char *text = run_word(r);
	if (!text || addr_parse(slice_str(text), ua_addr(ua).port, &to))
		return run_fail(r, "it moves to which address?");
	ua_move(ua, &to);
	hide_phone(watch_hide(r->st->watch), ua);
	ladder_name(r->st->ladder, &to, ua_name(ua));
	return true;
}

static bool do_password(struct run *r, struct ua *ua)
{
	const char *password = run_word(r);
	ua_set_password(ua, password ? password : "");
	return true;
}

/* A STUN binding request with a transaction id of its own (RFC 5389 §6). */
static const char STUN[] = "\0\1\0\0\x21\x12\xa4\x42"
			   "sim transact";

static bool do_keepalive(struct run *r, struct ua *ua)
{
	const struct addr server = {0};
	const char *kind = run_word(r);
	if (!kind || strcmp(kind, "empty") == 0)
		ua_say(ua, &server, SLICE(""));
	else if (strcmp(kind, "crlf") == 0)
		ua_say(ua, &server, SLICE("\r\n"));
	else if (strcmp(kind, "double") == 0)
		ua_say(ua, &server, SLICE("\r\n\r\n"));
	else if (strcmp(kind, "stun") == 0)
		ua_say(ua, &server, slice_of(STUN, sizeof(STUN) - 1));
	else
		return run_fail(r, "keepalive empty, crlf, double or stun");
	return true;
}

static bool do_hang_line(struct run *r, struct ua *ua)
{
	(void)r;
	ua_hang_line(ua);
	return true;
}

static bool do_reply(struct run *r, struct ua *ua)
{
	const char *pattern = run_word(r), *code = run_word(r);
	if (!pattern || !code)
		return run_fail(r, "reply PATTERN CODE");
	const char *tag = run_value(r, "tag");
	const bool body = run_flag(r, "body");
	return did(r, ua_reply_last(ua, pattern, atoi(code), tag, body ? NULL : r->more,
				    body ? r->more : NULL));
}

/* The text as it stands, "Content-Length: *" counted, "Authorization: *" filled in for METHOD and
 * URI of its first line. */
static bool complete(struct run *r, struct ua *ua, char *text, size_t cap, size_t *ret_n)
{
	char value[1024], method[32] = "", uri[300] = "";
	struct strbuf b;
	struct slice rest = slice_str(r->more), first = rest;
	const char *end = strstr(r->more, "\r\n\r\n");
	const size_t body = end ? strlen(end + 4) : 0;
	/* Of rubbish they stay empty. */
	(void)slice_copy(slice_cut(&first, ' '), method, sizeof(method));
	(void)slice_copy(slice_cut(&first, ' '), uri, sizeof(uri));
	strbuf_init(&b, text, cap);
	while (rest.n) {
		const struct slice line = slice_cut(&rest, '\n');
		const size_t colon = slice_find(line, ':');
		const struct slice name = slice_first(line, colon);
		const bool star = slice_eq(slice_trim(slice_from(line, colon + 1)), SLICE("*"));
		if (star && slice_eq(name, SLICE("Content-Length")))
			strbuf_fmt(&b, "Content-Length: %zu\r\n", body);
		else if (star && slice_ends(name, SLICE("Authorization")))
			strbuf_fmt(&b, "%.*s: %s\r\n", SLICE_ARG(name),
				   ua_credentials(ua, method, uri, value, sizeof(value)));
		else
			strbuf_add(&b, line), strbuf_char(&b, '\n');
	}
	*ret_n = b.n;
	return !b.failed || run_fail(r, "the text is too long");
}

static bool say_once(struct run *r, struct ua *ua, const struct addr *to, bool bare)
{
	static char text[70000];
	size_t n = 0;
	if (!complete(r, ua, text, sizeof(text) - 2, &n))
		return false;
	if (!bare && !memmem(text, n, "\r\n\r\n", 4)) {
		memcpy(text + n, "\r\n", 2);
		n += 2;
	}
	ua_say(ua, to, slice_of(text, n));
	return true;
}

/* Raw bytes, out of the phone's own socket. Without a body the empty line is added. With times=N,
 * variables are put in anew each time. */
static bool do_says(struct run *r, struct ua *ua)
{
	struct addr to = {0};
	int64_t times = 1;
	const char *dst = run_value(r, "to");
	if (!r->more)
		return run_fail(r, "what? (lines with '>' follow)");
	if (dst && addr_parse(slice_str(dst), 5060, &to))
		return run_fail(r, "\"%s\" is no address", dst);
	const bool bare = run_flag(r, "bare");
	if (!run_number(r, "times", &times))
		return false;
	const size_t used = r->text_n;
	for (int64_t i = 0; i < times; i++) {
		r->text_n = used;
		if (i && !run_expand(r, r->line->more, &r->more))
			return false;
		if (!say_once(r, ua, &to, bare))
			return false;
	}
	return true;
}

bool phone_verb(struct run *r, struct ua *ua)
{
	static const struct {
		const char *verb;
		bool (*fn)(struct run *r, struct ua *ua);
	} VERBS[] = {
		{"register", start_register},
		{"registers", do_registers},
		{"calls", do_call},
		{"rings", do_ring},
		{"answers", do_answer},
		{"refuses", do_refuse},
		{"cancels", do_cancel},
		{"byes", do_bye},
		{"reinvites", do_reinvite},
		{"requests", do_request},
		{"refers", do_refer},
		{"media", do_media},
		{"media-moves", do_media_move},
		{"forgets", do_forget},
		{"habit", do_habit},
		{"moves", do_move},
		{"password", do_password},
		{"keepalive", do_keepalive},
		{"hangs-line", do_hang_line},
		{"replies", do_reply},
		{"says", do_says},
	};
	bool ok = false;
	const char *verb = run_word(r);
	for (size_t i = 0; verb && i < sizeof(VERBS) / sizeof(VERBS[0]); i++) {
		if (strcmp(VERBS[i].verb, verb) == 0)
			return VERBS[i].fn(r, ua);
	}
	if (verb && look_phone_verb(r, ua, verb, &ok))
		return ok;
	return run_fail(r, "a phone cannot \"%s\"", verb ? verb : "");
}
