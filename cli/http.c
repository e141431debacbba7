/* One request over the daemon's unix socket, and what goes wrong on the way in one line each. */
#include "cli.h"

#include "base/slice.h"
#include "main/config.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POLL_TIMEOUT_MS	 10000
#define SILENT_POLLS_MAX 3
#define BAR_CHARS	 40

static const char *config_path(const struct arguments *a)
{
	const char *env = getenv("OPENGATE_CONFIG");
	if (a->config)
		return a->config;
	if (env && *env)
		return env;
	return access("opengate.yaml", F_OK) == 0 ? "opengate.yaml" : "/etc/opengate/opengate.yaml";
}

struct memory {
	char *p;
	size_t n, cap;
};

static size_t gather(char *data, size_t one, size_t count, void *ctx)
{
	struct memory *m = ctx;
	size_t n = one * count;
	if (m->n + n + 1 > m->cap) {
		size_t cap = (m->n + n + 1) * 2;
		char *grown = realloc(m->p, cap);
		if (grown == NULL)
			return 0;
		m->p = grown;
		m->cap = cap;
	}
	memcpy(m->p + m->n, data, n);
	m->n += n;
	m->p[m->n] = '\0';
	return n;
}

/* ---- what the server refuses ---- */

static const char *text_of(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static void show_row(const json_t *row)
{
	const char *column = text_of(row, "column"), *value = text_of(row, "value");
	const char *message = text_of(row, "message"), *hint = text_of(row, "hint");
	char *line = NULL;
	if (asprintf(&line, "line %d%s%s%s%s%s: %s%s%s",
		     (int)json_integer_value(json_object_get(row, "line")), column ? ", " : "",
		     column ? column : "", value ? " \"" : "", value ? value : "",
		     value ? "\"" : "", message ? message : "", hint ? "; " : "",
		     hint ? hint : "") < 0)
		return;
	make_plain(line);
	fprintf(stderr, "  %s\n", line);
	free(line);
}

static void show_refusal(const json_t *json, long status)
{
	const json_t *e = json_object_get(json, "error");
	const char *message = text_of(e, "message"), *hint = text_of(e, "hint");
	size_t i;
	json_t *row;
	if (message)
		complain("%s%s%s", message, hint ? "; " : "", hint ? hint : "");
	else
		complain("the server answered %ld without saying why; is it an opengated of this "
			 "version?",
			 status);
	json_array_foreach(json_object_get(e, "rows"), i, row)
	{
		show_row(row);
	}
}

static bool is_csv(CURL *curl)
{
	const char *type = NULL;
	curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
	return type && strncmp(type, "text/csv", 8) == 0;
}

static int finish(const struct arguments *a, CURL *curl, struct memory *m, struct reply *r)
{
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &r->status);
	r->json = is_csv(curl) ? NULL : json_loadb(m->p ? m->p : "", m->n, 0, NULL);
	r->text = m->p;
	r->n = m->n;
	if (r->status >= 400) {
		if (!a->silent)
			show_refusal(r->json, r->status);
		return EXIT_REFUSED;
	}
	if (r->json || is_csv(curl))
		return EXIT_DONE;
	if (!a->silent)
		complain("the answer cannot be read; is it an opengated that serves this socket?");
	return EXIT_REFUSED;
}

/* ---- what goes wrong on the way ---- */

struct place {
	const char *config;
	char socket[CONFIG_SOCKET_BYTES];
};

static void complain_connect(const struct place *p, long error)
{
	if (error == EACCES || error == EPERM)
		complain("%s may not be opened by this user; use sudo, or become a member of the "
			 "socket's group",
			 p->socket);
	else
		complain("no opengated answers at %s; start it: opengated --config %s", p->socket,
			 p->config);
}

static int transport_failed(const struct arguments *a, const struct place *p, CURL *curl,
			    CURLcode code)
{
	long error = 0;
	curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &error);
	if (a->silent)
		return EXIT_REFUSED;
	if (code == CURLE_COULDNT_CONNECT && error == 0 && access(p->socket, F_OK) == 0 &&
	    access(p->socket, W_OK) != 0)
		error = EACCES;
	if (code == CURLE_COULDNT_CONNECT)
		complain_connect(p, error);
	else if (code == CURLE_OPERATION_TIMEDOUT || code == CURLE_ABORTED_BY_CALLBACK)
		complain("the server at %s did not answer in time; it is overloaded or stopped: "
			 "look at its log, or give it longer with --timeout SECONDS",
			 p->socket);
	else if (code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR ||
		 code == CURLE_SEND_ERROR || code == CURLE_PARTIAL_FILE)
		complain("the server at %s ended before it had answered; look at its log, then see "
			 "what was done",
			 p->socket);
	else
		complain("%s: %s; is it an opengated that serves this socket?", p->socket,
			 curl_easy_strerror(code));
	return EXIT_REFUSED;
}

static bool find_place(const struct arguments *a, struct place *p)
{
	char text[CONFIG_FAULT_BYTES];
	p->config = config_path(a);
	if (config_socket(p->config, p->socket, text, sizeof(text)) == 0)
		return true;
	if (!a->silent)
		complain("%s", text);
	return false;
}

static CURL *prepare(const struct place *p, const char *method, const char *path, struct memory *m)
{
	CURL *curl = curl_easy_init();
	char *url = NULL;
	if (curl == NULL || asprintf(&url, "http://opengate%s", path) < 0) {
		complain("out of memory");
		curl_easy_cleanup(curl);
		return NULL;
	}
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, p->socket);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, gather);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, m);
	free(url);
	return curl;
}

static int perform(const struct arguments *a, const struct place *p, CURL *curl, struct memory *m,
		   struct reply *ret_reply)
{
	CURLcode code = curl_easy_perform(curl);
	if (code == CURLE_OK)
		return finish(a, curl, m, ret_reply);
	free(m->p);
	return transport_failed(a, p, curl, code);
}

int request(const struct arguments *a, const char *method, const char *path, json_t *body,
	    struct reply *ret_reply)
{
	char *bytes = body ? json_dumps(body, JSON_COMPACT) : NULL;
	struct memory m = {0};
	struct place p;
	int status = EXIT_REFUSED;
	*ret_reply = (struct reply){0};
	CURL *curl = find_place(a, &p) ? prepare(&p, method, path, &m) : NULL;
	if (curl) {
		curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, a->timeout_ms);
		if (bytes)
			curl_easy_setopt(curl, CURLOPT_POSTFIELDS, bytes);
		status = perform(a, &p, curl, &m, ret_reply);
		curl_easy_cleanup(curl);
	}
	free(bytes);
	json_decref(body);
	return status;
}

/* ---- long ones ---- */

static void draw(const char *what, double part)
{
	int done = (int)(part * BAR_CHARS);
	char bar[BAR_CHARS + 1];
	memset(bar, ' ', BAR_CHARS);
	memset(bar, '#', (size_t)done);
	bar[BAR_CHARS] = '\0';
	fprintf(stderr, "\r%-9s [%s] %3d%%", what, bar, (int)(part * 100));
}

static double part_of(double done, double total)
{
	return total > 0 && done <= total ? done / total : 0;
}

/* Asks how far the server is. Not 0: it has not answered for too long, give up. */
static int poll_server(struct progress *p)
{
	struct arguments quick = *p->args;
	struct reply r;
	quick.silent = true;
	if (quick.timeout_ms > POLL_TIMEOUT_MS)
		quick.timeout_ms = POLL_TIMEOUT_MS;
	int status = request(&quick, "GET", "/api/v1/import", NULL, &r);
	p->silent_polls = status ? p->silent_polls + 1 : 0;
	const char *phase = text_of(r.json, "phase");
	if (status == 0 && p->shown && phase && strcmp(phase, "idle") != 0)
		draw(phase, part_of(json_number_value(json_object_get(r.json, "done")),
				    json_number_value(json_object_get(r.json, "total"))));
	reply_free(&r);
	return p->silent_polls >= SILENT_POLLS_MAX;
}

/* libcurl calls it about once a second while it waits, more often while bytes flow. */
static int show_progress(void *ctx, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
			 curl_off_t up)
{
	struct progress *p = ctx;
	if (p->fixed) {
		if (p->shown)
			draw(p->fixed, part_of((double)down, (double)down_total));
		return 0;
	}
	if (up < up_total) {
		if (p->shown)
			draw("sending", part_of((double)up, (double)up_total));
		return 0;
	}
	return up_total > 0 ? poll_server(p) : 0;
}

int request_long(const struct arguments *a, const char *method, const char *path, const char *bytes,
		 size_t n, struct progress *progress, struct reply *ret_reply)
{
	struct memory m = {0};
	struct place p;
	*ret_reply = (struct reply){0};
	CURL *curl = find_place(a, &p) ? prepare(&p, method, path, &m) : NULL;
	if (curl == NULL)
		return EXIT_REFUSED;
	progress->args = a;
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, show_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, progress);
	if (bytes) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, bytes);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)n);
	} else {
		curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, a->timeout_ms);
	}
	int status = perform(a, &p, curl, &m, ret_reply);
	curl_easy_cleanup(curl);
	if (progress->shown)
		fputs("\r\033[K", stderr);
	return status;
}

struct passing {
	CURL *curl;
	FILE *to;
	struct memory refusal;
};

static size_t pass_on(char *data, size_t one, size_t count, void *ctx)
{
	struct passing *flow = ctx;
	long status = 0;
	curl_easy_getinfo(flow->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status >= 400)
		return gather(data, one, count, &flow->refusal);
	return fwrite(data, 1, one * count, flow->to);
}

/* The answer is not kept: what remains of it is a refusal. */
int request_stream(const struct arguments *a, const char *path, FILE *to)
{
	struct passing flow = {.to = to};
	struct place p;
	struct reply r = {0};
	CURL *curl = find_place(a, &p) ? prepare(&p, "GET", path, &flow.refusal) : NULL;
	if (curl == NULL)
		return EXIT_REFUSED;
	flow.curl = curl;
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, pass_on);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &flow);
	/* as long as something comes; a second is the least that curl measures */
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, a->timeout_ms / 1000 + 1);
	CURLcode code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &r.status);
	int status = EXIT_DONE;
	if (code == CURLE_WRITE_ERROR)
		status = EXIT_REFUSED; /* the caller sees it in the file */
	else if (code != CURLE_OK)
		status = transport_failed(a, &p, curl, code);
	else if (r.status >= 400)
		status = finish(a, curl, &flow.refusal, &r);
	else
		free(flow.refusal.p);
	if (code != CURLE_OK)
		free(flow.refusal.p);
	reply_free(&r);
	curl_easy_cleanup(curl);
	return status;
}

void reply_free(struct reply *r)
{
	json_decref(r->json);
	free(r->text);
	*r = (struct reply){0};
}

char *url_escape(const char *text)
{
	char *theirs = curl_easy_escape(NULL, text, 0);
	char *mine = theirs ? strdup(theirs) : NULL;
	curl_free(theirs);
	return mine;
}
