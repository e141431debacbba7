/* parse(print(m)) = m: messages put together by chance from pieces, written, read back. */
#include "check.h"

#include "base/rng.h"

#define ROUNDS 5000

static const char *const uris[] = {
	"sip:a@h",
	"sip:h:5070;lr",
	"sips:u:p@[2001:db8::1]:5061;transport=tcp",
	"tel:+81-3-1234-5678;phone-context=jp",
	"sip:%61%00b;x=y@192.0.2.1",
	"sip:a,b;c?d@h;p1=v1;p2",
};
static const char *const displays[] = {
	"", "Alice ", "\"\" ", "\"A, \\\"B\\\" <x>;y\" ", "\xe5\xb1\xb1\xe7\x94\xb0 ", "\"\\\\\" "};
static const char *const others[] = {
	"Subject: a, b; c",
	"X-Odd: ;;,,;;,;",
	"Supported: timer, 100rel",
	"k: replaces",
	"Contact: <sip:a@h>, sip:b@h;q=0.1",
	"Route: <sip:p1;lr>,\r\n <sip:p2;lr>",
	"X-Quoted: \"a \\\" b\"",
	"X-Empty:",
	"Expires: 60",
	"X-UTF8: \xf0\x9f\x93\x9e",
};
static const char *const vias[] = {
	"SIP/2.0/UDP 192.0.2.9:5062;rport;branch=z9hG4bKa",
	"SIP / 2.0 / TCP [2001:db8::9]:5060 ; branch = z9hG4bKb",
	"SIP/2.0/TLS h.example;received=192.0.2.1;branch=z9hG4bKc",
	"SIP/2.0/UDP h",
};
static const char *const methods[] = {"INVITE", "OPTIONS", "REGISTER", "odd!Verb"};

#define PICK(rng, from) from[rng_u64(rng) % COUNT(from)]

static size_t put(char *text, size_t n, size_t room, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	int more = vsnprintf(text + n, room - n, fmt, args);
	va_end(args);
	assert_true(more >= 0 && (size_t)more < room - n);
	return n + (size_t)more;
}

static size_t party(struct rng *rng, char *text, size_t n, size_t room, const char *name)
{
	n = put(text, n, room, "%s: %s<%s>", name, PICK(rng, displays), PICK(rng, uris));
	if (rng_u64(rng) & 1)
		n = put(text, n, room, " ; tag = t%u", (unsigned)(rng_u64(rng) % 1000));
	return put(text, n, room, "\r\n");
}

static size_t compose(struct rng *rng, char *text, size_t room)
{
	const char *method = PICK(rng, methods);
	size_t n, body = rng_u64(rng) % 40;

	if (rng_u64(rng) & 1)
		n = put(text, 0, room, "%s %s SIP/2.0\r\n", method, PICK(rng, uris));
	else
		n = put(text, 0, room, "SIP/2.0 %u Phrase of it\r\n",
			100 + (unsigned)(rng_u64(rng) % 600));
	for (uint64_t v = rng_u64(rng) % 3 + 1; v > 0; v--)
		n = put(text, n, room, "%s: %s\r\n", rng_u64(rng) & 1 ? "v" : "Via",
			PICK(rng, vias));
	n = party(rng, text, n, room, "From");
	n = party(rng, text, n, room, "t");
	n = put(text, n, room, "i: id%u@h\r\nCSeq: %u %s\r\n", (unsigned)(rng_u64(rng) % 99),
		(unsigned)(rng_u64(rng) % 0x80000000u), method);
	for (uint64_t more = rng_u64(rng) % 6; more > 0; more--)
		n = put(text, n, room, "%s\r\n", PICK(rng, others));
	return put(text, n, room, "%s: %zu\r\n\r\n%.*s", rng_u64(rng) & 1 ? "l" : "Content-Length",
		   body, (int)body, "v=0 and whatever else a body may hold, to its end");
}

/* The message written from its values: names in full, values as they were read. */
static size_t print(const struct sip_msg *m, char *text, size_t room)
{
	struct strbuf b;

	strbuf_init(&b, text, room);
	if (m->is_request)
		sip_build_request_line(&b, m->method_text, m->uri_text);
	else
		sip_build_status_line(&b, m->code, m->reason_phrase);
	for (uint32_t i = 0; i < m->header_count; i++) {
		const struct sip_header *h = &m->headers[i];
		if (h->kind == SIP_HDR_OTHER)
			sip_build_header_named(&b, h->name, h->value);
		else if (h->kind != SIP_HDR_CONTENT_LENGTH)
			sip_build_header(&b, h->kind, h->value);
	}
	sip_build_body(&b, SLICE_NONE, m->body);
	assert_false(b.failed);
	return b.n;
}

static void check_uri(const struct sip_uri *a, const struct sip_uri *b)
{
	assert_int_equal(a->scheme, b->scheme);
	assert_int_equal(a->port, b->port);
	assert_true(slice_eq(a->user, b->user) && slice_eq(a->password, b->password));
	assert_true(slice_eq(a->host, b->host) && slice_eq(a->params, b->params));
	assert_true(slice_eq(a->headers, b->headers));
}

static void check_party(const struct sip_nameaddr *a, const struct sip_nameaddr *b)
{
	assert_true(slice_eq(a->display, b->display) && slice_eq(a->uri_text, b->uri_text));
	assert_true(slice_eq(a->params, b->params));
	check_uri(&a->uri, &b->uri);
}

static void check_same(const struct sip_msg *a, const struct sip_msg *b)
{
	assert_int_equal(a->is_request, b->is_request);
	assert_int_equal(a->method, b->method);
	assert_int_equal(a->code, b->code);
	assert_true(slice_eq(a->method_text, b->method_text) && slice_eq(a->uri_text, b->uri_text));
	assert_true(slice_eq(a->reason_phrase, b->reason_phrase));
	check_uri(&a->uri, &b->uri);
	check_party(&a->from, &b->from);
	check_party(&a->to, &b->to);
	assert_true(slice_eq(a->from_tag, b->from_tag) && slice_eq(a->to_tag, b->to_tag));
	assert_true(slice_eq(a->call_id, b->call_id) && slice_eq(a->via.text, b->via.text));
	assert_int_equal(a->cseq.number, b->cseq.number);
	assert_true(slice_eq(a->body, b->body));
	assert_int_equal(a->header_count, b->header_count);
}

static bool is_within(struct slice s, const char *from, size_t n)
{
	return s.n == 0 || (s.p >= from && s.p + s.n <= from + n);
}

/* The original is gone when the copy is looked at; the copy has exactly the memory it asked for. */
static void check_copy(const struct sip_msg *m, struct slice bytes)
{
	struct parsed again;
	const struct sip_msg *original = parse_bytes(&again, bytes);
	size_t n = sip_msg_copy_bytes(original);
	char *memory = malloc(n);

	assert_non_null(memory);
	const struct sip_msg *copy = sip_msg_copy(original, memory);
	memset(again.memory, 0xff, sizeof(again.memory));
	memset(again.bytes, 'x', bytes.n);
	parsed_fini(&again);
	check_same(m, copy);
	assert_true(slice_eq(m->raw, copy->raw));
	assert_true(is_within(copy->raw, memory, n) && is_within(copy->body, memory, n));
	assert_true(slice_eq(m->via.branch, copy->via.branch) &&
		    slice_eq(m->via.host, copy->via.host));
	assert_true(slice_eq(m->via.received, copy->via.received));
	assert_true(slice_eq(m->via.params, copy->via.params));
	assert_true(slice_eq(m->via.transport_text, copy->via.transport_text));
	assert_true(slice_eq(m->cseq.method_text, copy->cseq.method_text));
	for (uint32_t i = 0; i < m->header_count; i++) {
		assert_int_equal(m->headers[i].kind, copy->headers[i].kind);
		assert_true(slice_eq(m->headers[i].name, copy->headers[i].name));
		assert_true(slice_eq(m->headers[i].value, copy->headers[i].value));
	}
	free(memory);
}

static void test_roundtrip(void **state)
{
	uint8_t seed[RNG_SEED_BYTES] = {7};
	static char text[8192], printed[8192];
	struct parsed first, second;
	struct rng rng;

	(void)state;
	rng_init(&rng, seed);
	for (int i = 0; i < ROUNDS; i++) {
		parse_bytes(&first, slice_of(text, compose(&rng, text, sizeof(text))));
		if (first.rc)
			fail_msg("refused (%s): %s", first.msg.fault.text, text);
		check_copy(&first.msg, first.msg.raw);
		parse_bytes(&second,
			    slice_of(printed, print(&first.msg, printed, sizeof(printed))));
		assert_int_equal(second.rc, 0);
		check_same(&first.msg, &second.msg);
		parsed_fini(&first);
		parsed_fini(&second);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_roundtrip),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
