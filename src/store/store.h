/*
 * store: what must outlive the process, as typed operations; SQLite behind them (sqlite.c). A put
 * is durable when the call returns (WAL, synchronous=FULL); a batch (store_begin .. store_commit)
 * is durable, whole or not at all, when store_commit returns. One store handle belongs to one
 * thread; several handles on the same file may be open.
 *
 * Texts in records given out point into the handle and live until its next call. Times are wall ms
 * since 1970, 0: none.
 *
 * A walk (store_x_each) sees the file as it was when the walk began. From within its callback other
 * questions may be asked of the same handle, but neither the same walk nor a change: what is to be
 * changed is noted and done afterwards.
 */
#pragma once

#include "base/slice.h"

struct store;

#define STORE_NUMBER_BYTES   24
#define STORE_ACCOUNT_BYTES  24
#define STORE_CUSTOMER_BYTES 24
#define STORE_TEXT_BYTES     640 /* a sentence of store_open or store_error */

struct store_customer {
	struct slice code, name, address, selfcare_hash; /* Argon2id, encoded text */
	int64_t created_at;
};

struct store_number {
	struct slice number, account, customer;
	struct slice option_hash; /* Argon2id */
	uint8_t ha1_md5[16], ha1_sha256[32];
	struct slice realm; /* the SIP domain that the HA1s are for */
	uint32_t channels;  /* 2..32 */
	bool international, suspended;
	uint8_t registration_policy; /* enum reg_policy */
	int64_t service_start_at, created_at, password_changed_at;
};

/* Registration: opaque to the store but for its key. */
struct store_binding {
	struct slice number;
	struct slice key;   /* of the device, unique within the number */
	struct slice bytes; /* encoded by the directory */
	int64_t expires_at;
};

/* A way to the telephone network; enums and lists are the trunk room's. */
struct store_trunk {
	uint32_t id; /* given by the store, never twice */
	struct slice name, host;
	struct slice sources, prefixes; /* lists, divided by commas */
	struct slice account;		/* ours at the peer */
	struct slice secret;		/* its password, sealed */
	uint16_t port;
	uint8_t transport, format;
	bool registers, trusted;
	uint32_t priority, weight, capacity;
	int64_t created_at;
};

struct store_quality {
	uint64_t packets, lost;
	double jitter_ms, mos, r_factor;
	uint64_t longest_gap_ms, reordered, refused;
};

struct store_record {
	/* The call's uid: rising, its upper 42 bits the ms of its start since 1970. It is the order
	 * of the records. */
	uint64_t id;
	/* The id of the first record of the same call: a call that is forwarded has one record for
	 * the caller's part and one for each forwarding, which is the forwarder's. 0: this one. */
	uint64_t call;
	struct slice forward;  /* the kind by which `from` forwarded it; empty: `from` called */
	struct slice from, to; /* numbers */
	struct slice dialled;
	struct slice customer; /* of the caller */
	int64_t started_at, ringing_at, answered_at, ended_at;
	int32_t sip_code;	  /* the final answer: 200, 486, ... */
	struct slice reason;	  /* "normal", "busy", ...; a stable word */
	struct slice reason_text; /* a sentence */
	struct slice ended_by;	  /* "caller", "callee", "server" */
	struct slice codec;
	struct slice direction; /* "internal", "out", "in" as seen from the telephone network */
	bool withheld;		/* the caller's number was not to be shown */
	struct slice trunk;	/* name of the one that carried it; empty: none */
	struct slice detail; /* what stood in the way: the calls that held the channels (their ids),
				"rule:7"; empty: nothing */
	bool has_media;
	struct store_quality a_to_b, b_to_a;
};

/* From the telephone network, so that nobody here pays it; a forwarding is the forwarder's own
 * call, wherever the caller was. */
static inline bool store_record_is_inbound(const struct store_record *r)
{
	return r->forward.n == 0 && slice_eq(r->direction, SLICE("in"));
}
/* Within our own numbers and services. */
static inline bool store_record_is_on_net(const struct store_record *r)
{
	return slice_eq(r->direction, SLICE("internal"));
}

/* 0; ERR_DENIED (directory or file not writable), ERR_DAMAGED, ERR_CONFLICT (made by a newer
 * version), ERR_IO. Runs the migrations. ret_text: a sentence that says what is wrong and how to
 * mend it; may be NULL. */
int store_open(const char *path, struct store **ret_store, char *ret_text, size_t text_bytes);
void store_close(struct store *s);
/* The last error's sentence. */
const char *store_error(const struct store *s);

int store_begin(struct store *s);
int store_commit(struct store *s);
void store_rollback(struct store *s);

/* put: insert or replace. add: ERR_EXISTS when there is one. remove: ERR_NOT_FOUND; ERR_CONFLICT
 * (customer with numbers). A number of no customer and a binding of no number: ERR_NOT_FOUND.
 * Removing a number removes its bindings, forwarding and screening. Others: ERR_IO, ERR_LIMIT (disk
 * full), ERR_DENIED, ERR_DAMAGED, ERR_NOMEM. */
int store_customer_add(struct store *s, const struct store_customer *c);
int store_customer_put(struct store *s, const struct store_customer *c);
int store_customer_get(struct store *s, struct slice code, struct store_customer *ret_customer);
int store_customer_remove(struct store *s, struct slice code);
typedef int store_customer_fn(void *ctx,
			      const struct store_customer *c); /* not 0: stop, returned */
int store_customer_each(struct store *s, store_customer_fn *fn, void *ctx);

int store_number_add(struct store *s,
		     const struct store_number *n); /* ERR_EXISTS: number or account taken */
int store_number_put(struct store *s, const struct store_number *n);
int store_number_get(struct store *s, struct slice number, struct store_number *ret_number);
int store_number_get_by_account(struct store *s, struct slice account,
				struct store_number *ret_number);
int store_number_remove(struct store *s, struct slice number);
typedef int store_number_fn(void *ctx, const struct store_number *n);
/* In the order of the numbers. */
int store_number_each(struct store *s, struct slice customer /* empty: all */, store_number_fn *fn,
		      void *ctx);
/* Only those that come after that text, which need not be a number itself. */
int store_number_each_after(struct store *s, struct slice customer, struct slice after,
			    store_number_fn *fn, void *ctx);

/* put: of one that is there (by its name). */
int store_trunk_add(struct store *s, const struct store_trunk *t);
int store_trunk_put(struct store *s, const struct store_trunk *t);
int store_trunk_get(struct store *s, struct slice name, struct store_trunk *ret_trunk);
int store_trunk_remove(struct store *s, struct slice name);
typedef int store_trunk_fn(void *ctx, const struct store_trunk *t);
/* By priority, then name. */
int store_trunk_each(struct store *s, store_trunk_fn *fn, void *ctx);

int store_binding_put(struct store *s, const struct store_binding *b);
int store_binding_remove(struct store *s, struct slice number, struct slice key);
/* All whose time is over at now_ms. */
int store_binding_remove_expired(struct store *s, int64_t now_ms);
typedef int store_binding_fn(void *ctx, const struct store_binding *b);
int store_binding_each(struct store *s, store_binding_fn *fn, void *ctx);

int store_record_add(struct store *s,
		     const struct store_record *r); /* the same id again: replaces */
struct store_record_query {
	struct slice number; /* caller or callee; empty: all */
	int64_t since_ms;
	uint64_t id;	/* 0: any */
	uint64_t call;	/* all parts of the call that this record is one of; 0: any */
	uint32_t limit; /* newest first; 0: all */
};
typedef int store_record_fn(void *ctx, const struct store_record *r);
int store_record_each(struct store *s, const struct store_record_query *q, store_record_fn *fn,
		      void *ctx);

/* Oldest first, for what goes through many of them: in pages, each a walk of its own, so that
 * neither the file nor a listener is held up. */
struct store_record_range {
	int64_t from_ms, to_ms; /* of their start; to_ms not included */
	struct slice number;	/* caller or callee; empty: all */
	struct slice customer;	/* empty: all */
	uint64_t after_id;	/* the last one seen; 0: from the beginning */
	uint32_t limit;		/* 0: all */
};
int store_record_range_each(struct store *s, const struct store_record_range *range,
			    store_record_fn *fn, void *ctx);
/* Deletes at most max of those that started before then, the oldest first, in one transaction. */
int store_record_prune(struct store *s, int64_t before_ms, uint32_t max, uint32_t *ret_deleted);

/* A price list as the operator gave it; all are kept. */
struct store_price_list {
	uint64_t id;	  /* rising; given by the store */
	int32_t from_day; /* base/day.h */
	int64_t imported_at;
	uint32_t row_count;
	struct slice csv;
};
int store_prices_add(struct store *s, const struct store_price_list *l);
typedef int store_prices_fn(void *ctx, const struct store_price_list *l);
/* In the order in which they were added. */
int store_prices_each(struct store *s, store_prices_fn *fn, void *ctx);

/* How many channels a number of that customer had from a moment on; 0: it was removed, or became
 * another's. Kept by itself whenever a number changes. By number, then time. */
typedef int store_channels_fn(void *ctx, struct slice number, int64_t at_ms, uint32_t channels);
int store_channels_each(struct store *s, struct slice customer, store_channels_fn *fn, void *ctx);

/* Answered calls abroad that started since then, oldest first. */
int store_record_abroad_each(struct store *s, int64_t since_ms, store_record_fn *fn, void *ctx);

/* The fraud guard's rules, and what it decided; words and numbers are the guard room's. */
struct store_guard_rule {
	uint8_t scope; /* enum fraud_scope */
	struct slice object;
	bool off_hours;
	int64_t spend_yen, minutes, calls_per_minute, new_country_days, action;
};
int store_guard_rule_put(struct store *s, const struct store_guard_rule *r);
int store_guard_rule_remove(struct store *s, uint8_t scope, struct slice object, bool off_hours);
typedef int store_guard_rule_fn(void *ctx, const struct store_guard_rule *r);
int store_guard_rule_each(struct store *s, store_guard_rule_fn *fn, void *ctx);
struct store_guard_number {
	struct slice number, reason;
	int64_t suspended_at, released_at; /* 0: never */
	int64_t value, limit;		   /* what decided */
};
int store_guard_number_put(struct store *s, const struct store_guard_number *n);
typedef int store_guard_number_fn(void *ctx, const struct store_guard_number *n);
int store_guard_number_each(struct store *s, store_guard_number_fn *fn, void *ctx);
int store_guard_permit_put(struct store *s, struct slice number, struct slice country,
			   int64_t at_ms);
typedef int store_guard_permit_fn(void *ctx, struct slice number, struct slice country,
				  int64_t at_ms);
int store_guard_permit_each(struct store *s, store_guard_permit_fn *fn, void *ctx);

/* Small secrets and settings of the installation (nonce key). ERR_NOT_FOUND. */
int store_setting_get(struct store *s, struct slice name, struct slice *ret_value);
int store_setting_put(struct store *s, struct slice name, struct slice value);

/* What the operator allows and denies (policy/rules.h has scope and about). */
struct store_rule {
	uint64_t id; /* given by add */
	uint8_t scope, about;
	struct slice who, key, memo;
	bool allow;
	int64_t created_at;
};

/* ERR_EXISTS: there is one about the same for the same. They go with their number or customer. */
int store_rule_add(struct store *s, const struct store_rule *r, uint64_t *ret_id);
int store_rule_get(struct store *s, uint64_t id, struct store_rule *ret_rule);
int store_rule_remove(struct store *s, uint64_t id);
typedef int store_rule_fn(void *ctx, const struct store_rule *r);
/* By scope, for whom, and id. */
int store_rule_each(struct store *s, store_rule_fn *fn, void *ctx);

/* An application for the permission to call abroad, or a customer's own suspension of it. */
enum application_kind { APPLICATION_PERMIT, APPLICATION_SUSPEND };
enum application_state {
	APPLICATION_PENDING,
	APPLICATION_APPROVED,
	APPLICATION_REJECTED,
	APPLICATION_WITHDRAWN,
	APPLICATION_STATES
};

struct store_application {
	uint64_t id; /* given by add */
	struct slice number, customer;
	enum application_kind kind;
	enum application_state state;
	struct slice memo, applied_by;
	int64_t applied_at;
	struct slice decided_by, reason;
	int64_t decided_at;
};

/* ERR_EXISTS: one of that number waits already. */
int store_application_add(struct store *s, const struct store_application *a, uint64_t *ret_id);
int store_application_get(struct store *s, uint64_t id, struct store_application *ret_application);
/* Only what waits can be decided: else ERR_CONFLICT; ERR_NOT_FOUND. Of d: state, decided_by,
 * reason, decided_at. */
int store_application_decide(struct store *s, uint64_t id, const struct store_application *d);
/* That of the number which waits, if there is one. */
int store_application_decide_waiting(struct store *s, struct slice number,
				     const struct store_application *d);
struct store_application_query {
	struct slice number; /* empty: all */
	int state;	     /* -1: any */
};
typedef int store_application_fn(void *ctx, const struct store_application *a);
/* Latest first. */
int store_application_each(struct store *s, const struct store_application_query *q,
			   store_application_fn *fn, void *ctx);

/* Why a number is suspended; that it is stands in the number. */
struct store_suspension {
	struct slice number, reason, requester;
	int64_t at_ms;
};
int store_suspension_put(struct store *s, const struct store_suspension *p);
int store_suspension_get(struct store *s, struct slice number,
			 struct store_suspension *ret_suspension);
int store_suspension_remove(struct store *s, struct slice number);

/* Call forwarding of a number (policy/forward.h has the kinds, in this order). */
#define STORE_FORWARD_KINDS   4
#define STORE_FORWARD_TARGETS 5
struct store_forward {
	struct slice number;
	uint8_t ring_s;
	bool deflection; /* its telephones may name a target themselves */
	struct {
		bool on;
		uint8_t row; /* 1..STORE_FORWARD_TARGETS; 0: none chosen */
	} rules[STORE_FORWARD_KINDS];
	struct {
		struct slice digits, memo; /* no digits: an empty row, kept without memo */
	} targets[STORE_FORWARD_TARGETS];
};

/* All of it replaces what was, at once, within a batch or alone. It goes with its number. get:
 * ERR_NOT_FOUND: nothing was ever set. */
int store_forward_put(struct store *s, const struct store_forward *f);
int store_forward_get(struct store *s, struct slice number, struct store_forward *ret_forward);
typedef int store_forward_fn(void *ctx, const struct store_forward *f);
/* By number. */
int store_forward_each(struct store *s, store_forward_fn *fn, void *ctx);

/* Rejection services of a number (policy/screen.h). */
struct store_block {
	struct slice number, caller, memo;
	int64_t added_at; /* wall ms */
};
struct store_screen {
	struct slice number;
	bool anonymous, abroad;
	uint8_t inbound_limit;
	uint8_t block_count; /* put only */
	const struct store_block *blocks;
};

/* As for forwarding. */
int store_screen_put(struct store *s, const struct store_screen *screen);
int store_screen_get(struct store *s, struct slice number, struct store_screen *ret_screen);
typedef int store_screen_fn(void *ctx, const struct store_screen *screen);
int store_screen_each(struct store *s, store_screen_fn *fn, void *ctx);
/* Block lists, of one number or all (empty), by number and caller. */
typedef int store_block_fn(void *ctx, const struct store_block *block);
int store_block_each(struct store *s, struct slice number, store_block_fn *fn, void *ctx);

/* Append-only audit: who did what to whom. */
int store_audit_add(struct store *s, int64_t at_ms, struct slice actor, struct slice action,
		    struct slice object, struct slice detail);
struct store_audit {
	uint64_t seq;
	int64_t at_ms;
	struct slice actor, action, object, detail;
};
typedef int store_audit_fn(void *ctx, const struct store_audit *a);
/* Latest first, of an object or (empty) of all; limit 0: all. */
int store_audit_each(struct store *s, struct slice object, uint32_t limit, store_audit_fn *fn,
		     void *ctx);
