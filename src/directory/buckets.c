#include "directory/buckets.h"

#include <stdlib.h>

#define TICK_MS 1000

struct buckets {
	int64_t tick;	      /* the first second that is not wholly over */
	int64_t looked_at_ms; /* how far that second's bucket has been gone through */
	struct due *open;     /* the bucket that is being gone through */
	uint32_t count;
	struct due *heads[];
};

struct buckets *buckets_new(uint32_t count)
{
	struct buckets *b = calloc(1, sizeof(*b) + count * sizeof(b->heads[0]));

	if (!b)
		return NULL;
	b->count = count;
	b->looked_at_ms = INT64_MIN;
	return b;
}

void buckets_free(struct buckets *b)
{
	free(b);
}

void buckets_cancel(struct due *d)
{
	if (!d->link)
		return;
	*d->link = d->next;
	if (d->next)
		d->next->link = d->link;
	d->link = NULL;
}

static struct due **head_of(struct buckets *b, int64_t tick)
{
	return &b->heads[(uint64_t)tick % b->count];
}

/* What is due already stands in the bucket that is looked at next. */
void buckets_arm(struct buckets *b, struct due *d, int64_t at_ms)
{
	int64_t tick = at_ms / TICK_MS;
	struct due **head = head_of(b, tick > b->tick ? tick : b->tick);

	buckets_cancel(d);
	if (tick <= b->tick && at_ms <= b->looked_at_ms)
		b->looked_at_ms = at_ms - 1;
	d->at_ms = at_ms;
	d->next = *head;
	d->link = head;
	if (d->next)
		d->next->link = &d->next;
	*head = d;
}

static void open_bucket(struct buckets *b, int64_t tick)
{
	struct due **head = head_of(b, tick);

	b->open = *head;
	*head = NULL;
	if (b->open)
		b->open->link = &b->open;
}

/* The next bucket to go through: of a second that is over, or once for each now_ms the one that is
 * running. */
static bool turn(struct buckets *b, int64_t now_ms)
{
	int64_t now_tick = now_ms / TICK_MS;

	/* Far ahead, or the clock was set back: once around. A second back is another thread's
	 * clock. */
	if (now_tick - b->tick > b->count || now_tick < b->tick - 1)
		b->tick = now_tick - b->count;
	if (b->tick < now_tick) {
		b->looked_at_ms = INT64_MIN;
		open_bucket(b, b->tick++);
		return true;
	}
	if (b->tick > now_tick || b->looked_at_ms >= now_ms)
		return false;
	b->looked_at_ms = now_ms;
	open_bucket(b, b->tick);
	return true;
}

struct due *buckets_next(struct buckets *b, int64_t now_ms)
{
	do {
		while (b->open) {
			struct due *d = b->open;

			buckets_cancel(d);
			if (d->at_ms <= now_ms)
				return d;
			buckets_arm(b, d, d->at_ms);
		}
	} while (turn(b, now_ms));
	return NULL;
}
