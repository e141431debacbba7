/* One whole message: lines into a table, then what every room needs of it (RFC 3261 §7). */
#include "base/err.h"
#include "sip/sip_priv.h"

/* The table grows here, where width costs nothing, and then moves to the arena. */
struct reader {
	char *p, *end;
	struct sip_msg *msg;
	uint32_t count;
	bool too_many;
	struct sip_header table[SIP_HEADERS_MAX];
};

/*
 * The end of the value at p, which may be folded over several lines: the line ends within become
 * spaces. *ret_controls tells whether other control characters came by. r->p is left behind the
 * line end; NULL when there is none.
 */
static char *value_end(struct reader *r, char *p, bool *ret_controls)
{
	for (;;) {
		p = (char *)sip_control_find(p, r->end);
		if (p == r->end) {
			r->p = p;
			return NULL;
		}
		size_t eol = sip_eol(p, r->end);
		if (eol == 0) {
			*ret_controls = true;
			p++;
		} else if (p + eol < r->end && sip_is_blank(p[eol])) {
			memset(p, ' ', eol);
			p += eol;
		} else {
			r->p = p + eol;
			return p;
		}
	}
}

/* A quoted pair may hold any ASCII character but CR and LF (RFC 3261 §25.1). */
static bool controls_are_quoted(struct slice value)
{
	bool in_quotes = false;

	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];
		bool control = ((unsigned char)c < 0x20 && c != '\t') || c == 0x7f;
		if (control)
			return false;
		if (c == '"')
			in_quotes = !in_quotes;
		else if (c == '\\' && in_quotes && i + 1 < value.n && value.p[i + 1] != '\r')
			i++;
	}
	return true;
}

/* Headers that give one answer; a second one would leave open which counts. */
static bool is_single(enum sip_header_kind kind)
{
	return kind == SIP_HDR_FROM || kind == SIP_HDR_TO || kind == SIP_HDR_CALL_ID ||
	       kind == SIP_HDR_CSEQ || kind == SIP_HDR_MAX_FORWARDS;
}

static void header_add(struct reader *r, struct slice name, struct slice value)
{
	enum sip_header_kind kind = sip_header_kind_of(name);

	if (r->count == SIP_HEADERS_MAX) {
		r->too_many = true;
		return;
	}
	if (r->msg->first[kind] < 0)
		r->msg->first[kind] = (int16_t)r->count;
	else if (is_single(kind))
		sip_fault_set(r->msg, 400,
			      "From, To, Call-ID, CSeq or Max-Forwards is there twice");
	r->table[r->count++] = (struct sip_header){kind, name, value};
}

/* "Name : value", folded or not, and its line end. */
static void header_read(struct reader *r)
{
	const char *value_start = r->p;
	bool controls = false;
	struct slice name = sip_header_name_read(r->p, r->end, &value_start);
	char *end = value_end(r, (char *)value_start, &controls);

	if (!name.p)
		sip_fault_set(r->msg, 400, "A header line does not start with a name and a colon");
	if (!name.p || !end)
		return;
	struct slice value = sip_trim(slice_of(value_start, (size_t)(end - value_start)));
	if (controls && !controls_are_quoted(value))
		sip_fault_set(r->msg, 400, "A header holds a control character");
	header_add(r, name, value);
}

static void line_ends_skip(struct reader *r)
{
	size_t eol;

	while ((eol = sip_eol(r->p, r->end)) > 0)
		r->p += eol;
}

static void start_line_read(struct reader *r)
{
	char *start = r->p;
	char *lf = start < r->end ? memchr(start, '\n', (size_t)(r->end - start)) : NULL;

	if (!lf) {
		r->p = r->end;
		sip_fault_set(r->msg, 400, "The message has no start line");
		return;
	}
	r->p = lf + 1;
	if (lf > start && lf[-1] == '\r')
		lf--;
	sip_start_line_parse(slice_of(start, (size_t)(lf - start)), r->msg);
}

static void headers_read(struct reader *r)
{
	while (r->p < r->end) {
		size_t eol = sip_eol(r->p, r->end);
		if (eol) {
			r->p += eol;
			return;
		}
		header_read(r);
	}
	sip_fault_set(r->msg, 400, "The headers do not end with an empty line");
}

/*
 * All Content-Length headers must agree on one number (RFC 3261 §18.3). *ret_bytes is that, and
 * stays as it is when there is none.
 */
static int content_length(const struct sip_msg *msg, size_t *ret_bytes)
{
	int16_t first = msg->first[SIP_HDR_CONTENT_LENGTH];
	size_t bytes = 0, again;

	if (first < 0)
		return 0;
	if (sip_content_length_parse(msg->headers[first].value, &bytes))
		return ERR_SYNTAX;
	for (uint32_t i = (uint32_t)first + 1; i < msg->header_count; i++) {
		const struct sip_header *h = &msg->headers[i];
		if (h->kind != SIP_HDR_CONTENT_LENGTH)
			continue;
		if (sip_content_length_parse(h->value, &again) || again != bytes)
			return ERR_SYNTAX;
	}
	*ret_bytes = bytes;
	return 0;
}

/*
 * A router that writes a shorter address into the session description and leaves Content-Length as
 * it was: a few bytes, and a datagram is there as a whole or not at all. More than that is no body
 * (RFC 3261 §18.3).
 */
#define BODY_SHORT_BYTES 32

static bool is_there(size_t there, size_t bytes)
{
	return bytes <= there || (there > BODY_SHORT_BYTES && bytes - there <= BODY_SHORT_BYTES);
}

static void body_take(struct reader *r)
{
	size_t there = (size_t)(r->end - r->p), bytes = there;

	if (content_length(r->msg, &bytes))
		sip_fault_set(r->msg, 400, "Content-Length is not one good number");
	else if (!is_there(there, bytes))
		sip_fault_set(r->msg, 400, "Content-Length promises more than there is");
	r->msg->body = slice_of(r->p, bytes < there ? bytes : there);
	r->msg->raw.n = (size_t)(r->p - r->msg->raw.p) + r->msg->body.n;
}

/* The tag of From or To: at most one, and nothing in it that would break a header of ours. */
static void tag_take(struct sip_msg *msg, struct slice params, struct slice *ret_tag)
{
	struct slice name, value, tag = SLICE_NONE;

	while (sip_param_next(&params, &name, &value)) {
		if (!slice_ieq(name, SLICE("tag")))
			continue;
		if (tag.p || value.n == 0 || sip_span(value, SIP_CHAR_PARAM) != value.n)
			sip_fault_set(msg, 400,
				      "The tag of From or To is not a token, or there are two");
		tag = value;
	}
	*ret_tag = tag;
}

static void party_take(struct sip_msg *msg, enum sip_header_kind kind, struct sip_nameaddr *na,
		       struct slice *ret_tag)
{
	struct slice value = sip_msg_value(msg, kind);

	if (!value.p)
		sip_fault_set(msg, 400,
			      kind == SIP_HDR_FROM ? "There is no From" : "There is no To");
	else if (sip_nameaddr_parse(value, na) || na->star)
		sip_fault_set(msg, 400, "From or To cannot be understood");
	else
		tag_take(msg, na->params, ret_tag);
}

static bool is_call_id(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (sip_is_blank(s.p[i]))
			return false;
	}
	return s.n > 0;
}

static void call_id_take(struct sip_msg *msg)
{
	msg->call_id = sip_msg_value(msg, SIP_HDR_CALL_ID);
	if (!msg->call_id.p)
		sip_fault_set(msg, 400, "There is no Call-ID");
	else if (!is_call_id(msg->call_id))
		sip_fault_set(msg, 400, "The Call-ID is empty or holds blanks");
}

static void cseq_take(struct sip_msg *msg)
{
	struct slice value = sip_msg_value(msg, SIP_HDR_CSEQ);

	if (!value.p)
		sip_fault_set(msg, 400, "There is no CSeq");
	else if (sip_cseq_parse(value, &msg->cseq))
		sip_fault_set(msg, 400, "CSeq is not a number below 2^31 and a method");
	else if (msg->is_request && !slice_eq(msg->cseq.method_text, msg->method_text))
		sip_fault_set(msg, 400, "The method in CSeq is not that of the request");
}

static void via_take(struct sip_msg *msg)
{
	struct slice value = sip_msg_value(msg, SIP_HDR_VIA);

	if (!value.p)
		sip_fault_set(msg, 400, "There is no Via");
	else if (value.n == 0 || sip_via_parse(sip_list_cut(&value), &msg->via))
		sip_fault_set(msg, 400, "The topmost Via cannot be understood");
}

/*
 * Can a response be made of it? It goes back where the request came from, so a Via to copy is all
 * that it needs, readable or not; who forgot his Call-ID shall hear of it (RFC 4475 §3.1.2.1,
 * §3.3.1). An ACK and a response never get one.
 */
static bool is_answerable(const struct sip_msg *msg)
{
	return msg->is_request && msg->method != SIP_ACK && msg->first[SIP_HDR_VIA] >= 0;
}

static int table_keep(struct reader *r, struct arena *arena)
{
	size_t bytes = r->count * sizeof(r->table[0]);
	struct sip_header *kept = arena_take(arena, bytes ? bytes : 1);

	r->msg->header_count = r->count;
	r->msg->headers = r->table;
	if (kept) {
		memcpy(kept, r->table, bytes);
		r->msg->headers = kept;
		return 0;
	}
	/* Without its table the message is nothing; it was all cut from bytes that are still there,
	 * but drop it. */
	r->msg->header_count = 0;
	r->msg->headers = NULL;
	memset(r->msg->first, 0xff, sizeof(r->msg->first));
	r->msg->fault = (struct sip_fault){500, "No memory for the headers"};
	return ERR_TOO_BIG;
}

static void msg_init(struct sip_msg *msg)
{
	memset(msg, 0, sizeof(*msg));
	memset(msg->first, 0xff, sizeof(msg->first)); /* -1 each */
	msg->method = SIP_METHOD_OTHER;
	msg->cseq.method = SIP_METHOD_OTHER;
}

int sip_msg_parse(struct slice bytes, struct arena *arena, struct sip_msg *ret_msg)
{
	struct reader r; /* not {0}: most of its table is never touched */

	msg_init(ret_msg);
	r.p = bytes.n ? (char *)bytes.p : (char[1]){0}; /* the caller's to write to, see msg.h */
	r.end = r.p + bytes.n;
	r.msg = ret_msg;
	r.count = 0;
	r.too_many = false;
	line_ends_skip(&r);
	ret_msg->raw = slice_of(r.p, (size_t)(r.end - r.p));
	start_line_read(&r);
	headers_read(&r);
	if (table_keep(&r, arena))
		return ERR_TOO_BIG;
	body_take(&r);
	via_take(ret_msg);
	party_take(ret_msg, SIP_HDR_FROM, &ret_msg->from, &ret_msg->from_tag);
	party_take(ret_msg, SIP_HDR_TO, &ret_msg->to, &ret_msg->to_tag);
	call_id_take(ret_msg);
	cseq_take(ret_msg);
	ret_msg->answerable = is_answerable(ret_msg);
	if (r.too_many) {
		ret_msg->fault = (struct sip_fault){513, "There are too many headers"};
		return ERR_TOO_BIG;
	}
	return ret_msg->fault.code ? ERR_SYNTAX : 0;
}
