/* Session description to values (RFC 8866; offer/answer conventions of RFC 3264). */
#include "sdp/sdp_priv.h"

#include "base/err.h"

/* A c= line; session_c holds for the streams that have none of their own. */
struct connection {
	bool given;
	struct addr addr; /* family 0: a host name */
};

/* The state of one reading. `stream` is the section that lines go to; NULL: the session's own part.
 */
struct reading {
	struct sdp *sdp;
	struct sdp_stream *stream;
	bool has_version;
	enum sdp_direction session_direction;
	struct connection session_c, stream_c;
	bool rtcp_given;
	struct addr rtcp; /* of a=rtcp: port alone when family is 0 */
};

struct word_value {
	struct slice word;
	int value;
};
#define WORD(text)                                                                                 \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}

static const struct word_value kinds[] = {
	{WORD("audio"), SDP_AUDIO},
	{WORD("video"), SDP_VIDEO},
	{WORD("image"), SDP_IMAGE},
	{WORD("text"), SDP_TEXT},
	{WORD("application"), SDP_APPLICATION},
	{WORD("message"), SDP_MESSAGE},
	{{NULL, 0}, SDP_KIND_OTHER},
};

static const struct word_value protos[] = {
	{WORD("RTP/AVP"), SDP_RTP_AVP},
	{WORD("RTP/SAVP"), SDP_RTP_SAVP},
	{WORD("RTP/AVPF"), SDP_RTP_AVPF},
	{WORD("RTP/SAVPF"), SDP_RTP_SAVPF},
	{WORD("UDP/TLS/RTP/SAVP"), SDP_RTP_DTLS},
	{WORD("UDP/TLS/RTP/SAVPF"), SDP_RTP_DTLS},
	{WORD("udptl"), SDP_UDPTL},
	{{NULL, 0}, SDP_PROTO_OTHER},
};

static const struct word_value directions[] = {
	{WORD("sendrecv"), SDP_SENDRECV},
	{WORD("sendonly"), SDP_SENDONLY},
	{WORD("recvonly"), SDP_RECVONLY},
	{WORD("inactive"), SDP_INACTIVE},
	{{NULL, 0}, -1},
};

static int value_of(const struct word_value *table, struct slice word)
{
	while (table->word.p && !slice_ieq(word, table->word))
		table++;
	return table->value;
}

bool sdp_is_rtp(enum sdp_proto proto)
{
	return proto != SDP_UDPTL && proto != SDP_PROTO_OTHER;
}

/* "49170" or "49170/2"; the relay has one port pair a stream, so the count is read and let go. */
static int port_parse(struct slice text, uint16_t *ret_port)
{
	uint64_t port, count;
	bool has_count = slice_find(text, '/') < text.n;
	struct slice first = slice_cut(&text, '/');
	if (slice_u64(first, UINT16_MAX, &port) != 0 ||
	    (has_count && slice_u64(text, UINT16_MAX, &count) != 0))
		return ERR_SYNTAX;
	*ret_port = (uint16_t)port;
	return 0;
}

static struct addr with_port(struct addr a, uint32_t port)
{
	if (port == 0 || port > UINT16_MAX)
		return (struct addr){0};
	a.port = (uint16_t)port;
	return a;
}

static struct addr rtcp_of(const struct reading *r, const struct sdp_stream *stream)
{
	if (!sdp_is_rtp(stream->proto) || stream->port == 0)
		return (struct addr){0};
	if (stream->rtcp_mux)
		return stream->rtp;
	if (!r->rtcp_given)
		return with_port(stream->rtp, stream->port + 1u);
	return addr_is(&r->rtcp) ? r->rtcp : with_port(stream->rtp, r->rtcp.port);
}

/* What a section says is known only at its end: c= and a=rtcp-mux may come in any order. */
static void stream_finish(struct reading *r, const char *end)
{
	struct sdp_stream *stream = r->stream;
	if (!stream) {
		r->sdp->session_text = slice_of(r->sdp->text.p, (size_t)(end - r->sdp->text.p));
		return;
	}
	const struct connection *c = r->stream_c.given ? &r->stream_c : &r->session_c;
	stream->text.n = (size_t)(end - stream->text.p);
	stream->has_address = addr_is(&c->addr);
	if (stream->has_address) {
		stream->on_hold_address = addr_is_any(&c->addr);
		stream->rtp = c->addr;
		stream->rtp.port = stream->port;
	}
	stream->rtcp = rtcp_of(r, stream);
	if (stream->rtcp.port == 0 || !addr_is(&stream->rtcp))
		stream->rtcp = (struct addr){0};
}

/* formats is left uncleared behind format_count: most of the struct, and nobody looks there. */
static struct sdp_stream *stream_start(struct reading *r, const char *start)
{
	struct sdp_stream *stream = &r->sdp->streams[r->sdp->stream_count++];
	memset(stream, 0, offsetof(struct sdp_stream, formats));
	stream->format_count = 0;
	stream->ptime_ms = 0;
	stream->text = slice_of(start, 0);
	stream->direction = r->session_direction;
	r->stream = stream;
	r->stream_c = (struct connection){0};
	r->rtcp_given = false;
	r->rtcp = (struct addr){0};
	return stream;
}

/* m=<media> <port>[/<count>] <proto> <fmt> ...; a refused stream may come without formats. */
static int take_media(struct reading *r, const struct sdp_line *line)
{
	struct slice rest = line->value;
	stream_finish(r, line->start);
	if (r->sdp->stream_count == SDP_STREAMS_MAX)
		return ERR_LIMIT;
	struct sdp_stream *stream = stream_start(r, line->start);
	stream->media_text = sdp_word(&rest);
	struct slice port = sdp_word(&rest);
	stream->proto_text = sdp_word(&rest);
	stream->formats_text = slice_trim(rest);
	if (stream->proto_text.n == 0 || port_parse(port, &stream->port) != 0)
		return ERR_SYNTAX;
	stream->kind = (enum sdp_kind)value_of(kinds, stream->media_text);
	stream->proto = (enum sdp_proto)value_of(protos, stream->proto_text);
	if (sdp_is_rtp(stream->proto))
		sdp_formats_parse(stream);
	return 0;
}

/* Several c= lines in one section name a range of multicast groups; the first is as good as any. */
static void take_connection(struct reading *r, struct slice value)
{
	struct connection *c = r->stream ? &r->stream_c : &r->session_c;
	if (c->given)
		return;
	c->given = true;
	if (sdp_connection_parse(value, &c->addr) != 0)
		c->addr = (struct addr){0};
}

/* a=rtcp:<port> [IN IP4 <address>] (RFC 3605). A port that is none is passed over, like any unknown
 * attribute. */
static void take_rtcp(struct reading *r, struct slice value)
{
	uint64_t port;
	if (slice_u64(sdp_word(&value), UINT16_MAX, &port) != 0)
		return;
	r->rtcp_given = true;
	if (slice_trim(value).n == 0)
		r->rtcp = (struct addr){.port = (uint16_t)port};
	else if (sdp_connection_parse(value, &r->rtcp) == 0)
		r->rtcp.port = (uint16_t)port;
	else
		r->rtcp = (struct addr){0};
}

static void take_stream_attribute(struct reading *r, struct slice name, struct slice value)
{
	uint64_t ms;
	if (slice_ieq(name, SLICE("rtpmap")))
		sdp_rtpmap_apply(r->stream, value);
	else if (slice_ieq(name, SLICE("rtcp-mux")))
		r->stream->rtcp_mux = true;
	else if (slice_ieq(name, SLICE("rtcp")))
		take_rtcp(r, value);
	else if (slice_ieq(name, SLICE("ptime")) && slice_u64(value, UINT16_MAX, &ms) == 0)
		r->stream->ptime_ms = (uint32_t)ms;
}

static void take_attribute(struct reading *r, struct slice text)
{
	struct slice name, value;
	sdp_attribute_split(text, &name, &value);
	int direction = value_of(directions, name);
	if (direction >= 0) {
		*(r->stream ? &r->stream->direction : &r->session_direction) =
			(enum sdp_direction)direction;
	} else if (r->stream) {
		take_stream_attribute(r, name, value);
	}
}

/* One v= and one o= before the first stream: two descriptions in one text (as SAP has them) are
 * none of ours. */
static int take_origin(struct reading *r, struct slice value)
{
	if (r->stream || r->sdp->origin.p || value.n == 0)
		return ERR_SYNTAX;
	r->sdp->origin = value;
	return 0;
}

static int take_version(struct reading *r, struct slice value)
{
	if (r->has_version || !slice_eq(slice_trim(value), SLICE("0")))
		return ERR_SYNTAX;
	r->has_version = true;
	return 0;
}

static int take_line(struct reading *r, const struct sdp_line *line)
{
	if (!r->has_version && line->type != 'v')
		return ERR_SYNTAX;
	switch (line->type) {
	case 'v':
		return take_version(r, line->value);
	case 'o':
		return take_origin(r, line->value);
	case 'm':
		return r->sdp->origin.p ? take_media(r, line) : ERR_SYNTAX;
	case 'c':
		take_connection(r, line->value);
		return 0;
	case 'a':
		take_attribute(r, line->value);
		return 0;
	default:
		return 0;
	}
}

static int read_all(struct reading *r)
{
	struct slice rest = r->sdp->text;
	struct sdp_line line;
	int err;
	while ((err = sdp_line_next(&rest, &line)) > 0) {
		err = take_line(r, &line);
		if (err)
			return err;
	}
	if (err)
		return err;
	if (!r->sdp->origin.p)
		return ERR_SYNTAX;
	stream_finish(r, r->sdp->text.p + r->sdp->text.n);
	return 0;
}

/* Some devices count the NUL of their C string into the body's length. */
static struct slice without_end_nul(struct slice text)
{
	while (text.n > 0 && text.p[text.n - 1] == '\0')
		text.n--;
	return text;
}

int sdp_parse(struct slice text, struct sdp *ret_sdp)
{
	struct sdp sdp;
	struct reading r = {.sdp = &sdp};
	if (text.n > SDP_BYTES_MAX)
		return ERR_TOO_BIG;
	sdp.text = without_end_nul(text);
	sdp.origin = SLICE_NONE;
	sdp.stream_count = 0;
	int err = read_all(&r);
	if (err)
		return err;
	memcpy(ret_sdp->streams, sdp.streams, sdp.stream_count * sizeof sdp.streams[0]);
	ret_sdp->text = sdp.text;
	ret_sdp->origin = sdp.origin;
	ret_sdp->session_text = sdp.session_text;
	ret_sdp->stream_count = sdp.stream_count;
	return 0;
}
