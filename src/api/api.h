/*
 * api: the HTTP API that the command line and later the portal use. The unix
 * socket is the operator's own door and is trusted by its file mode; the TCP door shows health and
 * metrics only.
 *
 * A change is durable in the store before it is acknowledged, and in the directory before the
 * answer goes out. Requests are handled one at a time on the API's own thread, so a store handle of
 * its own is enough.
 */
#pragma once

#include "directory/directory.h"
#include "event/stream.h"
#include "guard/fraud.h"
#include "shard/set.h"
#include "store/keeper.h"
#include "trunk/table.h"

struct api;

struct api_params {
	const char *data_file, *domain, *socket;
	struct addr listen; /* family 0: no TCP door */
	struct directory *directory;
	struct trunks *trunks;
	struct event_stream *events;
	void (*settle)(void *ctx); /* waits until the readers have what was emitted before */
	void *settle_ctx;
	struct writer *writer;
	struct keeper *keeper; /* deletes old records; NULL: nobody does */
	struct fraud *fraud;
	struct shard_set *set;
	size_t trace_bytes;
	const struct transport_listener *sip_listeners;
	uint32_t sip_listener_count;
};

/* Before the event reader starts: adds its trace to the stream. 0 or an error with a sentence. */
int api_new(const struct api_params *p, struct api **ret_api, char *ret_text, size_t text_bytes);
/* Opens the doors. ERR_IN_USE, ERR_DENIED, ... */
int api_start(struct api *api, char *ret_text, size_t text_bytes);
/* Closes the doors; requests in progress are finished. */
void api_stop(struct api *api);
void api_free(struct api *api);
