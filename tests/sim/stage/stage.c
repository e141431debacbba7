#include "stage/stage.h"

#include "base/err.h"
#include "net/net_priv.h"
#include "net/sim_io.h"
#include "stage/sounds.h"
#include "stage/watch.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define WALL_MS		 1767225600000 /* 2026-01-01T00:00:00Z */
#define EVENT_RING_BYTES (1u << 20)
#define MEDIA_PORT_FIRST 20000
#define MEDIA_PORT_LAST	 29999
#define FAREWELL_MS	 330000 /* a service whose caller has gone silently ends after 300 s */
#define FULL_DISK_BYTES	 (512 * 1024)
#define SETTLE_MS	 330000 /* more than the longest chain of timeouts, and than an echo test */

void stage_params_default(struct stage_params *p)
{
	*p = (struct stage_params){
		.seed = 1,
		.shards = 1,
		.inbox_bytes = 1u << 20,
		.config =
			{
				.domain = STAGE_DOMAIN,
				.server_name = "OpenGate",
				.expires_min_s = 60,
				.expires_max_s = 7200,
				.expires_default_s = 3600,
				.nonce_life_s = 300,
				.ring_limit_s = 180,
				.session_expires_s = 1800,
				.session_min_s = 90,
				.media_timeout_s = 60,
				.trunk_answer_ms = 4000,
				.trunk_progress_s = 20,
				.trunk_failures = 3,
				.trunk_expires_s = 3600,
				.calls_max = 200,
				.announce_limit_s = 30,
				.announce_language = "ja",
				.players_max = 8,
			},
	};
}

void stage_fault(struct stage *st, const char *fmt, ...)
{
	va_list args;
	if (st->fault[0])
		return;
	va_start(args, fmt);
	vsnprintf(st->fault, sizeof(st->fault), fmt, args);
	va_end(args);
}

struct addr stage_addr(int family)
{
	struct addr a = {0};
	(void)addr_parse(family == 6 ? SLICE("[2001:db8::1]") : SLICE("192.0.2.1"), 5060, &a);
	return a;
}

/* --- the server's parts */

static void wake_shard(void *ctx, uint16_t shard)
{
	struct stage *st = ctx;
	sim_io_wake(st->ios[shard]);
}

/* A shard's part of the calls and of the relay ports, in whole pairs. */
static struct shard_config part_of(const struct stage *st, uint16_t shard)
{
	const uint32_t n = st->p.shards;
	const uint32_t pairs = (MEDIA_PORT_LAST - MEDIA_PORT_FIRST + 1) / 2 / n;
	const uint32_t first = MEDIA_PORT_FIRST + shard * pairs * 2;
	struct shard_config c = st->p.config;
	c.calls_max = (c.calls_max + n - 1) / n;
	c.players_max = (c.players_max + n - 1) / n;
	c.media4 = stage_addr(4);
	c.media6 = stage_addr(6);
	c.media4.port = c.media6.port = 0;
	c.media_port_first = (uint16_t)first;
	c.media_port_last = (uint16_t)(first + pairs * 2 - 1);
	return c;
}

static int locate(void *ctx, const struct sip_uri *uri, uint16_t shard, uint64_t token)
{
	struct stage *st = ctx;
	struct locate_answer answer = {.token = token, .shard = shard};
	if (names_answer(&st->names, uri->host, &answer))
		shard_set_located(st->set, &answer);
	return 0;
}

static void fill_random(struct stage *st, uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)sim_rand_next(&st->rand);
}

static void outside(const struct stage *st, bool on)
{
	if (st->p.outside)
		st->p.outside(on);
}

/* Calls may be taken up with memory running short; a start that fails is tried once more with all
 * of it. */
static int start_shard(const struct stage *st, const struct shard_params *p,
		       struct shard **ret_shard, char *text, size_t bytes)
{
	int err = ERR_NOMEM;
	if (st->p.outside && st->kept.count) {
		outside(st, false);
		err = shard_new(p, ret_shard, text, bytes);
		outside(st, true);
	}
	return err == ERR_NOMEM ? shard_new(p, ret_shard, text, bytes) : err;
}

static void open_shard(struct stage *st, uint16_t i)
{
	char name[16], text[256] = "";
	snprintf(name, sizeof(name), "shard %u", i);
	const struct sim_io_params io = {
		.name = name, .home4 = stage_addr(4), .home6 = stage_addr(6)};
	st->ios[i] = sim_io_new(st->net, &io);
	st->configs[i] = part_of(st, i);
	struct shard_params p = {
		.index = i,
		.count = st->p.shards,
		.io = st->ios[i],
		.directory = st->directory,
		.trunks = st->trunks,
		.events = st->events,
		.writer = vault_writer(st->vault),
		.config = &st->configs[i],
		.listeners =
			{
				{.transport = SIP_UDP, .bind = stage_addr(4)},
				{.transport = SIP_TCP, .bind = stage_addr(4)},
				{.transport = SIP_UDP, .bind = stage_addr(6)},
				{.transport = SIP_TCP, .bind = stage_addr(6)},
			},
		.listener_count = 4,
		.hash_key = st->hash_key,
		.nonce_key = st->nonce_key,
		.keep_dir = st->dir,
		.kept = &st->kept,
		.locate = locate,
		.locate_ctx = st,
		.inboxes = shard_set_inboxes(st->set),
		.wake = wake_shard,
		.wake_ctx = st,
	};
	fill_random(st, p.seed, sizeof(p.seed));
	if (start_shard(st, &p, &st->shards[i], text, sizeof(text))) {
		fprintf(stderr, "simulation: shard %u does not start: %s\n", i, text);
		abort();
	}
	if (!st->crashed) /* later ones may have taken up calls */
		st->sockets_at_start = sim_io_sockets(st->ios[i]);
}

static void must(int err, const char *what)
{
	if (err == 0)
		return;
	fprintf(stderr, "simulation: %s: %s\n", what, err_text(err));
	abort();
}

static void unread(void *ctx, const char *path, int err)
{
	stage_fault(ctx, "call file %s: %s", path, err_text(err));
}

/* A byte here and there of what was kept, the checksums notwithstanding. */
static void hurt_calls(struct stage *st)
{
	struct sim_rand rand = {.state = st->hurt};
	for (size_t i = 0; i < st->kept.count; i++) {
		const struct slice bytes = st->kept.items[i].bytes;
		for (uint64_t n = sim_rand_next(&rand) % 4; bytes.n && n > 0; n--)
			((char *)(uintptr_t)bytes.p)[sim_rand_next(&rand) % bytes.n] =
				(char)sim_rand_next(&rand);
	}
}

static void start(struct stage *st)
{
	const struct directory_params dp = {.hash_key = &st->hash_key,
					    .writer = vault_writer(st->vault)};
	must(directory_new(&dp, &st->directory), "directory");
	vault_load(st->vault, st->directory);
	must(trunks_new(NULL, &st->trunks), "trunks");
	must(trunks_swap(st->trunks, st->trunk_v, st->trunk_n), "trunks");
	trunks_set_own(st->trunks, st->own, st->own[0][0] != '\0');
	must(event_stream_new(st->p.shards, EVENT_RING_BYTES, NULL, NULL, &st->events), "events");
	watch_events(st->watch);
	must(shard_set_new(st->p.shards, st->p.inbox_bytes, wake_shard, st, &st->set), "inboxes");
	must(replica_image_add_dir(&st->kept, st->dir, unread, st), "call files");
	if (st->hurt)
		hurt_calls(st);
	if (st->kept.damaged)
		stage_fault(st, "%u records of the call files are damaged", st->kept.damaged);
	for (uint16_t i = 0; i < st->p.shards; i++)
		open_shard(st, i);
	replica_remove_files(st->dir, st->p.shards);
	replica_image_free(&st->kept);
	st->kept = (struct replica_image){0};
}

void stage_start(struct stage *st)
{
	outside(st, true);
	start(st);
	outside(st, false);
	st->drained = false;
}

static void stop(struct stage *st)
{
	if (!st->directory)
		return;
	while (event_stream_drain(st->events))
		;
	for (uint16_t i = 0; i < st->p.shards; i++) {
		shard_free(st->shards[i]);
		sim_io_free(st->ios[i]);
	}
	shard_set_free(st->set);
	event_stream_free(st->events);
	directory_free(st->directory);
	trunks_free(st->trunks);
	st->directory = NULL;
}

void stage_crash(struct stage *st)
{
	stop(st);
	st->crashed = true;
}

/* The limit of a file's size plays the full disk; the simulated store's files are smaller. */
void stage_disk(bool full)
{
	struct rlimit limit;
	signal(SIGXFSZ, SIG_IGN);
	(void)getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = full ? FULL_DISK_BYTES : limit.rlim_max;
	(void)setrlimit(RLIMIT_FSIZE, &limit);
}

void stage_drain(struct stage *st)
{
	for (uint16_t i = 0; i < st->p.shards; i++)
		shard_drain(st->shards[i]);
	st->drained = true;
}

void stage_end_calls(struct stage *st)
{
	for (uint16_t i = 0; i < st->p.shards; i++) {
		shard_end_calls(st->shards[i]);
		sim_io_poke(st->ios[i]);
	}
}

void stage_reconfigure(struct stage *st)
{
	for (uint16_t i = 0; i < st->p.shards; i++) {
		st->configs[i] = part_of(st, i);
		shard_reconfigure(st->shards[i], &st->configs[i]);
	}
}

/* --- numbers */

void stage_number(struct stage *st, struct directory_number n, const char *password)
{
	snprintf(n.realm, sizeof(n.realm), "%s", st->p.config.domain);
	outside(st, true);
	if (password)
		must(digest_ha1(slice_str(n.account), slice_str(n.realm), slice_str(password),
				&n.ha1),
		     "digest");
	vault_number_put(st->vault, &n);
	if (st->directory)
		must(directory_put(st->directory, &n), "number");
	outside(st, false);
}

void stage_rule(struct stage *st, struct plan_rule rule)
{
	outside(st, true);
	vault_rule_add(st->vault, rule);
	if (st->directory)
		vault_rules(st->vault, st->directory);
	outside(st, false);
}

void stage_forward(struct stage *st, const char *number, enum forward_kind kind, const char *target,
		   int64_t ring_s)
{
	struct forward_settings *f = vault_forward(st->vault, number);
	outside(st, true);
	f->rules[kind] = (struct forward_rule){target != NULL, (uint8_t)(1 + kind)};
	if (target)
		snprintf(f->targets[kind], sizeof(f->targets[kind]), "%s", target);
	if (ring_s)
		f->ring_s = (uint8_t)ring_s;
	if (st->directory)
		must(directory_forward_put(st->directory, slice_str(number), f), "forwarding");
	outside(st, false);
}

void stage_deflection(struct stage *st, const char *number, bool on)
{
	struct forward_settings *f = vault_forward(st->vault, number);
	outside(st, true);
	f->deflection = on;
	if (st->directory)
		must(directory_forward_put(st->directory, slice_str(number), f), "forwarding");
	outside(st, false);
}

struct screen_settings *stage_screen(struct stage *st, const char *number)
{
	return &vault_screen(st->vault, number)->settings;
}

void stage_screen_block(struct stage *st, const char *number, const char *caller)
{
	struct vault_screen *v = vault_screen(st->vault, number);
	snprintf(v->blocks[v->settings.block_count++], SCREEN_NUMBER_BYTES, "%s", caller);
}

void stage_screen_put(struct stage *st, const char *number)
{
	outside(st, true);
	if (st->directory)
		must(vault_screen_put(vault_screen(st->vault, number), st->directory), "screening");
	outside(st, false);
}

void stage_rules_forget(struct stage *st)
{
	vault_rules_forget(st->vault);
	if (st->directory)
		vault_rules(st->vault, st->directory);
}

void stage_number_remove(struct stage *st, const char *number)
{
	vault_number_remove(st->vault, number);
	if (st->directory)
		(void)directory_remove(st->directory, slice_str(number));
}

bool stage_number_get(struct stage *st, const char *number, struct directory_number *ret_number)
{
	const struct directory_number *n = vault_number(st->vault, number);
	if (n)
		*ret_number = *n;
	return n != NULL;
}

/* --- trunks */

struct trunk *stage_trunk_find(struct stage *st, const char *name)
{
	for (uint32_t i = 0; i < st->trunk_n; i++) {
		if (strcmp(st->trunk_v[i].name, name) == 0)
			return &st->trunk_v[i];
	}
	return NULL;
}

static void swap_trunks(struct stage *st)
{
	if (!st->directory)
		return;
	outside(st, true);
	must(trunks_swap(st->trunks, st->trunk_v, st->trunk_n), "trunks");
	outside(st, false);
}

void stage_trunk(struct stage *st, const struct trunk *t)
{
	struct trunk *at = stage_trunk_find(st, t->name);
	if (!at && st->trunk_n == STAGE_TRUNKS_MAX) {
		fprintf(stderr, "simulation: too many trunks\n");
		abort();
	}
	if (!at)
		at = &st->trunk_v[st->trunk_n++];
	*at = *t;
	swap_trunks(st);
}

void stage_trunk_remove(struct stage *st, const char *name)
{
	struct trunk *at = stage_trunk_find(st, name);
	if (!at)
		return;
	*at = st->trunk_v[--st->trunk_n];
	swap_trunks(st);
}

void stage_counts(struct stage *st, struct shard_counts *ret_counts)
{
	*ret_counts = (struct shard_counts){0};
	for (uint16_t i = 0; st->directory && i < st->p.shards; i++) {
		struct shard_counts one;
		shard_counts(st->shards[i], &one);
		const uint64_t *from = (const uint64_t *)&one;
		uint64_t *to = (uint64_t *)ret_counts;
		for (size_t f = 0; f < sizeof(one) / sizeof(*from); f++)
			to[f] += from[f]; /* the struct is uint64_t all through */
	}
}

/* --- phones */

struct ua *stage_phone(struct stage *st, const char *name)
{
	for (uint32_t i = 0; i < st->phone_n; i++) {
		if (strcmp(ua_name(st->phones[i]), name) == 0)
			return st->phones[i];
	}
	return NULL;
}

struct ua *stage_phone_add(struct stage *st, struct ua_params p)
{
	if (st->phone_n == STAGE_PHONES_MAX) {
		fprintf(stderr, "simulation: too many phones\n");
		abort();
	}
	p.net = st->net;
	p.domain = p.domain ? p.domain : st->p.config.domain;
	p.seed = sim_rand_next(&st->rand);
	p.server = stage_addr(p.local.family);
	if (p.local.port == 0)
		p.local.port = 5060;
	struct ua *ua = ua_new(&p);
	st->phones[st->phone_n++] = ua;
	hide_phone(watch_hide(st->watch), ua);
	ladder_name(st->ladder, &p.local, p.name);
	return ua;
}

/* --- time */

bool stage_step(struct stage *st, int64_t until_us)
{
	if (st->fault[0] || !sim_net_step(st->net, until_us))
		return false;
	watch_step(st->watch);
	return !st->fault[0];
}

bool stage_run_ms(struct stage *st, int64_t ms)
{
	const int64_t until = sim_net_now_us(st->net) + ms * 1000;
	while (stage_step(st, until))
		;
	return !st->fault[0];
}

/* --- the end */

static bool shards_idle(struct stage *st, char *text, size_t bytes)
{
	struct shard_counts c;
	stage_counts(st, &c);
	snprintf(text, bytes,
		 "%llu calls, %llu legs, %llu exchanges, %llu pings, %llu+%llu on their way, "
		 "%llu+%llu transactions, "
		 "%llu endpoints, %llu players, %llu bytes of buffers, %llu timers",
		 (unsigned long long)c.calls_used, (unsigned long long)c.legs_used,
		 (unsigned long long)c.exchanges_used, (unsigned long long)c.pings_used,
		 (unsigned long long)c.pursuits_used, (unsigned long long)c.comebacks_used,
		 (unsigned long long)c.txn_servers, (unsigned long long)c.txn_clients,
		 (unsigned long long)c.endpoints, (unsigned long long)c.players_used,
		 (unsigned long long)c.buf_bytes, (unsigned long long)c.timers - st->p.shards);
	const uint64_t taken = c.calls_used + c.forwards_used + c.legs_used + c.exchanges_used +
			       c.pings_used + c.pursuits_used + c.comebacks_used + c.txn_servers +
			       c.txn_clients + c.endpoints + c.players_used + c.buf_bytes;
	return taken == 0 && c.timers == st->p.shards; /* the tick of each */
}

static void check_sockets(struct stage *st)
{
	struct shard_counts c;
	stage_counts(st, &c);
	if (c.connections)
		stage_fault(st, "%llu connections are open when all phones have closed theirs",
			    (unsigned long long)c.connections);
	for (uint16_t i = 0; i < st->p.shards; i++) {
		const uint32_t n = sim_io_sockets(st->ios[i]);
		if (n != st->sockets_at_start)
			stage_fault(st, "shard %u has %u sockets open, %u at the start", i, n,
				    st->sockets_at_start);
	}
}

/* A phone that thinks that it is in a call when the server knows of none was forgotten by it. */
static void check_phones(struct stage *st)
{
	for (uint32_t i = 0; i < st->phone_n && !st->hurt && !st->was_short; i++) {
		struct ua *ua = st->phones[i];
		const struct ua_call *c;
		for (uint32_t n = 0; (c = ua_line_at(ua, n)); n++) {
			if (!ua_call_quiet(c) && !ua_habits(ua)->ignored[0])
				stage_fault(st, "%s is still %s at the end", ua_name(ua),
					    ua_state_name(ua_call_state(c)));
		}
	}
}

static void blame(void *ctx, const struct shard_call_view *v)
{
	watch_blame(ctx, v->uid);
}

/* What ends calls by itself (silence, the ring limit) does not end them for the scenario. */
static bool calls_end(struct stage *st)
{
	struct shard_counts c;
	stage_counts(st, &c);
	for (int64_t ms = 0; ms < FAREWELL_MS && c.calls_live; ms += 1000) {
		if (!stage_run_ms(st, 1000))
			return false;
		stage_counts(st, &c);
	}
	for (uint16_t i = 0; i < st->p.shards; i++)
		shard_calls(st->shards[i], 0, blame, st->watch);
	if (c.calls_live)
		stage_fault(st, "%llu calls were not ended", (unsigned long long)c.calls_live);
	return c.calls_live == 0;
}

static bool phones_quiet(const struct stage *st)
{
	for (uint32_t i = 0; i < st->phone_n; i++) {
		const struct ua_call *c;
		for (uint32_t n = 0; (c = ua_line_at(st->phones[i], n)); n++) {
			if (!ua_call_quiet(c))
				return false;
		}
	}
	return true;
}

/* A phone that still repeats its 200 would open a new connection for it at once. */
static void hang_lines(struct stage *st)
{
	for (int64_t ms = 0; ms < FAREWELL_MS && !phones_quiet(st); ms += 1000)
		(void)stage_run_ms(st, 1000);
	for (uint32_t i = 0; i < st->phone_n; i++)
		ua_hang_line(st->phones[i]);
	(void)stage_run_ms(st, 1000);
}

bool stage_settle(struct stage *st)
{
	char text[400];
	if (!st->directory)
		return !st->fault[0];
	st->p.config.ping_period_s = st->p.config.trunk_options_s = 0;
	st->p.config.media_timeout_s = 0;
	stage_reconfigure(st);
	if (!calls_end(st))
		return false;
	for (int64_t ms = 0; ms < SETTLE_MS && !shards_idle(st, text, sizeof(text)); ms += 1000) {
		if (!stage_run_ms(st, 1000))
			return false;
	}
	if (!shards_idle(st, text, sizeof(text)))
		stage_fault(st, "left over at the end: %s", text);
	hang_lines(st);
	check_sockets(st);
	check_phones(st);
	watch_records(st->watch);
	return !st->fault[0];
}

/* --- life */

static void make_dir(struct stage *st)
{
	const char *tmp = getenv("TMPDIR");
	snprintf(st->dir, sizeof(st->dir), "%.40s/stage.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(st->dir))
		must(ERR_IO, st->dir);
}

static void remove_dir(struct stage *st)
{
	char path[128];
	replica_remove_files(st->dir, 0);
	for (int i = 0; i < STAGE_SHARDS_MAX; i++) { /* of a start that did not come to its end */
		snprintf(path, sizeof(path), "%s/calls-%d.og.new", st->dir, i);
		(void)unlink(path);
	}
	(void)rmdir(st->dir);
}

struct stage *stage_new(const struct stage_params *p)
{
	struct stage *st = sim_alloc(sizeof(*st));
	const struct sim_net_params np = {.seed = p->seed, .wall_ms = WALL_MS};
	st->p = *p;
	st->rand.state = p->seed * 2654435761u + 1;
	make_dir(st);
	st->p.config.sounds = sounds_of_stage();
	st->net = sim_net_new(&np);
	st->ladder = ladder_new(st->net);
	st->vault = vault_new(st->net);
	st->watch = watch_new(st);
	fill_random(st, st->hash_key.bytes, sizeof(st->hash_key.bytes));
	fill_random(st, st->nonce_key.bytes, sizeof(st->nonce_key.bytes));
	const struct addr v4 = {.family = 4, .ip = {192, 0, 2, 1}};
	struct addr v6 = stage_addr(6);
	v6.port = 0;
	ladder_name(st->ladder, &v4, "SERVER");
	ladder_name(st->ladder, &v6, "SERVER");
	return st;
}

void stage_free(struct stage *st)
{
	if (!st)
		return;
	stop(st);
	stage_disk(false);
	for (uint32_t i = 0; i < st->phone_n; i++)
		ua_free(st->phones[i]);
	watch_free(st->watch);
	vault_free(st->vault);
	ladder_free(st->ladder);
	sim_net_free(st->net);
	remove_dir(st);
	free(st);
}
