/* expect: what must be true of the server. within=MS waits for it. */
#include "script/run.h"

#include <stdlib.h>

/* What was found, for the sentence when it does not fit. */
struct expectation {
	bool (*fn)(struct run *r, struct expectation *e);
	const char *a, *b, *want;
	char found[128];
};

static bool fits(struct expectation *e, uint64_t n)
{
	snprintf(e->found, sizeof(e->found), "%llu", (unsigned long long)n);
	return e->want && run_count_fits(e->want, n);
}

/* --- counts of the shards, by the names that people need */

static bool count_of(const struct shard_counts *c, const char *name, uint64_t *ret_n)
{
	const struct {
		const char *name;
		uint64_t n;
	} names[] = {
		{"live", c->calls_live},
		{"total", c->calls_total},
		{"answered", c->calls_answered_total},
		{"refused", c->calls_refused_total},
		{"registers", c->registers_total},
		{"rejected", c->registers_rejected_total},
		{"moved", c->messages_moved},
		{"bad", c->messages_bad},
		{"in", c->messages_in},
		{"out", c->messages_out},
		{"overload", c->overload_total},
		{"inbox-full", c->inbox_full_total},
		{"connections", c->connections},
		{"endpoints", c->endpoints},
		{"legs", c->legs_used},
		{"players", c->players_used},
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i].name, name) == 0) {
			*ret_n = names[i].n;
			return true;
		}
	}
	return false;
}

/* expect count moved >0 */
static bool count_fits(struct run *r, struct expectation *e)
{
	struct shard_counts c;
	uint64_t n = 0;
	stage_counts(r->st, &c);
	if (!e->a || !count_of(&c, e->a, &n))
		return run_fail(r, "nothing is counted as \"%s\"", e->a ? e->a : "");
	return fits(e, n);
}

static bool calls_fit(struct run *r, struct expectation *e)
{
	struct shard_counts c;
	stage_counts(r->st, &c);
	e->want = e->a;
	return fits(e, c.calls_live);
}

static bool channels_fit(struct run *r, struct expectation *e)
{
	if (!e->a)
		return run_fail(r, "whose channels?");
	return fits(e,
		    directory_channels_held(r->st->directory, slice_str(run_number_of(r, e->a))));
}

static bool inbound_fits(struct run *r, struct expectation *e)
{
	if (!e->a)
		return run_fail(r, "calls to whom?");
	return fits(e, directory_inbound_held(r->st->directory, slice_str(run_number_of(r, e->a))));
}

/* --- registrations */

struct reg_seen {
	uint32_t n;
	uint8_t reach, keepalive;
	bool nat;
};

static void take_registration(void *ctx, const char *number, const char *account,
			      const struct reg_binding *b)
{
	struct reg_seen *s = ctx;
	(void)number;
	(void)account;
	s->n++;
	s->reach = b->reach;
	s->nat = b->nat;
	s->keepalive = b->last_keepalive_at ? b->keepalive_kind : UINT8_MAX;
}

static bool see_registration(struct run *r, struct expectation *e, struct reg_seen *s)
{
	if (!e->a)
		return run_fail(r, "whose registration?");
	directory_registrations(r->st->directory, slice_str(run_number_of(r, e->a)),
				sim_net_wall_ms(r->st->net), take_registration, s);
	return true;
}

static bool registrations_fit(struct run *r, struct expectation *e)
{
	struct reg_seen s = {0};
	return see_registration(r, e, &s) && fits(e, s.n);
}

/* expect reach taro unreachable */
static bool reach_fits(struct run *r, struct expectation *e)
{
	static const char *const NAMES[] = {"unknown", "reachable", "unreachable"};
	struct reg_seen s = {0};
	if (!see_registration(r, e, &s))
		return false;
	snprintf(e->found, sizeof(e->found), "%s", s.n ? NAMES[s.reach] : "not registered");
	return e->want && s.n && strcmp(e->want, NAMES[s.reach]) == 0;
}

static bool nat_fits(struct run *r, struct expectation *e)
{
	struct reg_seen s = {0};
	if (!see_registration(r, e, &s))
		return false;
	snprintf(e->found, sizeof(e->found), "%s", s.nat ? "yes" : "no");
	return e->want && strcmp(e->want, e->found) == 0;
}

/* expect keepalive taro crlf */
static bool keepalive_fits(struct run *r, struct expectation *e)
{
	struct reg_seen s = {0};
	if (!see_registration(r, e, &s))
		return false;
	snprintf(e->found, sizeof(e->found), "%s",
		 s.n && s.keepalive != UINT8_MAX
			 ? transport_keepalive_name((enum transport_keepalive)s.keepalive)
			 : "none");
	return e->want && strcmp(e->want, e->found) == 0;
}

/* --- records */

static bool records_fit(struct run *r, struct expectation *e)
{
	e->want = e->a;
	return fits(e, vault_records(r->st->vault));
}

static bool text_fits(struct run *r, struct expectation *e, const char *key, struct slice is)
{
	const char *want = run_value(r, key);
	if (!want || run_like(is, slice_str(run_number_of(r, want))))
		return true;
	snprintf(e->found, sizeof(e->found), "%s is \"%.*s\"", key, SLICE_ARG(is));
	return false;
}

static bool number_fits(struct run *r, struct expectation *e, const char *key, uint64_t is)
{
	const char *want = run_value(r, key);
	if (!want || run_count_fits(want, is))
		return true;
	snprintf(e->found, sizeof(e->found), "%s is %llu", key, (unsigned long long)is);
	return false;
}

static bool record_is(struct run *r, struct expectation *e, const struct store_record *s)
{
	bool ok = text_fits(r, e, "from", s->from) && text_fits(r, e, "to", s->to);
	ok = ok && text_fits(r, e, "reason", s->reason) && text_fits(r, e, "by", s->ended_by);
	ok = ok && text_fits(r, e, "codec", s->codec) && text_fits(r, e, "dialled", s->dialled);
	ok = ok && text_fits(r, e, "direction", s->direction) && text_fits(r, e, "trunk", s->trunk);
	ok = ok && number_fits(r, e, "withheld", s->withheld);
	ok = ok && text_fits(r, e, "detail", s->detail) && text_fits(r, e, "forward", s->forward);
	ok = ok && number_fits(r, e, "code", (uint64_t)s->sip_code);
	ok = ok && number_fits(r, e, "answered", s->answered_at != 0);
	ok = ok && number_fits(r, e, "rang", s->ringing_at != 0);
	ok = ok && number_fits(r, e, "a-packets", s->a_to_b.packets);
	ok = ok && number_fits(r, e, "b-packets", s->b_to_a.packets);
	ok = ok && number_fits(r, e, "a-refused", s->a_to_b.refused);
	ok = ok && number_fits(r, e, "b-refused", s->b_to_a.refused);
	return ok;
}

/* expect record code=486 reason=busy ... : the last one; of=PHONE: the last one that it made, with
 * forward= the last one like that */
static bool record_fits(struct run *r, struct expectation *e)
{
	const char *of = run_value(r, "of"), *forward = of ? run_value(r, "forward") : NULL;
	snprintf(e->found, sizeof(e->found), "none");
	for (uint32_t i = vault_records(r->st->vault); i-- > 0;) {
		const struct store_record *s = &vault_record(r->st->vault, i)->r;
		if (forward && !run_like(s->forward, slice_str(forward)))
			continue;
		if (!of || slice_eq(s->from, slice_str(run_number_of(r, of))))
			return record_is(r, e, s);
	}
	return false;
}

/* --- trunks */

/* expect places carrier-a 2 */
static bool places_fit(struct run *r, struct expectation *e)
{
	const struct trunk *t = e->a ? stage_trunk_find(r->st, e->a) : NULL;
	if (!t)
		return run_fail(r, "places on which trunk?");
	return fits(e, trunks_places(r->st->trunks, t->id));
}

/* expect trunk carrier-a up|down|none|waiting|registered|failed */
static bool trunk_fits(struct run *r, struct expectation *e)
{
	static struct trunk_view v;
	if (!e->a || !trunks_view(r->st->trunks, slice_str(e->a), &v))
		return run_fail(r, "which trunk?");
	const char *state = v.state.down ? "down" : "up",
		   *registration =
			   trunk_registration_word((enum trunk_registration)v.state.registration);
	snprintf(e->found, sizeof(e->found), "%s, %s", state, registration);
	return e->want && (strcmp(e->want, state) == 0 || strcmp(e->want, registration) == 0);
}

/* --- events */

static bool event_type_of(struct run *r, const char *name, enum event_type *ret_type)
{
	for (int t = 0; name && t < EVENT_TYPES; t++) {
		if (strcmp(event_name((enum event_type)t), name) == 0) {
			*ret_type = (enum event_type)t;
			return true;
		}
	}
	return run_fail(r, "there is no event \"%s\"", name ? name : "");
}

/* expect event REGISTER_REJECTED 1 reason=*wrong* : how many so far, and what the last one says */
static bool event_fits(struct run *r, struct expectation *e)
{
	enum event_type type = EVENT_TYPES;
	if (!event_type_of(r, e->a, &type))
		return false;
	e->want = e->want ? e->want : ">0";
	if (!fits(e, stage_events(r->st, type)))
		return false;
	for (int k = 0; k < EVENT_KEYS; k++) {
		const char *text = stage_event_text(r->st, type, (enum event_key)k);
		if (!text_fits(r, e, event_key_name((enum event_key)k), slice_str(text)))
			return false;
	}
	return true;
}

/* --- */

static bool holds(struct run *r, void *ctx)
{
	struct expectation *e = ctx;
	return r->st->directory && e->fn(r, e);
}

bool look_expect(struct run *r)
{
	static const struct {
		const char *word;
		bool (*fn)(struct run *r, struct expectation *e);
	} WORDS[] = {
		{"calls", calls_fit},
		{"channels", channels_fit},
		{"inbound", inbound_fits},
		{"count", count_fits},
		{"registrations", registrations_fit},
		{"reach", reach_fits},
		{"nat", nat_fits},
		{"keepalive", keepalive_fits},
		{"records", records_fit},
		{"record", record_fits},
		{"event", event_fits},
		{"places", places_fit},
		{"trunk", trunk_fits},
	};
	const char *word = run_word(r);
	int64_t within = 0;
	struct expectation e = {0};
	for (size_t i = 0; word && i < sizeof(WORDS) / sizeof(WORDS[0]); i++) {
		if (strcmp(WORDS[i].word, word) == 0)
			e.fn = WORDS[i].fn;
	}
	if (!e.fn)
		return run_fail(r, "nothing can be expected of \"%s\"", word ? word : "");
	e.a = run_word(r);
	e.want = run_word(r);
	if (!run_number(r, "within", &within))
		return false;
	return run_until(r, holds, &e, within) ||
	       run_fail(r, "expected %s; found %s", word, e.found);
}
