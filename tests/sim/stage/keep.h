/*
 * keep: the store of the simulation. What the directory and the shards hand to the writer is
 * accepted at once and outlives a crash, as with the real writer and its queue. It can be full
 * (ERR_AGAIN), which the real one is while its disk is.
 *
 * At a start everything goes through a real store file and directory_load.
 */
#pragma once

#include "directory/directory.h"
#include "net/net.h"

struct keep;

/* A call record, its texts copied. */
struct kept_record {
	struct store_record r; /* its slices point below */
	char texts[400];
};

struct keep *keep_new(struct sim_net *net);
void keep_free(struct keep *k);
struct writer *keep_writer(struct keep *k);

void keep_set_full(struct keep *k, bool full);
/* Fills a directory that has just been made. Ends the program when the store fails. */
void keep_load(struct keep *k, struct directory *d);

/* Provisioning: durable at once. Replaces the one of that number. */
void keep_number_put(struct keep *k, const struct directory_number *n);
void keep_number_remove(struct keep *k, const char *number);
const struct directory_number *keep_number(const struct keep *k, const char *number);

uint32_t keep_records(const struct keep *k);
const struct kept_record *keep_record(const struct keep *k, uint32_t i);
