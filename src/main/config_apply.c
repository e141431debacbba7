/* What a reload may change at run time, and what it must leave for the next start. */
#include "base/strbuf.h"
#include "main/config_priv.h"

static void add_name(struct strbuf *b, const char *name)
{
	if (b->n)
		strbuf_str(b, ", ");
	strbuf_str(b, name);
}

void config_apply(struct config *live, const struct config *fresh, char *ret_applied,
		  char *ret_restart, size_t text_bytes)
{
	struct strbuf applied, restart;

	strbuf_init(&applied, ret_applied, text_bytes - 1);
	strbuf_init(&restart, ret_restart, text_bytes - 1);
	for (size_t i = 0; i < config_key_count; i++) {
		const struct config_key *key = &config_keys[i];
		char *mine = (char *)live + key->offset;
		const char *theirs = (const char *)fresh + key->offset;

		if (memcmp(mine, theirs, key->bytes) == 0)
			continue;
		add_name(key->live ? &applied : &restart, key->name);
		if (key->live)
			memcpy(mine, theirs, key->bytes);
	}
	ret_applied[applied.n] = '\0';
	ret_restart[restart.n] = '\0';
}
