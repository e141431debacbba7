/* The inside of config: the tree of the file, the table of keys, the readers of values. */
#pragma once

#include "main/config.h"

#include <yaml.h>

/* One file being read, and where its first fault goes. */
struct config_source {
	const char *path;
	yaml_document_t document;
	char *fault;
	size_t fault_bytes;
};

/* Writes "path:line: key: ..." (line 0 and key NULL are left out) and returns err. */
int config_fault(const struct config_source *s, int err, size_t line, const char *key,
		 const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Parses YAML into s->document; config_tree_close afterwards. 0, ERR_NOMEM or ERR_SYNTAX. */
int config_tree_open(struct config_source *s, struct slice yaml);
void config_tree_close(struct config_source *s);
yaml_node_t *config_tree_root(struct config_source *s); /* NULL: the file is empty */
/* The value under a dotted key ("http.socket"), or NULL. */
yaml_node_t *config_tree_find(struct config_source *s, const char *key);
/* Whole file, NUL-terminated, to be freed; ERR_IO with the fault told. */
int config_file_read(const struct config_source *s, char **ret_text, size_t *ret_n);

static inline struct slice config_scalar(const yaml_node_t *n)
{
	return slice_of((const char *)n->data.scalar.value, n->data.scalar.length);
}
static inline size_t config_line(const yaml_node_t *n)
{
	return n->start_mark.line + 1;
}

struct config_key;

/* Reads one value (of a list: one after the other). NULL, or what is wrong with it and how to mend
 * it. */
typedef const char *config_read_fn(const struct config_key *key, struct slice text,
				   struct config *c);

struct config_key {
	const char *name;     /* dotted */
	const char *fallback; /* as it would stand in the file; NULL: must be given */
	const char *help;     /* a sentence, for the manual page */
	config_read_fn *read;
	size_t offset, bytes; /* of the member: what is copied by a reload and compared */
	uint32_t min, max;    /* of numbers */
	bool many;	      /* a list is welcome too */
	bool live;	      /* may change while the server runs */
};

extern const struct config_key config_keys[];
extern const size_t config_key_count;

const struct config_key *config_key_find(struct slice name);
/* True when some key lies below that section ("sip"). */
bool config_section_is(struct slice name);
/* The known name beside `name` that is spelt most like it ("sip.domian" -> "sip.domain"); NULL:
 * none is near. */
const char *config_key_guess(struct slice name, char *ret_name, size_t name_bytes);

config_read_fn config_read_text, config_read_count, config_read_domain, config_read_listen,
	config_read_advertise, config_read_media, config_read_ports, config_read_http,
	config_read_socket, config_read_dns, config_read_shards, config_read_level,
	config_read_digest, config_read_trusted, config_read_announce, config_read_language,
	config_read_cause, config_read_own;

/* What only several keys together can get wrong. 0 or ERR_INVALID with the fault told. */
int config_check(struct config_source *s, struct config *c);
