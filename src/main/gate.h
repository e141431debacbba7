/*
 * gate: wakes the reader thread of the event stream; many shards knock, one thread waits, and lets
 * events gather for a moment after the first knock: woken for every single one it cost more than
 * the calls themselves.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct event_gate;

int event_gate_new(int64_t gather_ms, struct event_gate **ret_gate);
void event_gate_free(struct event_gate *g);
void event_gate_knock(void *gate);
/* Reader thread, which has by then read all that came before its last wait returned. False once
 * event_gate_close was called and nothing knocks any more. */
bool event_gate_wait(struct event_gate *g);
/* Another thread: waits until what had been emitted before has been read, or the gate is closed. */
void event_gate_settle(void *gate);
void event_gate_close(struct event_gate *g);
