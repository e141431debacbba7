#include "api/api_priv.h"
#include "base/clock.h"
#include "base/err.h"
#include "provision/draft.h"
#include "provision/make.h"

#include <stdlib.h>
#include <string.h>

/* What n points to may be gone afterwards: it is read first. */
static json_t *number_json(struct request *r, const struct store_number *n)
{
	char number[STORE_NUMBER_BYTES];
	(void)slice_copy(n->number, number, sizeof(number));
	bool suspended = n->suspended;
	json_t *o = json_pack("{s:o,s:o,s:o,s:i,s:b,s:s,s:b,s:o,s:o}", "number",
			      json_slice(n->number), "customer", json_slice(n->customer), "account",
			      json_slice(n->account), "channels", (int)n->channels, "international",
			      n->international, "registration_policy",
			      reg_policy_name((enum reg_policy)n->registration_policy), "suspended",
			      n->suspended, "service_start_at", json_time(n->service_start_at),
			      "created_at", json_time(n->created_at));
	json_object_set_new(o, "suspension",
			    suspended ? suspension_json(r, slice_str(number)) : json_null());
	return o;
}

#define NUMBERS_MAX 1000000000u

struct page {
	struct list list;
	uint64_t left;
};

#define PAGE_IS_FULL 1

static int add_row(void *ctx, const struct store_number *n)
{
	struct page *page = ctx;
	(void)list_add(&page->list, number_json(page->list.r, n));
	return --page->left ? 0 : PAGE_IS_FULL;
}

void numbers_list(struct request *r)
{
	struct page page;
	if (!limit_of(r, NUMBERS_MAX, NUMBERS_MAX, &page.left))
		return;
	list_begin(&page.list, r, "numbers");
	int err = store_number_each_after(r->api->store, slice_str(query(r, "customer")),
					  slice_str(query(r, "after")), add_row, &page);
	list_end_or_refuse(&page.list, err < 0 ? err : 0);
}

/* One value of the body as the text that the draft takes. */
static const struct fault *take_value(struct draft *d, enum draft_column c, const json_t *v)
{
	char text[32];
	if (json_is_string(v))
		return draft_take(d, c, json_string_value(v));
	if (json_is_boolean(v))
		return draft_take(d, c, json_is_true(v) ? "yes" : "no");
	snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(v));
	return draft_take(d, c, text);
}

/* What the body holds, into the draft. False: refused. */
static bool take_body(struct request *r, struct draft *d)
{
	for (enum draft_column c = 0; c < DRAFT_COLUMNS; c++) {
		const json_t *v = json_object_get(r->body, draft_names[c]);
		const struct fault *fault = v ? take_value(d, c, v) : NULL;
		if (fault == NULL)
			continue;
		refuse_fault(r, fault);
		return false;
	}
	return true;
}

static bool add(struct request *r, const struct draft *d, struct made *m)
{
	struct store *store = r->api->store;
	struct directory_number directory;
	int err = made_of(d, r->api->p.domain, &r->api->rng, true, NULL, clock_wall_ms(), m);
	if (err) {
		refuse(r, 503, "unavailable", "There is not enough memory to hash the password",
		       NULL, "try again; if it lasts, give the server 64 MiB more");
		return false;
	}
	err = store_number_add(store, &m->n);
	const struct fault *fault = err ? made_refused(store, err, d) : NULL;
	if (fault)
		refuse_fault(r, fault);
	else if (err)
		refuse_store(r, err, store);
	if (err)
		return false;
	made_directory(&m->n, &directory);
	if (directory_put(r->api->p.directory, &directory) == 0)
		return true;
	(void)store_number_remove(store, slice_str(d->number));
	refuse(r, 503, "unavailable", "There is not enough memory for another number", NULL, NULL);
	return false;
}

void numbers_add(struct request *r)
{
	struct draft d;
	struct made m;
	draft_init(&d);
	if (!take_body(r, &d) || !add(r, &d, &m))
		return;
	audit(r, "number.add", d.number);
	r->status = 201;
	r->json = number_json(r, &m.n);
	if (m.password[0])
		json_object_set_new(r->json, "password", json_string(m.password));
	if (m.option_password[0])
		json_object_set_new(r->json, "option_password", json_string(m.option_password));
}

bool line_find(struct request *r, const char *given, struct directory_number *ret_line)
{
	char number[STORE_NUMBER_BYTES];
	const struct fault *fault = draft_number(given, number);
	if (fault) {
		refuse_fault(r, fault);
		return false;
	}
	if (directory_by_number(r->api->p.directory, slice_str(number), ret_line) == 0)
		return true;
	refuse_missing(r, "number", number, "see 'opengatectl number list'");
	return false;
}

bool number_find(struct request *r, char number[STORE_NUMBER_BYTES],
		 struct store_number *ret_number)
{
	const struct fault *fault = draft_number(r->id, number);
	if (fault) {
		refuse_fault(r, fault);
		return false;
	}
	int err = store_number_get(r->api->store, slice_str(number), ret_number);
	if (err == ERR_NOT_FOUND)
		refuse_missing(r, "number", number, "see 'opengatectl number list'");
	else if (err)
		refuse_store(r, err, r->api->store);
	return err == 0;
}

void number_show(struct request *r)
{
	char number[STORE_NUMBER_BYTES];
	struct store_number n;
	if (number_find(r, number, &n))
		r->json = number_json(r, &n);
}

void number_answer(struct request *r, const char *number)
{
	struct store_number n;
	int err = store_number_get(r->api->store, slice_str(number), &n);
	if (err)
		refuse_store(r, err, r->api->store);
	else
		r->json = number_json(r, &n);
}

void number_own(struct number_owned *o, const struct store_number *n)
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

/* Permitted by hand: there is nothing left to decide. */
static int close_application(struct request *r, const struct number_owned *o)
{
	struct store_application d = {.state = APPLICATION_APPROVED,
				      .decided_by = SLICE("operator"),
				      .reason = SLICE("permitted with number set"),
				      .decided_at = clock_wall_ms()};
	return o->n.international ? store_application_decide_waiting(r->api->store, o->n.number, &d)
				  : 0;
}

/* The number, the application that this decides, and the audit: all or nothing. */
static bool write_back(struct request *r, struct number_owned *o, const char *action,
		       const char *detail)
{
	struct store *store = r->api->store;
	struct directory_number d;
	if (!change_begin(r))
		return false;
	int err = store_number_put(store, &o->n);
	if (err == 0)
		err = close_application(r, o);
	if (err == 0)
		err = store_audit_add(store, clock_wall_ms(), SLICE("operator"), slice_str(action),
				      slice_str(o->number), slice_str(detail));
	if (err == 0)
		err = store_commit(store);
	if (change_failed(r, err))
		return false;
	made_directory(&o->n, &d);
	if (directory_put(r->api->p.directory, &d) == 0)
		return true;
	refuse(r, 503, "unavailable",
	       "The change is kept but not in force: there is not enough memory", NULL,
	       "restart the server");
	return false;
}

void number_change(struct request *r)
{
	char number[STORE_NUMBER_BYTES];
	struct store_number n;
	struct number_owned o;
	struct draft d;
	if (!number_find(r, number, &n))
		return;
	number_own(&o, &n);
	draft_init(&d);
	d.channels = o.n.channels;
	d.policy = (enum reg_policy)o.n.registration_policy;
	d.international = o.n.international;
	if (!take_body(r, &d))
		return;
	o.n.channels = d.channels;
	o.n.registration_policy = (uint8_t)d.policy;
	o.n.international = d.international;
	char *changes = json_dumps(r->body, JSON_COMPACT); /* it holds no secrets */
	if (write_back(r, &o, "number.set", changes ? changes : ""))
		r->json = number_json(r, &o.n);
	free(changes);
}

void number_remove(struct request *r)
{
	char number[STORE_NUMBER_BYTES];
	struct store_number n;
	if (!number_find(r, number, &n))
		return;
	int err = store_number_remove(r->api->store, slice_str(number));
	if (err) {
		refuse_store(r, err, r->api->store);
		return;
	}
	(void)directory_remove(r->api->p.directory, slice_str(number));
	rules_forget(r, PLAN_FOR_NUMBER, number);
	guard_forget(r, number);
	audit(r, "number.remove", number);
	r->json = json_pack("{s:s}", "removed", number);
}

static int renew(struct request *r, struct number_owned *o, bool option,
		 char secret[SECRET_CHARS + 1])
{
	struct digest_ha1 ha1;
	secret_make(&r->api->rng, secret);
	if (option) {
		int err = secret_hash_made(secret, o->option_hash);
		o->n.option_hash = slice_str(o->option_hash);
		return err;
	}
	int err = digest_ha1(o->n.account, slice_str(r->api->p.domain), slice_str(secret), &ha1);
	memcpy(o->n.ha1_md5, ha1.md5, sizeof(ha1.md5));
	memcpy(o->n.ha1_sha256, ha1.sha256, sizeof(ha1.sha256));
	snprintf(o->realm, sizeof(o->realm), "%s", r->api->p.domain);
	o->n.realm = slice_str(o->realm);
	o->n.password_changed_at = clock_wall_ms();
	return err;
}

/* POST {kind: "sip" | "option"}: a new password, shown once. A new SIP password cuts the phone off
 * until it is set. */
void number_password(struct request *r)
{
	char number[STORE_NUMBER_BYTES], secret[SECRET_CHARS + 1];
	struct store_number n;
	struct number_owned o;
	const char *kind = body_text(r, "kind");
	bool option = strcmp(kind, "option") == 0;
	if (!option && strcmp(kind, "sip") != 0) {
		refuse(r, 400, "invalid", "The kind of password is sip or option", "kind", NULL);
		return;
	}
	if (!number_find(r, number, &n))
		return;
	number_own(&o, &n);
	if (renew(r, &o, option, secret) != 0) {
		refuse(r, 503, "unavailable", "There is not enough memory to hash the password",
		       NULL, "try again in a moment");
		return;
	}
	if (write_back(r, &o, option ? "number.option_password" : "number.sip_password", ""))
		r->json = json_pack("{s:s,s:s,s:s}", "number", number, "kind", kind,
				    option ? "option_password" : "password", secret);
}
