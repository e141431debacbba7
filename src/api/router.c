/* Which handler a request goes to: one table. */
#include "api/api_priv.h"

#include <string.h>

static const struct route {
	const char *method, *path; /* "{id}" stands for one path segment */
	handler_fn *handler;
	bool open; /* also without trust */
} routes[] = {
	{"GET", "/healthz", health_show, true},
	{"GET", "/metrics", metrics_show, true},
	{"GET", "/api/v1/customers", customers_list, false},
	{"POST", "/api/v1/customers", customers_add, false},
	{"GET", "/api/v1/customers/{id}", customer_show, false},
	{"PATCH", "/api/v1/customers/{id}", customer_change, false},
	{"DELETE", "/api/v1/customers/{id}", customer_remove, false},
	{"GET", "/api/v1/numbers", numbers_list, false},
	{"POST", "/api/v1/numbers", numbers_add, false},
	{"GET", "/api/v1/numbers/{id}", number_show, false},
	{"PATCH", "/api/v1/numbers/{id}", number_change, false},
	{"DELETE", "/api/v1/numbers/{id}", number_remove, false},
	{"POST", "/api/v1/numbers/{id}/password", number_password, false},
	{"GET", "/api/v1/registrations", registrations_list, false},
	{"GET", "/api/v1/calls", calls_list, false},
	{"DELETE", "/api/v1/calls/{id}", call_hangup, false},
	{"GET", "/api/v1/records", records_list, false},
	{"GET", "/api/v1/trace/{id}", trace_show, false},
	{"GET", "/api/v1/status", status_show, false},
	{"POST", "/api/v1/import", import_numbers, false},
	{"GET", "/api/v1/export", export_numbers, false},
};

/* ret_id gets what stands for {id}. */
static bool path_fits(const char *pattern, const char *path, char ret_id[64])
{
	const char *hole = strstr(pattern, "{id}");
	size_t before = hole ? (size_t)(hole - pattern) : strlen(pattern);
	if (strncmp(pattern, path, before) != 0)
		return false;
	const char *rest = path + before;
	if (hole == NULL)
		return *rest == '\0';
	size_t n = strcspn(rest, "/");
	if (n == 0 || n >= 64 || strcmp(rest + n, hole + 4) != 0)
		return false;
	memcpy(ret_id, rest, n);
	ret_id[n] = '\0';
	return true;
}

void api_route(struct request *r, const char *method, const char *path)
{
	char id[64];
	bool other_method = false;
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (!path_fits(routes[i].path, path, id))
			continue;
		if (strcmp(routes[i].method, method) != 0) {
			other_method = true;
			continue;
		}
		r->id = strstr(routes[i].path, "{id}") ? id : NULL;
		if (r->trusted || routes[i].open)
			routes[i].handler(r);
		else
			refuse(r, 401, "unauthorized", "This needs the operator's own socket", NULL,
			       "use opengatectl on the server itself");
		r->id = NULL;
		return;
	}
	if (other_method)
		refuse(r, 405, "method", "This address does not take that method", NULL, NULL);
	else
		refuse(r, 404, "not_found", "There is nothing at this address", NULL,
		       "src/api/router.c has the table of addresses");
}
