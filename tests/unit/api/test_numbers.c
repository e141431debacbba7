/* Requests through the table of routes with a real store and directory, without a socket. */
#include "../tmp.h"
#include "api/api_priv.h"
#include "base/err.h"
#include "store/store_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	char directory_path[64], path[96];
	struct api api;
	struct request r;
};

static int setup(void **state)
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

static void forget(struct fixture *f)
{
	json_decref(f->r.json);
	json_decref(f->r.body);
	free(f->r.text);
	f->r = (struct request){0};
}

static int teardown(void **state)
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
static unsigned ask(struct fixture *f, const char *method, const char *path, const char *body)
{
	char id[PATH_ID_BYTES];

	forget(f);
	f->r = (struct request){.api = &f->api,
				.method = method,
				.path = path,
				.raw = slice_str(body),
				.trusted = true,
				.status = 200};
	const struct route *route = route_find(&f->r, id);
	if (route)
		route_run(route, &f->r, id);
	return f->r.status;
}

static const char *answered(const struct fixture *f, const char *key)
{
	const json_t *error = json_object_get(f->r.json, "error");

	return json_string_value(json_object_get(error ? error : f->r.json, key));
}

#define CUSTOMER "{\"code\":\"C1\",\"name\":\"One\"}"
#define NUMBER	 "{\"number\":\"050-1000-0014\",\"customer\":\"C1\",\"account\":\"10000012\"}"

static void add(struct fixture *f)
{
	assert_int_equal(ask(f, "POST", "/api/v1/customers", CUSTOMER), 201);
	assert_int_equal(ask(f, "POST", "/api/v1/numbers", NUMBER), 201);
}

static void test_added_number_is_in_force(void **state)
{
	struct fixture *f = *state;
	struct directory_number n;
	struct digest_ha1 ha1;

	add(f);
	assert_int_equal(digest_ha1(SLICE("10000012"), SLICE("a.example"),
				    slice_str(answered(f, "password")), &ha1),
			 0);
	assert_int_equal(directory_by_account(f->api.p.directory, SLICE("10000012"), &n), 0);
	assert_memory_equal(n.ha1.md5, ha1.md5, sizeof(ha1.md5));
	assert_memory_equal(n.ha1.sha256, ha1.sha256, sizeof(ha1.sha256));
}

/* A change is in the store and in the directory, and leaves the password alone. */
static void test_change(void **state)
{
	struct fixture *f = *state;
	struct directory_number before, after;

	add(f);
	(void)directory_by_number(f->api.p.directory, SLICE("05010000014"), &before);
	assert_int_equal(ask(f, "PATCH", "/api/v1/numbers/05010000014",
			     "{\"channels\":5,\"suspended\":true}"),
			 200);
	(void)directory_by_number(f->api.p.directory, SLICE("05010000014"), &after);
	assert_int_equal(after.channels, 5);
	assert_true(after.suspended);
	assert_memory_equal(&after.ha1, &before.ha1, sizeof(before.ha1));
	assert_int_equal(ask(f, "GET", "/api/v1/numbers/05010000014", NULL), 200);
	assert_int_equal(json_integer_value(json_object_get(f->r.json, "channels")), 5);
}

static void test_renewed_password(void **state)
{
	struct fixture *f = *state;
	struct directory_number before, after;

	add(f);
	(void)directory_by_number(f->api.p.directory, SLICE("05010000014"), &before);
	assert_int_equal(
		ask(f, "POST", "/api/v1/numbers/05010000014/password", "{\"kind\":\"option\"}"),
		200);
	(void)directory_by_number(f->api.p.directory, SLICE("05010000014"), &after);
	assert_memory_equal(&after.ha1, &before.ha1, sizeof(before.ha1));
	assert_int_equal(
		ask(f, "POST", "/api/v1/numbers/05010000014/password", "{\"kind\":\"sip\"}"), 200);
	(void)directory_by_number(f->api.p.directory, SLICE("05010000014"), &after);
	assert_memory_not_equal(&after.ha1, &before.ha1, sizeof(before.ha1));
}

static void test_refusals(void **state)
{
	struct fixture *f = *state;

	add(f);
	assert_int_equal(ask(f, "POST", "/api/v1/numbers", NUMBER), 409);
	assert_string_equal(answered(f, "field"), "number");
	assert_int_equal(ask(f, "POST", "/api/v1/customers", CUSTOMER), 409);
	assert_int_equal(ask(f, "DELETE", "/api/v1/customers/C1", NULL), 409);
	assert_int_equal(ask(f, "DELETE", "/api/v1/customers/C1", "{}"), 400);
	assert_int_equal(ask(f, "DELETE", "/api/v1/numbers/05010000022", NULL), 404);
	assert_int_equal(ask(f, "PUT", "/api/v1/numbers", NULL), 405);
	assert_string_equal(f->r.allow, "GET, POST");
	assert_int_equal(directory_numbers(f->api.p.directory), 1);
}

/* What does not fit on the disk is refused with the remedy, and is nowhere. */
static void test_disk_full(void **state)
{
	struct fixture *f = *state;
	unsigned status = 201;
	char body[128];
	int added = 0;

	add(f);
	assert_int_equal(
		sqlite3_exec(f->api.store->db, "PRAGMA max_page_count = 25", NULL, NULL, NULL),
		SQLITE_OK);
	for (int i = 0; i < 2000 && status == 201; i++) {
		snprintf(body, sizeof(body),
			 "{\"number\":\"0502%07d\",\"customer\":\"C1\",\"account\":\"%08d\"}", i,
			 20000000 + i);
		status = ask(f, "POST", "/api/v1/numbers", body);
		added += status == 201;
	}
	assert_int_equal(status, 507);
	assert_string_equal(answered(f, "code"), "disk_full");
	assert_non_null(strstr(answered(f, "message"), "is full. Free some space"));
	assert_int_equal(directory_numbers(f->api.p.directory), added + 1);
	assert_int_equal(ask(f, "GET", "/api/v1/customers/C1", NULL), 200);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_added_number_is_in_force),
		TEST(test_change),
		TEST(test_renewed_password),
		TEST(test_refusals),
		TEST(test_disk_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
