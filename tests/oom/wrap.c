#include "wrap.h"

static uint64_t asked, failing;
static enum oom_mode mode_now;
static int64_t given;

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void *__real_aligned_alloc(size_t alignment, size_t n);
char *__real_strdup(const char *text);
void __real_free(void *p);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_aligned_alloc(size_t alignment, size_t n);
char *__wrap_strdup(const char *text);
void __wrap_free(void *p);

void oom_arm(uint64_t nth, enum oom_mode mode)
{
	asked = 0;
	given = 0;
	failing = nth;
	mode_now = mode;
}

bool oom_disarm(void)
{
	bool reached = failing && asked >= failing;

	failing = 0;
	return reached;
}

int64_t oom_outstanding(void)
{
	return given;
}

static bool fails(void)
{
	asked++;
	return failing && (asked == failing || (mode_now == OOM_ALL_FROM && asked > failing));
}

static void *counted(void *p)
{
	given += p != NULL;
	return p;
}

void *__wrap_malloc(size_t n)
{
	return fails() ? NULL : counted(__real_malloc(n));
}

void *__wrap_calloc(size_t count, size_t n)
{
	return fails() ? NULL : counted(__real_calloc(count, n));
}

/* A block that grows stays one block. */
void *__wrap_realloc(void *p, size_t n)
{
	if (fails())
		return NULL;
	return p ? __real_realloc(p, n) : counted(__real_realloc(p, n));
}

void *__wrap_aligned_alloc(size_t alignment, size_t n)
{
	return fails() ? NULL : counted(__real_aligned_alloc(alignment, n));
}

char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : counted(__real_strdup(text));
}

void __wrap_free(void *p)
{
	given -= p != NULL;
	__real_free(p);
}
