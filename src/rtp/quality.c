/*
 * The E-model (ITU-T G.107) with its default values, reduced to what a relay can know: delay, loss
 * and how bursty it is, and the codec. R = 93.2 - Id - Ie,eff; MOS by G.107 Annex B. On the
 * narrow-band scale, whose best is 93.2, for wide-band codecs too: a customer compares calls, not
 * codecs.
 */
#include "rtp/rtp.h"

#include <math.h>

#define R_BEST	      93.2
#define BUFFER_MIN_MS 40.0

/* Equipment impairment and robustness against loss. */
struct codec {
	const char *name;
	double ie, bpl;
};

/*
 * G.113 Appendix I where it has the codec (G.711 with concealment, as any phone of today has;
 * without, Bpl would be 4.3). The others are not tabled on this scale; theirs are estimates from
 * the nearest relative.
 */
static const struct codec codecs[] = {
	{"PCMU", 0, 25.1},  {"PCMA", 0, 25.1},	 {"G729", 11, 19},    {"G723", 15, 16.1},
	{"GSM", 20, 10},    {"GSM-EFR", 5, 10},	 {"AMR", 5, 10},      {"G726-40", 2, 10},
	{"G726-32", 7, 10}, {"G726-24", 25, 10}, {"G726-16", 50, 10}, {"G728", 7, 17},
	{"iLBC", 11, 32},   {"speex", 11, 20},	 {"G722", 0, 14},     {"AMR-WB", 0, 13},
	{"opus", 0, 25.1},  {"EVS", 0, 16},	 {"L16", 0, 4.3},
};

static const struct codec *codec_of(struct slice name)
{
	for (size_t i = 0; i < sizeof codecs / sizeof codecs[0]; i++)
		if (slice_ieq(name, slice_str(codecs[i].name)))
			return &codecs[i];
	return &codecs[0];
}

/* G.107 §7.4, talker echo: TELR 65 dB, RLR 2 dB. ms: mean one-way delay of the echo path. */
static double talker_echo(double ms)
{
	double roe = -1.5 * (-61.18 - 2); /* -1.5 (No - RLR), No = -61.18 dBm0p */
	double terv = 65 - 40 * log10((1 + ms / 10) / (1 + ms / 150)) + 6 * exp(-0.3 * ms * ms);
	double re = 80 + 2.5 * (terv - 14);
	double half = (roe - re) / 2;
	return (half + sqrt(half * half + 100) - 1) * (1 - exp(-ms));
}

/* Listener echo: WEPL 110 dB, round trip of the four-wire loop. */
static double listener_echo(double round_trip_ms)
{
	double ro = 94.77;
	double rle = 10.5 * (110 + 7) * pow(round_trip_ms + 1, -0.25);
	double half = (ro - rle) / 2;
	return half + sqrt(half * half + 169);
}

/* Delay alone, beyond 100 ms, however well echo is cancelled. */
static double long_delay(double ms)
{
	if (ms <= 100)
		return 0;
	double x = log2(ms / 100);
	return 25 * (pow(1 + pow(x, 6), 1.0 / 6) - 3 * pow(1 + pow(x / 3, 6), 1.0 / 6) + 2);
}

/* 93.2 is what remains without delay, so the listener echo of no delay is in it already. */
static double delay_impairment(double ms)
{
	return talker_echo(ms) + listener_echo(2 * ms) - listener_echo(0) + long_delay(ms);
}

/* G.107 §7.5: mean length of the loss runs against that of random loss; 1: random. */
static double burst_ratio(const struct rtp_stats *s, double loss)
{
	if (s->loss_events == 0)
		return 1;
	double ratio = (double)s->lost / (double)s->loss_events * (1 - loss);
	return ratio > 1 ? ratio : 1;
}

static double effective_impairment(const struct codec *codec, double loss_percent, double burst)
{
	return codec->ie + (95 - codec->ie) * loss_percent / (loss_percent / burst + codec->bpl);
}

/* G.107 Annex B; the cubic falls below 1 for small R. */
static double mos_of(double r)
{
	if (r <= 0)
		return 1;
	double mos = 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6;
	return mos > 1 ? mos : 1;
}

void rtp_quality_of(const struct rtp_stats *s, struct slice codec_name, double one_way_delay_ms,
		    struct rtp_quality *ret_quality)
{
	struct rtp_quality q = {.jitter_ms = s->jitter_us / 1000};
	if (s->packets > 0 && s->expected > 0) {
		double loss = (double)s->lost / (double)s->expected;
		double delay_ms = fmax(one_way_delay_ms, 0) + fmax(2 * q.jitter_ms, BUFFER_MIN_MS);
		q.loss_percent = 100 * loss;
		q.r_factor = R_BEST - delay_impairment(delay_ms) -
			     effective_impairment(codec_of(codec_name), q.loss_percent,
						  burst_ratio(s, loss));
		q.r_factor = fmax(q.r_factor, 0);
		q.mos = mos_of(q.r_factor);
	}
	*ret_quality = q;
}
