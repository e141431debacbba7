/*
 * A hierarchical wheel: eight levels of 256 slots, one level for each byte of the time. A timer
 * stands at the level of the highest byte in which its time differs from the cursor, in the slot
 * that this byte names. Three things follow:
 *  - at one level, all slots in use are ahead of the cursor, and all of them are due after
 * everything on lower levels: the next timer is in the first slot that is in use, found in two
 * steps by bitmaps, however long nothing happens;
 *  - timers of equal time always share a slot, so appending keeps the order of arming, also when
 * the cursor reaches a slot of a higher level and its timers move down;
 *  - when the cursor jumps to a time before that slot, nothing has to move.
 */
#include "base/wheel.h"

#include "base/err.h"

#include <assert.h>
#include <stdlib.h>

#define LEVELS	   8u
#define LEVEL_BITS 8u
#define SLOTS	   (LEVELS << LEVEL_BITS)
#define WORDS	   (SLOTS / 64)

/*
 * A list is a ring with a head: head.next is the first timer (or the head itself), head.link points
 * to the `next` of the last. So a timer can leave its list without knowing which one it is.
 */
struct wheel {
	int64_t cursor_ms; /* everything up to here has fired, but for `late` */
	uint32_t count;
	bool advancing;
	uint32_t words_used;	   /* bit i: used[i] is not 0 */
	uint64_t used[WORDS];	   /* bit: the slot has timers */
	struct timer slots[SLOTS]; /* heads */
	struct timer late;	   /* head: armed for a time that had passed */
	struct timer firing;	   /* head: what was late when wheel_advance began */
};

_Static_assert(WORDS == 32, "words_used has a bit for each word");

static void list_init(struct timer *head)
{
	head->next = head;
	head->link = &head->next;
}

static bool list_empty(const struct timer *head)
{
	return head->next == head;
}

static void list_append(struct timer *head, struct timer *t)
{
	t->next = head;
	t->link = head->link;
	*head->link = t;
	head->link = &t->next;
}

static void list_remove(struct timer *t)
{
	*t->link = t->next;
	t->next->link = t->link;
	t->link = NULL;
}

/* All of from, which is empty then, becomes the list of to, which was empty. */
static void list_move(struct timer *to, struct timer *from)
{
	list_init(to);
	if (list_empty(from))
		return;
	to->next = from->next;
	to->link = from->link;
	to->next->link = &to->next;
	*to->link = to;
	list_init(from);
}

int wheel_new(int64_t now_ms, struct wheel **ret_wheel)
{
	struct wheel *w = calloc(1, sizeof(*w));

	if (!w)
		return ERR_NOMEM;
	w->cursor_ms = now_ms > 0 ? now_ms : 0;
	for (size_t i = 0; i < SLOTS; i++)
		list_init(&w->slots[i]);
	list_init(&w->late);
	list_init(&w->firing);
	*ret_wheel = w;
	return 0;
}

void wheel_free(struct wheel *w)
{
	free(w);
}

static void mark_used(struct wheel *w, uint32_t slot)
{
	w->used[slot / 64] |= (uint64_t)1 << slot % 64;
	w->words_used |= 1u << slot / 64;
}

static void mark_empty(struct wheel *w, uint32_t slot)
{
	w->used[slot / 64] &= ~((uint64_t)1 << slot % 64);
	if (w->used[slot / 64] == 0)
		w->words_used &= ~(1u << slot / 64);
}

/* at_ms is not before the cursor. */
static void place(struct wheel *w, struct timer *t)
{
	uint64_t at = (uint64_t)t->at_ms, differs = at ^ (uint64_t)w->cursor_ms;
	uint32_t level = differs ? (63 - (uint32_t)__builtin_clzll(differs)) / LEVEL_BITS : 0;
	uint32_t slot = level << LEVEL_BITS | (uint8_t)(at >> level * LEVEL_BITS);

	list_append(&w->slots[slot], t);
	mark_used(w, slot);
}

/* Takes t off its list; when that was a slot's last timer, the slot is marked. */
static void unlink_timer(struct wheel *w, struct timer *t)
{
	struct timer *next = t->next;

	list_remove(t);
	if (next >= w->slots && next < w->slots + SLOTS && list_empty(next))
		mark_empty(w, (uint32_t)(next - w->slots));
}

void wheel_arm(struct wheel *w, struct timer *t, int64_t at_ms, uint32_t kind, struct id owner)
{
	wheel_cancel(w, t);
	t->at_ms = at_ms;
	t->kind = kind;
	t->owner = owner;
	if (at_ms <= w->cursor_ms)
		list_append(&w->late, t);
	else
		place(w, t);
	w->count++;
}

void wheel_cancel(struct wheel *w, struct timer *t)
{
	if (!timer_armed(t))
		return;
	unlink_timer(w, t);
	w->count--;
}

/* The first slot in use; there must be one. */
static uint32_t first_slot(const struct wheel *w)
{
	uint32_t word = (uint32_t)__builtin_ctz(w->words_used);

	return word * 64 + (uint32_t)__builtin_ctzll(w->used[word]);
}

/* When a slot begins: the cursor's bytes above its level, the slot's byte, then zeros. */
static int64_t slot_start_ms(const struct wheel *w, uint32_t slot)
{
	uint32_t shift = (slot >> LEVEL_BITS) * LEVEL_BITS;
	uint64_t above = ~(uint64_t)0xff << shift;

	return (int64_t)(((uint64_t)w->cursor_ms & above) | (uint64_t)(uint8_t)slot << shift);
}

int64_t wheel_next_ms(const struct wheel *w)
{
	if (!list_empty(&w->late) || !list_empty(&w->firing))
		return w->cursor_ms;
	return w->words_used ? slot_start_ms(w, first_slot(w)) : INT64_MAX;
}

uint32_t wheel_count(const struct wheel *w)
{
	return w->count;
}

/* The handler may cancel what is left in the list, also re-arm the timer that fires. */
static void fire_list(struct wheel *w, struct timer *head, wheel_fire_fn *fire, void *ctx)
{
	while (!list_empty(head)) {
		struct timer *t = head->next;

		wheel_cancel(w, t);
		fire(ctx, t->kind, t->owner);
	}
}

/* The cursor stands at the slot's beginning: its timers go to lower levels. */
static void spread(struct wheel *w, uint32_t slot)
{
	struct timer moving;

	list_move(&moving, &w->slots[slot]);
	mark_empty(w, slot);
	while (!list_empty(&moving)) {
		struct timer *t = moving.next;

		list_remove(t);
		place(w, t);
	}
}

void wheel_advance(struct wheel *w, int64_t now_ms, wheel_fire_fn *fire, void *ctx)
{
	assert(!w->advancing);
	w->advancing = true;
	list_move(&w->firing, &w->late);
	fire_list(w, &w->firing, fire, ctx);
	while (w->words_used) {
		uint32_t slot = first_slot(w);
		int64_t start_ms = slot_start_ms(w, slot);

		if (start_ms > now_ms)
			break;
		w->cursor_ms = start_ms;
		if (slot < 1u << LEVEL_BITS)
			fire_list(w, &w->slots[slot], fire, ctx);
		else
			spread(w, slot);
	}
	if (now_ms > w->cursor_ms)
		w->cursor_ms = now_ms;
	w->advancing = false;
}
