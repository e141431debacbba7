#include "store/store_priv.h"

/* A number's settings in one row: the walk that loads them asks nothing else. */
#define SELECT                                                                                     \
	"SELECT f.number, f.ring_s, f.deflection,"                                                 \
	" f.unconditional_on, f.unconditional_row, f.busy_on, f.busy_row,"                         \
	" f.no_answer_on, f.no_answer_row, f.not_registered_on, f.not_registered_row,"             \
	" a.digits, a.memo, b.digits, b.memo, c.digits, c.memo, d.digits, d.memo,"                 \
	" e.digits, e.memo FROM forward AS f"                                                      \
	" LEFT JOIN forward_target AS a ON a.number = f.number AND a.place = 1"                    \
	" LEFT JOIN forward_target AS b ON b.number = f.number AND b.place = 2"                    \
	" LEFT JOIN forward_target AS c ON c.number = f.number AND c.place = 3"                    \
	" LEFT JOIN forward_target AS d ON d.number = f.number AND d.place = 4"                    \
	" LEFT JOIN forward_target AS e ON e.number = f.number AND e.place = 5"

static void read_row(struct query *q, struct store_forward *f)
{
	f->number = query_get_text(q);
	f->ring_s = (uint8_t)query_get_int(q);
	f->deflection = query_get_int(q) != 0;
	for (int i = 0; i < STORE_FORWARD_KINDS; i++) {
		f->rules[i].on = query_get_int(q) != 0;
		f->rules[i].row = (uint8_t)query_get_int(q);
	}
	for (int i = 0; i < STORE_FORWARD_TARGETS; i++) {
		f->targets[i].digits = query_get_text(q);
		f->targets[i].memo = query_get_text(q);
	}
}

int store_forward_get(struct store *s, struct slice number, struct store_forward *ret_forward)
{
	struct slice *texts[1 + 2 * STORE_FORWARD_TARGETS];
	struct store_forward f;
	struct query q;
	size_t n = 0;
	int r;

	query_init(&q, s, PLACE_FORWARD_GET, SELECT " WHERE f.number = ?");
	query_text(&q, number);
	r = query_next(&q);
	if (r <= 0)
		return r < 0 ? r
			     : store_refuse(s, ERR_NOT_FOUND, "Number %.*s forwards nothing.",
					    SLICE_ARG(number));
	read_row(&q, &f);
	texts[n++] = &f.number;
	for (int i = 0; i < STORE_FORWARD_TARGETS; i++) {
		texts[n++] = &f.targets[i].digits;
		texts[n++] = &f.targets[i].memo;
	}
	r = query_keep(&q, texts, n);
	query_end(&q);
	if (r == 0)
		*ret_forward = f;
	return r;
}

static int put_settings(struct store *s, const struct store_forward *f)
{
	struct query q;
	int r;

	query_init(&q, s, PLACE_FORWARD_PUT,
		   "INSERT INTO forward(number, ring_s, deflection, unconditional_on, "
		   "unconditional_row,"
		   " busy_on, busy_row, no_answer_on, no_answer_row, not_registered_on,"
		   " not_registered_row) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
	query_text(&q, f->number);
	query_int(&q, f->ring_s);
	query_int(&q, f->deflection);
	for (int i = 0; i < STORE_FORWARD_KINDS; i++) {
		query_int(&q, f->rules[i].on);
		query_int(&q, f->rules[i].row);
	}
	r = query_run(&q, NULL);
	return r == ERR_CONFLICT ? store_refuse(s, ERR_NOT_FOUND, "There is no number %.*s.",
						SLICE_ARG(f->number))
				 : r;
}

static int put_target(struct store *s, const struct store_forward *f, int place)
{
	struct query q;

	if (f->targets[place].digits.n == 0)
		return 0;
	query_init(&q, s, PLACE_FORWARD_PUT_TARGET,
		   "INSERT INTO forward_target(number, place, digits, memo) VALUES(?, ?, ?, ?)");
	query_text(&q, f->number);
	query_int(&q, place + 1);
	query_text(&q, f->targets[place].digits);
	query_text(&q, f->targets[place].memo);
	return query_run(&q, NULL);
}

/* Targets go with their settings. */
static int clear(struct store *s, struct slice number)
{
	struct query q;

	query_init(&q, s, PLACE_FORWARD_REMOVE, "DELETE FROM forward WHERE number = ?");
	query_text(&q, number);
	return query_run(&q, NULL);
}

static int put(struct store *s, const struct store_forward *f)
{
	int r = clear(s, f->number);

	if (r == 0)
		r = put_settings(s, f);
	for (int i = 0; i < STORE_FORWARD_TARGETS && r == 0; i++)
		r = put_target(s, f, i);
	return r;
}

int store_forward_put(struct store *s, const struct store_forward *f)
{
	int r;

	if (s->in_batch)
		return put(s, f);
	r = store_begin(s);
	if (r != 0)
		return r;
	r = put(s, f);
	if (r == 0)
		return store_commit(s);
	store_rollback(s);
	return r;
}

int store_forward_each(struct store *s, store_forward_fn *fn, void *ctx)
{
	struct query q;
	int r;

	query_init(&q, s, PLACE_FORWARD_EACH, SELECT " ORDER BY f.number");
	while ((r = query_next(&q)) > 0) {
		struct store_forward f;

		read_row(&q, &f);
		r = fn(ctx, &f);
		if (r != 0)
			break;
	}
	query_end(&q);
	return r;
}
