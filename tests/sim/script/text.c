/* Patterns, counts and variables. */
#include "net/net_priv.h"
#include "script/run.h"
#include "ua/ua_call.h"

#include <stdlib.h>

static bool like(const char *t, size_t tn, const char *p, size_t pn)
{
	while (pn && *p != '*') {
		if (tn == 0 || *t != *p)
			return false;
		t++, tn--, p++, pn--;
	}
	if (pn == 0)
		return tn == 0;
	for (size_t skip = 0; skip <= tn; skip++) {
		if (like(t + skip, tn - skip, p + 1, pn - 1))
			return true;
	}
	return false;
}

bool run_like(struct slice text, struct slice pattern)
{
	return like(text.p, text.n, pattern.p, pattern.n);
}

bool run_count_fits(const char *want, uint64_t n)
{
	const bool ge = strncmp(want, ">=", 2) == 0, gt = !ge && want[0] == '>',
		   lt = want[0] == '<';
	const uint64_t v = strtoull(want + (ge ? 2 : gt || lt ? 1 : 0), NULL, 10);
	return ge ? n >= v : gt ? n > v : lt ? n < v : n == v;
}

/* --- variables */

static void put_addr(struct strbuf *b, const struct addr *a, bool with_port)
{
	char text[ADDR_TEXT_BYTES];
	strbuf_str(b, with_port ? addr_text(a, text) : addr_host_text(a, text));
}

/* ${taro.WHAT} */
static bool put_phone(struct run *r, struct ua *ua, struct slice what, struct strbuf *b)
{
	const struct addr local = ua_addr(ua);
	const struct ua_call *c = ua_line(ua, "");
	const struct {
		const char *name, *text;
	} texts[] = {
		{"number", ua_number(ua)}, {"account", ua_account(ua)}, {"callid", c->call_id},
		{"ltag", c->local_tag},	   {"rtag", c->remote_tag},	{"target", c->target},
		{"local", c->local},	   {"remote", c->remote},
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (slice_eq(what, slice_str(texts[i].name))) {
			strbuf_str(b, texts[i].text);
			return true;
		}
	}
	if (slice_eq(what, SLICE("addr")))
		put_addr(b, &local, true);
	else if (slice_eq(what, SLICE("ip")))
		put_addr(b, &local, false);
	else if (slice_eq(what, SLICE("relay")))
		put_addr(b, &c->rtp.remote, true);
	else if (slice_eq(what, SLICE("cseq")))
		strbuf_u64(b, c->cseq);
	else if (slice_eq(what, SLICE("rtp")))
		put_addr(b, &c->rtp.local, true);
	else
		return run_fail(r, "of a phone, \"%.*s\" is not known", SLICE_ARG(what));
	return true;
}

/* ${heard.Header}: of the message heard last */
static bool put_heard(struct run *r, struct slice what, struct strbuf *b)
{
	struct wire_msg m;
	char name[64];
	if (!wire_read(r->heard, &m) || slice_copy(what, name, sizeof(name)))
		return run_fail(r, "nothing was heard yet");
	if (slice_eq(what, SLICE("branch")))
		strbuf_add(b, wire_param(wire_header(&m, "Via", 0), "branch"));
	else if (slice_eq(what, SLICE("totag")))
		strbuf_add(b, wire_param(wire_header(&m, "To", 0), "tag"));
	else if (slice_eq(what, SLICE("nonce")))
		strbuf_add(b, wire_auth_param(wire_header(&m,
							  m.code == 407 ? "Proxy-Authenticate"
									: "WWW-Authenticate",
							  0),
					      "nonce"));
	else if (slice_eq(what, SLICE("contact")))
		strbuf_add(b, wire_uri(wire_header(&m, "Contact", 0)));
	else
		strbuf_add(b, wire_header(&m, name, 0));
	return true;
}

/* ${x*1500}: x 1500 times, for messages that are too long. */
static bool put_many(struct slice what, struct strbuf *b)
{
	const size_t star = slice_find(what, '*');
	uint64_t n;
	if (star == what.n || slice_u64(slice_from(what, star + 1), 65000, &n))
		return false;
	for (uint64_t i = 0; i < n; i++)
		strbuf_add(b, slice_first(what, star));
	return true;
}

static bool put_variable(struct run *r, struct slice name, struct strbuf *b)
{
	struct slice what = name;
	char who[32];
	if (put_many(name, b))
		return true;
	const struct slice first = slice_cut(&what, '.');
	if (slice_eq(name, SLICE("domain"))) {
		strbuf_str(b, STAGE_DOMAIN);
	} else if (slice_eq(name, SLICE("server")) || slice_eq(name, SLICE("server6"))) {
		const struct addr a = stage_addr(slice_ends(name, SLICE("6")) ? 6 : 4);
		put_addr(b, &a, true);
	} else if (slice_eq(name, SLICE("rand"))) {
		strbuf_fmt(b, "%016llx", (unsigned long long)sim_rand_next(&r->st->rand));
	} else if (slice_eq(first, SLICE("heard"))) {
		return put_heard(r, what, b);
	} else {
		if (slice_copy(first, who, sizeof(who)))
			return run_fail(r, "${%.*s}?", SLICE_ARG(name));
		struct ua *ua = run_phone(r, who);
		return ua && put_phone(r, ua, what, b);
	}
	return true;
}

bool run_expand(struct run *r, const char *text, char **ret_text)
{
	struct strbuf b;
	struct slice rest = slice_str(text);
	strbuf_init(&b, r->text + r->text_n, sizeof(r->text) - r->text_n - 1);
	while (rest.n) {
		const char *at = memmem(rest.p, rest.n, "${", 2);
		if (!at) {
			strbuf_add(&b, rest);
			break;
		}
		strbuf_add(&b, slice_of(rest.p, (size_t)(at - rest.p)));
		rest = slice_from(rest, (size_t)(at - rest.p) + 2);
		if (!put_variable(r, slice_cut(&rest, '}'), &b))
			return false;
	}
	if (b.failed)
		return run_fail(r, "the text is too long");
	b.p[b.n] = 0;
	*ret_text = b.p;
	r->text_n += b.n + 1;
	return true;
}
