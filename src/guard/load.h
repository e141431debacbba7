/*
 * load: the guard and the store. Rules and what was decided are kept there; what a number did
 * today is added up from the call records.
 */
#pragma once

#include "guard/fraud.h"
#include "store/store.h"

/* Rules and what was decided, before the first call. 0, ERR_NOMEM, ERR_DAMAGED, or what the store
 * says. */
int fraud_open(struct fraud *f, struct store *s, int64_t now_ms);
/* Then, where something is watched and all records are in the store: what was done before. */
int fraud_open_day(struct fraud *f, struct store *s, int64_t now_ms);
/* Rules and holidays as they are now; in force when it returns. Where nothing was watched before,
 * what was done today is added by a later tick. Errors as above; then the old ones stay. */
int fraud_reload(struct fraud *f, struct store *s, int64_t now_ms);
/* The price lists as they are now. */
int fraud_reload_prices(struct fraud *f, struct store *s);
/* Now and then, on a thread of its own: keeps suspensions, and adds what is to be added. What fails
 * is tried again the next time. */
int fraud_tick(struct fraud *f, struct store *s, int64_t now_ms);
