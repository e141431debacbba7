#include "transport/flow.h"

#include "sip/value.h"

#include <stdio.h>

const char *flow_text(const struct flow *f, char buf[FLOW_TEXT_BYTES])
{
	char local[ADDR_TEXT_BYTES], remote[ADDR_TEXT_BYTES];
	snprintf(buf, FLOW_TEXT_BYTES, "%.*s:%s -> %s",
		 SLICE_ARG(sip_transport_param_name(f->transport)), addr_text(&f->local, local),
		 addr_text(&f->remote, remote));
	return buf;
}
