/*
 * Who forwarded a call, in the words of the field: History-Info (RFC 7044, causes of RFC 4458) from
 * the first to the last, Diversion (RFC 5806) from the last to the first. What a trunk says of
 * forwardings before ours is counted and looked through for circles, and goes on to trunks; phones
 * see our own only.
 */
#include "b2bua/b2bua_priv.h"

#include "sip/value.h"

/* --- what the caller's INVITE tells */

static void add_number(struct history *h, const struct sip_nameaddr *na)
{
	char number[DIAL_BYTES];
	if (na->star || na->uri.scheme == SIP_SCHEME_OTHER || h->count == HISTORY_MAX ||
	    trunk_number_read(na->uri.user, number) != 0)
		return;
	strcpy(h->numbers[h->count++], number);
}

/* The last entry of History-Info is who is called now; one with a cause was forwarded to. */
static void read_history_info(const struct sip_msg *msg, struct history *h)
{
	struct sip_values it = sip_msg_values(msg, SIP_HDR_HISTORY_INFO);
	struct sip_nameaddr na, last = {.star = true};
	struct slice value, cause;
	while (sip_values_next(&it, &value)) {
		if (sip_nameaddr_parse(value, &na) != 0)
			continue;
		add_number(h, &last);
		last = na;
		h->forwards += sip_param(na.uri.params, SLICE("cause"), &cause);
	}
}

/* Each entry is a forwarding, with counter= more than one. */
static void read_diversion(const struct sip_msg *msg, struct history *h)
{
	struct sip_values it = sip_msg_values(msg, SIP_HDR_DIVERSION);
	struct sip_nameaddr na;
	struct slice value, counter;
	uint64_t n;
	uint32_t forwards = 0;
	while (sip_values_next(&it, &value)) {
		if (sip_nameaddr_parse(value, &na) != 0)
			continue;
		add_number(h, &na);
		bool counted = sip_param(na.params, SLICE("counter"), &counter) &&
			       slice_u64(counter, HISTORY_MAX, &n) == 0 && n > 0;
		forwards += counted ? (uint32_t)n : 1;
	}
	if (forwards > h->forwards)
		h->forwards = forwards;
}

void history_of_caller(struct shard *s, const struct call *c, struct history *ret_history)
{
	const struct sip_msg *invite = c->direction == CALL_IN
					       ? caller_invite(s, leg_of(s, c->leg_a))
					       : NULL; /* a phone has no say */
	*ret_history = (struct history){0};
	if (invite == NULL)
		return;
	read_history_info(invite, ret_history);
	read_diversion(invite, ret_history);
}

bool history_names(const struct history *h, const char *number)
{
	for (uint32_t i = 0; i < h->count; i++) {
		if (strcmp(h->numbers[i], number) == 0)
			return true;
	}
	return false;
}

/* --- what the next one is told */

struct writer_to {
	struct shard *s;
	const struct trunk *t; /* NULL: a phone */
};

static void write_uri(const struct writer_to *to, struct strbuf *b, const char *number)
{
	strbuf_str(b, "<sip:");
	trunk_number_write(b, to->t ? to->t->format : TRUNK_NATIONAL, slice_str(number));
	strbuf_fmt(b, "@%s", to->s->config->domain);
}

/* "1", "1.1", "1.1.1": each came of the one before (RFC 7044 §10.3). */
static void write_index(struct strbuf *b, struct slice first, uint8_t deeper)
{
	strbuf_add(b, first);
	for (uint8_t i = 0; i < deeper; i++)
		strbuf_str(b, ".1");
}

static void history_info(const struct writer_to *to, const struct call *c,
			 const struct call_forwards *forwards, struct slice first,
			 struct strbuf *more)
{
	for (uint8_t i = 0; i <= forwards->count; i++) {
		struct strbuf b = scratch_buf(to->s, 256);
		write_uri(to, &b, i ? forwards->v[i - 1].to : c->to);
		if (i) /* a parameter of the URI (RFC 4458) */
			strbuf_fmt(&b, ";cause=%d",
				   forward_kind_info((enum forward_kind)forwards->v[i - 1].kind)
					   ->cause);
		strbuf_str(&b, ">;index=");
		write_index(&b, first, i);
		if (i) {
			strbuf_str(&b, ";mp=");
			write_index(&b, first, (uint8_t)(i - 1));
		}
		sip_build_header(more, SIP_HDR_HISTORY_INFO, strbuf_slice(&b));
	}
}

static void diversion(const struct writer_to *to, const struct call_forwards *forwards,
		      struct strbuf *more)
{
	for (uint8_t i = forwards->count; i > 0; i--) {
		const struct call_forward *fwd = &forwards->v[i - 1];
		struct strbuf b = scratch_buf(to->s, 256);
		write_uri(to, &b, fwd->by);
		strbuf_fmt(&b, ">;reason=%s;counter=1;privacy=off",
			   forward_kind_info((enum forward_kind)fwd->kind)->diversion);
		sip_build_header(more, SIP_HDR_DIVERSION, strbuf_slice(&b));
	}
}

/* The last index of a trunk's History-Info: ours go on from there. */
static struct slice last_index(const struct sip_msg *invite)
{
	struct sip_values it = sip_msg_values(invite, SIP_HDR_HISTORY_INFO);
	struct sip_nameaddr na;
	struct slice value, index = SLICE_NONE, found;
	while (sip_values_next(&it, &value)) {
		if (sip_nameaddr_parse(value, &na) == 0 &&
		    sip_param(na.params, SLICE("index"), &found) && found.n < 32)
			index = found;
	}
	return index;
}

void history_headers(struct shard *s, const struct call *c, const struct leg *b,
		     struct strbuf *more)
{
	struct trunk t;
	const struct call_forwards *forwards = call_forwards_of(s, c);
	if (forwards == NULL || forwards->count == 0 ||
	    forwards->v[forwards->count - 1].kind == FORWARD_TRANSFERRED) /* says Referred-By */
		return;
	bool to_trunk = b->trunk && trunks_get(s->p.trunks, b->trunk, &t);
	const struct writer_to to = {s, to_trunk ? &t : NULL};
	const struct sip_msg *before =
		to_trunk && c->direction == CALL_IN ? caller_invite(s, leg_of(s, c->leg_a)) : NULL;
	struct strbuf first = scratch_buf(s, 64);
	struct slice last = before ? last_index(before) : SLICE_NONE;
	if (last.n) {
		sip_build_copy(more, before, SIP_HDR_HISTORY_INFO);
		strbuf_add(&first, last);
		strbuf_char(&first, '.');
	}
	strbuf_char(&first, '1');
	history_info(&to, c, forwards, strbuf_slice(&first), more);
	diversion(&to, forwards, more);
	if (before)
		sip_build_copy(more, before, SIP_HDR_DIVERSION);
}
