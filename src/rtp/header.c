/* RTP and RTCP headers (RFC 3550 §5.1, §6.4; telling them apart on one port: RFC 5761 §4). */
#include "rtp/rtp.h"

#include "base/err.h"

#define RTP_FIXED_BYTES 12

static uint8_t byte_at(struct slice s, size_t i)
{
	return (uint8_t)s.p[i];
}

static uint16_t u16_at(struct slice s, size_t i)
{
	return (uint16_t)(byte_at(s, i) << 8 | byte_at(s, i + 1));
}

static uint32_t u32_at(struct slice s, size_t i)
{
	return (uint32_t)u16_at(s, i) << 16 | u16_at(s, i + 2);
}

static bool is_version_2(struct slice s)
{
	return s.n > 0 && byte_at(s, 0) >> 6 == 2;
}

/* Bytes up to the payload: fixed part, CSRC list, extension. 0: they do not fit. */
static size_t header_bytes(struct slice packet)
{
	if (packet.n < RTP_FIXED_BYTES || !is_version_2(packet))
		return 0;
	size_t n = RTP_FIXED_BYTES + 4u * (byte_at(packet, 0) & 0x0f);
	if (byte_at(packet, 0) & 0x10) {
		if (packet.n < n + 4)
			return 0;
		n += 4 + 4u * u16_at(packet, n + 2);
	}
	return n <= packet.n ? n : 0;
}

int rtp_parse(struct slice packet, struct rtp_header *ret_header)
{
	size_t n = header_bytes(packet);
	if (n == 0)
		return ERR_SYNTAX;
	*ret_header = (struct rtp_header){
		.payload_type = byte_at(packet, 1) & 0x7f,
		.marker = byte_at(packet, 1) >> 7,
		.seq = u16_at(packet, 2),
		.timestamp = u32_at(packet, 4),
		.ssrc = u32_at(packet, 8),
		.payload_bytes = packet.n - n,
	};
	return 0;
}

bool rtp_is_rtcp(struct slice packet)
{
	return packet.n >= 2 && is_version_2(packet) && byte_at(packet, 1) >= 192 &&
	       byte_at(packet, 1) <= 223;
}
