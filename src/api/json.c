#include "api/api_priv.h"

#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

json_t *json_slice(struct slice s)
{
	json_t *j = json_stringn(s.p ? s.p : "", s.n);
	if (j)
		return j;
	char *copy = malloc(s.n + 1);
	if (copy == NULL)
		return json_null();
	for (size_t i = 0; i < s.n; i++)
		copy[i] = (unsigned char)s.p[i] < 0x80 && s.p[i] ? s.p[i] : '?';
	j = json_stringn(copy, s.n);
	free(copy);
	return j;
}

json_t *json_time(int64_t wall_ms)
{
	char text[64], day[32];
	struct tm tm;
	time_t t = (time_t)(wall_ms / 1000);
	if (wall_ms == 0)
		return json_null();
	gmtime_r(&t, &tm);
	strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, sizeof(text), "%s.%03dZ", day, (int)(wall_ms % 1000));
	return json_string(text);
}

json_t *json_uid(uint64_t uid)
{
	char text[CALL_ID_CHARS + 1];
	snprintf(text, sizeof(text), "%016llx", (unsigned long long)uid);
	return json_string(text);
}

bool uid_parse(const char *text, uint64_t *ret_uid)
{
	char *end;
	*ret_uid = strtoull(text, &end, 16);
	return strlen(text) == CALL_ID_CHARS && *end == '\0' && *ret_uid != 0;
}

int64_t time_parse(const char *text)
{
	struct tm tm = {0};
	uint64_t seconds;
	if (slice_u64(slice_str(text), 1ull << 40, &seconds) == 0)
		return (int64_t)seconds * 1000;
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	if (end == NULL) {
		memset(&tm, 0, sizeof(tm));
		end = strptime(text, "%Y-%m-%d", &tm);
	}
	if (end == NULL || (*end && *end != 'Z' && *end != '.'))
		return -1;
	return (int64_t)timegm(&tm) * 1000;
}

void refuse(struct request *r, unsigned status, const char *code, const char *message,
	    const char *field, const char *hint)
{
	json_decref(r->json);
	r->status = status;
	r->json = json_pack("{s:{s:s,s:s,s:s*,s:s*}}", "error", "code", code, "message", message,
			    "field", field, "hint", hint);
}

void refuse_err(struct request *r, int err, const char *what, const char *hint)
{
	char text[256];
	unsigned status = 500;
	const char *code = "failed";
	if (err == ERR_NOT_FOUND) {
		status = 404;
		code = "not_found";
	} else if (err == ERR_EXISTS || err == ERR_CONFLICT) {
		status = 409;
		code = err == ERR_EXISTS ? "exists" : "conflict";
	} else if (err == ERR_LIMIT || err == ERR_AGAIN || err == ERR_TIMEOUT) {
		status = 503;
		code = "unavailable";
	}
	snprintf(text, sizeof(text), "%s: %s", what, err_text(err));
	refuse(r, status, code, text, NULL, hint);
}

const char *body_text(const struct request *r, const char *key)
{
	return json_string_value(json_object_get(r->body, key));
}

const char *query(const struct request *r, const char *key)
{
	return MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, key);
}

int64_t wall_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void audit(struct request *r, const char *action, const char *object)
{
	(void)store_audit_add(r->api->store, wall_now(), SLICE("operator"), slice_str(action),
			      slice_str(object), SLICE_NONE);
}
