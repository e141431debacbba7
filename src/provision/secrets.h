/* Passwords: made, and hashed for keeping. */
#pragma once

#include "base/rng.h"

#define SECRET_CHARS 16
void secret_make(struct rng *rng, char ret_secret[SECRET_CHARS + 1]);

#define HASH_CHARS 160
/* Argon2id, slow on purpose (64 MiB, some 0.1 s): for what people choose. 0 or ERR_NOMEM. */
int secret_hash(const char *secret, char ret_hash[HASH_CHARS]);
/* For what secret_make made: 92 random bits cannot be guessed, however fast the hash. */
int secret_hash_made(const char *secret, char ret_hash[HASH_CHARS]);
