#include "cli.h"

#include "base/slice.h"
#include "main/config.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *config_path(const struct arguments *a)
{
	const char *env = getenv("OPENGATE_CONFIG");
	if (a->config)
		return a->config;
	if (env && *env)
		return env;
	return access("opengate.yaml", R_OK) == 0 ? "opengate.yaml" : "/etc/opengate/opengate.yaml";
}

struct memory {
	char *p;
	size_t n;
};

static size_t gather(char *data, size_t one, size_t count, void *ctx)
{
	struct memory *m = ctx;
	size_t n = one * count;
	char *grown = realloc(m->p, m->n + n + 1);
	if (grown == NULL)
		return 0;
	m->p = grown;
	memcpy(m->p + m->n, data, n);
	m->n += n;
	m->p[m->n] = '\0';
	return n;
}

static int show_progress(void *ctx, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
			 curl_off_t up)
{
	(void)ctx;
	(void)down_total;
	(void)down;
	if (up_total > 0) {
		int part = (int)(up * 40 / up_total);
		fprintf(stderr, "\rsending [%-40.*s] %3d%%", part,
			"########################################", part * 100 / 40);
	}
	return 0;
}

static void complain_about(const json_t *json, long status)
{
	const json_t *e = json_object_get(json, "error");
	const char *message = json_string_value(json_object_get(e, "message"));
	const char *hint = json_string_value(json_object_get(e, "hint"));
	size_t i;
	json_t *row;
	if (message)
		complain("%s%s%s", message, hint ? "; " : "", hint ? hint : "");
	else
		complain("the server answered %ld", status);
	json_array_foreach(json_object_get(e, "rows"), i, row)
	{
		const char *field = json_string_value(json_object_get(row, "field"));
		fprintf(stderr, "  line %d%s%s: %s\n",
			(int)json_integer_value(json_object_get(row, "line")), field ? ", " : "",
			field ? field : "", json_string_value(json_object_get(row, "message")));
	}
}

static int finish(struct memory *m, long status, struct reply *ret_reply)
{
	struct reply r = {.status = status, .json = json_loads(m->p ? m->p : "", 0, NULL)};
	if (status >= 400) {
		complain_about(r.json, status);
		json_decref(r.json);
		free(m->p);
		return EXIT_REFUSED;
	}
	r.text = m->p;
	*ret_reply = r;
	return EXIT_DONE;
}

static int perform(CURL *curl, const char *config, const char *socket, struct memory *m,
		   struct reply *ret_reply)
{
	long status = 0;
	CURLcode code = curl_easy_perform(curl);
	if (code != CURLE_OK) {
		free(m->p);
		if (code == CURLE_COULDNT_CONNECT)
			complain("no opengated answers at %s; start it: opengated --config %s",
				 socket, config);
		else
			complain("%s: %s", socket, curl_easy_strerror(code));
		return EXIT_REFUSED;
	}
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	return finish(m, status, ret_reply);
}

int request_raw(const struct arguments *a, const char *method, const char *path, const char *bytes,
		size_t n, bool progress, struct reply *ret_reply)
{
	char socket[CONFIG_SOCKET_BYTES], text[CONFIG_FAULT_BYTES], url[1024];
	const char *config = config_path(a);
	struct memory m = {0};
	if (config_socket(config, socket, text, sizeof(text)) != 0) {
		complain("%s", text);
		return EXIT_REFUSED;
	}
	CURL *curl = curl_easy_init();
	if (curl == NULL)
		return EXIT_REFUSED;
	snprintf(url, sizeof(url), "http://opengate%s", path);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, gather);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &m);
	if (bytes) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, bytes);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)n);
	}
	if (progress) {
		curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
		curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, show_progress);
	}
	int status = perform(curl, config, socket, &m, ret_reply);
	curl_easy_cleanup(curl);
	if (progress)
		fputc('\n', stderr);
	return status;
}

int request(const struct arguments *a, const char *method, const char *path, json_t *body,
	    struct reply *ret_reply)
{
	char *bytes = body ? json_dumps(body, JSON_COMPACT) : NULL;
	int status =
		request_raw(a, method, path, bytes, bytes ? strlen(bytes) : 0, false, ret_reply);
	free(bytes);
	json_decref(body);
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
	char *mine = NULL, *theirs = curl_easy_escape(NULL, text, 0);
	if (theirs)
		mine = strdup(theirs);
	curl_free(theirs);
	return mine;
}
