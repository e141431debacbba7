/*
 * Calls are kept in the shard's call file (replica/file.h) while they live: what is said here of a
 * call is there before a message about it leaves, since messages leave at the end of the turn.
 * Without a file (a full disk) calls go on and it is told that they are not kept.
 */
#include "b2bua/keep_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CELLS_PER_CALL 12 /* six in the mean */
#define CELLS_SPARE    8192
#define AGAIN_MS       10000

/* --- the file */

int keep_file_open(struct shard *s)
{
	char path[REPLICA_PATH_BYTES];
	struct replica_file_params p = {
		.path = path,
		.cells_max = s->calls_max * CELLS_PER_CALL + CELLS_SPARE,
		.sequence = s->keep->sequence,
		.wall_ms = io_wall_ms(s->p.io),
	};
	int err = replica_path(s->p.keep_dir, s->p.index, path);
	return err ? err : replica_file_new(&p, &s->keep->file);
}

int keep_open(struct shard *s)
{
	if (s->p.keep_dir == NULL)
		return 0;
	s->keep = calloc(1, sizeof(*s->keep));
	return s->keep ? keep_resume(s) : ERR_NOMEM;
}

/* What the file holds stays: this is also the way of an upgrade. */
void keep_close(struct shard *s)
{
	if (s->keep == NULL)
		return;
	for (uint32_t i = 0; i < s->keep->talk_count; i++) {
		keep_talk_free(s, &s->keep->talks[i]);
	}
	late_close(s);
	replica_file_close(s->keep->file);
	free(s->keep->talks);
	free(s->keep->missing);
	free(s->aliases);
	free(s->keep);
}

void keep_failed(struct shard *s, int err)
{
	struct keep *k = s->keep;
	if (k->failing)
		return;
	k->failing = true;
	k->again_ms = now_of(s) + AGAIN_MS;
	struct event e = event_of(s, EVENT_CALLS_UNPROTECTED, NULL);
	event_add_text(&e, EVENT_KEY_DETAIL, slice_str(s->p.keep_dir));
	event_add_text(&e, EVENT_KEY_REASON,
		       err == ERR_LIMIT ? SLICE("no room on the disk, or more calls than expected")
					: slice_str(err_text(err)));
	event_send(s, &e);
}

/* --- records of a call */

static int put(struct shard *s, uint64_t uid, enum replica_kind kind, const void *from,
	       uint32_t *place)
{
	struct keep *k = s->keep;
	size_t n = 0;
	int err =
		k->file ? replica_encode(replica_tables[kind], from, k->bytes, sizeof(k->bytes), &n)
			: ERR_LIMIT;
	if (err == 0)
		err = replica_file_put(k->file, uid, kind, slice_of(k->bytes, n), place);
	if (err)
		keep_failed(s, err);
	return err;
}

int keep_put(struct shard *s, struct call *c, enum replica_kind kind, const void *from)
{
	return put(s, c->uid, kind, from, &c->kept[kind]);
}

void keep_drop(struct shard *s, struct call *c, enum replica_kind kind)
{
	if (s->keep->file)
		replica_file_drop(s->keep->file, &c->kept[kind]);
	c->kept[kind] = 0;
}

void keep_call(struct shard *s, struct call *c)
{
	if (s->keep)
		(void)keep_put(s, c, REPLICA_CALL, c);
}

int keep_put_forwards(struct shard *s, struct call *c)
{
	const struct call_forwards *forwards = call_forwards_of(s, c);
	return forwards && forwards->count ? keep_put(s, c, REPLICA_FORWARDS, forwards) : 0;
}

static void add_ends(struct shard *s, const struct leg *l, uint8_t leg, struct replica_ends *ends)
{
	for (uint8_t i = 0; l && i < l->stream_count; i++) {
		struct replica_end *end = &ends->v[ends->count];
		if (!relay_endpoint_kept(s->relay, l->streams[i].endpoint, &end->kept))
			continue;
		end->leg = leg;
		end->stream = i;
		ends->count++;
	}
}

static bool gather_ends(struct shard *s, const struct leg *a, const struct leg *b)
{
	struct replica_ends *ends = &s->keep->ends;
	ends->count = 0;
	add_ends(s, a, 0, ends);
	add_ends(s, b, 1, ends);
	return ends->count > 0;
}

static int put_legs(struct shard *s, struct call *c)
{
	struct leg *a = leg_of(s, c->leg_a), *b = branch_leg(s, c, c->winner);
	if (a == NULL || (b == NULL && !c->service))
		return ERR_STALE;
	bool media = gather_ends(s, a, b);
	struct replica_legs legs = {.leg_count = b ? 2 : 1,
				    .legs = {a, b},
				    .ends_count = media,
				    .ends = {&s->keep->ends}};
	int err = keep_put(s, c, REPLICA_LEGS, &legs);
	if (err == 0 && media)
		err = keep_put(s, c, REPLICA_FIGURES, &s->keep->ends);
	return err;
}

void keep_answered(struct shard *s, struct call *c, struct slice headers, struct slice body)
{
	const struct replica_answer answer = {headers, body};
	s->touched = ID_NONE;
	if (s->keep == NULL)
		return;
	int err = put_legs(s, c);
	if (err == 0)
		err = keep_put_forwards(s, c);
	if (err == 0)
		err = keep_put(s, c, REPLICA_ANSWER, &answer);
	if (err == 0)
		(void)keep_put(s, c, REPLICA_CALL, c);
}

void keep_acked(struct shard *s, struct call *c)
{
	if (s->keep == NULL)
		return;
	keep_drop(s, c, REPLICA_SETUP);
	keep_drop(s, c, REPLICA_ANSWER);
}

void keep_touched(struct shard *s)
{
	struct call *c = call_of(s, s->touched);
	s->touched = ID_NONE;
	if (s->keep && c && c->state == CALL_ANSWERED)
		(void)put_legs(s, c);
}

void keep_figures(struct shard *s, struct call *c)
{
	const struct leg *a = leg_of(s, c->leg_a), *b = branch_leg(s, c, c->winner);
	if (s->keep && a && (b || c->service) && gather_ends(s, a, b))
		(void)keep_put(s, c, REPLICA_FIGURES, &s->keep->ends);
}

/* --- the end */

void keep_ended(struct shard *s, struct call *c, const struct store_record *r)
{
	if (s->keep == NULL)
		return;
	keep_drop(s, c, REPLICA_FIGURES);
	if (r) {
		(void)keep_put_forwards(s, c);
		(void)keep_put(s, c, REPLICA_RECORD, r);
	} else {
		keep_drop(s, c, REPLICA_RECORD);
		keep_drop(s, c, REPLICA_FORWARDS);
	}
	bool somebody_waits = c->kept[REPLICA_SETUP] || c->kept[REPLICA_LEGS];
	if (!somebody_waits || keep_put(s, c, REPLICA_CALL, c) != 0)
		keep_forget(s, c); /* it must not come back after a restart */
}

void keep_forget(struct shard *s, struct call *c)
{
	if (s->keep == NULL)
		return;
	keep_drop(s, c, REPLICA_CALL);
	keep_drop(s, c, REPLICA_SETUP);
	keep_drop(s, c, REPLICA_ANSWER);
	keep_drop(s, c, REPLICA_LEGS);
	keep_drop(s, c, REPLICA_FIGURES);
	if (!c->record_due)
		keep_drop(s, c, REPLICA_FORWARDS);
}

/* --- now and then */

/* All that is not kept, if it goes on. */
static int keep_the_rest(struct shard *s)
{
	uint32_t cursor = 0;
	struct id id;
	for (struct call *c = pool_next(s->calls, &cursor, &id); c;
	     c = pool_next(s->calls, &cursor, &id)) {
		int err = 0;
		if (c->state == CALL_ANSWERED) {
			err = put_legs(s, c);
			if (err == 0)
				err = keep_put_forwards(s, c);
			if (err == 0)
				err = keep_put(s, c, REPLICA_CALL, c);
		} else if (c->state == CALL_PROCEEDING || c->state == CALL_ANNOUNCING) {
			scratch_reset(s);
			keep_setup(s, c);
			err = c->kept[REPLICA_CALL] ? 0 : ERR_LIMIT;
		}
		if (err)
			return err;
	}
	return 0;
}

static int open_again(struct shard *s)
{
	struct keep *k = s->keep;
	if (k->file) {
		replica_file_retry(k->file);
		return 0;
	}
	int err = keep_file_open(s);
	return err ? err : replica_file_settle(k->file);
}

static void try_again(struct shard *s)
{
	struct keep *k = s->keep;
	k->again_ms = now_of(s) + AGAIN_MS;
	int err = open_again(s);
	if (err == 0)
		err = keep_the_rest(s);
	if (err)
		return;
	k->failing = false;
	struct event e = event_of(s, EVENT_CALLS_PROTECTED, NULL);
	event_send(s, &e);
}

void keep_tick(struct shard *s)
{
	struct keep *k = s->keep;
	if (k == NULL)
		return;
	if (k->file)
		replica_file_alive(k->file, io_wall_ms(s->p.io));
	keep_open_missing(s);
	late_offer(s);
	if (k->failing && now_of(s) >= k->again_ms)
		try_again(s);
}

/* --- for shard_check */

static uint32_t records_of_calls(struct shard *s)
{
	uint32_t cursor = 0, n = 0;
	struct id id;
	for (const struct call *c = pool_next(s->calls, &cursor, &id); c;
	     c = pool_next(s->calls, &cursor, &id)) {
		for (int kind = 0; kind < REPLICA_KINDS; kind++)
			n += c->kept[kind] != 0;
	}
	return n;
}

bool keep_adds_up(struct shard *s)
{
	const struct keep *k = s->keep;
	if (k == NULL || k->file == NULL)
		return true;
	return replica_file_records(k->file) == records_of_calls(s) + late_kept(k);
}
