/* The torture messages of RFC 4475 and RFC 5118 (tests/torture) at the parser. */
#include "check.h"

#include "sdp/sdp.h"

#define FACTS_MAX 16

/* One paragraph of tests/torture/cases. */
struct torture {
	char name[64];
	int fault; /* 0: it must be accepted */
	uint32_t fact_count;
	struct {
		char key[32], value[512];
	} facts[FACTS_MAX];
};

static char message[SIP_MESSAGE_BYTES_MAX];

static size_t message_read(const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), TORTURE_DIR "/messages/%s", name);
	FILE *f = fopen(path, "rb");
	if (f == NULL)
		fail_msg("there is no %s", path);
	size_t n = fread(message, 1, sizeof(message), f);
	fclose(f);
	assert_true(n > 0 && n < sizeof(message));
	return n;
}

static void fact_take(struct torture *t, const char *text)
{
	assert_true(t->fact_count < FACTS_MAX);
	const char *space = strchr(text, ' ');
	assert_non_null(space);
	snprintf(t->facts[t->fact_count].key, sizeof(t->facts[0].key), "%.*s", (int)(space - text),
		 text);
	snprintf(t->facts[t->fact_count++].value, sizeof(t->facts[0].value), "%s", space + 1);
}

/* Reads on to the end of the paragraph; false when there is none left. */
static bool case_next(FILE *f, struct torture *t)
{
	char line[1024];

	memset(t, 0, sizeof(*t));
	t->fault = -1;
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '\0' && t->name[0])
			return true;
		if (line[0] == '[')
			snprintf(t->name, sizeof(t->name), "%.*s", (int)strcspn(line + 1, "]"),
				 line + 1);
		else if (strncmp(line, "parse ", 6) == 0)
			t->fault = strcmp(line + 6, "ok") ? atoi(line + 6) : 0;
		else if (strncmp(line, "is ", 3) == 0)
			fact_take(t, line + 3);
	}
	return t->name[0] != '\0';
}

static long long count_of(const struct sip_msg *m, enum sip_header_kind kind)
{
	struct sip_values it = sip_msg_values(m, kind);
	struct slice value;
	long long n = 0;

	while (sip_values_next(&it, &value))
		n++;
	return n;
}

static struct slice plain(struct slice user)
{
	static char text[256];

	assert_int_equal(sip_unescape(user, text, sizeof(text)), 0);
	return slice_str(text);
}

static struct slice number(long long n)
{
	static char text[32];

	snprintf(text, sizeof(text), "%lld", n);
	return slice_str(text);
}

static struct slice hops(const struct sip_msg *m)
{
	uint32_t n = 0;

	assert_int_equal(sip_msg_number(m, SIP_HDR_MAX_FORWARDS, 255, &n), 0);
	return number(n);
}

/* Where the media of a stream of the body goes. */
static struct slice media(const struct sip_msg *m, size_t stream)
{
	static char text[ADDR_TEXT_BYTES];
	static struct sdp sdp;

	assert_int_equal(sdp_parse(m->body, &sdp), 0);
	assert_true(stream < sdp.stream_count);
	return slice_str(addr_text(&sdp.streams[stream].rtp, text));
}

static struct slice understood_uri(const struct sip_msg *m, struct slice key)
{
	if (slice_eq(key, SLICE("user")))
		return m->uri.user;
	if (slice_eq(key, SLICE("user-plain")))
		return plain(m->uri.user);
	if (slice_eq(key, SLICE("host")))
		return m->uri.host;
	if (slice_eq(key, SLICE("port")))
		return number(m->uri.port);
	if (slice_eq(key, SLICE("scheme")))
		return m->uri.scheme == SIP_SCHEME_OTHER ? SLICE("other") : SLICE("known");
	return SLICE_NONE;
}

static struct slice understood_party(const struct sip_msg *m, struct slice key)
{
	if (slice_eq(key, SLICE("from-display")))
		return m->from.display;
	if (slice_eq(key, SLICE("to-display")))
		return m->to.display;
	if (slice_eq(key, SLICE("from-tag")))
		return m->from_tag;
	if (slice_eq(key, SLICE("to-user")))
		return m->to.uri.user;
	if (slice_eq(key, SLICE("from-user-plain")))
		return plain(m->from.uri.user);
	if (slice_eq(key, SLICE("to-user-plain")))
		return plain(m->to.uri.user);
	return SLICE_NONE;
}

static struct slice understood_via(const struct sip_msg *m, struct slice key)
{
	if (slice_eq(key, SLICE("via-branch")))
		return m->via.branch;
	if (slice_eq(key, SLICE("via-host")))
		return m->via.host;
	if (slice_eq(key, SLICE("via-received")))
		return m->via.received;
	if (slice_eq(key, SLICE("via-port")))
		return number(m->via.port);
	return SLICE_NONE;
}

static struct slice understood_rest(const struct sip_msg *m, struct slice key)
{
	if (slice_eq(key, SLICE("method")))
		return m->method_text;
	if (slice_eq(key, SLICE("code")))
		return number(m->code);
	if (slice_eq(key, SLICE("phrase")))
		return m->reason_phrase;
	if (slice_eq(key, SLICE("cseq")))
		return number(m->cseq.number);
	if (slice_eq(key, SLICE("hops")))
		return hops(m);
	if (slice_eq(key, SLICE("vias")))
		return number(count_of(m, SIP_HDR_VIA));
	if (slice_eq(key, SLICE("contacts")))
		return number(count_of(m, SIP_HDR_CONTACT));
	if (slice_eq(key, SLICE("routes")))
		return number(count_of(m, SIP_HDR_ROUTE));
	if (slice_eq(key, SLICE("subject")))
		return sip_msg_value(m, SIP_HDR_SUBJECT);
	if (slice_eq(key, SLICE("body")))
		return number((long long)m->body.n);
	if (slice_eq(key, SLICE("media")))
		return media(m, 0);
	if (slice_eq(key, SLICE("media2")))
		return media(m, 1);
	return SLICE_NONE;
}

static void check_fact(const struct torture *t, const struct sip_msg *m, const char *key,
		       const char *want)
{
	static struct slice (*const sources[])(const struct sip_msg *, struct slice) = {
		understood_uri, understood_party, understood_via, understood_rest};
	struct slice got = SLICE_NONE;
	char of[128];

	for (size_t i = 0; i < COUNT(sources) && !got.p; i++)
		got = sources[i](m, slice_str(key));
	snprintf(of, sizeof(of), "%s: %s", t->name, key);
	check_slice(got, want, of);
}

static void check_case(const struct torture *t)
{
	struct parsed p;
	struct sip_msg *m = parse_bytes(&p, slice_of(message, message_read(t->name)));

	check_number(m->fault.code, t->fault, t->name);
	check_number(p.rc == 0, t->fault == 0, t->name);
	for (uint32_t i = 0; i < t->fact_count; i++)
		check_fact(t, m, t->facts[i].key, t->facts[i].value);
	parsed_fini(&p);
}

static void test_torture(void **state)
{
	FILE *f = fopen(TORTURE_DIR "/cases", "r");
	struct torture t;
	int n = 0;

	(void)state;
	assert_non_null(f);
	for (; case_next(f, &t); n++)
		check_case(&t);
	fclose(f);
	/* 49 sections of RFC 4475, and 11 messages for the 10 of RFC 5118. */
	assert_int_equal(n, 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_torture),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
