/* The end of call records: asked for here, done by the keeper. */
#include "api/api_priv.h"

#include "base/clock.h"
#include "base/day.h"

static json_t *progress_json(const struct keeper_progress *p)
{
	char before[DAY_CHARS + 1] = "";
	if (p->before_ms)
		day_text(day_of(p->before_ms), before);
	return json_pack("{s:b,s:o,s:I,s:b}", "running", p->running, "before",
			 *before ? json_string(before) : json_null(), "deleted",
			 (json_int_t)p->deleted, "failed", p->failed);
}

void records_prune_show(struct request *r)
{
	struct keeper_progress p = {0};
	if (r->api->p.keeper)
		keeper_progress(r->api->p.keeper, &p);
	r->json = progress_json(&p);
}

void records_prune(struct request *r)
{
	int32_t before;
	if (day_parse(slice_str(body_text(r, "before")), &before) != 0) {
		refuse(r, 400, "invalid", "The day is not understood", "before",
		       "write it like 2026-11-25; days are Japan's");
		return;
	}
	if (before > day_first_of_month(day_of(clock_wall_ms()))) {
		refuse(r, 400, "invalid", "Records of the running month cannot be deleted",
		       "before", "name the first day of this month at the latest");
		return;
	}
	records_settle(r);
	if (r->api->p.keeper == NULL ||
	    !keeper_prune(r->api->p.keeper, day_start_ms(before), "operator")) {
		refuse(r, 409, "conflict", "Records are being deleted already", NULL,
		       "wait for its end: GET /api/v1/records/prune tells how far it is");
		return;
	}
	r->status = 202;
	records_prune_show(r);
}
