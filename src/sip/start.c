/* The start line (RFC 3261 §7.1, §7.2): single spaces, nothing before and nothing behind. */
#include "base/err.h"
#include "sip/sip_priv.h"

void sip_fault_set(struct sip_msg *msg, int code, const char *text)
{
	if (msg->fault.code == 0)
		msg->fault = (struct sip_fault){code, text};
}

/* "SIP/" digits "." digits */
static bool is_version(struct slice s)
{
	struct slice minor = slice_from(s, 4);
	struct slice major = slice_cut(&minor, '.');

	return slice_istarts(s, SLICE("SIP/")) && slice_is_digits(major) && slice_is_digits(minor);
}

static void version_check(struct slice version, struct sip_msg *msg)
{
	if (slice_ieq(version, SLICE("SIP/2.0")))
		return;
	if (is_version(version))
		sip_fault_set(msg, 505, "Only SIP/2.0 is spoken here");
	else
		sip_fault_set(msg, 400, "The start line does not end with the SIP version");
}

static void request_uri_check(struct sip_msg *msg)
{
	if (sip_uri_parse(msg->uri_text, &msg->uri))
		sip_fault_set(msg, 400, "The Request-URI cannot be understood");
	else if (msg->uri.headers.p)
		sip_fault_set(msg, 400, "The Request-URI carries header fields");
}

static void request_line_parse(struct slice line, struct sip_msg *msg)
{
	struct slice rest = line;

	msg->is_request = true;
	msg->method_text = slice_cut(&rest, ' ');
	msg->uri_text = slice_cut(&rest, ' ');
	msg->method = sip_method_of(msg->method_text);
	if (!sip_is_token(msg->method_text))
		sip_fault_set(msg, 400, "The request line does not start with a method");
	version_check(rest, msg);
	request_uri_check(msg);
}

static bool is_status(struct slice s)
{
	return s.n == 3 && slice_is_digits(s) && s.p[0] >= '1' && s.p[0] <= '6';
}

static void status_line_parse(struct slice line, struct sip_msg *msg)
{
	struct slice rest = line;
	struct slice version = slice_cut(&rest, ' ');
	struct slice code = slice_cut(&rest, ' ');

	version_check(version, msg);
	if (!is_status(code)) {
		sip_fault_set(msg, 400, "The status code is not a number from 100 to 699");
		return;
	}
	msg->code = (code.p[0] - '0') * 100 + (code.p[1] - '0') * 10 + (code.p[2] - '0');
	msg->reason_phrase = rest;
}

void sip_start_line_parse(struct slice line, struct sip_msg *msg)
{
	if (sip_control_find(line.p, line.p + line.n) != line.p + line.n)
		sip_fault_set(msg, 400, "The start line holds a control character");
	/* '/' is no token, so no method can look like this. */
	if (slice_istarts(line, SLICE("SIP/")))
		status_line_parse(line, msg);
	else
		request_line_parse(line, msg);
}
