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
	bool has_media;
	struct store_quality a_to_b, b_to_a;
};

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
 * Removing a number removes its bindings. Others: ERR_IO, ERR_LIMIT (disk full), ERR_DENIED,
 * ERR_DAMAGED, ERR_NOMEM. */
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
	uint32_t limit; /* newest first; 0: all */
};
typedef int store_record_fn(void *ctx, const struct store_record *r);
int store_record_each(struct store *s, const struct store_record_query *q, store_record_fn *fn,
		      void *ctx);

/* Small secrets and settings of the installation (nonce key). ERR_NOT_FOUND. */
int store_setting_get(struct store *s, struct slice name, struct slice *ret_value);
int store_setting_put(struct store *s, struct slice name, struct slice value);

/* Append-only audit: who did what to whom. */
int store_audit_add(struct store *s, int64_t at_ms, struct slice actor, struct slice action,
		    struct slice object, struct slice detail);
