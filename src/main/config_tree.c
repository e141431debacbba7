/* The YAML document with the place of every value, so that each fault can name its line. */
#include "base/err.h"
#include "main/config_priv.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Keys and values in quotes may hold line ends, or what a terminal takes for a command; the fault
 * stays one line. */
static void visible(char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = ' ';
	}
}

int config_fault(const struct config_source *s, int err, size_t line, const char *key,
		 const char *fmt, ...)
{
	char place[32] = "";
	va_list args;

	if (line)
		snprintf(place, sizeof(place), ":%zu", line);
	int n = snprintf(s->fault, s->fault_bytes, "%s%s: %s%s", s->path, place, key ? key : "",
			 key ? ": " : "");

	if (n < 0 || (size_t)n >= s->fault_bytes)
		return err;
	va_start(args, fmt);
	vsnprintf(s->fault + n, s->fault_bytes - (size_t)n, fmt, args);
	va_end(args);
	visible(s->fault);
	return err;
}

static int syntax_fault(const struct config_source *s, const yaml_parser_t *p)
{
	if (p->error == YAML_MEMORY_ERROR)
		return config_fault(s, ERR_NOMEM, 0, NULL, "out of memory");
	if (p->error == YAML_READER_ERROR)
		return config_fault(s, ERR_SYNTAX, 0, NULL, "not UTF-8 text: %s", p->problem);
	return config_fault(
		s, ERR_SYNTAX, p->problem_mark.line + 1, NULL,
		"not valid YAML: %s (column %zu); look for a missing quote, bracket or space there",
		p->problem ? p->problem : "syntax error", p->problem_mark.column + 1);
}

int config_tree_open(struct config_source *s, struct slice yaml)
{
	yaml_parser_t parser;
	int err = 0;

	if (!yaml_parser_initialize(&parser))
		return config_fault(s, ERR_NOMEM, 0, NULL, "out of memory");
	yaml_parser_set_input_string(&parser, (const unsigned char *)(yaml.p ? yaml.p : ""),
				     yaml.n);
	if (!yaml_parser_load(&parser, &s->document))
		err = syntax_fault(s, &parser);
	yaml_parser_delete(&parser);
	return err;
}

void config_tree_close(struct config_source *s)
{
	yaml_document_delete(&s->document);
}

yaml_node_t *config_tree_root(struct config_source *s)
{
	return yaml_document_get_root_node(&s->document);
}

static yaml_node_t *child(struct config_source *s, const yaml_node_t *mapping, struct slice name)
{
	if (!mapping || mapping->type != YAML_MAPPING_NODE)
		return NULL;
	for (yaml_node_pair_t *p = mapping->data.mapping.pairs.start;
	     p < mapping->data.mapping.pairs.top; p++) {
		const yaml_node_t *key = yaml_document_get_node(&s->document, p->key);

		if (key->type == YAML_SCALAR_NODE && slice_eq(config_scalar(key), name))
			return yaml_document_get_node(&s->document, p->value);
	}
	return NULL;
}

yaml_node_t *config_tree_find(struct config_source *s, const char *key)
{
	struct slice rest = slice_str(key);
	yaml_node_t *node = config_tree_root(s);

	while (node && rest.n)
		node = child(s, node, slice_cut(&rest, '.'));
	return node;
}

static int read_all(FILE *f, char **ret_text, size_t *ret_n)
{
	size_t cap = 4096, n = 0, got;
	char *text = malloc(cap);

	while (text && (got = fread(text + n, 1, cap - n - 1, f)) > 0) {
		n += got;
		if (cap - n - 1 > 0)
			continue;
		char *bigger = cap < (1u << 20) ? realloc(text, cap *= 2) : NULL;

		if (!bigger)
			free(text);
		text = bigger;
	}
	if (!text)
		return ERR_NOMEM;
	if (ferror(f)) {
		free(text);
		return ERR_IO;
	}
	text[n] = '\0';
	*ret_text = text;
	*ret_n = n;
	return 0;
}

int config_file_read(const struct config_source *s, char **ret_text, size_t *ret_n)
{
	FILE *f = fopen(s->path, "re");
	int err;

	if (!f && errno == ENOENT)
		return config_fault(s, ERR_IO, 0, NULL,
				    "there is no such file; give the path with --config FILE");
	if (!f)
		return config_fault(s, ERR_IO, 0, NULL,
				    "cannot be opened: %m; let this user read it");
	err = read_all(f, ret_text, ret_n);
	if (err)
		config_fault(s, err, 0, NULL,
			     err == ERR_NOMEM ? "is larger than 1 MiB" : "cannot be read: %m");
	fclose(f);
	return err;
}
