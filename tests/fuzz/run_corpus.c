/*
 * Runs a fuzz target as an ordinary test, with any compiler: every file of a corpus directory, then
 * mutations of them. Mutation k is the same on every run. usage: DIRECTORY [MUTATIONS
 * [ONLY_THIS_ONE]]
 */
#include "fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX   1024
#define INPUT_BYTES 131072

struct input {
	char *name;
	uint8_t *bytes;
	size_t n;
};

struct corpus {
	struct input files[FILES_MAX];
	size_t count;
};

/* For the last words of a run that dies; signal handlers get no argument. */
static char now_running[600];

static void last_words(void)
{
	ssize_t rc = write(STDERR_FILENO, now_running, strlen(now_running));

	(void)rc;
}

static void on_abort(int sig)
{
	last_words();
	signal(sig, SIG_DFL);
	raise(sig);
}

/* There when a sanitizer is linked, which dies without a signal. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static void last_words_prepare(void)
{
	signal(SIGABRT, on_abort);
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(last_words);
	else
		signal(SIGSEGV, on_abort);
}

static bool file_read(int dir, const char *name, struct input *ret_input)
{
	struct stat st;
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size > INPUT_BYTES / 2) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	ret_input->name = strdup(name);
	ret_input->bytes = malloc((size_t)st.st_size + 1);
	ssize_t n = read(fd, ret_input->bytes, (size_t)st.st_size);
	ret_input->n = n < 0 ? 0 : (size_t)n;
	close(fd);
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct input *)a)->name, ((const struct input *)b)->name);
}

static void corpus_read(const char *path, struct corpus *corpus)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && corpus->count < FILES_MAX && (entry = readdir(dir))) {
		if (file_read(dirfd(dir), entry->d_name, &corpus->files[corpus->count]))
			corpus->count++;
	}
	if (dir)
		closedir(dir);
	/* Directories list in any order; the mutations must not depend on it. */
	qsort(corpus->files, corpus->count, sizeof(corpus->files[0]), by_name);
}

static void corpus_fini(struct corpus *corpus)
{
	for (size_t i = 0; i < corpus->count; i++) {
		free(corpus->files[i].name);
		free(corpus->files[i].bytes);
	}
}

/* splitmix64 */
static uint64_t draw(uint64_t *seed)
{
	uint64_t z = (*seed += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static size_t draw_below(uint64_t *seed, size_t below)
{
	return below ? (size_t)(draw(seed) % below) : 0;
}

/* Puts `n` bytes in at `at`, as far as there is room. */
static void put_in(uint8_t *bytes, size_t *n, size_t at, const uint8_t *piece, size_t piece_bytes)
{
	if (*n + piece_bytes > INPUT_BYTES)
		return;
	memmove(bytes + at + piece_bytes, bytes + at, *n - at);
	memcpy(bytes + at, piece, piece_bytes);
	*n += piece_bytes;
}

/* A run of up to 64 bytes of some other file goes in somewhere. */
static void borrow(const struct corpus *corpus, uint64_t *seed, uint8_t *bytes, size_t *n)
{
	const struct input *from = &corpus->files[draw_below(seed, corpus->count)];
	size_t start = draw_below(seed, from->n);
	size_t run = draw_below(seed, 64);

	if (run > from->n - start)
		run = from->n - start;
	put_in(bytes, n, draw_below(seed, *n), from->bytes + start, run);
}

static void remove_run(uint64_t *seed, uint8_t *bytes, size_t *n)
{
	size_t at = draw_below(seed, *n);
	size_t run = 1 + draw_below(seed, draw_below(seed, 4) ? 4 : 200);

	if (run > *n - at)
		run = *n - at;
	memmove(bytes + at, bytes + at + run, *n - at - run);
	*n -= run;
}

static void mutate_once(const struct corpus *corpus, uint64_t *seed, uint8_t *bytes, size_t *n)
{
	static const char marks[] = "\0\t\r\n \"%'(),-/0129:;<=>?@[\\]\x7f\x80\xff";
	uint8_t mark = (uint8_t)marks[draw_below(seed, sizeof(marks) - 1)];

	if (*n == 0)
		return;
	switch (draw_below(seed, 6)) {
	case 0:
		bytes[draw_below(seed, *n)] ^= (uint8_t)(1u << draw_below(seed, 8));
		break;
	case 1:
		bytes[draw_below(seed, *n)] = (uint8_t)draw(seed);
		break;
	case 2:
		bytes[draw_below(seed, *n)] = mark;
		break;
	case 3:
		put_in(bytes, n, draw_below(seed, *n), &mark, 1);
		break;
	case 4:
		borrow(corpus, seed, bytes, n);
		break;
	default:
		remove_run(seed, bytes, n);
		break;
	}
}

static void mutation_run(const struct corpus *corpus, size_t k, uint8_t *bytes)
{
	uint64_t seed = k;
	const struct input *from = &corpus->files[draw_below(&seed, corpus->count)];
	size_t n = from->n;

	snprintf(now_running, sizeof(now_running), "# died in mutation %zu, of %s\n", k,
		 from->name);
	memcpy(bytes, from->bytes, n);
	for (size_t times = 1 + draw_below(&seed, 6); times > 0; times--)
		mutate_once(corpus, &seed, bytes, &n);
	LLVMFuzzerTestOneInput(bytes, n);
}

static void files_run(const struct corpus *corpus)
{
	for (size_t i = 0; i < corpus->count; i++) {
		const struct input *in = &corpus->files[i];
		snprintf(now_running, sizeof(now_running), "# died in %s\n", in->name);
		LLVMFuzzerTestOneInput(in->bytes, in->n);
	}
}

int main(int argc, char **argv)
{
	static struct corpus corpus;
	static uint8_t bytes[INPUT_BYTES];
	size_t mutations = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;

	printf("1..1\n");
	if (argc > 1)
		corpus_read(argv[1], &corpus);
	if (corpus.count == 0) {
		printf("not ok 1 - there is no corpus\n");
		return 1;
	}
	last_words_prepare();
	if (argc > 3) {
		mutation_run(&corpus, strtoul(argv[3], NULL, 10), bytes);
	} else {
		files_run(&corpus);
		for (size_t k = 0; k < mutations; k++)
			mutation_run(&corpus, k, bytes);
	}
	printf("ok 1 - %zu files, %zu mutations\n", corpus.count, mutations);
	corpus_fini(&corpus);
	return 0;
}
