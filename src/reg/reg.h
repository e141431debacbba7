/*
 * reg: the registrar's rules (RFC 3261 §10.3, RFC 5626, service "Registration") as a function of
 * values: present bindings + request + policy + now -> new bindings + verdict. No store, no clock,
 * no I/O; the directory keeps the result.
 *
 * One binding is one device of one account (AoR). Two REGISTERs are of the same device when they
 * share +sip.instance (and reg-id), or the Call-ID, or an equal Contact URI, or the same source
 * host with the same User-Agent and Contact user (a NAT that moved it to another port; the Contact
 * hosts must agree or be the source host); otherwise they are two devices, and the number's policy
 * decides. Two different instances are always two devices.
 *
 * Within a Call-ID only a higher CSeq counts, for an older REGISTER that comes late must not undo a
 * newer one. A phone that begins its CSeq again after a reboot answers a challenge that is younger
 * than the binding, and cannot be late.
 */
#pragma once

#include "base/arena.h"
#include "sip/msg.h"
#include "transport/flow.h"

#define REG_BINDINGS_MAX 10 /* of one account */
#define REG_CONTACTS_MAX 10 /* of one REGISTER */

/* Longer ones are refused (400); a longer User-Agent is cut. With the NUL that a copy needs. */
#define REG_CONTACT_BYTES    512
#define REG_CALL_ID_BYTES    256
#define REG_INSTANCE_BYTES   256
#define REG_USER_AGENT_BYTES 128
#define REG_PATH_BYTES	     1024

enum reg_policy { REG_NEWEST, REG_FORK, REG_REJECT };
const char *reg_policy_name(enum reg_policy p); /* "newest", "fork", "reject" */
int reg_policy_of(struct slice name, enum reg_policy *ret_policy);

enum reg_reach { REG_UNKNOWN, REG_REACHABLE, REG_UNREACHABLE };

/* Slices point into whatever arena or store block holds the binding. Times are wall ms. */
struct reg_binding {
	struct slice contact; /* URI */
	struct slice call_id, instance, user_agent, path;
	uint32_t cseq;
	uint32_t reg_id;	/* 0: none */
	uint16_t q_thousandths; /* default 1000 */
	struct flow flow;	/* where the REGISTER came from: the way to the phone */
	bool nat;		/* Contact is not where it came from */
	int64_t registered_at, refreshed_at, expires_at;
	int64_t last_keepalive_at;	/* 0: none seen */
	uint32_t keepalive_interval_ms; /* between the last two; 0: unknown */
	uint8_t keepalive_kind;		/* enum transport_keepalive */
	uint8_t reach;			/* enum reg_reach */
	int64_t pinged_at, pong_at;
};

struct reg_contact {
	struct slice uri_text, instance;
	struct sip_uri uri;
	uint32_t expires_s;
	uint32_t reg_id;
	uint16_t q_thousandths;
};

struct reg_request {
	struct slice call_id, user_agent, path;
	uint32_t cseq;
	bool star; /* Contact: *, Expires: 0 */
	struct reg_contact contacts[REG_CONTACTS_MAX];
	uint32_t contact_count; /* 0 and no star: a fetch */
	struct flow flow;
	int64_t now_ms;			/* wall */
	int64_t challenged_at;		/* wall ms: the challenge that it answers; 0: none */
	char path_text[REG_PATH_BYTES]; /* several Path lines in one; `path` points here then */
};

struct reg_limits {
	uint32_t expires_min_s, expires_max_s, expires_default_s; /* 60, 7200, 3600 */
};

/* Reads a REGISTER. 0; otherwise ERR_INVALID with *ret_fault: 400 (bad Contact, star with others or
 * Expires not 0), 423 (too brief; Min-Expires is the caller's to add), 416 or 403 (Contact scheme),
 * 413/400 (too many contacts). Expires above the maximum is cut to it, not refused. */
int reg_request_parse(const struct sip_msg *msg, const struct flow *flow, int64_t now_ms,
		      const struct reg_limits *limits, struct reg_request *ret_request,
		      struct sip_fault *ret_fault);

enum reg_change_kind { REG_ADDED, REG_REFRESHED, REG_MOVED, REG_REMOVED, REG_REPLACED };
struct reg_change {
	enum reg_change_kind
		kind; /* REPLACED: `binding` went because another device came (alert) */
	struct reg_binding binding;
};

struct reg_outcome {
	int code; /* 200; 403 (policy reject), 500 (an older REGISTER), 503 (too many devices) */
	const char *text; /* for Warning when not 200 */
	struct reg_binding bindings[REG_BINDINGS_MAX +
				    REG_CONTACTS_MAX]; /* all live ones afterwards, newest first */
	uint32_t binding_count;
	struct reg_change changes[REG_BINDINGS_MAX + REG_CONTACTS_MAX];
	uint32_t change_count;
	bool double_register; /* another device was there: alert */
};

/* old_count is at most REG_BINDINGS_MAX; what has expired by request->now_ms is passed over,
 * neither kept nor reported. Atomic: on any code but 200 nothing changes. Slices of the outcome
 * point into old and request. */
void reg_apply(const struct reg_binding *old, uint32_t old_count, const struct reg_request *request,
	       enum reg_policy policy, struct reg_outcome *ret_outcome);
