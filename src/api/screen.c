/*
 * Which calls a number does not take: shown, and changed. Memos and dates of the block list are
 * only in the store; calls need the rest, which the directory has too.
 */
#include "api/screen_priv.h"
#include "base/err.h"
#include "base/strbuf.h"

#include <string.h>

#define DETAIL_BYTES 2048

uint8_t screen_find(const struct screening *s, const char *caller)
{
	uint8_t i = 0;
	while (i < s->block_count && strcmp(s->blocks[i].caller, caller) != 0)
		i++;
	return i;
}

/* ---- GET /api/v1/numbers/{id}/screening ---- */

static json_t *screening_json(const char *number, const struct screening *s)
{
	json_t *blocked = json_array();
	for (uint8_t i = 0; i < s->block_count; i++)
		json_array_append_new(blocked,
				      json_pack("{s:s,s:o,s:o}", "caller", s->blocks[i].caller,
						"memo", json_slice(slice_str(s->blocks[i].memo)),
						"added_at", json_time(s->blocks[i].added_at)));
	return json_pack("{s:s,s:b,s:b,s:i,s:o}", "number", number, "reject_anonymous",
			 s->anonymous, "reject_abroad", s->abroad, "inbound_limit",
			 s->inbound_limit, "blocked", blocked);
}

static int take_block(void *ctx, const struct store_block *from)
{
	struct screening *s = ctx;
	struct block *b = &s->blocks[s->block_count];
	if (s->block_count == SCREEN_BLOCKS_MAX ||
	    slice_copy(from->caller, b->caller, sizeof(b->caller)) != 0 ||
	    slice_copy(from->memo, b->memo, sizeof(b->memo)) != 0)
		return ERR_DAMAGED;
	b->added_at = from->added_at;
	s->block_count++;
	return 0;
}

/* As the store has it. False: refused. */
static bool find(struct request *r, const char *number, struct screening *ret_screening)
{
	struct store *store = r->api->store;
	struct store_screen kept;
	*ret_screening = (struct screening){0};
	int err = store_screen_get(store, slice_str(number), &kept);
	if (err == ERR_NOT_FOUND)
		return true;
	if (err == 0) {
		ret_screening->anonymous = kept.anonymous;
		ret_screening->abroad = kept.abroad;
		ret_screening->inbound_limit = kept.inbound_limit;
		err = store_block_each(store, slice_str(number), take_block, ret_screening);
	}
	if (err == ERR_DAMAGED)
		refuse(r, 500, "damaged", "The screening of this number cannot be read", NULL,
		       "restore the database from a backup");
	else if (err)
		refuse_store(r, err, store);
	return err == 0;
}

void screen_show(struct request *r)
{
	struct directory_number line;
	struct screening s;
	if (line_find(r, r->id, &line) && find(r, line.number, &s))
		r->json = screening_json(line.number, &s);
}

/* ---- PUT /api/v1/numbers/{id}/screening ---- */

static const char *divided(const struct strbuf *b)
{
	return b->n ? "; " : "";
}

static void tell_added(struct strbuf *b, const struct screen_edit *e, const struct block *now)
{
	uint8_t at = screen_find(&e->was, now->caller);
	bool known = at < e->was.block_count;
	if (known && strcmp(e->was.blocks[at].memo, now->memo) == 0)
		return;
	strbuf_fmt(b, "%sblock %s", divided(b), now->caller);
	if (now->memo[0])
		strbuf_fmt(b, " (%s)", now->memo);
}

/* What changes, for the audit; empty: nothing. More than fits is cut. */
static void describe(const struct screen_edit *e, char detail[DETAIL_BYTES])
{
	const struct screening *was = &e->was, *now = &e->now;
	struct strbuf b;
	strbuf_init(&b, detail, DETAIL_BYTES - 1);
	if (was->anonymous != now->anonymous)
		strbuf_fmt(&b, "anonymous %s", now->anonymous ? "rejected" : "accepted");
	if (was->abroad != now->abroad)
		strbuf_fmt(&b, "%sabroad %s", divided(&b), now->abroad ? "rejected" : "accepted");
	if (was->inbound_limit != now->inbound_limit && now->inbound_limit)
		strbuf_fmt(&b, "%sinbound limit %d", divided(&b), now->inbound_limit);
	else if (was->inbound_limit != now->inbound_limit)
		strbuf_fmt(&b, "%sno inbound limit", divided(&b));
	for (uint8_t i = 0; i < was->block_count; i++) {
		if (screen_find(now, was->blocks[i].caller) == now->block_count)
			strbuf_fmt(&b, "%sunblock %s", divided(&b), was->blocks[i].caller);
	}
	for (uint8_t i = 0; i < now->block_count; i++)
		tell_added(&b, e, &now->blocks[i]);
	detail[b.n] = '\0';
}

static int put(struct request *r, const struct screen_edit *e)
{
	struct store_block blocks[SCREEN_BLOCKS_MAX];
	const struct store_screen kept = {.number = slice_str(e->line.number),
					  .anonymous = e->now.anonymous,
					  .abroad = e->now.abroad,
					  .inbound_limit = e->now.inbound_limit,
					  .block_count = e->now.block_count,
					  .blocks = blocks};
	for (uint8_t i = 0; i < e->now.block_count; i++)
		blocks[i] = (struct store_block){.caller = slice_str(e->now.blocks[i].caller),
						 .memo = slice_str(e->now.blocks[i].memo),
						 .added_at = e->now.blocks[i].added_at};
	return store_screen_put(r->api->store, &kept);
}

static int put_in_force(struct request *r, const struct screen_edit *e)
{
	char blocks[SCREEN_BLOCKS_MAX][SCREEN_NUMBER_BYTES];
	const struct screen_settings s = {.anonymous = e->now.anonymous,
					  .abroad = e->now.abroad,
					  .inbound_limit = e->now.inbound_limit,
					  .block_count = e->now.block_count,
					  .blocks = blocks};
	for (uint8_t i = 0; i < e->now.block_count; i++)
		memcpy(blocks[i], e->now.blocks[i].caller, sizeof(blocks[i]));
	return directory_screen_put(r->api->p.directory, slice_str(e->line.number), &s);
}

/* Durable with its entry in the audit, then in force. False: refused. */
static bool keep(struct request *r, const struct screen_edit *e, const char *detail)
{
	const struct number_change c = {e->line.number, "number.screen", detail, -1, -1};
	if (!change_begin(r) || change_failed(r, put(r, e)) || !change_end(r, &c))
		return false;
	int err = put_in_force(r, e);
	if (err)
		refuse(r, 503, "unavailable",
		       "The change is kept but not in force: there is not enough memory", NULL,
		       "restart the server");
	return err == 0;
}

static void change(struct request *r, struct screen_edit *e)
{
	char detail[DETAIL_BYTES];
	if (!line_find(r, r->id, &e->line) || !find(r, e->line.number, &e->was))
		return;
	e->now = e->was;
	if (!screen_read(r, e))
		return;
	describe(e, detail);
	if (detail[0] == '\0' || keep(r, e, detail))
		r->json = screening_json(e->line.number, &e->now);
}

void screen_change(struct request *r)
{
	struct screen_edit e; /* two lists: some 50 KB */
	if (json_object_size(r->body) == 0)
		refuse_told(r,
			    &(struct refusal){
				    400, "missing", NULL, "There is nothing to change",
				    "変更する項目がありません。",
				    "give reject_anonymous, reject_abroad, inbound_limit, block or "
				    "unblock",
				    "着信拒否の種類、同時着信数の上限、着信拒否リストのいずれかを指"
				    "定してください。"});
	else
		change(r, &e);
}
