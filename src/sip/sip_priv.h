/* What the files of this room share: character classes, scanning, the pieces of a message. */
#pragma once

#include "sip/msg.h"
#include "sip/value.h"

#include <endian.h>

/* Sets of characters (RFC 3261 §25.1), one bit each in sip_chars. */
enum sip_char_set {
	SIP_CHAR_TOKEN = 1,
	SIP_CHAR_HOST = 2,	/* a host name; '_' too, which is common in private networks */
	SIP_CHAR_URI = 4,	/* may stand somewhere in a URI; bytes above 0x7f too */
	SIP_CHAR_USER = 8,	/* may stand unescaped in a user part */
	SIP_CHAR_RESERVED = 16, /* differs from its %HH form (RFC 3261 §19.1.4) */
	SIP_CHAR_PARAM = 32, /* may stand in a parameter value without quotes; more than token, as
				phones do */
	SIP_CHAR_IP6 = 64,   /* between the brackets of an IPv6 reference */
};

extern const uint8_t sip_chars[256];

static inline bool sip_char_in(char c, enum sip_char_set set)
{
	return (sip_chars[(unsigned char)c] & set) != 0;
}

/* How many bytes at the start of s belong to the set. */
static inline size_t sip_span(struct slice s, enum sip_char_set set)
{
	size_t n = 0;

	while (n < s.n && sip_char_in(s.p[n], set))
		n++;
	return n;
}

static inline bool sip_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Without SP and HTAB at either end; unfolded values hold no other white space. */
static inline struct slice sip_trim(struct slice s)
{
	while (s.n && sip_is_blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n && sip_is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

#define SIP_EACH_BYTE(b) (0x0101010101010101u * (b))

/*
 * The top bit of each of the eight bytes at p that is a control character (below 0x20, or DEL):
 * x - 0x20 borrows into the top bit of a byte that is below 0x20. A borrow can only spoil bytes
 * after the first hit, and only the first is used.
 */
static inline uint64_t sip_control_bits(const char *p)
{
	uint64_t x;

	memcpy(&x, p, 8);
	x = le64toh(x);
	uint64_t del = x ^ SIP_EACH_BYTE(0x7f);
	return (((x - SIP_EACH_BYTE(0x20)) & ~x) | ((del - SIP_EACH_BYTE(1)) & ~del)) &
	       SIP_EACH_BYTE(0x80);
}

/*
 * The first control character other than HTAB in [p, end); end when there is none. Every byte of
 * every header passes through here, so it looks at eight at a time.
 */
static inline const char *sip_control_find(const char *p, const char *end)
{
	while (end - p >= 8) {
		uint64_t hit = sip_control_bits(p);
		if (hit == 0) {
			p += 8;
			continue;
		}
		p += __builtin_ctzll(hit) / 8;
		if (*p != '\t')
			return p;
		p++;
	}
	while (p < end && (((unsigned char)*p >= 0x20 && *p != 0x7f) || *p == '\t'))
		p++;
	return p;
}

/* Length of the line end at p: 2 for CR LF, 1 for a bare LF, 0 when there is none. */
static inline size_t sip_eol(const char *p, const char *end)
{
	if (p < end && *p == '\n')
		return 1;
	return end - p >= 2 && p[0] == '\r' && p[1] == '\n' ? 2 : 0;
}

/* Length of the quoted string that s starts with, both quotes included; 0: it never ends. */
size_t sip_quoted_span(struct slice s);

/* Cuts the first element off a list, trimmed: commas in quotes and <> do not count. list->n > 0. */
struct slice sip_list_cut(struct slice *list);

/* Cuts the first parameter off, trimmed: ';' in quotes does not count. params->n > 0. */
struct slice sip_param_cut(struct slice *params);

/* Name and value of what sip_param_cut gave. */
void sip_param_split(struct slice param, struct slice *ret_name, struct slice *ret_value);

/* Quotes closed, and outside of them nothing that belongs to another element (',' '<' '>'). */
bool sip_params_are_sound(struct slice params);

/* The byte that the two hex digits at text.p[at] stand for; -1 when they are not there. */
int sip_hex_pair(struct slice text, size_t at);

/* "host", "host:5060", "[2001:db8::1]", blanks around ':' allowed; port 0: none. 0, ERR_SYNTAX. */
int sip_hostport_parse(struct slice text, struct slice *ret_host, uint16_t *ret_port);

/*
 * "Name :" at the start of [p, end): the name, and *ret_value is where its value starts. An absent
 * slice when the line does not start so. Parser and framing both read names here, so that they
 * never disagree about Content-Length.
 */
struct slice sip_header_name_read(const char *p, const char *end, const char **ret_value);

/* The number in a Content-Length value. 0; ERR_SYNTAX: none, or more than a message may have. */
int sip_content_length_parse(struct slice value, size_t *ret_bytes);

/* The first fault of a message is the one that is told. */
void sip_fault_set(struct sip_msg *msg, int code, const char *text);

/* Request line or status line, without its line end. Sets a fault when it is not good. */
void sip_start_line_parse(struct slice line, struct sip_msg *msg);
