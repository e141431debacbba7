/*
 * watch: what must hold at every step, whatever the scenario does.
 *
 * - shard_check finds nothing on any shard, and as many channels are held as calls are live, as
 * many inbound places as there are calls to numbers of ours;
 * - topology is hidden: no message to a phone holds an address, Call-ID, tag, branch or account of
 *   another phone (hide.c reads every packet that the server sends);
 * - each call that began gets one record, not two; at the end none is without.
 */
#pragma once

#include "stage/stage.h"

#include <stdio.h>

struct watch;

struct watch *watch_new(struct stage *st);
void watch_free(struct watch *w);
/* The server was started: its events are read from now on. */
void watch_events(struct watch *w);
/* After each step. */
void watch_step(struct watch *w);
/* The fault is about that call. */
void watch_blame(struct watch *w, uint64_t uid);
/* The events of the call that the fault is about, if it is about one. */
void watch_story(const struct watch *w, FILE *to, const char *prefix);
/* Every call that began has its record. */
void watch_records(struct watch *w);

/* --- hide.c */
struct hide;
struct hide *hide_new(struct stage *st);
void hide_free(struct hide *h);
/* Its account and addresses are its own from now on. */
void hide_phone(struct hide *h, struct ua *ua);
struct hide *watch_hide(struct watch *w);
/* The scenario does on purpose what the check forbids (a text of one phone said by another). */
void hide_stop(struct hide *h);
