/* What a call of the past cost. */
#include "api/api_priv.h"

#include "base/err.h"
#include "provision/prices.h"

bool book_open(struct request *r, struct rating_book **ret_book)
{
	int err = prices_load(r->api->store, ret_book);
	if (err == ERR_DAMAGED)
		refuse(r, 500, "damaged", "A price list in the database cannot be read", NULL,
		       "restore the database from a backup");
	else if (err)
		refuse_store(r, err, r->api->store);
	return err == 0;
}

/* As long as no call leaves for the network, a call that was answered was on net. */
static bool is_on_net(const struct api *api, const struct store_record *r)
{
	struct directory_number n;
	return directory_by_number(api->p.directory, r->to, &n) == 0;
}

void record_rate(const struct api *api, const struct rating_book *book,
		 const struct store_record *r, struct rating_charge *ret_charge)
{
	struct rating_call c = {.to = r->to,
				.on_net = is_on_net(api, r),
				.started_at_ms = r->started_at,
				.talk_ms = r->answered_at ? r->ended_at - r->answered_at : 0};
	rating_book_charge(book, &c, ret_charge);
}
