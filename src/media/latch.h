/* The state of a latch (latch_priv.h) as plain data: whom one socket of an endpoint believes. */
#pragma once

#include "base/addr.h"

struct latch {
	struct addr expected;	/* the very address in the SDP; family 0: none */
	struct addr host;	/* the host in the SDP, port ignored */
	struct addr signalling; /* the host of the signalling, port ignored */
	struct addr source;	/* learned; family 0: not yet */
	struct addr previous;	/* learned under the SDP before this one */
	uint8_t previous_left;	/* so many more packets of it before it may be learned again */
	bool has_rtp;		/* RTP is what it waits for: continuity is tested by it */
	bool settled; /* the source was confirmed (by RTP, where there is any) since the last SDP */
	bool held;    /* the SDP says 0.0.0.0: nobody to send to */
	uint32_t ssrc; /* of the last RTP packet taken; good when settled and has_rtp */
	uint16_t seq;
};
