/*
 * ladder: what went over the simulated network, in order, as people draw it. Fed by the network's
 * tap; printed when a scenario fails.
 */
#pragma once

#include "net.h"

#include <stdio.h>

struct ladder;

struct ladder *ladder_new(struct sim_net *net);
void ladder_free(struct ladder *l);
/* Whoever sends from that address (port 0: that host) is called so. */
void ladder_name(struct ladder *l, const struct addr *addr, const char *name);
/* A remark at the present time: what the scenario did. */
void ladder_note(struct ladder *l, const char *text);
/* The last `lines` ones, each behind `prefix`. */
void ladder_print(const struct ladder *l, FILE *to, const char *prefix, size_t lines);
