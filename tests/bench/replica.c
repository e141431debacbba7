/* What keeping a call costs: bytes, cells and CPU time of each record, and of a whole call with one
 * audio stream. usage: bench_replica FILE [ROUNDS]; FILE is made and removed. */
#include "replica/file.h"
#include "replica/tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CALLS 1000

static struct call call;
static struct leg legs[2];
static struct replica_ends ends;
static char bytes[REPLICA_RECORD_BYTES];
static const char head[] = "INVITE sip:opengate.invalid SIP/2.0\r\n"
			   "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK-27187-1-0;rport\r\n"
			   "From: <sip:10000012@kmus.sip.example.jp>;tag=27187SIPpTag001\r\n"
			   "To: <sip:05010000015@kmus.sip.example.jp>\r\n"
			   "Call-ID: 1-27187@192.0.2.1\r\nCSeq: 2 INVITE\r\n"
			   "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n";
static const char sdp[] = "v=0\r\no=opengate 1234567890 1 IN IP4 192.0.2.9\r\ns=-\r\n"
			  "c=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 20000 RTP/AVP 0 8 101\r\n"
			  "a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
			  "a=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n";

static struct addr address(const char *text)
{
	struct addr a;
	if (addr_parse(slice_str(text), 0, &a) != 0)
		abort();
	return a;
}

static void text(struct dialog *d, enum dialog_text which, const char *value)
{
	if (dialog_set_text(d, which, slice_str(value)) != 0)
		abort();
}

static void fill_leg(struct leg *l, uint32_t n)
{
	static char texts[2][DIALOG_TEXT_BYTES];
	struct dialog *d = &l->dialog;
	dialog_init_in(d, texts[n], DIALOG_TEXT_BYTES);
	l->id = id_make(0, n, 1);
	l->branch = n == 0 ? LEG_IS_CALLER : 0;
	l->state = LEG_ANSWERED;
	l->invite_cseq = 1;
	strcpy(l->invite_branch, "z9hG4bKaaaaaaaaaaaaaaaaaaaaa");
	l->flow.remote = address("192.0.2.1:5060");
	l->flow.local = address("192.0.2.9:5060");
	d->state = DIALOG_CONFIRMED;
	d->local_cseq = 1;
	text(d, DIALOG_CALL_ID, "1-27187@192.0.2.1");
	text(d, DIALOG_LOCAL_TAG, "aaaaaaaaaaaaaaaaaaaaa");
	text(d, DIALOG_REMOTE_TAG, "27187SIPpTag001");
	text(d, DIALOG_LOCAL_URI, "\"05010000014\" <sip:05010000014@kmus.sip.example.jp>");
	text(d, DIALOG_REMOTE_URI, "<sip:05010000015@kmus.sip.example.jp>");
	text(d, DIALOG_REMOTE_TARGET, "sip:10000012@192.0.2.1:5060");
	l->sdp_session = 1234567890123456789u;
	l->sdp_hash = 987654321987654321u;
	l->sdp_version = 1;
	l->stream_count = 1;
	l->streams[0].active = true;
	strcpy(l->user_agent, "Some Phone 1.2.3");
}

static void fill_latch(struct latch *l)
{
	l->expected = l->host = l->signalling = l->source = address("192.0.2.1:30000");
	l->has_rtp = l->settled = true;
	l->ssrc = 0x12345678;
	l->seq = 4000;
}

static void fill_end(struct replica_end *e, uint8_t leg)
{
	e->leg = leg;
	e->kept.rtp = address("192.0.2.9:20000");
	e->kept.rtcp = e->kept.rtp;
	e->kept.rtcp.port++;
	e->kept.has_peer = true;
	fill_latch(&e->kept.rtp_latch);
	fill_latch(&e->kept.rtcp_latch);
}

static void fill_figures(struct relay_stats *s)
{
	s->received = (struct rtp_stats){
		.packets = 3000,
		.bytes = 516000,
		.expected = 3000,
		.ssrc = 0x12345678,
		.seq_top = 4000,
		.window = UINT64_MAX,
		.first_us = 1234567890,
		.last_us = 2234567890,
		.longest_gap_us = 30000,
		.transit_us = 123456789,
		.timestamp_ext = 480000,
		.jitter_us = 1.5,
		.jitter_max_us = 3,
		.clock_hz = 8000,
		.timestamp_last = 480000,
		.started = true,
	};
	s->sent_packets = 3000;
	s->sent_bytes = 516000;
	s->last_received_ms = 2234567;
}

static void fill_call(void)
{
	call = (struct call){
		.uid = 1,
		.state = CALL_ANSWERED,
		.branch_count = 1,
		.sip_code = 200,
		.channel_held = true,
		.started_at = 1790000000000,
		.ringing_at = 1790000001000,
		.answered_at = 1790000002000,
		.max_forwards = 69,
	};
	strcpy(call.from, "05010000014");
	strcpy(call.to, "05010000015");
	strcpy(call.dialled, "05010000015");
	strcpy(call.customer, "C9000013");
	strcpy(call.codec, "PCMU");
}

static double now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Saves the record of each of a thousand calls, again and again. */
static double measure_us(struct replica_file *f, enum replica_kind kind, const void *from,
			 unsigned long rounds)
{
	static uint32_t places[REPLICA_KINDS][CALLS];
	size_t n = 0;
	double start = now_us();
	for (unsigned long i = 0; i < rounds; i++) {
		if (replica_encode(replica_tables[kind], from, bytes, sizeof(bytes), &n) != 0 ||
		    replica_file_put(f, i % CALLS, kind, slice_of(bytes, n),
				     &places[kind][i % CALLS]) != 0)
			abort();
	}
	double us = (now_us() - start) / (double)rounds;
	printf("%-8s %5zu bytes, %.2f us\n", replica_tables[kind]->name, n, us);
	return us;
}

int main(int argc, char **argv)
{
	unsigned long rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 200000;
	char beside[512];
	struct replica_file *f;
	if (argc < 2 || rounds == 0) {
		fprintf(stderr, "usage: bench_replica FILE [ROUNDS]\n");
		return 1;
	}
	const struct replica_file_params p = {.path = argv[1], .cells_max = 20 * CALLS};
	if (replica_file_new(&p, &f) != 0)
		return 1;
	fill_leg(&legs[0], 0);
	fill_leg(&legs[1], 1);
	ends.count = 2;
	fill_end(&ends.v[0], 0);
	fill_end(&ends.v[1], 1);
	fill_call();
	struct replica_setup setup = {.head = slice_of(head, sizeof(head) - 1),
				      .leg_count = 2,
				      .legs = {&legs[0], &legs[1]}};
	struct replica_answer answer = {.body = slice_of(sdp, sizeof(sdp) - 1)};
	struct replica_legs both = {
		.leg_count = 2, .legs = {&legs[0], &legs[1]}, .ends_count = 1, .ends = {&ends}};
	double sum = 4 * measure_us(f, REPLICA_CALL, &call, rounds); /* rings, answered, ended */
	sum += measure_us(f, REPLICA_SETUP, &setup, rounds);
	sum += measure_us(f, REPLICA_ANSWER, &answer, rounds);
	sum += measure_us(f, REPLICA_LEGS, &both, rounds);
	sum += measure_us(f, REPLICA_FIGURES, &ends, rounds);
	printf("a call, from setting up to its end: %.2f us\n", sum);
	fill_figures(&ends.v[0].kept.stats);
	fill_figures(&ends.v[1].kept.stats);
	printf("once a second while it is answered:\n");
	measure_us(f, REPLICA_FIGURES, &ends, rounds);
	replica_file_close(f);
	snprintf(beside, sizeof(beside), "%s.new", argv[1]);
	return unlink(beside);
}
