/* Payload types: the static table of RFC 3551 §6 and a=rtpmap (RFC 8866 §6.6). */
#include "sdp/sdp_priv.h"

struct static_format {
	uint8_t payload_type;
	uint32_t clock_hz;
	const char *name;
};

static const struct static_format static_formats[] = {
	{0, 8000, "PCMU"},   {3, 8000, "GSM"},	  {4, 8000, "G723"},   {5, 8000, "DVI4"},
	{6, 16000, "DVI4"},  {7, 8000, "LPC"},	  {8, 8000, "PCMA"},   {9, 8000, "G722"},
	{10, 44100, "L16"},  {11, 44100, "L16"},  {12, 8000, "QCELP"}, {13, 8000, "CN"},
	{14, 90000, "MPA"},  {15, 8000, "G728"},  {16, 11025, "DVI4"}, {17, 22050, "DVI4"},
	{18, 8000, "G729"},  {25, 90000, "CelB"}, {26, 90000, "JPEG"}, {28, 90000, "nv"},
	{31, 90000, "H261"}, {32, 90000, "MPV"},  {33, 90000, "MP2T"}, {34, 90000, "H263"},
};

static struct sdp_format format_of(uint8_t payload_type)
{
	for (size_t i = 0; i < sizeof static_formats / sizeof static_formats[0]; i++) {
		const struct static_format *f = &static_formats[i];
		if (f->payload_type == payload_type)
			return (struct sdp_format){payload_type, f->clock_hz, slice_str(f->name)};
	}
	return (struct sdp_format){.payload_type = payload_type};
}

void sdp_formats_parse(struct sdp_stream *stream)
{
	struct slice rest = stream->formats_text;
	while (stream->format_count < SDP_FORMATS_MAX) {
		struct slice word = sdp_word(&rest);
		uint64_t payload_type;
		if (word.n == 0)
			return;
		if (slice_u64(word, 127, &payload_type) == 0)
			stream->formats[stream->format_count++] = format_of((uint8_t)payload_type);
	}
}

void sdp_rtpmap_apply(struct sdp_stream *stream, struct slice value)
{
	uint64_t payload_type, clock_hz;
	struct slice number = sdp_word(&value);
	struct slice encoding = sdp_word(&value);
	struct slice name = slice_cut(&encoding, '/');
	struct slice clock = slice_cut(&encoding, '/');
	if (slice_u64(number, 127, &payload_type) != 0 || name.n == 0 ||
	    slice_u64(clock, UINT32_MAX, &clock_hz) != 0)
		return;
	for (uint32_t i = 0; i < stream->format_count; i++) {
		struct sdp_format *f = &stream->formats[i];
		if (f->payload_type == payload_type) {
			f->name = name;
			f->clock_hz = (uint32_t)clock_hz;
		}
	}
}

/* --- an answer's formats among those of its offer */

static bool is_codec(const struct sdp_format *f)
{
	return !slice_ieq(f->name, SLICE("telephone-event")) && !slice_ieq(f->name, SLICE("CN"));
}

/* The number says enough: phones name a codec as they like. Another number may have the same name.
 */
static bool same_codec(const struct sdp_format *a, const struct sdp_format *b)
{
	return a->payload_type == b->payload_type ||
	       (a->name.n && slice_ieq(a->name, b->name) && a->clock_hz == b->clock_hz);
}

static bool is_offered(const struct sdp_stream *offer, const struct sdp_format *f)
{
	for (uint32_t i = 0; i < offer->format_count; i++)
		if (is_codec(&offer->formats[i]) && same_codec(&offer->formats[i], f))
			return true;
	return false;
}

bool sdp_answer_fits(const struct sdp_stream *offer, const struct sdp_stream *answer)
{
	uint32_t codecs = 0;
	for (uint32_t i = 0; i < answer->format_count; i++) {
		if (!is_codec(&answer->formats[i]))
			continue;
		if (is_offered(offer, &answer->formats[i]))
			return true;
		codecs++;
	}
	return codecs == 0;
}
