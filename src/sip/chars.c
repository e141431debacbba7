/* Which characters may stand where (RFC 3261 §25.1). */
#include "sip/sip_priv.h"

#define T SIP_CHAR_TOKEN
#define H SIP_CHAR_HOST
#define U SIP_CHAR_URI
#define S SIP_CHAR_USER
#define R SIP_CHAR_RESERVED
#define P SIP_CHAR_PARAM
#define X SIP_CHAR_IP6

const uint8_t sip_chars[256] = {
	['0' ... '9'] = T | H | U | S | P | X,
	['A' ... 'F'] = T | H | U | S | P | X,
	['G' ... 'Z'] = T | H | U | S | P,
	['a' ... 'f'] = T | H | U | S | P | X,
	['g' ... 'z'] = T | H | U | S | P,
	['-'] = T | H | U | S | P,
	['.'] = T | H | U | S | P | X,
	['_'] = T | H | U | S | P,
	['!'] = T | U | S | P,
	['*'] = T | U | S | P,
	['\''] = T | U | S | P,
	['~'] = T | U | S | P,
	['%'] = T | U | P,
	['`'] = T | U | P,
	['+'] = T | U | S | R | P,
	['('] = U | S | P,
	[')'] = U | S | P,
	['&'] = U | S | R | P,
	['='] = U | S | R | P,
	['$'] = U | S | R | P,
	['?'] = U | S | R | P,
	['/'] = U | S | R | P,
	[','] = U | S | R,
	[';'] = U | S | R,
	[':'] = U | R | P | X,
	['@'] = U | R | P,
	/* Not of the grammar, but dialled ("*21#") or seen in the field. */
	['#'] = U | P,
	['['] = U | P,
	[']'] = U | P,
	['\\'] = U | P,
	['^'] = U | P,
	['{'] = U | P,
	['|'] = U | P,
	['}'] = U | P,
	[0x80 ... 0xff] = U | P,
};

bool sip_is_token(struct slice s)
{
	return s.n > 0 && sip_span(s, SIP_CHAR_TOKEN) == s.n;
}
