/*
 * Within the room store: what is handed over to the writer, as it lies in its queue and in a batch:
 * a header, the struct as it was handed over, then its texts one after another.
 */
#pragma once

#include "base/slice.h"

enum item_kind { ITEM_PUT, ITEM_REMOVE, ITEM_RECORD, ITEM_FLUSH };

struct item {
	uint32_t bytes; /* all of it, a multiple of 8 */
	uint32_t kind;
};

/* body: struct store_binding (PUT, REMOVE), struct store_record, uint64_t (FLUSH: its ticket). */
size_t item_bytes(enum item_kind kind, const void *body);
/* Returns the place behind it. */
char *item_pack(char *to, enum item_kind kind, const void *body);
/* The body, its slices pointing behind it again. */
void *item_body(struct item *item);

/* A number for the layout of all kinds: a queue of another version's cannot be read. */
uint64_t item_layout(void);
/* Does the record consist of whole items? The memory of a process that was killed is not believed
 * to the last bit. */
bool item_are_whole(struct slice record);
