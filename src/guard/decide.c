#include "guard/decide.h"

static const char *const words[FRAUD_REASONS] = {"",	  "suspended", "new_country",
						 "spend", "minutes",   "rate"};

const char *fraud_reason_word(enum fraud_reason r)
{
	return words[r];
}

bool fraud_reason_of(struct slice word, enum fraud_reason *ret_reason)
{
	for (enum fraud_reason r = FRAUD_SUSPENDED; r < FRAUD_REASONS; r++) {
		if (!slice_eq(slice_str(words[r]), word))
			continue;
		*ret_reason = r;
		return true;
	}
	return false;
}

/* Of charges and minutes nothing is left when they are at the limit, for the call that is asked for
 * can only add to them; of attempts this one may be the last. */
static bool passed(enum fraud_reason r, const struct limits *l, const struct fraud_usage *u,
		   struct fraud_verdict *v)
{
	switch (r) {
	case FRAUD_SPEND:
		v->value = u->spend_uyen / 1000000;
		v->limit = l->spend_yen;
		return v->limit > 0 && v->value >= v->limit;
	case FRAUD_MINUTES:
		v->value = u->talk_ms / 60000;
		v->limit = l->minutes;
		return v->limit > 0 && v->value >= v->limit;
	case FRAUD_RATE:
		v->value = u->calls_in_minute;
		v->limit = l->calls_per_minute;
		return v->limit > 0 && v->value > v->limit;
	default:
		return false;
	}
}

/* Of what is passed the first that was not told yet. */
static void judge_limits(const struct limits *l, const struct fraud_usage *u,
			 struct fraud_verdict *ret_verdict)
{
	for (enum fraud_reason r = FRAUD_SPEND; r < FRAUD_REASONS; r++) {
		struct fraud_verdict v = {.reason = r};
		if (!passed(r, l, u, &v))
			continue;
		v.suspends = l->action == LIMITS_SUSPEND && !u->suspended;
		if (v.suspends || !(u->told >> r & 1)) {
			*ret_verdict = v;
			return;
		}
	}
}

static bool is_new_country(const struct limits *l, const struct fraud_usage *u)
{
	return l->new_country_days > 0 &&
	       (u->country_days < 0 || u->country_days > l->new_country_days);
}

void fraud_decide(const struct limits *l, const struct fraud_usage *u, bool abroad,
		  struct fraud_verdict *ret_verdict)
{
	struct fraud_verdict v = {0};
	judge_limits(l, u, &v);
	v.refused = abroad && (u->suspended || v.suspends);
	if (v.refused && v.reason == FRAUD_NONE)
		v.reason = FRAUD_SUSPENDED;
	if (abroad && !v.refused && is_new_country(l, u)) {
		v = (struct fraud_verdict){.reason = FRAUD_NEW_COUNTRY,
					   .refused = true,
					   .value = u->country_days,
					   .limit = l->new_country_days};
	}
	*ret_verdict = v;
}
