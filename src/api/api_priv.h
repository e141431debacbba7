/* What the files of this room share: a request, its answer, and JSON as the API writes it. */
#pragma once

#include "api/api.h"
#include "api/trace.h"
#include "base/rng.h"
#include "store/store.h"

#include <jansson.h>
#include <microhttpd.h>

#define BODY_BYTES_MAX (64u << 20)

struct api {
	struct api_params p;
	struct store *store;
	struct trace *trace;
	struct rng rng;
	struct MHD_Daemon *unix_door, *tcp_door;
	int64_t started_ms;
};

struct request {
	struct api *api;
	struct MHD_Connection *connection;
	const char *id;	  /* what stood for {id} in the path, or NULL */
	struct slice raw; /* the body */
	json_t *body;	  /* the body as JSON; NULL when there is none */
	bool trusted;
	/* the answer */
	unsigned status;
	json_t *json;
	char *text; /* instead of json; malloc'ed */
	const char *type;
};

/* router.c */
void api_route(struct request *r, const char *method, const char *path);

/* json.c */
json_t *json_slice(struct slice s); /* what is not UTF-8 is shown as '?' */
json_t *json_time(int64_t wall_ms); /* RFC 3339, UTC; null for 0 */
json_t *json_uid(uint64_t uid);	    /* 16 hexadecimal digits */
bool uid_parse(const char *text, uint64_t *ret_uid);
int64_t time_parse(const char *text); /* RFC 3339 or seconds since 1970; -1 */
/* {"error": {code, message, field, hint}}; field and hint may be NULL. */
void refuse(struct request *r, unsigned status, const char *code, const char *message,
	    const char *field, const char *hint);
void refuse_err(struct request *r, int err, const char *what, const char *hint);
const char *body_text(const struct request *r, const char *key); /* NULL: absent or no string */
const char *query(const struct request *r, const char *key);
int64_t wall_now(void);
void audit(struct request *r, const char *action, const char *object);

/* secrets.c */
#define SECRET_CHARS 16
void secret_make(struct api *api, char ret_secret[SECRET_CHARS + 1]);
#define HASH_CHARS 160
int secret_hash(const char *secret, char ret_hash[HASH_CHARS]);

/* numbers.c: also for import */
struct number_fields {
	const char *number, *customer, *account, *password, *option_password;
	int64_t channels;   /* -1: not given */
	const char *policy; /* NULL: not given */
};
struct number_fault {
	const char *code, *field, *message, *hint;
};
struct number_made {
	char number[STORE_NUMBER_BYTES], account[STORE_ACCOUNT_BYTES], password[128],
		option_password[128];
	struct directory_number directory;
};
/* Checks and writes one number into the store (within the caller's batch); the directory is the
 * caller's to tell. */
int number_make(struct api *api, const struct number_fields *f, bool hash_option,
		struct number_made *ret_made, struct number_fault *ret_fault);

typedef void handler_fn(struct request *r);
handler_fn customers_list, customers_add, customer_show, customer_change, customer_remove;
handler_fn numbers_list, numbers_add, number_show, number_change, number_remove, number_password;
handler_fn registrations_list, calls_list, call_hangup, status_show, records_list, trace_show;
handler_fn import_numbers, export_numbers, metrics_show, health_show;
