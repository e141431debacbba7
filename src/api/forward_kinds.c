/* What a called number's telephones do, which kind of forwarding applies then, and why the others
 * that are on do not: the part of a simulated call that happens at one number. */
#include "api/forward_walk_priv.h"

#include <string.h>

const char *const walk_state_words[PHONE_STATES] = {"registered", "busy", "no_answer",
						    "unregistered"};

/* ---- its telephones ---- */

static void count_phone(void *count, const char *number, const char *account,
			const struct reg_binding *b)
{
	(void)number;
	(void)account;
	(void)b;
	++*(uint32_t *)count;
}

static void say_phones(struct said *said, uint32_t phones)
{
	if (phones) {
		snprintf(said->en, sizeof(said->en), "Registered telephones: %u", phones);
		snprintf(said->ja, sizeof(said->ja), "登録中の電話機は%u台です。", phones);
		return;
	}
	snprintf(said->en, sizeof(said->en), "No telephone is registered");
	snprintf(said->ja, sizeof(said->ja), "登録中の電話機はありません。");
}

static void say_assumed(const struct walk *w, struct said *said)
{
	static const struct {
		const char *en, *ja;
	} rows[PHONE_STATES] = {
		{"a telephone is registered and free", "電話機が登録され、空いている"},
		{"the telephone is busy", "電話機が話中である"},
		{"the telephone rings and nobody answers", "電話機が鳴っても応答がない"},
		{"no telephone is registered", "電話機が登録されていない"},
	};
	size_t n = strlen(said->en), n_ja = strlen(said->ja);
	snprintf(said->en + n, sizeof(said->en) - n, "; assumed here: %s", rows[w->state].en);
	snprintf(said->ja + n_ja, sizeof(said->ja) - n_ja, "ここでは、%sものとします。",
		 rows[w->state].ja);
}

void walk_look_at_phones(struct walk *w, bool first)
{
	struct said said;
	uint32_t phones = 0;
	directory_registrations(w->r->api->p.directory, slice_str(walk_here(w)->number), w->now_ms,
				count_phone, &phones);
	if (!first || !w->assumed)
		w->state = phones ? PHONE_REGISTERED : PHONE_UNREGISTERED;
	say_phones(&said, phones);
	if (first && w->assumed)
		say_assumed(w, &said);
	json_t *o = walk_step(w, "phones", &said);
	json_object_set_new(o, "phones", json_integer(phones));
	json_object_set_new(o, "state", json_string(walk_state_words[w->state]));
}

/* ---- which kind applies ---- */

static bool applies(const struct walk *w, enum forward_kind kind)
{
	static const enum phone_state when[FORWARD_KINDS] = {
		[FORWARD_BUSY] = PHONE_BUSY,
		[FORWARD_NO_ANSWER] = PHONE_NO_ANSWER,
		[FORWARD_NOT_REGISTERED] = PHONE_UNREGISTERED,
	};
	return kind == FORWARD_UNCONDITIONAL || w->state == when[kind];
}

/* Why a kind that is on does not apply. */
static void say_passed_over(const struct walk *w, const struct forward_settings *f,
			    enum forward_kind kind, struct said *said)
{
	char name[FORWARD_NAME_BYTES];
	const char *ja = forward_kind_info(kind)->ja;
	const char *why = "a telephone is registered", *why_ja = "電話機が登録されている";
	if (forward_target(f, FORWARD_UNCONDITIONAL)) {
		why = "unconditional forwarding comes before it";
		why_ja = "無条件転送が優先される";
	} else if (w->state == PHONE_UNREGISTERED) {
		why = "it needs a registered telephone, and there is none";
		why_ja = "電話機の登録が必要で、登録中の電話機がない";
	} else if (kind == FORWARD_BUSY) {
		why = "the telephone is not busy";
		why_ja = "電話機が話中ではない";
	} else if (kind == FORWARD_NO_ANSWER) {
		why = "a busy telephone does not ring";
		why_ja = "話中の電話機は呼び出されない";
	}
	snprintf(said->en, sizeof(said->en), "Its %s is on but does not apply: %s",
		 forward_name(kind, name), why);
	snprintf(said->ja, sizeof(said->ja), "%sは有効ですが、%sため、働きません。", ja, why_ja);
}

/* The telephone rings first; afterwards is another call's story. */
static void say_later(const struct forward_settings *f, struct said *said)
{
	const char *target = forward_target(f, FORWARD_NO_ANSWER);
	snprintf(said->en, sizeof(said->en),
		 "If nobody answers within %d s, the call is forwarded to %s", f->ring_s, target);
	snprintf(said->ja, sizeof(said->ja), "%d秒以内に応答がなければ、%sへ転送します。",
		 f->ring_s, target);
}

static void add_kind(struct walk *w, const char *word, const struct forward_settings *f,
		     enum forward_kind kind, const struct said *said)
{
	json_t *o = walk_step(w, word, said);
	json_object_set_new(o, "kind", json_string(forward_kind_info(kind)->word));
	json_object_set_new(o, "row", json_integer(f->rules[kind].row));
	json_object_set_new(o, "target", json_string(forward_target(f, kind)));
}

static void pass_over(struct walk *w, const struct forward_settings *f, enum forward_kind kind)
{
	struct said said;
	bool rings = !forward_target(f, FORWARD_UNCONDITIONAL) && w->state == PHONE_REGISTERED;
	if (forward_target(f, kind) == NULL)
		return;
	if (kind == FORWARD_NO_ANSWER && rings)
		say_later(f, &said);
	else
		say_passed_over(w, f, kind, &said);
	add_kind(w, "passed_over", f, kind, &said);
}

static void take_kind(struct walk *w, const struct forward_settings *f, enum forward_kind kind)
{
	struct said said;
	char name[FORWARD_NAME_BYTES];
	snprintf(said.en, sizeof(said.en), "Its %s applies: to %s, row %d of the list",
		 forward_name(kind, name), forward_target(f, kind), f->rules[kind].row);
	snprintf(said.ja, sizeof(said.ja), "%sにより、リストの%d行目の%sへ転送します。",
		 forward_kind_info(kind)->ja, f->rules[kind].row, forward_target(f, kind));
	add_kind(w, "forward", f, kind, &said);
}

bool walk_choose_kind(struct walk *w, const struct forward_settings *f, enum forward_kind *ret_kind)
{
	int chosen = -1;
	for (int i = 0; i < FORWARD_KINDS; i++) {
		bool fits = chosen < 0 && forward_target(f, (enum forward_kind)i) &&
			    applies(w, (enum forward_kind)i);
		if (fits)
			chosen = i;
		else
			pass_over(w, f, (enum forward_kind)i);
	}
	if (chosen < 0)
		return false;
	*ret_kind = (enum forward_kind)chosen;
	take_kind(w, f, *ret_kind);
	return true;
}
