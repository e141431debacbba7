#include "guard/load.h"

#include "base/err.h"
#include "guard/fraud_priv.h"
#include "provision/prices.h"

#include <stdlib.h>

/* A call that ended just now may still be on its way into the store. */
#define SETTLE_MS 3000

/* ---- rules ---- */

static int add_rule(void *rules, const struct store_guard_rule *kept)
{
	struct fraud_rule rule = {.scope = (enum fraud_scope)kept->scope,
				  .off_hours = kept->off_hours,
				  .limits = {.spend_yen = kept->spend_yen,
					     .minutes = kept->minutes,
					     .calls_per_minute = kept->calls_per_minute,
					     .new_country_days = kept->new_country_days,
					     .action = kept->action}};
	if (kept->scope > FRAUD_FOR_NUMBER ||
	    slice_copy(kept->object, rule.object, sizeof(rule.object)) != 0)
		return ERR_DAMAGED;
	return fraud_rules_add(rules, &rule);
}

static int read_rules(struct store *s, struct fraud_rules *ret_rules)
{
	struct fraud_rules rules;
	struct slice holidays;
	fraud_rules_init(&rules);
	int err = store_guard_rule_each(s, add_rule, &rules);
	int found = err ? err : store_setting_get(s, SLICE("guard_holidays"), &holidays);
	if (err == 0 && found == 0)
		err = fraud_rules_take_holidays(&rules, holidays) ? ERR_DAMAGED : 0;
	else if (err == 0 && found != ERR_NOT_FOUND)
		err = found;
	if (err) {
		fraud_rules_free(&rules);
		return err;
	}
	fraud_rules_settle(&rules);
	*ret_rules = rules;
	return 0;
}

/* The old ones go. */
static bool swap_rules(struct fraud *f, struct fraud_rules *rules)
{
	fraud_lock_all(f);
	struct fraud_rules old = f->rules;
	bool any = rules->any;
	f->rules = *rules;
	fraud_unlock_all(f);
	fraud_rules_free(&old);
	return any || atomic_load(&f->holds);
}

int fraud_reload(struct fraud *f, struct store *s, int64_t now_ms)
{
	struct fraud_rules rules;
	int err = read_rules(s, &rules);
	if (err)
		return err;
	bool watches = swap_rules(f, &rules);
	if (watches && !fraud_watches(f)) {
		atomic_store(&f->since_ms, now_ms + SETTLE_MS);
		atomic_store(&f->load_due, true);
	}
	atomic_store(&f->watches, watches);
	return 0;
}

int fraud_reload_prices(struct fraud *f, struct store *s)
{
	struct rating_book *book = NULL;
	int err = prices_load(s, &book);
	if (err)
		return err;
	fraud_lock_all(f);
	struct rating_book *old = f->book;
	f->book = book;
	fraud_unlock_all(f);
	rating_book_free(old);
	return 0;
}

/* ---- what was decided ---- */

static int add_number(void *ctx, const struct store_guard_number *n)
{
	struct fraud *f = ctx;
	struct stripe *s = fraud_lock(f, n->number);
	struct watched *w = fraud_row(f, s, n->number);
	if (w) {
		w->suspended_at_ms = n->suspended_at;
		w->released_at_ms = n->released_at;
		w->value = n->value;
		w->limit = n->limit;
		(void)fraud_reason_of(n->reason, &w->suspended_by);
		if (n->suspended_at)
			atomic_store(&f->holds, true);
	}
	fraud_unlock(s);
	return w ? 0 : ERR_NOMEM;
}

static int add_permit(void *ctx, struct slice number, struct slice country, int64_t at_ms)
{
	fraud_permit(ctx, number, country, at_ms);
	return 0;
}

/* ---- what was done ---- */

struct adding {
	struct fraud *fraud;
	int64_t from_ms, until_ms; /* of their end */
};

static int add_call(void *ctx, const struct store_record *r)
{
	const struct adding *a = ctx;
	const struct fraud_call c = {.number = r->from,
				     .customer = r->customer,
				     .to = r->to,
				     .on_net = store_record_is_on_net(r)};
	if (store_record_is_inbound(r) || r->answered_at == 0 || r->customer.n == 0 ||
	    r->ended_at < a->from_ms || r->ended_at >= a->until_ms)
		return 0;
	struct stripe *s = fraud_lock(a->fraud, r->from);
	struct watched *w = fraud_row(a->fraud, s, r->from);
	if (w)
		fraud_count(a->fraud, w, &c, r->started_at, r->ended_at,
			    r->ended_at - r->answered_at);
	fraud_unlock(s);
	return 0;
}

/* Of calls that ended today; those that took longer than a day are not looked for. */
static int add_today(struct fraud *f, struct store *s, int64_t now_ms, int64_t until_ms)
{
	struct adding a = {f, day_start_ms(day_of(now_ms)), until_ms};
	const struct store_record_range range = {.from_ms = a.from_ms - DAY_MS, .to_ms = INT64_MAX};
	return store_record_range_each(s, &range, add_call, &a);
}

static int add_abroad(void *ctx, const struct store_record *r)
{
	static const struct plan_line line = {.international = true};
	struct fraud *f = ctx;
	struct plan_verdict v;
	plan_check(&line, r->to, &v);
	if (v.country)
		fraud_permit(f, r->from, slice_str(v.country->id), r->ended_at);
	return 0;
}

/* Whoever holds a stripe may read the rules. */
static int64_t days_remembered(struct fraud *f)
{
	struct stripe *one = fraud_lock(f, SLICE_NONE);
	int64_t days = f->rules.country_days_max;
	fraud_unlock(one);
	return days;
}

/* As far back as the rules remember. Adding twice changes nothing. */
static int add_countries(struct fraud *f, struct store *s, int64_t now_ms)
{
	int64_t days = days_remembered(f);
	if (days <= atomic_load(&f->country_days_loaded))
		return 0;
	int err = store_record_abroad_each(s, now_ms - (days + 1) * DAY_MS, add_abroad, f);
	if (err == 0)
		atomic_store(&f->country_days_loaded, days);
	return err;
}

int fraud_open(struct fraud *f, struct store *s, int64_t now_ms)
{
	int err = fraud_reload_prices(f, s);
	if (err == 0)
		err = store_guard_number_each(s, add_number, f);
	if (err == 0)
		err = store_guard_permit_each(s, add_permit, f);
	if (err == 0)
		err = fraud_reload(f, s, now_ms);
	atomic_store(&f->since_ms, 0); /* no call runs yet: each is counted by one of both */
	atomic_store(&f->load_due, false);
	return err;
}

int fraud_open_day(struct fraud *f, struct store *s, int64_t now_ms)
{
	int err = add_today(f, s, now_ms, INT64_MAX);
	return err ? err : add_countries(f, s, now_ms);
}

/* ---- now and then ---- */

static int save_row(struct store *s, const struct watched *w)
{
	const struct store_guard_number n = {
		.number = slice_str(w->number),
		.suspended_at = w->suspended_at_ms,
		.released_at = w->released_at_ms,
		.reason = slice_str(fraud_reason_word(w->suspended_by)),
		.value = w->value,
		.limit = w->limit,
	};
	return store_guard_number_put(s, &n);
}

/* The next one that the store does not have; a copy, so that no call waits for the disk. */
static bool next_unsaved(struct stripe *s, uint32_t *at, struct watched *ret_row)
{
	bool found = false;
	pthread_mutex_lock(&s->lock);
	for (; *at < s->count && !found; (*at)++) {
		struct watched *w = &s->rows[*at];
		found = w->unsaved;
		if (found) {
			w->unsaved = false;
			*ret_row = *w;
		}
	}
	pthread_mutex_unlock(&s->lock);
	return found;
}

static void unsaved_again(struct fraud *f, const struct watched *row)
{
	struct stripe *s = fraud_lock(f, slice_str(row->number));
	struct watched *w = fraud_find(f, s, slice_str(row->number));
	if (w && w->suspended_at_ms == row->suspended_at_ms)
		w->unsaved = true;
	fraud_unlock(s);
	atomic_store(&f->unsaved, true);
}

static int save(struct fraud *f, struct store *s)
{
	struct watched row;
	if (!atomic_exchange(&f->unsaved, false))
		return 0;
	for (uint32_t i = 0; i < STRIPES; i++) {
		uint32_t at = 0;
		while (next_unsaved(&f->stripes[i], &at, &row)) {
			int err = save_row(s, &row);
			if (err) {
				unsaved_again(f, &row);
				return err;
			}
		}
	}
	return 0;
}

int fraud_tick(struct fraud *f, struct store *s, int64_t now_ms)
{
	int64_t since_ms = atomic_load(&f->since_ms);
	int err = save(f, s);
	if (err == 0 && atomic_load(&f->load_due) && now_ms > since_ms + SETTLE_MS) {
		atomic_store(&f->load_due, false);
		err = add_today(f, s, now_ms, since_ms);
	}
	return err ? err : add_countries(f, s, now_ms);
}
