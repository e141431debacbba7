/* What a server keeps on its disk, and those who read and write it. */
#include "base/clock.h"
#include "base/day.h"
#include "base/err.h"
#include "guard/load.h"
#include "main/data_dir.h"
#include "main/server_priv.h"

#include <sodium.h>
#include <stdio.h>

#define WRITER_BYTES (64u << 20)

/* A secret of this installation, drawn at the first start. */
static int secret(struct store *store, const char *name, void *bytes, size_t n)
{
	struct slice kept;
	if (store_setting_get(store, slice_str(name), &kept) == 0 && kept.n == n) {
		memcpy(bytes, kept.p, n);
		return 0;
	}
	randombytes_buf(bytes, n);
	return store_setting_put(store, slice_str(name), slice_of(bytes, n));
}

int server_open_data(struct server *s, char *ret_text, size_t text_bytes)
{
	int err = data_dir_lock(s->config.data_dir, &s->lock_fd, ret_text, text_bytes);
	if (err)
		return err;
	snprintf(s->data_file, sizeof(s->data_file), "%s/opengate.db", s->config.data_dir);
	err = store_open(s->data_file, &s->store, ret_text, text_bytes);
	if (err)
		return err;
	err = secret(s->store, "nonce_key", s->nonce_key.bytes, sizeof(s->nonce_key.bytes));
	if (err == 0)
		err = secret(s->store, "hash_key", s->hash_key.bytes, sizeof(s->hash_key.bytes));
	if (err)
		snprintf(ret_text, text_bytes, "%s: %s", s->data_file, store_error(s->store));
	return err;
}

static void write_failed(void *ctx, const char *text)
{
	server_emit(ctx, server_writer_producer(ctx), EVENT_STORE_FAILED, text);
}

static void records_deleted(void *ctx, int64_t before_ms, uint64_t deleted, const char *text)
{
	char detail[128], day[DAY_CHARS + 1];
	day_text(day_of(before_ms), day);
	snprintf(detail, sizeof(detail), "%llu from before %s", (unsigned long long)deleted, day);
	if (deleted)
		server_emit(ctx, server_keeper_producer(ctx), EVENT_RECORDS_DELETED, detail);
	if (text)
		server_emit(ctx, server_keeper_producer(ctx), EVENT_STORE_FAILED, text);
}

static void keep_fraud(void *ctx, struct store *store)
{
	const struct server *s = ctx;
	if (fraud_tick(s->fraud, store, clock_wall_ms()) != 0)
		server_emit(ctx, server_keeper_producer(s), EVENT_STORE_FAILED, store_error(store));
}

/* Records are added up, also those that an earlier process left to the writer. A disk that is full
 * is no reason not to start: then those are missing. */
int server_open_guard(struct server *s, char *ret_text, size_t text_bytes)
{
	int err = fraud_new(&s->hash_key, &s->fraud);
	if (err == 0)
		err = fraud_open(s->fraud, s->store, clock_wall_ms());
	if (err == 0 && fraud_watches(s->fraud)) {
		(void)writer_flush(s->writer);
		err = fraud_open_day(s->fraud, s->store, clock_wall_ms());
	}
	if (err)
		snprintf(ret_text, text_bytes, "%s: the fraud guard cannot be loaded: %s",
			 s->data_file, err_text(err));
	return err;
}

/* After the events, which it tells of what it does. */
int server_open_keeper(struct server *s, char *ret_text, size_t text_bytes)
{
	const struct keeper_params p = {.path = s->data_file,
					.keep_days = s->config.keep_days,
					.pruned = records_deleted,
					.tick = keep_fraud,
					.ctx = s};
	int err = keeper_new(&p, &s->keeper);
	if (err)
		snprintf(ret_text, text_bytes, "%s: %s", s->data_file, err_text(err));
	return err;
}

int server_open_directory(struct server *s, char *ret_text, size_t text_bytes)
{
	int err = writer_new(s->data_file, WRITER_BYTES, write_failed, s, &s->writer);
	struct directory_params p = {.hash_key = &s->hash_key, .writer = s->writer};
	if (err == 0)
		err = directory_new(&p, &s->directory);
	if (err == 0)
		err = directory_load(s->directory, s->store, clock_wall_ms());
	if (err)
		snprintf(ret_text, text_bytes, "%s: the numbers cannot be loaded: %s", s->data_file,
			 err_text(err));
	return err;
}

int server_open_trunks(struct server *s, char *ret_text, size_t text_bytes)
{
	char text[128];
	struct trunk_key key;
	uint32_t unread = 0;
	int err = data_dir_secret(s->config.data_dir, "trunk.key", key.bytes, sizeof(key.bytes),
				  ret_text, text_bytes);
	if (err)
		return err;
	err = trunks_new(&key, &s->trunks);
	sodium_memzero(&key, sizeof(key));
	if (err == 0)
		trunks_set_own(s->trunks, s->config.own, s->config.own_count);
	if (err == 0)
		err = trunks_load(s->trunks, s->store, &unread);
	if (err)
		snprintf(ret_text, text_bytes, "%s: the trunks cannot be loaded: %s", s->data_file,
			 err_text(err));
	if (unread) {
		snprintf(text, sizeof(text),
			 "the passwords of %u trunks cannot be read with trunk.key; give them anew",
			 unread);
		server_event(s, EVENT_STORE_FAILED, text);
	}
	return err;
}
