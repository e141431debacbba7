/* Requests through the table of routes with a real store and directory, without a socket. */
#pragma once

#include "../tmp.h"
#include "api/api_priv.h"
#include "base/err.h"
#include "store/store_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	char directory_path[64], path[96];
	struct api api;
	struct request r;
	struct asked {
		struct query_value values[QUERY_MAX];
		unsigned count;
	} asked; /* the query of the next request */
};

static inline int setup(void **state)
{
	static const struct hash_key key = {"numbers"};
	struct directory_params d = {.hash_key = &key};
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	snprintf(f->directory_path, sizeof(f->directory_path), "%.30s/opengate-api-XXXXXX",
		 tmp_dir());
	assert_non_null(mkdtemp(f->directory_path));
	snprintf(f->path, sizeof(f->path), "%s/a.db", f->directory_path);
	assert_int_equal(store_open(f->path, &f->api.store, NULL, 0), 0);
	assert_int_equal(directory_new(&d, &f->api.p.directory), 0);
	f->api.p.domain = "a.example";
	rng_init_os(&f->api.rng);
	*state = f;
	return 0;
}

static inline void forget(struct fixture *f)
{
	json_decref(f->r.json);
	json_decref(f->r.body);
	free(f->r.text);
	f->r = (struct request){0};
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];

	forget(f);
	directory_free(f->api.p.directory);
	store_close(f->api.store);
	snprintf(command, sizeof(command), "rm -r %s", f->directory_path);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

/* The status; the answer stays in f->r. */
static inline unsigned ask(struct fixture *f, const char *method, const char *path,
			   const char *body)
{
	char id[PATH_ID_BYTES];

	forget(f);
	f->r = (struct request){.api = &f->api,
				.method = method,
				.path = path,
				.raw = slice_str(body),
				.trusted = true,
				.status = 200,
				.query_count = f->asked.count};
	memcpy(f->r.query, f->asked.values, sizeof(f->asked.values));
	f->asked.count = 0;
	const struct route *route = route_find(&f->r, id);
	if (route)
		route_run(route, &f->r, id);
	return f->r.status;
}

static inline const char *answered(const struct fixture *f, const char *key)
{
	const json_t *error = json_object_get(f->r.json, "error");

	return json_string_value(json_object_get(error ? error : f->r.json, key));
}

#define CUSTOMER "{\"code\":\"C1\",\"name\":\"One\"}"
#define NUMBER	 "{\"number\":\"050-1000-0014\",\"customer\":\"C1\",\"account\":\"10000012\"}"

static inline void add(struct fixture *f)
{
	assert_int_equal(ask(f, "POST", "/api/v1/customers", CUSTOMER), 201);
	assert_int_equal(ask(f, "POST", "/api/v1/numbers", NUMBER), 201);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
