#include "media/ports_priv.h"

#include "base/err.h"

#include <stdlib.h>

#define WORD_BITS 64

struct resting {
	int64_t since_ms;
	uint16_t pair;
};

/* Pairs by number, counted from the first. busy: taken or resting. The resting ones are a ring,
 * oldest first. */
struct ports {
	uint16_t first;
	uint32_t count;
	uint64_t *busy, *taken;
	uint32_t rest_head, rest_count;
	struct resting rest[];
};

static void bit_set(uint64_t *words, uint32_t n, bool on)
{
	uint64_t bit = (uint64_t)1 << n % WORD_BITS;
	words[n / WORD_BITS] = on ? words[n / WORD_BITS] | bit : words[n / WORD_BITS] & ~bit;
}

static bool bit_is_set(const uint64_t *words, uint32_t n)
{
	return words[n / WORD_BITS] >> n % WORD_BITS & 1;
}

static uint32_t word_count(const struct ports *p)
{
	return (p->count + WORD_BITS - 1) / WORD_BITS;
}

int ports_new(uint16_t first, uint16_t last, struct ports **ret_ports)
{
	uint32_t from = (first + 1u) & ~1u;
	if (first == 0 || last < from + 1)
		return ERR_INVALID;
	uint32_t count = (last + 1u - from) / 2;
	struct ports *p = calloc(1, sizeof *p + count * sizeof p->rest[0]);
	if (!p)
		return ERR_NOMEM;
	p->first = (uint16_t)from;
	p->count = count;
	p->busy = calloc(word_count(p), sizeof *p->busy);
	p->taken = calloc(word_count(p), sizeof *p->taken);
	if (!p->busy || !p->taken) {
		ports_free(p);
		return ERR_NOMEM;
	}
	for (uint32_t n = count; n < word_count(p) * WORD_BITS; n++)
		bit_set(p->busy, n, true);
	*ret_ports = p;
	return 0;
}

void ports_free(struct ports *p)
{
	if (!p)
		return;
	free(p->busy);
	free(p->taken);
	free(p);
}

uint32_t ports_count(const struct ports *p)
{
	return p->count;
}

bool ports_is_taken(const struct ports *p, uint16_t port)
{
	return port >= p->first && (port - p->first) / 2u < p->count &&
	       bit_is_set(p->taken, (port - p->first) / 2u);
}

static void wake_oldest(struct ports *p)
{
	bit_set(p->busy, p->rest[p->rest_head].pair, false);
	p->rest_head = (p->rest_head + 1) % p->count;
	p->rest_count--;
}

static void wake_rested(struct ports *p, int64_t now_ms)
{
	while (p->rest_count > 0 && now_ms - p->rest[p->rest_head].since_ms >= PORTS_REST_MS)
		wake_oldest(p);
}

/* The first free pair from `from` on, round the end; count when there is none. */
static uint32_t find_free(const struct ports *p, uint32_t from)
{
	uint32_t words = word_count(p), w = from / WORD_BITS;
	uint64_t idle = ~p->busy[w] & UINT64_MAX << from % WORD_BITS;
	for (uint32_t i = 0; i <= words; i++) {
		if (idle)
			return w * WORD_BITS + (uint32_t)__builtin_ctzll(idle);
		w = (w + 1) % words;
		idle = ~p->busy[w];
	}
	return p->count;
}

int ports_take(struct ports *p, struct rng *rng, int64_t now_ms, uint16_t *ret_port)
{
	wake_rested(p, now_ms);
	uint32_t n = find_free(p, rng_below(rng, p->count));
	if (n == p->count && p->rest_count > 0) {
		n = p->rest[p->rest_head].pair;
		wake_oldest(p);
	}
	if (n == p->count)
		return ERR_LIMIT;
	bit_set(p->busy, n, true);
	bit_set(p->taken, n, true);
	*ret_port = (uint16_t)(p->first + 2 * n);
	return 0;
}

int ports_take_this(struct ports *p, uint16_t port)
{
	if (port < p->first || port % 2 || (port - p->first) / 2u >= p->count)
		return ERR_NOT_FOUND;
	uint32_t n = (port - p->first) / 2u;
	if (bit_is_set(p->busy, n))
		return ERR_IN_USE;
	bit_set(p->busy, n, true);
	bit_set(p->taken, n, true);
	return 0;
}

void ports_untake_this(struct ports *p, uint16_t port)
{
	if (!ports_is_taken(p, port))
		return;
	bit_set(p->busy, (port - p->first) / 2u, false);
	bit_set(p->taken, (port - p->first) / 2u, false);
}

void ports_give(struct ports *p, uint16_t port, int64_t now_ms)
{
	uint32_t n = (port - p->first) / 2u;
	uint32_t tail = (p->rest_head + p->rest_count) % p->count;
	if (!ports_is_taken(p, port))
		return;
	bit_set(p->taken, n, false);
	p->rest[tail] = (struct resting){.since_ms = now_ms, .pair = (uint16_t)n};
	p->rest_count++;
}
