/* Any bytes through the SDP room: what is accepted lies in the text, is written so that it is
 * accepted again, and is written the second time exactly as the first. */
#include "base/err.h"
#include "fuzz.h"
#include "sdp/sdp.h"

static bool lies_in(struct slice s, struct slice whole)
{
	return s.n == 0 || (s.p >= whole.p && s.p + s.n <= whole.p + whole.n);
}

static void check_stream(const struct sdp_stream *s, struct slice whole)
{
	FUZZ_CHECK(s->text.n > 0 && lies_in(s->text, whole));
	FUZZ_CHECK(s->media_text.n > 0 && lies_in(s->media_text, s->text));
	FUZZ_CHECK(s->proto_text.n > 0 && lies_in(s->proto_text, s->text));
	FUZZ_CHECK(lies_in(s->formats_text, s->text));
	FUZZ_CHECK(s->format_count <= SDP_FORMATS_MAX);
	FUZZ_CHECK(addr_is(&s->rtp) == s->has_address);
	FUZZ_CHECK(!s->has_address || s->rtp.port == s->port);
	FUZZ_CHECK(!addr_is(&s->rtcp) || (s->port != 0 && s->rtcp.port != 0));
	for (uint32_t i = 0; i < s->format_count; i++)
		FUZZ_CHECK(s->formats[i].payload_type < 128);
}

static void check_parsed(const struct sdp *sdp, struct slice whole)
{
	size_t n = sdp->session_text.n;
	FUZZ_CHECK(lies_in(sdp->text, whole) && lies_in(sdp->origin, sdp->session_text));
	FUZZ_CHECK(lies_in(sdp->session_text, sdp->text));
	FUZZ_CHECK(sdp->stream_count <= SDP_STREAMS_MAX);
	for (uint32_t i = 0; i < sdp->stream_count; i++) {
		check_stream(&sdp->streams[i], sdp->text);
		n += sdp->streams[i].text.n;
	}
	FUZZ_CHECK(n == sdp->text.n);
}

/* Some streams refused, some with RTCP, some IPv6. */
static void make_rewrite(size_t salt, struct sdp_rewrite *ret_rw)
{
	*ret_rw = (struct sdp_rewrite){.session_id = salt, .version = 1};
	addr_parse(SLICE("203.0.113.1"), 0, &ret_rw->origin);
	for (size_t i = 0; i < SDP_STREAMS_MAX; i++) {
		if ((salt + i) % 7 == 0)
			continue;
		struct slice ours = (salt + i) % 3 ? SLICE("203.0.113.1") : SLICE("2001:db8::1");
		addr_parse_ip(ours, &ret_rw->rtp[i]);
		ret_rw->rtp[i].port = (uint16_t)(10000 + 2 * i);
		if ((salt + i) % 2)
			ret_rw->rtcp[i] = ret_rw->rtp[i];
	}
}

static void check_same(const struct sdp *a, const struct sdp *b)
{
	FUZZ_CHECK(a->stream_count == b->stream_count);
	for (uint32_t i = 0; i < a->stream_count; i++) {
		const struct sdp_stream *x = &a->streams[i], *y = &b->streams[i];
		FUZZ_CHECK(x->kind == y->kind && x->proto == y->proto);
		if (y->port) { /* of a refused stream only the m= line counts */
			FUZZ_CHECK(x->direction == y->direction && x->ptime_ms == y->ptime_ms);
			FUZZ_CHECK(x->rtcp_mux == y->rtcp_mux);
		}
		FUZZ_CHECK(x->format_count == y->format_count);
		FUZZ_CHECK(slice_eq(x->formats_text, y->formats_text));
	}
}

static void try_write(const struct sdp *sdp)
{
	static char first[4 * SDP_BYTES_MAX], second[4 * SDP_BYTES_MAX];
	struct sdp_rewrite rw;
	struct strbuf a, b;
	struct sdp again;
	make_rewrite(sdp->text.n, &rw);
	strbuf_init(&a, first, sizeof first);
	sdp_write(&a, sdp, &rw);
	FUZZ_CHECK(!a.failed);
	int rc = sdp_parse(strbuf_slice(&a), &again);
	if (rc == ERR_TOO_BIG)
		return;
	FUZZ_CHECK(rc == 0);
	check_same(sdp, &again);
	strbuf_init(&b, second, sizeof second);
	sdp_write(&b, &again, &rw);
	FUZZ_CHECK(slice_eq(strbuf_slice(&a), strbuf_slice(&b)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sdp sdp;
	/* Of exactly that size, so that a sanitizer sees one byte too far. */
	char *copy = malloc(size ? size : 1);
	if (size)
		memcpy(copy, data, size);
	struct slice whole = slice_of(copy, size);
	int rc = sdp_parse(whole, &sdp);
	FUZZ_CHECK(rc == 0 || rc == ERR_SYNTAX || rc == ERR_LIMIT || rc == ERR_TOO_BIG);
	if (rc == 0) {
		check_parsed(&sdp, whole);
		try_write(&sdp);
	}
	free(copy);
	return 0;
}
