/* A unit test that is told from outside which allocation fails (wrap.h). */
#include "wrap.h"

#include <ares.h>
#include <dlfcn.h>
#include <jansson.h>
#include <sanitizer/lsan_interface.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_GAVE_UP 0
#define EXIT_LEAK    99

/* Not every program links them. */
#pragma weak sqlite3_config
#pragma weak json_set_alloc_funcs
#pragma weak ares_library_init_mem

void *__wrap_malloc(size_t n);
void *__wrap_realloc(void *p, size_t n);
void __wrap_free(void *p);

/* cmocka's end of every assertion that failed; defined here, it is called in place of that. */
__attribute__((noreturn)) void _fail(const char *file, int line);

static sqlite3_mem_methods sqlite_plain;
static int report_fd = -1;

static void *sqlite_malloc(int n)
{
	return oom_next_fails() ? NULL : sqlite_plain.xMalloc(n);
}

static void *sqlite_realloc(void *old, int n)
{
	return oom_next_fails() ? NULL : sqlite_plain.xRealloc(old, n);
}

static void lead_libraries(void)
{
	if (sqlite3_config && sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_plain) == SQLITE_OK) {
		sqlite3_mem_methods m = sqlite_plain;
		m.xMalloc = sqlite_malloc;
		m.xRealloc = sqlite_realloc;
		(void)sqlite3_config(SQLITE_CONFIG_MALLOC, &m);
	}
	if (json_set_alloc_funcs)
		json_set_alloc_funcs(__wrap_malloc, __wrap_free);
	if (ares_library_init_mem)
		(void)ares_library_init_mem(ARES_LIB_INIT_ALL, __wrap_malloc, __wrap_free,
					    __wrap_realloc);
}

static void report(void)
{
	if (report_fd >= 0)
		dprintf(report_fd, "asked %llu failed %d\n", (unsigned long long)oom_asked(),
			oom_failed());
}

__attribute__((constructor)) static void begin(void)
{
	const char *what = getenv("OPENGATE_OOM"), *fd = getenv("OPENGATE_OOM_FD");
	const char *n = what ? strchr(what, ':') : NULL;

	if (!n)
		return;
	report_fd = fd ? atoi(fd) : -1;
	lead_libraries();
	oom_share();
	(void)atexit(report);
	oom_arm(strtoull(n + 1, NULL, 10), strncmp(what, "from", 4) == 0 ? OOM_ALL_FROM : OOM_ONE);
}

void _fail(const char *file, int line)
{
	void (*theirs)(const char *, int) =
		(void (*)(const char *, int))(uintptr_t)dlsym(RTLD_NEXT, "_fail");

	if (oom_failed()) {
		report();
		printf("# gave up at %s:%d\n", file, line);
		fflush(stdout);
		oom_hold(true);
		_exit(__lsan_do_recoverable_leak_check() ? EXIT_LEAK : EXIT_GAVE_UP);
	}
	theirs(file, line);
	abort();
}
