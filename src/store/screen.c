/* Rejection services: a row of settings, which its block list hangs on. */
#include "store/store_priv.h"

#define SELECT "SELECT number, anonymous, abroad, inbound_limit FROM screen"

static void read_row(struct query *q, struct store_screen *ret_screen)
{
	*ret_screen = (struct store_screen){.number = query_get_text(q)};
	ret_screen->anonymous = query_get_int(q) != 0;
	ret_screen->abroad = query_get_int(q) != 0;
	ret_screen->inbound_limit = (uint8_t)query_get_int(q);
}

int store_screen_get(struct store *s, struct slice number, struct store_screen *ret_screen)
{
	struct store_screen screen;
	struct slice *texts[] = {&screen.number};
	struct query q;
	int r;

	query_init(&q, s, PLACE_SCREEN_GET, SELECT " WHERE number = ?");
	query_text(&q, number);
	r = query_next(&q);
	if (r <= 0)
		return r < 0 ? r
			     : store_refuse(s, ERR_NOT_FOUND, "Number %.*s takes all calls.",
					    SLICE_ARG(number));
	read_row(&q, &screen);
	r = query_keep(&q, texts, 1);
	query_end(&q);
	if (r == 0)
		*ret_screen = screen;
	return r;
}

static int put_settings(struct store *s, const struct store_screen *screen)
{
	struct query q;
	int r;

	query_init(&q, s, PLACE_SCREEN_PUT,
		   "INSERT INTO screen(number, anonymous, abroad, inbound_limit)"
		   " VALUES(?, ?, ?, ?)");
	query_text(&q, screen->number);
	query_int(&q, screen->anonymous);
	query_int(&q, screen->abroad);
	query_int(&q, screen->inbound_limit);
	r = query_run(&q, NULL);
	return r == ERR_CONFLICT ? store_refuse(s, ERR_NOT_FOUND, "There is no number %.*s.",
						SLICE_ARG(screen->number))
				 : r;
}

static int put_block(struct store *s, const struct store_screen *screen,
		     const struct store_block *block)
{
	struct query q;

	query_init(&q, s, PLACE_BLOCK_PUT,
		   "INSERT INTO screen_block(number, caller, memo, added_at) VALUES(?, ?, ?, ?)");
	query_text(&q, screen->number);
	query_text(&q, block->caller);
	query_text(&q, block->memo);
	query_int(&q, block->added_at);
	return query_run(&q, NULL);
}

/* The block list goes with its settings. */
static int clear(struct store *s, struct slice number)
{
	struct query q;

	query_init(&q, s, PLACE_SCREEN_REMOVE, "DELETE FROM screen WHERE number = ?");
	query_text(&q, number);
	return query_run(&q, NULL);
}

static int put(struct store *s, const struct store_screen *screen)
{
	int r = clear(s, screen->number);

	if (r == 0)
		r = put_settings(s, screen);
	for (uint8_t i = 0; i < screen->block_count && r == 0; i++)
		r = put_block(s, screen, &screen->blocks[i]);
	return r;
}

int store_screen_put(struct store *s, const struct store_screen *screen)
{
	int r;

	if (s->in_batch)
		return put(s, screen);
	r = store_begin(s);
	if (r != 0)
		return r;
	r = put(s, screen);
	if (r == 0)
		return store_commit(s);
	store_rollback(s);
	return r;
}

int store_screen_each(struct store *s, store_screen_fn *fn, void *ctx)
{
	struct query q;
	int r;

	query_init(&q, s, PLACE_SCREEN_EACH, SELECT " ORDER BY number");
	while ((r = query_next(&q)) > 0) {
		struct store_screen screen;

		read_row(&q, &screen);
		r = fn(ctx, &screen);
		if (r != 0)
			break;
	}
	query_end(&q);
	return r;
}

#define SELECT_BLOCK "SELECT number, caller, memo, added_at FROM screen_block"
#define BY_CALLER    " ORDER BY number, caller"

int store_block_each(struct store *s, struct slice number, store_block_fn *fn, void *ctx)
{
	struct query q;
	int r;

	if (number.n == 0) {
		query_init(&q, s, PLACE_BLOCK_EACH, SELECT_BLOCK BY_CALLER);
	} else {
		query_init(&q, s, PLACE_BLOCK_EACH_OF, SELECT_BLOCK " WHERE number = ?" BY_CALLER);
		query_text(&q, number);
	}
	while ((r = query_next(&q)) > 0) {
		struct store_block block;

		block.number = query_get_text(&q);
		block.caller = query_get_text(&q);
		block.memo = query_get_text(&q);
		block.added_at = query_get_int(&q);
		r = fn(ctx, &block);
		if (r != 0)
			break;
	}
	query_end(&q);
	return r;
}
