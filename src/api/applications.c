/*
 * The permission to call abroad: the customer applies, the operator approves or rejects, the
 * customer suspends at once. What is decided is in the number (`international`) with the same
 * commit.
 */
#include "api/api_priv.h"
#include "base/clock.h"
#include "base/err.h"
#include "provision/draft.h"

#include <string.h>

#define DETAIL_BYTES 512

static const char *const state_words[APPLICATION_STATES] = {"pending", "approved", "rejected",
							    "withdrawn"};

static json_t *application_json(const struct store_application *a)
{
	return json_pack("{s:I,s:o,s:o,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o}", "id", (json_int_t)a->id,
			 "number", json_slice(a->number), "customer", json_slice(a->customer),
			 "kind", a->kind == APPLICATION_SUSPEND ? "suspend" : "permit", "state",
			 state_words[(unsigned)a->state % APPLICATION_STATES], "memo",
			 json_slice(a->memo), "applied_by", json_slice(a->applied_by), "applied_at",
			 json_time(a->applied_at), "decided_by", json_slice_or_null(a->decided_by),
			 "decided_at", json_time(a->decided_at), "reason", json_slice(a->reason));
}

/* ---- reading ---- */

static int add_row(void *list, const struct store_application *a)
{
	return list_add(list, application_json(a));
}

/* "pending" -> 0; -1 for NULL; false: no such state, refused. */
static bool read_state(struct request *r, const char *word, int *ret_state)
{
	*ret_state = -1;
	for (int i = 0; word && i < APPLICATION_STATES; i++) {
		if (strcmp(word, state_words[i]) == 0)
			*ret_state = i;
	}
	if (word == NULL || *ret_state >= 0)
		return true;
	refuse(r, 400, "invalid",
	       "The state of an application is pending, approved, rejected or withdrawn", "state",
	       NULL);
	return false;
}

void applications_list(struct request *r)
{
	char number[STORE_NUMBER_BYTES] = "";
	const char *given = query(r, "number");
	const struct fault *fault = given ? draft_number(given, number) : NULL;
	struct store_application_query q = {.number = slice_str(number)};
	struct list list;
	if (fault) {
		refuse_fault(r, fault);
		return;
	}
	if (!read_state(r, query(r, "state"), &q.state))
		return;
	list_begin(&list, r, "applications");
	int err = store_application_each(r->api->store, &q, add_row, &list);
	list_end_or_refuse(&list, err);
}

static bool find_application(struct request *r, struct store_application *ret_application)
{
	uint64_t id;
	if (!row_id(r, "application", &id))
		return false;
	int err = store_application_get(r->api->store, id, ret_application);
	if (err == ERR_NOT_FOUND)
		refuse_missing(r, "application", r->id, "see 'opengatectl application list'");
	else if (err)
		refuse_store(r, err, r->api->store);
	return err == 0;
}

void application_show(struct request *r)
{
	struct store_application a;
	if (find_application(r, &a))
		r->json = application_json(&a);
}

static void answer(struct request *r, uint64_t id)
{
	struct store_application a;
	int err = store_application_get(r->api->store, id, &a);
	if (err)
		refuse_store(r, err, r->api->store);
	else
		r->json = application_json(&a);
}

/* ---- applying, suspending ---- */

static void apply(struct request *r, struct store_application *a)
{
	char number[STORE_NUMBER_BYTES], detail[DETAIL_BYTES];
	struct number_change c = {number, "application.add", detail, -1, -1};
	(void)slice_copy(a->number, number, sizeof(number));
	snprintf(detail, sizeof(detail), "applied by %.*s", SLICE_ARG(a->applied_by));
	if (!change_begin(r))
		return;
	int err = store_application_add(r->api->store, a, &a->id);
	if (err == ERR_EXISTS) {
		store_rollback(r->api->store);
		refuse(r, 409, "exists", "An application for this number waits already", "number",
		       "'opengatectl application list --state pending' names it");
		return;
	}
	if (change_failed(r, err) || !change_end(r, &c))
		return;
	r->status = 201;
	answer(r, a->id);
}

/* In force with the answer; what still waits is withdrawn. */
static void suspend(struct request *r, struct store_application *a)
{
	char number[STORE_NUMBER_BYTES], detail[DETAIL_BYTES];
	struct number_change c = {number, "application.suspend", detail, 0, -1};
	struct store_application withdrawn = {.state = APPLICATION_WITHDRAWN,
					      .decided_by = a->applied_by,
					      .reason = SLICE("suspended by the customer"),
					      .decided_at = a->applied_at};
	(void)slice_copy(a->number, number, sizeof(number));
	snprintf(detail, sizeof(detail), "suspended by %.*s", SLICE_ARG(a->applied_by));
	a->state = APPLICATION_APPROVED;
	a->decided_by = a->applied_by;
	a->decided_at = a->applied_at;
	if (!change_begin(r))
		return;
	int err = store_application_decide_waiting(r->api->store, a->number, &withdrawn);
	if (err == 0)
		err = store_application_add(r->api->store, a, &a->id);
	if (change_failed(r, err) || !change_end(r, &c))
		return;
	r->status = 201;
	answer(r, a->id);
}

static bool kind_good(struct request *r, const char *kind)
{
	bool good = kind == NULL || strcmp(kind, "permit") == 0 || strcmp(kind, "suspend") == 0;
	if (!good)
		refuse(r, 400, "invalid", "The kind of an application is permit or suspend", "kind",
		       NULL);
	return good;
}

static bool body_good(struct request *r)
{
	const char *memo = body_text(r, "memo");
	const struct fault *fault = needed_line_fault(body_text(r, "applied_by"), "applied_by");
	if (fault == NULL && memo)
		fault = line_fault(memo, "memo");
	if (fault)
		refuse_fault(r, fault);
	return fault == NULL && kind_good(r, body_text(r, "kind"));
}

static int stop(void *ctx, const struct store_application *a)
{
	(void)ctx, (void)a;
	return 1;
}

static bool waits(struct request *r, const char *number)
{
	struct store_application_query q = {.number = slice_str(number),
					    .state = APPLICATION_PENDING};
	return store_application_each(r->api->store, &q, stop, NULL) > 0;
}

void applications_add(struct request *r)
{
	char number[STORE_NUMBER_BYTES];
	struct directory_number line;
	const char *kind = body_text(r, "kind"), *memo = body_text(r, "memo");
	const struct fault *fault = draft_number(body_text(r, "number"), number);
	if (fault) {
		refuse_fault(r, fault);
		return;
	}
	if (!body_good(r))
		return;
	if (directory_by_number(r->api->p.directory, slice_str(number), &line) != 0) {
		refuse_missing(r, "number", number, "see 'opengatectl number list'");
		return;
	}
	struct store_application a = {
		.number = slice_str(number),
		.customer = slice_str(line.customer),
		.memo = slice_str(memo ? memo : ""),
		.applied_by = slice_str(body_text(r, "applied_by")),
		.applied_at = clock_wall_ms(),
	};
	a.kind = kind && strcmp(kind, "suspend") == 0 ? APPLICATION_SUSPEND : APPLICATION_PERMIT;
	if (a.kind == APPLICATION_PERMIT && line.international)
		refuse_conflict(r, "This number may call abroad already", NULL);
	else if (a.kind == APPLICATION_PERMIT)
		apply(r, &a);
	else if (!line.international && !waits(r, number))
		refuse_conflict(r, "This number may not call abroad: there is nothing to suspend",
				NULL);
	else
		suspend(r, &a);
}

/* ---- deciding ---- */

static void decide(struct request *r, enum application_state state, const char *action)
{
	char number[STORE_NUMBER_BYTES], detail[DETAIL_BYTES];
	const char *reason = body_text(r, "reason");
	struct store_application a;
	if (!find_application(r, &a))
		return;
	uint64_t id = a.id;
	(void)slice_copy(a.number, number, sizeof(number));
	snprintf(detail, sizeof(detail), "application %llu%s%s", (unsigned long long)id,
		 reason && *reason ? ": " : "", reason ? reason : "");
	struct store_application d = {.state = state,
				      .decided_by = SLICE("operator"),
				      .reason = slice_str(reason ? reason : ""),
				      .decided_at = clock_wall_ms()};
	struct number_change c = {number, action, detail, state == APPLICATION_APPROVED ? 1 : -1,
				  -1};
	if (!change_begin(r))
		return;
	int err = store_application_decide(r->api->store, id, &d);
	if (err == ERR_CONFLICT) {
		store_rollback(r->api->store);
		refuse_conflict(r, "This application is decided already",
				"'opengatectl application show' says how");
		return;
	}
	if (!change_failed(r, err) && change_end(r, &c))
		answer(r, id);
}

void application_approve(struct request *r)
{
	const char *reason = body_text(r, "reason");
	const struct fault *fault = reason ? line_fault(reason, "reason") : NULL;
	if (fault)
		refuse_fault(r, fault);
	else
		decide(r, APPLICATION_APPROVED, "application.approve");
}

void application_reject(struct request *r)
{
	const struct fault *fault = needed_line_fault(body_text(r, "reason"), "reason");
	if (fault)
		refuse_fault(r, fault);
	else
		decide(r, APPLICATION_REJECTED, "application.reject");
}
