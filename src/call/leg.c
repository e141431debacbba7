#include "call/leg.h"

bool leg_on_hold(const struct leg *l)
{
	bool any = false;
	for (uint8_t i = 0; i < l->stream_count; i++) {
		if (!l->streams[i].active)
			continue;
		if (l->streams[i].direction == SDP_SENDRECV)
			return false;
		any = true;
	}
	return any;
}
