/* What a SIP message says, in a few words. */
#include "cli.h"
#include "ladder.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The start of the next line, or NULL. */
static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');
	return end && end[1] ? end + 1 : NULL;
}

static size_t line_bytes(const char *line)
{
	return strcspn(line, "\r\n");
}

static bool is_header(const char *line, const char *name)
{
	size_t n = strlen(name);
	return n && strncasecmp(line, name, n) == 0 && line[n + strspn(line + n, " \t")] == ':';
}

void message_header(const char *bytes, const char *name, const char *compact, char *out, size_t n)
{
	*out = '\0';
	for (const char *l = next_line(bytes); l && line_bytes(l); l = next_line(l)) {
		if (!is_header(l, name) && !is_header(l, compact))
			continue;
		const char *value = strchr(l, ':') + 1;
		value += strspn(value, " \t");
		snprintf(out, n, "%.*s", (int)line_bytes(value), value);
		return;
	}
}

static const char *body_of_message(const char *bytes)
{
	const char *end = strstr(bytes, "\r\n\r\n");
	return end ? end + 4 : "";
}

static void append(char *out, const char *word)
{
	size_t n = strlen(out);
	snprintf(out + n, MESSAGE_TEXT_BYTES - n, "%s%s", n ? " " : "", word);
}

static const char *static_name(unsigned payload_type)
{
	switch (payload_type) {
	case 0:
		return "PCMU";
	case 3:
		return "GSM";
	case 8:
		return "PCMA";
	case 9:
		return "G722";
	case 18:
		return "G729";
	default:
		return NULL;
	}
}

/* Of the payload type, by the a=rtpmap lines of this media section. */
static void add_codec(const char *section, unsigned payload_type, char *out)
{
	char name[32];
	unsigned of;
	for (const char *l = section; l && (l == section || strncmp(l, "m=", 2) != 0);
	     l = next_line(l)) {
		if (sscanf(l, "a=rtpmap:%u %31[^/ \r\n]", &of, name) == 2 && of == payload_type) {
			append(out, strcasecmp(name, "telephone-event") ? name : "DTMF");
			return;
		}
	}
	if (static_name(payload_type))
		append(out, static_name(payload_type));
}

static void add_codecs(const char *section, char *out)
{
	char formats[128] = "", *rest = formats, *word;
	sscanf(section, "m=%*s %*s %*s %127[^\r\n]", formats);
	while ((word = strsep(&rest, " ")) != NULL) {
		char *end;
		unsigned long payload_type = strtoul(word, &end, 10);
		if (end != word && *end == '\0')
			add_codec(section, (unsigned)payload_type, out);
	}
}

/* From the line after this one to the next media section. */
static void read_host(const char *from, char *out, size_t n)
{
	char host[64];
	for (const char *l = next_line(from); l && strncmp(l, "m=", 2) != 0; l = next_line(l)) {
		if (sscanf(l, "c=IN %*s %63s", host) == 1)
			snprintf(out, n, strchr(host, ':') ? "[%s]" : "%s", host);
	}
}

/* Of the section, else of the session. */
static void host_of(const char *sdp, const char *section, char *out, size_t n)
{
	snprintf(out, n, "?");
	read_host(sdp, out, n);
	read_host(section, out, n);
}

static void add_direction(const char *section, char *out)
{
	static const char *const words[] = {"sendonly", "recvonly", "inactive"};
	for (const char *l = section; l && (l == section || strncmp(l, "m=", 2) != 0);
	     l = next_line(l)) {
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
			if (strncmp(l, "a=", 2) == 0 && line_bytes(l) == 2 + strlen(words[i]) &&
			    strncmp(l + 2, words[i], strlen(words[i])) == 0)
				append(out, words[i]);
		}
	}
}

static void read_media(const char *sdp, const char *section, char *out)
{
	char kind[16] = "", host[72], at[96];
	unsigned port = 0;
	*out = '\0';
	if (sscanf(section, "m=%15s %u", kind, &port) != 2)
		return;
	append(out, kind);
	if (port == 0) {
		append(out, "refused");
		return;
	}
	add_direction(section, out);
	host_of(sdp, section, host, sizeof(host));
	snprintf(at, sizeof(at), "%s:%u", host, port);
	append(out, at);
	add_codecs(section, out);
}

static void read_body(const char *bytes, struct message_words *w)
{
	char type[64];
	const char *sdp = body_of_message(bytes);
	message_header(bytes, "Content-Type", "c", type, sizeof(type));
	if (strncasecmp(type, "application/sdp", 15) != 0)
		return;
	for (const char *l = sdp; l && w->media_count < MESSAGE_MEDIA_MAX; l = next_line(l)) {
		if (strncmp(l, "m=", 2) != 0)
			continue;
		read_media(sdp, l, w->media[w->media_count]);
		make_plain(w->media[w->media_count++]);
	}
}

/* A response to anything but INVITE says to what. */
static void read_start(const char *bytes, char *out)
{
	char cseq[64], method[32] = "";
	message_header(bytes, "CSeq", "", cseq, sizeof(cseq));
	sscanf(cseq, "%*u %31s", method);
	if (strncmp(bytes, "SIP/2.0 ", 8) != 0) {
		snprintf(out, MESSAGE_TEXT_BYTES, "%.*s", (int)strcspn(bytes, " \r\n"), bytes);
		return;
	}
	snprintf(out, MESSAGE_TEXT_BYTES, "%.*s", (int)line_bytes(bytes + 8), bytes + 8);
	if (strcmp(method, "INVITE") != 0 && *method && strlen(out) < MESSAGE_TEXT_BYTES / 2) {
		size_t n = strlen(out);
		snprintf(out + n, MESSAGE_TEXT_BYTES - n, " (%s)", method);
	}
}

void message_read(const char *bytes, struct message_words *ret_words)
{
	*ret_words = (struct message_words){0};
	read_start(bytes, ret_words->what);
	make_plain(ret_words->what);
	read_body(bytes, ret_words);
}
