/* A call as a ladder: caller | OpenGate | callee. */
#include "cli.h"

#include <string.h>

#define LANE 38

static const char *text_of(const json_t *e, const char *key)
{
	const char *t = json_string_value(json_object_get(e, key));
	return t ? t : "";
}

/* "INVITE", "200 OK (INVITE)" */
static void summary(const char *bytes, char *out, size_t out_bytes)
{
	char line[128], method[32] = "";
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(bytes, "\r\n"), bytes);
	const char *cseq = strcasestr(bytes, "\nCSeq:");
	if (cseq)
		sscanf(cseq + 6, " %*u %31s", method);
	if (strncmp(line, "SIP/2.0 ", 8) == 0) {
		snprintf(out, out_bytes, "%.28s (%s)", line + 8, method);
	} else {
		line[strcspn(line, " ")] = '\0';
		snprintf(out, out_bytes, "%.60s", line);
	}
	if (strcasestr(bytes, "application/sdp"))
		strncat(out, " SDP", out_bytes - strlen(out) - 1);
}

static void print_arrow(bool caller, bool in, const char *label)
{
	bool right = caller == in; /* from the caller in, or to the callee out */
	char arrow[LANE + 1];
	int n = (int)strlen(label);
	memset(arrow, '-', LANE);
	arrow[LANE] = '\0';
	memcpy(arrow + 2, label, (size_t)(n < LANE - 4 ? n : LANE - 4));
	arrow[right ? LANE - 1 : 0] = right ? '>' : '<';
	if (caller)
		printf("|%s|%*s|", arrow, LANE, "");
	else
		printf("|%*s|%s|", LANE, "", arrow);
}

static void print_note(const json_t *e)
{
	char note[256];
	snprintf(note, sizeof(note), "* %s %s %s", text_of(e, "text"), text_of(e, "reason"),
		 text_of(e, "detail"));
	make_plain(note);
	puts(note);
}

void print_ladder(const json_t *trace)
{
	const json_t *events = json_object_get(trace, "events");
	json_int_t start = -1;
	char label[96];
	const char *caller_id = "";
	size_t i;
	json_t *e;
	json_array_foreach(events, i, e)
	{
		if (strcmp(text_of(e, "event"), "CALL_STARTED") == 0)
			caller_id = text_of(e, "call_id");
	}
	printf("%9s  %-*s %-*s %s\n", "ms", LANE - 3, "caller", LANE - 2, "OpenGate", "callee");
	json_array_foreach(events, i, e)
	{
		json_int_t at = json_integer_value(json_object_get(e, "mono_ms"));
		start = start < 0 ? at : start;
		printf("%9lld  ", (long long)(at - start));
		if (strcmp(text_of(e, "event"), "SIP_MESSAGE") != 0) {
			print_note(e);
			continue;
		}
		const char *bytes = text_of(e, "bytes");
		summary(bytes, label, sizeof(label));
		make_plain(label);
		print_arrow(*caller_id && strstr(bytes, caller_id) != NULL,
			    strcmp(text_of(e, "direction"), "in") == 0, label);
		printf(" %s\n", text_of(e, "remote"));
	}
}
