/* Offers and answers of a plain phone: one stream, audio or fax. */
#include "ua_priv.h"

#include <stdio.h>
#include <stdlib.h>

static const char USUAL_FORMATS[] = "0 8 101";

static const struct {
	const char *format, *map;
} MAPS[] = {
	{"0", "PCMU/8000"},  {"8", "PCMA/8000"},     {"9", "G722/8000"},
	{"18", "G729/8000"}, {"96", "opus/48000/2"}, {"101", "telephone-event/8000"},
};

static void read_connection(struct slice value, struct addr *ret_addr)
{
	slice_cut(&value, ' '); /* IN */
	slice_cut(&value, ' '); /* IP4 */
	const uint16_t port = ret_addr->port;
	if (addr_parse_ip(slice_trim(value), ret_addr) == 0)
		ret_addr->port = port;
}

/* "audio 40000 RTP/AVP 0 8" */
static void read_stream(struct ua_call *c, struct slice value)
{
	const struct slice kind = slice_cut(&value, ' ');
	const struct slice port = slice_cut(&value, ' ');
	slice_cut(&value, ' ');
	if (c->remote_streams++ > 0)
		return;
	c->remote_t38 = slice_eq(kind, SLICE("image"));
	c->rtp.remote.port = (uint16_t)wire_number(port);
	ua_text(c->remote_formats, sizeof(c->remote_formats), slice_first(slice_trim(value), 60));
}

static bool is_direction(struct slice v)
{
	return slice_eq(v, SLICE("sendrecv")) || slice_eq(v, SLICE("sendonly")) ||
	       slice_eq(v, SLICE("recvonly")) || slice_eq(v, SLICE("inactive"));
}

/* What the far side says. False: there is no session description. */
bool ua_sdp_read(struct ua_call *c, struct slice body)
{
	if (!slice_starts(body, SLICE("v=0")))
		return false;
	c->rtp.remote = (struct addr){0};
	c->remote_streams = 0;
	snprintf(c->remote_direction, sizeof(c->remote_direction), "sendrecv");
	while (body.n) {
		struct slice line = slice_trim(slice_cut(&body, '\n'));
		const struct slice value = slice_from(line, 2);
		if (slice_starts(line, SLICE("c=")) && c->remote_streams <= 1)
			read_connection(value, &c->rtp.remote);
		else if (slice_starts(line, SLICE("m=")))
			read_stream(c, value);
		else if (slice_starts(line, SLICE("a=")) && c->remote_streams <= 1 &&
			 is_direction(value))
			ua_text(c->remote_direction, sizeof(c->remote_direction), value);
	}
	return true;
}

static const char *mirrored(const char *direction)
{
	if (strcmp(direction, "sendonly") == 0)
		return "recvonly";
	if (strcmp(direction, "recvonly") == 0)
		return "sendonly";
	return direction;
}

static bool among(const char *formats, struct slice one)
{
	struct slice rest = slice_str(formats);
	while (rest.n) {
		if (slice_eq(slice_cut(&rest, ' '), one))
			return true;
	}
	return false;
}

/* Of what we can do, what the offer has; all of ours when nothing fits (the far side will
 * complain). */
static void common_formats(const char *ours, const char *offered, char *dst, size_t cap)
{
	struct slice rest = slice_str(ours);
	struct strbuf b;
	strbuf_init(&b, dst, cap - 1);
	while (rest.n) {
		const struct slice one = slice_cut(&rest, ' ');
		if (!among(offered, one))
			continue;
		if (b.n)
			strbuf_char(&b, ' ');
		strbuf_add(&b, one);
	}
	dst[b.n] = 0;
	if (b.n == 0)
		snprintf(dst, cap, "%s", ours);
}

static void decide(struct ua_call *c, const struct ua_wish *wish, bool answer)
{
	const char *ours = wish->codecs ? wish->codecs : USUAL_FORMATS;
	const char *direction = wish->direction ? wish->direction
				: answer	? mirrored(c->remote_direction)
						: "sendrecv";
	char formats[64];
	if (answer)
		common_formats(ours, c->remote_formats, formats, sizeof(formats));
	else
		snprintf(formats, sizeof(formats), "%s", ours);
	c->t38 = answer ? c->remote_t38 : wish->t38;
	c->old_hold = wish->old_hold;
	snprintf(c->formats, sizeof(c->formats), "%s", formats);
	snprintf(c->direction, sizeof(c->direction), "%s", direction);
}

static void write_formats(struct strbuf *b, const char *formats)
{
	struct slice rest = slice_str(formats);
	while (rest.n) {
		const struct slice one = slice_cut(&rest, ' ');
		for (size_t i = 0; i < sizeof(MAPS) / sizeof(MAPS[0]); i++) {
			if (slice_eq(one, slice_str(MAPS[i].format)))
				strbuf_fmt(b, "a=rtpmap:%s %s\r\n", MAPS[i].format, MAPS[i].map);
		}
	}
}

static void write_stream(struct strbuf *b, const struct ua_call *c)
{
	if (c->t38) {
		strbuf_fmt(b,
			   "m=image %u udptl t38\r\na=T38FaxVersion:0\r\na=T38MaxBitRate:14400\r\n",
			   c->rtp.claimed.port);
		return;
	}
	strbuf_fmt(b, "m=audio %u RTP/AVP %s\r\n", c->rtp.claimed.port, c->formats);
	write_formats(b, c->formats);
	strbuf_fmt(b, "a=%s\r\n", c->direction);
}

/* Ours, as offer or as answer to what was read last. Returns buf; "" when the wish is to say
 * nothing. */
const char *ua_sdp_write(struct ua *ua, struct ua_call *c, const struct ua_wish *wish, bool answer,
			 char *buf, size_t cap)
{
	char host[ADDR_TEXT_BYTES];
	struct strbuf b;
	buf[0] = 0;
	if (wish->no_sdp)
		return buf;
	ua_media_open(ua, c);
	decide(c, wish, answer);
	if (wish->body) {
		snprintf(buf, cap, "%s", wish->body);
		return buf;
	}
	const int v = c->rtp.claimed.family == 6 ? 6 : 4;
	addr_ip_text(&c->rtp.claimed, host);
	strbuf_init(&b, buf, cap - 1);
	strbuf_fmt(&b, "v=0\r\no=%s %llu %llu IN IP%d %s\r\ns=-\r\nc=IN IP%d %s\r\nt=0 0\r\n",
		   ua->name, (unsigned long long)c->sdp_id, (unsigned long long)++c->sdp_version, v,
		   host, v, c->old_hold ? "0.0.0.0" : host);
	write_stream(&b, c);
	for (uint32_t i = 1; answer && i < c->remote_streams; i++)
		strbuf_str(&b, "m=video 0 RTP/AVP 31\r\n");
	buf[b.n] = 0;
	return buf;
}
