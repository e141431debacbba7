/* gate: wakes the reader thread of the event stream; many shards knock, one thread waits. */
#pragma once

#include <stdbool.h>

struct event_gate;

int event_gate_new(struct event_gate **ret_gate);
void event_gate_free(struct event_gate *g);
void event_gate_knock(void *gate);
/* False once event_gate_close was called and nothing knocks any more. */
bool event_gate_wait(struct event_gate *g);
void event_gate_close(struct event_gate *g);
