/*
 * soak: ten thousand calls of numbers with two channels, ended in every way that there is, each way
 * in turn; then the same with kill -9 in between. Whatever happens, a channel is held exactly as
 * long as its call lives (the stage walks that after every step), a third call is refused with the
 * two that hold the channels named, and at the end every counter is zero.
 *
 * sim_soak [--calls N]
 */
#include "net/net_priv.h"
#include "net/sim_io.h"
#include "stage/stage.h"
#include "ua/ua_call.h"

#include <stdio.h>
#include <stdlib.h>

#define PAIRS	     24
#define LOOK_MS	     100
#define STUCK_MS     200000 /* longer than any way takes */
#define CRASH_EVERY  150    /* calls */
#define LADDER_LINES 80

enum way {
	WAY_BUSY,
	WAY_DECLINED,
	WAY_NOT_ACCEPTABLE,
	WAY_CANCELLED_EARLY, /* before it rings */
	WAY_CANCELLED,
	WAY_NO_ANSWER, /* the ring limit */
	WAY_BYE_OF_CALLER,
	WAY_BYE_OF_CALLEE,
	WAY_BYE_BEFORE_ANSWER,
	WAY_GONE,      /* the phone does not answer at all */
	WAY_SILENT,    /* no media both ways */
	WAY_HUNG_UP,   /* by the operator */
	WAY_FORBIDDEN, /* 110 */
	WAY_UNALLOCATED,
	WAY_UNREGISTERED,
	WAY_THREE, /* one more than there are channels */
	WAYS
};

/* What the call's record must say, in a run without crashes. */
static const char *const reasons[WAYS] = {
	[WAY_BUSY] = "busy",
	[WAY_DECLINED] = "declined",
	[WAY_NOT_ACCEPTABLE] = "refused_by_phone",
	[WAY_CANCELLED_EARLY] = "cancelled",
	[WAY_CANCELLED] = "cancelled",
	[WAY_NO_ANSWER] = "no_answer",
	[WAY_BYE_OF_CALLER] = "normal",
	[WAY_BYE_OF_CALLEE] = "normal",
	[WAY_BYE_BEFORE_ANSWER] = "cancelled",
	[WAY_GONE] = "phone_not_responding",
	[WAY_SILENT] = "media_timeout",
	[WAY_HUNG_UP] = "ended_by_operator",
	[WAY_FORBIDDEN] = "emergency_not_available",
	[WAY_UNALLOCATED] = "unallocated_number",
	[WAY_UNREGISTERED] = "not_registered",
	[WAY_THREE] = "channel_limit",
};

struct pair {
	struct ua *caller, *callee;
	enum way way;
	bool running, unplugged, hung_up, third, third_seen;
	int64_t since_us, state_us; /* of the way; of the state that it is in */
	uint64_t holders[2];
};

struct soak {
	struct stage *st;
	struct pair pairs[PAIRS];
	uint32_t calls, wanted, crash_at;
	uint32_t threes, crashes;
	bool crashing;
};

static int64_t now_us(const struct soak *s)
{
	return sim_net_now_us(s->st->net);
}

static bool is_free(const struct ua_call *c)
{
	return c->state == UA_IDLE || c->state == UA_ENDED;
}

static bool all_free(struct ua *ua)
{
	struct ua_call *c;
	for (uint32_t l = 0; (c = ua_line_at(ua, l)); l++)
		if (!is_free(c))
			return false;
	return true;
}

static void call(struct soak *s, struct pair *p, const char *line, const char *target)
{
	const struct ua_wish wish = {0};
	(void)ua_invite(p->caller, ua_line(p->caller, line), target, &wish);
	s->calls++;
}

static void plug(struct soak *s, struct pair *p, bool in)
{
	struct addr host = ua_addr(p->callee);
	host.port = 0;
	sim_net_unplug(s->st->net, &host, !in);
	p->unplugged = !in;
}

static const char *target_of(const struct pair *p)
{
	switch (p->way) {
	case WAY_FORBIDDEN:
		return "184110";
	case WAY_UNALLOCATED:
		return "05099999999";
	case WAY_UNREGISTERED:
		return "05088888888";
	default:
		return ua_number(p->callee);
	}
}

static void begin_way(struct soak *s, struct pair *p)
{
	enum way next = (enum way)((p->way + 1) % WAYS);
	struct pair fresh = {.caller = p->caller, .callee = p->callee, .way = next};
	*p = fresh;
	p->running = true;
	p->since_us = p->state_us = now_us(s);
	if (p->way == WAY_GONE)
		plug(s, p, false);
	call(s, p, "", target_of(p));
	if (p->way == WAY_THREE)
		call(s, p, "second", target_of(p));
}

/* ---- a third call, and who holds the channels ---- */

struct held {
	const char *from;
	uint64_t uids[4];
	uint32_t n;
};

static void take_holder(void *ctx, const struct shard_call_view *v)
{
	struct held *h = ctx;
	if (v->channel && strcmp(v->from, h->from) == 0 && h->n < 4)
		h->uids[h->n++] = v->uid;
}

static struct held holders_of(struct soak *s, const struct pair *p)
{
	struct held h = {.from = ua_number(p->caller)};
	for (uint16_t i = 0; i < s->st->p.shards; i++)
		shard_calls(s->st->shards[i], 0, take_holder, &h);
	return h;
}

static void check_third(struct soak *s, struct pair *p)
{
	const struct vault_record *last = NULL;
	char ab[64], ba[64];
	for (uint32_t i = vault_handed_over(s->st->vault); i-- > 0 && !last;) {
		const struct vault_record *r = vault_record(s->st->vault, i);
		if (slice_eq(r->r.from, slice_str(ua_number(p->caller))))
			last = r;
	}
	snprintf(ab, sizeof(ab), "%016llx %016llx", (unsigned long long)p->holders[0],
		 (unsigned long long)p->holders[1]);
	snprintf(ba, sizeof(ba), "%016llx %016llx", (unsigned long long)p->holders[1],
		 (unsigned long long)p->holders[0]);
	if (ua_call_code(ua_line(p->caller, "third")) != 503 || !last ||
	    !slice_eq(last->r.reason, SLICE("channel_limit")) ||
	    (!slice_eq(last->r.detail, slice_str(ab)) && !slice_eq(last->r.detail, slice_str(ba))))
		stage_fault(s->st,
			    "the third call of %s was answered %d, its record says \"%.*s\" "
			    "by \"%.*s\", not by %s",
			    ua_number(p->caller), ua_call_code(ua_line(p->caller, "third")),
			    SLICE_ARG(last ? last->r.reason : SLICE_NONE),
			    SLICE_ARG(last ? last->r.detail : SLICE_NONE), ab);
	s->threes++;
}

/* Both stand: the third call; it has ended: the two are given up. */
static void play_three(struct soak *s, struct pair *p)
{
	struct ua_call *first = ua_line(p->caller, ""), *second = ua_line(p->caller, "second"),
		       *third = ua_line(p->caller, "third");
	struct held h = holders_of(s, p);
	if (!p->third && first->state == UA_EARLY && second->state == UA_EARLY && h.n == 2) {
		memcpy(p->holders, h.uids, sizeof(p->holders));
		p->third = true;
		call(s, p, "third", target_of(p));
	} else if (p->third && !p->third_seen && is_free(third)) {
		p->third_seen = true;
		if (h.n == 2) /* else a crash has ended them meanwhile */
			check_third(s, p);
	} else if (p->third_seen) {
		(void)ua_cancel(p->caller, first);
		(void)ua_cancel(p->caller, second);
	}
}

/* ---- the caller's part and the callee's ---- */

static bool waited(const struct soak *s, const struct pair *p, int64_t ms)
{
	return now_us(s) - p->since_us >= ms * 1000;
}

static void hang_up(struct soak *s, struct pair *p)
{
	struct held h = holders_of(s, p);
	if (h.n == 0 || p->hung_up)
		return;
	for (uint16_t i = 0; i < s->st->p.shards; i++) {
		if (shard_hangup(s->st->shards[i], h.uids[0]) == 0)
			sim_io_poke(s->st->ios[i]);
	}
	p->hung_up = true;
}

static void play_caller(struct soak *s, struct pair *p)
{
	struct ua_call *c = ua_line(p->caller, "");
	bool early = c->state == UA_EARLY;
	if (p->way == WAY_THREE)
		play_three(s, p);
	else if (p->way == WAY_CANCELLED_EARLY && c->state == UA_CALLING)
		(void)ua_cancel(p->caller, c);
	else if (p->way == WAY_CANCELLED && early)
		(void)ua_cancel(p->caller, c);
	else if (p->way == WAY_BYE_BEFORE_ANSWER && early)
		(void)ua_bye(p->caller, c);
	else if (p->way == WAY_BYE_OF_CALLER && c->state == UA_TALKING)
		(void)ua_bye(p->caller, c);
	else if (p->way == WAY_HUNG_UP && c->state == UA_TALKING)
		hang_up(s, p);
}

static bool rings_only(enum way w)
{
	return w == WAY_CANCELLED_EARLY || w == WAY_CANCELLED || w == WAY_NO_ANSWER ||
	       w == WAY_BYE_BEFORE_ANSWER || w == WAY_THREE;
}

static void be_called(struct pair *p, struct ua_call *c)
{
	const struct ua_wish plain = {0}, silent = {.no_sdp = true};
	if (c->state == UA_INCOMING && p->way != WAY_CANCELLED_EARLY)
		(void)ua_ring(p->callee, c, 180, &silent);
	else if (c->state == UA_RINGING && p->way == WAY_BUSY)
		(void)ua_refuse(p->callee, c, 486, NULL);
	else if (c->state == UA_RINGING && p->way == WAY_DECLINED)
		(void)ua_refuse(p->callee, c, 603, NULL);
	else if (c->state == UA_RINGING && p->way == WAY_NOT_ACCEPTABLE)
		(void)ua_refuse(p->callee, c, 488, NULL);
	else if (c->state == UA_RINGING && !rings_only(p->way))
		(void)ua_answer(p->callee, c, &plain);
	else if (c->state == UA_TALKING && p->way == WAY_BYE_OF_CALLEE)
		(void)ua_bye(p->callee, c);
}

/* What a crash has left on one side only. */
static void let_go(struct ua *ua)
{
	struct ua_call *c;
	for (uint32_t l = 0; (c = ua_line_at(ua, l)); l++) {
		if (c->state == UA_TALKING || c->state == UA_ACCEPTED)
			(void)ua_bye(ua, c);
		else if (c->state == UA_INCOMING || c->state == UA_RINGING)
			(void)ua_refuse(ua, c, 480, NULL);
		else if ((c->state == UA_CALLING || c->state == UA_EARLY) && !c->cancelled)
			(void)ua_cancel(ua, c);
	}
}

static void look(struct soak *s, struct pair *p)
{
	struct ua_call *c;
	if (p->running && all_free(p->caller) && all_free(p->callee)) {
		p->running = false;
		if (p->unplugged)
			plug(s, p, true);
		return;
	}
	if (!p->running && s->calls < s->wanted) {
		begin_way(s, p);
		return;
	}
	if (waited(s, p, STUCK_MS)) {
		if (!s->crashing)
			stage_fault(s->st, "%s does not end (way %d)", ua_number(p->caller),
				    p->way);
		let_go(p->caller);
		let_go(p->callee);
		return;
	}
	play_caller(s, p);
	for (uint32_t l = 0; (c = ua_line_at(p->callee, l)); l++)
		be_called(p, c);
}

/* ---- the whole ---- */

static struct ua *add_phone(struct soak *s, uint32_t i, bool registers)
{
	char name[20], number[24], account[24], at[32];
	const struct ua_reg_wish wish = {.expires_s = 7200};
	struct ua_params p = {
		.name = name, .number = number, .account = account, .password = "secret"};
	struct directory_number n = {.channels = 2, .customer = "C1", .policy = REG_NEWEST};
	snprintf(name, sizeof(name), "phone%u", i);
	snprintf(number, sizeof(number), "05010000%03u", 100 + i);
	snprintf(account, sizeof(account), "20000%03u", 100 + i);
	snprintf(at, sizeof(at), "198.51.100.%u", 10 + i);
	(void)addr_parse(slice_str(at), 5060, &p.local);
	memcpy(n.number, number, sizeof(n.number));
	memcpy(n.account, account, sizeof(n.account));
	stage_number(s->st, n, "secret");
	struct ua *ua = stage_phone_add(s->st, p);
	if (registers)
		ua_register(ua, &wish);
	return ua;
}

static void begin(struct soak *s)
{
	struct directory_number nobody = {.channels = 2, .customer = "C1", .policy = REG_NEWEST};
	struct stage_params p;
	stage_params_default(&p);
	p.shards = 2;
	p.config.ring_limit_s = 40;
	p.config.media_timeout_s = 20;
	s->st = stage_new(&p);
	stage_start(s->st);
	for (uint32_t i = 0; i < PAIRS; i++) {
		s->pairs[i].caller = add_phone(s, 2 * i, true);
		s->pairs[i].callee = add_phone(s, 2 * i + 1, true);
		s->pairs[i].way = (enum way)(i % WAYS);
	}
	snprintf(nobody.number, sizeof(nobody.number), "05088888888");
	snprintf(nobody.account, sizeof(nobody.account), "29999999");
	stage_number(s->st, nobody, "secret");
	(void)stage_run_ms(s->st, 5000);
}

/* For those who had registered it is as if nothing had been. */
static void crash(struct soak *s)
{
	if (!s->crashing || s->calls < s->crash_at || s->calls >= s->wanted)
		return;
	s->crash_at = s->calls + CRASH_EVERY;
	s->crashes++;
	ladder_note(s->st->ladder, "the server is killed and started again");
	stage_crash(s->st);
	stage_start(s->st);
}

static bool all_done(const struct soak *s)
{
	for (uint32_t i = 0; i < PAIRS; i++)
		if (s->pairs[i].running)
			return false;
	return s->calls >= s->wanted;
}

/* Records of that reason. */
static uint32_t count_reason(const struct soak *s, const char *reason)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < vault_handed_over(s->st->vault); i++)
		n += slice_eq(vault_record(s->st->vault, i)->r.reason, slice_str(reason));
	return n;
}

static void check_counters(struct soak *s)
{
	char number[24];
	struct shard_counts counts;
	for (uint32_t i = 0; i < 2 * PAIRS; i++) {
		snprintf(number, sizeof(number), "05010000%03u", 100 + i);
		uint32_t held = directory_channels_held(s->st->directory, slice_str(number));
		if (held)
			stage_fault(s->st, "%s still holds %u channels", number, held);
	}
	stage_counts(s->st, &counts);
	if (counts.calls_live || directory_channels_held(s->st->directory, SLICE_NONE))
		stage_fault(s->st, "%llu calls live at the end",
			    (unsigned long long)counts.calls_live);
}

static void check_ways(struct soak *s)
{
	for (enum way w = 0; w < WAYS; w++) {
		uint32_t n = count_reason(s, reasons[w]), least = s->wanted / WAYS / 4;
		printf("# %-24s %u\n", reasons[w], n);
		if (n < least)
			stage_fault(s->st, "only %u calls ended with %s", n, reasons[w]);
	}
	if (s->threes < s->wanted / WAYS / 8)
		stage_fault(s->st, "only %u third calls were seen", s->threes);
}

static bool soak(uint32_t calls, bool crashing)
{
	struct soak s = {.wanted = calls, .crashing = crashing, .crash_at = CRASH_EVERY};
	begin(&s);
	while (!all_done(&s) && stage_run_ms(s.st, LOOK_MS)) {
		crash(&s);
		for (uint32_t i = 0; i < PAIRS; i++)
			look(&s, &s.pairs[i]);
	}
	(void)stage_settle(s.st);
	if (!s.st->fault[0]) {
		check_counters(&s);
		check_ways(&s);
	}
	const bool ok = !s.st->fault[0];
	printf("# %u calls, %u third calls, %u crashes, %.0f s of the phones' time\n", s.calls,
	       s.threes, s.crashes, (double)now_us(&s) / 1e6);
	if (!ok) {
		printf("# %s\n", s.st->fault);
		ladder_print(s.st->ladder, stdout, "# ", LADDER_LINES);
	}
	stage_free(s.st);
	return ok;
}

int main(int argc, char **argv)
{
	uint32_t calls = 10000;
	if (argc == 3 && strcmp(argv[1], "--calls") == 0)
		calls = (uint32_t)strtoul(argv[2], NULL, 10);
	printf("TAP version 13\n");
	const bool calm = soak(calls, false);
	printf("%sok 1 - %u calls ended in every way, all counters zero\n", calm ? "" : "not ",
	       calls);
	fflush(stdout);
	const bool shaken = soak(calls, true);
	printf("%sok 2 - the same with kill -9 in between\n1..2\n", shaken ? "" : "not ");
	return calm && shaken ? 0 : 1;
}
