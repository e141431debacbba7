#include "guard/fraud.h"

#include "base/err.h"
#include "guard/fraud_priv.h"

#include <stdlib.h>

/* ---- the table ---- */

int fraud_new(const struct hash_key *key, struct fraud **ret_fraud)
{
	struct fraud *f = calloc(1, sizeof(*f));
	int err = f ? 0 : ERR_NOMEM;
	if (f) {
		f->key = *key;
		fraud_rules_init(&f->rules);
	}
	for (uint32_t i = 0; f && i < STRIPES; i++) {
		pthread_mutex_init(&f->stripes[i].lock, NULL);
		if (err == 0)
			err = index_new(NUMBERS_MAX, &f->stripes[i].index);
	}
	if (err)
		fraud_free(f);
	else
		*ret_fraud = f;
	return err;
}

void fraud_free(struct fraud *f)
{
	if (f == NULL)
		return;
	for (uint32_t i = 0; i < STRIPES; i++) {
		struct stripe *s = &f->stripes[i];
		for (uint32_t k = 0; k < s->count; k++)
			free(s->rows[k].called);
		free(s->rows);
		if (s->index)
			index_free(s->index);
		pthread_mutex_destroy(&s->lock);
	}
	fraud_rules_free(&f->rules);
	rating_book_free(f->book);
	free(f);
}

static uint64_t hash_of(const struct fraud *f, struct slice number)
{
	return hash_slice(&f->key, number);
}

struct stripe *fraud_lock(struct fraud *f, struct slice number)
{
	struct stripe *s = &f->stripes[hash_of(f, number) % STRIPES];
	pthread_mutex_lock(&s->lock);
	return s;
}

void fraud_unlock(struct stripe *s)
{
	pthread_mutex_unlock(&s->lock);
}

void fraud_lock_all(struct fraud *f)
{
	for (uint32_t i = 0; i < STRIPES; i++)
		pthread_mutex_lock(&f->stripes[i].lock);
}

void fraud_unlock_all(struct fraud *f)
{
	for (uint32_t i = 0; i < STRIPES; i++)
		pthread_mutex_unlock(&f->stripes[i].lock);
}

struct sought {
	const struct stripe *stripe;
	struct slice number;
};

static bool is_sought(const void *ctx, uint64_t value)
{
	const struct sought *sought = ctx;
	return slice_eq(slice_str(sought->stripe->rows[value - 1].number), sought->number);
}

struct watched *fraud_find(struct fraud *f, struct stripe *s, struct slice number)
{
	const struct sought sought = {s, number};
	uint64_t value = index_find(s->index, hash_of(f, number), is_sought, &sought);
	return value ? &s->rows[value - 1] : NULL;
}

static bool grow(struct stripe *s)
{
	uint32_t cap = s->cap ? s->cap * 2 : 16;
	if (s->count < s->cap)
		return true;
	struct watched *grown = realloc(s->rows, cap * sizeof(*grown));
	if (grown == NULL)
		return false;
	s->rows = grown;
	s->cap = cap;
	return true;
}

struct watched *fraud_row(struct fraud *f, struct stripe *s, struct slice number)
{
	struct watched *w = fraud_find(f, s, number), fresh = {0};
	if (w)
		return w;
	if (number.n == 0 || slice_copy(number, fresh.number, sizeof(fresh.number)) != 0 ||
	    !grow(s) || index_put(s->index, hash_of(f, number), s->count + 1) != 0)
		return NULL;
	s->rows[s->count] = fresh;
	return &s->rows[s->count++];
}

/* ---- what a number did ---- */

void fraud_turn(struct watched *w, int32_t day)
{
	if (w->day == day)
		return;
	w->day = day;
	w->told = 0;
	w->spend_uyen = w->talk_ms = 0;
}

static struct called *find_country(const struct watched *w, struct slice country)
{
	for (uint32_t i = 0; i < w->called_count; i++) {
		if (slice_eq(slice_str(w->called[i].country), country))
			return &w->called[i];
	}
	return NULL;
}

/* Without memory it is forgotten, and held the next time: the safe side. */
void fraud_note_country(struct watched *w, struct slice country, int32_t day)
{
	struct called *called = find_country(w, country);
	if (called == NULL && w->called_count < FRAUD_COUNTRIES_MAX) {
		struct called *grown = realloc(w->called, (w->called_count + 1) * sizeof(*grown));
		if (grown == NULL)
			return;
		w->called = grown;
		called = &grown[w->called_count];
		*called = (struct called){.day = INT32_MIN};
		if (slice_copy(country, called->country, sizeof(called->country)) != 0)
			return;
		w->called_count++;
	}
	if (called && called->day < day)
		called->day = day;
}

void fraud_count(struct fraud *f, struct watched *w, const struct fraud_call *c,
		 int64_t started_at_ms, int64_t ended_at_ms, int64_t talk_ms)
{
	const struct rating_call call = {.to = c->to,
					 .on_net = c->on_net,
					 .started_at_ms = started_at_ms,
					 .talk_ms = talk_ms};
	struct rating_charge charge = {0};
	int32_t day = day_of(ended_at_ms);
	if (f->book)
		rating_book_charge(f->book, &call, &charge);
	else
		rating_charge_of(NULL, &call, &charge);
	if (charge.country && charge.class == PLAN_INTERNATIONAL)
		fraud_note_country(w, slice_str(charge.country->id), day);
	if (ended_at_ms <= w->released_at_ms || day < w->day)
		return;
	fraud_turn(w, day);
	w->spend_uyen += charge.uyen;
	w->talk_ms += talk_ms;
}

/* ---- a call ---- */

bool fraud_watches(const struct fraud *f)
{
	return atomic_load_explicit(&f->watches, memory_order_relaxed);
}

/* The country abroad that is called; NULL: none. */
static const struct country *country_called(const struct fraud_call *c)
{
	static const struct plan_line line = {.international = true};
	struct plan_verdict v;
	if (c->on_net || !slice_starts(c->to, SLICE("010")))
		return NULL;
	plan_check(&line, c->to, &v);
	return v.country;
}

static struct fraud_usage usage_of(const struct watched *w, const struct country *country,
				   int32_t day)
{
	const struct called *called = country ? find_country(w, slice_str(country->id)) : NULL;
	return (struct fraud_usage){.spend_uyen = w->day == day ? w->spend_uyen : 0,
				    .talk_ms = w->day == day ? w->talk_ms : 0,
				    .calls_in_minute = w->attempts,
				    .suspended = w->suspended_at_ms != 0,
				    .country_days = called ? day - called->day : -1,
				    .told = w->day == day ? w->told : 0};
}

static void count_attempt(struct watched *w, int64_t now_ms)
{
	int64_t minute = now_ms / 60000;
	if (w->minute != minute) {
		w->minute = minute;
		w->attempts = 0;
		w->told &= ~(1u << FRAUD_RATE);
	}
	w->attempts++;
}

static void apply(struct fraud *f, struct watched *w, const struct fraud_verdict *v, int64_t now_ms)
{
	w->told |= 1u << v->reason;
	if (!v->suspends)
		return;
	w->suspended_at_ms = now_ms;
	w->suspended_by = v->reason;
	w->value = v->value;
	w->limit = v->limit;
	w->unsaved = true;
	atomic_store(&f->holds, true);
	atomic_store(&f->unsaved, true);
}

void fraud_try(struct fraud *f, const struct fraud_call *c, int64_t now_ms,
	       struct fraud_verdict *ret_verdict)
{
	struct limits limits;
	*ret_verdict = (struct fraud_verdict){0};
	if (!fraud_watches(f))
		return;
	const struct country *country = country_called(c);
	struct stripe *s = fraud_lock(f, c->number);
	struct watched *w = fraud_row(f, s, c->number);
	if (w) {
		fraud_turn(w, day_of(now_ms));
		count_attempt(w, now_ms);
		struct fraud_usage u = usage_of(w, country, w->day);
		fraud_rules_limits(&f->rules, c->number, c->customer, now_ms, &limits);
		fraud_decide(&limits, &u, country != NULL, ret_verdict);
		apply(f, w, ret_verdict, now_ms);
	}
	fraud_unlock(s);
}

void fraud_ended(struct fraud *f, const struct fraud_call *c, int64_t started_at_ms,
		 int64_t ended_at_ms, int64_t talk_ms)
{
	if (!fraud_watches(f) || talk_ms <= 0 || ended_at_ms < atomic_load(&f->since_ms))
		return;
	struct stripe *s = fraud_lock(f, c->number);
	struct watched *w = fraud_row(f, s, c->number);
	if (w)
		fraud_count(f, w, c, started_at_ms, ended_at_ms, talk_ms);
	fraud_unlock(s);
}

/* ---- the operator ---- */

void fraud_release(struct fraud *f, struct slice number, int64_t now_ms)
{
	struct stripe *s = fraud_lock(f, number);
	struct watched *w = fraud_row(f, s, number);
	if (w) {
		w->suspended_at_ms = 0;
		w->unsaved = false;
		w->released_at_ms = now_ms;
		w->told = 0;
		w->spend_uyen = w->talk_ms = 0;
		w->attempts = 0;
	}
	fraud_unlock(s);
}

void fraud_forget(struct fraud *f, struct slice number)
{
	struct stripe *s = fraud_lock(f, number);
	struct watched *w = fraud_find(f, s, number);
	if (w) {
		struct watched fresh = {0};
		memcpy(fresh.number, w->number, sizeof(fresh.number));
		free(w->called);
		*w = fresh;
	}
	fraud_unlock(s);
}

void fraud_permit(struct fraud *f, struct slice number, struct slice country, int64_t now_ms)
{
	struct stripe *s = fraud_lock(f, number);
	struct watched *w = fraud_row(f, s, number);
	if (w)
		fraud_note_country(w, country, day_of(now_ms));
	fraud_unlock(s);
}

bool fraud_show(struct fraud *f, struct slice number, struct slice customer, int64_t now_ms,
		struct fraud_state *ret_state)
{
	struct fraud_state state = {0};
	struct stripe *s = fraud_lock(f, number);
	const struct watched *w = fraud_find(f, s, number);
	if (w) {
		state.usage = usage_of(w, NULL, day_of(now_ms));
		if (w->minute != now_ms / 60000)
			state.usage.calls_in_minute = 0;
		state.suspended_at_ms = w->suspended_at_ms;
		state.suspended_by = w->suspended_by;
		state.value = w->value;
		state.limit = w->limit;
	}
	fraud_rules_limits(&f->rules, number, customer, now_ms, &state.limits);
	fraud_unlock(s);
	*ret_state = state;
	return w != NULL;
}
