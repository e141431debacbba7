/* Messages as a phone in a hurry reads and writes them. */
#include "load.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <stdlib.h>

#define CHALLENGES_MAX 5

static void see_first_line(struct slice line, struct seen *s)
{
	struct slice word = slice_cut(&line, ' ');

	if (slice_eq(word, SLICE("SIP/2.0")))
		s->code = atoi(line.p);
	else
		s->uri = slice_cut(&line, ' ');
}

static void see_method(struct slice cseq, struct seen *s)
{
	s->cseq = cseq;
	(void)slice_cut(&cseq, ' ');
	s->method = slice_trim(cseq);
}

static void keep(struct slice *lines, uint32_t *count, struct slice value)
{
	if (*count < LINES_MAX)
		lines[(*count)++] = value;
}

static void see_header(struct slice line, struct seen *s)
{
	struct slice value = line, name = slice_cut(&value, ':');

	value = slice_trim(value);
	if (slice_ieq(name, SLICE("Via")))
		keep(s->vias, &s->via_count, value);
	else if (slice_ieq(name, SLICE("Record-Route")))
		keep(s->routes, &s->route_count, value);
	else if (slice_ieq(name, SLICE("From")))
		s->from = value;
	else if (slice_ieq(name, SLICE("To")))
		s->to = value;
	else if (slice_ieq(name, SLICE("Call-ID")))
		s->call_id = value;
	else if (slice_ieq(name, SLICE("CSeq")))
		see_method(value, s);
	else if (slice_ieq(name, SLICE("Contact")))
		s->contact = value;
	else if (slice_ieq(name, SLICE("WWW-Authenticate")) ||
		 slice_ieq(name, SLICE("Proxy-Authenticate")))
		s->challenge = value;
}

bool text_see(struct slice bytes, struct seen *ret_seen)
{
	struct slice line;

	memset(ret_seen, 0, sizeof(*ret_seen));
	see_first_line(slice_trim(slice_cut(&bytes, '\n')), ret_seen);
	while (bytes.n) {
		line = slice_trim(slice_cut(&bytes, '\n'));
		if (line.n == 0) {
			ret_seen->body = bytes;
			return ret_seen->call_id.n && ret_seen->method.n;
		}
		see_header(line, ret_seen);
	}
	return false;
}

struct slice text_uri(struct slice value)
{
	size_t open = slice_find(value, '<');

	if (open == value.n)
		return slice_first(value, slice_find(value, ';'));
	value = slice_from(value, open + 1);
	return slice_first(value, slice_find(value, '>'));
}

struct slice text_tag(struct slice value)
{
	struct slice rest = slice_from(value, slice_find(value, '>')), part;

	while (rest.n) {
		part = slice_cut(&rest, ';');
		if (slice_starts(part, SLICE("tag=")))
			return slice_from(part, 4);
	}
	return SLICE_NONE;
}

static void add_line(struct strbuf *b, const char *name, struct slice value)
{
	strbuf_str(b, name);
	strbuf_add(b, value);
	strbuf_str(b, "\r\n");
}

void text_answer(struct strbuf *b, const struct seen *request, const char *status, const char *tag)
{
	strbuf_str(b, "SIP/2.0 ");
	strbuf_str(b, status);
	strbuf_str(b, "\r\n");
	for (uint32_t i = 0; i < request->via_count; i++)
		add_line(b, "Via: ", request->vias[i]);
	for (uint32_t i = 0; i < request->route_count; i++)
		add_line(b, "Record-Route: ", request->routes[i]);
	add_line(b, "From: ", request->from);
	strbuf_str(b, "To: ");
	strbuf_add(b, request->to);
	if (tag && !text_tag(request->to).n) {
		strbuf_str(b, ";tag=");
		strbuf_str(b, tag);
	}
	strbuf_str(b, "\r\n");
	add_line(b, "Call-ID: ", request->call_id);
	add_line(b, "CSeq: ", request->cseq);
}

void text_body(struct strbuf *b, uint16_t media_port)
{
	char body[512];
	int n = 0;

	if (media_port)
		n = snprintf(body, sizeof(body),
			     "v=0\r\no=phone 4711 1 IN IP4 127.0.0.1\r\ns=-\r\n"
			     "c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %u RTP/AVP 0 8 101\r\n"
			     "a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
			     "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
			     "a=ptime:20\r\na=sendrecv\r\n",
			     media_port);
	if (n)
		strbuf_str(b, "Content-Type: application/sdp\r\n");
	strbuf_fmt(b, "Content-Length: %d\r\n\r\n", n);
	strbuf_add(b, slice_of(body, (size_t)n));
}

bool text_media(struct slice body, struct sockaddr_in *ret_addr)
{
	char host[64] = "";
	uint64_t port = 0;

	while (body.n) {
		struct slice line = slice_trim(slice_cut(&body, '\n'));

		if (slice_starts(line, SLICE("c=IN IP4 ")))
			(void)slice_copy(slice_from(line, 9), host, sizeof(host));
		if (slice_starts(line, SLICE("m=audio ")) && port == 0) {
			line = slice_from(line, 8);
			(void)slice_u64(slice_cut(&line, ' '), 65535, &port);
		}
	}
	*ret_addr = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	return port && inet_pton(AF_INET, host, &ret_addr->sin_addr) == 1;
}

/* --- digest */

static void md5_hex(const char *text, char ret_hex[33])
{
	static EVP_MD *md5;
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (!md5)
		md5 = EVP_MD_fetch(NULL, "MD5", NULL);
	if (!md5 || EVP_Digest(text, strlen(text), sum, &n, md5, NULL) != 1)
		exit(2);
	for (unsigned i = 0; i < n; i++)
		snprintf(ret_hex + 2 * i, 3, "%02x", sum[i]);
}

static struct slice quoted(struct slice challenge, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i + n < challenge.n; i++) {
		if (memcmp(challenge.p + i, name, n) == 0) {
			struct slice rest = slice_from(challenge, i + n);
			return slice_first(rest, slice_find(rest, '"'));
		}
	}
	return SLICE_NONE;
}

bool text_asks(struct slice challenge, uint32_t answered)
{
	return challenge.n &&
	       (answered == 0 ||
		(answered < CHALLENGES_MAX && memmem(challenge.p, challenge.n, "stale=true", 10)));
}

void text_credentials(struct strbuf *b, struct slice challenge, uint32_t subscriber,
		      const char *method, const char *uri)
{
	struct slice realm = quoted(challenge, "realm=\""), nonce = quoted(challenge, "nonce=\"");
	char text[512], ha1[33], ha2[33], response[33];

	snprintf(text, sizeof(text), ACCOUNT_FORMAT ":%.*s:" PASSWORD_FORMAT,
		 ACCOUNT_OF(subscriber), SLICE_ARG(realm), subscriber);
	md5_hex(text, ha1);
	snprintf(text, sizeof(text), "%s:%s", method, uri);
	md5_hex(text, ha2);
	snprintf(text, sizeof(text), "%s:%.*s:00000001:c0ffee:auth:%s", ha1, SLICE_ARG(nonce), ha2);
	md5_hex(text, response);
	strbuf_fmt(b,
		   "Digest username=\"" ACCOUNT_FORMAT "\", realm=\"%.*s\", nonce=\"%.*s\", "
		   "uri=\"%s\", response=\"%s\", algorithm=MD5, cnonce=\"c0ffee\", qop=auth, "
		   "nc=00000001",
		   ACCOUNT_OF(subscriber), SLICE_ARG(realm), SLICE_ARG(nonce), uri, response);
}

/* FNV-1a */
uint64_t text_hash(struct slice s)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 1099511628211u;
	return h;
}
