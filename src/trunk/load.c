/* Trunks out of the store. */
#include "trunk/table_priv.h"

#include "base/err.h"

#include <sodium.h>
#include <stdlib.h>

struct load {
	struct trunks *t;
	struct trunk *v;
	uint32_t count, unread;
};

static int read_sources(struct slice list, struct trunk *t)
{
	while (list.n) {
		struct slice one = slice_trim(slice_cut(&list, ','));
		if (t->source_count == TRUNK_SOURCES_MAX ||
		    cidr_parse(one, &t->sources[t->source_count]) != 0)
			return ERR_DAMAGED;
		t->source_count++;
	}
	return 0;
}

static int read_prefixes(struct slice list, struct trunk *t)
{
	while (list.n) {
		struct slice one = slice_trim(slice_cut(&list, ','));
		if (t->prefix_count == TRUNK_PREFIXES_MAX ||
		    slice_copy(one, t->prefixes[t->prefix_count], DIAL_BYTES) != 0)
			return ERR_DAMAGED;
		t->prefix_count++;
	}
	return 0;
}

static int read_texts(const struct store_trunk *from, struct trunk *t)
{
	if (slice_copy(from->name, t->name, sizeof(t->name)) != 0 ||
	    slice_copy(from->host, t->host, sizeof(t->host)) != 0 ||
	    slice_copy(from->account, t->user, sizeof(t->user)) != 0)
		return ERR_DAMAGED;
	int err = read_sources(from->sources, t);
	return err ? err : read_prefixes(from->prefixes, t);
}

/* Without its password a trunk still works where none is asked for. */
static void read_secret(struct load *l, const struct store_trunk *from, struct trunk *t)
{
	if (from->secret.n == 0)
		return;
	if (!l->t->has_key || trunk_unseal(&l->t->key, from->secret, t->password) != 0)
		l->unread++;
}

static int read_trunk(void *ctx, const struct store_trunk *from)
{
	struct load *l = ctx;
	if (l->count == TRUNKS_MAX)
		return ERR_LIMIT;
	struct trunk *t = &l->v[l->count];
	*t = (struct trunk){
		.id = from->id,
		.port = from->port,
		.transport = from->transport <= SIP_TRANSPORT_OTHER
				     ? (enum sip_transport)from->transport
				     : SIP_TRANSPORT_OTHER,
		.format = from->format < TRUNK_FORMATS ? (enum trunk_format)from->format
						       : TRUNK_NATIONAL,
		.registers = from->registers,
		.trusted = from->trusted,
		.priority = from->priority,
		.weight = from->weight,
		.capacity = from->capacity,
	};
	int err = read_texts(from, t);
	if (err)
		return err;
	read_secret(l, from, t);
	l->count++;
	return 0;
}

int trunks_load(struct trunks *t, struct store *store, uint32_t *ret_unread)
{
	struct load l = {.t = t, .v = calloc(TRUNKS_MAX, sizeof(*l.v))};
	if (l.v == NULL)
		return ERR_NOMEM;
	int err = store_trunk_each(store, read_trunk, &l);
	if (err == 0)
		err = trunks_swap(t, l.v, l.count);
	if (err == 0 && ret_unread)
		*ret_unread = l.unread;
	sodium_memzero(l.v, TRUNKS_MAX * sizeof(*l.v));
	free(l.v);
	return err;
}
