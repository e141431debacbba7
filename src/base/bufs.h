/*
 * Byte buffers of many size classes (128 B .. 64 KiB), kept on free lists: what must outlive its
 * message arena (requests waiting for an answer, responses kept for retransmission, the texts of
 * dialogs) without the heap on the hot path. One owner, no lock; limited in bytes. Under ASan every
 * buffer is a heap block of just the size that was asked for.
 */
#pragma once

#include "base/slice.h"

#define BUFS_BYTES_MAX 65536u

struct bufs;

int bufs_new(size_t limit_bytes, struct bufs **ret_bufs);
void bufs_free(struct bufs *b);
/* At least n bytes, not zeroed; NULL above BUFS_BYTES_MAX, at the limit or without memory. */
char *bufs_take(struct bufs *b, size_t n);
/* NULL is ignored. */
void bufs_give(struct bufs *b, char *p);
/* How many bytes a buffer that was taken really has. */
size_t bufs_cap_bytes(const char *p);
/* A copy of s in a buffer; p == NULL when there is none. Give back with bufs_give(b, (char
 * *)ret.p). */
struct slice bufs_copy(struct bufs *b, struct slice s);
size_t bufs_used_bytes(const struct bufs *b);
