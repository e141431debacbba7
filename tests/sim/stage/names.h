/* names: DNS of the simulation: what the shards' questions (RFC 3263) are answered, at once and in
 * order. */
#pragma once

#include "transport/locate.h"

#define NAMES_MAX 16

struct name {
	char host[64];
	bool silent; /* never answered */
	struct locate_target targets[LOCATE_TARGETS_MAX];
	uint32_t target_count;
};

struct names {
	struct name v[NAMES_MAX];
	uint32_t count;
	uint32_t asked;
};

/* A new name without targets, or NULL: too many. */
struct name *names_add(struct names *n, struct slice host);
/* False: the question stays unanswered. A name that is not there: ERR_NOT_FOUND. */
bool names_answer(struct names *n, struct slice host, struct locate_answer *ret_answer);
