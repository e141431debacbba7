/* What a phone writes. */
#include "ua_priv.h"

#include <stdio.h>

static const struct {
	int code;
	const char *phrase;
} PHRASES[] = {
	{100, "Trying"},
	{180, "Ringing"},
	{183, "Session Progress"},
	{200, "OK"},
	{302, "Moved Temporarily"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{408, "Request Timeout"},
	{480, "Temporarily Unavailable"},
	{481, "Call/Transaction Does Not Exist"},
	{486, "Busy Here"},
	{487, "Request Terminated"},
	{488, "Not Acceptable Here"},
	{491, "Request Pending"},
	{500, "Server Internal Error"},
	{503, "Service Unavailable"},
	{600, "Busy Everywhere"},
	{603, "Decline"},
};

const char *ua_phrase(int code)
{
	for (size_t i = 0; i < sizeof(PHRASES) / sizeof(PHRASES[0]); i++) {
		if (PHRASES[i].code == code)
			return PHRASES[i].phrase;
	}
	return "Whatever";
}

void ua_text(char *dst, size_t cap_bytes, struct slice s)
{
	if (slice_copy(s, dst, cap_bytes)) {
		fprintf(stderr, "simulation: a phone met a text too long to keep: %.*s\n",
			SLICE_ARG(slice_first(s, 80)));
		dst[0] = 0;
	}
}

static const char *claimed_text(const struct ua *ua, char buf[ADDR_TEXT_BYTES])
{
	return addr_text(ua->claimed.family ? &ua->claimed : &ua->local, buf);
}

const char *ua_contact(const struct ua *ua, char buf[320])
{
	char at[ADDR_TEXT_BYTES];
	snprintf(buf, 320, "<sip:%s@%s%s>", ua->account[0] ? ua->account : ua->name,
		 claimed_text(ua, at), ua->tcp ? ";transport=tcp" : "");
	return buf;
}

void ua_via(const struct ua *ua, struct strbuf *b, const char *branch)
{
	char at[ADDR_TEXT_BYTES];
	strbuf_fmt(b, "Via: SIP/2.0/%s %s;branch=%s;rport\r\n", ua->tcp ? "TCP" : "UDP",
		   claimed_text(ua, at), branch);
}

static void write_credentials(struct ua *ua, struct strbuf *b, const struct ua_request_text *r)
{
	char value[1024];
	ua_credentials(ua, r->method, r->uri, value, sizeof(value));
	if (value[0])
		strbuf_fmt(b, "%s: %s\r\n",
			   ua->auth.proxy ? "Proxy-Authorization" : "Authorization", value);
}

static void write_body(struct strbuf *b, const char *type, const char *body)
{
	if (body && body[0])
		strbuf_fmt(b, "Content-Type: %s\r\n", type);
	strbuf_fmt(b, "Content-Length: %zu\r\n\r\n%s", body ? strlen(body) : 0, body ? body : "");
}

void ua_write_request(struct ua *ua, struct strbuf *b, const struct ua_request_text *r,
		      const char *branch, bool credentials)
{
	char contact[320];
	strbuf_fmt(b, "%s %s SIP/2.0\r\n", r->method, r->uri);
	ua_via(ua, b, branch);
	if (r->routes[0])
		strbuf_fmt(b, "Route: %s\r\n", r->routes);
	strbuf_fmt(b, "Max-Forwards: 70\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %u %s\r\n",
		   r->from, r->to, r->call_id, r->cseq, r->method);
	if (r->contact)
		strbuf_fmt(b, "Contact: %s\r\n", ua_contact(ua, contact));
	if (credentials)
		write_credentials(ua, b, r);
	strbuf_fmt(b, "User-Agent: %s\r\n%s", ua->agent, r->headers);
	write_body(b, r->type, r->body);
}

static void copy_header(struct strbuf *b, const struct wire_msg *m, const char *name)
{
	for (uint32_t i = 0; i < wire_header_count(m, name); i++)
		strbuf_fmt(b, "%s: %.*s\r\n", name, SLICE_ARG(wire_header(m, name, i)));
}

static bool makes_dialog(const struct wire_msg *req, int code)
{
	return code > 100 && code < 300 && slice_eq(req->method, SLICE("INVITE"));
}

void ua_write_response(const struct ua *ua, struct strbuf *b, const struct wire_msg *req, int code,
		       const char *tag, const char *headers, const char *type, const char *body)
{
	char contact[320];
	const struct slice to = wire_header(req, "To", 0);
	strbuf_fmt(b, "SIP/2.0 %d %s\r\n", code, ua_phrase(code));
	copy_header(b, req, "Via");
	copy_header(b, req, "From");
	strbuf_fmt(b, "To: %.*s", SLICE_ARG(to));
	if (!wire_param(to, "tag").p && tag && code != 100)
		strbuf_fmt(b, ";tag=%s", tag);
	strbuf_str(b, "\r\n");
	copy_header(b, req, "Call-ID");
	copy_header(b, req, "CSeq");
	if (makes_dialog(req, code)) {
		copy_header(b, req, "Record-Route");
		strbuf_fmt(b, "Contact: %s\r\n", ua_contact(ua, contact));
	}
	strbuf_fmt(b, "User-Agent: %s\r\n%s", ua->agent, headers ? headers : "");
	write_body(b, type, body);
}
