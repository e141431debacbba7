/*
 * After a restart: calls of the call files are taken up again. Each shard takes those whose number
 * stands in their uid, modulo the present count of shards, which is also where their messages go.
 * Tags, branches and Call-IDs stay as they were, and so do the ids of legs within them; the legs of
 * a shard that there is no longer have new ids here, found through the aliases. So have legs whose
 * slot another one has: a call that ends, or a phone that was cancelled, may be in the file still
 * when its leg is gone and the slot is another call's.
 *
 * Nothing is said while the shards are being made: what must be said waits for the first turn.
 *
 * An answered call goes on: same relay ports, same sources, same dialogs. One that was being set up
 * ends: CANCEL to the phones, 503 to the caller. One whose refusal was being announced is refused.
 * One that had ended ends once more, towards everybody who may not have heard.
 */
#include "b2bua/keep_priv.h"

#include <stdlib.h>
#include <unistd.h>

/* A server that was away for longer does not find the calls that it left. */
#define OUTAGE_MAX_MS 120000

/* The records of one call, decoded. */
struct past {
	struct call call;
	struct replica_setup setup;
	struct replica_answer answer;
	struct replica_legs legs;
	struct replica_ends ends, figures;
	struct call_forwards forwards;
	struct leg setup_legs[1 + CALL_BRANCHES_MAX], legs_legs[2];
	bool has[REPLICA_KINDS];
};

/* --- reading */

static void *place_of(struct past *p, enum replica_kind kind, struct store_record *record)
{
	switch (kind) {
	case REPLICA_CALL:
		return &p->call;
	case REPLICA_SETUP:
		for (int i = 0; i < 1 + CALL_BRANCHES_MAX; i++)
			p->setup.legs[i] = &p->setup_legs[i];
		return &p->setup;
	case REPLICA_ANSWER:
		return &p->answer;
	case REPLICA_LEGS:
		for (int i = 0; i < 2; i++)
			p->legs.legs[i] = &p->legs_legs[i];
		p->legs.ends[0] = &p->ends;
		return &p->legs;
	case REPLICA_FIGURES:
		return &p->figures;
	case REPLICA_RECORD:
		return record;
	case REPLICA_FORWARDS:
		return &p->forwards;
	case REPLICA_KINDS:
		break;
	}
	return NULL;
}

static bool read_item(struct past *p, const struct replica_item *item, struct store_record *record)
{
	enum replica_kind kind = (enum replica_kind)item->kind;
	if (replica_decode(replica_tables[kind], item->bytes, place_of(p, kind, record)) != 0)
		return false;
	p->has[kind] = true;
	return true;
}

/* Do the records make a call? A newer program's cause may have a number that we do not know. */
static bool makes_sense(struct past *p)
{
	struct call *c = &p->call;
	bool legs = p->has[REPLICA_LEGS] &&
		    (c->service ? p->legs.leg_count == 1
				: p->legs.leg_count == 2 && c->winner < c->branch_count),
	     setup = p->has[REPLICA_SETUP] && p->setup.leg_count >= 1;
	if (c->cause >= CALL_CAUSES)
		c->cause = CAUSE_NORMAL;
	if (c->winner >= c->branch_count) /* another version may have had fewer branches */
		c->winner = CALL_BRANCHES_MAX;
	if (p->has[REPLICA_RECORD] && c->state != CALL_ENDING) { /* killed while it ended */
		c->state = CALL_ENDING;
		c->ended_by = CALL_SERVER;
	}
	if (c->sip_code < 200 || c->sip_code > 699)
		c->sip_code = 503;
	if (c->state == CALL_ANSWERED)
		return legs;
	if (c->state == CALL_ENDING)
		return setup || legs;
	return (c->state == CALL_PROCEEDING || c->state == CALL_ANNOUNCING) && setup;
}

static void damaged_event(struct shard *s, uint64_t uid, const char *detail)
{
	struct event e = event_of(s, EVENT_CALL_FILE_DAMAGED, NULL);
	e.call = uid;
	event_add_text(&e, EVENT_KEY_DETAIL, slice_str(detail));
	event_send(s, &e);
}

/* --- ids */

static bool add_alias(struct shard *s, struct id old, struct id now)
{
	struct leg_alias *grown = keep_room(s->aliases, s->alias_count, sizeof(s->aliases[0]));
	if (grown == NULL)
		return false;
	s->aliases = grown;
	s->aliases[s->alias_count++] = (struct leg_alias){old, now};
	return true;
}

static struct slice copy_of(struct shard *s, struct slice text)
{
	return text.n ? bufs_copy(s->bufs, text) : SLICE_NONE;
}

/* Its first id, which its tag tells; a new one when there is no such slot here, or in the second
 * round when it is taken. */
static struct leg *take_leg(struct shard *s, struct call *c, const struct leg *was)
{
	struct id first, id;
	if (!token_read(dialog_text(&was->dialog, DIALOG_LOCAL_TAG), &first))
		return NULL;
	bool own = id_shard(first) == s->p.index && !s->keep->second_round;
	id = first;
	struct leg *l = own ? pool_take_id(s->legs, id) : pool_take(s->legs, &id);
	if (l == NULL)
		return NULL;
	*l = *was;
	dialog_init(&l->dialog, s->bufs);
	l->said = SLICE_NONE;
	l->id = id;
	l->call = c->id;
	l->state = LEG_GONE; /* until all is well */
	if (dialog_copy(&l->dialog, &was->dialog) != 0 || (!own && !add_alias(s, first, id))) {
		leg_let_go(s, l);
		pool_give(s->legs, id);
		return NULL;
	}
	l->state = was->state;
	l->said = copy_of(s, was->said);
	l->flow.shard = s->p.index;
	if (flow_is_stream(&l->flow))
		l->flow.connection = 0; /* gone with the process */
	for (uint8_t i = 0; i < l->stream_count; i++)
		l->streams[i].endpoint = ID_NONE;
	l->trunk_held = l->trunk_held && c->state != CALL_ENDING;
	trunk_place_restore(s, l);
	return l;
}

/* Nobody outside knows a call's own id. */
static struct call *take_call(struct shard *s, const struct past *p)
{
	struct id id, forwards_id = ID_NONE;
	struct call_forwards *forwards =
		p->has[REPLICA_FORWARDS] ? pool_take(s->forwards, &forwards_id) : NULL;
	struct call *c = forwards || !p->has[REPLICA_FORWARDS] ? pool_take(s->calls, &id) : NULL;
	if (c == NULL) {
		pool_give(s->forwards, forwards_id);
		return NULL;
	}
	*c = p->call;
	if (forwards)
		*forwards = p->forwards;
	c->id = id;
	c->forwards = forwards_id;
	memset(c->kept, 0, sizeof(c->kept));
	c->leg_a = ID_NONE;
	for (uint8_t i = 0; i < c->branch_count; i++)
		c->branches[i].leg = ID_NONE;
	return c;
}

/* --- legs */

static bool take_leg_a(struct shard *s, struct call *c, const struct leg *was)
{
	struct leg *a = was->branch == LEG_IS_CALLER ? take_leg(s, c, was) : NULL;
	if (a == NULL)
		return false;
	c->leg_a = a->id;
	struct slice call_id = dialog_text(&a->dialog, DIALOG_CALL_ID);
	return index_put(s->by_call_id, hash_slice(&s->p.hash_key, call_id), c->id.v) == 0;
}

static bool take_branch(struct shard *s, struct call *c, const struct leg *was)
{
	if (was->branch >= c->branch_count || id_is(c->branches[was->branch].leg))
		return false;
	struct leg *b = take_leg(s, c, was);
	if (b)
		c->branches[was->branch].leg = b->id;
	return b != NULL;
}

static bool take_answered_legs(struct shard *s, struct call *c, const struct past *p)
{
	if (c->service)
		return take_leg_a(s, c, &p->legs_legs[0]);
	return p->legs_legs[1].branch == c->winner && take_leg_a(s, c, &p->legs_legs[0]) &&
	       take_branch(s, c, &p->legs_legs[1]);
}

/* All phones but the one that answered; of a call that nobody answered also the caller's leg. */
static bool take_setup_legs(struct shard *s, struct call *c, const struct past *p)
{
	if (!id_is(c->leg_a) && !take_leg_a(s, c, &p->setup_legs[0]))
		return false;
	for (uint8_t i = 1; i < p->setup.leg_count; i++) {
		const struct leg *was = &p->setup_legs[i];
		bool gone = was->branch < c->branch_count &&
			    c->branches[was->branch].state == BRANCH_GONE;
		if (was->branch == c->winner || gone)
			continue;
		if (!take_branch(s, c, was))
			return false;
	}
	return true;
}

/* --- a call */

static struct keep_talk *add_talk(struct keep *k, const struct call *c)
{
	struct keep_talk *grown = keep_room(k->talks, k->talk_count, sizeof(k->talks[0]));
	if (grown == NULL)
		return NULL;
	k->talks = grown;
	struct keep_talk *talk = &k->talks[k->talk_count++];
	*talk = (struct keep_talk){.call = c->id};
	return talk;
}

static void counted_again(struct shard *s, struct call *c)
{
	s->counts.calls_live++;
	/* as give_channel leaves it where the caller is being told why */
	c->in_live = c->direction == CALL_IN && c->state != CALL_ANNOUNCING;
	s->counts.calls_in_live += c->in_live;
	if (c->channel_held &&
	    directory_channel_restore(s->p.directory, slice_str(c->from), c->uid) != 0)
		c->channel_held = false; /* the number is gone, and its channels with it */
	s->counts.channels_held += c->channel_held;
	forward_channels_restore(s, c);
	screen_inbound_restore(s, c);
	if (c->service || c->state == CALL_ANNOUNCING)
		(void)announce_open_player(s, c); /* one too many goes on without */
}

static void restored_event(struct shard *s, const struct call *c)
{
	struct event e = event_of(s, EVENT_CALL_RESTORED, c);
	event_add_text(&e, EVENT_KEY_DETAIL, slice_str(call_state_name((enum call_state)c->state)));
	event_add_number(&e, EVENT_KEY_DURATION_MS,
			 c->answered_at ? io_wall_ms(s->p.io) - c->answered_at : 0);
	event_send(s, &e);
}

/* CAUSE_NORMAL: it can go on. */
static enum call_cause why_not(struct shard *s, struct call *c, struct past *p)
{
	int64_t alive_ms = s->p.kept->alive_ms;
	if (p->has[REPLICA_FIGURES])
		replica_figures_onto(&p->figures, &p->ends);
	if (io_wall_ms(s->p.io) - alive_ms <= OUTAGE_MAX_MS)
		return keep_take_media(s, c, &p->ends) ? CAUSE_NO_MEDIA_PORT : CAUSE_NORMAL;
	c->ended_at = alive_ms;
	return CAUSE_OUTAGE;
}

/* Who was sent on stays where he was: the target is let go. True: the transferor has hung up, and
 * nobody is left for him to talk with. */
static bool transfer_forget(struct shard *s, struct call *c)
{
	struct call_forwards *forwards = call_forwards_of(s, c);
	struct call_forward *fwd =
		forwards && forwards->count ? &forwards->v[forwards->count - 1] : NULL;
	struct leg *gone =
		c->transferor == CALL_CALLER ? leg_of(s, c->leg_a) : branch_leg(s, c, c->winner);
	bool left = c->left;
	if (fwd && fwd->kind == FORWARD_TRANSFERRED && !fwd->joined && !fwd->ended_at) {
		fwd->ended_at = s->p.kept->alive_ms;
		fwd->cause = CAUSE_RESTARTED;
		fwd->sip_code = 503;
		forward_channel_give(s, fwd);
	}
	for (uint8_t i = 0; i < c->branch_count; i++) {
		if (i != c->winner)
			c->branches[i].state = BRANCH_CANCELLED;
	}
	if (left && gone)
		gone->state = LEG_GONE;
	c->transfer = CALL_NO_TRANSFER;
	c->left = false;
	return left;
}

static bool take_answered(struct shard *s, struct call *c, struct past *p)
{
	bool transfer = c->transfer, unacked = p->has[REPLICA_SETUP] && !transfer;
	if (!take_answered_legs(s, c, p) || (p->has[REPLICA_SETUP] && !take_setup_legs(s, c, p)))
		return false;
	struct leg *a = leg_of(s, c->leg_a), *b = branch_leg(s, c, c->winner);
	counted_again(s, c);
	a->state = LEG_ANSWERED;
	if (b)
		b->state = LEG_ANSWERED;
	bool left = transfer && transfer_forget(s, c);
	c->media_seen_ms = now_of(s);
	/* not all in the same millisecond of every second */
	wheel_arm(s->wheel, &c->timer, now_of(s) + 1 + rng_below(&s->rng, TICK_MS), TIMER_CALL,
		  c->id);
	if (a->state == LEG_ANSWERED)
		session_resume(s, a);
	if (b && b->state == LEG_ANSWERED)
		session_resume(s, b);
	enum call_cause end = why_not(s, c, p);
	if (left && end == CAUSE_NORMAL)
		end = CAUSE_RESTARTED;
	a->acked = !unacked || end != CAUSE_NORMAL;
	if (a->acked && end == CAUSE_NORMAL && !transfer)
		return true;
	struct keep_talk *talk = add_talk(s->keep, c);
	if (talk == NULL)
		return false;
	talk->end = end;
	talk->no_target = transfer;
	talk->answer_again = !a->acked;
	if (talk->answer_again) {
		talk->head = copy_of(s, p->setup.head);
		talk->headers = copy_of(s, p->answer.headers);
		talk->body = copy_of(s, p->answer.body);
	}
	return true;
}

static bool take_proceeding(struct shard *s, struct call *c, struct past *p)
{
	if (!take_setup_legs(s, c, p))
		return false;
	counted_again(s, c);
	struct keep_talk *talk = add_talk(s->keep, c);
	if (talk == NULL)
		return false;
	talk->head = copy_of(s, p->setup.head);
	talk->end = CAUSE_RESTARTED;
	return true;
}

static bool take_ending(struct shard *s, struct call *c, struct past *p)
{
	bool answered = p->has[REPLICA_LEGS], setup = p->has[REPLICA_SETUP];
	c->finished = true;
	c->channel_held = c->inbound_held = false;
	forward_channels_forget(s, c);
	if ((answered && !take_answered_legs(s, c, p)) || (setup && !take_setup_legs(s, c, p)))
		return false;
	struct keep_talk *talk = add_talk(s->keep, c);
	if (talk == NULL)
		return false;
	/* Once it was answered nothing more is said to the INVITE. */
	talk->head = copy_of(s, setup && !answered && !c->answered_at ? p->setup.head : SLICE_NONE);
	talk->say_goodbye = true;
	return true;
}

static bool take_state(struct shard *s, struct call *c, struct past *p)
{
	switch ((enum call_state)c->state) {
	case CALL_ANSWERED:
		return take_answered(s, c, p);
	case CALL_PROCEEDING:
	case CALL_ANNOUNCING:
		return take_proceeding(s, c, p);
	default:
		return take_ending(s, c, p);
	}
}

/* Records without a sense, or no room for all that they want. */
static void give_up(struct shard *s, struct call *c, uint64_t live_before)
{
	if (s->counts.calls_live > live_before && c->in_live)
		s->counts.calls_in_live--;
	if (s->counts.calls_live > live_before && c->channel_held) {
		(void)directory_channel_give(s->p.directory, slice_str(c->from), c->uid);
		s->counts.channels_held--;
	}
	if (s->counts.calls_live > live_before) {
		screen_inbound_give(s, c);
		forward_channels_give(s, c);
	}
	s->counts.calls_live = live_before;
	call_discard(s, c);
}

/* The same bytes, at once: a second crash finds what the first one found. */
static void copy_items(struct shard *s, struct call *c, const struct replica_item *items, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t kind = items[i].kind;
		if (kind >= REPLICA_KINDS || kind == REPLICA_RECORD || s->keep->file == NULL)
			continue;
		int err = replica_file_put(s->keep->file, c->uid, kind, items[i].bytes,
					   &c->kept[kind]);
		if (err)
			keep_failed(s, err);
	}
}

static void take_record(struct shard *s, const struct store_record *r, struct slice bytes)
{
	int err = s->p.writer ? writer_record_add(s->p.writer, r) : 0;
	if (err && (err != ERR_AGAIN || !late_add(s, r->id, bytes)))
		damaged_event(s, r->id, "a call record could not be handed to the store");
}

/* The records of its forwardings, of which the call's own tells the rest. */
static void take_forward_records(struct shard *s, const struct call_forwards *forwards,
				 const struct store_record *call)
{
	for (uint8_t i = 0; i < forwards->count; i++) {
		char *bytes = arena_alloc(&s->scratch, REPLICA_RECORD_BYTES);
		struct store_record r = record_of_forward(call, &forwards->v[i]);
		size_t n = 0;
		if (!forwards->v[i].recorded && bytes &&
		    replica_encode(replica_tables[REPLICA_RECORD], &r, bytes, REPLICA_RECORD_BYTES,
				   &n) == 0)
			take_record(s, &r, slice_of(bytes, n));
		scratch_reset(s);
	}
}

/* It makes sense, but there is no room for it: it ends here, and its record says so. */
static void end_without_room(struct shard *s, struct call *c)
{
	if (c->state == CALL_ENDING) /* its record was written before */
		return;
	c->state = CALL_ENDING;
	c->cause = CAUSE_OVERLOAD;
	c->sip_code = c->answered_at ? 200 : 503;
	c->ended_by = CALL_SERVER;
	c->ended_at = s->p.kept->alive_ms;
	if (record_write_lost(s, c) != 0)
		damaged_event(s, c->uid, "a call record could not be handed to the store");
}

/* The slots of some of its legs are taken: once more when all others have theirs. */
static bool postpone(struct keep *k, size_t at)
{
	if (k->second_round)
		return false;
	size_t *grown = realloc(k->postponed, (k->postponed_count + 1) * sizeof(*grown));
	if (grown == NULL)
		return false;
	k->postponed = grown;
	k->postponed[k->postponed_count++] = at;
	return true;
}

static void take_uid(struct shard *s, struct past *p, size_t at, size_t n)
{
	const struct replica_item *items = &s->p.kept->items[at];
	struct store_record record;
	struct call *c = NULL;
	bool good = true;
	memset(p->has, 0, sizeof(p->has));
	p->setup.leg_count = p->legs.leg_count = p->ends.count = 0;
	p->answer = (struct replica_answer){0};
	for (size_t i = 0; i < n; i++) {
		if (items[i].kind < REPLICA_KINDS)
			good &= read_item(p, &items[i], &record);
		if (items[i].kind == REPLICA_RECORD && p->has[REPLICA_RECORD] &&
		    !s->keep->second_round)
			take_record(s, &record, items[i].bytes);
	}
	if (p->has[REPLICA_RECORD] && p->has[REPLICA_FORWARDS] && good && !s->keep->second_round)
		take_forward_records(s, &p->forwards, &record);
	if (!p->has[REPLICA_CALL] && p->has[REPLICA_RECORD] && good)
		return;
	good &= p->has[REPLICA_CALL] && makes_sense(p);
	uint64_t live_before = s->counts.calls_live;
	uint32_t aliases_before = s->alias_count, missing_before = s->keep->missing_count;
	c = good ? take_call(s, p) : NULL;
	if (c && take_state(s, c, p)) {
		copy_items(s, c, items, n);
		restored_event(s, c);
		return;
	}
	if (c)
		give_up(s, c, live_before);
	s->alias_count = aliases_before;
	s->keep->missing_count = missing_before;
	if (c && postpone(s->keep, at))
		return;
	damaged_event(s, items[0].uid, "the call cannot be taken up again");
	if (good)
		end_without_room(s, &p->call);
}

static bool is_ours(const struct shard_params *p, uint64_t uid)
{
	return uid_shard(uid) % p->count == p->index;
}

/* With more shards than before, one shard may have the calls of all of them. */
uint32_t keep_calls(const struct shard_params *p)
{
	uint32_t n = 0;
	for (size_t at = 0; p->kept && at < p->kept->count; at = replica_image_next(p->kept, at))
		n += is_ours(p, p->kept->items[at].uid);
	return n;
}

/* Our own first: they need the very slots that they had. */
static void take_those(struct shard *s, struct past *p, bool own)
{
	const struct replica_image *image = s->p.kept;
	for (size_t at = 0; at < image->count;) {
		size_t next = replica_image_next(image, at);
		uint64_t uid = image->items[at].uid;
		bool ours = uid_shard(uid) == s->p.index;
		if (is_ours(&s->p, uid) && ours == own) {
			if (uid > s->last_uid)
				s->last_uid = uid;
			take_uid(s, p, at, next - at);
		}
		at = next;
	}
}

static int take_all(struct shard *s)
{
	struct past *p = calloc(1, sizeof(*p));
	if (p == NULL)
		return ERR_NOMEM;
	take_those(s, p, true);
	pool_take_id_end(s->legs);
	take_those(s, p, false);
	s->keep->second_round = true;
	for (size_t i = 0; i < s->keep->postponed_count; i++) {
		size_t at = s->keep->postponed[i];
		take_uid(s, p, at, replica_image_next(s->p.kept, at) - at);
	}
	free(s->keep->postponed);
	s->keep->postponed = NULL;
	free(p);
	return 0;
}

static void forget_old_file(struct shard *s)
{
	char path[REPLICA_PATH_BYTES];
	if (replica_path(s->p.keep_dir, s->p.index, path) == 0)
		(void)unlink(path);
}

int keep_resume(struct shard *s)
{
	struct keep *k = s->keep;
	k->sequence = s->p.kept ? s->p.kept->sequence : 0;
	int err = keep_file_open(s);
	if (err)
		keep_failed(s, err);
	err = s->p.kept ? take_all(s) : 0;
	if (s->alias_count)
		qsort(s->aliases, s->alias_count, sizeof(s->aliases[0]), leg_alias_compare);
	if (k->talk_count)
		wheel_arm(s->wheel, &k->talk_timer, now_of(s), TIMER_RESUME, ID_NONE);
	if (err)
		return err;
	/* The old one would bring back what has ended since. */
	if (k->file == NULL || replica_file_settle(k->file) != 0)
		forget_old_file(s);
	return 0;
}
