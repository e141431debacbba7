#include "wrap.h"

#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>

/* Programs with threads are among those that this is linked into. */
static _Atomic uint64_t asked, failing;
static _Atomic int mode_now, held;
static _Atomic int64_t given;
/* One has failed: in shared memory when there are child processes. */
static _Atomic bool own_reached, *reached = &own_reached;

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void *__real_aligned_alloc(size_t alignment, size_t n);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t n);
FILE *__real_open_memstream(char **text, size_t *bytes);
void *__real_EVP_MD_CTX_new(void);
void *__real_EVP_MD_fetch(void *ctx, const char *algorithm, const char *properties);
void __real_free(void *p);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_aligned_alloc(size_t alignment, size_t n);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t n);
FILE *__wrap_open_memstream(char **text, size_t *bytes);
void *__wrap_EVP_MD_CTX_new(void);
void *__wrap_EVP_MD_fetch(void *ctx, const char *algorithm, const char *properties);
void __wrap_free(void *p);

void oom_arm(uint64_t nth, enum oom_mode mode)
{
	asked = 0;
	given = 0;
	*reached = false;
	mode_now = (int)mode;
	failing = nth;
}

bool oom_failed(void)
{
	return *reached;
}

void oom_share(void)
{
	void *p = mmap(NULL, sizeof(*reached), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);

	if (p != MAP_FAILED)
		reached = p;
}

bool oom_disarm(void)
{
	failing = 0;
	return *reached;
}

void oom_hold(bool on)
{
	held += on ? 1 : -1;
}

uint64_t oom_asked(void)
{
	return asked;
}

int64_t oom_outstanding(void)
{
	return given;
}

bool oom_next_fails(void)
{
	if (held)
		return false;
	uint64_t n = ++asked;
	if (!failing || n < failing || (mode_now == OOM_ONE && n > failing))
		return false;
	*reached = true;
	return true;
}

static void *counted(void *p)
{
	given += p != NULL;
	return p;
}

void *__wrap_malloc(size_t n)
{
	return oom_next_fails() ? NULL : counted(__real_malloc(n));
}

void *__wrap_calloc(size_t count, size_t n)
{
	return oom_next_fails() ? NULL : counted(__real_calloc(count, n));
}

/* A block that grows stays one block. */
void *__wrap_realloc(void *p, size_t n)
{
	if (oom_next_fails())
		return NULL;
	return p ? __real_realloc(p, n) : counted(__real_realloc(p, n));
}

void *__wrap_aligned_alloc(size_t alignment, size_t n)
{
	return oom_next_fails() ? NULL : counted(__real_aligned_alloc(alignment, n));
}

char *__wrap_strdup(const char *text)
{
	return oom_next_fails() ? NULL : counted(__real_strdup(text));
}

char *__wrap_strndup(const char *text, size_t n)
{
	return oom_next_fails() ? NULL : counted(__real_strndup(text, n));
}

/* The text itself is the C library's and comes back through free. */
FILE *__wrap_open_memstream(char **text, size_t *bytes)
{
	return oom_next_fails() ? NULL : counted(__real_open_memstream(text, bytes));
}

void *__wrap_EVP_MD_CTX_new(void)
{
	return oom_next_fails() ? NULL : __real_EVP_MD_CTX_new();
}

void *__wrap_EVP_MD_fetch(void *ctx, const char *algorithm, const char *properties)
{
	return oom_next_fails() ? NULL : __real_EVP_MD_fetch(ctx, algorithm, properties);
}

void __wrap_free(void *p)
{
	given -= p != NULL;
	__real_free(p);
}
