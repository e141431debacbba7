/* Header names: from text to kind and back (RFC 3261 §7.3.1, §7.3.3). */
#include "sip/sip_priv.h"

static const struct slice names[] = {
#define X(name, text, compact, list) {text, sizeof(text) - 1},
	SIP_HEADER_TABLE(X)
#undef X
};

/* By compact letter; those without one get a place behind the ASCII ones, where nobody looks. */
static const uint8_t by_letter[128 + SIP_HDR_OTHER] = {
#define X(name, text, compact, list)                                                               \
	[compact ? compact : 128 + SIP_HDR_##name] = SIP_HDR_##name + 1,
	SIP_HEADER_TABLE(X)
#undef X
};

enum {
#define X(name, text, compact, list) LENGTH_##name = sizeof(text) - 1,
	SIP_HEADER_TABLE(X)
#undef X
};

/*
 * A perfect hash over length, first and last letter (lower case), so that a name costs one look and
 * one comparison. When a new header falls on a taken slot, the compiler says so (initialiser
 * overridden, an error): look for other factors. A header missing here is found by the unit test.
 */
#define SLOT(n, first, last)  (((n) + (first)*9 + (last)*14) & 255)
#define AT(name, first, last) [SLOT(LENGTH_##name, first, last)] = SIP_HDR_##name + 1

/* clang-format off */
static const uint8_t by_slot[256] = {
	AT(VIA, 'v', 'a'), AT(FROM, 'f', 'm'), AT(TO, 't', 'o'), AT(CALL_ID, 'c', 'd'), AT(CSEQ, 'c', 'q'),
	AT(CONTACT, 'c', 't'), AT(MAX_FORWARDS, 'm', 's'), AT(ROUTE, 'r', 'e'), AT(RECORD_ROUTE, 'r', 'e'),
	AT(PATH, 'p', 'h'), AT(SERVICE_ROUTE, 's', 'e'), AT(REQUIRE, 'r', 'e'), AT(PROXY_REQUIRE, 'p', 'e'),
	AT(SUPPORTED, 's', 'd'), AT(UNSUPPORTED, 'u', 'd'), AT(ALLOW, 'a', 'w'), AT(ALLOW_EVENTS, 'a', 's'),
	AT(ACCEPT, 'a', 't'), AT(ACCEPT_ENCODING, 'a', 'g'), AT(ACCEPT_LANGUAGE, 'a', 'e'), AT(EXPIRES, 'e', 's'),
	AT(MIN_EXPIRES, 'm', 's'), AT(AUTHORIZATION, 'a', 'n'), AT(PROXY_AUTHORIZATION, 'p', 'n'),
	AT(WWW_AUTHENTICATE, 'w', 'e'), AT(PROXY_AUTHENTICATE, 'p', 'e'), AT(AUTHENTICATION_INFO, 'a', 'o'),
	AT(CONTENT_TYPE, 'c', 'e'), AT(CONTENT_LENGTH, 'c', 'h'), AT(CONTENT_ENCODING, 'c', 'g'),
	AT(CONTENT_DISPOSITION, 'c', 'n'), AT(MIME_VERSION, 'm', 'n'), AT(USER_AGENT, 'u', 't'), AT(SERVER, 's', 'r'),
	AT(SUBJECT, 's', 't'), AT(DATE, 'd', 'e'), AT(TIMESTAMP, 't', 'p'), AT(REASON, 'r', 'n'),
	AT(WARNING, 'w', 'g'), AT(RETRY_AFTER, 'r', 'r'), AT(SESSION_EXPIRES, 's', 's'), AT(MIN_SE, 'm', 'e'),
	AT(RSEQ, 'r', 'q'), AT(RACK, 'r', 'k'), AT(EVENT, 'e', 't'), AT(SUBSCRIPTION_STATE, 's', 'e'),
	AT(REFER_TO, 'r', 'o'), AT(REFERRED_BY, 'r', 'y'), AT(REPLACES, 'r', 's'), AT(REFER_SUB, 'r', 'b'),
	AT(HISTORY_INFO, 'h', 'o'),
	AT(DIVERSION, 'd', 'n'), AT(P_ASSERTED_IDENTITY, 'p', 'y'), AT(P_PREFERRED_IDENTITY, 'p', 'y'),
	AT(P_CALLED_PARTY_ID, 'p', 'd'), AT(PRIVACY, 'p', 'y'), AT(INFO_PACKAGE, 'i', 'e'), AT(ALERT_INFO, 'a', 'o'),
	AT(FLOW_TIMER, 'f', 'r'),
};
/* clang-format on */

static enum sip_header_kind kind_of_letter(char c)
{
	unsigned letter = (unsigned char)c | 0x20u;
	uint8_t kind = letter < 128 ? by_letter[letter] : 0;

	return kind ? (enum sip_header_kind)(kind - 1) : SIP_HDR_OTHER;
}

enum sip_header_kind sip_header_kind_of(struct slice name)
{
	if (name.n <= 1)
		return name.n ? kind_of_letter(name.p[0]) : SIP_HDR_OTHER;
	unsigned first = (unsigned char)name.p[0] | 0x20u;
	unsigned last = (unsigned char)name.p[name.n - 1] | 0x20u;
	uint8_t kind = by_slot[SLOT((unsigned)name.n, first, last)];

	if (kind == 0)
		return SIP_HDR_OTHER;
	struct slice known = names[kind - 1];
	if (slice_eq(known, name) || slice_ieq(known, name))
		return (enum sip_header_kind)(kind - 1);
	return SIP_HDR_OTHER;
}

struct slice sip_header_name(enum sip_header_kind kind)
{
	return (unsigned)kind < SIP_HDR_OTHER ? names[kind] : SLICE("");
}
