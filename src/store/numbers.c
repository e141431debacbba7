#include "store/store_priv.h"

#define COLUMNS                                                                                    \
	"number, account, customer, option_hash, ha1_md5, ha1_sha256, realm, channels, "           \
	"international, suspended,"                                                                \
	" registration_policy, service_start_at, created_at, password_changed_at"
#define INSERT "INSERT INTO number(" COLUMNS ") VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

static void bind_row(struct query *q, const struct store_number *n)
{
	query_text(q, n->number);
	query_text(q, n->account);
	query_text(q, n->customer);
	query_text(q, n->option_hash);
	query_blob(q, n->ha1_md5, sizeof(n->ha1_md5));
	query_blob(q, n->ha1_sha256, sizeof(n->ha1_sha256));
	query_text(q, n->realm);
	query_int(q, n->channels);
	query_int(q, n->international);
	query_int(q, n->suspended);
	query_int(q, n->registration_policy);
	query_int(q, n->service_start_at);
	query_int(q, n->created_at);
	query_int(q, n->password_changed_at);
}

/* The schema checks the length; a file that was tampered with reads as zeroes, which match no
 * password. */
static void read_digest(struct query *q, uint8_t *to, size_t n)
{
	struct slice blob = query_get_blob(q);

	memset(to, 0, n);
	if (blob.n == n)
		memcpy(to, blob.p, n);
}

static void read_row(struct query *q, struct store_number *n)
{
	n->number = query_get_text(q);
	n->account = query_get_text(q);
	n->customer = query_get_text(q);
	n->option_hash = query_get_text(q);
	read_digest(q, n->ha1_md5, sizeof(n->ha1_md5));
	read_digest(q, n->ha1_sha256, sizeof(n->ha1_sha256));
	n->realm = query_get_text(q);
	n->channels = (uint32_t)query_get_int(q);
	n->international = query_get_int(q) != 0;
	n->suspended = query_get_int(q) != 0;
	n->registration_policy = (uint8_t)query_get_int(q);
	n->service_start_at = query_get_int(q);
	n->created_at = query_get_int(q);
	n->password_changed_at = query_get_int(q);
}

static int not_found(struct store *s, const char *what, struct slice key)
{
	return store_refuse(s, ERR_NOT_FOUND, "There is no %s %.*s.", what, SLICE_ARG(key));
}

static int write_number(struct query *q, const struct store_number *n)
{
	int r;

	bind_row(q, n);
	r = query_run(q, NULL);
	if (r == ERR_EXISTS)
		return store_refuse(q->s, r, "Number %.*s or account %.*s is taken.",
				    SLICE_ARG(n->number), SLICE_ARG(n->account));
	return r == ERR_CONFLICT ? not_found(q->s, "customer", n->customer) : r;
}

int store_number_add(struct store *s, const struct store_number *n)
{
	struct query q;

	query_init(&q, s, PLACE_NUMBER_ADD, INSERT);
	return write_number(&q, n);
}

int store_number_put(struct store *s, const struct store_number *n)
{
	struct query q;

	/* Not REPLACE: that would take the row out and its bindings with it. */
	query_init(
		&q, s, PLACE_NUMBER_PUT,
		INSERT
		" ON CONFLICT(number) DO UPDATE SET account = excluded.account, customer = "
		"excluded.customer,"
		" option_hash = excluded.option_hash, ha1_md5 = excluded.ha1_md5,"
		" ha1_sha256 = excluded.ha1_sha256, realm = excluded.realm, channels = "
		"excluded.channels,"
		" international = excluded.international, suspended = excluded.suspended,"
		" registration_policy = excluded.registration_policy,"
		" service_start_at = excluded.service_start_at, created_at = excluded.created_at,"
		" password_changed_at = excluded.password_changed_at");
	return write_number(&q, n);
}

static int get_one(struct query *q, const char *what, struct slice key,
		   struct store_number *ret_number)
{
	struct store_number n;
	struct slice *const texts[] = {&n.number, &n.account, &n.customer, &n.option_hash,
				       &n.realm};
	int r;

	query_text(q, key);
	r = query_next(q);
	if (r <= 0)
		return r < 0 ? r : not_found(q->s, what, key);
	read_row(q, &n);
	r = query_keep(q, texts, sizeof(texts) / sizeof(texts[0]));
	query_end(q);
	if (r == 0)
		*ret_number = n;
	return r;
}

int store_number_get(struct store *s, struct slice number, struct store_number *ret_number)
{
	struct query q;

	query_init(&q, s, PLACE_NUMBER_GET, "SELECT " COLUMNS " FROM number WHERE number = ?");
	return get_one(&q, "number", number, ret_number);
}

int store_number_get_by_account(struct store *s, struct slice account,
				struct store_number *ret_number)
{
	struct query q;

	query_init(&q, s, PLACE_NUMBER_BY_ACCOUNT,
		   "SELECT " COLUMNS " FROM number WHERE account = ?");
	return get_one(&q, "account", account, ret_number);
}

int store_number_remove(struct store *s, struct slice number)
{
	struct query q;
	int r, changed = 0;

	query_init(&q, s, PLACE_NUMBER_REMOVE, "DELETE FROM number WHERE number = ?");
	query_text(&q, number);
	r = query_run(&q, &changed);
	return r == 0 && changed == 0 ? not_found(s, "number", number) : r;
}

int store_number_each(struct store *s, struct slice customer, store_number_fn *fn, void *ctx)
{
	return store_number_each_after(s, customer, SLICE_NONE, fn, ctx);
}

int store_number_each_after(struct store *s, struct slice customer, struct slice after,
			    store_number_fn *fn, void *ctx)
{
	struct query q;
	int r;

	if (customer.n == 0) {
		query_init(&q, s, PLACE_NUMBER_EACH,
			   "SELECT " COLUMNS " FROM number WHERE number > ? ORDER BY number");
	} else {
		query_init(&q, s, PLACE_NUMBER_EACH_OF,
			   "SELECT " COLUMNS
			   " FROM number WHERE customer = ? AND number > ? ORDER BY number");
		query_text(&q, customer);
	}
	query_text(&q, after);
	while ((r = query_next(&q)) > 0) {
		struct store_number n;

		read_row(&q, &n);
		r = fn(ctx, &n);
		if (r != 0)
			break;
	}
	query_end(&q);
	return r;
}
