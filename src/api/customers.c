#include "api/api_priv.h"
#include "base/clock.h"
#include "base/err.h"
#include "provision/draft.h"
#include "provision/secrets.h"

#include <string.h>

#define NAME_BYTES    256
#define ADDRESS_BYTES 1024

static json_t *customer_json(const struct store_customer *c)
{
	return json_pack("{s:o,s:o,s:o,s:o}", "code", json_slice(c->code), "name",
			 json_slice(c->name), "address", json_slice(c->address), "created_at",
			 json_time(c->created_at));
}

static int add_row(void *list, const struct store_customer *c)
{
	return list_add(list, customer_json(c));
}

void customers_list(struct request *r)
{
	struct list list;
	list_begin(&list, r, "customers");
	int err = store_customer_each(r->api->store, add_row, &list);
	list_end_or_refuse(&list, err);
}

/* One line of text: what is invisible would spoil tables and letters. */
static bool line_good(const char *text, size_t bytes_max)
{
	size_t n = strlen(text);
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	}
	return n <= bytes_max;
}

static const struct fault *code_fault(const char *code)
{
	static const struct fault wrong = {
		"invalid", "code", "The customer code is 1 to 16 capital letters and digits",
		"write it like C9000013"};
	return draft_customer_good(code) ? NULL : &wrong;
}

static const struct fault *name_fault(const char *name)
{
	static const struct fault wrong = {
		"invalid", "name",
		"The customer's name must be one line of 1 to 200 bytes of UTF-8",
		"a Japanese character takes 3 bytes"};
	return *name && line_good(name, 200) ? NULL : &wrong;
}

static const struct fault *address_fault(const char *address)
{
	static const struct fault wrong = {
		"invalid", "address", "The address must be one line of at most 1000 bytes of UTF-8",
		"a Japanese character takes 3 bytes"};
	return line_good(address, 1000) ? NULL : &wrong;
}

/* What the body holds, each where it stands. NULL: all good. */
static const struct fault *body_fault(const struct request *r)
{
	const char *code = body_text(r, "code"), *name = body_text(r, "name"),
		   *address = body_text(r, "address"), *secret = body_text(r, "selfcare_password");
	const struct fault *f = code ? code_fault(code) : NULL;
	if (!f && name)
		f = name_fault(name);
	if (!f && address)
		f = address_fault(address);
	if (!f && secret)
		f = draft_password(secret, "selfcare_password");
	return f;
}

/* The self-care password: as given, or made and shown once. */
static int hash_selfcare(struct request *r, char made[SECRET_CHARS + 1], char hash[HASH_CHARS])
{
	const char *given = body_text(r, "selfcare_password");
	if (given)
		return secret_hash(given, hash);
	secret_make(&r->api->rng, made);
	return secret_hash_made(made, hash);
}

static void refuse_no_memory(struct request *r)
{
	refuse(r, 503, "unavailable", "There is not enough memory to hash the password", NULL,
	       "try again; if it lasts, give the server 64 MiB more");
}

void customers_add(struct request *r)
{
	char made[SECRET_CHARS + 1], hash[HASH_CHARS], message[64];
	const char *code = body_text(r, "code"), *address = body_text(r, "address");
	const struct fault *fault = body_fault(r);
	if (fault) {
		refuse_fault(r, fault);
		return;
	}
	if (hash_selfcare(r, made, hash) != 0) {
		refuse_no_memory(r);
		return;
	}
	struct store_customer c = {
		.code = slice_str(code),
		.name = slice_str(body_text(r, "name")),
		.address = slice_str(address ? address : ""),
		.selfcare_hash = slice_str(hash),
		.created_at = clock_wall_ms(),
	};
	int err = store_customer_add(r->api->store, &c);
	if (err == ERR_EXISTS) {
		snprintf(message, sizeof(message), "Customer %s exists already", code);
		refuse(r, 409, "exists", message, "code",
		       "change it with 'opengatectl customer set'");
		return;
	}
	if (err) {
		refuse_store(r, err, r->api->store);
		return;
	}
	audit(r, "customer.add", code);
	r->status = 201;
	r->json = customer_json(&c);
	json_object_set_new(r->json, "selfcare_id", json_string(code));
	if (body_text(r, "selfcare_password") == NULL)
		json_object_set_new(r->json, "selfcare_password", json_string(made));
}

/* The customer of the path. False: refused. */
static bool find(struct request *r, struct store_customer *ret_customer)
{
	const struct fault *fault = code_fault(r->id);
	if (fault) {
		refuse_fault(r, fault);
		return false;
	}
	int err = store_customer_get(r->api->store, slice_str(r->id), ret_customer);
	if (err == ERR_NOT_FOUND)
		refuse_missing(r, "customer", r->id, "see 'opengatectl customer list'");
	else if (err)
		refuse_store(r, err, r->api->store);
	return err == 0;
}

void customer_show(struct request *r)
{
	struct store_customer c;
	if (find(r, &c))
		r->json = customer_json(&c);
}

/* Texts that live in the store's handle until its next call. */
static void keep_text(struct slice *text, char *memory, size_t bytes)
{
	(void)slice_copy(*text, memory, bytes);
	*text = slice_str(memory);
}

void customer_change(struct request *r)
{
	struct store_customer c;
	char name[NAME_BYTES], address[ADDRESS_BYTES], hash[HASH_CHARS];
	const char *given = body_text(r, "name"), *where = body_text(r, "address");
	const char *secret = body_text(r, "selfcare_password");
	const struct fault *fault = body_fault(r);
	if (fault) {
		refuse_fault(r, fault);
		return;
	}
	if (!find(r, &c))
		return;
	keep_text(&c.name, name, sizeof(name));
	keep_text(&c.address, address, sizeof(address));
	keep_text(&c.selfcare_hash, hash, sizeof(hash));
	c.code = slice_str(r->id);
	if (given)
		c.name = slice_str(given);
	if (where)
		c.address = slice_str(where);
	if (secret && secret_hash(secret, hash) != 0) {
		refuse_no_memory(r);
		return;
	}
	c.selfcare_hash = slice_str(hash);
	int err = store_customer_put(r->api->store, &c);
	if (err) {
		refuse_store(r, err, r->api->store);
		return;
	}
	audit(r, "customer.set", r->id);
	r->json = customer_json(&c);
}

void customer_remove(struct request *r)
{
	struct store_customer c;
	char message[64];
	if (!find(r, &c))
		return;
	int err = store_customer_remove(r->api->store, slice_str(r->id));
	if (err == ERR_CONFLICT) {
		snprintf(message, sizeof(message), "Customer %s still has numbers", r->id);
		refuse(r, 409, "conflict", message, NULL,
		       "remove them first: 'opengatectl number list --customer CODE' names them");
		return;
	}
	if (err) {
		refuse_store(r, err, r->api->store);
		return;
	}
	rules_forget(r, PLAN_FOR_CUSTOMER, r->id);
	guard_forget(r, NULL);
	audit(r, "customer.remove", r->id);
	r->json = json_pack("{s:s}", "removed", r->id);
}
