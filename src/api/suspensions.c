/* Suspending a number (no calls either way), with the reason and who asked for it. */
#include "api/api_priv.h"
#include "base/clock.h"
#include "base/err.h"

json_t *suspension_json(struct request *r, struct slice number)
{
	struct store_suspension p;
	if (store_suspension_get(r->api->store, number, &p) != 0)
		return json_null();
	return json_pack("{s:o,s:o,s:o}", "reason", json_slice(p.reason), "requester",
			 json_slice(p.requester), "since_at", json_time(p.at_ms));
}

/* Both lines of the body. False: refused. */
static bool words_good(struct request *r, const char *reason, const char *requester)
{
	const struct fault *fault = needed_line_fault(requester, "requester");
	if (fault == NULL && reason)
		fault = line_fault(reason, "reason");
	if (fault)
		refuse_fault(r, fault);
	return fault == NULL;
}

static void detail_of(const char *reason, const char *requester, char detail[512])
{
	snprintf(detail, 512, "requested by %s%s%s", requester, reason && *reason ? ": " : "",
		 reason ? reason : "");
}

void number_suspend(struct request *r)
{
	char number[STORE_NUMBER_BYTES], detail[512];
	struct store_number n;
	const char *reason = body_text(r, "reason"), *requester = body_text(r, "requester");
	const struct fault *fault = needed_line_fault(reason, "reason");
	if (fault) {
		refuse_fault(r, fault);
		return;
	}
	if (!words_good(r, reason, requester) || !number_find(r, number, &n))
		return;
	if (n.suspended) {
		refuse_conflict(r, "This number is suspended already",
				"'opengatectl number show' says since when and why");
		return;
	}
	struct store_suspension p = {.number = slice_str(number),
				     .reason = slice_str(reason),
				     .requester = slice_str(requester),
				     .at_ms = clock_wall_ms()};
	struct number_change c = {number, "number.suspend", detail, -1, 1};
	detail_of(reason, requester, detail);
	if (!change_begin(r) || change_failed(r, store_suspension_put(r->api->store, &p)) ||
	    !change_end(r, &c))
		return;
	number_answer(r, number);
}

void number_resume(struct request *r)
{
	char number[STORE_NUMBER_BYTES], detail[512];
	struct store_number n;
	const char *reason = body_text(r, "reason"), *requester = body_text(r, "requester");
	if (!words_good(r, reason, requester) || !number_find(r, number, &n))
		return;
	if (!n.suspended) {
		refuse_conflict(r, "This number is not suspended", NULL);
		return;
	}
	struct number_change c = {number, "number.resume", detail, -1, 0};
	detail_of(reason, requester, detail);
	if (!change_begin(r))
		return;
	int err = store_suspension_remove(r->api->store, slice_str(number));
	if (err == ERR_NOT_FOUND) /* it was added suspended, without a reason */
		err = 0;
	if (!change_failed(r, err) && change_end(r, &c))
		number_answer(r, number);
}
