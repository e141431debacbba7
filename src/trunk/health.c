/* Whether trunks are up, and registered. */
#include "trunk/table_priv.h"

/* True: it is up now and was not before, or the other way round. */
static bool settle(struct trunk_table *now, int at, enum trunk_why why, int64_t wall_ms)
{
	struct trunk_state *s = &now->states[at];
	struct trunk_known *k = &now->known[at];
	bool down = k->silent || s->registration == TRUNK_REGISTRATION_FAILED;
	if (down == s->down)
		return false;
	s->down = down;
	s->why = (uint8_t)(down ? why : TRUNK_WHY_UP);
	k->changed_at = wall_ms;
	return true;
}

bool trunks_heard(struct trunks *t, uint32_t id, bool answered, enum trunk_why why,
		  uint32_t failures, int64_t wall_ms)
{
	bool changed = false;
	pthread_mutex_lock(&t->lock);
	int at = trunks_at(t, id);
	if (at >= 0) {
		struct trunk_known *k = &t->now->known[at];
		k->misses = answered ? 0 : k->misses + 1;
		k->probe_wanted |= why == TRUNK_WHY_INVITE;
		k->silent = !answered && (k->silent || k->misses >= failures);
		changed = settle(t->now, at, why, wall_ms);
	}
	pthread_mutex_unlock(&t->lock);
	return changed;
}

bool trunks_probe(struct trunks *t, struct slice name)
{
	bool found = false;
	pthread_mutex_lock(&t->lock);
	for (uint32_t i = 0; i < t->now->count; i++) {
		if (!slice_eq(name, slice_str(t->now->v[i].name)))
			continue;
		t->now->known[i].probe_wanted = found = true;
	}
	pthread_mutex_unlock(&t->lock);
	return found;
}

bool trunks_probe_wanted(struct trunks *t, uint32_t id)
{
	pthread_mutex_lock(&t->lock);
	int at = trunks_at(t, id);
	bool wanted = at >= 0 && t->now->known[at].probe_wanted;
	if (wanted)
		t->now->known[at].probe_wanted = false;
	pthread_mutex_unlock(&t->lock);
	return wanted;
}

void trunks_options_done(struct trunks *t, uint32_t id, int code, uint32_t ms)
{
	pthread_mutex_lock(&t->lock);
	int at = trunks_at(t, id);
	if (at >= 0) {
		struct trunk_known *k = &t->now->known[at];
		k->options_code = (int16_t)code;
		k->options_ms = ms;
		k->probes++;
	}
	pthread_mutex_unlock(&t->lock);
}

void trunks_addresses(struct trunks *t, uint32_t id, const struct addr *v, uint32_t count)
{
	pthread_mutex_lock(&t->lock);
	int at = trunks_at(t, id);
	if (at >= 0) {
		struct trunk_state *s = &t->now->states[at];
		s->address_count = count < TRUNK_ADDRESSES_MAX ? count : TRUNK_ADDRESSES_MAX;
		memcpy(s->addresses, v, s->address_count * sizeof(*v));
	}
	pthread_mutex_unlock(&t->lock);
}

bool trunks_registered(struct trunks *t, uint32_t id, enum trunk_registration r, int code,
		       int64_t until_ms, int64_t wall_ms, bool *ret_turned)
{
	bool changed = false;
	*ret_turned = false;
	pthread_mutex_lock(&t->lock);
	int at = trunks_at(t, id);
	if (at >= 0) {
		struct trunk_state *s = &t->now->states[at];
		changed = s->registration != r;
		s->registration = (uint8_t)r;
		t->now->known[at].register_code = (int16_t)code;
		t->now->known[at].registered_until = until_ms;
		*ret_turned = settle(t->now, at, TRUNK_WHY_REGISTER, wall_ms);
	}
	pthread_mutex_unlock(&t->lock);
	return changed;
}
