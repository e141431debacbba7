/*
 * The stream between the shards and the readers: one ring per producer thread, one reader thread
 * that calls every reader in turn. When a reader falls behind and a ring fills, events of level 0
 * are dropped first and counted (event_stream_dropped); nothing that must not be lost (records,
 * registrations) depends on the stream alone.
 */
#pragma once

#include "event/event.h"

struct event_stream;

typedef void event_reader_fn(void *ctx, const struct event *e);
/* Many at once, as they lie in the ring: for readers that pass over most of them or keep them as
 * they are. Valid until it returns. */
typedef void event_bytes_reader_fn(void *ctx, const struct event_bytes *events, size_t n);

/* producers: how many threads emit, each with its number 0..producers-1. wake(wake_ctx): called
 * when a sleeping reader has something to do; may be NULL (simulation polls). */
int event_stream_new(uint32_t producers, size_t ring_bytes, void (*wake)(void *), void *wake_ctx,
		     struct event_stream **ret_stream);
void event_stream_free(struct event_stream *s);
/* Before any event is emitted. 0 or ERR_LIMIT (8 readers). */
int event_stream_add_reader(struct event_stream *s, event_reader_fn *fn, void *ctx);
int event_stream_add_bytes_reader(struct event_stream *s, event_bytes_reader_fn *fn, void *ctx);

/* Producer thread; e->shard is set to producer. Never blocks, never fails loudly: a drop is
 * counted. */
void event_stream_emit(struct event_stream *s, uint32_t producer, struct event *e);
uint64_t event_stream_dropped(const struct event_stream *s);

/* Reader thread: hands all waiting events to the readers, in order per producer; how many there
 * were. */
size_t event_stream_drain(struct event_stream *s);
