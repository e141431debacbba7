/* A server that goes down, and the calls that it still has. */
#include "main/server_priv.h"

#include <time.h>

#define FAREWELL_MS 2000 /* for the answers to our BYEs */

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
