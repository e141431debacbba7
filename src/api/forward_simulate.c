/*
 * What would become of a call to a number now, step by step, and why: which kind of forwarding
 * applies and which do not, whether its target may be one today, whether a channel is free, and so
 * on from number to number. Asked of what calls are asked of; nothing is changed.
 */
#include "api/forward_walk_priv.h"
#include "base/clock.h"

#include <string.h>

json_t *walk_step(struct walk *w, const char *word, const struct said *said)
{
	json_t *o = json_pack("{s:s,s:s,s:s,s:s}", "step", word, "number", walk_here(w)->number,
			      "text", said->en, "text_ja", said->ja);
	return json_array_append_new(w->steps, o) == 0 ? o : NULL;
}

/* ---- how it ends ---- */

static void end(struct walk *w, const char *result, const char *number, enum call_cause cause,
		const struct said *said)
{
	const struct call_cause_info *info = call_cause_info(cause);
	bool refused = cause != CAUSE_NORMAL;
	json_object_set_new(w->r->json, "outcome",
			    json_pack("{s:s,s:s,s:o,s:o,s:s,s:s}", "result", result, "number",
				      number, "reason",
				      refused ? json_string(info->word) : json_null(), "sip_code",
				      refused ? json_integer(info->sip_code) : json_null(), "text",
				      said->en, "text_ja", said->ja));
}

static void end_refused(struct walk *w, enum call_cause cause)
{
	const struct call_cause_info *info = call_cause_info(cause);
	struct said said;
	snprintf(said.en, sizeof(said.en), "The caller is refused with %d: %s", info->sip_code,
		 info->text);
	snprintf(said.ja, sizeof(said.ja), "発信者には%dを返し、接続しません。%s", info->sip_code,
		 info->text_ja);
	end(w, "refused", walk_here(w)->number, cause, &said);
}

static void end_rings(struct walk *w)
{
	struct said said;
	snprintf(said.en, sizeof(said.en), "The telephone of %s rings", walk_here(w)->number);
	snprintf(said.ja, sizeof(said.ja), "%sの電話機を呼び出します。", walk_here(w)->number);
	end(w, "phone", walk_here(w)->number, CAUSE_NORMAL, &said);
}

static void end_network(struct walk *w, const char *digits)
{
	struct said said;
	snprintf(said.en, sizeof(said.en), "The call goes to %s in the telephone network", digits);
	snprintf(said.ja, sizeof(said.ja), "電話網の%sへ接続します。", digits);
	end(w, "network", digits, CAUSE_NORMAL, &said);
}

/* Nothing forwards it: what its telephone does is what the caller gets. */
static void end_here(struct walk *w)
{
	static const enum call_cause causes[PHONE_STATES] = {
		[PHONE_REGISTERED] = CAUSE_NORMAL,
		[PHONE_BUSY] = CAUSE_BUSY,
		[PHONE_NO_ANSWER] = CAUSE_NO_ANSWER,
		[PHONE_UNREGISTERED] = CAUSE_NOT_REGISTERED,
	};
	if (w->state == PHONE_REGISTERED)
		end_rings(w);
	else
		end_refused(w, causes[w->state]);
}

/* ---- may it go on ---- */

/* A forwarding that cannot be: nobody is reached instead of the number whose calls all go on; of
 * another kind it is as if it were off. */
static void end_not_forwarded(struct walk *w, enum call_cause cause)
{
	if (w->kind == FORWARD_UNCONDITIONAL)
		end_refused(w, cause);
	else
		end_here(w);
}

/* The caller himself counts, when he is ours. */
static bool passed_before(const struct walk *w, const char *digits)
{
	if (strcmp(w->caller, digits) == 0)
		return true;
	for (uint32_t i = 0; i < w->passed_count; i++) {
		if (strcmp(w->passed[i].number, digits) == 0)
			return true;
	}
	return false;
}

/* False: the walk has ended. */
static bool limit_good(struct walk *w, const char *target)
{
	struct said said;
	bool loop = passed_before(w, target);
	if (!loop && w->passed_count <= FORWARD_TIMES_MAX)
		return true;
	if (loop) {
		snprintf(said.en, sizeof(said.en),
			 "The call has come through %s already: forwarding would turn in a circle",
			 target);
		snprintf(said.ja, sizeof(said.ja),
			 "%sはすでに経由した番号です。転送がループするため、転送できません。",
			 target);
	} else {
		snprintf(said.en, sizeof(said.en),
			 "A call is forwarded %d times at most; it ends here", FORWARD_TIMES_MAX);
		snprintf(said.ja, sizeof(said.ja), "転送は%d回までです。これ以上は転送できません。",
			 FORWARD_TIMES_MAX);
	}
	json_object_set_new(walk_step(w, "limit", &said), "loop", json_boolean(loop));
	end_not_forwarded(w, loop ? CAUSE_FORWARD_LOOP : CAUSE_FORWARD_LIMIT);
	return false;
}

static void add_target(struct walk *w, const char *target, const struct forward_judgement *f,
		       bool may, const struct said *said)
{
	json_t *o = walk_step(w, "target", said);
	json_object_set_new(o, "target", json_string(target));
	json_object_set_new(o, "allowed", json_boolean(may));
	json_object_set_new(o, "on_net", json_boolean(f->j.on_net));
	json_object_set_new(o, "decided_by", json_string(f->j.decided_by));
}

static bool target_good(struct walk *w, const char *target, struct forward_judgement *f)
{
	struct said said;
	const char *en, *ja;
	bool may = judge_forward(w->r->api->p.directory, w->r->api->p.trunks, walk_here(w),
				 slice_str(target), f);
	forward_why(f, &en, &ja);
	snprintf(said.en, sizeof(said.en), "%s %s%s", target,
		 may ? "may be called from here, " : "cannot be a target: ",
		 !may	       ? en
		 : f->j.on_net ? "a number of ours"
			       : "in the telephone network");
	snprintf(said.ja, sizeof(said.ja), "%sは%s%s", target,
		 may ? "転送できる番号です。" : "転送先にできません。",
		 !may	       ? ja
		 : f->j.on_net ? "当社の番号です。"
			       : "電話網の番号です。");
	add_target(w, target, f, may, &said);
	if (!may)
		end_not_forwarded(w, CAUSE_FORWARD_REFUSED);
	return may;
}

/* A forwarded call is an outgoing call of the forwarding number. */
static bool channel_good(struct walk *w)
{
	struct said said;
	uint32_t held =
		directory_channels_held(w->r->api->p.directory, slice_str(walk_here(w)->number));
	bool free = held < walk_here(w)->channels;
	snprintf(said.en, sizeof(said.en), "%u of %u channels of %s are in use: %s", held,
		 walk_here(w)->channels, walk_here(w)->number,
		 free ? "one is free for the forwarded call" : "none is free");
	snprintf(said.ja, sizeof(said.ja), "%sの同時発信チャンネルは%u中%uを使用中で、%s",
		 walk_here(w)->number, walk_here(w)->channels, held,
		 free ? "転送に使えます。" : "空きがありません。");
	json_t *o = walk_step(w, "channel", &said);
	json_object_set_new(o, "held", json_integer(held));
	json_object_set_new(o, "channels", json_integer(walk_here(w)->channels));
	if (!free)
		end_not_forwarded(w, CAUSE_FORWARD_NO_CHANNEL);
	return free;
}

/* To the next number of ours. False: the walk has ended. */
static bool step_on(struct walk *w, const char *target)
{
	struct forward_judgement f;
	if (!target_good(w, target, &f) || !limit_good(w, target) || !channel_good(w))
		return false;
	struct directory_number *next = &w->passed[w->passed_count];
	if (!f.j.on_net ||
	    directory_by_number(w->r->api->p.directory, slice_str(target), next) != 0) {
		end_network(w, target);
		return false;
	}
	w->passed_count++;
	return true;
}

/* At one number. False: the walk has ended. */
static bool visit(struct walk *w, bool first)
{
	struct forward_settings f;
	if (walk_here(w)->suspended) {
		end_refused(w, CAUSE_SUSPENDED);
		return false;
	}
	walk_look_at_phones(w, first);
	if (directory_forward(w->r->api->p.directory, slice_str(walk_here(w)->number), &f) != 0)
		forward_settings_init(&f);
	if (walk_choose_kind(w, &f, &w->kind))
		return step_on(w, forward_target(&f, w->kind));
	if (forward_armed(&f) == 0) {
		const struct said none = {"No forwarding is on", "有効な転送はありません。"};
		(void)walk_step(w, "no_forwarding", &none);
	}
	end_here(w);
	return false;
}

/* ---- GET /api/v1/numbers/{id}/forward/simulate?from=&state= ---- */

static bool read_state(struct request *r, struct walk *w)
{
	const char *word = query(r, "state");
	w->assumed = word != NULL;
	for (size_t i = 0; word && i < PHONE_STATES; i++) {
		if (strcmp(word, walk_state_words[i]) != 0)
			continue;
		w->state = (enum phone_state)i;
		return true;
	}
	if (word)
		refuse_told(r, &(struct refusal){
				       .status = 400,
				       .code = "invalid",
				       .field = "state",
				       .message = "The state is registered, busy, no_answer or "
						  "unregistered",
				       .message_ja = "状態はregistered、busy、no_answer、unregiste"
						     "redのいずれかを指定してください。"});
	return word == NULL;
}

static bool read_caller(struct request *r, struct dialled *ret_caller)
{
	const char *from = query(r, "from");
	*ret_caller = (struct dialled){0};
	if (from == NULL || dial_normalise(slice_str(from), ret_caller) == 0)
		return true;
	refuse_told(r, &(struct refusal){
			       .status = 400,
			       .code = "invalid",
			       .field = "from",
			       .message = "The caller's number is no telephone number",
			       .message_ja = "発信者の番号が電話番号ではありません。",
			       .hint = "write it like 03-1234-5678, or leave it out",
			       .hint_ja = "03-1234-5678のように入力するか、省略してください。"});
	return false;
}

/* A caller of ours may not be allowed to call at all. False: the walk has ended. */
static bool caller_good(struct walk *w, const char *from)
{
	struct directory_number line;
	struct judgement j;
	struct directory *d = w->r->api->p.directory;
	if (!*from || directory_by_number(d, slice_str(from), &line) != 0)
		return true;
	(void)slice_copy(slice_str(from), w->caller, sizeof(w->caller));
	judge(d, w->r->api->p.trunks, &line, slice_str(walk_here(w)->number), &j);
	bool may = j.cause == CAUSE_NORMAL;
	const struct call_cause_info *info = call_cause_info(j.cause);
	struct said said;
	snprintf(said.en, sizeof(said.en), "%s %s", from,
		 may ? "may call this number" : info->text);
	snprintf(said.ja, sizeof(said.ja), "%s：%s", from,
		 may ? "この番号へ発信できます。" : info->text_ja);
	json_object_set_new(walk_step(w, "caller", &said), "allowed", json_boolean(may));
	if (!may)
		end_refused(w, j.cause);
	return may;
}

void forward_simulate(struct request *r)
{
	struct walk w = {.r = r, .now_ms = clock_wall_ms(), .passed_count = 1};
	struct dialled caller;
	if (!line_find(r, r->id, &w.passed[0]) || !read_state(r, &w) || !read_caller(r, &caller))
		return;
	w.steps = json_array();
	r->json = json_pack("{s:s,s:o}", "number", w.passed[0].number, "from",
			    json_slice_or_null(slice_str(caller.digits)));
	if (json_object_set_new(r->json, "steps", w.steps) != 0) {
		refuse_busy(r);
		return;
	}
	if (!caller_good(&w, caller.digits))
		return;
	for (bool first = true; visit(&w, first); first = false)
		;
}
