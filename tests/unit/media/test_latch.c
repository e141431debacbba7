#include "media/latch_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

static struct addr address(const char *text)
{
	struct addr a = {0};
	if (text && addr_parse(slice_str(text), 0, &a) != 0)
		fail_msg("%s", text);
	return a;
}

static struct addr host(const char *text)
{
	struct addr a = address(text);
	a.port = 0;
	return a;
}

/* One step of a story: an SDP, or a packet and what becomes of it. */
struct step {
	const char *src; /* of a packet; NULL: an SDP */
	char kind;	 /* 'r' RTP, 'o' something else */
	uint32_t ssrc;
	uint16_t seq;
	enum latch_verdict want;
	const char *target; /* where to send after the step; NULL: nowhere */
	const char *sdp, *signalling;
	bool held;
};

#define SDP(sdp_, signalling_, target_)                                                            \
	{                                                                                          \
		.sdp = sdp_, .signalling = signalling_, .target = target_                          \
	}
#define HOLD(signalling_)                                                                          \
	{                                                                                          \
		.held = true, .signalling = signalling_                                            \
	}
#define RTP(src_, ssrc_, seq_, want_, target_)                                                     \
	{                                                                                          \
		.src = src_, .kind = 'r', .ssrc = ssrc_, .seq = seq_, .want = want_,               \
		.target = target_                                                                  \
	}
#define OTHER(src_, want_, target_)                                                                \
	{                                                                                          \
		.src = src_, .kind = 'o', .want = want_, .target = target_                         \
	}

struct story {
	const char *name;
	bool no_rtp; /* UDPTL or RTCP: address alone */
	struct step steps[16];
};

/* Phone 198.51.100.7 (signalling), behind NAT as 192.168.1.5; a stranger 203.0.113.66. */
#define NAT	"198.51.100.7"
#define PRIVATE "192.168.1.5:4000"
#define PUBLIC	"198.51.100.7:4000"
#define EVIL	"203.0.113.66:4000"

static const struct story stories[] = {
	{"nobody is expected yet", false, {RTP(PUBLIC, 1, 1, LATCH_REFUSE, NULL)}},
	{"a phone without NAT",
	 false,
	 {SDP(PUBLIC, NAT, PUBLIC), RTP(PUBLIC, 1, 1, LATCH_LEARN, PUBLIC),
	  RTP(PUBLIC, 1, 2, LATCH_KEEP, PUBLIC), RTP(EVIL, 1, 3, LATCH_REFUSE, PUBLIC)}},
	{"a stranger comes first",
	 false,
	 {SDP(PUBLIC, NAT, PUBLIC), RTP(EVIL, 1, 1, LATCH_REFUSE, PUBLIC),
	  OTHER(EVIL, LATCH_REFUSE, PUBLIC), RTP(PUBLIC, 1, 1, LATCH_LEARN, PUBLIC)}},
	{"behind NAT: the signalling's host is believed, on any port",
	 false,
	 {SDP(PRIVATE, NAT, NULL), RTP(EVIL, 1, 1, LATCH_REFUSE, NULL),
	  RTP(NAT ":62000", 1, 1, LATCH_LEARN, NAT ":62000"),
	  RTP(NAT ":62000", 1, 2, LATCH_KEEP, NAT ":62000"),
	  RTP(EVIL, 1, 3, LATCH_REFUSE, NAT ":62000"),
	  RTP(NAT ":62001", 2, 3, LATCH_REFUSE, NAT ":62000")}},
	{"media elsewhere than the signalling: the SDP's host, on any port",
	 false,
	 {SDP("192.0.2.9:4000", NAT, "192.0.2.9:4000"),
	  RTP("192.0.2.9:4100", 1, 1, LATCH_LEARN, "192.0.2.9:4100"),
	  RTP(NAT ":1", 2, 1, LATCH_REFUSE, "192.0.2.9:4100")}},
	{"the NAT moves the stream",
	 false,
	 {SDP(PRIVATE, NAT, NULL), RTP(NAT ":62000", 1, 100, LATCH_LEARN, NAT ":62000"),
	  RTP(NAT ":63000", 1, 101, LATCH_LEARN, NAT ":63000"),
	  RTP(NAT ":62000", 1, 99, LATCH_LEARN, NAT ":62000"), /* a late one, and back */
	  RTP(NAT ":63000", 1, 102, LATCH_LEARN, NAT ":63000"),
	  RTP(NAT ":63000", 1, 103, LATCH_KEEP, NAT ":63000")}},
	{"how far a stream may have gone on",
	 false,
	 {SDP(PRIVATE, NAT, NULL), RTP(NAT ":1", 1, 65535, LATCH_LEARN, NAT ":1"),
	  RTP(NAT ":2", 1, 65535 - 65, LATCH_REFUSE, NAT ":1"),
	  RTP(NAT ":2", 1, 1000, LATCH_REFUSE, NAT ":1"),
	  RTP(NAT ":2", 2, 0, LATCH_REFUSE, NAT ":1"), OTHER(NAT ":2", LATCH_REFUSE, NAT ":1"),
	  RTP(NAT ":2", 1, 999, LATCH_LEARN, NAT ":2"),
	  RTP(NAT ":3", 1, 999 - 64, LATCH_LEARN, NAT ":3")}},
	{"continuity is no key for strangers",
	 false,
	 {SDP(PRIVATE, NAT, NULL), RTP(NAT ":1", 1, 5, LATCH_LEARN, NAT ":1"),
	  RTP(EVIL, 1, 6, LATCH_REFUSE, NAT ":1")}},
	{"the SDP's own address may always claim the stream",
	 false,
	 {SDP(PUBLIC, NAT, PUBLIC), RTP(NAT ":62000", 1, 1, LATCH_LEARN, NAT ":62000"),
	  RTP(PUBLIC, 7, 9999, LATCH_LEARN, PUBLIC)}},
	{"STUN first, then RTP from another port of the host, once",
	 false,
	 {SDP(PRIVATE, NAT, NULL), OTHER(EVIL, LATCH_REFUSE, NULL),
	  OTHER(NAT ":1", LATCH_LEARN, NAT ":1"), OTHER(NAT ":2", LATCH_REFUSE, NAT ":1"),
	  RTP(NAT ":2", 1, 1, LATCH_LEARN, NAT ":2"), RTP(NAT ":1", 2, 1, LATCH_REFUSE, NAT ":2"),
	  OTHER(NAT ":1", LATCH_REFUSE, NAT ":2")}},
	{"a new SDP address: late packets of the old source do not take the learning",
	 false,
	 {SDP(PRIVATE, NAT, NULL), RTP(NAT ":1", 1, 1, LATCH_LEARN, NAT ":1"),
	  SDP("192.168.1.5:6000", NAT, NAT ":1"), RTP(NAT ":1", 1, 2, LATCH_PASS, NAT ":1"),
	  RTP(NAT ":2", 9, 1, LATCH_LEARN, NAT ":2"), RTP(NAT ":1", 1, 3, LATCH_REFUSE, NAT ":2")}},
	{"a new SDP address elsewhere: the old source is a stranger",
	 false,
	 {SDP(PUBLIC, NAT, PUBLIC), RTP(PUBLIC, 1, 1, LATCH_LEARN, PUBLIC),
	  SDP("192.0.2.9:4000", "192.0.2.8", "192.0.2.9:4000"),
	  RTP(PUBLIC, 1, 2, LATCH_REFUSE, "192.0.2.9:4000"),
	  RTP("192.0.2.8:5", 1, 2, LATCH_LEARN, "192.0.2.8:5")}},
	{"nor is anything sent there",
	 false,
	 {SDP(PUBLIC, NAT, PUBLIC), RTP(PUBLIC, 1, 1, LATCH_LEARN, PUBLIC),
	  SDP("192.168.9.9:4000", "192.0.2.8", NULL), RTP(PUBLIC, 1, 2, LATCH_REFUSE, NULL)}},
	{"nor when only later the signalling moves away from it",
	 false,
	 {SDP(PRIVATE, NAT, NULL), RTP(NAT ":1", 1, 1, LATCH_LEARN, NAT ":1"),
	  SDP("192.168.1.5:6000", NAT, NAT ":1"), SDP("192.168.1.5:6000", "192.0.2.8", NULL),
	  RTP(NAT ":1", 1, 2, LATCH_REFUSE, NULL)}},
	{"the same SDP again: the source stays, and is to be confirmed",
	 false,
	 {SDP(PRIVATE, NAT, NULL), RTP(NAT ":1", 1, 1, LATCH_LEARN, NAT ":1"),
	  SDP(PRIVATE, NAT, NAT ":1"), RTP(NAT ":1", 1, 2, LATCH_KEEP, NAT ":1"),
	  RTP(NAT ":2", 2, 2, LATCH_REFUSE, NAT ":1"), SDP(PRIVATE, NAT, NAT ":1"),
	  OTHER(NAT ":2", LATCH_REFUSE, NAT ":1"), RTP(EVIL, 1, 3, LATCH_REFUSE, NAT ":1"),
	  RTP(NAT ":2", 2, 2, LATCH_LEARN, NAT ":2"), RTP(NAT ":1", 1, 3, LATCH_REFUSE, NAT ":2")}},
	{"0.0.0.0: nothing is sent, all else stays",
	 false,
	 {SDP(PUBLIC, NAT, PUBLIC), RTP(NAT ":1", 1, 1, LATCH_LEARN, NAT ":1"), HOLD(NAT),
	  RTP(NAT ":1", 1, 2, LATCH_KEEP, NULL), RTP(EVIL, 1, 2, LATCH_REFUSE, NULL),
	  SDP(PUBLIC, NAT, NAT ":1"), RTP(NAT ":1", 1, 3, LATCH_KEEP, NAT ":1")}},
	{"no address in the SDP: the signalling's host",
	 false,
	 {SDP(NULL, NAT, NULL), RTP(EVIL, 1, 1, LATCH_REFUSE, NULL),
	  RTP(NAT ":1", 1, 1, LATCH_LEARN, NAT ":1")}},
	{"no signalling host: the SDP alone",
	 false,
	 {SDP(PRIVATE, NULL, PRIVATE), RTP(NAT ":1", 1, 1, LATCH_REFUSE, PRIVATE),
	  RTP("192.168.1.5:4001", 1, 1, LATCH_LEARN, "192.168.1.5:4001")}},
	{"a private address on the signalling's own network",
	 false,
	 {SDP(PRIVATE, "192.168.1.5", PRIVATE)}},
	{"loopback is reached from loopback only",
	 false,
	 {SDP("127.0.0.1:4000", NAT, NULL), SDP("127.0.0.1:4000", "127.0.0.1", "127.0.0.1:4000")}},
	{"neither address", false, {SDP(NULL, NULL, NULL), RTP(PUBLIC, 1, 1, LATCH_REFUSE, NULL)}},
	{"UDPTL, RTCP: by address alone",
	 true,
	 {SDP(PRIVATE, NAT, NULL), OTHER(EVIL, LATCH_REFUSE, NULL),
	  OTHER(NAT ":1", LATCH_LEARN, NAT ":1"), OTHER(NAT ":1", LATCH_KEEP, NAT ":1"),
	  OTHER(NAT ":2", LATCH_REFUSE, NAT ":1"), OTHER(PRIVATE, LATCH_LEARN, PRIVATE),
	  OTHER(NAT ":1", LATCH_REFUSE, PRIVATE), SDP(PRIVATE, NAT, PRIVATE),
	  OTHER(NAT ":2", LATCH_LEARN, NAT ":2"), OTHER(NAT ":1", LATCH_REFUSE, NAT ":2")}},
	{"IPv6",
	 false,
	 {SDP("[2001:db8::7]:4000", "2001:db8::7", "[2001:db8::7]:4000"),
	  RTP("[2001:db8::8]:4000", 1, 1, LATCH_REFUSE, "[2001:db8::7]:4000"),
	  RTP("[2001:db8::7]:4002", 1, 1, LATCH_LEARN, "[2001:db8::7]:4002")}},
};

static enum latch_verdict play_packet(struct latch *l, const struct step *step)
{
	struct addr src = address(step->src);
	struct latch_packet p = {&src, step->kind == 'r', step->ssrc, step->seq};
	enum latch_verdict verdict = latch_judge(l, &p);
	if (verdict != LATCH_REFUSE)
		latch_take(l, &p, verdict);
	return verdict;
}

static void play_sdp(struct latch *l, const struct step *step)
{
	struct latch_hint hint = {
		.expected = address(step->sdp),
		.host = host(step->sdp),
		.signalling = host(step->signalling),
		.held = step->held,
	};
	latch_expect(l, &hint);
}

static void check_target(const struct latch *l, const struct story *story, size_t i)
{
	const struct addr *target = latch_target(l);
	const char *want = story->steps[i].target;
	char buf[ADDR_TEXT_BYTES];
	if ((want != NULL) != (target != NULL))
		fail_msg("%s, step %zu: target", story->name, i);
	if (want)
		assert_string_equal(addr_text(target, buf), want);
}

static void test_stories(void **state)
{
	(void)state;
	for (size_t k = 0; k < COUNT(stories); k++) {
		const struct story *story = &stories[k];
		struct latch l = {.has_rtp = !story->no_rtp};
		for (size_t i = 0; i < COUNT(story->steps); i++) {
			const struct step *step = &story->steps[i];
			if (!step->src)
				play_sdp(&l, step);
			else if (play_packet(&l, step) != step->want)
				fail_msg("%s, step %zu", story->name, i);
			if (step->src || step->sdp || step->signalling)
				check_target(&l, story, i);
		}
	}
}

/* An old source that simply goes on is learned again after a while. */
static void test_previous_stays(void **state)
{
	struct latch l = {.has_rtp = true};
	const struct step first = SDP(PRIVATE, NAT, NULL),
			  second = SDP("192.168.1.5:6000", NAT, NULL);
	int passed = 0;
	(void)state;
	play_sdp(&l, &first);
	play_packet(&l, &(struct step)RTP(NAT ":1", 1, 0, LATCH_LEARN, NULL));
	play_sdp(&l, &second);
	for (uint16_t seq = 1; seq < 100; seq++) {
		struct step step = RTP(NAT ":1", 1, seq, LATCH_PASS, NULL);
		enum latch_verdict verdict = play_packet(&l, &step);
		if (verdict == LATCH_PASS)
			passed++;
		else
			assert_int_equal(verdict, seq == passed + 1 ? LATCH_LEARN : LATCH_KEEP);
	}
	assert_in_range(passed, 1, 32);
}

static void test_reopened(void **state)
{
	struct latch l = {0};
	const struct step a = SDP(PUBLIC, NAT, NULL), b = SDP("192.0.2.9:4000", NAT, NULL);
	struct latch_hint hint = {.expected = address(a.sdp), .host = host(a.sdp)};
	(void)state;
	assert_true(latch_expect(&l, &hint));
	assert_false(latch_expect(&l, &hint));
	hint.signalling = host(NAT);
	assert_false(latch_expect(&l, &hint));
	hint.expected = address(b.sdp);
	assert_true(latch_expect(&l, &hint));
	hint.held = true;
	hint.expected = address(a.sdp);
	assert_false(latch_expect(&l, &hint));
}

/* Whatever is sent: nobody but the SDP's host and the signalling's host is ever believed or sent
 * to. */
static void test_property(void **state)
{
	static const char *const sources[] = {PUBLIC,		NAT ":1",	  NAT ":2", PRIVATE,
					      "192.0.2.9:4000", "192.0.2.9:4001", EVIL};
	static const char *const sdps[] = {PUBLIC, PRIVATE, "192.0.2.9:4000", NULL};
	uint32_t seed = 1;
	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct latch l = {.has_rtp = round % 3 != 0};
		for (int i = 0; i < 60; i++) {
			seed = seed * 1664525u + 1013904223u;
			uint32_t r = seed >> 8;
			struct step step = {
				.src = r % 10 ? sources[r / 10 % COUNT(sources)] : NULL,
				.kind = r & 0x1000 ? 'r' : 'o',
				.ssrc = r >> 14 & 1,
				.seq = (uint16_t)(r >> 16 & 31),
				.sdp = sdps[r / 10 % COUNT(sdps)],
				.signalling = r & 0x2000 ? NAT : NULL,
				.held = (r >> 20) % 8 == 0,
			};
			struct addr src = address(step.src ? step.src : EVIL);
			bool known = addr_ip_eq(&src, &l.host) || addr_ip_eq(&src, &l.signalling) ||
				     (addr_is(&l.source) && addr_eq(&src, &l.source));
			if (!step.src)
				play_sdp(&l, &step);
			else if (play_packet(&l, &step) != LATCH_REFUSE)
				assert_true(known);
			struct addr evil = address(EVIL);
			assert_true(!latch_target(&l) || !addr_ip_eq(latch_target(&l), &evil));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stories),
		cmocka_unit_test(test_previous_stays),
		cmocka_unit_test(test_reopened),
		cmocka_unit_test(test_property),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
