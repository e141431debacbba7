/* A number's forwarding while it is shown or changed: shared by forward.c and forward_read.c. */
#pragma once

#include "api/api_priv.h"
#include "core/judge.h"

#define MEMO_BYTES 200 /* as line_fault has it */

struct forwarding {
	struct forward_settings settings;
	char memos[FORWARD_TARGETS_MAX][MEMO_BYTES + 1];
};

struct forward_edit {
	struct directory_number line;
	struct forwarding was, now;
};

/* The body into edit->now: everything is checked, what is absent stays. False: refused, the field
 * named. */
bool forward_read(struct request *r, struct forward_edit *edit);
