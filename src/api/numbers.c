#include "api/api_priv.h"

#include "base/err.h"
#include "policy/dial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *number_json(const struct store_number *n)
{
	return json_pack("{s:o,s:o,s:o,s:i,s:b,s:s,s:b,s:o,s:o}", "number", json_slice(n->number),
			 "customer", json_slice(n->customer), "account", json_slice(n->account),
			 "channels", (int)n->channels, "international", n->international,
			 "registration_policy",
			 reg_policy_name((enum reg_policy)n->registration_policy), "suspended",
			 n->suspended, "service_start_at", json_time(n->service_start_at),
			 "created_at", json_time(n->created_at));
}

/* "050-1000-0014", full width and so on are understood; the number is kept as eleven digits. */
static bool number_good(const char *text, char ret_number[STORE_NUMBER_BYTES])
{
	struct dialled d;
	if (text == NULL || dial_normalise(slice_str(text), &d) != 0)
		return false;
	bool good = strlen(d.digits) == 11 && strncmp(d.digits, "050", 3) == 0 &&
		    d.digits[3] != '0' && slice_is_digits(slice_str(d.digits));
	if (good)
		strcpy(ret_number, d.digits);
	return good;
}

static int fault(struct number_fault *f, const char *code, const char *field, const char *message,
		 const char *hint)
{
	*f = (struct number_fault){code, field, message, hint};
	return ERR_INVALID;
}

static int check(const struct number_fields *f, struct number_made *m, enum reg_policy *ret_policy,
		 struct number_fault *ret_fault)
{
	if (!number_good(f->number, m->number))
		return fault(ret_fault, "invalid", "number",
			     "The number must be 11 digits: 050, then one that is not 0",
			     "for example 05010000014");
	if (f->account == NULL || strlen(f->account) != 8 ||
	    !slice_is_digits(slice_str(f->account)))
		return fault(ret_fault, "invalid", "account", "The account id must be 8 digits",
			     "for example 10000012");
	if (f->customer == NULL || *f->customer == '\0')
		return fault(ret_fault, "invalid", "customer", "The customer code is missing",
			     "see 'customer list'");
	if (f->channels != -1 && (f->channels < 2 || f->channels > 32))
		return fault(ret_fault, "invalid", "channels", "Channels must be from 2 to 32",
			     NULL);
	*ret_policy = REG_NEWEST;
	if (f->policy && *f->policy && reg_policy_of(slice_str(f->policy), ret_policy) != 0)
		return fault(ret_fault, "invalid", "registration_policy",
			     "The policy must be newest, fork or reject", NULL);
	if (f->password && (strlen(f->password) < 6 || strlen(f->password) > 100))
		return fault(ret_fault, "invalid", "password",
			     "The password must be 6 to 100 characters long", NULL);
	strcpy(m->account, f->account);
	return 0;
}

static void choose_secret(struct api *api, const char *given, char ret_secret[128])
{
	if (given && *given)
		(void)slice_copy(slice_str(given), ret_secret, 128);
	else
		secret_make(api, ret_secret);
}

static int store_fault(struct api *api, int err, const struct number_fields *f,
		       struct number_fault *ret_fault)
{
	struct store_customer c;
	if (err == ERR_EXISTS)
		return fault(ret_fault, "exists", "number",
			     "The number or the account id is in use already", "see 'number list'");
	if (store_customer_get(api->store, slice_str(f->customer), &c) == ERR_NOT_FOUND)
		return fault(ret_fault, "not_found", "customer", "There is no such customer",
			     "add it first: opengatectl customer add");
	return fault(ret_fault, "failed", NULL, store_error(api->store), NULL);
}

static void fill_directory(const struct store_number *n, struct directory_number *d)
{
	*d = (struct directory_number){
		.channels = n->channels,
		.international = n->international,
		.suspended = n->suspended,
		.policy = (enum reg_policy)n->registration_policy,
	};
	(void)slice_copy(n->number, d->number, sizeof(d->number));
	(void)slice_copy(n->account, d->account, sizeof(d->account));
	(void)slice_copy(n->customer, d->customer, sizeof(d->customer));
	(void)slice_copy(n->realm, d->realm, sizeof(d->realm));
	memcpy(d->ha1.md5, n->ha1_md5, sizeof(n->ha1_md5));
	memcpy(d->ha1.sha256, n->ha1_sha256, sizeof(n->ha1_sha256));
}

int number_make(struct api *api, const struct number_fields *f, bool hash_option,
		struct number_made *m, struct number_fault *ret_fault)
{
	enum reg_policy policy;
	struct digest_ha1 ha1;
	char option_hash[HASH_CHARS] = "";
	int err = check(f, m, &policy, ret_fault);
	if (err)
		return err;
	choose_secret(api, f->password, m->password);
	choose_secret(api, f->option_password, m->option_password);
	err = digest_ha1(slice_str(m->account), slice_str(api->p.domain), slice_str(m->password),
			 &ha1);
	if (err == 0 && hash_option)
		err = secret_hash(m->option_password, option_hash);
	if (err)
		return fault(ret_fault, "failed", NULL, err_text(err), NULL);
	struct store_number n = {
		.number = slice_str(m->number),
		.account = slice_str(m->account),
		.customer = slice_str(f->customer),
		.option_hash = slice_str(option_hash),
		.realm = slice_str(api->p.domain),
		.channels = f->channels == -1 ? 2 : (uint32_t)f->channels,
		.registration_policy = (uint8_t)policy,
		.service_start_at = wall_now(),
		.created_at = wall_now(),
		.password_changed_at = wall_now(),
	};
	memcpy(n.ha1_md5, ha1.md5, sizeof(n.ha1_md5));
	memcpy(n.ha1_sha256, ha1.sha256, sizeof(n.ha1_sha256));
	err = store_number_add(api->store, &n);
	if (err)
		return store_fault(api, err, f, ret_fault);
	fill_directory(&n, &m->directory);
	return 0;
}

static void refuse_fault(struct request *r, const struct number_fault *f)
{
	unsigned status = 400;
	if (strcmp(f->code, "exists") == 0)
		status = 409;
	else if (strcmp(f->code, "failed") == 0)
		status = 500;
	refuse(r, status, f->code, f->message, f->field, f->hint);
}

/* --- handlers */

static int add_row(void *ctx, const struct store_number *n)
{
	return json_array_append_new(ctx, number_json(n));
}

void numbers_list(struct request *r)
{
	const char *customer = query(r, "customer");
	r->json = json_pack("{s:[]}", "numbers");
	(void)store_number_each(r->api->store, slice_str(customer ? customer : ""), add_row,
				json_object_get(r->json, "numbers"));
}

static int64_t channels_of(const struct request *r)
{
	const json_t *v = json_object_get(r->body, "channels");
	if (v == NULL)
		return -1;
	return json_is_integer(v) ? json_integer_value(v) : 0;
}

void numbers_add(struct request *r)
{
	struct number_made m = {0};
	struct number_fault f;
	struct number_fields fields = {
		.number = body_text(r, "number"),
		.customer = body_text(r, "customer"),
		.account = body_text(r, "account"),
		.password = body_text(r, "password"),
		.option_password = body_text(r, "option_password"),
		.channels = channels_of(r),
		.policy = body_text(r, "registration_policy"),
	};
	struct store_number n;
	if (number_make(r->api, &fields, true, &m, &f) != 0) {
		refuse_fault(r, &f);
		return;
	}
	int err = directory_put(r->api->p.directory, &m.directory);
	if (err == 0)
		err = store_number_get(r->api->store, slice_str(m.number), &n);
	if (err) {
		refuse_err(r, err, m.number, NULL);
		return;
	}
	r->status = 201;
	r->json = number_json(&n);
	audit(r, "number.add", m.number);
	if (fields.password == NULL)
		json_object_set_new(r->json, "password", json_string(m.password));
	if (fields.option_password == NULL)
		json_object_set_new(r->json, "option_password", json_string(m.option_password));
}

/* The number of the path, from the store. False: refused. */
static bool find(struct request *r, char number[STORE_NUMBER_BYTES],
		 struct store_number *ret_number)
{
	if (!number_good(r->id, number)) {
		refuse(r, 400, "invalid",
		       "The number must be 11 digits: 050, then one that is not 0", "number",
		       "for example 05010000014");
		return false;
	}
	int err = store_number_get(r->api->store, slice_str(number), ret_number);
	if (err)
		refuse_err(r, err, number, "see 'number list'");
	return err == 0;
}

void number_show(struct request *r)
{
	char number[STORE_NUMBER_BYTES];
	struct store_number n;
	if (find(r, number, &n))
		r->json = number_json(&n);
}

/* A copy whose texts do not lie in the store handle, so that it can be put back. */
struct owned {
	struct store_number n;
	char number[STORE_NUMBER_BYTES], account[STORE_ACCOUNT_BYTES],
		customer[STORE_CUSTOMER_BYTES], realm[64];
	char option_hash[HASH_CHARS];
};

static void own(struct owned *o, const struct store_number *n)
{
	o->n = *n;
	(void)slice_copy(n->number, o->number, sizeof(o->number));
	(void)slice_copy(n->account, o->account, sizeof(o->account));
	(void)slice_copy(n->customer, o->customer, sizeof(o->customer));
	(void)slice_copy(n->realm, o->realm, sizeof(o->realm));
	(void)slice_copy(n->option_hash, o->option_hash, sizeof(o->option_hash));
	o->n.number = slice_str(o->number);
	o->n.account = slice_str(o->account);
	o->n.customer = slice_str(o->customer);
	o->n.realm = slice_str(o->realm);
	o->n.option_hash = slice_str(o->option_hash);
}

static bool write_back(struct request *r, struct owned *o, const char *action)
{
	struct directory_number d;
	int err = store_number_put(r->api->store, &o->n);
	fill_directory(&o->n, &d);
	if (err == 0)
		err = directory_put(r->api->p.directory, &d);
	if (err) {
		refuse_err(r, err, o->number, store_error(r->api->store));
		return false;
	}
	audit(r, action, o->number);
	return true;
}

static bool apply_changes(struct request *r, struct store_number *n)
{
	enum reg_policy policy = (enum reg_policy)n->registration_policy;
	const char *name = body_text(r, "registration_policy");
	const json_t *v;
	int64_t channels = channels_of(r);
	if (channels != -1 && (channels < 2 || channels > 32)) {
		refuse(r, 400, "invalid", "Channels must be from 2 to 32", "channels", NULL);
		return false;
	}
	if (name && reg_policy_of(slice_str(name), &policy) != 0) {
		refuse(r, 400, "invalid", "The policy must be newest, fork or reject",
		       "registration_policy", NULL);
		return false;
	}
	if (channels != -1)
		n->channels = (uint32_t)channels;
	n->registration_policy = (uint8_t)policy;
	if ((v = json_object_get(r->body, "international")) != NULL)
		n->international = json_is_true(v);
	if ((v = json_object_get(r->body, "suspended")) != NULL)
		n->suspended = json_is_true(v);
	return true;
}

void number_change(struct request *r)
{
	char number[STORE_NUMBER_BYTES];
	struct store_number n;
	struct owned o;
	if (!find(r, number, &n))
		return;
	own(&o, &n);
	if (apply_changes(r, &o.n) && write_back(r, &o, "number.set"))
		r->json = number_json(&o.n);
}

void number_remove(struct request *r)
{
	char number[STORE_NUMBER_BYTES];
	struct store_number n;
	if (!find(r, number, &n))
		return;
	int err = store_number_remove(r->api->store, slice_str(number));
	if (err) {
		refuse_err(r, err, number, NULL);
		return;
	}
	(void)directory_remove(r->api->p.directory, slice_str(number));
	audit(r, "number.remove", number);
	r->json = json_pack("{s:s}", "removed", number);
}

static int renew(struct request *r, struct owned *o, bool option, char secret[SECRET_CHARS + 1])
{
	struct digest_ha1 ha1;
	secret_make(r->api, secret);
	if (option) {
		int err = secret_hash(secret, o->option_hash);
		o->n.option_hash = slice_str(o->option_hash);
		return err;
	}
	int err = digest_ha1(o->n.account, slice_str(r->api->p.domain), slice_str(secret), &ha1);
	memcpy(o->n.ha1_md5, ha1.md5, sizeof(ha1.md5));
	memcpy(o->n.ha1_sha256, ha1.sha256, sizeof(ha1.sha256));
	strcpy(o->realm, r->api->p.domain);
	o->n.realm = slice_str(o->realm);
	o->n.password_changed_at = wall_now();
	return err;
}

/* POST {kind: "sip" | "option"}: a new password, shown once. A new SIP password cuts the phone off
 * until it is set. */
void number_password(struct request *r)
{
	char number[STORE_NUMBER_BYTES], secret[SECRET_CHARS + 1];
	struct store_number n;
	struct owned o;
	const char *kind = body_text(r, "kind");
	bool option = kind && strcmp(kind, "option") == 0;
	if (!option && (kind == NULL || strcmp(kind, "sip") != 0)) {
		refuse(r, 400, "invalid", "The kind of password must be sip or option", "kind",
		       NULL);
		return;
	}
	if (!find(r, number, &n))
		return;
	own(&o, &n);
	int err = renew(r, &o, option, secret);
	if (err) {
		refuse_err(r, err, number, NULL);
		return;
	}
	if (write_back(r, &o, option ? "number.option_password" : "number.sip_password"))
		r->json = json_pack("{s:s,s:s,s:s}", "number", number, "kind", kind,
				    option ? "option_password" : "password", secret);
}
