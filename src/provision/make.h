/* A draft made into the record that the store keeps, and that into what the directory knows. */
#pragma once

#include "directory/directory.h"
#include "provision/draft.h"
#include "provision/secrets.h"

struct made {
	struct store_number n; /* its texts point into the draft and into this */
	char option_hash[HASH_CHARS];
	char password[SECRET_CHARS + 1];	/* made, not given; else "" */
	char option_password[SECRET_CHARS + 1]; /* likewise */
};

/*
 * Digests of the password, given or made. option_hash: the given option password already hashed,
 * or NULL: it is hashed here; without one given, one is made when make_option, else the number has
 * none until one is issued. now_ms: since when it is in service. 0 or ERR_NOMEM.
 */
int made_of(const struct draft *d, const char *domain, struct rng *rng, bool make_option,
	    const char *option_hash, int64_t now_ms, struct made *ret_made);
void made_directory(const struct store_number *n, struct directory_number *ret_number);
/* Why the store did not take it: number or account in use, no such customer. NULL: it failed. */
const struct fault *made_refused(struct store *store, int err, const struct draft *d);
