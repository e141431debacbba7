/* Changes of a number that belong to something else that is written with them: an application, a
 * suspension. All of it is durable, or nothing. */
#include "api/api_priv.h"
#include "base/clock.h"
#include "base/err.h"
#include "provision/draft.h"
#include "provision/make.h"

bool change_begin(struct request *r)
{
	int err = store_begin(r->api->store);
	if (err)
		refuse_store(r, err, r->api->store);
	return err == 0;
}

/* The number with the flag changed; read and written within the batch. */
static int write_flag(struct store *store, const struct number_change *c,
		      struct directory_number *ret_directory)
{
	struct store_number n;
	struct number_owned o;
	int err = store_number_get(store, slice_str(c->number), &n);
	if (err)
		return err;
	number_own(&o, &n);
	if (c->international >= 0)
		o.n.international = c->international;
	if (c->suspended >= 0)
		o.n.suspended = c->suspended;
	err = store_number_put(store, &o.n);
	if (err == 0)
		made_directory(&o.n, ret_directory);
	return err;
}

bool change_failed(struct request *r, int err)
{
	if (err) {
		refuse_store(r, err, r->api->store);
		store_rollback(r->api->store);
	}
	return err != 0;
}

bool change_end(struct request *r, const struct number_change *c)
{
	struct store *store = r->api->store;
	struct directory_number d;
	bool flags = c->international >= 0 || c->suspended >= 0;
	int err = flags ? write_flag(store, c, &d) : 0;
	if (err == 0)
		err = store_audit_add(store, clock_wall_ms(), SLICE("operator"),
				      slice_str(c->action), slice_str(c->number),
				      slice_str(c->detail));
	if (err == 0)
		err = store_commit(store);
	if (change_failed(r, err))
		return false;
	if (!flags || directory_put(r->api->p.directory, &d) == 0)
		return true;
	refuse(r, 503, "unavailable",
	       "The change is kept but not in force: there is not enough memory", NULL,
	       "restart the server");
	return false;
}
