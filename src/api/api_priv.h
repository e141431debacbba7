/*
 * What the files of this room share. A request comes in plain (no HTTP library in sight), goes
 * through the table of routes, and leaves with a status and a JSON or text answer; so that tests
 * and the fuzzer can make one without a socket.
 */
#pragma once

#include "api/api.h"
#include "api/trace.h"
#include "base/rng.h"
#include "policy/rules.h"
#include "provision/fault.h"
#include "provision/import.h"
#include "provision/secrets.h"
#include "rating/book.h"
#include "store/store.h"

#include <jansson.h>
#include <stdio.h>

#define BODY_BYTES_MAX	    (64u << 20) /* of an import */
#define JSON_BODY_BYTES_MAX (1u << 20)
#define QUERY_MAX	    8
#define PATH_ID_BYTES	    128

struct doors;

struct api {
	struct api_params p;
	struct store *store;
	struct trace *trace;
	struct rng rng;
	struct doors *doors;
	struct import *import;
	int64_t started_ms;
};

struct query_value {
	const char *key, *value; /* value NULL: "?key" alone */
};

/* An answer that is made while it goes out, so that however long it is it takes little memory and
 * others are served in between. */
struct stream {
	/* At most max bytes; 0: the end; negative: it failed, and the connection is cut. */
	ssize_t (*read)(struct stream *s, char *to, size_t max);
	void (*free)(struct stream *s);
};

struct request {
	struct api *api;
	const char *method, *path;
	struct query_value query[QUERY_MAX + 1];
	unsigned query_count; /* above QUERY_MAX: there were more */
	struct slice raw;     /* the body, NUL-terminated behind raw.n; NULL: none */
	bool too_big;	      /* the body was larger than BODY_BYTES_MAX and is not kept */
	bool trusted;	      /* came through the operator's own socket */
	/* for handlers */
	const char *id; /* what stood for {id} in the path, or NULL */
	json_t *body;	/* the body as JSON, checked against the route's fields; NULL: none */
	/* the answer */
	unsigned status;
	json_t *json;
	char *text;	       /* instead of json; malloc'ed */
	struct stream *stream; /* instead of both */
	const char *type;
	char allow[64]; /* of a 405 */
	bool later;	/* no answer yet: the import answers from its own thread */
};

typedef void handler_fn(struct request *r);

enum body_type {
	BODY_TEXT,
	BODY_COUNT,
	BODY_SWITCH,
	BODY_LIST, /* of texts */
	BODY_OBJECT,
	BODY_OBJECTS /* a list of them */
};

struct body_field {
	const char *name; /* NULL: behind the last */
	enum body_type type;
	bool required;
};

#define ROUTE_QUERY_MAX 6

struct route {
	const char *method, *path; /* "{id}" stands for one path segment */
	handler_fn *handler;
	const struct body_field *body;		  /* NULL: no JSON body is taken */
	const char *const query[ROUTE_QUERY_MAX]; /* parameters it takes */
	bool open;				  /* also without trust */
	bool writes; /* changes numbers or customers: waits while an import is being written */
	bool csv;    /* the body is not JSON */
};

extern const struct route api_routes[];
extern const size_t api_route_count;

/* docs/openapi.yaml, put into the program when it is built; ASCII only. */
extern const char api_openapi_yaml[];
extern const size_t api_openapi_yaml_bytes;

/* ---- router.c ---- */

/* The route, or NULL with r refused (404, 405). *ret_id: what stands for {id}. */
const struct route *route_find(struct request *r, char ret_id[PATH_ID_BYTES]);
/* Checks body and query against the route and calls the handler. */
void route_run(const struct route *route, struct request *r, const char *id);

/* ---- body.c ---- */

/* r->raw into r->body. False: refused, the fault and the field named. */
bool body_read(struct request *r, const struct body_field *fields);
/* False: a query parameter that the route does not know; refused. */
bool query_check(struct request *r, const char *const known[ROUTE_QUERY_MAX]);
const char *body_text(const struct request *r, const char *key); /* NULL: absent */
const char *query(const struct request *r, const char *key);

/* ---- json.c ---- */

json_t *json_slice(struct slice s);	    /* what is not UTF-8 is shown as '?' */
json_t *json_slice_or_null(struct slice s); /* null: empty */
json_t *json_time(int64_t wall_ms);	    /* RFC 3339, UTC; null for 0 */
json_t *json_uid(uint64_t uid);		    /* 16 hexadecimal digits */
bool uid_parse(const char *text, uint64_t *ret_uid);

/* A long list goes out as text while it is walked, one element at a time in memory. */
struct list {
	struct request *r;
	FILE *f;
	size_t bytes;
	bool any;
	bool broken; /* an element could not be made */
};
void list_begin(struct list *l, struct request *r, const char *key);
/* Takes it; always 0. NULL (it could not be made): the request is refused by list_end. */
int list_add(struct list *l, json_t *element);
void list_end(struct list *l);
/* Instead of list_end, when r was refused meanwhile. */
void list_drop(struct list *l);
/* Behind a walk through the store, err being what it said. */
void list_end_or_refuse(struct list *l, int err);

/* ---- refuse.c ---- */

/* {"error": {code, message, field, hint}}; field and hint may be NULL. */
void refuse(struct request *r, unsigned status, const char *code, const char *message,
	    const char *field, const char *hint);
/* What a subscriber is told too, in both languages. */
struct refusal {
	unsigned status;
	const char *code, *field;
	const char *message, *message_ja;
	const char *hint, *hint_ja;
};
void refuse_told(struct request *r, const struct refusal *what);
/* That field; status and code may be left out (400, "invalid"). Always false. */
bool refuse_member(struct request *r, const char *field, const struct refusal *what);
void refuse_fault(struct request *r, const struct fault *f);
/* The query's "limit". False: refused. Without one, otherwise. */
bool limit_of(struct request *r, uint64_t max, uint64_t otherwise, uint64_t *ret_limit);
/* 404: "There is no number 050..."; hint: where to look. */
void refuse_missing(struct request *r, const char *what, const char *name, const char *hint);
/* The store failed: its own sentence, which says how to mend it. */
void refuse_store(struct request *r, int err, const struct store *store);
/* It is not in a state for that. */
void refuse_conflict(struct request *r, const char *message, const char *hint);
/* The shards did not answer in time. */
void refuse_busy(struct request *r);

/* Many mistakes in a file: {"error": {..., "rows": [...]}}, as those of an import. Takes rows. */
void refuse_rows(struct request *r, const char *message, json_t *rows);

void audit(struct request *r, const char *action, const char *object);
void audit_detail(struct request *r, const char *action, const char *object, const char *detail);
/* A memo, reason or name: one line of at most 200 bytes. NULL: it is good. */
const struct fault *line_fault(const char *text, const char *field);
/* The same, and it may be neither NULL nor empty. */
const struct fault *needed_line_fault(const char *text, const char *field);

/* ---- numbers.c ---- */

/* A copy whose texts do not lie in the store handle, so that it can be put back. */
struct number_owned {
	struct store_number n;
	char number[STORE_NUMBER_BYTES], account[STORE_ACCOUNT_BYTES],
		customer[STORE_CUSTOMER_BYTES], realm[64];
	char option_hash[HASH_CHARS];
};
void number_own(struct number_owned *o, const struct store_number *n);
/* A number that is in force, by what was given, however it was written. False: refused. */
bool line_find(struct request *r, const char *given, struct directory_number *ret_line);
/* The number of the path, from the store. False: refused. */
bool number_find(struct request *r, char number[STORE_NUMBER_BYTES],
		 struct store_number *ret_number);
/* It, as it is now. */
void number_answer(struct request *r, const char *number);
json_t *suspension_json(struct request *r, struct slice number); /* null: none is known */

/* ---- flags.c: begin, whatever else is written, end ---- */

struct number_change {
	const char *number, *action, *detail; /* the last two for the audit */
	int international, suspended;	      /* -1: stays as it is */
};
/* False: refused. */
bool change_begin(struct request *r);
/* True: err is one, the request refused and all of it undone. */
bool change_failed(struct request *r, int err);
/* The flags and the audit; durable, then in force. False: refused, and undone. */
bool change_end(struct request *r, const struct number_change *c);

/* ---- forward.c ---- */

#define FORWARD_NAME_BYTES 32
/* "no-answer forwarding", within a sentence. */
const char *forward_name(enum forward_kind kind, char ret_name[FORWARD_NAME_BYTES]);
struct forward_judgement;
/* Why it is no target, in both languages. */
void forward_why(const struct forward_judgement *f, const char **ret_en, const char **ret_ja);

/* ---- rules.c ---- */

json_t *rule_json(const struct store_rule *rule);
/* A row's id in the path. False: refused. */
bool row_id(struct request *r, const char *what, uint64_t *ret_id);
/* A number or a customer has gone, and what was said about it alone. */
void rules_forget(struct request *r, enum plan_scope scope, const char *who);

/* ---- records.c ---- */

json_t *record_json(const struct store_record *r);
/* What has ended is there to be seen. */
void records_settle(const struct request *r);

/* ---- guard.c ---- */

/* A number (NULL: only a customer) was removed; what the guard knew of it goes. */
void guard_forget(struct request *r, const char *number);

/* ---- period.c: days and months out of a query ---- */

/* Absent: otherwise. False: refused. */
bool day_of_query(struct request *r, const char *key, int32_t otherwise, int32_t *ret_day);
/* The first day of the month. It has to be there. */
bool month_of_query(struct request *r, const char *key, int32_t *ret_month);

/* ---- rate.c ---- */

/* The price lists as they are now; the caller frees them. False: refused. */
bool book_open(struct request *r, struct rating_book **ret_book);
void record_rate(const struct rating_book *book, const struct store_record *r,
		 struct rating_charge *ret_charge);

/* trunks.c: their lines of the metrics. */
void trunks_metrics(FILE *f, struct trunks *trunks);

handler_fn customers_list, customers_add, customer_show, customer_change, customer_remove;
handler_fn numbers_list, numbers_add, number_show, number_change, number_remove, number_password;
handler_fn registrations_list, calls_list, call_hangup, status_show, records_list, trace_show;
handler_fn trunks_list, trunks_add, trunk_show, trunk_change, trunk_remove, trunk_test;
handler_fn records_export, records_prune, records_prune_show;
handler_fn guard_show, guard_change, guard_number_show, guard_release;
handler_fn prices_show, prices_import, prices_check, statement_show;
handler_fn forward_show, forward_change, forward_simulate;
handler_fn screen_show, screen_change;
handler_fn number_suspend, number_resume, audits_list;
handler_fn applications_list, applications_add, application_show, application_approve,
	application_reject;
handler_fn plan_show, plan_try, rules_list, rules_add, rule_remove;
handler_fn import_numbers, import_show, export_numbers, metrics_show, health_show, openapi_show;
