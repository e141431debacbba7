/*
 * sim_io: a `struct io` on the simulated network: what a shard or a phone holds for its sockets and
 * its clock. One per host, or several with the same addresses where shards share them
 * (SO_REUSEPORT).
 *
 * Using a handle that is not one's own or no longer open is our own mistake and ends the program
 * with a word.
 */
#pragma once

#include "io/io.h"
#include "net.h"

struct sim_io_params {
	const char *name;	  /* for messages */
	struct addr home4, home6; /* where connections come from; sockets bind only here when set */
};

struct io *sim_io_new(struct sim_net *net, const struct sim_io_params *p);
/* As if the process had been killed: sockets are gone, peers of streams see them break. */
void sim_io_free(struct io *io);
void sim_io_set_home(struct io *io, const struct addr *home);

/* The loop's wake: on_wake soon; several before that are one. */
void sim_io_wake(struct io *io);
/* Give it a turn now (something was done to its owner from outside). */
void sim_io_poke(struct io *io);

/* Sockets open now: what a shard must not leak. */
uint32_t sim_io_sockets(const struct io *io);
