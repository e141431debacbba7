#include "base/clock.h"
#include "base/err.h"
#include "main/gate.h"
#include "main/preflight.h"
#include "main/server_priv.h"

#include <stdio.h>
#include <unistd.h>

#define EVENT_RING_BYTES (16u << 20)
#define GATHER_EVENTS_MS 20 /* what comes in the meantime should still be in a cache */

/* --- events */

void server_emit(struct server *s, uint32_t producer, enum event_type type, const char *detail)
{
	struct event e = {.type = type, .wall_ms = clock_wall_ms(), .mono_ms = clock_mono_ms()};
	event_add_text(&e, EVENT_KEY_DETAIL, slice_str(detail));
	event_stream_emit(s->events, producer, &e);
}

void server_event(struct server *s, enum event_type type, const char *detail)
{
	server_emit(s, server_main_producer(s), type, detail);
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
		err = event_stream_new(server_keeper_producer(s) + 1, EVENT_RING_BYTES,
				       event_gate_knock, s->gate, &s->events);
	if (err == 0)
		err = event_stream_add_bytes_reader(s->events, log_events, s);
	if (err)
		snprintf(ret_text, text_bytes, "events: %s", err_text(err));
	return err;
}

/* --- life */

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
		err = server_open_data(s, ret_text, text_bytes);
	if (err == 0)
		err = open_events(s, ret_text, text_bytes);
	if (err == 0)
		err = server_open_directory(s, ret_text, text_bytes);
	if (err == 0)
		err = server_open_guard(s, ret_text, text_bytes);
	if (err == 0)
		err = server_open_keeper(s, ret_text, text_bytes);
	if (err == 0)
		err = server_open_trunks(s, ret_text, text_bytes);
	if (err == 0)
		err = server_open_shards(s, ret_text, text_bytes);
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
