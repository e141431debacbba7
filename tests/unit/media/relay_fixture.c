#include "relay_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct addr address(const char *text)
{
	struct addr a = {0};
	if (text && addr_parse(slice_str(text), 0, &a) != 0)
		fail_msg("%s", text);
	return a;
}

static void note(struct fixture *x, struct note n)
{
	assert_true(x->note_count < sizeof x->notes / sizeof x->notes[0]);
	x->notes[x->note_count++] = n;
	if (id_is(x->close_on_note)) {
		relay_endpoint_close(x->relay, x->close_on_note);
		x->close_on_note = ID_NONE;
	}
}

static void on_learned(void *ctx, struct id owner, struct id endpoint, const struct addr *source,
		       bool rtcp)
{
	note(ctx, (struct note){owner, endpoint, *source, rtcp, false});
}

static void on_refused(void *ctx, struct id owner, struct id endpoint, const struct addr *source)
{
	note(ctx, (struct note){owner, endpoint, *source, false, true});
}

struct relay_params fixture_params(struct fixture *x)
{
	return (struct relay_params){
		.io = &x->f.io,
		.rng = &x->rng,
		.shard = 3,
		.address4 = address(OWN4),
		.address6 = address(OWN6),
		.port_first = 10000,
		.port_last = 10099,
		.endpoints_max = 16,
		.cookie_base = COOKIE_BASE,
		.dscp = 46,
		.ops = {x, on_learned, on_refused},
	};
}

void fixture_init(struct fixture *x, const struct relay_params *p)
{
	static const uint8_t seed[RNG_SEED_BYTES] = {5};
	struct relay_params params;
	memset(x, 0, sizeof *x);
	fake_io_init(&x->f);
	rng_init(&x->rng, seed);
	params = p ? *p : fixture_params(x);
	assert_int_equal(relay_new(&params, &x->relay), 0);
}

void fixture_fini(struct fixture *x)
{
	relay_free(x->relay);
	assert_int_equal(fake_io_open_count(&x->f), 0);
}

struct relay_peer fixture_peer(const char *sdp, const char *signalling)
{
	struct relay_peer peer = {
		.rtp = address(sdp),
		.rtcp = address(sdp),
		.signalling = address(signalling),
		.formats = {{0, 8000}, {8, 8000}, {111, 48000}},
		.format_count = 3,
	};
	if (peer.rtcp.port > 0)
		peer.rtcp.port++;
	return peer;
}

void fixture_expect(struct fixture *x, struct id e, const char *sdp, const char *signalling)
{
	struct relay_peer peer = fixture_peer(sdp, signalling);
	relay_endpoint_expect(x->relay, e, &peer);
}

struct id fixture_open(struct fixture *x, uint64_t owner, int family, const char *sdp,
		       const char *signalling)
{
	struct addr rtp, rtcp;
	struct id e;
	assert_int_equal(relay_endpoint_open(x->relay, (struct id){owner}, family, &e, &rtp, &rtcp),
			 0);
	if (sdp)
		fixture_expect(x, e, sdp, signalling);
	return e;
}

struct addr rtp_of(struct fixture *x, struct id e)
{
	struct addr rtp, rtcp;
	assert_true(relay_endpoint_addr(x->relay, e, &rtp, &rtcp));
	return rtp;
}

struct addr rtcp_of(struct fixture *x, struct id e)
{
	struct addr rtp, rtcp;
	assert_true(relay_endpoint_addr(x->relay, e, &rtp, &rtcp));
	return rtcp;
}

struct relay_stats stats_of(struct fixture *x, struct id e)
{
	struct relay_stats stats;
	assert_true(relay_endpoint_stats(x->relay, e, &stats));
	return stats;
}

void arrive(struct fixture *x, struct id e, bool on_rtcp, const char *src, struct slice bytes)
{
	struct addr to = on_rtcp ? rtcp_of(x, e) : rtp_of(x, e);
	const struct fake_socket *socket = fake_io_find(&x->f, &to);
	char copy[FAKE_SENT_BYTES + 1] = {0};
	struct io_datagram d = {.src = address(src), .p = copy, .n = bytes.n};
	assert_non_null(socket);
	assert_true(bytes.n <= FAKE_SENT_BYTES);
	if (bytes.n > 0)
		memcpy(copy, bytes.p, bytes.n);
	relay_on_datagrams(x->relay, socket->cookie, &d, 1);
}

void arrive_rtp(struct fixture *x, struct id e, const char *src, uint32_t ssrc, uint16_t seq)
{
	uint32_t timestamp = seq * 160u;
	const char bytes[32] = {
		(char)0x80,
		0,
		(char)(seq >> 8),
		(char)seq,
		(char)(timestamp >> 24),
		(char)(timestamp >> 16),
		(char)(timestamp >> 8),
		(char)timestamp,
		(char)(ssrc >> 24),
		(char)(ssrc >> 16),
		(char)(ssrc >> 8),
		(char)ssrc,
	};
	arrive(x, e, false, src, slice_of(bytes, sizeof bytes));
}

void check_sent(struct fixture *x, struct addr from, const char *to, struct slice bytes)
{
	struct addr dst = address(to);
	assert_int_equal(x->f.sent_count, 1);
	assert_true(addr_eq(&x->f.sent[0].from, &from));
	assert_true(addr_eq(&x->f.sent[0].to, &dst));
	if (bytes.p)
		assert_true(slice_eq(slice_of(x->f.sent[0].bytes, x->f.sent[0].n), bytes));
	fake_io_clear(&x->f);
}

void check_nothing_sent(struct fixture *x)
{
	assert_int_equal(x->f.sent_count, 0);
}
