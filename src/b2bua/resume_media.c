/* After a restart: relay ports are opened again. While the server was away another program may have
 * had one of them; it is asked for again for a while. */
#include "b2bua/keep_priv.h"

#include <stdlib.h>

/* So often, once a second, are ports asked for that somebody else has. */
#define PORT_TRIES 30

static int try_later(struct shard *s, const struct leg *l, const struct replica_end *end)
{
	struct keep *k = s->keep;
	struct keep_missing *grown = keep_room(k->missing, k->missing_count, sizeof(k->missing[0]));
	if (grown == NULL)
		return ERR_NOMEM;
	k->missing = grown;
	k->missing[k->missing_count++] = (struct keep_missing){
		.call = l->call, .leg = l->id, .stream = end->stream, .kept = end->kept};
	return 0;
}

/* While we were away another program may have had the port for a moment. */
static int open_end(struct shard *s, struct leg *l, const struct replica_end *end)
{
	if (l == NULL || end->stream >= l->stream_count || id_is(l->streams[end->stream].endpoint))
		return ERR_DAMAGED;
	int err = relay_endpoint_restore(s->relay, l->id, &end->kept,
					 &l->streams[end->stream].endpoint);
	return err == ERR_IN_USE ? try_later(s, l, end) : err;
}

static void connect_ends(struct shard *s, const struct call *c)
{
	const struct leg *a = leg_of(s, c->leg_a), *b = branch_leg(s, c, c->winner);
	if (c->service)
		service_connect(s, c);
	for (uint8_t i = 0; a && b && i < a->stream_count && i < b->stream_count; i++)
		relay_connect(s->relay, a->streams[i].endpoint, b->streams[i].endpoint);
}

int keep_take_media(struct shard *s, struct call *c, const struct replica_ends *ends)
{
	struct leg *a = leg_of(s, c->leg_a), *b = branch_leg(s, c, c->winner);
	for (uint8_t i = 0; i < ends->count; i++) {
		int err = open_end(s, ends->v[i].leg == 0 ? a : b, &ends->v[i]);
		if (err)
			return err;
	}
	connect_ends(s, c);
	return 0;
}

/* True: it is settled one way or the other. */
static bool open_missing(struct shard *s, struct keep_missing *m)
{
	struct call *c = call_of(s, m->call);
	struct leg *l = leg_of(s, m->leg);
	bool wanted = c && l && c->state == CALL_ANSWERED && m->stream < l->stream_count &&
		      !id_is(l->streams[m->stream].endpoint);
	if (!wanted)
		return true;
	int err =
		relay_endpoint_restore(s->relay, l->id, &m->kept, &l->streams[m->stream].endpoint);
	if (err == 0) {
		connect_ends(s, c);
		call_watch_media(s, c);
		return true;
	}
	if (++m->tries < PORT_TRIES)
		return false;
	scratch_reset(s);
	call_happens(s, c, &(struct call_event){.kind = CALL_EV_END, .cause = CAUSE_NO_MEDIA_PORT},
		     NULL);
	return true;
}

void keep_open_missing(struct shard *s)
{
	struct keep *k = s->keep;
	uint32_t left = 0;
	for (uint32_t i = 0; i < k->missing_count; i++) {
		struct keep_missing m = k->missing[i];
		if (!open_missing(s, &m))
			k->missing[left++] = m;
	}
	k->missing_count = left;
}
