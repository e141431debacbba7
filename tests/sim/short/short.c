/*
 * sim_short [--only TEXT] [--samples N] [--at one|from:N] FILE...: every case of the scenario files
 * with the server's allocation n failing, alone and with all that follow it. The server may refuse
 * what the case wants, but no invariant of the stage may break and nothing may leak; and when there
 * is memory again all must come back to where it began, and two new phones register and talk.
 *
 * Of many allocations, N samples fail, spread evenly (OPENGATE_OOM_ALL=1: each one). One line of
 * TAP a case.
 */
#include "../../oom/wrap.h"
#include "net/net_priv.h"
#include "script/script.h"

#include <sanitizer/lsan_interface.h>
#include <stdlib.h>

#define SAMPLES	    8
#define PATIENCE_MS 60000

struct wish {
	const char *only;
	uint64_t samples;
	uint64_t at; /* 0: samples */
	enum oom_mode mode;
};

/* --- afterwards, with memory again */

static struct ua *new_phone(struct stage *st, const char *name, const char *number,
			    const char *account, uint8_t host)
{
	struct directory_number n = {.channels = 2, .customer = "C1"};
	struct ua_params p = {.name = name,
			      .number = number,
			      .account = account,
			      .password = "secret",
			      .local = {.family = 4, .ip = {203, 0, 113, host}, .port = 5060}};
	const struct sim_link good = {.delay_us = 5000};

	snprintf(n.number, sizeof(n.number), "%s", number);
	snprintf(n.account, sizeof(n.account), "%s", account);
	stage_number(st, n, p.password);
	sim_net_set_link(st->net, &p.local, &good);
	return stage_phone_add(st, p);
}

static bool registers(struct stage *st, struct ua *ua)
{
	const struct ua_reg_wish wish = {.expires_s = 600};

	ua_register(ua, &wish);
	for (int64_t ms = 0; ms < PATIENCE_MS && ua_reg_code(ua) == 0; ms += 100)
		(void)stage_run_ms(st, 100);
	if (ua_reg_code(ua) != 200)
		stage_fault(st, "with memory again: %s is answered %d to REGISTER", ua_name(ua),
			    ua_reg_code(ua));
	return !st->fault[0];
}

static bool comes_to(struct stage *st, struct ua *ua, enum ua_state state)
{
	const struct ua_call *c = ua_line(ua, "");

	for (int64_t ms = 0; ms < PATIENCE_MS && ua_call_state(c) != state; ms += 100)
		(void)stage_run_ms(st, 100);
	if (ua_call_state(c) != state)
		stage_fault(st, "with memory again: %s is %s, not %s (%d)", ua_name(ua),
			    ua_state_name(ua_call_state(c)), ua_state_name(state), ua_call_code(c));
	return !st->fault[0];
}

static bool says(struct stage *st, const char *fault)
{
	if (fault)
		stage_fault(st, "with memory again: %s", fault);
	return !fault;
}

static bool new_phones_talk(struct stage *st)
{
	const struct ua_wish usual = {0};
	struct ua *a = new_phone(st, "new-a", "05010000971", "20000971", 201),
		  *b = new_phone(st, "new-b", "05010000972", "20000972", 202);

	return registers(st, a) && registers(st, b) &&
	       says(st, ua_invite(a, ua_line(a, ""), ua_number(b), &usual)) &&
	       comes_to(st, b, UA_INCOMING) && says(st, ua_answer(b, ua_line(b, ""), &usual)) &&
	       comes_to(st, b, UA_TALKING) && comes_to(st, a, UA_TALKING) &&
	       says(st, ua_bye(a, ua_line(a, ""))) && comes_to(st, a, UA_ENDED) &&
	       comes_to(st, b, UA_ENDED);
}

/* What the case left behind ends, and the network is a good one again. */
static bool afterwards(void *ctx, struct stage *st)
{
	bool *failed = ctx;

	*failed = oom_disarm();
	st->was_short = true;
	stage_disk(false);
	vault_set_full(st->vault, false);
	if (!st->directory)
		stage_start(st);
	stage_end_calls(st);
	if (!stage_settle(st))
		return false;
	st->net->rule_n = 0;
	if (st->drained) {
		stage_crash(st);
		stage_start(st);
	}
	return new_phones_talk(st) && stage_settle(st);
}

/* --- one case */

static bool play(const struct script *s, const struct script_case *c, uint64_t n,
		 enum oom_mode mode)
{
	bool failed = false;
	const struct script_short how = {oom_hold, afterwards, &failed};

	oom_arm(n, mode);
	const bool ok = script_run_short(s, c, &how, stdout);
	(void)oom_disarm();
	if (!ok)
		printf("# that was --at %s:%llu\n", mode == OOM_ONE ? "one" : "from",
		       (unsigned long long)n);
	fflush(stdout);
	return ok;
}

static bool play_samples(const struct script *s, const struct script_case *c,
			 const struct wish *wish, uint64_t *ret_asked, uint64_t *ret_runs)
{
	bool ok = play(s, c, 0, OOM_ONE);
	const uint64_t asked = oom_asked();
	const uint64_t runs = asked < wish->samples ? asked : wish->samples;

	for (uint64_t i = 0; ok && i < runs; i++) {
		const uint64_t n = runs < 2 ? 1 : 1 + i * (asked - 1) / (runs - 1);
		ok = play(s, c, n, OOM_ONE) && play(s, c, n, OOM_ALL_FROM);
	}
	*ret_asked = asked;
	*ret_runs = 2 * runs;
	return ok;
}

static bool play_case(const struct script *s, const struct script_case *c, const struct wish *wish,
		      int number)
{
	uint64_t asked = wish->at, runs = 1;
	bool ok = wish->at ? play(s, c, wish->at, wish->mode)
			   : play_samples(s, c, wish, &asked, &runs);

	/* Looking for them takes longer than a run does: once for all of a case. */
	if (__lsan_do_recoverable_leak_check()) {
		printf("# one of these runs has leaked\n");
		ok = false;
	}

	printf("%sok %d - %s: %llu runs, %llu allocations\n", ok ? "" : "not ", number, c->name,
	       (unsigned long long)runs, (unsigned long long)asked);
	fflush(stdout);
	return ok;
}

/* --- the command line */

static void read_at(struct wish *wish, const char *text)
{
	const char *n = strchr(text, ':');

	wish->mode = strncmp(text, "from", 4) == 0 ? OOM_ALL_FROM : OOM_ONE;
	wish->at = n ? strtoull(n + 1, NULL, 10) : 0;
}

/* The word behind an option is its value. */
static bool read_option(struct wish *wish, const char *option, const char *value)
{
	if (strcmp(option, "--only") == 0)
		wish->only = value;
	else if (strcmp(option, "--samples") == 0)
		wish->samples = strtoull(value, NULL, 10);
	else if (strcmp(option, "--at") == 0)
		read_at(wish, value);
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	struct wish wish = {.samples = getenv("OPENGATE_OOM_ALL") ? UINT64_MAX : SAMPLES};
	int number = 0, failed = 0;

	printf("TAP version 13\n");
	for (int i = 1; i < argc; i++) {
		if (i + 1 < argc && read_option(&wish, argv[i], argv[i + 1])) {
			i++;
			continue;
		}
		struct script *s = script_load(argv[i]);
		if (!s)
			return 2;
		for (const struct script_case *c = s->cases; c; c = c->next) {
			if (!wish.only || strstr(c->name, wish.only))
				failed += !play_case(s, c, &wish, ++number);
		}
		script_free(s);
	}
	printf("1..%d\n", number);
	return failed || number == 0 ? 1 : 0;
}
