/* Walks the file against the table of keys, fills in the defaults, then looks at the whole. */
#include "main/config_priv.h"

#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>

#define NAME_BYTES 128

static int read_item(struct config_source *s, const struct config_key *key, const yaml_node_t *node,
		     struct config *c)
{
	if (node->type != YAML_SCALAR_NODE)
		return config_fault(s, ERR_INVALID, config_line(node), key->name,
				    "takes %s, not keys of its own",
				    key->many ? "a value or a list of values" : "one value");
	const char *what = key->read(key, config_scalar(node), c);

	return what ? config_fault(s, ERR_INVALID, config_line(node), key->name, "%s", what) : 0;
}

static int read_value(struct config_source *s, const struct config_key *key,
		      const yaml_node_t *node, struct config *c)
{
	int err = 0;

	if (node->type != YAML_SEQUENCE_NODE)
		return read_item(s, key, node, c);
	if (!key->many)
		return config_fault(s, ERR_INVALID, config_line(node), key->name,
				    "takes one value, not a list");
	if (node->data.sequence.items.start == node->data.sequence.items.top)
		return config_fault(s, ERR_INVALID, config_line(node), key->name,
				    "is an empty list; write at least one value");
	for (yaml_node_item_t *i = node->data.sequence.items.start;
	     !err && i < node->data.sequence.items.top; i++)
		err = read_item(s, key, yaml_document_get_node(&s->document, *i), c);
	return err;
}

static int unknown_key(const struct config_source *s, const yaml_node_t *key, const char *name)
{
	char guess[NAME_BYTES];
	const char *near = config_key_guess(slice_str(name), guess, sizeof(guess));

	if (near)
		return config_fault(s, ERR_INVALID, config_line(key), name,
				    "unknown key; did you mean %s?", near);
	return config_fault(s, ERR_INVALID, config_line(key), name,
			    "unknown key; opengated --help-config lists all keys");
}

static bool is_null(const yaml_node_t *n)
{
	return n->type == YAML_SCALAR_NODE && n->data.scalar.length == 0;
}

static int read_section(struct config_source *s, const char *name, const yaml_node_t *node,
			struct config *c);

static int read_pair(struct config_source *s, const char *section, const yaml_node_t *key_node,
		     const yaml_node_t *node, struct config *c)
{
	char name[NAME_BYTES];

	if (key_node->type != YAML_SCALAR_NODE)
		return config_fault(s, ERR_SYNTAX, config_line(key_node), NULL,
				    "a key must be a plain word");
	snprintf(name, sizeof(name), "%s%s%.*s", section, *section ? "." : "",
		 SLICE_ARG(config_scalar(key_node)));
	const struct config_key *key = config_key_find(slice_str(name));

	if (key)
		return read_value(s, key, node, c);
	if (!config_section_is(slice_str(name)))
		return unknown_key(s, key_node, name);
	if (is_null(node))
		return 0;
	return read_section(s, name, node, c);
}

/* The same key twice in one mapping is a mistake that YAML itself forbids but libyaml lets pass. */
static int refuse_twice(struct config_source *s, const yaml_node_t *mapping,
			const yaml_node_pair_t *p)
{
	const yaml_node_t *key = yaml_document_get_node(&s->document, p->key);

	for (const yaml_node_pair_t *q = mapping->data.mapping.pairs.start; q < p; q++) {
		const yaml_node_t *other = yaml_document_get_node(&s->document, q->key);

		if (key->type == YAML_SCALAR_NODE && other->type == YAML_SCALAR_NODE &&
		    slice_eq(config_scalar(key), config_scalar(other)))
			return config_fault(s, ERR_INVALID, config_line(key),
					    (const char *)key->data.scalar.value,
					    "stands in line %zu already; leave one of the two out",
					    config_line(other));
	}
	return 0;
}

static int read_section(struct config_source *s, const char *name, const yaml_node_t *node,
			struct config *c)
{
	int err = 0;

	if (node->type != YAML_MAPPING_NODE)
		return config_fault(s, ERR_INVALID, config_line(node), *name ? name : NULL,
				    "must hold \"key: value\" lines");
	for (yaml_node_pair_t *p = node->data.mapping.pairs.start;
	     !err && p < node->data.mapping.pairs.top; p++) {
		err = refuse_twice(s, node, p);
		if (!err)
			err = read_pair(s, name, yaml_document_get_node(&s->document, p->key),
					yaml_document_get_node(&s->document, p->value), c);
	}
	return err;
}

static int read_defaults(struct config_source *s, struct config *c)
{
	for (size_t i = 0; i < config_key_count; i++) {
		const struct config_key *key = &config_keys[i];

		if (config_tree_find(s, key->name))
			continue;
		if (!key->fallback)
			return config_fault(s, ERR_INVALID, 0, key->name,
					    "is missing and has no default; see the example in "
					    "opengate.yaml(5)");
		if (*key->fallback)
			key->read(key, slice_str(key->fallback), c);
	}
	return 0;
}

int config_parse(const char *path, struct slice yaml, struct config *ret_config, char *ret_text,
		 size_t text_bytes)
{
	struct config_source s = {.path = path, .fault = ret_text, .fault_bytes = text_bytes};
	struct config c;

	memset(&c, 0, sizeof(c)); /* padding too: members are compared as bytes */
	int err = config_tree_open(&s, yaml);

	if (err)
		return err;
	const yaml_node_t *root = config_tree_root(&s);

	if (root && !is_null(root))
		err = read_section(&s, "", root, &c);
	if (!err)
		err = read_defaults(&s, &c);
	if (!err)
		err = config_check(&s, &c);
	config_tree_close(&s);
	if (!err)
		memcpy(ret_config, &c, sizeof(c));
	return err;
}

int config_load(const char *path, struct config *ret_config, char *ret_text, size_t text_bytes)
{
	const struct config_source s = {.path = path, .fault = ret_text, .fault_bytes = text_bytes};
	char *text;
	size_t n;
	int err = config_file_read(&s, &text, &n);

	if (err)
		return err;
	err = config_parse(path, slice_of(text, n), ret_config, ret_text, text_bytes);
	free(text);
	return err;
}
