/*
 * RFC 3261 §10.3 steps 6 and 7. The whole outcome is worked out in a plan first; only a plan in
 * which nothing is wrong is carried out, so that a refused request changes nothing.
 */
#include "base/err.h"
#include "reg/reg_priv.h"

#include <assert.h>

static const char *const policy_names[] = {
	[REG_NEWEST] = "newest",
	[REG_FORK] = "fork",
	[REG_REJECT] = "reject",
};

const char *reg_policy_name(enum reg_policy p)
{
	return policy_names[p];
}

int reg_policy_of(struct slice name, enum reg_policy *ret_policy)
{
	for (enum reg_policy p = REG_NEWEST; p <= REG_REJECT; p++) {
		if (!slice_eq(name, slice_str(policy_names[p])))
			continue;
		*ret_policy = p;
		return 0;
	}
	return ERR_NOT_FOUND;
}

enum fate { STAYS, WANTED /* by a contact */, GOES /* Contact: * */, REPLACED };

#define NOBODY (-1)

struct plan {
	const struct reg_request *request;
	struct reg_known known[REG_BINDINGS_MAX];
	enum fate fates[REG_BINDINGS_MAX];
	uint32_t known_count;
	int targets[REG_CONTACTS_MAX];	/* which known binding the contact means; NOBODY: a new one
					 */
	bool skipped[REG_CONTACTS_MAX]; /* the same is said again later */
	struct reg_outcome *outcome;
};

/* What has expired is as good as gone; the directory reports it. */
static void plan_init(struct plan *p, const struct reg_binding *old, uint32_t old_count,
		      const struct reg_request *request, struct reg_outcome *outcome)
{
	assert(old_count <= REG_BINDINGS_MAX);
	p->request = request;
	p->outcome = outcome;
	p->known_count = 0;
	for (uint32_t i = 0; i < old_count; i++) {
		if (old[i].expires_at <= request->now_ms)
			continue;
		p->fates[p->known_count] = STAYS;
		reg_known_init(&p->known[p->known_count++], &old[i]);
	}
}

static int find(const struct plan *p, const struct reg_contact *contact, enum reg_likeness wanted)
{
	for (uint32_t i = 0; i < p->known_count; i++)
		if (p->fates[i] == STAYS &&
		    reg_likeness(&p->known[i], p->request, contact) == wanted)
			return (int)i;
	return NOBODY;
}

static void aim(struct plan *p, uint32_t contact, enum reg_likeness wanted)
{
	int target = find(p, &p->request->contacts[contact], wanted);

	p->targets[contact] = target;
	if (target != NOBODY)
		p->fates[target] = WANTED;
}

static bool is_said_again(const struct reg_request *rq, uint32_t contact)
{
	for (uint32_t i = contact + 1; i < rq->contact_count; i++)
		if (reg_contact_repeats(&rq->contacts[contact], &rq->contacts[i]))
			return true;
	return false;
}

/*
 * Exact matches first, for all contacts: a phone that lists two contacts must not have one of them
 * taken for the other. A removal is always meant exactly.
 */
static void aim_all(struct plan *p)
{
	const struct reg_request *rq = p->request;

	for (uint32_t i = 0; i < rq->contact_count; i++) {
		p->skipped[i] = is_said_again(rq, i);
		if (!p->skipped[i])
			aim(p, i, REG_SAME);
	}
	for (uint32_t i = 0; i < rq->contact_count; i++)
		if (!p->skipped[i] && p->targets[i] == NOBODY && rq->contacts[i].expires_s)
			aim(p, i, REG_LIKE);
}

/* Steps 6 and 7: with the Call-ID that the binding was made with, only a higher CSeq may touch it,
 * or what was written after the binding, whatever its CSeq. */
static bool is_out_of_order(const struct plan *p)
{
	for (uint32_t i = 0; i < p->known_count; i++) {
		const struct reg_binding *b = p->known[i].binding;

		if (p->fates[i] != STAYS && slice_eq(b->call_id, p->request->call_id) &&
		    p->request->cseq <= b->cseq && p->request->challenged_at <= b->refreshed_at)
			return true;
	}
	return false;
}

static bool is_of_this_device(const struct plan *p, uint32_t known)
{
	for (uint32_t i = 0; i < p->request->contact_count; i++)
		if (reg_likeness(&p->known[known], p->request, &p->request->contacts[i]) !=
		    REG_STRANGER)
			return true;
	return false;
}

/* A live contact that no binding stands for: a device arrives. */
static bool is_arrival(const struct plan *p)
{
	for (uint32_t i = 0; i < p->request->contact_count; i++)
		if (!p->skipped[i] && p->targets[i] == NOBODY && p->request->contacts[i].expires_s)
			return true;
	return false;
}

/* Since when has the device of this request been registered? A new one: later than any other. */
static int64_t registered_since(const struct plan *p)
{
	int64_t since = INT64_MIN;

	if (is_arrival(p))
		return INT64_MAX;
	for (uint32_t i = 0; i < p->request->contact_count; i++) {
		int target = p->skipped[i] ? NOBODY : p->targets[i];

		if (target != NOBODY && p->request->contacts[i].expires_s &&
		    p->known[target].binding->registered_at > since)
			since = p->known[target].binding->registered_at;
	}
	return since;
}

/*
 * The number's policy. Under NEWEST a refresh also drives out older devices: they are there when
 * the policy was another one before, and the newest one is to ring from now on.
 */
static void apply_policy(struct plan *p, enum reg_policy policy)
{
	int64_t since = registered_since(p);
	bool arrival = is_arrival(p);

	for (uint32_t i = 0; i < p->known_count; i++) {
		if (p->fates[i] != STAYS || is_of_this_device(p, i))
			continue;
		if (arrival)
			p->outcome->double_register = true;
		if (policy == REG_NEWEST && p->known[i].binding->registered_at < since)
			p->fates[i] = REPLACED;
		if (policy == REG_REJECT && arrival)
			p->outcome->code = 403;
	}
}

static uint32_t count_after(const struct plan *p)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < p->known_count; i++)
		count += p->fates[i] == STAYS;
	for (uint32_t i = 0; i < p->request->contact_count; i++)
		count += !p->skipped[i] && p->request->contacts[i].expires_s != 0;
	return count;
}

static void judge(struct plan *p, enum reg_policy policy)
{
	struct reg_outcome *o = p->outcome;

	apply_policy(p, policy);
	if (is_out_of_order(p)) {
		o->code = 500;
		o->text = "CSeq is not higher than that of the last REGISTER with this Call-ID";
	} else if (o->code == 403) {
		o->text = "Another device is registered and this number admits one only";
	} else if (count_after(p) > REG_BINDINGS_MAX) {
		o->code = 503;
		o->text = "Too many devices are registered for this number";
	}
}

/* ---- carrying out ---- */

static void report(struct reg_outcome *o, enum reg_change_kind kind, const struct reg_binding *b)
{
	o->changes[o->change_count++] = (struct reg_change){.kind = kind, .binding = *b};
}

/* Newest first; those that came together stay in the order of the request. */
static void keep(struct reg_outcome *o, const struct reg_binding *b)
{
	uint32_t at = o->binding_count++;

	for (; at > 0 && o->bindings[at - 1].registered_at < b->registered_at; at--)
		o->bindings[at] = o->bindings[at - 1];
	o->bindings[at] = *b;
}

/* What was known of the old way to the phone says nothing about the new one; on the same way, a
 * phone that was unreachable has just opened its NAT again. */
static void take_way(struct reg_binding *b, const struct flow *flow)
{
	if (!flow_eq(&b->flow, flow)) {
		b->pinged_at = 0;
		b->reach = REG_UNKNOWN;
	} else if (b->reach == REG_UNREACHABLE) {
		b->reach = REG_UNKNOWN;
	}
	b->flow = *flow;
}

static void write(struct reg_binding *b, const struct reg_request *rq, const struct reg_contact *c)
{
	b->contact = c->uri_text;
	b->call_id = rq->call_id;
	b->instance = c->instance;
	b->user_agent = rq->user_agent;
	b->path = rq->path;
	b->cseq = rq->cseq;
	b->reg_id = c->reg_id;
	b->q_thousandths = c->q_thousandths;
	b->nat = reg_contact_behind_nat(c, &rq->flow);
	b->refreshed_at = rq->now_ms;
	b->expires_at = rq->now_ms + (int64_t)c->expires_s * 1000;
}

static void carry_out(struct plan *p, uint32_t contact)
{
	const struct reg_request *rq = p->request;
	const struct reg_contact *c = &rq->contacts[contact];
	const struct reg_known *k =
		p->targets[contact] == NOBODY ? NULL : &p->known[p->targets[contact]];
	struct reg_binding b = {.registered_at = rq->now_ms, .flow = rq->flow};
	enum reg_change_kind kind = REG_ADDED;

	if (c->expires_s == 0) {
		if (k)
			report(p->outcome, REG_REMOVED, k->binding);
		return;
	}
	if (k) {
		b = *k->binding;
		kind = flow_eq(&b.flow, &rq->flow) && reg_contact_same_uri(k, c) ? REG_REFRESHED
										 : REG_MOVED;
	}
	take_way(&b, &rq->flow);
	write(&b, rq, c);
	report(p->outcome, kind, &b);
	keep(p->outcome, &b);
}

/* As it is: for a fetch and for every refusal. */
static void keep_the_rest(struct plan *p, bool all)
{
	for (uint32_t i = 0; i < p->known_count; i++) {
		const struct reg_binding *b = p->known[i].binding;

		if (all || p->fates[i] == STAYS)
			keep(p->outcome, b);
		else if (p->fates[i] != WANTED)
			report(p->outcome, p->fates[i] == REPLACED ? REG_REPLACED : REG_REMOVED, b);
	}
}

void reg_apply(const struct reg_binding *old, uint32_t old_count, const struct reg_request *request,
	       enum reg_policy policy, struct reg_outcome *ret_outcome)
{
	struct plan plan;

	/* Only what is counted is ever read: ten kilobytes need no zeroing. */
	ret_outcome->code = 200;
	ret_outcome->text = NULL;
	ret_outcome->binding_count = 0;
	ret_outcome->change_count = 0;
	ret_outcome->double_register = false;
	plan_init(&plan, old, old_count, request, ret_outcome);
	if (request->star)
		for (uint32_t i = 0; i < plan.known_count; i++)
			plan.fates[i] = GOES;
	else
		aim_all(&plan);
	judge(&plan, policy);
	if (ret_outcome->code == 200 && !request->star)
		for (uint32_t i = 0; i < request->contact_count; i++)
			if (!plan.skipped[i])
				carry_out(&plan, i);
	keep_the_rest(&plan, ret_outcome->code != 200);
}
