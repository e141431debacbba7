#include "api/api_priv.h"

#include "base/err.h"

#include <string.h>

static json_t *customer_json(const struct store_customer *c)
{
	return json_pack("{s:o,s:o,s:o,s:o}", "code", json_slice(c->code), "name",
			 json_slice(c->name), "address", json_slice(c->address), "created_at",
			 json_time(c->created_at));
}

static int add_row(void *ctx, const struct store_customer *c)
{
	return json_array_append_new(ctx, customer_json(c));
}

void customers_list(struct request *r)
{
	r->json = json_pack("{s:[]}", "customers");
	(void)store_customer_each(r->api->store, add_row, json_object_get(r->json, "customers"));
}

static bool code_good(const char *code)
{
	size_t n = code ? strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") : 0;
	return n > 0 && n <= 16 && code[n] == '\0';
}

static bool name_good(const char *name)
{
	return name && *name && strlen(name) <= 200;
}

/* The self-care password: as given, or made and shown once. */
static int selfcare(struct request *r, char secret[128], char hash[HASH_CHARS])
{
	const char *given = body_text(r, "selfcare_password");
	if (given)
		(void)slice_copy(slice_str(given), secret, 128);
	else
		secret_make(r->api, secret);
	return secret[0] ? secret_hash(secret, hash) : ERR_INVALID;
}

void customers_add(struct request *r)
{
	char secret[128], hash[HASH_CHARS];
	const char *code = body_text(r, "code"), *name = body_text(r, "name"),
		   *address = body_text(r, "address");
	if (!code_good(code)) {
		refuse(r, 400, "invalid", "The customer code is 1 to 16 capital letters and digits",
		       "code", "for example C9000013");
		return;
	}
	if (!name_good(name)) {
		refuse(r, 400, "invalid", "The customer's name is missing or longer than 200 bytes",
		       "name", NULL);
		return;
	}
	int err = selfcare(r, secret, hash);
	struct store_customer c = {
		.code = slice_str(code),
		.name = slice_str(name),
		.address = slice_str(address ? address : ""),
		.selfcare_hash = slice_str(hash),
		.created_at = wall_now(),
	};
	if (err == 0)
		err = store_customer_add(r->api->store, &c);
	if (err) {
		refuse_err(r, err, code,
			   err == ERR_EXISTS ? "use 'customer set' to change it" : NULL);
		return;
	}
	audit(r, "customer.add", code);
	r->status = 201;
	r->json = customer_json(&c);
	json_object_set_new(r->json, "selfcare_id", json_string(code));
	if (body_text(r, "selfcare_password") == NULL)
		json_object_set_new(r->json, "selfcare_password", json_string(secret));
}

void customer_show(struct request *r)
{
	struct store_customer c;
	int err = store_customer_get(r->api->store, slice_str(r->id), &c);
	if (err)
		refuse_err(r, err, r->id, "see 'customer list'");
	else
		r->json = customer_json(&c);
}

void customer_change(struct request *r)
{
	struct store_customer old;
	char name[256], address[1024], hash[HASH_CHARS];
	const char *given = body_text(r, "name"), *where = body_text(r, "address");
	const char *secret = body_text(r, "selfcare_password");
	int err = store_customer_get(r->api->store, slice_str(r->id), &old);
	if (err) {
		refuse_err(r, err, r->id, "see 'customer list'");
		return;
	}
	struct store_customer c = old;
	c.code = slice_str(r->id);
	if (slice_copy(given ? slice_str(given) : old.name, name, sizeof(name)) ||
	    slice_copy(where ? slice_str(where) : old.address, address, sizeof(address)) ||
	    !name_good(name)) {
		refuse(r, 400, "invalid", "The name or address is empty or too long", "name", NULL);
		return;
	}
	(void)slice_copy(old.selfcare_hash, hash, sizeof(hash));
	c.name = slice_str(name);
	c.address = slice_str(address);
	if (secret)
		err = secret_hash(secret, hash);
	c.selfcare_hash = slice_str(hash);
	if (err == 0)
		err = store_customer_put(r->api->store, &c);
	if (err) {
		refuse_err(r, err, r->id, NULL);
		return;
	}
	audit(r, "customer.set", r->id);
	r->json = customer_json(&c);
}

void customer_remove(struct request *r)
{
	int err = store_customer_remove(r->api->store, slice_str(r->id));
	if (err == ERR_CONFLICT) {
		refuse(r, 409, "conflict", "The customer still has numbers", NULL,
		       "remove its numbers first");
		return;
	}
	if (err) {
		refuse_err(r, err, r->id, "see 'customer list'");
		return;
	}
	audit(r, "customer.remove", r->id);
	r->json = json_pack("{s:s}", "removed", r->id);
}
