/*
 * seal: passwords of trunks at rest. The password itself is needed to answer a challenge (the realm
 * is not known before), so it cannot be kept as a digest; it is encrypted with a key that lies in a
 * file of its own beside the database, so that a copy of the database gives nobody's password away.
 */
#pragma once

#include "base/slice.h"
#include "trunk/trunk.h"

struct trunk_key {
	uint8_t bytes[32];
};

#define TRUNK_SEALED_BYTES (24 + 16 + TRUNK_SECRET_BYTES)

/* Returns the sealed length; the password is shorter than TRUNK_SECRET_BYTES. An empty one gives
 * nothing. */
size_t trunk_seal(const struct trunk_key *key, const char *password,
		  uint8_t ret_sealed[TRUNK_SEALED_BYTES]);
/* 0; ERR_DAMAGED: made with another key, or changed since. */
int trunk_unseal(const struct trunk_key *key, struct slice sealed,
		 char ret_password[TRUNK_SECRET_BYTES]);
