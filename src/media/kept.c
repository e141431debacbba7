/* Endpoints across a restart. */
#include "media/kept.h"

#include "base/err.h"
#include "media/relay_priv.h"

bool relay_endpoint_kept(const struct relay *relay, struct id endpoint, struct relay_kept *ret_kept)
{
	const struct endpoint *e = pool_get(relay->endpoints, endpoint);
	if (e == NULL)
		return false;
	*ret_kept = (struct relay_kept){
		.rtp = e->rtp_local,
		.rtcp = relay_rtcp_of(e->rtp_local),
		.kind = e->kind,
		.rtcp_mux = e->rtcp_mux,
		.has_peer = e->has_peer,
		.rtp_latch = e->rtp,
		.rtcp_latch = e->rtcp,
		.stats = e->stats,
	};
	const struct clocks *clocks = pool_get(relay->clocks, e->clocks);
	for (uint8_t i = 0; clocks && i < clocks->count; i++) {
		ret_kept->formats[i] =
			(struct relay_format){clocks->payload_types[i], clocks->hz[i]};
		ret_kept->format_count = i + 1;
	}
	return true;
}

/* The monotonic clock has begun anew when the machine has: what is later than now is of before. */
static void mend_times(struct relay_stats *stats, int64_t now_ms)
{
	struct rtp_stats *r = &stats->received;
	if (stats->last_received_ms > now_ms)
		stats->last_received_ms = 0;
	if (r->last_us <= now_ms * 1000 + 999)
		return;
	rtp_stats_break(r);
	r->first_us = r->last_us = now_ms * 1000;
}

static void fill(struct relay *relay, struct endpoint *e, const struct relay_kept *kept)
{
	e->kind = kept->kind;
	e->rtcp_mux = kept->rtcp_mux;
	e->has_peer = kept->has_peer;
	e->rtp = kept->rtp_latch;
	e->rtcp = kept->rtcp_latch;
	e->stats = kept->stats;
	relay_set_clocks(relay, e, kept->formats, kept->format_count);
}

int relay_endpoint_restore(struct relay *relay, struct id owner, const struct relay_kept *kept,
			   struct id *ret_endpoint)
{
	struct id id;
	bool pair = addr_is(&kept->rtp) && kept->rtp.port != 0 && kept->rtp.port % 2 == 0;
	struct endpoint *e = pair ? pool_take(relay->endpoints, &id) : NULL;
	if (e == NULL)
		return pair ? ERR_LIMIT : ERR_INVALID;
	*e = (struct endpoint){.self = id, .owner = owner};
	int err = ports_take_this(relay->ports, kept->rtp.port);
	bool ours =
		err == 0; /* else another shard's, and only the kernel knows whether it is free */
	if (err == 0 || err == ERR_NOT_FOUND)
		err = relay_open_pair(relay, e, kept->rtp);
	if (err) {
		if (ours)
			ports_untake_this(relay->ports, kept->rtp.port);
		pool_give(relay->endpoints, id);
		return err;
	}
	fill(relay, e, kept);
	mend_times(&e->stats, io_now_ms(relay->p.io));
	relay->ids[id_slot(id)] = id;
	*ret_endpoint = id;
	return 0;
}
