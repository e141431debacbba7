#include "api/api_priv.h"
#include "base/err.h"

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

json_t *json_slice_or_null(struct slice s)
{
	return s.n ? json_slice(s) : json_null();
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
	if (strlen(text) != CALL_ID_CHARS ||
	    strspn(text, "0123456789abcdefABCDEF") != CALL_ID_CHARS)
		return false;
	*ret_uid = strtoull(text, NULL, 16);
	return *ret_uid != 0;
}

void list_begin(struct list *l, struct request *r, const char *key)
{
	*l = (struct list){.r = r};
	l->f = open_memstream(&r->text, &l->bytes);
	if (l->f)
		fprintf(l->f, "{\"%s\":[", key);
}

int list_add(struct list *l, json_t *element)
{
	if (element == NULL) {
		l->broken = true;
		return 0;
	}
	if (l->f && l->any)
		fputc(',', l->f);
	if (l->f)
		json_dumpf(element, l->f, JSON_COMPACT);
	l->any = true;
	json_decref(element);
	return 0;
}

void list_end(struct list *l)
{
	bool good = l->f && !l->broken && fputs("]}", l->f) >= 0 && !ferror(l->f);
	if (l->f)
		good = fclose(l->f) == 0 && good;
	l->r->type = "application/json";
	if (good)
		return;
	free(l->r->text);
	l->r->text = NULL;
	refuse(l->r, 503, "unavailable", "There is not enough memory for the answer", NULL,
	       "ask for less at a time");
}

void list_drop(struct list *l)
{
	if (l->f)
		fclose(l->f);
	free(l->r->text);
	l->r->text = NULL;
}

void list_end_or_refuse(struct list *l, int err)
{
	if (err == 0) {
		list_end(l);
		return;
	}
	list_drop(l);
	refuse_store(l->r, err, l->r->api->store);
}
