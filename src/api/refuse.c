#include "api/api_priv.h"
#include "base/clock.h"
#include "base/err.h"

#include <string.h>

void refuse(struct request *r, unsigned status, const char *code, const char *message,
	    const char *field, const char *hint)
{
	json_decref(r->json);
	r->status = status;
	r->json = json_pack("{s:{s:s,s:o}}", "error", "code", code, "message",
			    json_slice(slice_str(message)));
	json_t *error = json_object_get(r->json, "error");
	if (field)
		json_object_set_new(error, "field", json_slice(slice_str(field)));
	if (hint)
		json_object_set_new(error, "hint", json_slice(slice_str(hint)));
}

void refuse_told(struct request *r, const struct refusal *what)
{
	refuse(r, what->status, what->code, what->message, what->field, what->hint);
	json_t *error = json_object_get(r->json, "error");
	json_object_set_new(error, "message_ja", json_slice(slice_str(what->message_ja)));
	if (what->hint_ja)
		json_object_set_new(error, "hint_ja", json_slice(slice_str(what->hint_ja)));
}

bool refuse_member(struct request *r, const char *field, const struct refusal *what)
{
	struct refusal full = *what;
	full.field = field;
	full.status = full.status ? full.status : 400;
	full.code = full.code ? full.code : "invalid";
	refuse_told(r, &full);
	return false;
}

void refuse_fault(struct request *r, const struct fault *f)
{
	static const struct {
		const char *code;
		unsigned status;
	} rows[] = {{"exists", 409}, {"conflict", 409}};
	unsigned status = 400;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(f->code, rows[i].code) == 0)
			status = rows[i].status;
	}
	refuse(r, status, f->code, f->message, f->field, f->hint);
}

void refuse_missing(struct request *r, const char *what, const char *name, const char *hint)
{
	char message[256];
	snprintf(message, sizeof(message), "There is no %s %s", what, name);
	refuse(r, 404, "not_found", message, NULL, hint);
}

void refuse_store(struct request *r, int err, const struct store *store)
{
	char message[STORE_TEXT_BYTES];
	snprintf(message, sizeof(message), "%s",
		 *store_error(store) ? store_error(store) : err_text(err));
	size_t n = strlen(message);
	if (n && message[n - 1] == '.')
		message[n - 1] = '\0';
	refuse(r, err == ERR_LIMIT ? 507 : 500, err == ERR_LIMIT ? "disk_full" : "failed", message,
	       NULL, NULL);
}

void refuse_busy(struct request *r)
{
	refuse(r, 503, "unavailable", "The server is overloaded and did not answer in time", NULL,
	       "try again in a moment");
}

void refuse_conflict(struct request *r, const char *message, const char *hint)
{
	refuse(r, 409, "conflict", message, NULL, hint);
}

void refuse_rows(struct request *r, const char *message, json_t *rows)
{
	refuse(r, 400, "bad_rows", message, NULL,
	       "mend the lines named here and import the whole file again");
	json_object_set_new(json_object_get(r->json, "error"), "rows", rows);
}

void audit(struct request *r, const char *action, const char *object)
{
	audit_detail(r, action, object, "");
}

void audit_detail(struct request *r, const char *action, const char *object, const char *detail)
{
	(void)store_audit_add(r->api->store, clock_wall_ms(), SLICE("operator"), slice_str(action),
			      slice_str(object), slice_str(detail));
}

#define LINE_BYTES 200

const struct fault *line_fault(const char *text, const char *field)
{
	static _Thread_local struct fault fault;
	size_t n = strlen(text);
	bool good = n <= LINE_BYTES;
	for (size_t i = 0; i < n; i++)
		good &= (unsigned char)text[i] >= 0x20 && text[i] != 0x7f;
	fault = (struct fault){"invalid", field,
			       "This must be one line of at most 200 bytes of UTF-8",
			       "a Japanese character takes 3 bytes"};
	return good ? NULL : &fault;
}

const struct fault *needed_line_fault(const char *text, const char *field)
{
	static _Thread_local struct fault fault;
	fault = (struct fault){"missing", field, "This must be said", NULL};
	return text && *text ? line_fault(text, field) : &fault;
}

bool limit_of(struct request *r, uint64_t max, uint64_t otherwise, uint64_t *ret_limit)
{
	char message[96];
	const char *text = query(r, "limit");
	*ret_limit = otherwise;
	if (text == NULL || (slice_u64(slice_str(text), max, ret_limit) == 0 && *ret_limit > 0))
		return true;
	snprintf(message, sizeof(message), "The limit must be a whole number from 1 to %llu",
		 (unsigned long long)max);
	refuse(r, 400, "invalid", message, "limit", NULL);
	return false;
}
