/* What came with a request, against what its route takes. Every fault names its field; no answer
 * repeats a value, which could be a password. */
#include "api/api_priv.h"
#include "base/spell.h"
#include "base/strbuf.h"

#include <stdlib.h>
#include <string.h>

#define NAME_SHOWN_BYTES 64 /* of a strange name, so much is repeated */

static const struct body_field *field_of(const struct body_field *fields, const char *name)
{
	for (; fields->name; fields++)
		if (strcmp(fields->name, name) == 0)
			return fields;
	return NULL;
}

/* "did you mean X?" or the names that are known. */
static const char *hint_of(const char *wrong, const char *const *known, size_t count, char *text,
			   size_t bytes)
{
	struct strbuf b;

	strbuf_init(&b, text, bytes - 1);
	for (size_t i = 0; i < count; i++) {
		if (!spell_is_near(slice_str(wrong), slice_str(known[i])))
			continue;
		strbuf_fmt(&b, "did you mean \"%s\"?", known[i]);
		text[b.n] = '\0';
		return text;
	}
	strbuf_str(&b, count ? "known here: " : "nothing of the kind is taken here");
	for (size_t i = 0; i < count; i++)
		strbuf_fmt(&b, "%s%s", i ? ", " : "", known[i]);
	text[b.n] = '\0';
	return text;
}

/* At a character's end. */
static void shorten(const char *name, char ret_shown[NAME_SHOWN_BYTES + 1])
{
	size_t n = strlen(name);

	if (n > NAME_SHOWN_BYTES)
		n = NAME_SHOWN_BYTES;
	while (n > 0 && ((unsigned char)name[n] & 0xc0) == 0x80)
		n--;
	memcpy(ret_shown, name, n);
	ret_shown[n] = '\0';
}

static void refuse_unknown(struct request *r, const char *kind, const char *name,
			   const char *const *known, size_t count)
{
	char hint[512], message[160], shown[NAME_SHOWN_BYTES + 1];

	shorten(name, shown);
	snprintf(message, sizeof(message), "There is no %s \"%s\" here", kind, shown);
	refuse(r, 400, "unknown", message, shown, hint_of(shown, known, count, hint, sizeof(hint)));
}

static void refuse_field(struct request *r, const char *name, const struct body_field *fields)
{
	const char *known[16];
	size_t n = 0;

	for (; fields->name && n < sizeof(known) / sizeof(known[0]); fields++)
		known[n++] = fields->name;
	refuse_unknown(r, "field", name, known, n);
}

static bool is_list(const json_t *value)
{
	size_t i;
	json_t *one;

	json_array_foreach((json_t *)value, i, one)
	{
		if (!json_is_string(one))
			return false;
	}
	return json_is_array(value);
}

static bool is_list_of_objects(const json_t *value)
{
	size_t i;
	json_t *one;

	json_array_foreach((json_t *)value, i, one)
	{
		if (!json_is_object(one))
			return false;
	}
	return json_is_array(value);
}

static bool type_good(const json_t *value, enum body_type type)
{
	switch (type) {
	case BODY_TEXT:
		return json_is_string(value);
	case BODY_COUNT:
		return json_is_integer(value);
	case BODY_SWITCH:
		return json_is_boolean(value);
	case BODY_LIST:
		return is_list(value);
	case BODY_OBJECT:
		return json_is_object(value);
	case BODY_OBJECTS:
		return is_list_of_objects(value);
	}
	return false;
}

static bool value_good(struct request *r, const struct body_field *field, const json_t *value)
{
	static const char *const wants[] = {"a text",	     "a whole number",
					    "true or false", "a list of texts",
					    "an object",     "a list of objects"};
	char message[128];

	if (type_good(value, field->type))
		return true;
	snprintf(message, sizeof(message), "\"%s\" must be %s", field->name, wants[field->type]);
	refuse(r, 400, "wrong_type", message, field->name, NULL);
	return false;
}

static bool all_there(struct request *r, const struct body_field *fields)
{
	char message[128];

	for (; fields->name; fields++) {
		if (!fields->required || json_object_get(r->body, fields->name))
			continue;
		snprintf(message, sizeof(message), "\"%s\" is missing", fields->name);
		refuse(r, 400, "missing", message, fields->name, NULL);
		return false;
	}
	return true;
}

static bool parse(struct request *r)
{
	char message[128];
	json_error_t error;

	r->body = json_loadb(r->raw.p ? r->raw.p : "", r->raw.n, JSON_REJECT_DUPLICATES, &error);
	if (json_is_object(r->body))
		return true;
	if (r->body || r->raw.n == 0)
		snprintf(message, sizeof(message), "The body must be one JSON object");
	else
		snprintf(message, sizeof(message),
			 "The body is not JSON that can be read (line %d, column %d)", error.line,
			 error.column);
	refuse(r, 400, "syntax", message, NULL, "send for example {\"name\": \"value\"}");
	return false;
}

bool body_read(struct request *r, const struct body_field *fields)
{
	const char *name;
	json_t *value;

	if (r->raw.n > JSON_BODY_BYTES_MAX) {
		refuse(r, 413, "too_big", "The body is larger than 1 MiB", NULL, NULL);
		return false;
	}
	if (!parse(r))
		return false;
	json_object_foreach(r->body, name, value)
	{
		const struct body_field *field = field_of(fields, name);

		if (!field)
			refuse_field(r, name, fields);
		if (!field || !value_good(r, field, value))
			return false;
	}
	return all_there(r, fields);
}

bool query_check(struct request *r, const char *const known[ROUTE_QUERY_MAX])
{
	size_t count = 0;

	while (count < ROUTE_QUERY_MAX && known[count])
		count++;
	if (r->query_count > QUERY_MAX) {
		refuse(r, 400, "invalid", "There are too many query parameters", NULL, NULL);
		return false;
	}
	for (unsigned i = 0; i < r->query_count; i++) {
		bool found = false;

		for (size_t k = 0; k < count; k++)
			found |= strcmp(known[k], r->query[i].key) == 0;
		if (found && r->query[i].value && slice_is_utf8(slice_str(r->query[i].value)))
			continue;
		if (found)
			refuse(r, 400, "invalid", "A query parameter has no readable value",
			       r->query[i].key, NULL);
		else
			refuse_unknown(r, "query parameter", r->query[i].key, known, count);
		return false;
	}
	return true;
}

const char *body_text(const struct request *r, const char *key)
{
	return json_string_value(json_object_get(r->body, key));
}

const char *query(const struct request *r, const char *key)
{
	for (unsigned i = 0; i < r->query_count; i++)
		if (strcmp(r->query[i].key, key) == 0)
			return r->query[i].value;
	return NULL;
}
