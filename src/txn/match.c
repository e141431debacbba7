/* Which transaction a message belongs to: RFC 3261 §17.1.3 (responses), §17.2.3 (requests),
 * §8.2.2.2 (merged ones). */
#include "txn/txn_priv.h"

#include "base/strbuf.h"
#include "sip/value.h"

/* Texts are joined with a byte that cannot stand in a header; overlong ones are folded into the
 * hash by parts. */
struct digest {
	const struct hash_key *key;
	struct txn_key sum;
	struct strbuf b;
	char memory[512];
};

static void digest_fold(struct digest *d)
{
	struct hash_pair h = hash_slice_pair(d->key, strbuf_slice(&d->b));

	d->sum.hash = hash_mix(d->sum.hash, h.first);
	d->sum.check = hash_mix(d->sum.check, h.second);
	strbuf_init(&d->b, d->memory, sizeof(d->memory));
	strbuf_char(&d->b, 0);
}

static void digest_init(struct digest *d, const struct hash_key *key, char domain)
{
	d->key = key;
	d->sum = (struct txn_key){0, 0};
	strbuf_init(&d->b, d->memory, sizeof(d->memory));
	strbuf_char(&d->b, domain);
}

static void digest_add(struct digest *d, struct slice s)
{
	while (s.n) {
		size_t room = sizeof(d->memory) - d->b.n;
		struct slice part = slice_first(s, room);
		strbuf_add(&d->b, part);
		s = slice_from(s, part.n);
		if (d->b.n == sizeof(d->memory))
			digest_fold(d);
	}
	if (d->b.n == sizeof(d->memory))
		digest_fold(d);
	strbuf_char(&d->b, '\n');
}

static void digest_add_folded(struct digest *d, struct slice s)
{
	char lower[256];
	size_t n = s.n < sizeof(lower) ? s.n : sizeof(lower);

	for (size_t i = 0; i < n; i++)
		lower[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] | 0x20 : s.p[i]);
	digest_add(d, slice_of(lower, n));
}

static void digest_add_u32(struct digest *d, uint32_t v)
{
	char text[4] = {(char)v, (char)(v >> 8), (char)(v >> 16), (char)(v >> 24)};
	digest_add(d, slice_of(text, sizeof(text)));
}

static struct txn_key digest_sum(struct digest *d)
{
	digest_fold(d);
	return d->sum;
}

struct txn_key txn_client_key(const struct txn_layer *l, struct slice branch, struct slice method)
{
	struct digest d;

	digest_init(&d, l->p.hash_key, 'c');
	digest_add(&d, branch);
	digest_add(&d, method);
	return digest_sum(&d);
}

/* Branch, sent-by (the default port may be left out) and method. */
static struct txn_key key_3261(const struct txn_layer *l, const struct sip_msg *msg,
			       struct slice method)
{
	struct digest d;

	digest_init(&d, l->p.hash_key, 's');
	digest_add(&d, msg->via.branch);
	digest_add_folded(&d, msg->via.host);
	digest_add_u32(&d, msg->via.port ? msg->via.port : 5060);
	digest_add(&d, method);
	return digest_sum(&d);
}

/* Request-URI, From tag, Call-ID, CSeq and top Via. The To tag is left out: an ACK carries that of
 * our response, which the INVITE did not have, and nothing else could come in between. */
static struct txn_key key_2543(const struct txn_layer *l, const struct sip_msg *msg,
			       struct slice method)
{
	struct digest d;

	digest_init(&d, l->p.hash_key, 'o');
	digest_add(&d, msg->uri_text);
	digest_add(&d, msg->from_tag);
	digest_add(&d, msg->call_id);
	digest_add_u32(&d, msg->cseq.number);
	digest_add(&d, msg->via.text);
	digest_add(&d, method);
	return digest_sum(&d);
}

struct txn_key txn_server_key(const struct txn_layer *l, const struct sip_msg *msg,
			      enum sip_method method)
{
	struct slice name = method == msg->method ? msg->method_text : sip_method_name(method);

	if (slice_istarts(msg->via.branch, SLICE("z9hG4bK")) && msg->via.branch.n > 7)
		return key_3261(l, msg, name);
	return key_2543(l, msg, name);
}

uint64_t txn_merge_hash(const struct txn_layer *l, const struct sip_msg *msg)
{
	struct digest d;

	digest_init(&d, l->p.hash_key, 'm');
	digest_add(&d, msg->from_tag);
	digest_add(&d, msg->call_id);
	digest_add_u32(&d, msg->cseq.number);
	digest_add(&d, msg->cseq.method_text);
	uint64_t hash = digest_sum(&d).hash;
	return hash ? hash : 1;
}

struct sought {
	const struct pool *pool;
	uint64_t check;
};

static bool is_sought(const void *ctx, uint64_t value)
{
	const struct sought *s = ctx;
	const struct txn_core *c = pool_get(s->pool, (struct id){value});

	return c && c->key.check == s->check && c->state != TXN_TERMINATED;
}

struct txn_client *txn_find_client(struct txn_layer *l, const struct txn_key *key)
{
	struct sought s = {l->clients, key->check};
	return pool_get(l->clients,
			(struct id){index_find(l->client_index, key->hash, is_sought, &s)});
}

struct txn_server *txn_find_server(struct txn_layer *l, const struct txn_key *key)
{
	struct sought s = {l->servers, key->check};
	return pool_get(l->servers,
			(struct id){index_find(l->server_index, key->hash, is_sought, &s)});
}
