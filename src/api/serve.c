/* One HTTP exchange: the body gathered, the request made plain, the answer sent. */
#include "api/doors_priv.h"
#include "provision/import.h"

#include <stdlib.h>
#include <string.h>

#define STREAM_BLOCK_BYTES 65536

struct exchange {
	struct MHD_Connection *connection;
	char *bytes; /* the body, NUL-terminated behind n */
	size_t n, cap;
	bool too_big;
	/* of an import, once it is over */
	bool answered;
	unsigned status;
	char *text;
};

static enum MHD_Result gather(struct exchange *x, const char *data, size_t *size)
{
	if (x->n + *size > BODY_BYTES_MAX) {
		x->too_big = true;
	} else if (!x->too_big) {
		if (x->n + *size + 1 > x->cap) {
			size_t cap = (x->n + *size + 1) * 2;
			char *grown = realloc(x->bytes, cap);
			if (grown == NULL)
				return MHD_NO;
			x->bytes = grown;
			x->cap = cap;
		}
		memcpy(x->bytes + x->n, data, *size);
		x->n += *size;
		x->bytes[x->n] = '\0';
	}
	*size = 0;
	return MHD_YES;
}

/* A NUL would cut the text short and make it another; as \1 it is nothing that exists. */
size_t serve_unescape(void *doors, struct MHD_Connection *c, char *text)
{
	(void)doors;
	(void)c;
	for (char *nul = text; (nul = strstr(nul, "%00")) != NULL;)
		nul[2] = '1';
	return MHD_http_unescape(text);
}

static enum MHD_Result add_query(void *ctx, enum MHD_ValueKind kind, const char *key,
				 const char *value)
{
	struct request *r = ctx;
	(void)kind;
	if (*key == '\0' && value == NULL) /* "?&a=b" */
		return MHD_YES;
	if (r->query_count <= QUERY_MAX)
		r->query[r->query_count++] = (struct query_value){key, value};
	return MHD_YES;
}

static ssize_t read_stream(void *ctx, uint64_t at, char *to, size_t max)
{
	struct stream *stream = ctx;
	ssize_t n = stream->read(stream, to, max);
	(void)at;
	return n > 0	? n
	       : n == 0 ? MHD_CONTENT_READER_END_OF_STREAM
			: MHD_CONTENT_READER_END_WITH_ERROR;
}

static void free_stream(void *ctx)
{
	struct stream *stream = ctx;
	stream->free(stream);
}

/* The body of r, taken over. NULL: no memory; better no answer than half of one. */
static struct MHD_Response *response_of(struct request *r)
{
	struct MHD_Response *response = NULL;
	if (r->stream && r->json == NULL) {
		response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK_BYTES,
							     read_stream, r->stream, free_stream);
		if (response == NULL)
			free_stream(r->stream);
		return response;
	}
	char *text = r->text;
	if (r->json) {
		free(text);
		text = json_dumps(r->json, JSON_COMPACT);
		r->type = "application/json";
	}
	json_decref(r->json);
	if (text)
		response =
			MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	if (response == NULL)
		free(text);
	return response;
}

static enum MHD_Result answer(struct request *r, struct MHD_Connection *connection)
{
	struct MHD_Response *response = response_of(r);
	if (response == NULL)
		return MHD_NO;
	MHD_add_response_header(response, "Content-Type", r->type ? r->type : "application/json");
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	if (r->allow[0])
		MHD_add_response_header(response, "Allow", r->allow);
	enum MHD_Result result = MHD_queue_response(connection, r->status, response);
	MHD_destroy_response(response);
	return result;
}

/* On the import's thread. */
static void import_over(void *ctx, unsigned status, char *text)
{
	struct exchange *x = ctx;
	x->status = status;
	x->text = text;
	x->answered = true;
	MHD_resume_connection(x->connection);
}

/* True: the connection waits for the import. */
static bool begin_import(struct doors *d, struct exchange *x, struct request *r)
{
	char *csv = x->bytes ? x->bytes : calloc(1, 1);
	if (csv == NULL) {
		refuse_busy(r);
		return false;
	}
	x->bytes = NULL;
	MHD_suspend_connection(x->connection);
	if (import_start(d->api->import, csv, x->n, import_over, x))
		return true;
	x->bytes = csv;
	MHD_resume_connection(x->connection);
	refuse(r, 409, "conflict", "Another import is running", NULL,
	       "wait for its end: GET /api/v1/import tells how far it is");
	return false;
}

/* True: the connection waits for an import to have written. */
static bool wait_in_line(struct doors *d, struct MHD_Connection *c)
{
	if (!d->held || d->waiting_count == WAITING_MAX)
		return false;
	d->waiting[d->waiting_count++] = c;
	MHD_suspend_connection(c);
	return true;
}

/* True: no answer yet. */
static bool run(struct doors *d, struct exchange *x, struct request *r)
{
	char id[PATH_ID_BYTES];
	const struct route *route = route_find(r, id);
	if (route == NULL)
		return false;
	bool locked = route->writes && r->trusted;
	if (locked)
		pthread_mutex_lock(&d->lock);
	bool waits = locked && wait_in_line(d, x->connection);
	if (!waits && locked && d->held)
		refuse_busy(r);
	else if (!waits)
		route_run(route, r, id);
	if (locked)
		pthread_mutex_unlock(&d->lock);
	return waits || (r->later && begin_import(d, x, r));
}

static enum MHD_Result serve(struct doors *d, bool trusted, struct exchange *x, const char *path,
			     const char *method)
{
	struct request r = {
		.api = d->api,
		.method = method,
		.path = path,
		.raw = slice_of(x->bytes, x->n),
		.too_big = x->too_big,
		.trusted = trusted,
		.status = 200,
	};
	if (x->answered) {
		r.status = x->status;
		r.text = x->text;
		x->text = NULL;
		return answer(&r, x->connection);
	}
	MHD_get_connection_values(x->connection, MHD_GET_ARGUMENT_KIND, add_query, &r);
	bool later = run(d, x, &r);
	json_decref(r.body);
	return later ? MHD_YES : answer(&r, x->connection);
}

/* The first call of a request brings its head only. */
static enum MHD_Result at_door(struct doors *d, bool trusted, struct MHD_Connection *c,
			       const char *path, const char *method, const char *data, size_t *size,
			       void **state)
{
	struct exchange *x = *state;
	if (x == NULL) {
		x = calloc(1, sizeof(*x));
		if (x == NULL)
			return MHD_NO;
		x->connection = c;
		*state = x;
		return MHD_YES;
	}
	return *size ? gather(x, data, size) : serve(d, trusted, x, path, method);
}

enum MHD_Result serve_trusted(void *doors, struct MHD_Connection *c, const char *path,
			      const char *method, const char *version, const char *data,
			      size_t *size, void **state)
{
	(void)version;
	return at_door(doors, true, c, path, method, data, size, state);
}

enum MHD_Result serve_stranger(void *doors, struct MHD_Connection *c, const char *path,
			       const char *method, const char *version, const char *data,
			       size_t *size, void **state)
{
	(void)version;
	return at_door(doors, false, c, path, method, data, size, state);
}

void serve_completed(void *doors, struct MHD_Connection *c, void **state,
		     enum MHD_RequestTerminationCode why)
{
	struct exchange *x = *state;
	(void)doors;
	(void)c;
	(void)why;
	if (x) {
		free(x->bytes);
		free(x->text);
	}
	free(x);
	*state = NULL;
}
