/* Any bytes as RTP, as RTCP, as a train of packets through the statistics, and as a story of who
 * sends what for a latch. */
#include "base/err.h"
#include "fuzz.h"
#include "media/latch_priv.h"
#include "rtp/rtp.h"

static void try_packet(struct slice packet)
{
	struct rtp_header h;
	int rc = rtp_parse(packet, &h);
	FUZZ_CHECK(rc == 0 || rc == ERR_SYNTAX);
	FUZZ_CHECK(rc != 0 || h.payload_bytes + 12 <= packet.n);
	FUZZ_CHECK(!rtp_is_rtcp(packet) || packet.n >= 2);
}

/* Eight bytes a packet: SSRC, sequence number, timestamp, time since the one before. */
static void try_stats(const uint8_t *data, size_t size)
{
	static const uint32_t clocks[] = {0, 8000, 48000, 90000};
	struct rtp_stats s = {0};
	int64_t now_us = 1000000;
	for (size_t i = 0; i + 8 <= size; i += 8) {
		const uint8_t *d = data + i;
		struct rtp_header h = {
			.ssrc = d[0] & 1,
			.seq = (uint16_t)(d[1] << 8 | d[2]),
			.timestamp = (uint32_t)d[3] << 24 | (uint32_t)d[4] << 16 | d[5],
		};
		now_us += d[6] * 1000;
		if (d[0] >= 250)
			rtp_stats_break(&s);
		rtp_stats_add(&s, &h, 172, now_us, clocks[d[7] & 3]);
		FUZZ_CHECK(s.lost <= s.expected && s.loss_events <= s.lost);
		FUZZ_CHECK(s.bursts == s.lost - s.loss_events);
		FUZZ_CHECK(s.duplicates + s.reordered <= s.packets);
		FUZZ_CHECK(s.jitter_us >= 0 && s.jitter_us <= s.jitter_max_us);
	}
	struct rtp_quality q;
	rtp_quality_of(&s, SLICE("PCMU"), 20, &q);
	FUZZ_CHECK(q.mos == 0 || (q.mos >= 1 && q.mos <= 4.5));
	FUZZ_CHECK(q.r_factor >= 0 && q.r_factor <= 93.2);
}

/* Hosts 1 to 4; 5 is the stranger, whom no SDP names and no signalling comes from. */
static struct addr somebody(uint8_t v)
{
	return (struct addr){.ip = {192, 0, 2, (uint8_t)(1 + v % 5)},
			     .port = (uint16_t)(4000 + v / 5 % 4),
			     .family = 4};
}

static void expect(struct latch *l, const uint8_t *d)
{
	struct latch_hint hint = {
		.expected = somebody((uint8_t)(d[1] / 5 * 5 + d[1] % 4)),
		.signalling = somebody(d[2] % 4),
		.held = d[0] & 1,
	};
	hint.host = hint.expected;
	hint.host.port = hint.signalling.port = 0;
	latch_expect(l, &hint);
}

/* Nobody but the SDP's host and the signalling's host is believed, unless learned under an earlier
 * SDP that named it. */
static void arrive(struct latch *l, const uint8_t *d)
{
	struct addr src = somebody(d[1]);
	struct latch_packet p = {&src, d[0] & 1, d[2] & 1, d[3]};
	enum latch_verdict verdict = latch_judge(l, &p);
	bool is_source = addr_is(&l->source) && addr_eq(&src, &l->source);
	FUZZ_CHECK((verdict == LATCH_KEEP) == is_source);
	if (verdict == LATCH_REFUSE)
		return;
	FUZZ_CHECK(is_source || addr_ip_eq(&src, &l->host) || addr_ip_eq(&src, &l->signalling));
	latch_take(l, &p, verdict);
}

static void try_latch(const uint8_t *data, size_t size)
{
	const struct addr stranger = somebody(4);
	struct latch l = {.has_rtp = size & 1};
	for (size_t i = 0; i + 4 <= size; i += 4) {
		if (data[i] >= 224)
			expect(&l, data + i);
		else
			arrive(&l, data + i);
		const struct addr *target = latch_target(&l);
		FUZZ_CHECK(!target || !addr_ip_eq(target, &stranger));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Of exactly that size, so that a sanitizer sees one byte too far. */
	char *copy = malloc(size ? size : 1);
	if (size)
		memcpy(copy, data, size);
	try_packet(slice_of(copy, size));
	try_stats(data, size);
	try_latch(data, size);
	free(copy);
	return 0;
}
