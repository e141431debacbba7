#include "core/judge.h"

static enum call_cause cause_of_reason(enum plan_reason reason)
{
	static const enum call_cause causes[PLAN_REASONS] = {[PLAN_ALLOWED] = CAUSE_NORMAL,
#define X(name, code, q850, word, en, ja) [PLAN_NO_##name] = CAUSE_##name,
							     PLAN_REASON_TABLE(X)
#undef X
	};
	return causes[reason];
}

static void decide(struct judgement *j, enum call_cause cause, const char *by)
{
	j->cause = cause;
	(void)slice_copy(slice_str(by), j->decided_by, sizeof(j->decided_by));
}

/* A number of ours, or one that the network would have to take. */
static void judge_callee(struct directory *d, const struct trunks *trunks, struct judgement *j)
{
	struct slice digits = slice_str(j->plan.dialled.digits);
	struct directory_number callee;
	j->on_net = directory_by_number(d, digits, &callee) == 0;
	if (j->on_net && callee.suspended)
		decide(j, CAUSE_SUSPENDED, "suspension");
	else if (!j->on_net && slice_starts(digits, SLICE("050")) &&
		 !trunks_may_know(trunks, digits))
		decide(j, CAUSE_UNALLOCATED, "directory");
}

/* What the caller may not dial he is told before anything about himself: a suspended line that
 * dials 110 must hear about 110. */
void judge(struct directory *d, const struct trunks *trunks, const struct directory_number *line,
	   struct slice user, struct judgement *ret_judgement)
{
	struct judgement j = {0};
	const struct plan_rules *rules = directory_rules(d);
	struct plan_line as = {.rules = rules};
	if (line) {
		as.international = line->international;
		as.number = slice_str(line->number);
		as.customer = slice_str(line->customer);
	}
	plan_check(&as, user, &j.plan);
	plan_rules_unref(rules);
	j.cause = cause_of_reason(j.plan.reason);
	(void)plan_decided_by(&j.plan, j.decided_by);
	if (j.cause == CAUSE_NORMAL && j.plan.class == PLAN_SERVICE_CODE)
		j.on_net = true;
	else if (j.cause == CAUSE_NORMAL)
		judge_callee(d, trunks, &j);
	if (j.cause == CAUSE_NORMAL && (line == NULL || line->suspended))
		decide(&j, CAUSE_OWN_SUSPENDED, "suspension");
	*ret_judgement = j;
}

/* Its own number is named as such even while it is suspended: lifting that would not mend it. */
bool judge_forward(struct directory *d, const struct trunks *trunks,
		   const struct directory_number *line, struct slice target,
		   struct forward_judgement *ret_judgement)
{
	struct forward_judgement f;
	judge(d, trunks, line, target, &f.j);
	f.fault = forward_check(line ? slice_str(line->number) : SLICE(""), &f.j.plan);
	if (f.fault == FORWARD_GOOD && f.j.cause != CAUSE_NORMAL)
		f.fault = FORWARD_NOT_CALLABLE;
	*ret_judgement = f;
	return f.fault == FORWARD_GOOD;
}
