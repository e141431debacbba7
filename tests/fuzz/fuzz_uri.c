/* Any two lines as URIs: what is read is written again and read the same; equality is one. */
#include "dialog/dialog.h"
#include "fuzz.h"
#include "sip/value.h"

#include <string.h>

static bool same(struct slice a, struct slice b)
{
	return (a.p == NULL) == (b.p == NULL) && slice_eq(a, b);
}

static void add_after(struct strbuf *b, char sep, struct slice part)
{
	if (!part.p)
		return;
	strbuf_char(b, sep);
	strbuf_add(b, part);
}

static void write_sip(struct strbuf *b, const struct sip_uri *u)
{
	bool v6 = slice_find(u->host, ':') < u->host.n;

	strbuf_str(b, u->scheme == SIP_SCHEME_SIPS ? "sips:" : "sip:");
	if (u->user.p) {
		strbuf_add(b, u->user);
		add_after(b, ':', u->password);
		strbuf_char(b, '@');
	}
	strbuf_str(b, v6 ? "[" : "");
	strbuf_add(b, u->host);
	strbuf_str(b, v6 ? "]" : "");
	if (u->port)
		strbuf_fmt(b, ":%u", u->port);
}

static void check_rewritten(const struct sip_uri *u)
{
	static char memory[200000];
	struct sip_uri again;
	struct strbuf b;

	strbuf_init(&b, memory, sizeof(memory));
	if (u->scheme == SIP_SCHEME_TEL) {
		strbuf_str(&b, "tel:");
		strbuf_add(&b, u->user);
	} else {
		write_sip(&b, u);
	}
	add_after(&b, ';', u->params);
	add_after(&b, '?', u->headers);
	FUZZ_CHECK(!b.failed && sip_uri_parse(strbuf_slice(&b), &again) == 0);
	FUZZ_CHECK(again.scheme == u->scheme && again.port == u->port);
	FUZZ_CHECK(same(again.user, u->user) && same(again.password, u->password));
	FUZZ_CHECK(same(again.host, u->host) && same(again.params, u->params));
	FUZZ_CHECK(same(again.headers, u->headers) && sip_uri_equal(&again, u));
}

/* What stands in a request line is a URI without headers and method. */
static void check_request_uri(struct slice text)
{
	static char memory[200000];
	struct sip_uri u;
	struct slice value;

	struct slice form = dialog_request_uri(text, memory, sizeof(memory));
	FUZZ_CHECK(sip_uri_parse(form, &u) == 0);
	FUZZ_CHECK(!u.headers.p && !sip_param(u.params, SLICE("method"), &value));
}

static bool read_one(struct slice text, struct sip_uri *u)
{
	if (sip_uri_parse(text, u))
		return false;
	if (u->scheme == SIP_SCHEME_OTHER)
		return true;
	FUZZ_CHECK(sip_uri_equal(u, u));
	check_rewritten(u);
	if (u->scheme != SIP_SCHEME_TEL)
		check_request_uri(text);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sip_uri a, b;

	if (size > 65535)
		return 0;
	/* Of exactly that size, so that a sanitizer sees one byte too far. */
	char *copy = malloc(size ? size : 1);
	if (size)
		memcpy(copy, data, size);
	struct slice rest = slice_of(copy, size), first = slice_cut(&rest, '\n');
	bool good = read_one(first, &a);
	if (read_one(slice_cut(&rest, '\n'), &b) && good)
		FUZZ_CHECK(sip_uri_equal(&a, &b) == sip_uri_equal(&b, &a));
	free(copy);
	return 0;
}
