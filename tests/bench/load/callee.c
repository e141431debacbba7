/* The phones that are called: 100, 180 and 200 at once, the 200 repeated until it is acknowledged,
 * and 200 to the BYE. */
#include "load.h"

#include <stdlib.h>
#include <sys/queue.h>

struct leg {
	TAILQ_ENTRY(leg) waiting; /* for the ACK, oldest first */
	struct leg *next;	  /* of the same bucket, or free */
	uint64_t hash;		  /* of the Call-ID */
	uint32_t index, socket, repeats;
	bool acked;
	int64_t repeat_at_ms;
	struct sockaddr_in media;
	size_t n;
	char *answer; /* the 200, until the ACK */
};

TAILQ_HEAD(leg_list, leg);

#define BUCKETS (1u << 17)

struct callees {
	const struct options *o;
	struct tally *tally;
	struct net *net;
	struct leg_list waiting;
	struct leg *buckets[BUCKETS];
	struct leg *free_legs;
	uint32_t legs, standing;
	int64_t now_ms;
};

struct callees *callees_new(const struct options *o, struct tally *tally)
{
	struct callees *c = calloc(1, sizeof(*c));

	if (!c)
		exit(2);
	c->o = o;
	c->tally = tally;
	TAILQ_INIT(&c->waiting);
	c->net = net_new(o, o->callee_port, o->sockets);
	return c;
}

static struct leg *find(struct callees *c, uint64_t hash)
{
	struct leg *l = c->buckets[hash % BUCKETS];

	while (l && l->hash != hash)
		l = l->next;
	return l;
}

static struct leg *leg_new(struct callees *c, uint64_t hash, uint32_t socket)
{
	struct leg *l = c->free_legs;
	uint32_t index;

	if (l)
		c->free_legs = l->next;
	else if ((l = calloc(1, sizeof(*l))) != NULL)
		l->index = c->legs++;
	else
		exit(2);
	index = l->index;
	*l = (struct leg){.hash = hash, .socket = socket, .index = index};
	l->next = c->buckets[hash % BUCKETS];
	c->buckets[hash % BUCKETS] = l;
	c->standing++;
	return l;
}

static void acknowledged(struct callees *c, struct leg *l)
{
	if (l->acked)
		return;
	l->acked = true;
	TAILQ_REMOVE(&c->waiting, l, waiting);
	free(l->answer);
	l->answer = NULL;
}

static void leg_free(struct callees *c, struct leg *l)
{
	struct leg **at = &c->buckets[l->hash % BUCKETS];

	acknowledged(c, l);
	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	l->next = c->free_legs;
	c->free_legs = l;
	c->standing--;
}

static void wait_for_ack(struct callees *c, struct leg *l)
{
	l->repeat_at_ms = c->now_ms + REPEAT_MS;
	TAILQ_INSERT_TAIL(&c->waiting, l, waiting);
}

static uint16_t media_port(const struct callees *c, const struct leg *l)
{
	return c->o->no_sdp ? 0 : (uint16_t)(CALLEE_MEDIA_PORT + 2 * (l->index % 1000));
}

static void say(struct callees *c, uint32_t socket, const struct seen *m, const char *status,
		const char *tag)
{
	struct strbuf b = net_write(c->net, socket);

	text_answer(&b, m, status, tag);
	text_body(&b, 0);
	net_send(c->net, socket, &b);
}

static void say_200(struct callees *c, struct leg *l, const struct seen *m, const char *tag)
{
	struct strbuf b = net_write(c->net, l->socket);

	text_answer(&b, m, "200 OK", tag);
	strbuf_fmt(&b, "Contact: <sip:phone@127.0.0.1:%u>\r\n", c->o->callee_port + l->socket);
	text_body(&b, media_port(c, l));
	net_send(c->net, l->socket, &b);
	l->answer = malloc(b.n);
	if (!l->answer)
		exit(2);
	memcpy(l->answer, b.p, b.n);
	l->n = b.n;
	wait_for_ack(c, l);
}

static void invited(struct callees *c, uint32_t socket, const struct seen *m, uint64_t hash)
{
	char tag[32];
	struct leg *l = find(c, hash);

	snprintf(tag, sizeof(tag), "b%016llx", (unsigned long long)hash);
	if (l) { /* our answers are on their way */
		c->tally->repeated++;
		return;
	}
	c->tally->invites++;
	l = leg_new(c, hash, socket);
	(void)text_media(m->body, &l->media);
	say(c, socket, m, "100 Trying", NULL);
	say(c, socket, m, "180 Ringing", tag);
	say_200(c, l, m, tag);
}

static void ended(struct callees *c, uint32_t socket, const struct seen *m, struct leg *l)
{
	say(c, socket, m, "200 OK", NULL);
	if (!l) {
		c->tally->repeated++;
		return;
	}
	c->tally->byes++;
	leg_free(c, l);
}

static void on_message(void *ctx, uint32_t socket, struct slice bytes)
{
	struct callees *c = ctx;
	struct seen m;
	uint64_t hash;

	if (!text_see(bytes, &m) || m.code)
		return;
	hash = text_hash(m.call_id);
	if (slice_eq(m.method, SLICE("INVITE"))) {
		invited(c, socket, &m, hash);
	} else if (slice_eq(m.method, SLICE("ACK"))) {
		struct leg *l = find(c, hash);

		c->tally->acks += l && !l->acked;
		if (l)
			acknowledged(c, l);
	} else if (slice_eq(m.method, SLICE("BYE"))) {
		ended(c, socket, &m, find(c, hash));
	} else {
		say(c, socket, &m, "200 OK", NULL);
	}
}

bool callees_receive(struct callees *c)
{
	bool any;

	c->now_ms = clock_ms();
	any = net_receive(c->net, on_message, c);
	net_flush(c->net);
	return any;
}

static void repeat(struct callees *c, struct leg *l)
{
	struct strbuf b;

	if (l->repeats++ == REPEATS) {
		c->tally->callee_unacked++;
		leg_free(c, l);
		return;
	}
	b = net_write(c->net, l->socket);
	strbuf_add(&b, slice_of(l->answer, l->n));
	net_send(c->net, l->socket, &b);
	c->tally->repeated++;
	TAILQ_REMOVE(&c->waiting, l, waiting);
	wait_for_ack(c, l);
}

void callees_tick(struct callees *c)
{
	struct leg *l;

	c->now_ms = clock_ms();
	while ((l = TAILQ_FIRST(&c->waiting)) != NULL && l->repeat_at_ms <= c->now_ms)
		repeat(c, l);
	net_flush(c->net);
}

uint32_t callees_standing(const struct callees *c)
{
	return c->standing;
}

void callees_media(struct callees *c, media_fn *fn, void *ctx)
{
	for (uint32_t i = 0; i < BUCKETS; i++) {
		for (const struct leg *l = c->buckets[i]; l; l = l->next)
			fn(ctx, media_port(c, l), &l->media);
	}
}
