/* The operator's rules: one immutable set, replaced whole. */
#include "directory/directory_priv.h"

#include <stdlib.h>

const struct plan_rules *directory_rules(struct directory *d)
{
	pthread_mutex_lock(&d->rules_lock);
	const struct plan_rules *rules = plan_rules_ref(d->rules);
	pthread_mutex_unlock(&d->rules_lock);
	return rules;
}

void directory_rules_put(struct directory *d, const struct plan_rules *rules)
{
	pthread_mutex_lock(&d->rules_lock);
	const struct plan_rules *old = d->rules;
	d->rules = rules;
	pthread_mutex_unlock(&d->rules_lock);
	plan_rules_unref(old);
}

struct gathered {
	struct plan_rule *rules;
	size_t count, cap;
};

static int grow(struct gathered *g)
{
	if (g->count < g->cap)
		return 0;
	size_t cap = g->cap ? g->cap * 2 : 64;
	struct plan_rule *grown = realloc(g->rules, cap * sizeof(*grown));
	if (grown == NULL)
		return ERR_NOMEM;
	g->rules = grown;
	g->cap = cap;
	return 0;
}

/* What another version, or nobody, has written is passed over: it could not be judged by. */
static int gather(void *ctx, const struct store_rule *from)
{
	struct gathered *g = ctx;
	struct plan_rule r = {.id = from->id, .allow = from->allow};
	if (from->scope >= PLAN_SCOPES || from->about >= PLAN_ABOUTS ||
	    slice_copy(from->who, r.who, sizeof(r.who)) != 0 ||
	    slice_copy(from->key, r.key, sizeof(r.key)) != 0)
		return 0;
	r.scope = (enum plan_scope)from->scope;
	r.about = (enum plan_about)from->about;
	int err = grow(g);
	if (err == 0)
		g->rules[g->count++] = r;
	return err;
}

int directory_rules_load(struct directory *d, struct store *store)
{
	struct gathered g = {0};
	struct plan_rules *rules;
	int err = store_rule_each(store, gather, &g);
	if (err == 0)
		err = plan_rules_new(g.rules, g.count, &rules);
	if (err == 0)
		directory_rules_put(d, rules);
	free(g.rules);
	return err;
}
