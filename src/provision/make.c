#include "provision/make.h"

#include "base/err.h"

#include <stdio.h>
#include <string.h>

static int hash_option(const struct draft *d, struct rng *rng, bool make_option,
		       const char *option_hash, struct made *m)
{
	if (option_hash) {
		snprintf(m->option_hash, sizeof(m->option_hash), "%s", option_hash);
		return 0;
	}
	if (d->option_password)
		return secret_hash(d->option_password, m->option_hash);
	if (!make_option)
		return 0;
	secret_make(rng, m->option_password);
	return secret_hash_made(m->option_password, m->option_hash);
}

int made_of(const struct draft *d, const char *domain, struct rng *rng, bool make_option,
	    const char *option_hash, int64_t now_ms, struct made *m)
{
	struct digest_ha1 ha1;
	*m = (struct made){0};
	if (d->password == NULL)
		secret_make(rng, m->password);
	const char *password = d->password ? d->password : m->password;
	int err = digest_ha1(slice_str(d->account), slice_str(domain), slice_str(password), &ha1);
	if (err == 0)
		err = hash_option(d, rng, make_option, option_hash, m);
	if (err)
		return err;
	m->n = (struct store_number){
		.number = slice_str(d->number),
		.account = slice_str(d->account),
		.customer = slice_str(d->customer),
		.option_hash = slice_str(m->option_hash),
		.realm = slice_str(domain),
		.channels = d->channels,
		.registration_policy = (uint8_t)d->policy,
		.international = d->international,
		.suspended = d->suspended,
		.service_start_at = now_ms,
		.created_at = now_ms,
		.password_changed_at = now_ms,
	};
	memcpy(m->n.ha1_md5, ha1.md5, sizeof(ha1.md5));
	memcpy(m->n.ha1_sha256, ha1.sha256, sizeof(ha1.sha256));
	return 0;
}

void made_directory(const struct store_number *n, struct directory_number *d)
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

const struct fault *made_refused(struct store *store, int err, const struct draft *d)
{
	static const struct fault number = {"exists", "number", "The number exists already",
					    "see 'opengatectl number list'"};
	static const struct fault account = {"exists", "account",
					     "The account id is in use by another number",
					     "see 'opengatectl number list'"};
	static const struct fault customer = {"not_found", "customer", "There is no such customer",
					      "add it first: 'opengatectl customer add'"};
	struct store_number n;
	if (err == ERR_NOT_FOUND)
		return &customer;
	if (err != ERR_EXISTS)
		return NULL;
	return store_number_get(store, slice_str(d->number), &n) == 0 ? &number : &account;
}
