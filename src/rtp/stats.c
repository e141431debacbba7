/* Reception statistics (RFC 3550 appendix A.1: sequence numbers, A.8: jitter). */
#include "rtp/rtp.h"

#define WINDOW	     64
#define DROPOUT_MAX  3000 /* A.1: further ahead is no loss but a jump */
#define MISORDER_MAX 100  /* A.1: further behind is no delay but a jump */
#define CLOCK_HZ     8000
#define DISCONTINUE_US                                                                             \
	2000000 /* transit that changes by more: the sender's clock jumped, not the network */
#define REPEAT_US 10000000

enum seq_note {
	SEQ_AHEAD, /* the next one, or one after a loss */
	SEQ_LATE,  /* fills a hole */
	SEQ_DUPLICATE,
	SEQ_TOO_LATE, /* behind the window: whether it is a duplicate nobody knows */
	SEQ_JUMP,     /* far away; may be one stray packet */
	SEQ_RESTART,  /* the second in a row there: the sender has started anew */
};

static bool is_seen(const struct rtp_stats *s, uint32_t behind)
{
	return s->window >> behind & 1;
}

/* How many sequence numbers this run has before its top. */
static uint32_t span(const struct rtp_stats *s)
{
	return s->cycles + s->seq_top - s->base_seq_ext;
}

/* Losses come in runs: of n in a row, one is the event and n - 1 follow it. */
static void settle_losses(struct rtp_stats *s)
{
	if (s->loss_events > s->lost)
		s->loss_events = s->lost;
	if (s->lost > 0 && s->loss_events == 0)
		s->loss_events = 1;
	s->bursts = s->lost - s->loss_events;
}

static void note_losses(struct rtp_stats *s, uint32_t in_a_row)
{
	s->lost += in_a_row;
	s->loss_events += in_a_row > 0;
	settle_losses(s);
}

static void advance(struct rtp_stats *s, uint16_t seq, uint16_t ahead)
{
	if (seq < s->seq_top)
		s->cycles += 1u << 16;
	s->seq_top = seq;
	s->window = ahead < WINDOW ? s->window << ahead : 0;
	s->window |= 1;
	s->expected += ahead;
	note_losses(s, ahead - 1u);
}

/* Not seen, but due: a loss so far. What has left the window, or lies before the run, does not
 * count as one. */
static bool is_missing(const struct rtp_stats *s, uint32_t behind)
{
	return behind < WINDOW && behind <= span(s) && !is_seen(s, behind);
}

/* A late packet takes one loss back, and may split a run of losses in two, or end it. */
static void fill(struct rtp_stats *s, uint32_t behind)
{
	bool older = is_missing(s, behind + 1), newer = is_missing(s, behind - 1);
	s->lost -= s->lost > 0;
	if (older && newer)
		s->loss_events++;
	else if (!older && !newer && s->loss_events > 0)
		s->loss_events--;
	settle_losses(s);
}

/* Sent before the one that happened to arrive first: the run begins earlier than thought. */
static void extend_back(struct rtp_stats *s, uint32_t behind)
{
	uint32_t before = behind - span(s);
	s->base_seq_ext -= before;
	s->expected += before;
	note_losses(s, before - 1);
}

static enum seq_note note_behind(struct rtp_stats *s, uint32_t behind)
{
	if (is_seen(s, behind)) {
		s->duplicates++;
		return SEQ_DUPLICATE;
	}
	if (behind <= span(s))
		fill(s, behind);
	else
		extend_back(s, behind);
	s->window |= (uint64_t)1 << behind;
	s->reordered++;
	return SEQ_LATE;
}

static enum seq_note note_jump(struct rtp_stats *s, uint16_t seq)
{
	if (s->jump_seq == seq + 1u)
		return SEQ_RESTART;
	s->jump_seq = (uint16_t)(seq + 1) + 1u;
	return SEQ_JUMP;
}

static enum seq_note note_seq(struct rtp_stats *s, uint16_t seq)
{
	uint16_t ahead = (uint16_t)(seq - s->seq_top), behind = (uint16_t)(s->seq_top - seq);
	if (behind < WINDOW)
		return note_behind(s, behind);
	if (ahead < DROPOUT_MAX) {
		advance(s, seq, ahead);
		return SEQ_AHEAD;
	}
	if (behind <= MISORDER_MAX) {
		s->reordered++;
		return SEQ_TOO_LATE;
	}
	return note_jump(s, seq);
}

static void clock_start(struct rtp_stats *s, uint32_t timestamp, int64_t arrival_us)
{
	s->timestamp_last = timestamp;
	s->timestamp_ext = 0;
	s->transit_us = arrival_us;
}

/* Cycles start at one, so that extend_back cannot go below zero. */
static void run_start(struct rtp_stats *s, const struct rtp_header *h, int64_t arrival_us)
{
	s->ssrc = h->ssrc;
	s->seq_top = h->seq;
	s->cycles = 1u << 16;
	s->base_seq_ext = s->cycles + h->seq;
	s->window = 1;
	s->jump_seq = 0;
	s->expected++;
	s->started = true;
	clock_start(s, h->timestamp, arrival_us);
}

/* A.8: J += (|D| - J) / 16. */
static void add_jitter(struct rtp_stats *s, int64_t difference_us)
{
	double d = (double)(difference_us < 0 ? -difference_us : difference_us);
	s->jitter_us += (d - s->jitter_us) / 16;
	if (s->jitter_us > s->jitter_max_us)
		s->jitter_max_us = s->jitter_us;
}

/*
 * Packets that repeat a timestamp are left out: the later packets of a video frame, and RFC 4733
 * events, which keep the timestamp of their start and fall behind the audio around them. Taken in,
 * every key press would count as jitter.
 */
static void note_timestamp(struct rtp_stats *s, uint32_t timestamp, int64_t arrival_us, bool late)
{
	int32_t step = (int32_t)(timestamp - s->timestamp_last);
	int64_t step_us = step * INT64_C(1000000) / s->clock_hz;
	if (!late && step <= 0 && step_us > -REPEAT_US)
		return;
	int64_t ext = s->timestamp_ext + step;
	int64_t transit_us = arrival_us - ext * 1000000 / s->clock_hz;
	int64_t difference_us = transit_us - s->transit_us;
	if (difference_us > DISCONTINUE_US || difference_us < -DISCONTINUE_US) {
		clock_start(s, timestamp, arrival_us);
		return;
	}
	s->timestamp_last = timestamp;
	s->timestamp_ext = ext;
	s->transit_us = transit_us;
	add_jitter(s, difference_us);
}

static void note_gap(struct rtp_stats *s, int64_t arrival_us)
{
	int64_t gap_us = arrival_us - s->last_us;
	if (gap_us > s->longest_gap_us)
		s->longest_gap_us = gap_us;
}

static void note_packet(struct rtp_stats *s, const struct rtp_header *h, int64_t arrival_us,
			bool same_clock)
{
	enum seq_note note = note_seq(s, h->seq);
	note_gap(s, arrival_us);
	if (note == SEQ_RESTART) {
		run_start(s, h, arrival_us);
		extend_back(s, 1); /* the packet that announced it */
		s->window |= 2;
	} else if (!same_clock) {
		clock_start(s, h->timestamp, arrival_us);
	} else if (note == SEQ_AHEAD || note == SEQ_LATE) {
		note_timestamp(s, h->timestamp, arrival_us, note == SEQ_LATE);
	}
}

void rtp_stats_add(struct rtp_stats *s, const struct rtp_header *h, size_t packet_bytes,
		   int64_t arrival_us, uint32_t clock_hz)
{
	bool same_clock = s->clock_hz == (clock_hz ? clock_hz : CLOCK_HZ);
	if (s->packets == 0)
		s->first_us = arrival_us;
	if (s->packets > 0 && h->ssrc != s->ssrc) {
		s->ssrc_changes++;
		rtp_stats_break(s);
	}
	s->packets++;
	s->bytes += packet_bytes;
	s->payload_type = h->payload_type;
	s->clock_hz = clock_hz ? clock_hz : CLOCK_HZ;
	if (s->started)
		note_packet(s, h, arrival_us, same_clock);
	else
		run_start(s, h, arrival_us);
	s->last_us = arrival_us;
}

void rtp_stats_break(struct rtp_stats *s)
{
	s->started = false;
}
