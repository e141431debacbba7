/* What is going on now: registrations, calls, the server itself. */
#include "api/api_priv.h"
#include "base/clock.h"
#include "base/err.h"
#include "provision/draft.h"
#include "sip/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *reach_name(uint8_t reach)
{
	return reach == REG_REACHABLE ? "yes" : reach == REG_UNREACHABLE ? "no" : "unknown";
}

static void add_registration(void *ctx, const char *number, const char *account,
			     const struct reg_binding *b)
{
	char remote[ADDR_TEXT_BYTES];
	json_t *o = json_pack("{s:s,s:s,s:o,s:s,s:o,s:o,s:o,s:o,s:b,s:o,s:s}", "number", number,
			      "account", account, "contact", json_slice(b->contact), "source",
			      addr_text(&b->flow.remote, remote), "transport",
			      json_slice(sip_transport_param_name(b->flow.transport)), "user_agent",
			      json_slice(b->user_agent), "registered_at",
			      json_time(b->registered_at), "expires_at", json_time(b->expires_at),
			      "nat", b->nat, "last_keepalive_at", json_time(b->last_keepalive_at),
			      "reach", reach_name(b->reach));
	json_object_set_new(o, "reachable",
			    b->reach == REG_UNKNOWN ? json_null()
						    : json_boolean(b->reach == REG_REACHABLE));
	if (b->last_keepalive_at)
		json_object_set_new(o, "keepalive",
				    json_string(transport_keepalive_name(
					    (enum transport_keepalive)b->keepalive_kind)));
	json_object_set_new(o, "keepalive_interval_ms", json_integer(b->keepalive_interval_ms));
	(void)list_add(ctx, o);
}

void registrations_list(struct request *r)
{
	char number[STORE_NUMBER_BYTES] = "";
	const char *given = query(r, "number");
	const struct fault *fault = given ? draft_number(given, number) : NULL;
	struct directory_number n;
	struct list list;
	if (fault) {
		refuse_fault(r, fault);
		return;
	}
	if (given && directory_by_number(r->api->p.directory, slice_str(number), &n) != 0) {
		refuse_missing(r, "number", number, "see 'opengatectl number list'");
		return;
	}
	list_begin(&list, r, "registrations");
	directory_registrations(r->api->p.directory, slice_str(number), clock_wall_ms(),
				add_registration, &list);
	list_end(&list);
}

static json_t *leg_json(const struct shard_leg_view *l)
{
	return json_pack("{s:o,s:o,s:o,s:o,s:s}", "call_id", json_slice(slice_str(l->call_id)),
			 "remote", json_slice(slice_str(l->remote)), "contact",
			 json_slice(slice_str(l->contact)), "user_agent",
			 json_slice(slice_str(l->user_agent)), "state", l->state);
}

static json_t *media_json(const struct shard_media_view *m)
{
	char source[ADDR_TEXT_BYTES];
	json_t *from =
		addr_is(&m->source) ? json_string(addr_text(&m->source, source)) : json_null();
	return json_pack("{s:I,s:I,s:I,s:f,s:f,s:o,s:I}", "packets", (json_int_t)m->packets, "lost",
			 (json_int_t)m->lost, "refused", (json_int_t)m->refused, "jitter_ms",
			 m->jitter_ms, "mos", m->mos, "source", from, "last_packet_ms_ago",
			 (json_int_t)m->last_packet_ms_ago);
}

static json_t *call_json(const struct shard_call_view *v)
{
	return json_pack(
		"{s:o,s:o,s:o,s:o,s:s,s:s,s:o,s:o,s:o,s:b,s:b,s:i,s:o,s:o,s:{s:o,s:i,s:o,s:o}}",
		"id", json_uid(v->uid), "from", json_slice(slice_str(v->from)), "to",
		json_slice(slice_str(v->to)), "forwarded_to",
		json_slice_or_null(slice_str(v->forwarded_to)), "state", v->state, "direction",
		v->direction, "trunk", v->trunk[0] ? json_string(v->trunk) : json_null(),
		"started_at", json_time(v->started_at), "answered_at", json_time(v->answered_at),
		"held", v->held, "channel", v->channel, "ringing", (int)v->ringing_legs, "leg_a",
		leg_json(&v->leg_a), "leg_b", leg_json(&v->leg_b), "media", "codec",
		json_slice(slice_str(v->codec)), "streams", (int)v->stream_count, "a_to_b",
		media_json(&v->a_to_b), "b_to_a", media_json(&v->b_to_a));
}

/* Views are taken on the shards' threads, which have better to do than to write JSON. */
struct views {
	struct shard_call_view *all;
	size_t count, cap;
	bool failed;
};

static void keep_view(void *ctx, const struct shard_call_view *v)
{
	struct views *views = ctx;
	if (views->count == views->cap) {
		size_t cap = views->cap ? views->cap * 2 : 64;
		struct shard_call_view *grown = realloc(views->all, cap * sizeof(*grown));
		views->failed |= grown == NULL;
		if (grown == NULL)
			return;
		views->all = grown;
		views->cap = cap;
	}
	views->all[views->count++] = *v;
}

void calls_list(struct request *r)
{
	struct views views = {0};
	struct list list;
	int err = shard_set_calls(r->api->p.set, 0, keep_view, &views);
	if (err || views.failed) {
		refuse_busy(r);
	} else {
		list_begin(&list, r, "calls");
		for (size_t i = 0; i < views.count; i++)
			(void)list_add(&list, call_json(&views.all[i]));
		list_end(&list);
	}
	free(views.all);
}

void call_hangup(struct request *r)
{
	uint64_t uid;
	if (!uid_parse(r->id, &uid)) {
		refuse(r, 400, "invalid", "A call's id is 16 hexadecimal digits", "id",
		       "'opengatectl calls' shows the ids");
		return;
	}
	int err = shard_set_hangup(r->api->p.set, uid);
	if (err == ERR_NOT_FOUND)
		refuse_missing(r, "call", r->id, "'opengatectl calls' shows those in progress");
	else if (err)
		refuse_busy(r);
	if (err)
		return;
	audit(r, "call.hangup", r->id);
	r->json = json_pack("{s:s}", "ended", r->id);
}

void status_show(struct request *r)
{
	struct shard_counts c;
	struct api *api = r->api;
	int err = shard_set_counts(api->p.set, &c);
	if (err) {
		refuse_busy(r);
		return;
	}
	r->json = json_pack(
		"{s:s,s:s,s:o,s:i,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "version",
		OPENGATE_VERSION, "domain", api->p.domain, "started_at", json_time(api->started_ms),
		"shards", (int)shard_set_count(api->p.set), "uptime_s",
		(json_int_t)((clock_wall_ms() - api->started_ms) / 1000), "calls",
		(json_int_t)c.calls_live, "calls_total", (json_int_t)c.calls_total,
		"calls_answered_total", (json_int_t)c.calls_answered_total, "channels_held",
		(json_int_t)directory_channels_held(api->p.directory, SLICE_NONE), "numbers",
		(json_int_t)directory_numbers(api->p.directory), "registrations",
		(json_int_t)directory_registration_count(api->p.directory), "transactions",
		(json_int_t)(c.txn_servers + c.txn_clients), "media_endpoints",
		(json_int_t)c.endpoints, "connections", (json_int_t)c.connections, "messages_in",
		(json_int_t)c.messages_in, "events_dropped",
		(json_int_t)event_stream_dropped(api->p.events));
}
