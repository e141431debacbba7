/*
 * vault: the store of the simulation. What the directory and the shards hand to the writer is
 * accepted at once and durable a while later, as behind the real writer; a crash loses what was on
 * its way. It can be full (ERR_AGAIN), which the real one is while its disk is.
 *
 * At a start everything durable goes through a real store file and directory_load.
 */
#pragma once

#include "directory/directory.h"
#include "net/net.h"

#define VAULT_DELAY_MS 10 /* the real writer gathers for so long */

struct vault;

/* A call record, its texts copied. */
struct vault_record {
	struct store_record r; /* its slices point below */
	char texts[400];
	int64_t durable_us;
};

struct vault *vault_new(struct sim_net *net);
void vault_free(struct vault *k);
struct writer *vault_writer(struct vault *k);

void vault_set_full(struct vault *k, bool full);
/* What is handed over from now on is durable so much later. */
void vault_set_delay_ms(struct vault *k, int64_t ms);
/* The process was killed: what is not durable yet never will be. */
void vault_crash(struct vault *k);
/* Fills a directory that has just been made. Ends the program when the store fails. */
void vault_load(struct vault *k, struct directory *d);

/* Provisioning: durable at once. Replaces the one of that number. */
void vault_number_put(struct vault *k, const struct directory_number *n);
void vault_number_remove(struct vault *k, const char *number);
const struct directory_number *vault_number(const struct vault *k, const char *number);

/* The store holds so many: one that came again (after a crash) has replaced the first. */
uint32_t vault_records(const struct vault *k);
/* Each that was handed over, in order. */
uint32_t vault_handed_over(const struct vault *k);
const struct vault_record *vault_record(const struct vault *k, uint32_t i);
