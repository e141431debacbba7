/* Attributes that must not reach the other phone, and directions. */
#include "sdp/sdp_priv.h"

void sdp_attribute_split(struct slice text, struct slice *ret_name, struct slice *ret_value)
{
	size_t colon = slice_find(text, ':');
	*ret_name = slice_trim(slice_first(text, colon));
	*ret_value = colon < text.n ? slice_trim(slice_from(text, colon + 1)) : SLICE_NONE;
}

/*
 * ICE (RFC 8839) would lead the phones past the relay. The others name addresses beside the one in
 * c=. source-filter: RFC 4570; altc: RFC 6947; alt, X-nat: old NAT helpers.
 */
static bool is_other_way(struct slice name)
{
#define NAME(text)                                                                                 \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}
	static const struct slice names[] = {
		NAME("candidate"),
		NAME("remote-candidates"),
		NAME("end-of-candidates"),
		NAME("alt"),
		NAME("altc"),
		NAME("X-nat"),
		NAME("source-filter"),
		NAME("rtcp"),
	};
#undef NAME
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (slice_ieq(name, names[i]))
			return true;
	return slice_istarts(name, SLICE("ice-")) || slice_ieq(name, SLICE("ice2"));
}

/* BUNDLE (RFC 9143) puts all streams on one port; the relay has one for each, so the phones are
 * kept apart. */
static bool is_bundle(struct slice name, struct slice value)
{
	return slice_ieq(name, SLICE("bundle-only")) ||
	       (slice_ieq(name, SLICE("group")) && slice_istarts(value, SLICE("BUNDLE")));
}

bool sdp_attribute_is_dropped(struct slice text)
{
	struct slice name, value;
	sdp_attribute_split(text, &name, &value);
	return is_other_way(name) || is_bundle(name, value);
}

enum sdp_direction sdp_direction_mirror(enum sdp_direction d)
{
	switch (d) {
	case SDP_SENDONLY:
		return SDP_RECVONLY;
	case SDP_RECVONLY:
		return SDP_SENDONLY;
	case SDP_SENDRECV:
	case SDP_INACTIVE:
		break;
	}
	return d;
}

const char *sdp_direction_name(enum sdp_direction d)
{
	switch (d) {
	case SDP_SENDONLY:
		return "sendonly";
	case SDP_RECVONLY:
		return "recvonly";
	case SDP_INACTIVE:
		return "inactive";
	case SDP_SENDRECV:
		break;
	}
	return "sendrecv";
}
