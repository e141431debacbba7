/* number, phone, server, net: what the scenario arranges. */
#include "script/run.h"

#include "base/err.h"
#include "core/announcement.h"
#include "net/sim_io.h"
#include "sip/value.h"

#include <stdio.h>
#include <stdlib.h>

/* --- numbers */

static bool read_policy(struct run *r, struct directory_number *n)
{
	const char *policy = run_value(r, "policy");
	if (policy && reg_policy_of(slice_str(policy), &n->policy))
		return run_fail(r, "there is no policy \"%s\"", policy);
	return true;
}

static bool read_number(struct run *r, struct directory_number *n)
{
	int64_t channels = n->channels;
	const char *account = run_value(r, "account");
	if (account)
		snprintf(n->account, sizeof(n->account), "%s", account);
	if (!run_number(r, "channels", &channels) || !read_policy(r, n))
		return false;
	n->channels = (uint32_t)channels;
	n->suspended = run_flag(r, "suspended") || (n->suspended && !run_flag(r, "released"));
	n->international = run_flag(r, "international") || n->international;
	return true;
}

/* A new number, or a change of one; without password= the old one stays. */
bool world_number(struct run *r)
{
	const char *which = run_word(r);
	struct directory_number n = {.channels = 2, .customer = "C1", .policy = REG_NEWEST};
	if (!which)
		return run_fail(r, "which number?");
	which = run_number_of(r, which);
	if (run_flag(r, "removed")) {
		stage_number_remove(r->st, which);
		return true;
	}
	const bool known = stage_number_get(r->st, which, &n);
	const char *password = run_value(r, "password");
	snprintf(n.number, sizeof(n.number), "%s", which);
	if (!known && !password)
		return run_fail(r, "a new number needs account= and password=");
	if (!read_number(r, &n))
		return false;
	stage_number(r->st, n, password);
	return true;
}

/* Into the rule what it is about; false: nothing of the kind is said. */
static bool read_about(struct run *r, struct plan_rule *rule)
{
	const char *class = run_value(r, "class"), *country = run_value(r, "country"),
		   *prefix = run_value(r, "prefix");
	rule->about = class ? PLAN_ABOUT_CLASS : country ? PLAN_ABOUT_COUNTRY : PLAN_ABOUT_PREFIX;
	if (class || country)
		snprintf(rule->key, sizeof(rule->key), "%s", class ? class : country);
	else if (!prefix || plan_rule_prefix(slice_str(prefix), rule->key) != 0)
		return false;
	return true;
}

bool world_rule(struct run *r)
{
	const char *decision = run_word(r), *number = run_value(r, "number"),
		   *customer = run_value(r, "customer");
	struct plan_rule rule = {.allow = decision && strcmp(decision, "allow") == 0};
	if (!read_about(r, &rule))
		return run_fail(r, "class=, country= or prefix=");
	rule.scope = number ? PLAN_FOR_NUMBER : customer ? PLAN_FOR_CUSTOMER : PLAN_FOR_ALL;
	snprintf(rule.who, sizeof(rule.who), "%s",
		 number	    ? run_number_of(r, number)
		 : customer ? customer
			    : "");
	stage_rule(r->st, rule);
	return true;
}

static bool read_kind(const char *word, enum forward_kind *ret_kind)
{
	for (int i = 0; i < FORWARD_KINDS; i++) {
		if (strcmp(forward_kind_info((enum forward_kind)i)->word, word) != 0)
			continue;
		*ret_kind = (enum forward_kind)i;
		return true;
	}
	return false;
}

/* forward WHO KIND to=WHOM [ring=S] | off; forward WHO deflection [off] */
bool world_forward(struct run *r)
{
	const char *who = run_word(r), *word = run_word(r), *to = run_value(r, "to");
	enum forward_kind kind;
	int64_t ring_s = 0;
	if (who && word && strcmp(word, "deflection") == 0) {
		stage_deflection(r->st, run_number_of(r, who), !run_flag(r, "off"));
		return true;
	}
	if (!who || !word || !read_kind(word, &kind))
		return run_fail(r, "who forwards, and when?");
	if (!run_number(r, "ring", &ring_s))
		return false;
	if (!to && !run_flag(r, "off"))
		return run_fail(r, "to= or off");
	char target[DIAL_BYTES] = "";
	if (to)
		snprintf(target, sizeof(target), "%s", run_number_of(r, to));
	stage_forward(r->st, run_number_of(r, who), kind, to ? target : NULL, ring_s);
	return true;
}

/* --- phones */

static bool read_addr(struct run *r, const char *text, uint16_t port, struct addr *ret_addr)
{
	if (addr_parse(slice_str(text), port, ret_addr))
		return run_fail(r, "\"%s\" is no address", text);
	return true;
}

/* Where the i-th phone stands when nothing else is said. */
static struct addr usual_addr(uint32_t i, bool ip6, bool nat)
{
	char text[64];
	struct addr a = {0};
	if (ip6)
		snprintf(text, sizeof(text), "[2001:db8:1::%x]:5060", 10 + i);
	else if (nat)
		snprintf(text, sizeof(text), "203.0.113.%u:%u", 10 + i, 30000 + i);
	else
		snprintf(text, sizeof(text), "198.51.100.%u:5060", 10 + i);
	(void)addr_parse(slice_str(text), 5060, &a);
	return a;
}

static bool read_place(struct run *r, struct ua_params *p)
{
	char text[64];
	const bool ip6 = run_flag(r, "ip6"), nat = run_flag(r, "nat");
	const char *at = run_value(r, "at"), *claimed = run_value(r, "nat");
	p->local = usual_addr(r->st->phone_n, ip6, nat || claimed);
	snprintf(text, sizeof(text), "192.168.1.%u:5060", 10 + r->st->phone_n);
	if (nat && !claimed)
		claimed = text;
	if (at && !read_addr(r, at, p->local.port, &p->local))
		return false;
	return !claimed || read_addr(r, claimed, 5060, &p->claimed);
}

/* The second device of somebody's line. */
static bool read_line_of(struct run *r, const char *other, struct ua_params *p)
{
	struct ua *ua = run_phone(r, other);
	if (!ua)
		return false;
	p->number = ua_number(ua);
	p->account = ua_account(ua);
	return true;
}

static bool provision(struct run *r, const struct ua_params *p)
{
	struct directory_number n = {.channels = 2, .customer = "C1", .policy = REG_NEWEST};
	snprintf(n.number, sizeof(n.number), "%s", p->number);
	snprintf(n.account, sizeof(n.account), "%s", p->account);
	if (!read_number(r, &n))
		return false;
	stage_number(r->st, n, p->password);
	return true;
}

bool world_phone(struct run *r)
{
	char number[32], account[32];
	const uint32_t i = r->st->phone_n;
	const char *other = run_value(r, "line"), *domain = run_value(r, "domain");
	struct ua_params p = {
		.name = run_word(r),
		.tcp = run_flag(r, "tcp"),
		.both = run_flag(r, "both"),
		.password = "secret",
		.user_agent = run_value(r, "agent"),
		.domain = domain,
	};
	if (!p.name || stage_phone(r->st, p.name))
		return run_fail(r, "a new phone needs a new name");
	snprintf(number, sizeof(number), "050100000%02u", 10 + i);
	snprintf(account, sizeof(account), "200000%02u", 10 + i);
	p.number = run_value(r, "number") ? run_value(r, "number") : number;
	p.account = run_value(r, "account") ? run_value(r, "account") : account;
	p.password = run_value(r, "password") ? run_value(r, "password") : p.password;
	const bool stranger = run_flag(r, "stranger");
	if (!read_place(r, &p) || (other && !read_line_of(r, other, &p)) ||
	    (!other && !stranger && !provision(r, &p)))
		return false;
	stage_phone_add(r->st, p);
	return true;
}

/* --- trunks */

/* host=PHONE: where that one stands. */
static bool read_trunk_host(struct run *r, struct trunk *t)
{
	char text[ADDR_TEXT_BYTES];
	const char *host = run_value(r, "host");
	const struct ua *ua = host ? stage_phone(r->st, host) : NULL;
	if (ua) {
		struct addr a = ua_addr(ua);
		snprintf(t->host, sizeof(t->host), "%s", addr_ip_text(&a, text));
		t->port = a.port;
	} else if (host) {
		snprintf(t->host, sizeof(t->host), "%s", host);
		t->port = 0;
	}
	return t->host[0] || run_fail(r, "a new trunk needs host=");
}

static bool read_trunk_words(struct run *r, struct trunk *t)
{
	const char *format = run_value(r, "format"), *transport = run_value(r, "transport"),
		   *user = run_value(r, "user"), *registers = run_value(r, "register"),
		   *password = run_value(r, "password");
	if (format && trunk_format_of(slice_str(format), &t->format))
		return run_fail(r, "there is no format \"%s\"", format);
	if (transport)
		t->transport = sip_transport_of(slice_str(transport));
	if (user || registers)
		snprintf(t->user, sizeof(t->user), "%s", user ? user : registers);
	t->registers = t->registers || registers;
	if (password)
		snprintf(t->password, sizeof(t->password), "%s", password);
	t->trusted = !run_flag(r, "untrusted") && t->trusted;
	return true;
}

static bool read_trunk_numbers(struct run *r, struct trunk *t)
{
	int64_t priority = t->priority, weight = t->weight, capacity = t->capacity;
	const char *source = run_value(r, "source"), *prefix = run_value(r, "prefix");
	if (!run_number(r, "priority", &priority) || !run_number(r, "weight", &weight) ||
	    !run_number(r, "capacity", &capacity))
		return false;
	t->priority = (uint32_t)priority;
	t->weight = (uint32_t)weight;
	t->capacity = (uint32_t)capacity;
	if (source && cidr_parse(slice_str(source), &t->sources[t->source_count++]))
		return run_fail(r, "\"%s\" is no network", source);
	if (prefix && trunk_prefix_read(slice_str(prefix), t->prefixes[t->prefix_count++]))
		return run_fail(r, "\"%s\" is no prefix", prefix);
	return true;
}

/* A new one, or a change. */
bool world_trunk(struct run *r)
{
	const char *name = run_word(r);
	if (!name || !r->st)
		return run_fail(r, "which trunk?");
	if (run_flag(r, "removed")) {
		stage_trunk_remove(r->st, name);
		return true;
	}
	const struct trunk *known = stage_trunk_find(r->st, name);
	struct trunk t = {.id = ++r->trunk_ids,
			  .priority = 10,
			  .weight = 1,
			  .trusted = true,
			  .transport = SIP_TRANSPORT_OTHER};
	if (known)
		t = *known;
	snprintf(t.name, sizeof(t.name), "%s", name);
	if (!read_trunk_host(r, &t) || !read_trunk_words(r, &t) || !read_trunk_numbers(r, &t))
		return false;
	stage_trunk(r->st, &t);
	return true;
}

/* --- the server */

static bool set_digest(struct run *r, struct shard_config *c)
{
	const char *offer = run_value(r, "digest");
	if (!offer)
		return true;
	if (strcmp(offer, "md5") == 0)
		c->digest_offer = DIGEST_OFFER_MD5;
	else if (strcmp(offer, "both") == 0)
		c->digest_offer = DIGEST_OFFER_BOTH;
	else if (strcmp(offer, "sha256") == 0)
		c->digest_offer = DIGEST_OFFER_SHA256;
	else
		return run_fail(r, "digest=md5, both or sha256");
	return true;
}

static bool set_trusted(struct run *r, struct shard_config *c)
{
	const char *net = run_value(r, "trusted");
	if (!net)
		return true;
	if (c->trusted_count == TRUSTED_MAX ||
	    cidr_parse(slice_str(net), &c->trusted[c->trusted_count]))
		return run_fail(r, "\"%s\" is no network", net);
	c->trusted_count++;
	return true;
}

static bool set_own(struct run *r)
{
	const char *own = run_value(r, "own");
	if (!own)
		return true;
	if (!r->st)
		return run_fail(r, "own= when the server runs");
	snprintf(r->st->own[0], TRUNK_OWN_BYTES, "%s", own);
	trunks_set_own(r->st->trunks, r->st->own, 1);
	return true;
}

static bool set_announce(struct run *r, struct shard_config *c)
{
	const char *play = run_value(r, "announce"), *silent = run_value(r, "not"),
		   *language = run_value(r, "language");
	uint32_t cause;
	if (play)
		c->announce = strcmp(play, "all") == 0 ? ANNOUNCE_ALL : ANNOUNCE_FILES;
	if (language)
		snprintf(c->announce_language, sizeof(c->announce_language), "%s", language);
	if (!silent)
		return true;
	if (!announcement_cause(slice_str(silent), &cause))
		return run_fail(r, "\"%s\" is no cause", silent);
	c->announce_off[cause / 64] |= (uint64_t)1 << (cause % 64);
	return true;
}

static bool set_times(struct run *r, struct shard_config *c)
{
	const struct {
		const char *key;
		uint32_t *value;
	} keys[] = {
		{"min", &c->expires_min_s},
		{"max", &c->expires_max_s},
		{"default", &c->expires_default_s},
		{"nonce", &c->nonce_life_s},
		{"ping", &c->ping_period_s},
		{"ring", &c->ring_limit_s},
		{"silence", &c->media_timeout_s},
		{"calls", &c->calls_max},
		{"session", &c->session_expires_s},
		{"minse", &c->session_min_s},
		{"limit", &c->announce_limit_s},
		{"players", &c->players_max},
		{"answer", &c->trunk_answer_ms},
		{"progress", &c->trunk_progress_s},
		{"options", &c->trunk_options_s},
		{"failures", &c->trunk_failures},
		{"trunk-expires", &c->trunk_expires_s},
	};
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		int64_t v = *keys[i].value;
		if (!run_number(r, keys[i].key, &v))
			return false;
		*keys[i].value = (uint32_t)v;
	}
	return set_digest(r, c) && set_trusted(r, c) && set_announce(r, c) && set_own(r);
}

/* Before the stage stands. */
static bool set_stage(struct run *r)
{
	int64_t shards = r->params.shards, inbox = r->params.inbox_bytes,
		seed = (int64_t)r->params.seed;
	if (!run_number(r, "shards", &shards) || !run_number(r, "inbox", &inbox) ||
	    !run_number(r, "seed", &seed) || !set_times(r, &r->params.config))
		return false;
	if (shards < 1 || shards > STAGE_SHARDS_MAX)
		return run_fail(r, "1 to %d shards", STAGE_SHARDS_MAX);
	r->params.shards = (uint16_t)shards;
	r->params.inbox_bytes = (uint32_t)inbox;
	r->params.seed = (uint64_t)seed;
	return true;
}

struct one_call {
	const char *number;
	uint64_t uid;
};

static void take_call(void *ctx, const struct shard_call_view *v)
{
	struct one_call *c = ctx;
	if (strcmp(v->from, c->number) == 0)
		c->uid = v->uid;
}

/* As the operator does: the call that this number made. */
static bool hang_up(struct run *r)
{
	const char *who = run_word(r);
	if (!who)
		return run_fail(r, "whose call?");
	for (uint16_t i = 0; i < r->st->p.shards; i++) {
		struct one_call c = {.number = run_number_of(r, who)};
		shard_calls(r->st->shards[i], 0, take_call, &c);
		if (!c.uid)
			continue;
		(void)shard_hangup(r->st->shards[i], c.uid);
		sim_io_poke(r->st->ios[i]);
		return true;
	}
	return run_fail(r, "%s has made no call", who);
}

/* Also with another count of shards. */
static bool set_shards(struct run *r)
{
	int64_t shards = r->st->p.shards, hurt = 0;
	if (!run_number(r, "shards", &shards) || !run_number(r, "hurt", &hurt))
		return false;
	r->st->hurt = r->st->hurt ? r->st->hurt + 1 : (uint64_t)hurt;
	if (shards < 1 || shards > STAGE_SHARDS_MAX)
		return run_fail(r, "1 to %d shards", STAGE_SHARDS_MAX);
	r->st->p.shards = (uint16_t)shards;
	return true;
}

static bool server_does(struct run *r, const char *verb)
{
	struct stage *st = r->st;
	bool down = !st->directory;
	if (strcmp(verb, "restart") == 0 && !down)
		stage_crash(st);
	if ((strcmp(verb, "start") == 0 || strcmp(verb, "restart") == 0) && !st->directory) {
		if (!set_shards(r))
			return false;
		stage_start(st);
		return true;
	}
	if (strcmp(verb, "start") == 0 || down)
		return run_fail(r, "the server is %s", st->directory ? "running" : "down");
	else if (strcmp(verb, "crash") == 0)
		stage_crash(st);
	else if (strcmp(verb, "drain") == 0)
		stage_drain(st);
	else if (strcmp(verb, "end-calls") == 0)
		stage_end_calls(st);
	else if (strcmp(verb, "hangup") == 0)
		return hang_up(r);
	else
		return run_fail(r, "the server cannot \"%s\"", verb);
	return true;
}

static bool store_is(struct run *r)
{
	if (run_flag(r, "full"))
		vault_set_full(r->st->vault, true);
	if (run_flag(r, "roomy"))
		vault_set_full(r->st->vault, false);
	return true;
}

/* Not the store's: the files that shards keep their calls in. */
static bool disk_is(struct run *r)
{
	if (run_flag(r, "full"))
		stage_disk(true);
	if (run_flag(r, "roomy"))
		stage_disk(false);
	return true;
}

bool world_server(struct run *r)
{
	if (!r->st)
		return set_stage(r);
	const char *verb = run_word(r);
	if (verb && strcmp(verb, "disk") == 0)
		return disk_is(r);
	if (verb && strcmp(verb, "store") == 0)
		return store_is(r);
	if (verb)
		return server_does(r, verb);
	if (!set_times(r, &r->st->p.config))
		return false;
	stage_reconfigure(r->st);
	return true;
}

/* --- the network */

/* A phone's host, or the server's. family 0: not said. */
static bool read_host(struct run *r, const char *key, struct addr *ret_addr)
{
	const char *who = run_value(r, key);
	*ret_addr = (struct addr){0};
	if (!who)
		return true;
	if (strcmp(who, "server") == 0) {
		*ret_addr = stage_addr(4);
	} else {
		const struct ua *ua = run_phone(r, who);
		if (!ua)
			return false;
		*ret_addr = ua_addr(ua);
	}
	ret_addr->port = 0;
	return true;
}

static bool net_rule(struct run *r, enum sim_fate fate)
{
	struct sim_rule rule = {.fate = fate};
	int64_t skip = 0, count = 1, by_ms = 0;
	const char *pattern = run_word(r);
	if (!read_host(r, "from", &rule.from) || !read_host(r, "to", &rule.to) ||
	    !run_number(r, "skip", &skip) || !run_number(r, "count", &count) ||
	    !run_number(r, "by", &by_ms))
		return false;
	snprintf(rule.pattern, sizeof(rule.pattern), "%s", pattern ? pattern : "");
	rule.skip = (uint32_t)skip;
	rule.count = (uint32_t)count;
	rule.delay_us = by_ms * 1000;
	sim_net_add_rule(r->st->net, &rule);
	return true;
}

static bool net_link(struct run *r)
{
	struct addr host;
	int64_t delay = 5, jitter = 0, loss = 0, dup = 0;
	if (!read_host(r, "host", &host) || !run_number(r, "delay", &delay) ||
	    !run_number(r, "jitter", &jitter) || !run_number(r, "loss", &loss) ||
	    !run_number(r, "dup", &dup))
		return false;
	const struct sim_link link = {
		.delay_us = delay * 1000,
		.jitter_us = jitter * 1000,
		.loss_per_mille = (uint32_t)loss * 10,
		.dup_per_mille = (uint32_t)dup * 10,
	};
	sim_net_set_link(r->st->net, host.family ? &host : NULL, &link);
	return true;
}

static bool net_plug(struct run *r, bool unplugged)
{
	struct ua *ua = run_phone(r, run_word(r));
	if (!ua)
		return false;
	struct addr host = ua_addr(ua);
	host.port = 0;
	sim_net_unplug(r->st->net, &host, unplugged);
	return true;
}

static bool net_land(struct run *r)
{
	struct addr host;
	const char *index = run_word(r);
	if (!index || !read_host(r, "host", &host))
		return run_fail(r, "land on which shard?");
	sim_net_land(r->st->net, host.family ? &host : NULL, atoi(index));
	return true;
}

static bool read_target(struct run *r, const char *text, struct name *name)
{
	struct slice rest = slice_str(text), scheme = slice_cut(&rest, ':');
	struct locate_target *t = &name->targets[name->target_count];
	t->transport = slice_eq(scheme, SLICE("tcp")) ? SIP_TCP : SIP_UDP;
	if (addr_parse(rest, 5060, &t->addr) || name->target_count == LOCATE_TARGETS_MAX - 1)
		return run_fail(r, "\"%s\" is no udp:ADDR or tcp:ADDR, or one too many", text);
	name->target_count++;
	return true;
}

static bool net_name(struct run *r)
{
	const char *word = run_word(r);
	struct name *name = word ? names_add(&r->st->names, slice_str(word)) : NULL;
	if (!name)
		return run_fail(r, "which name? or one too many");
	name->silent = run_flag(r, "silent");
	while ((word = run_word(r)) != NULL) {
		if (!read_target(r, word, name))
			return false;
	}
	return true;
}

bool world_net(struct run *r)
{
	const char *verb = run_word(r);
	if (!verb)
		return run_fail(r, "the network does what?");
	if (strcmp(verb, "drop") == 0)
		return net_rule(r, SIM_DROP);
	if (strcmp(verb, "dup") == 0)
		return net_rule(r, SIM_DUP);
	if (strcmp(verb, "late") == 0)
		return net_rule(r, SIM_DELAY);
	if (strcmp(verb, "link") == 0)
		return net_link(r);
	if (strcmp(verb, "unplug") == 0 || strcmp(verb, "plug") == 0)
		return net_plug(r, verb[0] == 'u');
	if (strcmp(verb, "name") == 0)
		return net_name(r);
	if (strcmp(verb, "land") == 0)
		return net_land(r);
	if (strcmp(verb, "icmp") == 0)
		sim_net_set_icmp(r->st->net, !run_flag(r, "off"));
	else if (strcmp(verb, "chop") == 0)
		sim_net_set_chop(r->st->net, !run_flag(r, "off"));
	else if (strcmp(verb, "open") == 0)
		hide_stop(watch_hide(r->st->watch));
	else
		return run_fail(r, "the network cannot \"%s\"", verb);
	return true;
}
