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

/* Who is called from the network pays nothing, whatever number the network names as the caller's.
 */
void record_rate(const struct rating_book *book, const struct store_record *r,
		 struct rating_charge *ret_charge)
{
	struct rating_call c = {.to = r->to,
				.on_net = store_record_is_on_net(r),
				.started_at_ms = r->started_at,
				.talk_ms = r->answered_at ? r->ended_at - r->answered_at : 0};
	rating_book_charge(book, &c, ret_charge);
	if (store_record_is_inbound(r)) {
		ret_charge->row = NULL;
		ret_charge->units = 0;
		ret_charge->uyen = 0;
	}
}
