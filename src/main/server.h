/*
 * server: everything that one opengated process holds, from the lock on its data directory to the
 * shards' threads, in the order of starting; stopping goes the other way.
 */
#pragma once

#include "api/api.h"
#include "directory/directory.h"
#include "event/stream.h"
#include "io/loop.h"
#include "main/config.h"
#include "replica/image.h"
#include "shard/set.h"
#include "trunk/table.h"

#include <pthread.h>
#include <stdatomic.h>

struct server {
	const char *config_path;
	struct config config;
	char data_file[CONFIG_PATH_BYTES + 16];
	int lock_fd;
	struct store *store;
	struct writer *writer;
	struct keeper *keeper;
	struct fraud *fraud;
	struct hash_key hash_key;
	struct digest_nonce_key nonce_key;
	struct directory *directory;
	struct trunks *trunks;
	struct event_stream *events;
	struct event_gate *gate;
	atomic_uint log_level; /* config's, for the thread that reads events */
	struct shard_set *set;
	struct locator *locator;
	struct sounds *sounds;
	struct replica_image kept; /* while starting */
	uint16_t shard_count;
	struct shard_config shard_config[SHARDS_MAX];
	struct loop *loops[SHARDS_MAX];
	struct shard *shards[SHARDS_MAX];
	pthread_t threads[SHARDS_MAX], reader;
	uint16_t threads_started;
	bool reader_started;
	struct api *api;
};

/* 0, or an error with one line that says what is wrong and how to mend it. s->config and
 * config_path are set; on failure too server_stop gives everything back. */
int server_start(struct server *s, char *ret_text, size_t text_bytes);
void server_stop(struct server *s);
/* Takes over what may change at run time; shards are told. */
void server_reload(struct server *s);
/* New calls are refused; returns when none is left or grace_ms is over (then they are ended).
 * stop_now is asked now and then. */
void server_drain(struct server *s, int64_t grace_ms, bool (*stop_now)(void));
/* An event of the process itself, not of a shard. Main thread only. */
void server_event(struct server *s, enum event_type type, const char *detail);
