/* A store in a directory of its own for each test, and the smallest customer and number that it
 * accepts. */
#pragma once

#include "../tmp.h"
#include "base/err.h"
#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	char directory[64], path[96];
	struct store *s;
};

static inline void fixture_open(struct fixture *f)
{
	char text[STORE_TEXT_BYTES];

	if (store_open(f->path, &f->s, text, sizeof(text)) != 0)
		fail_msg("%s", text);
}

static inline void fixture_reopen(struct fixture *f)
{
	store_close(f->s);
	f->s = NULL;
	fixture_open(f);
}

static inline int fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	snprintf(f->directory, sizeof(f->directory), "%.30s/opengate-store-XXXXXX", tmp_dir());
	assert_non_null(mkdtemp(f->directory));
	snprintf(f->path, sizeof(f->path), "%s/opengate.db", f->directory);
	fixture_open(f);
	*state = f;
	return 0;
}

static inline int fixture_teardown(void **state)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", ".queue", ".queue.new"};
	struct fixture *f = *state;
	char path[128];

	store_close(f->s);
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", f->path, suffixes[i]);
		unlink(path);
	}
	rmdir(f->directory);
	free(f);
	return 0;
}

static inline void assert_slice(struct slice s, const char *want)
{
	assert_int_equal(s.n, strlen(want));
	assert_memory_equal(s.p, want, s.n);
}

static inline struct store_customer a_customer(const char *code)
{
	return (struct store_customer){.code = slice_str(code),
				       .name = SLICE("楽天 太郎"),
				       .address = SLICE("Tokyo\n1-2-3"),
				       .selfcare_hash = SLICE("$argon2id$x"),
				       .created_at = 1700000000123};
}

static inline struct store_number a_number(const char *number, const char *account,
					   const char *customer)
{
	struct store_number n = {.number = slice_str(number),
				 .account = slice_str(account),
				 .customer = slice_str(customer),
				 .option_hash = SLICE("$argon2id$y"),
				 .realm = SLICE("sip.example.net"),
				 .channels = 2,
				 .international = true,
				 .registration_policy = 1,
				 .service_start_at = 1,
				 .created_at = 2,
				 .password_changed_at = 3};

	memset(n.ha1_md5, 0xa5, sizeof(n.ha1_md5));
	memset(n.ha1_sha256, 0x5a, sizeof(n.ha1_sha256));
	return n;
}

/* Customer C1 with number 0501, account 1. */
static inline void fixture_fill(struct fixture *f)
{
	struct store_customer c = a_customer("C1");
	struct store_number n = a_number("0501", "1", "C1");

	assert_int_equal(store_customer_add(f->s, &c), 0);
	assert_int_equal(store_number_add(f->s, &n), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
