/* Any bytes through the SIP room: what it promises must hold for what it accepts, and nothing may
 * break for the rest. */
#include "base/err.h"
#include "fuzz.h"
#include "sip/build.h"
#include "sip/msg.h"
#include "sip/value.h"

#define ARENA_BYTES (SIP_HEADERS_MAX * sizeof(struct sip_header) + 64)

static bool lies_in(struct slice s, struct slice whole)
{
	return s.n == 0 || (s.p >= whole.p && s.p + s.n <= whole.p + whole.n);
}

static void check_slices(const struct sip_msg *m, struct slice whole)
{
	FUZZ_CHECK(lies_in(m->raw, whole) && lies_in(m->body, m->raw));
	FUZZ_CHECK(lies_in(m->method_text, whole) && lies_in(m->uri_text, whole));
	FUZZ_CHECK(lies_in(m->reason_phrase, whole) && lies_in(m->call_id, whole));
	FUZZ_CHECK(lies_in(m->from_tag, whole) && lies_in(m->to_tag, whole));
	FUZZ_CHECK(lies_in(m->via.text, whole) && lies_in(m->via.branch, whole));
	FUZZ_CHECK(lies_in(m->from.uri.user, whole) && lies_in(m->to.uri.host, whole));
	for (uint32_t i = 0; i < m->header_count; i++)
		FUZZ_CHECK(lies_in(m->headers[i].name, whole) &&
			   lies_in(m->headers[i].value, whole));
}

static void walk_params(struct slice params)
{
	struct slice name, value, again;

	while (sip_param_next(&params, &name, &value))
		sip_param(params, name, &again);
}

static void try_uri(struct slice text)
{
	static char plain[65536];
	struct sip_uri uri;

	if (sip_uri_parse(text, &uri))
		return;
	FUZZ_CHECK(sip_uri_equal(&uri, &uri) == (uri.scheme != SIP_SCHEME_OTHER));
	walk_params(uri.params);
	if (sip_unescape(uri.user, plain, sizeof(plain)) == 0)
		FUZZ_CHECK(strlen(plain) <= uri.user.n);
}

/* Every value parser meets every value, whether it is meant for it or not. */
static void try_values(struct slice value)
{
	struct sip_nameaddr na;
	struct sip_via via;
	struct sip_cseq cseq;

	if (sip_nameaddr_parse(value, &na) == 0) {
		try_uri(na.uri_text);
		walk_params(na.params);
	}
	if (sip_via_parse(value, &via) == 0)
		walk_params(via.params);
	if (sip_cseq_parse(value, &cseq) == 0)
		FUZZ_CHECK(cseq.number < 1u << 31 && sip_is_token(cseq.method_text));
	try_uri(value);
	walk_params(value);
}

static void walk_message(const struct sip_msg *m)
{
	for (unsigned kind = 0; kind <= SIP_HDR_OTHER; kind++) {
		struct sip_values it = sip_msg_values(m, (enum sip_header_kind)kind);
		struct slice value;
		uint32_t number;
		while (sip_values_next(&it, &value)) {
			FUZZ_CHECK(value.n > 0);
			try_values(value);
		}
		sip_msg_number(m, (enum sip_header_kind)kind, 255, &number);
		sip_msg_has_token(m, (enum sip_header_kind)kind, SLICE("100rel"));
	}
}

/* What we wrote is read back as what it was made from. */
static void reread(struct strbuf *b, const struct sip_msg *from, bool must_be_good,
		   struct sip_msg *ret_msg)
{
	static char memory[ARENA_BYTES] __attribute__((aligned(16)));
	struct arena arena;

	arena_init(&arena, memory, sizeof(memory));
	int rc = sip_msg_parse(strbuf_slice(b), &arena, ret_msg);
	if (!must_be_good || rc == ERR_TOO_BIG)
		return;
	FUZZ_CHECK(rc == 0);
	FUZZ_CHECK(slice_eq(ret_msg->via.branch, from->via.branch));
	FUZZ_CHECK(slice_eq(ret_msg->from_tag, from->from_tag));
	FUZZ_CHECK(ret_msg->cseq.number == from->cseq.number);
}

static void try_reply(const struct sip_msg *m, bool good)
{
	static char memory[4 * 65536];
	static const struct addr source = {.ip = {192, 0, 2, 7}, .port = 41000, .family = 4};
	const struct sip_reply reply = {.code = 486,
					.to_tag = SLICE("ours"),
					.source = &source,
					.record_route = true,
					.headers = SLICE("X-Test: 1\r\n")};
	struct sip_msg again;
	struct strbuf b;

	strbuf_init(&b, memory, sizeof(memory));
	sip_build_reply(&b, m, &reply);
	FUZZ_CHECK(!b.failed);
	if (b.n > SIP_MESSAGE_BYTES_MAX)
		return;
	reread(&b, m, good, &again);
	if (good && again.header_count && again.code) {
		FUZZ_CHECK(again.code == 486 && again.to_tag.n);
		FUZZ_CHECK(slice_eq(again.via.host, m->via.host));
		FUZZ_CHECK(!m->via.rport_asked || again.via.rport == source.port);
	}
}

static void try_hop_requests(const struct sip_msg *m)
{
	static char memory[4 * 65536];
	struct sip_msg again;
	struct strbuf b;

	strbuf_init(&b, memory, sizeof(memory));
	sip_build_cancel(&b, m, SLICE("SIP;cause=200"));
	FUZZ_CHECK(!b.failed);
	reread(&b, m, b.n < SIP_MESSAGE_BYTES_MAX, &again);
	strbuf_init(&b, memory, sizeof(memory));
	sip_build_ack(&b, m, m);
	FUZZ_CHECK(!b.failed);
	reread(&b, m, b.n < SIP_MESSAGE_BYTES_MAX, &again);
}

/* Of a datagram, a few bytes of the body may be missing; in a stream they are waited for. */
static bool is_short(const struct sip_msg *m)
{
	uint32_t length;

	return sip_msg_number(m, SIP_HDR_CONTENT_LENGTH, UINT32_MAX, &length) == 0 &&
	       length > m->body.n && length - m->body.n <= 32;
}

/* Stream framing and the parser see the same message end. */
static void try_frame(struct slice whole, const struct sip_msg *m, bool good)
{
	size_t bytes = 0, fewer;
	int rc = sip_msg_frame(whole, &bytes);

	if (rc == 0) {
		FUZZ_CHECK(bytes > 0 && bytes <= whole.n);
		FUZZ_CHECK(!good || bytes == m->raw.n);
		FUZZ_CHECK(sip_msg_frame(slice_first(whole, bytes - 1), &fewer) == ERR_AGAIN);
		FUZZ_CHECK(sip_msg_frame(slice_first(whole, bytes / 2), &fewer) == ERR_AGAIN);
	} else if (good && m->raw.p == whole.p && m->raw.n <= SIP_MESSAGE_BYTES_MAX) {
		FUZZ_CHECK(rc == ERR_TOO_BIG || (rc == ERR_AGAIN && is_short(m)) ||
			   sip_msg_header(m, SIP_HDR_CONTENT_LENGTH) == NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char memory[ARENA_BYTES] __attribute__((aligned(16)));
	struct sip_msg m;
	struct arena arena;

	if (size > SIP_MESSAGE_BYTES_MAX)
		return 0;
	/* Of exactly that size, so that a sanitizer sees one byte too far. */
	char *copy = malloc(size ? size : 1);
	if (size)
		memcpy(copy, data, size);
	struct slice whole = slice_of(copy, size);
	arena_init(&arena, memory, sizeof(memory));
	int rc = sip_msg_parse(whole, &arena, &m);
	FUZZ_CHECK(rc == 0 || rc == ERR_SYNTAX || rc == ERR_TOO_BIG);
	FUZZ_CHECK((rc == 0) == (m.fault.code == 0));
	check_slices(&m, whole);
	walk_message(&m);
	if (m.answerable)
		try_reply(&m, rc == 0);
	if (rc == 0 && m.is_request)
		try_hop_requests(&m);
	try_frame(whole, &m, rc == 0);
	try_values(whole);
	free(copy);
	return 0;
}
