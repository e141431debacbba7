/* What has been: call records and traces. */
#include "api/api_priv.h"
#include "api/when.h"
#include "base/clock.h"
#include "provision/draft.h"

#include <stdlib.h>

#define RECORDS_DEFAULT 100
#define RECORDS_MAX	100000

static json_t *quality_json(const struct store_quality *q)
{
	return json_pack("{s:I,s:I,s:f,s:f,s:f,s:I,s:I,s:I}", "packets", (json_int_t)q->packets,
			 "lost", (json_int_t)q->lost, "jitter_ms", q->jitter_ms, "mos", q->mos,
			 "r_factor", q->r_factor, "longest_gap_ms", (json_int_t)q->longest_gap_ms,
			 "reordered", (json_int_t)q->reordered, "refused", (json_int_t)q->refused);
}

static json_t *forward_ja(struct slice word)
{
	for (int i = 0; i < FORWARD_WAYS; i++) {
		const struct forward_kind_info *info = forward_kind_info((enum forward_kind)i);
		if (slice_eq(word, slice_str(info->word)))
			return json_string(info->ja);
	}
	return json_null();
}

json_t *record_json(const struct store_record *r)
{
	double duration = r->answered_at ? (double)(r->ended_at - r->answered_at) / 1000 : 0;
	json_t *quality = r->has_media ? json_pack("{s:o,s:o}", "a_to_b", quality_json(&r->a_to_b),
						   "b_to_a", quality_json(&r->b_to_a))
				       : json_null();
	json_t *o = json_pack(
		"{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:f,s:i,s:o,s:o,s:o,s:o,s:o,s:o,s:o,"
		"s:o,"
		"s:b}",
		"id", json_uid(r->id), "call", json_uid(r->call ? r->call : r->id), "forward",
		json_slice_or_null(r->forward), "forward_ja", forward_ja(r->forward), "from",
		json_slice(r->from), "to", json_slice(r->to), "dialled", json_slice(r->dialled),
		"started_at", json_time(r->started_at), "ringing_at", json_time(r->ringing_at),
		"answered_at", json_time(r->answered_at), "ended_at", json_time(r->ended_at),
		"duration_s", duration, "sip_code", r->sip_code, "reason", json_slice(r->reason),
		"reason_text", json_slice(r->reason_text), "ended_by", json_slice(r->ended_by),
		"detail", json_slice(r->detail), "codec", json_slice(r->codec), "quality", quality,
		"direction", json_slice(r->direction), "trunk",
		r->trunk.n ? json_slice(r->trunk) : json_null(), "withheld", r->withheld);
	return o;
}

static int add_record(void *list, const struct store_record *r)
{
	return list_add(list, record_json(r));
}

void records_settle(const struct request *r)
{
	if (r->api->p.writer)
		(void)writer_flush(r->api->p.writer);
}

/* The query into a question. False: refused. */
static bool ask(struct request *r, char number[STORE_NUMBER_BYTES], struct store_record_query *q)
{
	const char *given = query(r, "number"), *since = query(r, "since"),
		   *call = query(r, "call");
	uint64_t most, uid = 0;
	int64_t since_ms = since ? when_parse(since, clock_wall_ms()) : 0;
	const struct fault *fault = given ? draft_number(given, number) : NULL;
	if (fault) {
		refuse_fault(r, fault);
		return false;
	}
	if (since_ms < 0) {
		refuse(r, 400, "invalid", "The time is not understood", "since",
		       "write it like 2026-11-24T09:00:00+09:00, 2026-11-24 (UTC), 2h or 7d");
		return false;
	}
	if (call && (!uid_parse(call, &uid) || uid == 0 || uid > INT64_MAX)) {
		refuse(r, 400, "invalid", "A call's id is 16 hexadecimal digits", "call",
		       "'opengatectl records' shows the ids");
		return false;
	}
	if (!limit_of(r, RECORDS_MAX, RECORDS_DEFAULT, &most))
		return false;
	*q = (struct store_record_query){
		.number = slice_str(given ? number : ""),
		.since_ms = since_ms,
		.call = uid,
		.limit = (uint32_t)most,
	};
	return true;
}

void records_list(struct request *r)
{
	char number[STORE_NUMBER_BYTES];
	struct store_record_query q;
	struct list list;
	if (!ask(r, number, &q))
		return;
	records_settle(r);
	list_begin(&list, r, "records");
	int err = store_record_each(r->api->store, &q, add_record, &list);
	list_end_or_refuse(&list, err);
}

void trace_show(struct request *r)
{
	uint64_t uid;
	if (!uid_parse(r->id, &uid)) {
		refuse(r, 400, "invalid", "A call's id is 16 hexadecimal digits", "id",
		       "'opengatectl records' and 'opengatectl calls' show the ids");
		return;
	}
	r->api->p.settle(r->api->p.settle_ctx);
	json_t *events = trace_of_call(r->api->trace, uid);
	if (events == NULL) {
		refuse(r, 404, "not_found", "Nothing is kept of such a call", "id",
		       "see 'opengatectl records' and 'calls' for ids; ladders of old calls and of "
		       "those before a restart are gone");
		return;
	}
	r->json = json_pack("{s:s,s:o}", "call", r->id, "events", events);
}
