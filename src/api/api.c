#include "api/api.h"

#include "api/api_priv.h"
#include "api/doors_priv.h"
#include "base/clock.h"
#include "base/err.h"

#include <stdlib.h>

static int make_parts(struct api *api)
{
	int err = trace_new(api->p.trace_bytes, &api->trace);
	if (err == 0)
		err = event_stream_add_bytes_reader(api->p.events, trace_events, api->trace);
	api->doors = calloc(1, sizeof(*api->doors));
	if (api->doors == NULL)
		return ERR_NOMEM;
	api->doors->api = api;
	pthread_mutex_init(&api->doors->lock, NULL);
	struct import_params p = {
		.data_file = api->p.data_file,
		.domain = api->p.domain,
		.directory = api->p.directory,
		.hold = doors_hold,
		.hold_ctx = api->doors,
	};
	return err ? err : import_new(&p, &api->import);
}

int api_new(const struct api_params *p, struct api **ret_api, char *ret_text, size_t text_bytes)
{
	struct api *api = calloc(1, sizeof(*api));
	int err = ERR_NOMEM;
	if (api) {
		api->p = *p;
		api->started_ms = clock_wall_ms();
		rng_init_os(&api->rng);
		err = make_parts(api);
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
	return doors_open(api, ret_text, text_bytes);
}

void api_stop(struct api *api)
{
	doors_close(api->doors);
}

void api_free(struct api *api)
{
	if (api == NULL)
		return;
	import_free(api->import);
	if (api->doors)
		pthread_mutex_destroy(&api->doors->lock);
	free(api->doors);
	if (api->store)
		store_close(api->store);
	trace_free(api->trace);
	free(api);
}
