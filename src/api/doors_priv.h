/*
 * The doors: libmicrohttpd on the unix socket (the operator's own, trusted by its file mode) and on
 * TCP. Each has one thread, which answers one request after the other; what takes long waits
 * suspended, so that the others are served meanwhile.
 */
#pragma once

#include "api/api_priv.h"

#include <microhttpd.h>
#include <pthread.h>

#define WAITING_MAX 256

struct doors {
	struct api *api;
	struct MHD_Daemon *unix_door, *tcp_door;
	/* Guards what follows. Whoever changes numbers or customers holds it meanwhile, so that an
	 * import that begins to write waits for that. */
	pthread_mutex_t lock;
	bool held; /* an import writes: changes wait */
	struct MHD_Connection *waiting[WAITING_MAX];
	unsigned waiting_count;
};

int doors_open(struct api *api, char *ret_text, size_t text_bytes);
/* Requests in progress are finished, an import is stopped. NULL is ignored. */
void doors_close(struct doors *d);
/* For import_new. */
void doors_hold(void *doors, bool held);

/* serve.c: an MHD_AccessHandlerCallback and its end. */
enum MHD_Result serve_trusted(void *doors, struct MHD_Connection *c, const char *path,
			      const char *method, const char *version, const char *data,
			      size_t *size, void **state);
enum MHD_Result serve_stranger(void *doors, struct MHD_Connection *c, const char *path,
			       const char *method, const char *version, const char *data,
			       size_t *size, void **state);
void serve_completed(void *doors, struct MHD_Connection *c, void **state,
		     enum MHD_RequestTerminationCode why);
/* An MHD_OPTION_UNESCAPE_CALLBACK. */
size_t serve_unescape(void *doors, struct MHD_Connection *c, char *text);
