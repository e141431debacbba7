#include "../tmp.h"
#include "base/err.h"
#include "replica/file_priv.h"
#include "replica/image.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
	char dir[64], path[96];
};

static int set_up(void **state)
{
	static struct place p;
	snprintf(p.dir, sizeof(p.dir), "%.30s/opengate-replica-XXXXXX", tmp_dir());
	assert_non_null(mkdtemp(p.dir));
	snprintf(p.path, sizeof(p.path), "%s/calls-0.og", p.dir);
	*state = &p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;
	char beside[104];
	snprintf(beside, sizeof(beside), "%s.new", p->path);
	(void)unlink(beside);
	(void)unlink(p->path);
	return rmdir(p->dir);
}

static struct replica_file *open_file(const struct place *p, uint32_t cells_max)
{
	struct replica_file_params params = {.path = p->path, .cells_max = cells_max, .wall_ms = 5};
	struct replica_file *f;
	assert_int_equal(replica_file_new(&params, &f), 0);
	assert_int_equal(replica_file_settle(f), 0);
	return f;
}

static struct replica_image load(const struct place *p)
{
	struct replica_image image = {0};
	assert_int_equal(replica_image_add(&image, p->path), 0);
	replica_image_sort(&image);
	return image;
}

/* Bytes that tell where they belong. */
static struct slice sample(char *to, size_t n, uint32_t seed)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (char)(seed * 31 + i * 7 + i / 256);
	return slice_of(to, n);
}

static bool holds(const struct replica_image *image, uint64_t uid, uint32_t kind,
		  struct slice bytes)
{
	for (size_t i = 0; i < image->count; i++) {
		const struct replica_item *item = &image->items[i];
		if (item->uid == uid && item->kind == kind)
			return slice_eq(item->bytes, bytes);
	}
	return false;
}

/* --- */

static void test_put_replace_drop(void **state)
{
	struct replica_file *f = open_file(*state, 1000);
	uint32_t call = 0, legs = 0, other = 0, gone = 0;
	char a[900], b[900];
	assert_int_equal(replica_file_put(f, 1, REPLICA_CALL, sample(a, 100, 1), &call), 0);
	assert_int_equal(replica_file_put(f, 1, REPLICA_LEGS, sample(a, 900, 2), &legs), 0);
	assert_int_equal(replica_file_put(f, 2, REPLICA_CALL, sample(a, 10, 3), &other), 0);
	assert_int_equal(replica_file_put(f, 3, REPLICA_CALL, sample(a, 700, 4), &gone), 0);
	assert_int_equal(replica_file_put(f, 1, REPLICA_LEGS, sample(b, 300, 5), &legs), 0);
	replica_file_drop(f, &gone);
	assert_int_equal(gone, 0);
	replica_file_drop(f, &gone); /* nothing */
	assert_int_equal(replica_file_cells_used(f), 1 + 2 + 1);
	assert_int_equal(replica_file_records(f), 3);
	replica_file_alive(f, 77);
	replica_file_close(f);

	struct replica_image image = load(*state);
	assert_int_equal(image.count, 3);
	assert_int_equal(image.damaged, 0);
	assert_int_equal(image.sequence, 5);
	assert_int_equal(image.alive_ms, 77);
	assert_true(holds(&image, 1, REPLICA_CALL, sample(a, 100, 1)));
	assert_true(holds(&image, 1, REPLICA_LEGS, sample(a, 300, 5)));
	assert_true(holds(&image, 2, REPLICA_CALL, sample(a, 10, 3)));
	assert_int_equal(replica_image_next(&image, 0), 2);
	replica_image_free(&image);
}

/* Every length around the ends of cells. */
static void test_lengths(void **state)
{
	static char bytes[4096];
	const size_t far = CELL_FIRST_PART + 5 * CELL_FURTHER_PART + 3;
	struct replica_file *f = open_file(*state, 100000);
	for (size_t n = 0; n <= far; n++) {
		uint32_t at = 0;
		assert_int_equal(replica_file_put(f, n + 1, 0, sample(bytes, n, (uint32_t)n), &at),
				 0);
	}
	replica_file_close(f);
	struct replica_image image = load(*state);
	assert_int_equal(image.count, far + 1);
	for (size_t n = 0; n <= far; n++)
		assert_true(holds(&image, n + 1, 0, sample(bytes, n, (uint32_t)n)));
	replica_image_free(&image);
}

static void test_longest(void **state)
{
	static char bytes[REPLICA_RECORD_BYTES + 1];
	struct replica_file *f = open_file(*state, 1000);
	uint32_t at = 0;
	assert_int_equal(replica_file_put(f, 1, 0, sample(bytes, sizeof(bytes), 1), &at),
			 ERR_TOO_BIG);
	assert_int_equal(at, 0);
	assert_int_equal(replica_file_put(f, 1, 0, sample(bytes, sizeof(bytes) - 1, 1), &at), 0);
	replica_file_close(f);
	struct replica_image image = load(*state);
	assert_true(holds(&image, 1, 0, slice_of(bytes, sizeof(bytes) - 1)));
	replica_image_free(&image);
}

/* Ten thousand saves of a few calls take no more cells than those calls. */
static void test_cells_are_used_again(void **state)
{
	char bytes[2000];
	struct replica_file *f = open_file(*state, 200);
	uint32_t at[10] = {0};
	for (uint32_t i = 0; i < 10000; i++)
		assert_int_equal(
			replica_file_put(f, i % 10, 0, sample(bytes, i % 2000, i), &at[i % 10]), 0);
	for (uint32_t i = 0; i < 10; i++)
		replica_file_drop(f, &at[i]);
	assert_int_equal(replica_file_cells_used(f), 0);
	replica_file_close(f);
	struct replica_image image = load(*state);
	assert_int_equal(image.count, 0);
	replica_image_free(&image);
}

static void test_full(void **state)
{
	char bytes[CELL_FIRST_PART * 2];
	struct replica_file *f = open_file(*state, 4);
	uint32_t at[5] = {0};
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(replica_file_put(f, i, 0, sample(bytes, 9, i), &at[i]), 0);
	uint32_t before = at[3];
	assert_int_equal(replica_file_put(f, 4, 0, sample(bytes, 9, 4), &at[4]), ERR_LIMIT);
	assert_int_equal(replica_file_put(f, 3, 0, sample(bytes, 9, 5), &at[3]), ERR_LIMIT);
	assert_int_equal(at[3], before);
	replica_file_drop(f, &at[0]);
	assert_int_equal(replica_file_put(f, 3, 0, sample(bytes, 9, 5), &at[3]), 0);
	replica_file_close(f);
	struct replica_image image = load(*state);
	assert_int_equal(image.count, 3);
	assert_true(holds(&image, 3, 0, sample(bytes, 9, 5)));
	replica_image_free(&image);
}

/* A full disk, played by the limit of a file's size: growing is refused, what is there goes on;
 * with room again it grows. */
static void test_disk_full(void **state)
{
	const struct rlimit small = {1536 * 1024, RLIM_INFINITY};
	struct rlimit had;
	char bytes[200];
	struct replica_file *f = open_file(*state, 100000);
	uint32_t at = 0, kept = 0, first = 0;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(replica_file_put(f, 1, 0, sample(bytes, 200, 1), &first), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &had), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	uint64_t uid = 2;
	int err = 0;
	for (; err == 0; uid++, at = 0) {
		err = replica_file_put(f, uid, 0, sample(bytes, 200, 2), &at);
		kept = err ? kept : at;
	}
	assert_int_equal(err, ERR_LIMIT);
	assert_int_equal(uid, 4096 + 1);
	assert_int_equal(replica_file_put(f, uid, 0, sample(bytes, 200, 2), &at), ERR_LIMIT);
	replica_file_drop(f, &kept);
	assert_int_equal(replica_file_put(f, 1, 0, sample(bytes, 100, 3), &first), 0);
	had.rlim_cur = had.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &had), 0);
	at = 0;
	assert_int_equal(replica_file_put(f, uid, 0, sample(bytes, 200, 2), &at), 0);
	at = 0;
	assert_int_equal(replica_file_put(f, uid + 1, 0, sample(bytes, 200, 2), &at), ERR_LIMIT);
	replica_file_retry(f);
	assert_int_equal(replica_file_put(f, uid + 1, 0, sample(bytes, 200, 2), &at), 0);
	replica_file_close(f);
	struct replica_image image = load(*state);
	assert_true(holds(&image, 1, 0, sample(bytes, 100, 3)));
	assert_true(holds(&image, uid + 1, 0, sample(bytes, 200, 2)));
	replica_image_free(&image);
}

static void test_cannot_open(void **state)
{
	const struct rlimit none = {0, RLIM_INFINITY};
	struct place *p = *state;
	struct replica_file_params params = {.path = "/nonexistent/calls-0.og", .cells_max = 10};
	struct replica_file *f = NULL;
	struct rlimit had;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(replica_file_new(&params, &f), ERR_IO);
	params.path = p->path;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &had), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_int_equal(replica_file_new(&params, &f), ERR_LIMIT);
	had.rlim_cur = had.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &had), 0);
	assert_null(f);
	struct replica_image image = {0};
	assert_int_equal(replica_image_add(&image, p->path), ERR_NOT_FOUND);
	replica_image_free(&image);
}

/* The old file stays in force until the new one is settled. */
static void test_settle(void **state)
{
	struct place *p = *state;
	struct replica_file_params params = {.path = p->path, .cells_max = 10, .sequence = 40};
	struct replica_file *f = open_file(p, 10);
	uint32_t at = 0;
	assert_int_equal(replica_file_put(f, 1, 0, SLICE("old"), &at), 0);
	replica_file_close(f);
	assert_int_equal(replica_file_new(&params, &f), 0);
	at = 0;
	assert_int_equal(replica_file_put(f, 1, 0, SLICE("new"), &at), 0);
	struct replica_image image = load(p);
	assert_true(holds(&image, 1, 0, SLICE("old")));
	replica_image_free(&image);
	assert_int_equal(replica_file_settle(f), 0);
	replica_file_close(f);
	image = load(p);
	assert_true(holds(&image, 1, 0, SLICE("new")));
	assert_int_equal(image.sequence, 41);
	replica_image_free(&image);
}

/* Two files with the same call: the one saved later holds. */
static void test_two_files(void **state)
{
	struct place *p = *state;
	struct place other = *p;
	struct replica_file_params params = {.path = other.path, .cells_max = 10, .sequence = 9};
	struct replica_file *f = open_file(p, 10);
	struct replica_image image = {0};
	uint32_t at = 0;
	snprintf(other.path, sizeof(other.path), "%s/calls-1.og", p->dir);
	assert_int_equal(replica_file_put(f, 1, 0, SLICE("old"), &at), 0);
	replica_file_close(f);
	at = 0;
	assert_int_equal(replica_file_new(&params, &f), 0);
	assert_int_equal(replica_file_settle(f), 0);
	assert_int_equal(replica_file_put(f, 1, 0, SLICE("new"), &at), 0);
	replica_file_close(f);
	assert_int_equal(replica_image_add(&image, other.path), 0);
	assert_int_equal(replica_image_add(&image, p->path), 0);
	replica_image_sort(&image);
	assert_int_equal(image.count, 1);
	assert_true(holds(&image, 1, 0, SLICE("new")));
	replica_image_free(&image);
	assert_int_equal(unlink(other.path), 0);
}

static void note_unread(void *ctx, const char *path, int err)
{
	assert_non_null(strstr(path, "calls-1.og"));
	assert_int_equal(err, ERR_DAMAGED);
	(*(int *)ctx)++;
}

/* The files of all shards; one that is none is put aside and told of. */
static void test_dir(void **state)
{
	struct place *p = *state;
	struct replica_image image = {0};
	char path[REPLICA_PATH_BYTES], aside[128];
	uint32_t at = 0;
	int unread = 0;
	struct replica_file *f = open_file(p, 10);
	assert_int_equal(replica_file_put(f, 9, 0, SLICE("zero"), &at), 0);
	replica_file_close(f);
	assert_int_equal(replica_path(p->dir, 255, path), 0);
	struct replica_file_params params = {.path = path, .cells_max = 10};
	at = 0;
	assert_int_equal(replica_file_new(&params, &f), 0);
	assert_int_equal(replica_file_put(f, 3, 0, SLICE("last"), &at), 0);
	assert_int_equal(replica_file_settle(f), 0);
	replica_file_close(f);
	assert_int_equal(replica_path(p->dir, 1, path), 0);
	FILE *out = fopen(path, "w");
	assert_non_null(out);
	fputs("no call file", out);
	fclose(out);
	assert_int_equal(replica_image_add_dir(&image, p->dir, note_unread, &unread), 0);
	assert_int_equal(unread, 1);
	assert_int_equal(image.count, 2);
	assert_int_equal(image.items[0].uid, 3);
	assert_true(holds(&image, 9, 0, SLICE("zero")));
	replica_image_free(&image);
	snprintf(aside, sizeof(aside), "%s/calls-1.og.unread", p->dir);
	assert_int_equal(unlink(aside), 0);
	replica_remove_files(p->dir, 1);
	assert_int_equal(access(p->path, F_OK), 0);
	assert_int_equal(replica_image_add_dir(&image, p->dir, note_unread, &unread), 0);
	assert_int_equal(image.count, 1);
	replica_image_free(&image);
}

/* --- damage */

static char *read_whole(const struct place *p, size_t *ret_n)
{
	struct stat st;
	FILE *in = fopen(p->path, "rb");
	assert_non_null(in);
	assert_int_equal(fstat(fileno(in), &st), 0);
	char *bytes = aligned_alloc(CELL_BYTES, (size_t)st.st_size);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, (size_t)st.st_size, in), st.st_size);
	fclose(in);
	*ret_n = (size_t)st.st_size;
	return bytes;
}

/* Three calls, of which the second one is to be hurt. */
static char *three_calls(void **state, size_t *ret_n)
{
	char a[300];
	struct replica_file *f = open_file(*state, 15);
	for (uint32_t i = 1; i <= 3; i++) {
		uint32_t at = 0;
		assert_int_equal(replica_file_put(f, i, 0, sample(a, 300, i), &at), 0);
	}
	replica_file_close(f);
	return read_whole(*state, ret_n);
}

static struct replica_image load_bytes(char *bytes, size_t n)
{
	struct replica_image image = {0};
	assert_int_equal(replica_image_add_bytes(&image, slice_of(bytes, n)), 0);
	replica_image_sort(&image);
	return image;
}

/* Any bit of the second call: that one is left out and told, or it was a bit of no account. */
static void test_any_bit(void **state)
{
	char a[300];
	size_t n, from = 3 * CELL_BYTES, to = 5 * CELL_BYTES;
	char *bytes = three_calls(state, &n);
	for (size_t bit = from * 8; bit < to * 8; bit++) {
		bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
		struct replica_image image = load_bytes(bytes, n);
		assert_true(holds(&image, 1, 0, sample(a, 300, 1)));
		assert_true(holds(&image, 3, 0, sample(a, 300, 3)));
		if (image.count == 3)
			assert_true(holds(&image, 2, 0, sample(a, 300, 2)));
		else
			assert_true(image.damaged > 0 && image.count == 2);
		replica_image_free(&image);
		bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
	}
	free(bytes);
}

/* The file cut at any byte, as after a loss of power. */
static void test_cut_short(void **state)
{
	char a[300];
	size_t n;
	char *bytes = three_calls(state, &n);
	for (size_t cut = CELL_BYTES; cut <= n; cut++) {
		struct replica_image image = load_bytes(bytes, cut);
		for (uint32_t i = 1; i <= 3; i++) {
			bool whole = cut >= (1 + 2 * i) * CELL_BYTES;
			assert_int_equal(holds(&image, i, 0, sample(a, 300, i)), whole);
		}
		replica_image_free(&image);
	}
	free(bytes);
}

/* The record's own write cut at any byte behind its head, the word that makes it count being there:
 * what kill -9 cannot do, but a disk that writes its blocks in any order. */
static void test_torn_at_any_byte(void **state)
{
	char a[300];
	size_t n;
	char *bytes = three_calls(state, &n), *torn = aligned_alloc(CELL_BYTES, n);
	assert_non_null(torn);
	for (size_t cut = 3 * CELL_BYTES + 4; cut < 5 * CELL_BYTES; cut++) {
		memcpy(torn, bytes, n);
		memset(torn + cut, 0x5c, 5 * CELL_BYTES - cut);
		struct replica_image image = load_bytes(torn, n);
		assert_true(holds(&image, 1, 0, sample(a, 300, 1)));
		assert_true(holds(&image, 3, 0, sample(a, 300, 3)));
		/* behind its last byte the cell is nobody's */
		bool untouched = cut >= 3 * CELL_BYTES + CELL_BYTES + CELL_MORE_BYTES + 300 -
						CELL_FIRST_PART;
		assert_int_equal(holds(&image, 2, 0, sample(a, 300, 2)), untouched);
		assert_int_equal(image.damaged > 0, !untouched);
		replica_image_free(&image);
	}
	free(torn);
	free(bytes);
}

static void test_not_ours(void **state)
{
	size_t n;
	char *bytes = three_calls(state, &n);
	struct replica_image image = {0};
	struct file_header *h = (struct file_header *)(void *)bytes;
	assert_int_equal(replica_image_add_bytes(&image, slice_of(bytes, CELL_BYTES - 1)),
			 ERR_DAMAGED);
	h->version++;
	assert_int_equal(replica_image_add_bytes(&image, slice_of(bytes, n)), ERR_UNSUPPORTED);
	h->magic[0] = 'o';
	assert_int_equal(replica_image_add_bytes(&image, slice_of(bytes, n)), ERR_DAMAGED);
	assert_int_equal(image.count, 0);
	replica_image_free(&image);
	free(bytes);
}

/* --- kill -9 at every instruction: a child saves, step by step, and after each step the file must
 * hold the record as it was or as it is to be */

static void child(struct replica_file *f, uint32_t *at, struct slice bytes)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
		_exit(2);
	raise(SIGSTOP);
	(void)replica_file_put(f, 1, REPLICA_LEGS, bytes, at);
	raise(SIGSTOP);
	_exit(0);
}

struct watch {
	const struct place *p;
	struct slice before, after;
	char *last; /* the file when it was looked at last */
	size_t n;
	uint32_t looks, saw_before, saw_after;
};

static void look(struct watch *w)
{
	size_t n;
	char *bytes = read_whole(w->p, &n);
	bool changed = w->last == NULL || memcmp(bytes, w->last, n) != 0;
	free(w->last);
	w->last = bytes;
	w->n = n;
	if (!changed)
		return;
	struct replica_image image = load_bytes(bytes, n);
	bool is_before = holds(&image, 1, REPLICA_LEGS, w->before),
	     is_after = holds(&image, 1, REPLICA_LEGS, w->after);
	assert_true(is_before || is_after);
	assert_int_equal(image.damaged, 0);
	assert_true(holds(&image, 2, REPLICA_CALL, SLICE("bystander")));
	w->saw_before += is_before;
	w->saw_after += is_after;
	w->looks++;
	replica_image_free(&image);
}

/* False: this kernel or sandbox lets nobody be traced. */
static bool step_through(pid_t pid, struct watch *w)
{
	int status;
	bool began = false;
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		if (WSTOPSIG(status) == SIGSTOP && began) {
			kill(pid, SIGKILL);
			continue;
		}
		began = true;
		look(w);
		if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) != 0) {
			kill(pid, SIGKILL);
			(void)waitpid(pid, &status, 0);
			return false;
		}
	}
	return began;
}

static void killed_anywhere(void **state, size_t before_bytes, size_t after_bytes)
{
	static char a[4096], b[4096];
	struct replica_file *f = open_file(*state, 63);
	uint32_t at = 0, other = 0;
	struct watch w = {.p = *state,
			  .before = sample(a, before_bytes, 1),
			  .after = sample(b, after_bytes, 2)};
	assert_int_equal(replica_file_put(f, 1, REPLICA_LEGS, w.before, &at), 0);
	assert_int_equal(replica_file_put(f, 2, REPLICA_CALL, SLICE("bystander"), &other), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		child(f, &at, w.after);
	bool traced = step_through(pid, &w);
	replica_file_close(f);
	free(w.last);
	if (!traced)
		skip();
	assert_true(w.saw_before > 1 && w.saw_after > 1 && w.looks > 10);
}

static void test_killed_anywhere(void **state)
{
	killed_anywhere(state, 700, 700);
}

static void test_killed_anywhere_longer(void **state)
{
	killed_anywhere(state, 100, 1500);
}

static void test_killed_anywhere_shorter(void **state)
{
	killed_anywhere(state, 1500, 100);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_put_replace_drop),
		CASE(test_lengths),
		CASE(test_longest),
		CASE(test_cells_are_used_again),
		CASE(test_full),
		CASE(test_disk_full),
		CASE(test_cannot_open),
		CASE(test_settle),
		CASE(test_two_files),
		CASE(test_dir),
		CASE(test_any_bit),
		CASE(test_cut_short),
		CASE(test_torn_at_any_byte),
		CASE(test_not_ours),
		CASE(test_killed_anywhere),
		CASE(test_killed_anywhere_longer),
		CASE(test_killed_anywhere_shorter),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
