/*
 * trace: a reader of the event stream that keeps what happened in the latest calls, in bounded
 * memory, so that a call can be shown as a ladder of both legs. Oldest events go first, a block of
 * them at once. Any thread (a mutex guards the store of events: the reader thread writes, the API
 * thread reads, seldom).
 */
#pragma once

#include "event/event.h"

#include <jansson.h>

struct trace;

/* bytes: reserved, and used as they are needed; 1 MiB at least. 0 or ERR_NOMEM. */
int trace_new(size_t bytes, struct trace **ret_trace);
void trace_free(struct trace *t);
/* An event_bytes_reader_fn. */
void trace_events(void *trace, const struct event_bytes *events, size_t n);
/* The events of one call in order, as a JSON array; NULL when there are none. The caller owns it.
 */
json_t *trace_of_call(struct trace *t, uint64_t call);
