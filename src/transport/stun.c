/* STUN binding requests as keepalives (RFC 5626 §4.4.2, RFC 5389): answered with XOR-MAPPED-ADDRESS
 * and FINGERPRINT. */
#include "transport/transport_priv.h"

#define HEADER_BYTES	   20
#define COOKIE		   0x2112a442u
#define BINDING_REQUEST	   0x0001
#define BINDING_SUCCESS	   0x0101
#define XOR_MAPPED_ADDRESS 0x0020
#define FINGERPRINT	   0x8028
#define FINGERPRINT_XOR	   0x5354554eu

static uint32_t get(const uint8_t *p, int bytes)
{
	uint32_t v = 0;
	for (int i = 0; i < bytes; i++)
		v = v << 8 | p[i];
	return v;
}

static void put(uint8_t *p, int bytes, uint32_t v)
{
	for (int i = bytes - 1; i >= 0; i--, v >>= 8)
		p[i] = (uint8_t)v;
}

/* CRC-32 of ISO/IEC 13239, as RFC 5389 §15.5 asks. */
static uint32_t crc32(const uint8_t *p, size_t n)
{
	uint32_t crc = 0xffffffffu;
	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (0xedb88320u & (0u - (crc & 1u)));
	}
	return ~crc;
}

bool stun_is_message(struct slice d)
{
	const uint8_t *p = (const uint8_t *)d.p;
	return d.n >= HEADER_BYTES && p[0] < 4 && get(p + 4, 4) == COOKIE &&
	       get(p + 2, 2) + HEADER_BYTES == d.n;
}

static size_t put_mapped(uint8_t *at, const uint8_t *request, const struct addr *source)
{
	int ip_bytes = source->family == 4 ? 4 : 16;
	put(at, 2, XOR_MAPPED_ADDRESS);
	put(at + 2, 2, (uint32_t)(4 + ip_bytes));
	put(at + 4, 2, source->family == 4 ? 1 : 2);
	put(at + 6, 2, source->port ^ (COOKIE >> 16));
	for (int i = 0; i < ip_bytes; i++)
		at[8 + i] = source->ip[i] ^ request[4 + i]; /* cookie, then transaction id */
	return (size_t)(8 + ip_bytes);
}

struct slice stun_answer(struct slice request, const struct addr *source,
			 char memory[STUN_ANSWER_BYTES])
{
	const uint8_t *in = (const uint8_t *)request.p;
	uint8_t *out = (uint8_t *)memory;
	if (!stun_is_message(request) || get(in, 2) != BINDING_REQUEST)
		return SLICE_NONE;
	memcpy(out, in, HEADER_BYTES);
	put(out, 2, BINDING_SUCCESS);
	size_t n = HEADER_BYTES + put_mapped(out + HEADER_BYTES, in, source);
	put(out + 2, 2, (uint32_t)(n - HEADER_BYTES + 8)); /* the fingerprint counts */
	uint32_t crc = crc32(out, n) ^ FINGERPRINT_XOR;
	put(out + n, 2, FINGERPRINT);
	put(out + n + 2, 2, 4);
	put(out + n + 4, 4, crc);
	return slice_of(memory, n + 8);
}
