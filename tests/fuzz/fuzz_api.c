/*
 * Any bytes as a request: "METHOD PATH?key=value&...", a line end, the body. It finds its route or
 * is refused, its parameters and body are checked, and what passes goes through the checks of
 * numbers. A refusal is always JSON with a code and a sentence.
 */
#include "api/api_priv.h"
#include "api/when.h"
#include "fuzz.h"
#include "provision/draft.h"
#include "provision/trunk_draft.h"

#include <string.h>

#define NOW 1790000000000

/* Up to the first of any_of, which is cut out; *at stands behind. */
static char *cut(char **at, const char *any_of)
{
	char *word = *at;
	size_t n = strcspn(word, any_of);
	*at = word + n + (word[n] != '\0');
	word[n] = '\0';
	return word;
}

static void read_query(struct request *r, char *text)
{
	while (*text && r->query_count <= QUERY_MAX) {
		char *pair = cut(&text, "&"), *value = strchr(pair, '=');
		if (value)
			*value++ = '\0';
		r->query[r->query_count++] = (struct query_value){pair, value};
	}
}

static void check_refusal(const struct request *r)
{
	const json_t *error = json_object_get(r->json, "error");
	FUZZ_CHECK(r->status >= 400 && r->status < 600);
	FUZZ_CHECK(json_is_string(json_object_get(error, "code")));
	FUZZ_CHECK(json_is_string(json_object_get(error, "message")));
	char *text = json_dumps(r->json, JSON_COMPACT);
	FUZZ_CHECK(text != NULL);
	free(text);
}

static void take_body(const struct request *r)
{
	struct draft d;
	draft_init(&d);
	for (enum draft_column c = 0; c < DRAFT_COLUMNS; c++) {
		const char *text = body_text(r, draft_names[c]);
		if (text && draft_take(&d, c, text) == NULL && c == DRAFT_NUMBER)
			FUZZ_CHECK(strlen(d.number) == 11);
	}
	FUZZ_CHECK(d.channels >= 2 && d.channels <= 32);
}

/* What passes can be kept, read back, and means the same. */
static void take_trunk(const struct request *r)
{
	static struct trunk_draft d, back;
	static char memory[TRUNK_DRAFT_BYTES];
	struct store_trunk row;
	const char *host = body_text(r, "host"), *name = body_text(r, "name");
	size_t i;
	json_t *one;
	trunk_draft_init(&d);
	if (name)
		(void)trunk_draft_name(&d, name);
	if (host)
		(void)trunk_draft_host(&d, host);
	json_array_foreach(json_object_get(r->body, "sources"), i, one)(void)
		trunk_draft_source(&d, json_string_value(one));
	json_array_foreach(json_object_get(r->body, "prefixes"), i, one)(void)
		trunk_draft_prefix(&d, json_string_value(one));
	trunk_draft_store(&d, SLICE_NONE, memory, &row);
	FUZZ_CHECK(trunk_draft_from(&back, &row) == 0);
	FUZZ_CHECK(memcmp(&d.t, &back.t, sizeof(d.t)) == 0);
}

static void take_query(const struct request *r, const char *id)
{
	char number[STORE_NUMBER_BYTES];
	const char *since = query(r, "since");
	uint64_t uid;
	FUZZ_CHECK(since == NULL || when_parse(since, NOW) >= -1);
	if (id && draft_number(id, number) == NULL)
		FUZZ_CHECK(strlen(number) == 11);
	if (id && uid_parse(id, &uid))
		FUZZ_CHECK(uid != 0 && strlen(id) == CALL_ID_CHARS);
}

static void ask(struct request *r)
{
	char id[PATH_ID_BYTES] = "";
	const struct route *route = route_find(r, id);
	if (route == NULL || !query_check(r, route->query) ||
	    (route->body && !body_read(r, route->body))) {
		check_refusal(r);
		return;
	}
	FUZZ_CHECK(r->json == NULL);
	take_body(r);
	take_trunk(r);
	take_query(r, id);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *at = text;
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	char *line = cut(&at, "\n");
	struct request r = {.method = cut(&line, " "), .trusted = true, .status = 200};
	r.path = cut(&line, "?");
	read_query(&r, line);
	r.raw = slice_of(at, (size_t)(text + size - at));
	ask(&r);
	json_decref(r.json);
	json_decref(r.body);
	free(text);
	return 0;
}
