/*
 * forward: call forwarding (service "Call forwarding"): what a subscriber has set, which of it
 * applies, and whether a target may be one. Pure.
 *
 * Targets stand in a list of five rows; each kind of forwarding names a row. Unconditional
 * forwarding comes before all others, whatever they say. No answer and busy are a telephone's: they
 * need one that is registered.
 */
#pragma once

#include "policy/plan.h"

#define FORWARD_TARGETS_MAX 5
#define FORWARD_TIMES_MAX   5 /* a call is forwarded so often, and no further */
#define FORWARD_RING_S_MIN  1
#define FORWARD_RING_S_MAX  30
#define FORWARD_RING_S	    20 /* until the subscriber says otherwise */

/* name, word, Japanese, cause parameter of History-Info (RFC 4458, RFC 7044; TS 24.604), reason of
 * Diversion (RFC 5806). By number in the store and the call file. */
#define FORWARD_KIND_TABLE(X)                                                                      \
	X(UNCONDITIONAL, "unconditional", "無条件転送", 302, "unconditional")                      \
	X(BUSY, "busy", "話中時転送", 486, "user-busy")                                            \
	X(NO_ANSWER, "no_answer", "不応答転送", 408, "no-answer")                                  \
	X(NOT_REGISTERED, "not_registered", "未登録時転送", 404, "unavailable")

enum forward_kind {
#define X(name, word, ja, cause, reason) FORWARD_##name,
	FORWARD_KIND_TABLE(X)
#undef X
		FORWARD_KINDS,
	/* What the callee's telephone says with a 3xx: it names the target, and the settings only
	 * whether it may. */
	FORWARD_DEFLECTED = FORWARD_KINDS,
	/* A party of the answered call has sent the other one on (REFER). */
	FORWARD_TRANSFERRED,
	FORWARD_WAYS
};

struct forward_kind_info {
	const char *word, *ja, *diversion;
	int cause;
};
const struct forward_kind_info *forward_kind_info(enum forward_kind kind);

struct forward_rule {
	bool on;
	uint8_t row; /* 1..FORWARD_TARGETS_MAX; 0: none chosen */
};

struct forward_settings {
	char targets[FORWARD_TARGETS_MAX][DIAL_BYTES]; /* canonical digits; "": an empty row */
	struct forward_rule rules[FORWARD_KINDS];
	uint8_t ring_s;	 /* of no answer */
	bool deflection; /* its telephones may name a target themselves */
};

/* Nothing is forwarded but by the telephone itself, no row is filled. */
void forward_settings_init(struct forward_settings *f);
bool forward_settings_empty(const struct forward_settings *f);

/* The target's digits; NULL: that kind is off (or leads to an empty row). */
const char *forward_target(const struct forward_settings *f, enum forward_kind kind);
/* The kinds that have a target, as bits 1 << kind. Unconditional forwarding leaves no others. */
uint8_t forward_armed(const struct forward_settings *f);

/* Why a number cannot be a target, beyond what the plan says of calls to it. */
enum forward_fault {
	FORWARD_GOOD,
	FORWARD_OWN_NUMBER,   /* the line's own */
	FORWARD_SERVICE_CODE, /* *43 and its like answer callers, not targets */
	FORWARD_PREFIXED,     /* 184/186: a target is a number */
	FORWARD_NOT_CALLABLE, /* the plan's verdict refuses it */
	FORWARD_FAULTS
};
/* v: of the target, for that line. */
enum forward_fault forward_check(struct slice line_number, const struct plan_verdict *v);

struct forward_fault_info {
	const char *word, *en, *ja; /* FORWARD_GOOD, FORWARD_NOT_CALLABLE: "" (the plan's) */
};
const struct forward_fault_info *forward_fault_info(enum forward_fault fault);
