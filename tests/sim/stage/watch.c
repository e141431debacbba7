#include "stage/watch.h"

#include "net/net_priv.h"

#include <stdio.h>
#include <stdlib.h>

#define FIELD_BYTES 96
#define STORY_LINES 32768
#define STORY_BYTES 200

/* The texts of the last event of each type. */
struct last_event {
	char fields[EVENT_KEYS][FIELD_BYTES];
};

struct watch {
	struct stage *st;
	struct hide *hide;
	uint64_t counts[EVENT_TYPES];
	struct last_event last[EVENT_TYPES];
	struct stage_call *calls;
	uint32_t call_n, call_cap;
	uint32_t records_seen;
	struct dialog_seen {
		uint64_t call;
		char call_id[FIELD_BYTES];
	} * dialogs;
	uint32_t dialog_n, dialog_cap;
	struct {
		uint64_t call;
		char text[STORY_BYTES];
	} * story; /* a ring of the latest */
	uint64_t story_n;
	uint64_t fault_call;
};

/* --- calls and records */

static struct stage_call *call_of_uid(struct watch *w, uint64_t uid)
{
	for (uint32_t i = w->call_n; i-- > 0;) {
		if (w->calls[i].uid == uid)
			return &w->calls[i];
	}
	return NULL;
}

static void call_began(struct watch *w, uint64_t uid)
{
	if (call_of_uid(w, uid)) {
		stage_fault(w->st, "call %016llx began twice", (unsigned long long)uid);
		return;
	}
	if (w->call_n == w->call_cap) {
		w->call_cap = w->call_cap ? 2 * w->call_cap : 64;
		w->calls = realloc(w->calls, w->call_cap * sizeof(*w->calls));
		if (!w->calls)
			abort();
	}
	w->calls[w->call_n++] = (struct stage_call){.uid = uid};
}

static void record_came(struct watch *w, const struct store_record *r)
{
	struct stage_call *c = call_of_uid(w, r->forward.n ? r->call : r->id);
	if (w->st->hurt)
		return;
	if (c && r->forward.n) {
		if (c->forwards-- == 0 && !w->st->crashed)
			stage_fault(w->st, "call %016llx was not forwarded so often as records say",
				    (unsigned long long)r->call);
		return;
	}
	if (!c)
		stage_fault(w->st, "a record of call %016llx, which never began",
			    (unsigned long long)r->id);
	else if (c->records++ && !w->st->crashed) /* a crash may hide that the first one is safe */
		stage_fault(w->st, "a second record of call %016llx", (unsigned long long)r->id);
}

static void read_records(struct watch *w)
{
	while (w->records_seen < vault_handed_over(w->st->vault))
		record_came(w, &vault_record(w->st->vault, w->records_seen++)->r);
}

/* Said at the time: a call file that there was no memory for protects nothing from a crash. */
static bool was_unprotected(const struct watch *w)
{
	return w->st->p.outside && w->st->crashed && w->counts[EVENT_CALLS_UNPROTECTED];
}

void watch_records(struct watch *w)
{
	if (was_unprotected(w))
		return;
	for (uint32_t i = 0; i < w->call_n; i++) {
		const struct stage_call *c = &w->calls[i];
		if (w->st->hurt || (c->records && (c->forwards == 0 || w->st->crashed)))
			continue;
		watch_blame(w, c->uid);
		stage_fault(w->st, "call %016llx has ended without a record%s",
			    (unsigned long long)c->uid, c->records ? " of a forwarding" : "");
	}
}

/* --- events */

static void keep_texts(struct last_event *last, const struct event *e)
{
	*last = (struct last_event){0};
	for (uint32_t i = 0; i < e->field_count; i++) {
		const struct event_field *f = &e->fields[i];
		if (event_key_is_number(f->key))
			snprintf(last->fields[f->key], FIELD_BYTES, "%lld", (long long)f->number);
		else
			(void)slice_copy(slice_first(f->text, FIELD_BYTES - 1),
					 last->fields[f->key], FIELD_BYTES);
	}
}

/* Of a message, its first line and where it went. */
static void tell(struct watch *w, const struct event *e)
{
	const struct event_field *bytes = event_find(e, EVENT_KEY_BYTES),
				 *way = event_find(e, EVENT_KEY_DIRECTION),
				 *remote = event_find(e, EVENT_KEY_REMOTE);
	const uint64_t at = w->story_n++ % STORY_LINES;
	char line[512];
	w->story[at].call = e->call;
	if (bytes && way && remote) {
		struct slice rest = bytes->text;
		const struct slice first = slice_trim(slice_cut(&rest, '\n'));
		snprintf(w->story[at].text, STORY_BYTES, "%lld %.*s %.*s %.*s",
			 (long long)e->mono_ms, SLICE_ARG(way->text), SLICE_ARG(remote->text),
			 SLICE_ARG(first));
		return;
	}
	const struct slice text = event_log_line(e, line, sizeof(line));
	snprintf(w->story[at].text, STORY_BYTES, "%lld %.*s", (long long)e->mono_ms,
		 SLICE_ARG(slice_first(text, STORY_BYTES - 24)));
}

void watch_blame(struct watch *w, uint64_t uid)
{
	if (!w->fault_call)
		w->fault_call = uid;
}

void watch_story(const struct watch *w, FILE *to, const char *prefix)
{
	const uint64_t first = w->story_n > STORY_LINES ? w->story_n - STORY_LINES : 0;
	for (uint64_t i = first; i < w->story_n && w->fault_call; i++) {
		if (w->story[i % STORY_LINES].call == w->fault_call)
			fprintf(to, "%s%s\n", prefix, w->story[i % STORY_LINES].text);
	}
}

static void dialog_began(struct watch *w, uint64_t call, struct slice call_id)
{
	if (w->dialog_n == w->dialog_cap) {
		w->dialog_cap = w->dialog_cap ? 2 * w->dialog_cap : 64;
		w->dialogs = realloc(w->dialogs, w->dialog_cap * sizeof(*w->dialogs));
		if (!w->dialogs)
			abort();
	}
	struct dialog_seen *d = &w->dialogs[w->dialog_n++];
	d->call = call;
	(void)slice_copy(slice_first(call_id, FIELD_BYTES - 1), d->call_id, FIELD_BYTES);
}

/* A message is put down to no call but its own, also by who had the same ids before a restart. */
static void check_ascribed(struct watch *w, uint64_t call, struct slice call_id)
{
	for (uint32_t i = w->dialog_n; i-- > 0;) {
		const struct dialog_seen *d = &w->dialogs[i];
		if (d->call == call &&
		    slice_eq(slice_str(d->call_id), slice_first(call_id, FIELD_BYTES - 1)))
			return;
	}
	watch_blame(w, call);
	stage_fault(w->st, "a message of %.*s is put down to call %016llx", SLICE_ARG(call_id),
		    (unsigned long long)call);
}

static void ascribe(struct watch *w, const struct event *e)
{
	const struct event_field *call_id = event_find(e, EVENT_KEY_CALL_ID);
	if (!call_id || !e->call || w->st->hurt)
		return;
	if (e->type == EVENT_CALL_STARTED || e->type == EVENT_LEG_STARTED)
		dialog_began(w, e->call, call_id->text);
	else if (e->type == EVENT_SIP_MESSAGE)
		check_ascribed(w, e->call, call_id->text);
}

static void on_event(void *ctx, const struct event *e)
{
	struct watch *w = ctx;
	ascribe(w, e);
	if (e->call)
		tell(w, e);
	w->counts[e->type]++;
	keep_texts(&w->last[e->type], e);
	if (e->type == EVENT_CALL_STARTED)
		call_began(w, e->call);
	const bool forwards = e->type == EVENT_CALL_FORWARDED || e->type == EVENT_CALL_TRANSFERRING;
	struct stage_call *c = forwards ? call_of_uid(w, e->call) : NULL;
	if (c)
		c->forwards++;
}

void watch_events(struct watch *w)
{
	(void)event_stream_add_reader(w->st->events, on_event, w);
}

uint64_t stage_events(const struct stage *st, enum event_type type)
{
	return st->watch->counts[type];
}

const char *stage_event_text(const struct stage *st, enum event_type type, enum event_key key)
{
	return st->watch->last[type].fields[key];
}

/* --- every step */

static void check_inbound(struct stage *st, const struct shard_counts *counts)
{
	const uint32_t all = directory_inbound_held(st->directory, SLICE_NONE);
	uint32_t sum = 0;
	if (all != counts->inbound_held && !st->hurt &&
	    !(st->p.outside && all < counts->inbound_held))
		stage_fault(st, "%u inbound places are held, calls know of %llu", all,
			    (unsigned long long)counts->inbound_held);
	for (uint32_t i = 0; i < vault_numbers(st->vault); i++) {
		const char *number = vault_number_at(st->vault, i)->number;
		sum += directory_inbound_held(st->directory, slice_str(number));
	}
	if (sum != all)
		stage_fault(st, "%u inbound places are held, %u of them by numbers", all, sum);
}

static void check_shards(struct stage *st)
{
	char text[256];
	struct shard_counts counts;
	for (uint16_t i = 0; i < st->p.shards; i++) {
		if (shard_check(st->shards[i], text, sizeof(text)))
			stage_fault(st, "shard %u: %s", i, text);
	}
	stage_counts(st, &counts);
	const uint32_t held = directory_channels_held(st->directory, SLICE_NONE);
	/*
	 * Who holds no channel is being announced to, or served; without memory to count a channel
	 * again after a restart, the call goes on without.
	 */
	const bool short_of_one = st->p.outside && held < counts.channels_held;
	if (held != counts.channels_held && !st->hurt && !short_of_one)
		stage_fault(st, "%u channels are held, calls know of %llu", held,
			    (unsigned long long)counts.channels_held);
	check_inbound(st, &counts);
	const uint64_t holding = counts.channels_held - counts.channels_forwarding +
				 counts.players_used - counts.ringbacks + counts.calls_in_live;
	if ((holding > counts.calls_live || (holding < counts.calls_live && !st->p.outside)) &&
	    !st->hurt)
		stage_fault(st, "%llu channels and %llu players are held by %llu live calls",
			    (unsigned long long)counts.channels_held,
			    (unsigned long long)counts.players_used,
			    (unsigned long long)counts.calls_live);
	/* A trunk that was removed takes its count with it. */
	const uint32_t places = trunks_places(st->trunks, 0);
	if (places > counts.trunk_places)
		stage_fault(st, "%u places on trunks are taken, %llu are held", places,
			    (unsigned long long)counts.trunk_places);
}

void watch_step(struct watch *w)
{
	if (!w->st->directory)
		return;
	while (event_stream_drain(w->st->events))
		;
	read_records(w);
	check_shards(w->st);
}

/* --- life */

struct watch *watch_new(struct stage *st)
{
	struct watch *w = sim_alloc(sizeof(*w));
	w->st = st;
	w->hide = hide_new(st);
	w->story = sim_alloc(STORY_LINES * sizeof(*w->story));
	return w;
}

void watch_free(struct watch *w)
{
	if (!w)
		return;
	hide_free(w->hide);
	free(w->calls);
	free(w->dialogs);
	free(w->story);
	free(w);
}

struct hide *watch_hide(struct watch *w)
{
	return w->hide;
}
