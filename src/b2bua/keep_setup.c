/* What is kept of a call while phones are being called: enough to cancel them and to answer the
 * caller after a restart. */
#include "b2bua/keep_priv.h"

/* The caller's INVITE as far as a response is built from it (RFC 3261 §8.2.6). */
static struct slice head_of(struct shard *s, const struct leg *a)
{
	static const enum sip_header_kind copied[] = {SIP_HDR_VIA,  SIP_HDR_FROM,
						      SIP_HDR_TO,   SIP_HDR_CALL_ID,
						      SIP_HDR_CSEQ, SIP_HDR_RECORD_ROUTE};
	const struct sip_msg *invite = caller_invite(s, a);
	if (invite == NULL)
		return SLICE_NONE;
	struct strbuf b = scratch_buf(s, invite->raw.n + 256);
	sip_build_request_line(&b, SLICE("INVITE"), SLICE("sip:opengate.invalid"));
	for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++)
		sip_build_copy(&b, invite, copied[i]);
	sip_build_header(&b, SIP_HDR_MAX_FORWARDS, SLICE("70"));
	sip_build_body(&b, SLICE_NONE, SLICE_NONE);
	return b.failed ? SLICE_NONE : strbuf_slice(&b);
}

/* A phone that has rung has made the dialog another one; its CANCEL must be as the INVITE was. The
 * copy's dialog is the caller's to end; NULL: no memory. */
static struct leg *as_invited(struct shard *s, const struct leg *b)
{
	const struct sip_msg *sent = txn_sent_of(s->txns, b->invite, &s->scratch);
	struct leg *copy = arena_take(&s->scratch, sizeof(*copy));
	if (copy == NULL || sent == NULL)
		return NULL;
	*copy = *b;
	dialog_init(&copy->dialog, s->bufs);
	if (dialog_prepare(&copy->dialog, dialog_text(&b->dialog, DIALOG_CALL_ID),
			   dialog_text(&b->dialog, DIALOG_LOCAL_TAG),
			   dialog_text(&b->dialog, DIALOG_LOCAL_URI),
			   dialog_text(&b->dialog, DIALOG_REMOTE_URI), sent->uri_text,
			   b->invite_cseq) == 0)
		return copy;
	dialog_fini(&copy->dialog);
	return NULL;
}

static void add_branches(struct shard *s, const struct call *c, struct replica_setup *setup)
{
	for (uint8_t i = 0; i < c->branch_count; i++) {
		struct leg *b = branch_leg(s, c, i);
		if (b == NULL || b->state != LEG_INVITING || b->invite_branch[0] == '\0')
			continue;
		if (b->dialog.state != DIALOG_NONE)
			b = as_invited(s, b);
		if (b)
			setup->legs[setup->leg_count++] = b;
	}
}

static void end_copies(struct shard *s, const struct call *c, struct replica_setup *setup)
{
	for (uint8_t i = 1; i < setup->leg_count; i++) {
		struct leg *l = setup->legs[i];
		if (l != branch_leg(s, c, l->branch))
			dialog_fini(&l->dialog);
	}
}

void keep_setup(struct shard *s, struct call *c)
{
	struct leg *a = leg_of(s, c->leg_a);
	if (s->keep == NULL || a == NULL)
		return;
	struct replica_setup setup = {.head = head_of(s, a), .leg_count = 1, .legs = {a}};
	add_branches(s, c, &setup);
	if (keep_put_forwards(s, c) == 0 && keep_put(s, c, REPLICA_SETUP, &setup) == 0)
		(void)keep_put(s, c, REPLICA_CALL, c);
	end_copies(s, c, &setup);
}

/* The target's legs: what would be cancelled, or hung up on, after a restart. A CANCEL is written
 * from the dialog as the INVITE was: no leg is kept anew while it rings. */
void keep_transfer(struct shard *s, struct call *c)
{
	struct leg *a = leg_of(s, c->leg_a);
	if (s->keep == NULL || a == NULL)
		return;
	struct replica_setup setup = {.leg_count = 1, .legs = {a}};
	for (uint8_t i = c->first_branch; i < c->branch_count; i++) {
		struct leg *b = branch_leg(s, c, i);
		bool wanted = c->transfer == CALL_TRANSFER_JOINING
				      ? i == c->target
				      : b && b->state == LEG_INVITING && b->invite_branch[0];
		if (b && i != c->winner && wanted)
			setup.legs[setup.leg_count++] = b;
	}
	if (keep_put_forwards(s, c) == 0 && keep_put(s, c, REPLICA_SETUP, &setup) == 0)
		(void)keep_put(s, c, REPLICA_CALL, c);
}

void keep_transfer_over(struct shard *s, struct call *c)
{
	s->touched = c->id;
	if (s->keep == NULL)
		return;
	keep_drop(s, c, REPLICA_SETUP);
	(void)keep_put_forwards(s, c);
	(void)keep_put(s, c, REPLICA_CALL, c);
}
