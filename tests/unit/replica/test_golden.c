/* A call file as the first version wrote it: every later one must read it. To change the meaning of
 * a tag is to lose the calls of everybody who upgrades. */
#include "replica/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct replica_image image;

static int set_up(void **state)
{
	(void)state;
	assert_int_equal(replica_image_add(&image, GOLDEN "/calls-1.og"), 0);
	replica_image_sort(&image);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	replica_image_free(&image);
	return 0;
}

static void take(uint32_t kind, void *to)
{
	size_t i = 0;
	while (i < image.count && image.items[i].kind != kind)
		i++;
	assert_true(i < image.count);
	assert_int_equal(replica_decode(replica_tables[kind], image.items[i].bytes, to), 0);
}

static void assert_addr(const struct addr *a, const char *want)
{
	char text[ADDR_TEXT_BYTES];
	assert_string_equal(addr_text(a, text), want);
}

static void assert_text(const struct dialog *d, enum dialog_text which, const char *want)
{
	assert_true(slice_eq(dialog_text(d, which), slice_str(want)));
}

static void test_file(void **state)
{
	(void)state;
	assert_int_equal(image.count, 5);
	assert_int_equal(image.damaged, 0);
	assert_true(image.alive_ms == 1790000009000);
}

static void test_call(void **state)
{
	struct call c;
	(void)state;
	take(REPLICA_CALL, &c);
	assert_int_equal(c.uid, 1);
	assert_int_equal(c.state, CALL_ANSWERED);
	assert_int_equal(c.branch_count, 1);
	assert_int_equal(c.winner, 0);
	assert_int_equal(c.sip_code, 200);
	assert_true(c.channel_held);
	assert_string_equal(c.from, "05010000014");
	assert_string_equal(c.to, "05010000015");
	assert_string_equal(c.dialled, "05010000015");
	assert_string_equal(c.customer, "C9000013");
	assert_string_equal(c.codec, "PCMU");
	assert_true(c.started_at == 1790000000000 && c.ringing_at == 1790000001000 &&
		    c.answered_at == 1790000002000);
	assert_int_equal(c.max_forwards, 69);
}

static void check_leg(const struct leg *l, uint8_t branch)
{
	assert_int_equal(l->branch, branch);
	assert_int_equal(l->state, LEG_ANSWERED);
	assert_int_equal(l->invite_cseq, 1);
	assert_string_equal(l->invite_branch, "z9hG4bKaaaaaaaaaaaaaaaaaaaaa");
	assert_addr(&l->flow.remote, "192.0.2.1:5060");
	assert_addr(&l->flow.local, "192.0.2.9:5060");
	assert_int_equal(l->dialog.state, DIALOG_CONFIRMED);
	assert_int_equal(l->dialog.local_cseq, 1);
	assert_text(&l->dialog, DIALOG_CALL_ID, "1-27187@192.0.2.1");
	assert_text(&l->dialog, DIALOG_LOCAL_TAG, "aaaaaaaaaaaaaaaaaaaaa");
	assert_text(&l->dialog, DIALOG_REMOTE_TAG, "27187SIPpTag001");
	assert_text(&l->dialog, DIALOG_LOCAL_URI,
		    "\"05010000014\" <sip:05010000014@kmus.sip.example.jp>");
	assert_text(&l->dialog, DIALOG_REMOTE_TARGET, "sip:10000012@192.0.2.1:5060");
	assert_true(l->sdp_session == 1234567890123456789u && l->sdp_hash == 987654321987654321u);
	assert_int_equal(l->sdp_version, 1);
	assert_int_equal(l->stream_count, 1);
	assert_true(l->streams[0].active);
	assert_string_equal(l->user_agent, "Some Phone 1.2.3");
}

static void test_legs(void **state)
{
	static struct leg legs[2];
	static struct replica_ends ends;
	struct replica_legs both = {.legs = {&legs[0], &legs[1]}, .ends = {&ends}};
	(void)state;
	take(REPLICA_LEGS, &both);
	assert_int_equal(both.leg_count, 2);
	check_leg(&legs[0], LEG_IS_CALLER);
	check_leg(&legs[1], 0);
	assert_int_equal(legs[0].session.expires_s, 1800);
	assert_true(legs[0].session.ours);
	assert_int_equal(legs[0].can, 5);
	assert_int_equal(ends.count, 2);
	for (uint8_t i = 0; i < 2; i++) {
		assert_int_equal(ends.v[i].leg, i);
		assert_addr(&ends.v[i].kept.rtp, "192.0.2.9:20000");
		assert_addr(&ends.v[i].kept.rtcp, "192.0.2.9:20001");
		assert_int_equal(ends.v[i].kept.format_count, 3);
		assert_int_equal(ends.v[i].kept.formats[2].payload_type, 16);
	}
}

static void test_figures(void **state)
{
	static struct replica_ends ends;
	(void)state;
	take(REPLICA_FIGURES, &ends);
	const struct relay_kept *k = &ends.v[1].kept;
	assert_int_equal(ends.count, 2);
	assert_addr(&k->rtp_latch.source, "192.0.2.1:30000");
	assert_int_equal(k->rtp_latch.ssrc, 0x12345678);
	assert_int_equal(k->rtp_latch.seq, 4000);
	assert_true(k->rtcp_latch.settled);
	assert_int_equal(k->stats.received.packets, 3000);
	assert_int_equal(k->stats.received.clock_hz, 8000);
	assert_true(k->stats.received.window == UINT64_MAX);
	assert_true(k->stats.received.jitter_us > 1.4 && k->stats.received.jitter_us < 1.6);
	assert_int_equal(k->stats.sent_bytes, 516000);
}

static void test_setup_and_answer(void **state)
{
	static struct leg legs[1 + CALL_BRANCHES_MAX];
	struct replica_setup setup;
	struct replica_answer answer;
	(void)state;
	for (int i = 0; i < 1 + CALL_BRANCHES_MAX; i++)
		setup.legs[i] = &legs[i];
	take(REPLICA_SETUP, &setup);
	assert_int_equal(setup.leg_count, 2);
	assert_true(slice_starts(setup.head, SLICE("INVITE sip:")));
	check_leg(&legs[1], 0);
	take(REPLICA_ANSWER, &answer);
	assert_true(slice_eq(answer.headers, SLICE("Allow: INVITE\r\n")));
	assert_true(slice_starts(answer.body, SLICE("v=0\r\n")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_call),
		cmocka_unit_test(test_legs),
		cmocka_unit_test(test_figures),
		cmocka_unit_test(test_setup_and_answer),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
