/*
 * Textbox: a few strings of changing length inside a fixed block, so that a dialog or a call is one
 * run of bytes that can be written to disk and read back. A `struct span` names a string in its
 * box; setting one compacts the box when needed. The box must know its spans: it is handed the
 * array of all of them.
 */
#pragma once

#include "base/slice.h"

struct span {
	uint16_t off, len; /* off 0, len 0: absent */
};

struct textbox {
	char *bytes; /* the block */
	uint16_t cap_bytes;
	uint16_t *used;	    /* bytes used, kept beside the block by the owner */
	struct span *spans; /* every span of this box */
	uint16_t span_count;
};

/* Of a box's block. */
static inline struct slice textbox_get(const char *bytes, struct span s)
{
	return s.off == 0 ? SLICE_NONE : slice_of(bytes + s.off - 1, s.len);
}
/*
 * Sets spans[i] to text (text must not lie in this box's own block, unless it is the very string
 * that spans[i] holds). 0 or ERR_TOO_BIG; then nothing has changed. off is stored plus one, so that
 * an empty present string differs from an absent one.
 */
int textbox_set(struct textbox *box, uint16_t i, struct slice text);
void textbox_clear(struct textbox *box, uint16_t i);
