#include "main/server.h"

#include "base/day.h"
#include "base/err.h"
#include "guard/load.h"
#include "main/data_dir.h"
#include "main/gate.h"
#include "main/preflight.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define INBOX_BYTES	 (16u << 20)
#define EVENT_RING_BYTES (16u << 20)
#define WRITER_BYTES	 (64u << 20)
#define GATHER_EVENTS_MS 20   /* what comes in the meantime should still be in a cache */
#define READY_PAIRS_MAX	 4096 /* enough for 2,000 calls a second */
#define FAREWELL_MS	 2000 /* for the answers to our BYEs */

/* --- the data */

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

static int open_data(struct server *s, char *ret_text, size_t text_bytes)
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

/* --- directory and events */

static int64_t wall_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Those who emit, beside the shards: each thread is a producer of its own. */
static uint32_t main_producer(const struct server *s)
{
	return s->shard_count;
}

static uint32_t writer_producer(const struct server *s)
{
	return s->shard_count + 1u;
}

static uint32_t keeper_producer(const struct server *s)
{
	return s->shard_count + 2u;
}

static void emit(struct server *s, uint32_t producer, enum event_type type, const char *detail)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	struct event e = {.type = type,
			  .wall_ms = wall_ms(),
			  .mono_ms = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000};
	event_add_text(&e, EVENT_KEY_DETAIL, slice_str(detail));
	event_stream_emit(s->events, producer, &e);
}

void server_event(struct server *s, enum event_type type, const char *detail)
{
	emit(s, main_producer(s), type, detail);
}

static void write_failed(void *ctx, const char *text)
{
	emit(ctx, writer_producer(ctx), EVENT_STORE_FAILED, text);
}

static void records_deleted(void *ctx, int64_t before_ms, uint64_t deleted, const char *text)
{
	char detail[128], day[DAY_CHARS + 1];
	day_text(day_of(before_ms), day);
	snprintf(detail, sizeof(detail), "%llu from before %s", (unsigned long long)deleted, day);
	if (deleted)
		emit(ctx, keeper_producer(ctx), EVENT_RECORDS_DELETED, detail);
	if (text)
		emit(ctx, keeper_producer(ctx), EVENT_STORE_FAILED, text);
}

static void keep_fraud(void *ctx, struct store *store)
{
	const struct server *s = ctx;
	if (fraud_tick(s->fraud, store, wall_ms()) != 0)
		emit(ctx, keeper_producer(s), EVENT_STORE_FAILED, store_error(store));
}

/* Records are added up, also those that an earlier process left to the writer. A disk that is full
 * is no reason not to start: then those are missing. */
static int open_guard(struct server *s, char *ret_text, size_t text_bytes)
{
	int err = fraud_new(&s->hash_key, &s->fraud);
	if (err == 0)
		err = fraud_open(s->fraud, s->store, wall_ms());
	if (err == 0 && fraud_watches(s->fraud)) {
		(void)writer_flush(s->writer);
		err = fraud_open_day(s->fraud, s->store, wall_ms());
	}
	if (err)
		snprintf(ret_text, text_bytes, "%s: the fraud guard cannot be loaded: %s",
			 s->data_file, err_text(err));
	return err;
}

/* After the events, which it tells of what it does. */
static int open_keeper(struct server *s, char *ret_text, size_t text_bytes)
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

static int open_directory(struct server *s, char *ret_text, size_t text_bytes)
{
	int err = writer_new(s->data_file, WRITER_BYTES, write_failed, s, &s->writer);
	struct directory_params p = {.hash_key = &s->hash_key, .writer = s->writer};
	if (err == 0)
		err = directory_new(&p, &s->directory);
	if (err == 0)
		err = directory_load(s->directory, s->store, wall_ms());
	if (err)
		snprintf(ret_text, text_bytes, "%s: the numbers cannot be loaded: %s", s->data_file,
			 err_text(err));
	return err;
}

static int open_trunks(struct server *s, char *ret_text, size_t text_bytes)
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

static void log_event(const struct event_bytes *bytes)
{
	struct event e;
	char line[1024];
	if (event_decode(bytes->bytes, &e) != 0)
		return;
	struct slice text = event_log_line(&e, line, sizeof(line));
	fprintf(stderr, "%.*s\n", SLICE_ARG(text));
}

static void log_events(void *ctx, const struct event_bytes *events, size_t n)
{
	const struct server *s = ctx;
	int level = (int)atomic_load(&s->log_level);
	for (size_t i = 0; i < n; i++) {
		enum event_type type = events[i].type;
		if (type != EVENT_SIP_MESSAGE && event_level(type) >= level)
			log_event(&events[i]);
	}
}

static void *read_events(void *arg)
{
	struct server *s = arg;
	while (event_gate_wait(s->gate))
		while (event_stream_drain(s->events))
			;
	return NULL;
}

static int open_events(struct server *s, char *ret_text, size_t text_bytes)
{
	int err = event_gate_new(GATHER_EVENTS_MS, &s->gate);
	atomic_store(&s->log_level, s->config.log_level);
	if (err == 0)
		err = event_stream_new(keeper_producer(s) + 1, EVENT_RING_BYTES, event_gate_knock,
				       s->gate, &s->events);
	if (err == 0)
		err = event_stream_add_bytes_reader(s->events, log_events, s);
	if (err)
		snprintf(ret_text, text_bytes, "events: %s", err_text(err));
	return err;
}

/* --- shards */

static void wake_shard(void *ctx, uint16_t shard)
{
	struct server *s = ctx;
	loop_wake(s->loops[shard]);
}

/* Of the descriptors a quarter, of the shard's ports a quarter, and not without end. */
static uint32_t ready_pairs(uint32_t pairs, uint32_t shards)
{
	struct rlimit descriptors;
	uint64_t most = READY_PAIRS_MAX;
	if (getrlimit(RLIMIT_NOFILE, &descriptors) == 0 && descriptors.rlim_cur / 8 / shards < most)
		most = descriptors.rlim_cur / 8 / shards;
	return (uint32_t)(pairs / 4 < most ? pairs / 4 : most);
}

/* Each shard gets its share of the ports, whole pairs, and its part of the calls. */
static struct shard_config part_of(const struct server *s, uint16_t shard)
{
	const struct config *c = &s->config;
	uint16_t count = s->shard_count;
	struct config_ports ports = config_port_share(c, shard, count);
	struct shard_config part = {
		.domain = c->domain,
		.server_name = "OpenGate",
		.expires_min_s = c->expires_min_s,
		.expires_max_s = c->expires_max_s,
		.expires_default_s = c->expires_default_s,
		.nonce_life_s = c->nonce_life_s,
		.digest_offer = c->digest_offer,
		.ping_period_s = c->ping_period_s,
		.ring_limit_s = c->ring_limit_s,
		.session_expires_s = c->session_expires_s,
		.session_min_s = c->session_min_s,
		.media_timeout_s = c->media_timeout_s,
		.calls_max = (c->calls_max + count - 1) / count,
		.connections_max = (c->connections_max + count - 1) / count,
		.connections_per_source_max = (c->connections_per_source + count - 1) / count,
		.media4 = c->media4,
		.media6 = c->media6,
		.media_port_first = ports.first,
		.media_port_last = ports.last,
		.media_ready_pairs = ready_pairs((ports.last + 1u - ports.first) / 2, count),
		.trusted_count = c->trusted_count,
		.trunk_answer_ms = c->trunk_answer_ms,
		.trunk_progress_s = c->trunk_progress_s,
		.trunk_options_s = c->trunk_options_s,
		.trunk_failures = c->trunk_failures,
		.trunk_expires_s = c->trunk_expires_s,
		.sounds = s->sounds,
		.announce = c->announce,
		.announce_limit_s = c->announce_limit_s,
		.players_max = (c->announce_calls_max + count - 1) / count,
	};
	memcpy(part.trusted, c->trusted, sizeof(part.trusted));
	memcpy(part.announce_language, c->announce_language, sizeof(part.announce_language));
	memcpy(part.announce_off, c->announce_off, sizeof(part.announce_off));
	return part;
}

/* --- names */

static void located(void *ctx, const struct locate_answer *answer)
{
	const struct server *s = ctx;
	shard_set_located(s->set, answer);
}

static int locate(void *ctx, const struct sip_uri *uri, uint16_t shard, uint64_t token)
{
	const struct server *s = ctx;
	return locator_ask(s->locator, uri, shard, token);
}

/* After the shards' inboxes and before the shards. */
static int open_locator(struct server *s, char *ret_text, size_t text_bytes)
{
	struct locator_params p = {
		.servers = s->config.dns_servers[0] ? s->config.dns_servers : NULL,
		.hash_key = s->hash_key,
		.ctx = s,
		.post = located,
	};
	for (uint32_t i = 0; i < s->config.listener_count; i++)
		p.transports |= 1u << s->config.listeners[i].transport;
	randombytes_buf(p.seed, sizeof(p.seed));
	int err = locator_new(&p, &s->locator);
	if (err)
		snprintf(ret_text, text_bytes, "dns.servers %s: the resolver cannot be opened: %s",
			 p.servers ? p.servers : "system", err_text(err));
	return err;
}

static int open_shard(struct server *s, uint16_t i, char *ret_text, size_t text_bytes)
{
	s->shard_config[i] = part_of(s, i);
	int err = loop_new(&s->loops[i]);
	if (err) {
		snprintf(ret_text, text_bytes, "shard %u: %s", i, err_text(err));
		return err;
	}
	loop_set_gather(s->loops[i], s->config.gather_us);
	struct shard_params p = {
		.index = i,
		.count = s->shard_count,
		.io = loop_io(s->loops[i]),
		.directory = s->directory,
		.trunks = s->trunks,
		.events = s->events,
		.writer = s->writer,
		.fraud = s->fraud,
		.keep_dir = s->config.data_dir,
		.kept = &s->kept,
		.config = &s->shard_config[i],
		.listener_count = s->config.listener_count,
		.hash_key = s->hash_key,
		.nonce_key = s->nonce_key,
		.locate = locate,
		.locate_ctx = s,
		.inboxes = shard_set_inboxes(s->set),
		.wake = wake_shard,
		.wake_ctx = s,
	};
	memcpy(p.listeners, s->config.listeners, sizeof(p.listeners));
	randombytes_buf(p.seed, sizeof(p.seed));
	return shard_new(&p, &s->shards[i], ret_text, text_bytes);
}

static void call_file_unread(void *ctx, const char *path, int err)
{
	char text[CONFIG_PATH_BYTES + 128];
	snprintf(text, sizeof(text), "%s: %s; it was put aside, the calls in it are lost", path,
		 err == ERR_UNSUPPORTED ? "made by another version" : err_text(err));
	server_event(ctx, EVENT_CALL_FILE_DAMAGED, text);
}

/* What the calls of before were. */
static int read_calls(struct server *s)
{
	char text[128];
	int err = replica_image_add_dir(&s->kept, s->config.data_dir, call_file_unread, s);
	if (s->kept.damaged) {
		snprintf(text, sizeof(text), "%u damaged records in the call files were left out",
			 s->kept.damaged);
		server_event(s, EVENT_CALL_FILE_DAMAGED, text);
	}
	return err;
}

static int open_shards(struct server *s, char *ret_text, size_t text_bytes)
{
	int err = read_calls(s);
	if (err == 0)
		err = shard_set_new(s->shard_count, INBOX_BYTES, wake_shard, s, &s->set);
	if (err)
		snprintf(ret_text, text_bytes, "shards: %s", err_text(err));
	else
		err = open_locator(s, ret_text, text_bytes);
	for (uint16_t i = 0; i < s->shard_count && err == 0; i++)
		err = open_shard(s, i, ret_text, text_bytes);
	if (err == 0)
		replica_remove_files(s->config.data_dir, s->shard_count);
	replica_image_free(&s->kept);
	return err;
}

static void *run_shard(void *loop)
{
	loop_run(loop);
	return NULL;
}

static int start_threads(struct server *s, char *ret_text, size_t text_bytes)
{
	snprintf(ret_text, text_bytes,
		 "no thread could be started: raise the limit of processes (ulimit -u)");
	if (pthread_create(&s->reader, NULL, read_events, s) != 0)
		return ERR_LIMIT;
	s->reader_started = true;
	for (uint16_t i = 0; i < s->shard_count; i++) {
		if (pthread_create(&s->threads[i], NULL, run_shard, s->loops[i]) != 0)
			return ERR_LIMIT;
		s->threads_started++;
	}
	return 0;
}

static int open_api(struct server *s, char *ret_text, size_t text_bytes)
{
	struct api_params p = {
		.data_file = s->data_file,
		.domain = s->config.domain,
		.socket = s->config.http_socket,
		.listen = s->config.http_listen,
		.directory = s->directory,
		.trunks = s->trunks,
		.events = s->events,
		.settle = event_gate_settle,
		.settle_ctx = s->gate,
		.writer = s->writer,
		.keeper = s->keeper,
		.fraud = s->fraud,
		.set = s->set,
		.trace_bytes = (size_t)s->config.trace_memory_mb << 20,
		.sip_listeners = s->config.listeners,
		.sip_listener_count = s->config.listener_count,
	};
	return api_new(&p, &s->api, ret_text, text_bytes);
}

static int open_sounds(struct server *s, char *ret_text, size_t text_bytes)
{
	char why[CONFIG_FAULT_BYTES - 32];
	int err = announcements_load(s->config.announce_folder, &s->sounds, why, sizeof(why));
	if (err)
		snprintf(ret_text, text_bytes, "announcements.folder: %s", why);
	return err;
}

int server_start(struct server *s, char *ret_text, size_t text_bytes)
{
	s->shard_count = (uint16_t)config_shards(&s->config);
	int err = preflight_addresses(&s->config, ret_text, text_bytes);
	char few[CONFIG_FAULT_BYTES];
	bool enough = preflight_descriptors(&s->config, few, sizeof(few));
	if (err == 0)
		err = open_sounds(s, ret_text, text_bytes);
	if (err == 0)
		err = open_data(s, ret_text, text_bytes);
	if (err == 0)
		err = open_events(s, ret_text, text_bytes);
	if (err == 0)
		err = open_directory(s, ret_text, text_bytes);
	if (err == 0)
		err = open_guard(s, ret_text, text_bytes);
	if (err == 0)
		err = open_keeper(s, ret_text, text_bytes);
	if (err == 0)
		err = open_trunks(s, ret_text, text_bytes);
	if (err == 0)
		err = open_shards(s, ret_text, text_bytes);
	if (err == 0)
		err = open_api(s, ret_text, text_bytes);
	if (err == 0)
		err = start_threads(s, ret_text, text_bytes);
	if (err == 0)
		err = api_start(s->api, ret_text, text_bytes);
	if (err == 0 && !enough)
		server_event(s, EVENT_DESCRIPTORS_FEW, few);
	return err;
}

static void stop_threads(struct server *s)
{
	for (uint16_t i = 0; i < s->threads_started; i++)
		loop_stop(s->loops[i]);
	for (uint16_t i = 0; i < s->threads_started; i++)
		pthread_join(s->threads[i], NULL);
	s->threads_started = 0;
	if (s->gate)
		event_gate_close(s->gate);
	if (s->reader_started)
		pthread_join(s->reader, NULL);
	s->reader_started = false;
	if (s->events)
		event_stream_drain(s->events);
}

void server_stop(struct server *s)
{
	if (s->api)
		api_stop(s->api);
	stop_threads(s);
	locator_free(s->locator);
	for (uint16_t i = 0; i < s->shard_count; i++)
		shard_free(s->shards[i]);
	sounds_free(s->sounds);
	if (s->writer)
		writer_free(s->writer);
	keeper_free(s->keeper);
	fraud_free(s->fraud);
	for (uint16_t i = 0; i < s->shard_count; i++) {
		if (s->loops[i])
			loop_free(s->loops[i]);
	}
	shard_set_free(s->set);
	if (s->directory)
		directory_free(s->directory);
	trunks_free(s->trunks);
	api_free(s->api);
	if (s->events)
		event_stream_free(s->events);
	event_gate_free(s->gate);
	if (s->store)
		store_close(s->store);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
}

/* --- while it runs */

static void drain_shard(struct shard *shard, void *arg)
{
	(void)arg;
	shard_drain(shard);
}

static void end_calls(struct shard *shard, void *arg)
{
	(void)arg;
	shard_end_calls(shard);
}

static bool calls_left(struct server *s)
{
	struct shard_counts counts;
	return shard_set_counts(s->set, &counts) == 0 && counts.calls_live > 0;
}

static void wait_for_calls(struct server *s, int64_t most_ms, bool (*stop_now)(void))
{
	const struct timespec step = {.tv_nsec = 20 * 1000 * 1000};
	for (int64_t ms = 0; ms < most_ms && calls_left(s) && !stop_now(); ms += 20)
		nanosleep(&step, NULL);
}

static bool legs_left(struct server *s)
{
	struct shard_counts counts;
	return shard_set_counts(s->set, &counts) == 0 && counts.endpoints > 0;
}

void server_drain(struct server *s, int64_t grace_ms, bool (*stop_now)(void))
{
	const struct timespec step = {.tv_nsec = 20 * 1000 * 1000};
	(void)shard_set_run(s->set, drain_shard, NULL);
	wait_for_calls(s, grace_ms, stop_now);
	(void)shard_set_run(s->set, end_calls, NULL);
	for (int64_t ms = 0; ms < FAREWELL_MS && legs_left(s); ms += 20)
		nanosleep(&step, NULL);
}

struct reload {
	struct server *server;
	uint16_t next;
};

static void reconfigure(struct shard *shard, void *arg)
{
	struct reload *r = arg;
	uint16_t i = r->next++;
	struct shard_config *live = &r->server->shard_config[i];
	*live = part_of(r->server, i); /* on the shard's own thread */
	shard_reconfigure(shard, live);
}

void server_reload(struct server *s)
{
	char text[CONFIG_FAULT_BYTES], applied[CONFIG_FAULT_BYTES], restart[CONFIG_FAULT_BYTES];
	struct config fresh;
	if (config_load(s->config_path, &fresh, text, sizeof(text)) != 0) {
		server_event(s, EVENT_CONFIG_REFUSED, text);
		return;
	}
	config_apply(&s->config, &fresh, applied, restart, sizeof(applied));
	atomic_store(&s->log_level, s->config.log_level);
	trunks_set_own(s->trunks, s->config.own, s->config.own_count);
	keeper_set_days(s->keeper, s->config.keep_days);
	struct reload r = {.server = s};
	(void)shard_set_run(s->set, reconfigure, &r);
	snprintf(text, sizeof(text), "in force: %.200s; wants a restart: %.200s",
		 applied[0] ? applied : "nothing new", restart[0] ? restart : "nothing");
	server_event(s, EVENT_CONFIG_RELOADED, text);
}
