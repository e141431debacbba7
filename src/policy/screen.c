#include "policy/screen.h"

#define ABROAD SLICE("010")

bool screen_settings_empty(const struct screen_settings *s)
{
	return !s->anonymous && !s->abroad && s->inbound_limit == 0 && s->block_count == 0;
}

static bool is_abroad(struct slice number)
{
	return slice_eq(slice_first(number, ABROAD.n), ABROAD);
}

/* By the number that called, or the one of the same customer that it shows in its place. */
static bool is_blocked(const struct screen_settings *s, const struct screen_caller *c)
{
	for (uint8_t i = 0; i < s->block_count; i++) {
		struct slice block = slice_str(s->blocks[i]);
		if (slice_eq(block, c->number) || slice_eq(block, c->shown))
			return true;
	}
	return false;
}

enum screen_verdict screen_judge(const struct screen_settings *s, const struct screen_caller *c)
{
	if (s->anonymous && c->withheld)
		return SCREEN_ANONYMOUS;
	if (is_blocked(s, c))
		return SCREEN_BLOCKED;
	return s->abroad && is_abroad(c->number) ? SCREEN_ABROAD : SCREEN_PASS;
}
