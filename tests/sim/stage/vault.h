/*
 * vault: the store of the simulation. What the directory and the shards hand to the writer is safe
 * once it is accepted, as in the real writer's queue, which outlives the process. It can be full
 * (ERR_AGAIN), as the real one is while the disk is.
 *
 * At a start everything goes through a real store file and directory_load.
 */
#pragma once

#include "directory/directory.h"
#include "net/net.h"

struct vault;

/* A call record, its texts copied. */
struct vault_record {
	struct store_record r; /* its slices point below */
	char texts[1024];
};

struct vault *vault_new(struct sim_net *net);
void vault_free(struct vault *k);
struct writer *vault_writer(struct vault *k);

void vault_set_full(struct vault *k, bool full);
/* Fills a directory that has just been made. Ends the program when the store fails. */
void vault_load(struct vault *k, struct directory *d);

/* Provisioning: durable at once. Replaces the one of that number. */
void vault_number_put(struct vault *k, const struct directory_number *n);
void vault_number_remove(struct vault *k, const char *number);
uint32_t vault_numbers(const struct vault *k);
const struct directory_number *vault_number_at(const struct vault *k, uint32_t i);
const struct directory_number *vault_number(const struct vault *k, const char *number);

/* To be changed in place, then put into the directory. */
struct forward_settings *vault_forward(struct vault *k, const char *number);

/* What a number has set of calls to it: to be changed in place, then put into the directory. */
struct vault_screen {
	char number[STORE_NUMBER_BYTES];
	struct screen_settings settings;
	char blocks[SCREEN_BLOCKS_MAX][SCREEN_NUMBER_BYTES];
};
struct vault_screen *vault_screen(struct vault *k, const char *number);
int vault_screen_put(struct vault_screen *v, struct directory *d);

/* One more of the operator's rules; id is given. */
void vault_rule_add(struct vault *k, struct plan_rule rule);
void vault_rules_forget(struct vault *k);
/* All of them, in force. */
void vault_rules(const struct vault *k, struct directory *d);

/* The store holds so many: one that came again (after a crash) has replaced the first. */
uint32_t vault_records(const struct vault *k);
/* Each that was handed over, in order. */
uint32_t vault_handed_over(const struct vault *k);
const struct vault_record *vault_record(const struct vault *k, uint32_t i);
