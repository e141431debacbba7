/* Flags made into what the API takes, each by its kind. */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool count_good(const struct flag *f, const char *value)
{
	size_t n = strlen(value);
	if (n > 0 && n < 16 && strspn(value, "0123456789") == n)
		return true;
	complain("%s takes a whole number, not \"%s\"", f->name, value);
	return false;
}

static bool switch_of(const struct flag *f, const char *value, bool *ret_on)
{
	*ret_on = strcmp(value, "on") == 0 || strcmp(value, "yes") == 0;
	if (*ret_on || strcmp(value, "off") == 0 || strcmp(value, "no") == 0)
		return true;
	complain("%s takes on or off, not \"%s\"", f->name, value);
	return false;
}

static bool policy_good(const struct flag *f, const char *value)
{
	if (strcmp(value, "newest") == 0 || strcmp(value, "fork") == 0 ||
	    strcmp(value, "reject") == 0)
		return true;
	complain("%s takes newest, fork or reject, not \"%s\"", f->name, value);
	return false;
}

static bool word_good(const struct flag *f, const char *value, const char *const *words)
{
	char list[64] = "";
	for (int i = 0; words[i]; i++) {
		size_t n = strlen(list);
		if (strcmp(value, words[i]) == 0)
			return true;
		snprintf(list + n, sizeof(list) - n, "%s%s",
			 n == 0		? ""
			 : words[i + 1] ? ", "
					: " or ",
			 words[i]);
	}
	complain("%s takes %s, not \"%s\"", f->name, list, value);
	return false;
}

static const char *const formats[] = {"national", "e164", "plus", NULL};
static const char *const transports[] = {"udp", "tcp", NULL};

/* One line of stdin, for a password that others shall not see in the list of processes. */
static json_t *first_line_of(const struct flag *f, const char *value, FILE *from)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n = getline(&line, &cap, from);
	while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
		line[--n] = '\0';
	json_t *secret = n > 0 ? json_stringn(line, (size_t)n) : NULL;
	free(line);
	if (secret == NULL)
		complain("%s %s: %s holds no password in UTF-8", f->name, value,
			 from == stdin ? "standard input" : "the file");
	return secret;
}

static json_t *secret_of(const struct flag *f, const char *value)
{
	return strcmp(value, "-") == 0 ? first_line_of(f, value, stdin) : json_string(value);
}

static json_t *secret_in_file(const struct flag *f, const char *value)
{
	if (strcmp(value, "-") == 0)
		return first_line_of(f, value, stdin);
	FILE *file = fopen(value, "re");
	if (file == NULL) {
		complain("%s %s: %s", f->name, value, strerror(errno));
		return NULL;
	}
	json_t *secret = first_line_of(f, value, file);
	fclose(file);
	return secret;
}

static json_t *value_of(const struct flag *f, const char *value)
{
	bool on;
	switch (f->kind) {
	case KIND_SECRET:
		return secret_of(f, value);
	case KIND_COUNT:
		return count_good(f, value) ? json_integer(atoll(value)) : NULL;
	case KIND_SWITCH:
		return switch_of(f, value, &on) ? json_boolean(on) : NULL;
	case KIND_POLICY:
		return policy_good(f, value) ? json_string(value) : NULL;
	case KIND_FORMAT:
		return word_good(f, value, formats) ? json_string(value) : NULL;
	case KIND_TRANSPORT:
		return *value == '\0' || word_good(f, value, transports) ? json_string(value)
									 : NULL;
	case KIND_SECRET_FILE:
		return secret_in_file(f, value);
	default:
		return json_string(value);
	}
}

/* All values of a flag that may be given several times; "" alone empties it. */
static json_t *list_of(const struct arguments *a, int place)
{
	json_t *list = json_array();
	if (*a->values[place])
		json_array_append_new(list, json_string(a->values[place]));
	for (int i = 0; i < a->more_count; i++) {
		if (a->more[i].flag == place)
			json_array_append_new(list, json_string(a->more[i].value));
	}
	return list;
}

json_t *body_of(const struct command *c, const struct arguments *a)
{
	json_t *body = json_object();
	for (int i = 0; i < FLAGS_MAX && c->flags[i].name; i++) {
		const struct flag *f = &c->flags[i];
		if (a->values[i] == NULL || f->key == NULL)
			continue;
		json_t *value = f->kind == KIND_LIST ? list_of(a, i) : value_of(f, a->values[i]);
		if (value == NULL) {
			json_decref(body);
			return NULL;
		}
		json_object_set_new(body, f->key, value);
	}
	return body;
}

static char *append(char *path, const char *key, const char *value)
{
	char *escaped = url_escape(value), *longer = NULL;
	if (path == NULL || escaped == NULL ||
	    asprintf(&longer, "%s%c%s=%s", path, strchr(path, '?') ? '&' : '?', key, escaped) < 0)
		longer = NULL;
	free(escaped);
	free(path);
	return longer;
}

char *query_of(const struct command *c, const struct arguments *a, const char *path)
{
	json_t *body = body_of(c, a); /* for its checks */
	char *query = body ? strdup(path) : NULL;
	json_decref(body);
	for (int i = 0; query && i < OPERANDS_MAX; i++) {
		if (a->operands[i] && c->operands[i].key)
			query = append(query, c->operands[i].key, a->operands[i]);
	}
	for (int i = 0; query && i < FLAGS_MAX && c->flags[i].name; i++) {
		if (a->values[i] && c->flags[i].key)
			query = append(query, c->flags[i].key, a->values[i]);
	}
	return query;
}
