/* A number's screening while it is shown or changed: shared by screen.c and screen_read.c. */
#pragma once

#include "api/api_priv.h"

#define MEMO_BYTES 200 /* as line_fault has it */

struct block {
	char caller[SCREEN_NUMBER_BYTES], memo[MEMO_BYTES + 1];
	int64_t added_at; /* wall ms */
};

struct screening {
	bool anonymous, abroad;
	uint8_t inbound_limit;
	uint8_t block_count;
	struct block blocks[SCREEN_BLOCKS_MAX];
};

struct screen_edit {
	struct directory_number line;
	struct screening was, now;
};

/* The place of a caller in the list; block_count: he is not in it. */
uint8_t screen_find(const struct screening *s, const char *caller);

/* The body into edit->now: everything is checked, what is absent stays. False: refused, the field
 * named. */
bool screen_read(struct request *r, struct screen_edit *edit);
