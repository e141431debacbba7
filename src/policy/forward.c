#include "policy/forward.h"

const struct forward_kind_info *forward_kind_info(enum forward_kind kind)
{
	static const struct forward_kind_info infos[FORWARD_WAYS] = {
#define X(name, word_, ja_, cause_, reason_)                                                       \
	[FORWARD_##name] = {.word = word_, .ja = ja_, .diversion = reason_, .cause = cause_},
		FORWARD_KIND_TABLE(X)
#undef X
			[FORWARD_DEFLECTED] = {.word = "deflected",
					       .ja = "電話機による転送",
					       .diversion = "deflection",
					       .cause = 480},
		[FORWARD_TRANSFERRED] = {.word = "transferred",
					 .ja = "転送（通話中転送）",
					 .diversion = "unknown",
					 .cause = 302},
	};
	return &infos[kind];
}

void forward_settings_init(struct forward_settings *f)
{
	*f = (struct forward_settings){.ring_s = FORWARD_RING_S, .deflection = true};
}

bool forward_settings_empty(const struct forward_settings *f)
{
	for (int i = 0; i < FORWARD_TARGETS_MAX; i++) {
		if (f->targets[i][0])
			return false;
	}
	for (int i = 0; i < FORWARD_KINDS; i++) {
		if (f->rules[i].on || f->rules[i].row)
			return false;
	}
	return f->ring_s == FORWARD_RING_S && f->deflection;
}

const char *forward_target(const struct forward_settings *f, enum forward_kind kind)
{
	const struct forward_rule *r = &f->rules[kind];
	if (!r->on || r->row == 0 || r->row > FORWARD_TARGETS_MAX)
		return NULL;
	const char *target = f->targets[r->row - 1];
	return target[0] ? target : NULL;
}

uint8_t forward_armed(const struct forward_settings *f)
{
	uint8_t armed = 0;
	if (forward_target(f, FORWARD_UNCONDITIONAL))
		return 1 << FORWARD_UNCONDITIONAL;
	for (int i = 0; i < FORWARD_KINDS; i++) {
		if (forward_target(f, (enum forward_kind)i))
			armed |= (uint8_t)(1 << i);
	}
	return armed;
}

enum forward_fault forward_check(struct slice line_number, const struct plan_verdict *v)
{
	struct slice digits = slice_str(v->dialled.digits);
	if (v->reason != PLAN_ALLOWED)
		return FORWARD_NOT_CALLABLE;
	if (v->dialled.presentation != DIAL_DEFAULT)
		return FORWARD_PREFIXED;
	if (v->class == PLAN_SERVICE_CODE)
		return FORWARD_SERVICE_CODE;
	return slice_eq(digits, line_number) ? FORWARD_OWN_NUMBER : FORWARD_GOOD;
}

const struct forward_fault_info *forward_fault_info(enum forward_fault fault)
{
	static const struct forward_fault_info infos[FORWARD_FAULTS] = {
		[FORWARD_GOOD] = {"", "", ""},
		[FORWARD_OWN_NUMBER] =
			{"own_number", "A number cannot be forwarded to itself; name another one",
			 "ご自身の番号には転送できません。別の番号を入力してください。"},
		[FORWARD_SERVICE_CODE] =
			{"service_code",
			 "A service code cannot be a forwarding target; name a telephone number",
			 "サービスコードは転送先にできません。電話番号を入力してください。"},
		[FORWARD_PREFIXED] = {"prefixed", "Leave out 184 or 186 in front of the target",
				      "転送先番号の先頭の184または186を除いて入力してください。"},
		[FORWARD_NOT_CALLABLE] = {"", "", ""},
	};
	return &infos[fault];
}
