/* Places on trunks, and the credentials of requests that go there. */
#include "trunk/table_priv.h"

#include "base/err.h"

enum trunk_verdict trunks_take(struct trunks *t, const struct trunk_ask *ask,
			       struct trunk *ret_trunk)
{
	uint32_t at = 0;
	if (trunks_count(t) == 0)
		return TRUNK_NONE;
	pthread_mutex_lock(&t->lock);
	struct trunk_table *now = t->now;
	enum trunk_verdict verdict = trunk_choose(now->v, now->states, now->count, ask, &at);
	if (verdict == TRUNK_FOUND) {
		now->states[at].calls++;
		now->known[at].attempts++;
		*ret_trunk = now->v[at];
	}
	pthread_mutex_unlock(&t->lock);
	return verdict;
}

int trunks_take_this(struct trunks *t, uint32_t id)
{
	int err = ERR_NOT_FOUND;
	pthread_mutex_lock(&t->lock);
	int at = trunks_at(t, id);
	if (at >= 0)
		err = trunk_is_full(&t->now->v[at], &t->now->states[at]) ? ERR_LIMIT : 0;
	if (err == 0)
		t->now->states[at].calls++;
	pthread_mutex_unlock(&t->lock);
	return err;
}

bool trunks_restore(struct trunks *t, uint32_t id)
{
	pthread_mutex_lock(&t->lock);
	int at = trunks_at(t, id);
	if (at >= 0)
		t->now->states[at].calls++;
	pthread_mutex_unlock(&t->lock);
	return at >= 0;
}

void trunks_give(struct trunks *t, uint32_t id)
{
	pthread_mutex_lock(&t->lock);
	int at = trunks_at(t, id);
	if (at >= 0 && t->now->states[at].calls)
		t->now->states[at].calls--;
	pthread_mutex_unlock(&t->lock);
}

uint32_t trunks_places(const struct trunks *t, uint32_t id)
{
	uint32_t sum = 0;
	pthread_mutex_t *lock = (pthread_mutex_t *)&t->lock;
	pthread_mutex_lock(lock);
	for (uint32_t i = 0; i < t->now->count; i++) {
		if (id == 0 || t->now->v[i].id == id)
			sum += t->now->states[i].calls;
	}
	pthread_mutex_unlock(lock);
	return sum;
}

void trunks_attempt_failed(struct trunks *t, uint32_t id)
{
	pthread_mutex_lock(&t->lock);
	int at = trunks_at(t, id);
	if (at >= 0)
		t->now->known[at].failures++;
	pthread_mutex_unlock(&t->lock);
}

/* --- digest */

static bool same_nonce(const struct digest_challenge *a, const struct digest_challenge *b)
{
	return strcmp(a->nonce, b->nonce) == 0 && strcmp(a->realm, b->realm) == 0;
}

bool trunks_challenged(struct trunks *t, uint32_t id, const struct digest_challenge *c,
		       bool answered)
{
	bool useful = false;
	pthread_mutex_lock(&t->lock);
	int at = trunks_at(t, id);
	if (at >= 0 && t->now->v[at].user[0] && t->now->v[at].password[0]) {
		struct trunk_known *k = &t->now->known[at];
		useful = !answered || c->stale || !k->challenged || !same_nonce(&k->challenge, c);
		if (!k->challenged || !same_nonce(&k->challenge, c))
			k->nc = 0;
		k->challenge = *c;
		k->challenged = true;
	}
	pthread_mutex_unlock(&t->lock);
	return useful;
}

/* What an answer is made of, copied out: hashing needs no lock. */
struct answer {
	struct digest_challenge challenge;
	char user[TRUNK_USER_BYTES], password[TRUNK_SECRET_BYTES];
	uint32_t nc;
};

static bool take_answer(struct trunks *t, uint32_t id, struct answer *a)
{
	pthread_mutex_lock(&t->lock);
	int at = trunks_at(t, id);
	bool has = at >= 0 && t->now->known[at].challenged && t->now->v[at].password[0];
	if (has) {
		a->challenge = t->now->known[at].challenge;
		a->nc = ++t->now->known[at].nc;
		memcpy(a->user, t->now->v[at].user, sizeof(a->user));
		memcpy(a->password, t->now->v[at].password, sizeof(a->password));
	}
	pthread_mutex_unlock(&t->lock);
	return has;
}

void trunks_answer(struct trunks *t, uint32_t id, struct slice method, struct slice uri,
		   struct rng *rng, struct strbuf *b)
{
	struct answer a;
	char cnonce[17];
	if (!take_answer(t, id, &a))
		return;
	rng_token(rng, cnonce, sizeof(cnonce) - 1);
	cnonce[sizeof(cnonce) - 1] = '\0';
	const struct digest_request r = {
		.user = slice_str(a.user),
		.password = slice_str(a.password),
		.method = method,
		.uri = uri,
		.cnonce = slice_str(cnonce),
		.nc = a.nc,
	};
	strbuf_str(b, a.challenge.proxy ? "Proxy-Authorization: " : "Authorization: ");
	if (digest_answer_write(b, &a.challenge, &r) != 0)
		b->failed = true;
	strbuf_str(b, "\r\n");
}
