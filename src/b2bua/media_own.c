/*
 * Session descriptions of our own: the answer to an offer where no other phone stands behind us
 * (announcements, services). One audio stream, in G.711 or, where the caller's own sound comes
 * back, in whatever it speaks; all other streams are refused.
 */
#include "b2bua/b2bua_priv.h"

static bool is_plain_audio(const struct sdp_stream *st)
{
	return st->port != 0 && st->kind == SDP_AUDIO &&
	       (st->proto == SDP_RTP_AVP || st->proto == SDP_RTP_AVPF) && st->format_count > 0;
}

static bool is_format(const struct sdp_format *f, struct slice name)
{
	return slice_ieq(f->name, name) && f->clock_hz == 8000;
}

/* The first of either law, as the offer prefers. */
static bool find_g711(const struct sdp_stream *st, struct media_own *ret_own)
{
	for (uint32_t i = 0; i < st->format_count; i++) {
		bool alaw = is_format(&st->formats[i], SLICE("PCMA"));
		if (!alaw && !is_format(&st->formats[i], SLICE("PCMU")))
			continue;
		ret_own->law = alaw ? PLAYER_ALAW : PLAYER_ULAW;
		ret_own->payload_type = st->formats[i].payload_type;
		return true;
	}
	return false;
}

int media_own_choose(const struct sdp *offer, bool any_codec, struct media_own *ret_own)
{
	int err = ERR_NOT_FOUND;
	for (uint32_t i = 0; i < offer->stream_count; i++) {
		const struct sdp_stream *st = &offer->streams[i];
		struct media_own own = {.stream = (uint8_t)i, .any_codec = any_codec};
		if (!is_plain_audio(st))
			continue;
		err = ERR_UNSUPPORTED;
		if (!find_g711(st, &own) && !any_codec)
			continue;
		own.heard = !st->on_hold_address &&
			    (st->direction == SDP_SENDRECV || st->direction == SDP_RECVONLY);
		*ret_own = own;
		return 0;
	}
	return err;
}

/* --- the answer, with addresses that media_repeat replaces */

static bool has_format(const struct media_own *own, const struct sdp_format *f)
{
	return own->any_codec || f->payload_type == own->payload_type ||
	       is_format(f, SLICE("telephone-event"));
}

static bool has_payload_type(const struct media_own *own, const struct sdp_stream *st,
			     struct slice number)
{
	uint64_t payload_type;
	if (slice_u64(number, 127, &payload_type) != 0)
		return false;
	for (uint32_t i = 0; i < st->format_count; i++) {
		if (st->formats[i].payload_type == payload_type)
			return has_format(own, &st->formats[i]);
	}
	return false;
}

/* What belongs to the formats taken, and whether RTCP comes on the same port. */
static bool is_answered(const struct media_own *own, const struct sdp_stream *st, struct slice line)
{
	static const char *const of_format[] = {"a=rtpmap:", "a=fmtp:"};
	for (size_t i = 0; i < 2; i++) {
		struct slice prefix = slice_str(of_format[i]);
		if (slice_starts(line, prefix)) {
			struct slice rest = slice_from(line, prefix.n);
			return has_payload_type(own, st, slice_cut(&rest, ' '));
		}
	}
	return slice_eq(line, SLICE("a=rtcp-mux"));
}

static void add_taken(struct strbuf *b, const struct media_own *own, const struct sdp_stream *st)
{
	struct slice rest = st->text;
	enum sdp_direction d = st->on_hold_address ? SDP_INACTIVE : st->direction;
	strbuf_fmt(b, "m=audio 9 %.*s", SLICE_ARG(st->proto_text));
	for (uint32_t i = 0; i < st->format_count; i++) {
		if (has_format(own, &st->formats[i]))
			strbuf_fmt(b, " %u", st->formats[i].payload_type);
	}
	strbuf_str(b, "\r\n");
	while (rest.n) {
		struct slice line = slice_trim(slice_cut(&rest, '\n'));
		if (!is_answered(own, st, line))
			continue;
		strbuf_add(b, line);
		strbuf_str(b, "\r\n");
	}
	if (!own->any_codec)
		strbuf_str(b, "a=ptime:20\r\n");
	/* Also while only we speak: a phone behind NAT must send for us to know where it is. */
	strbuf_fmt(b, "a=%s\r\n", sdp_direction_name(sdp_direction_mirror(d)));
}

static void add_streams(struct strbuf *b, const struct media_own *own, const struct sdp *offer)
{
	for (uint32_t i = 0; i < offer->stream_count; i++) {
		const struct sdp_stream *st = &offer->streams[i];
		if (i == own->stream)
			add_taken(b, own, st);
		else
			strbuf_fmt(b, "m=%.*s 0 %.*s %.*s\r\n", SLICE_ARG(st->media_text),
				   SLICE_ARG(st->proto_text), SLICE_ARG(st->formats_text));
	}
}

int media_own_answer(struct shard *s, struct leg *l, const struct sdp *offer,
		     const struct media_own *own, struct strbuf *b)
{
	char ip[ADDR_TEXT_BYTES];
	struct sdp answer;
	struct strbuf draft = scratch_buf(s, offer->text.n + 1024);
	int err = media_face(s, l, own->stream, offer);
	if (err)
		return err;
	const struct addr here = media_address(s, &l->streams[own->stream]);
	strbuf_fmt(&draft, "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP%d %s\r\nt=0 0\r\n",
		   here.family, addr_ip_text(&here, ip));
	add_streams(&draft, own, offer);
	if (draft.failed)
		return ERR_TOO_BIG;
	err = sdp_parse(strbuf_slice(&draft), &answer);
	return err ? err : media_repeat(s, l, &answer, b);
}
