/*
 * storm: thousands of calls among many phones that do at random whatever phones may do, in bad
 * weather: loss, duplicates, jitter, broken connections, a full store, kill -9. The stage walks its
 * invariants at every step, and at the end all is quiet and everything back where it began.
 *
 * sim_storm [--calls N] [--seed N] [--weather NAME]: each weather with each seed is a line of TAP.
 * The same seed gives the same run to the byte.
 */
#include "net/net_priv.h"
#include "net/sim_io.h"
#include "stage/watch.h"
#include "ua/ua_call.h"

#include <stdio.h>
#include <stdlib.h>

#define LINES	     24
#define GATEWAYS     2 /* trunks lead there; behind both is the same number */
#define PHONES	     (LINES + GATEWAYS)
#define OUTSIDE	     "0312345678"
#define NOBODYS	     "05099999999"
#define LOOK_MS	     50 /* people look at their phones so often */
#define LADDER_LINES 100
#define FAREWELL_MS  90000

struct weather {
	const char *name;
	uint16_t shards;
	struct sim_link link;
	bool chop, icmp;
	bool reshards; /* each start is with another count of shards */
	uint32_t inbox_bytes;
	/* per mille of the looks */
	uint32_t crashes, unplugs, full_stores, line_breaks;
};

static const struct weather WEATHERS[] = {
	{.name = "fair", .shards = 1, .link = {.delay_us = 5000}},
	{.name = "jitter",
	 .shards = 1,
	 .link = {.delay_us = 5000, .jitter_us = 80000},
	 .chop = true},
	{.name = "loss",
	 .shards = 1,
	 .link = {.delay_us = 5000, .jitter_us = 40000, .loss_per_mille = 100}},
	{.name = "echo",
	 .shards = 2,
	 .link = {.delay_us = 5000, .jitter_us = 40000, .dup_per_mille = 500}},
	{.name = "gale",
	 .shards = 4,
	 .link = {.delay_us = 10000,
		  .jitter_us = 200000,
		  .loss_per_mille = 200,
		  .dup_per_mille = 200},
	 .chop = true,
	 .icmp = true,
	 .unplugs = 10,
	 .line_breaks = 10},
	{.name = "narrow", .shards = 4, .link = {.delay_us = 1000}, .inbox_bytes = 4096},
	{.name = "full",
	 .shards = 2,
	 .link = {.delay_us = 5000, .jitter_us = 20000, .loss_per_mille = 20},
	 .full_stores = 5},
	{.name = "crashes",
	 .shards = 2,
	 .link = {.delay_us = 5000, .jitter_us = 40000, .loss_per_mille = 50, .dup_per_mille = 50},
	 .icmp = true,
	 .crashes = 2},
	{.name = "moves",
	 .shards = 4,
	 .link = {.delay_us = 5000, .jitter_us = 20000, .loss_per_mille = 20},
	 .reshards = true,
	 .crashes = 5},
	{.name = "earthquake",
	 .shards = 3,
	 .link = {.delay_us = 20000,
		  .jitter_us = 100000,
		  .loss_per_mille = 100,
		  .dup_per_mille = 100},
	 .chop = true,
	 .crashes = 20,
	 .full_stores = 5,
	 .line_breaks = 5},
};

static const uint64_t SEEDS[] = {1, 2, 3, 42, 20260101};

struct storm {
	const struct weather *w;
	struct stage *st;
	struct sim_rand rand;
	uint32_t calls, calls_wanted;
	bool ending;
	int64_t plug_at_us[PHONES]; /* 0: it is plugged in */
	int64_t roomy_at_us;	    /* 0: the store has room */
	int64_t register_at_us[PHONES];
	bool may_hear[PHONES][PHONES];		    /* they were called by each other */
	const char *targets[PHONES][FORWARD_KINDS]; /* of its number, when that is switched on */
};

static bool chance(struct storm *s, uint32_t per_mille)
{
	return sim_rand_chance(&s->rand, per_mille);
}

static uint32_t below(struct storm *s, uint32_t n)
{
	return sim_rand_below(&s->rand, n);
}

static struct ua *phone_at_random(struct storm *s)
{
	return s->st->phones[below(s, PHONES)];
}

/* --- one line of one phone */

static struct ua_wish some_wish(struct storm *s)
{
	static const char *const DIRECTIONS[] = {NULL, NULL, "sendonly", "inactive"};
	static const char *const CODECS[] = {NULL, "0", "8 0", "9 8 101"};
	return (struct ua_wish){
		.no_sdp = chance(s, 150),
		.direction = DIRECTIONS[below(s, 4)],
		.codecs = CODECS[below(s, 4)],
		.old_hold = chance(s, 50),
		.t38 = chance(s, 50),
	};
}

static void meet(struct storm *s, const struct ua *ua, const char *number)
{
	for (uint32_t a = 0; a < PHONES; a++) {
		for (uint32_t b = 0; b < PHONES && s->st->phones[a] == ua; b++) {
			if (strcmp(ua_number(s->st->phones[b]), number) == 0)
				s->may_hear[a][b] = s->may_hear[b][a] = true;
		}
	}
}

/* Where calls to that number may be forwarded to, at the most. */
static void mark_targets(const struct storm *s, const char *number, bool marks[PHONES])
{
	if (strcmp(number, NOBODYS) == 0)
		number = OUTSIDE; /* 050 numbers of others are there */
	for (uint32_t i = 0; i < PHONES; i++) {
		if (marks[i] || strcmp(ua_number(s->st->phones[i]), number) != 0)
			continue;
		marks[i] = true;
		for (int k = 0; k < FORWARD_KINDS; k++) {
			if (s->targets[i][k])
				mark_targets(s, s->targets[i][k], marks);
		}
	}
}

/* All phones of that number and this one may hear each other from now on, and those that it
 * forwards to. */
static void acquaint(struct storm *s, const struct ua *ua, const char *number)
{
	bool marks[PHONES] = {false};
	mark_targets(s, number, marks);
	meet(s, ua, number);
	for (uint32_t i = 0; i < PHONES; i++) {
		if (marks[i])
			meet(s, ua, ua_number(s->st->phones[i]));
	}
}

/* Not one packet of a phone in whose call it never was. */
static void check_bleed(struct storm *s)
{
	static const char *const KINDS[] = {"rtp", "rtcp", "?"};
	for (uint32_t a = 0; a < PHONES; a++) {
		for (uint32_t b = 0; b < PHONES; b++) {
			for (size_t k = 0; k < sizeof(KINDS) / sizeof(KINDS[0]); k++) {
				const char *from =
					KINDS[k][0] == '?' ? "?" : ua_name(s->st->phones[b]);
				if (a != b && !s->may_hear[a][b] &&
				    ua_media_heard(s->st->phones[a], KINDS[k], from))
					stage_fault(s->st, "%s has heard %s of %s, a stranger",
						    ua_name(s->st->phones[a]), KINDS[k], from);
			}
		}
	}
}

static void make_call(struct storm *s, struct ua *ua, struct ua_call *c)
{
	static const char *const ODD[] = {"110", "0501", NOBODYS, "00336123", "*43", "*44"};
	struct ua_wish w = {.no_sdp = chance(s, 100)};
	const char *target = ua_number(phone_at_random(s));
	if (s->calls >= s->calls_wanted)
		return;
	if (chance(s, 50))
		target = ODD[below(s, 6)];
	if (chance(s, 100))
		w.headers = "Privacy: id\r\n";
	else if (chance(s, 200))
		w.headers = "Supported: 100rel, timer\r\n";
	else if (chance(s, 100))
		w.headers = "Require: 100rel\r\n";
	s->calls++;
	acquaint(s, ua, target);
	(void)ua_invite(ua, c, target, &w);
}

static void give_up(struct storm *s, struct ua *ua, struct ua_call *c)
{
	if (!s->ending && !chance(s, 20))
		return;
	if (c->state == UA_EARLY && chance(s, 200))
		(void)ua_bye(ua, c);
	else if (!c->cancelled)
		(void)ua_cancel(ua, c);
}

static void be_called(struct storm *s, struct ua *ua, struct ua_call *c)
{
	static const int CODES[] = {486, 480, 603, 404, 488, 302, 500, 600, 401, 503};
	const struct ua_wish plain = {0}, silent = {.no_sdp = true},
			     reliable = {.headers = "Require: 100rel\r\nRSeq: 7\r\n"};
	const uint32_t dice = below(s, 1000);
	if (s->ending || dice < 30)
		(void)ua_refuse(ua, c, CODES[below(s, 10)],
				"WWW-Authenticate: Digest realm=\"g\", nonce=\"n\"\r\n");
	else if (dice < 130)
		(void)ua_ring(ua, c, 180, &silent);
	else if (dice < 160)
		(void)ua_ring(ua, c, 183, chance(s, 500) ? &plain : &reliable);
	else if (dice < 260)
		(void)ua_answer(ua, c, chance(s, 30) ? &silent : &plain);
}

/* Whoever it may be talking with meets the target; some hang up without waiting. */
static void send_on(struct storm *s, struct ua *ua, struct ua_call *c)
{
	static const char *const ODD[] = {"110", "0501", NOBODYS, "00336123", "*43"};
	const char *target = chance(s, 100) ? ODD[below(s, 5)] : ua_number(phone_at_random(s));
	uint32_t self = 0;
	while (s->st->phones[self] != ua)
		self++;
	for (uint32_t i = 0; i < PHONES; i++) {
		if (s->may_hear[self][i])
			acquaint(s, s->st->phones[i], target);
	}
	(void)ua_refer(ua, c, target, chance(s, 200) ? "Refer-Sub: false\r\n" : NULL);
	if (chance(s, 300))
		(void)ua_bye(ua, c);
}

static void talk(struct storm *s, struct ua *ua, struct ua_call *c)
{
	static const char *const METHODS[] = {"INFO", "MESSAGE", "OPTIONS", "UPDATE", "NOTIFY"};
	const uint32_t dice = below(s, 1000);
	const struct ua_wish w = some_wish(s);
	if (s->ending || dice < 20)
		(void)ua_bye(ua, c);
	else if (dice < 50 && !c->reinviting)
		(void)ua_reinvite(ua, c, &w);
	else if (dice < 60)
		(void)ua_request(ua, c, METHODS[below(s, 5)], "text/plain", "x\r\n");
	else if (dice < 90)
		(void)ua_media_send(ua, c, chance(s, 200) ? "rtcp" : "rtp", 1 + below(s, 20), NULL);
	else if (dice < 92)
		(void)ua_media_move(ua, c);
	else if (dice < 95 && c->reinviting)
		(void)ua_cancel(ua, c);
	else if (dice >= 95 && dice < 105)
		send_on(s, ua, c);
}

static void use_line(struct storm *s, struct ua *ua, struct ua_call *c)
{
	switch (ua_call_state(c)) {
	case UA_IDLE:
	case UA_ENDED:
		if (!s->ending && c->line == 0 && chance(s, 60))
			make_call(s, ua, c);
		return;
	case UA_CALLING:
	case UA_EARLY:
		give_up(s, ua, c);
		return;
	case UA_INCOMING:
	case UA_RINGING:
		be_called(s, ua, c);
		return;
	case UA_TALKING:
		talk(s, ua, c);
		return;
	case UA_ACCEPTED: /* a phone may hang up before the ACK has come */
		if (chance(s, 5))
			(void)ua_bye(ua, c);
		return;
	case UA_ENDING:
		return;
	}
}

/* --- phones and the world */

/* The NAT has forgotten it: another port from now on. */
static void rebind(struct ua *ua)
{
	struct addr a = ua_addr(ua);
	a.port = (uint16_t)(30000 + (a.port - 30000 + PHONES) % 10000);
	(void)ua_move(ua, &a);
}

static void change_habits(struct storm *s, uint32_t i)
{
	static const int CODES[] = {488, 491, 500, 481, 603};
	struct ua *ua = s->st->phones[i];
	if (chance(s, 2))
		ua_habits(ua)->reinvite_code = CODES[below(s, 5)];
	if (chance(s, 2))
		ua_habits(ua)->preauth = !ua_habits(ua)->preauth;
	if (chance(s, 1) && ua_claimed(ua).family)
		rebind(ua);
}

static void take_uid(void *ctx, const struct shard_call_view *v)
{
	uint64_t *uid = ctx;
	*uid = v->uid;
}

static void set_forward(struct storm *s, uint32_t i, bool on)
{
	const enum forward_kind kind = (enum forward_kind)below(s, FORWARD_KINDS);
	const char *target = s->targets[i][kind];
	if (target)
		stage_forward(s->st, ua_number(s->st->phones[i]), kind, on ? target : NULL,
			      1 + below(s, 10));
}

/* Rejects some callers, or takes few calls at a time; or none of that. */
static void set_screen(struct storm *s, uint32_t i)
{
	const char *number = ua_number(s->st->phones[i]);
	struct screen_settings *set = stage_screen(s->st, number);
	*set = (struct screen_settings){.anonymous = chance(s, 200), .abroad = chance(s, 200)};
	if (chance(s, 500))
		set->inbound_limit = (uint8_t)(1 + below(s, 3));
	while (chance(s, 300) && set->block_count < SCREEN_BLOCKS_MAX)
		stage_screen_block(s->st, number, ua_number(phone_at_random(s)));
	stage_screen_put(s->st, number);
}

/* Hangs somebody's call up, switches a forwarding on or off, rejects callers, gives a line more
 * channels or fewer, or suspends it. */
static void operate(struct storm *s)
{
	const uint32_t shard = below(s, s->st->p.shards);
	struct directory_number n;
	uint64_t uid = 0;
	if (chance(s, 10))
		shard_calls(s->st->shards[shard], 0, take_uid, &uid);
	if (uid && shard_hangup(s->st->shards[shard], uid) == 0)
		sim_io_poke(s->st->ios[shard]);
	if (!chance(s, 10) || !stage_number_get(s->st, ua_number(phone_at_random(s)), &n))
		return;
	set_forward(s, below(s, LINES), chance(s, 500));
	set_screen(s, below(s, LINES));
	n.channels = 1 + below(s, 4);
	n.suspended = chance(s, 100);
	stage_number(s->st, n, NULL);
}

static void keep_registered(struct storm *s, uint32_t i)
{
	const int64_t now = sim_net_now_us(s->st->net);
	const struct ua_reg_wish w = {.expires_s = 120};
	if (s->ending || i >= LINES || now < s->register_at_us[i])
		return;
	ua_register(s->st->phones[i], &w);
	s->register_at_us[i] = now + (int64_t)(20 + below(s, 60)) * 1000000;
}

static void set_plugged(struct storm *s, uint32_t i, bool plugged)
{
	struct addr host = ua_addr(s->st->phones[i]);
	host.port = 0;
	sim_net_unplug(s->st->net, &host, !plugged);
	s->plug_at_us[i] =
		plugged ? 0 : sim_net_now_us(s->st->net) + (int64_t)below(s, 60) * 1000000 + 1;
}

static void weather_of_phone(struct storm *s, uint32_t i)
{
	const bool out = s->plug_at_us[i] != 0;
	if (out && (s->ending || sim_net_now_us(s->st->net) >= s->plug_at_us[i]))
		set_plugged(s, i, true);
	else if (!out && !s->ending && chance(s, s->w->unplugs) && chance(s, 50))
		set_plugged(s, i, false);
	if (!s->ending && chance(s, s->w->line_breaks) && chance(s, 50))
		ua_hang_line(s->st->phones[i]);
}

static void weather_of_server(struct storm *s)
{
	const int64_t now = sim_net_now_us(s->st->net);
	if (s->roomy_at_us && (s->ending || now >= s->roomy_at_us)) {
		vault_set_full(s->st->vault, false);
		s->roomy_at_us = 0;
	} else if (!s->ending && chance(s, s->w->full_stores)) {
		vault_set_full(s->st->vault, true);
		s->roomy_at_us = now + (int64_t)below(s, 10) * 1000000 + 1;
	}
	if (!s->ending && chance(s, s->w->crashes)) {
		ladder_note(s->st->ladder, "the server is killed and started again");
		stage_crash(s->st);
		if (s->w->reshards)
			s->st->p.shards = (uint16_t)(1 + below(s, 4));
		stage_start(s->st);
	}
}

static void look(struct storm *s)
{
	weather_of_server(s);
	if (!s->ending)
		operate(s);
	for (uint32_t i = 0; i < PHONES; i++) {
		struct ua *ua = s->st->phones[i];
		struct ua_call *c;
		weather_of_phone(s, i);
		keep_registered(s, i);
		if (!s->ending)
			change_habits(s, i);
		for (uint32_t l = 0; (c = ua_line_at(ua, l)); l++)
			use_line(s, ua, c);
	}
}

/* --- a storm */

/* Of six phones one is on TCP, one on IPv6, two are behind NATs; two share a line. */
static void add_phone(struct storm *s, uint32_t i)
{
	char name[20], number[24], account[24], at[64];
	const uint32_t owner = i % 6 == 5 ? i - 1 : i;
	struct ua_params p = {.name = name,
			      .number = number,
			      .account = account,
			      .password = "secret",
			      .tcp = i % 6 == 1};
	struct directory_number n = {.channels = 3, .customer = "C1", .policy = REG_FORK};
	snprintf(name, sizeof(name), "phone%u", i);
	snprintf(number, sizeof(number), "050100000%02u", 10 + owner);
	snprintf(account, sizeof(account), "200000%02u", 10 + owner);
	snprintf(at, sizeof(at), i % 6 == 2 ? "[2001:db8:1::%x]" : "198.51.100.%u", 10 + i);
	(void)addr_parse(slice_str(at), 5060, &p.local);
	if (i % 6 >= 3 && i % 6 <= 4) {
		snprintf(at, sizeof(at), "192.168.1.%u", 10 + i);
		(void)addr_parse(slice_str(at), 5060, &p.claimed);
		p.local.port = (uint16_t)(30000 + i);
	}
	memcpy(n.number, number, sizeof(n.number));
	memcpy(n.account, account, sizeof(n.account));
	if (owner == i)
		stage_number(s->st, n, "secret");
	stage_phone_add(s->st, p);
}

/* A third of the lines forward, in each way, to each other (in circles too), outside, or nowhere.
 */
static void choose_targets(struct storm *s)
{
	for (uint32_t i = 0; i < LINES; i++) {
		for (int k = 0; k < FORWARD_KINDS && i % 6 != 5; k++) {
			if (!chance(s, 330))
				continue;
			s->targets[i][k] = chance(s, 100) ? NOBODYS : ua_number(phone_at_random(s));
			stage_forward(s->st, ua_number(s->st->phones[i]), (enum forward_kind)k,
				      chance(s, 700) ? s->targets[i][k] : NULL, 1 + below(s, 10));
		}
	}
}

/* One asks for a password sometimes, the other has room for few calls. */
static void add_gateway(struct storm *s, uint32_t i)
{
	char at[64];
	struct trunk t = {.id = i + 1,
			  .priority = i,
			  .weight = 1,
			  .capacity = i ? 3 : 0,
			  .trusted = true,
			  .format = i ? TRUNK_PLUS : TRUNK_NATIONAL,
			  .transport = i ? SIP_TCP : SIP_TRANSPORT_OTHER,
			  .user = "opengate",
			  .password = "secret"};
	struct ua_params p = {.name = i ? "gateway-b" : "gateway-a",
			      .number = OUTSIDE,
			      .account = OUTSIDE,
			      .password = "secret",
			      .both = i == 1};
	snprintf(at, sizeof(at), "203.0.113.%u", 10 + i);
	snprintf(t.name, sizeof(t.name), "%s", p.name);
	snprintf(t.host, sizeof(t.host), "%s", at);
	(void)addr_parse(slice_str(at), 5060, &p.local);
	stage_phone_add(s->st, p);
	stage_trunk(s->st, &t);
}

static void begin(struct storm *s)
{
	struct stage_params p;
	stage_params_default(&p);
	p.seed = s->rand.state;
	p.shards = s->w->shards;
	p.config.ping_period_s = 25;
	p.config.trunk_options_s = 20;
	p.config.ring_limit_s = 60;
	p.config.media_timeout_s = 90;
	p.config.announce = ANNOUNCE_ALL;
	p.config.players_max = PHONES;
	if (s->w->inbox_bytes)
		p.inbox_bytes = s->w->inbox_bytes;
	s->st = stage_new(&p);
	sim_net_set_link(s->st->net, NULL, &s->w->link);
	sim_net_set_chop(s->st->net, s->w->chop);
	sim_net_set_icmp(s->st->net, s->w->icmp);
	stage_start(s->st);
	for (uint32_t i = 0; i < LINES; i++)
		add_phone(s, i);
	for (uint32_t i = 0; i < GATEWAYS; i++)
		add_gateway(s, i);
	choose_targets(s);
}

/* Everybody hangs up, and the weather clears. */
static void end(struct storm *s)
{
	const struct sim_link clear = {.delay_us = 5000};
	s->ending = true;
	sim_net_set_link(s->st->net, NULL, &clear);
	for (int64_t ms = 0; ms < FAREWELL_MS && stage_run_ms(s->st, LOOK_MS); ms += LOOK_MS)
		look(s);
	(void)stage_settle(s->st);
	check_bleed(s);
}

static bool rage(const struct weather *w, uint64_t seed, uint32_t calls, uint64_t *ret_trace)
{
	struct storm s = {.w = w, .calls_wanted = calls, .rand = {.state = seed}};
	struct sim_net_counts net;
	begin(&s);
	while (s.calls < s.calls_wanted && stage_run_ms(s.st, LOOK_MS)) {
		look(&s);
		check_bleed(&s);
	}
	end(&s);
	const bool ok = !s.st->fault[0];
	if (!ok) {
		printf("# %s, seed %llu, after %u calls: %s\n", w->name, (unsigned long long)seed,
		       s.calls, s.st->fault);
		watch_story(s.st->watch, stdout, "# ");
		ladder_print(s.st->ladder, stdout, "# ", LADDER_LINES);
	}
	printf("# %.0f s, %u calls, %llu answered, %llu of %llu transferred, %u records\n",
	       (double)sim_net_now_us(s.st->net) / 1e6, s.calls,
	       (unsigned long long)stage_events(s.st, EVENT_CALL_ANSWERED),
	       (unsigned long long)stage_events(s.st, EVENT_CALL_TRANSFERRED),
	       (unsigned long long)stage_events(s.st, EVENT_CALL_TRANSFERRING),
	       vault_records(s.st->vault));
	sim_net_counts(s.st->net, &net);
	*ret_trace = (net.sent * 31 + net.dropped) * 31 + net.steps;
	stage_free(s.st);
	return ok;
}

/* What a seed has shown can be shown again. */
static bool is_repeatable(void)
{
	uint64_t first, again;
	return rage(&WEATHERS[4], 7, 60, &first) && rage(&WEATHERS[4], 7, 60, &again) &&
	       first == again;
}

int main(int argc, char **argv)
{
	const char *weather = NULL;
	uint64_t seed = 0, trace;
	uint32_t calls = 400;
	int n = 0, failed = 0;
	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--calls") == 0)
			calls = (uint32_t)strtoul(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--seed") == 0)
			seed = strtoull(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--weather") == 0)
			weather = argv[i + 1];
	}
	printf("TAP version 13\n");
	for (size_t w = 0; w < sizeof(WEATHERS) / sizeof(WEATHERS[0]); w++) {
		if (weather && strcmp(weather, WEATHERS[w].name) != 0)
			continue;
		for (size_t i = 0; i < (seed ? 1 : sizeof(SEEDS) / sizeof(SEEDS[0])); i++) {
			const uint64_t with = seed ? seed : SEEDS[i];
			const bool ok = rage(&WEATHERS[w], with, calls, &trace);
			failed += !ok;
			printf("%sok %d - %s, seed %llu\n", ok ? "" : "not ", ++n, WEATHERS[w].name,
			       (unsigned long long)with);
			fflush(stdout);
		}
	}
	if (!weather) {
		const bool ok = is_repeatable();
		failed += !ok;
		printf("%sok %d - the same seed gives the same run\n", ok ? "" : "not ", ++n);
	}
	printf("1..%d\n", n);
	return failed || n == 0 ? 1 : 0;
}
