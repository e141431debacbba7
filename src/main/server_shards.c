/* The shards: each one's part of the configuration, and what they share. */
#include "base/err.h"
#include "main/server_priv.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#define INBOX_BYTES	(16u << 20)
#define READY_PAIRS_MAX 4096 /* enough for 2,000 calls a second */

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

int server_open_shards(struct server *s, char *ret_text, size_t text_bytes)
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

/* --- while they run */

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
