/* The doors: libmicrohttpd on the unix socket and on TCP, bodies gathered, answers sent. */
#include "api/api_priv.h"

#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct upload {
	char *bytes;
	size_t n, cap;
	bool too_big;
};

static enum MHD_Result gather(struct upload *u, const char *data, size_t *size)
{
	if (u->n + *size > BODY_BYTES_MAX) {
		u->too_big = true;
	} else if (!u->too_big) {
		if (u->n + *size + 1 > u->cap) {
			size_t cap = (u->n + *size + 1) * 2;
			char *grown = realloc(u->bytes, cap);
			if (grown == NULL)
				return MHD_NO;
			u->bytes = grown;
			u->cap = cap;
		}
		memcpy(u->bytes + u->n, data, *size);
		u->n += *size;
	}
	*size = 0;
	return MHD_YES;
}

static enum MHD_Result answer(struct request *r)
{
	char *text = r->text;
	const char *type = r->type;
	if (r->json) {
		free(text);
		text = json_dumps(r->json, JSON_COMPACT);
		type = "application/json";
	}
	if (text == NULL)
		text = strdup("{}");
	if (text == NULL)
		return MHD_NO;
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	if (response == NULL) {
		free(text);
		return MHD_NO;
	}
	MHD_add_response_header(response, "Content-Type", type ? type : "application/json");
	MHD_add_response_header(response, "Cache-Control", "no-store");
	enum MHD_Result result = MHD_queue_response(r->connection, r->status, response);
	MHD_destroy_response(response);
	return result;
}

static bool takes_csv(const char *path)
{
	return strcmp(path, "/api/v1/import") == 0;
}

static void handle(struct request *r, const struct upload *u, const char *method, const char *path)
{
	json_error_t error;
	r->raw = slice_of(u->bytes, u->n);
	if (u->too_big) {
		refuse(r, 413, "too_big", "The body is larger than 64 MiB", NULL,
		       "send it in parts");
		return;
	}
	if (u->n && !takes_csv(path)) {
		r->body = json_loadb(u->bytes, u->n, JSON_REJECT_DUPLICATES, &error);
		if (!json_is_object(r->body)) {
			refuse(r, 400, "syntax", "The body must be one JSON object", NULL, NULL);
			return;
		}
	}
	api_route(r, method, path);
}

static enum MHD_Result serve(struct api *api, bool trusted, struct MHD_Connection *connection,
			     const char *path, const char *method, const char *data, size_t *size,
			     void **state)
{
	struct upload *u = *state;
	if (u == NULL) {
		*state = calloc(1, sizeof(*u));
		return *state ? MHD_YES : MHD_NO;
	}
	if (*size)
		return gather(u, data, size);
	struct request r = {
		.api = api, .connection = connection, .trusted = trusted, .status = 200};
	handle(&r, u, method, path);
	enum MHD_Result result = answer(&r);
	json_decref(r.json);
	json_decref(r.body);
	return result;
}

static enum MHD_Result at_unix_door(void *api, struct MHD_Connection *c, const char *path,
				    const char *method, const char *version, const char *data,
				    size_t *size, void **state)
{
	(void)version;
	return serve(api, true, c, path, method, data, size, state);
}

static enum MHD_Result at_tcp_door(void *api, struct MHD_Connection *c, const char *path,
				   const char *method, const char *version, const char *data,
				   size_t *size, void **state)
{
	(void)version;
	return serve(api, false, c, path, method, data, size, state);
}

static void completed(void *ctx, struct MHD_Connection *c, void **state,
		      enum MHD_RequestTerminationCode why)
{
	struct upload *u = *state;
	(void)ctx;
	(void)c;
	(void)why;
	if (u)
		free(u->bytes);
	free(u);
	*state = NULL;
}

static int bind_unix(const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	if (slice_copy(slice_str(path), sun.sun_path, sizeof(sun.sun_path)) != 0)
		return -1;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	(void)unlink(path); /* the data directory's lock says that nobody serves there */
	if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0 && chmod(path, 0660) == 0 &&
	    listen(fd, 64) == 0)
		return fd;
	close(fd);
	return -1;
}

static int open_unix_door(struct api *api, char *ret_text, size_t text_bytes)
{
	int fd = bind_unix(api->p.socket);
	if (fd >= 0)
		api->unix_door = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL,
						  at_unix_door, api, MHD_OPTION_LISTEN_SOCKET, fd,
						  MHD_OPTION_NOTIFY_COMPLETED, completed, NULL,
						  MHD_OPTION_END);
	if (api->unix_door)
		return 0;
	if (fd >= 0)
		close(fd);
	snprintf(ret_text, text_bytes,
		 "http.socket %s cannot be opened (%s): is its directory there and writable?",
		 api->p.socket, strerror(errno));
	return ERR_DENIED;
}

static int open_tcp_door(struct api *api, char *ret_text, size_t text_bytes)
{
	struct sockaddr_storage sa;
	char text[ADDR_TEXT_BYTES];
	if (!addr_is(&api->p.listen))
		return 0;
	unsigned flags =
		MHD_USE_INTERNAL_POLLING_THREAD | (api->p.listen.family == 6 ? MHD_USE_IPv6 : 0u);
	(void)addr_to_sockaddr(&api->p.listen, &sa);
	api->tcp_door = MHD_start_daemon(flags, api->p.listen.port, NULL, NULL, at_tcp_door, api,
					 MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&sa,
					 MHD_OPTION_NOTIFY_COMPLETED, completed, NULL,
					 MHD_OPTION_CONNECTION_LIMIT, 256u,
					 MHD_OPTION_CONNECTION_TIMEOUT, 30u, MHD_OPTION_END);
	if (api->tcp_door)
		return 0;
	snprintf(ret_text, text_bytes,
		 "cannot listen on http.listen %s: the port is taken or not ours; choose another "
		 "or \"off\"",
		 addr_text(&api->p.listen, text));
	return ERR_IN_USE;
}

int api_new(const struct api_params *p, struct api **ret_api, char *ret_text, size_t text_bytes)
{
	struct api *api = calloc(1, sizeof(*api));
	int err = api ? trace_new(p->trace_bytes, &api->trace) : ERR_NOMEM;
	if (err == 0) {
		api->p = *p;
		api->started_ms = wall_now();
		rng_init_os(&api->rng);
		err = event_stream_add_reader(p->events, trace_event, api->trace);
	}
	if (err == 0)
		err = store_open(p->data_file, &api->store, ret_text, text_bytes);
	else
		snprintf(ret_text, text_bytes, "api: %s", err_text(err));
	if (err) {
		api_free(api);
		return err;
	}
	*ret_api = api;
	return 0;
}

int api_start(struct api *api, char *ret_text, size_t text_bytes)
{
	int err = open_unix_door(api, ret_text, text_bytes);
	return err ? err : open_tcp_door(api, ret_text, text_bytes);
}

void api_stop(struct api *api)
{
	if (api->unix_door) {
		MHD_stop_daemon(api->unix_door);
		(void)unlink(api->p.socket);
	}
	if (api->tcp_door)
		MHD_stop_daemon(api->tcp_door);
	api->unix_door = api->tcp_door = NULL;
}

void api_free(struct api *api)
{
	if (api == NULL)
		return;
	if (api->store)
		store_close(api->store);
	trace_free(api->trace);
	free(api);
}
