/* What the files of the room share of the table. */
#pragma once

#include "trunk/table.h"

#include <pthread.h>
#include <stdatomic.h>

/* Beside the state what is nobody else's. */
struct trunk_known {
	struct digest_challenge challenge;
	bool challenged;
	uint32_t nc;
	uint32_t misses; /* in a row without an answer */
	bool probe_wanted;
	bool silent; /* that were too many */
	uint64_t attempts, failures;
	int64_t changed_at, registered_until;
	int16_t register_code, options_code;
	uint32_t options_ms, probes;
};

struct trunk_table {
	uint32_t count;
	struct trunk v[TRUNKS_MAX];
	struct trunk_state states[TRUNKS_MAX];
	struct trunk_known known[TRUNKS_MAX];
};

struct trunks {
	struct trunk_key key;
	bool has_key;
	/* Guards `now` (what it points to changes with each swap) and `own`. */
	pthread_mutex_t lock;
	struct trunk_table *now;
	char own[TRUNK_OWN_MAX][TRUNK_OWN_BYTES];
	uint32_t own_count;
	_Atomic uint32_t count, version;
};

/* Its place in the table, which is locked; -1: no such trunk. */
int trunks_at(const struct trunks *t, uint32_t id);
