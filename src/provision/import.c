#include "provision/import.h"

#include "base/clock.h"
#include "base/err.h"
#include "provision/import_priv.h"
#include "provision/make.h"

#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* The mutex guards what the import's thread tells and the API's threads ask; held for a moment. */
struct import {
	struct import_params p;
	struct rng rng;

	pthread_mutex_t lock;
	bool busy, stopping, joinable;
	const char *phase;
	size_t done, total;

	pthread_t thread;
	char *csv;
	size_t csv_n;
	import_done_fn *answer;
	void *answer_ctx;
};

int import_new(const struct import_params *p, struct import **ret_import)
{
	struct import *im = calloc(1, sizeof(*im));
	if (im == NULL)
		return ERR_NOMEM;
	im->p = *p;
	im->phase = "idle";
	rng_init_os(&im->rng);
	pthread_mutex_init(&im->lock, NULL);
	*ret_import = im;
	return 0;
}

/* Where it stands. False: it shall stop. */
static bool tell(struct import *im, const char *phase, size_t done, size_t total)
{
	pthread_mutex_lock(&im->lock);
	im->phase = phase;
	im->done = done;
	im->total = total;
	bool go_on = !im->stopping;
	pthread_mutex_unlock(&im->lock);
	return go_on;
}

static char *error_text(const char *code, const char *message, const char *hint)
{
	json_t *o = json_pack("{s:{s:s,s:s,s:s*}}", "error", "code", code, "message", message,
			      "hint", hint);
	char *text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	return text;
}

/* ---- checking against what is there ---- */

static int look_up(struct import_run *run, const struct draft *d)
{
	struct store_number n;
	struct store_customer c;
	int err = store_number_get(run->store, slice_str(d->number), &n);
	if (err == ERR_NOT_FOUND)
		err = store_number_get_by_account(run->store, slice_str(d->account), &n);
	if (err == 0)
		return ERR_EXISTS;
	if (err != ERR_NOT_FOUND)
		return err;
	err = store_customer_get(run->store, slice_str(d->customer), &c);
	return err;
}

static void name_refused(struct import_run *run, const struct import_row *row,
			 const struct fault *fault)
{
	const struct draft *d = &row->draft;
	const char *value = d->number;
	if (strcmp(fault->field, "account") == 0)
		value = d->account;
	else if (strcmp(fault->field, "customer") == 0)
		value = d->customer;
	import_bad_row(run, row->line, fault, value, 0);
}

/* 0, or the store failed (ERR_TIMEOUT: it shall stop). */
static int check_rows(struct import_run *run)
{
	for (size_t i = 0; i < run->row_count; i++) {
		const struct import_row *row = &run->rows[i];
		int err = look_up(run, &row->draft);
		const struct fault *fault = err ? made_refused(run->store, err, &row->draft) : NULL;
		if (fault)
			name_refused(run, row, fault);
		else if (err)
			return err;
		if (!tell(run->import, "checking", i + 1, run->row_count))
			return ERR_TIMEOUT;
	}
	return 0;
}

/* ---- hashing ---- */

static int hash_row(struct import_row *row)
{
	char hash[HASH_CHARS];
	if (secret_hash(row->draft.option_password, hash) != 0)
		return ERR_NOMEM;
	row->option_hash = strdup(hash);
	return row->option_hash ? 0 : ERR_NOMEM;
}

static int hash_rows(struct import_run *run)
{
	size_t total = 0, done = 0;
	for (size_t i = 0; i < run->row_count; i++)
		total += run->rows[i].draft.option_password != NULL;
	for (size_t i = 0; i < run->row_count; i++) {
		if (run->rows[i].draft.option_password == NULL)
			continue;
		if (!tell(run->import, "hashing", done++, total))
			return ERR_TIMEOUT;
		int err = hash_row(&run->rows[i]);
		if (err)
			return err;
	}
	return 0;
}

/* ---- writing ---- */

static int write_row(struct import_run *run, struct import_row *row)
{
	struct made m;
	int err = made_of(&row->draft, run->domain, &run->import->rng, false,
			  row->option_hash ? row->option_hash : "", clock_wall_ms(), &m);
	if (err)
		return err;
	strcpy(row->password, m.password);
	err = store_number_add(run->store, &m.n);
	const struct fault *fault = err ? made_refused(run->store, err, &row->draft) : NULL;
	if (fault == NULL)
		return err;
	name_refused(run, row, fault); /* came between checking and writing */
	return 0;
}

static int write_rows(struct import_run *run)
{
	int err = store_begin(run->store);
	if (err)
		return err;
	for (size_t i = 0; i < run->row_count && err == 0; i++) {
		err = write_row(run, &run->rows[i]);
		if (err == 0 && !tell(run->import, "writing", i + 1, run->row_count))
			err = ERR_TIMEOUT;
	}
	if (err == 0 && run->bad_count == 0 && !run->no_memory) {
		(void)store_audit_add(run->store, clock_wall_ms(), SLICE("operator"),
				      SLICE("number.import"), SLICE("csv"), SLICE_NONE);
		return store_commit(run->store);
	}
	store_rollback(run->store);
	return err;
}

/* Durable already. What the directory has no memory for is there after a restart. */
static int publish(struct import_run *run)
{
	int err = 0;
	for (size_t i = 0; i < run->row_count && err == 0; i++) {
		struct directory_number d;
		struct store_number n;
		err = store_number_get(run->store, slice_str(run->rows[i].draft.number), &n);
		if (err)
			continue;
		made_directory(&n, &d);
		err = directory_put(run->import->p.directory, &d);
	}
	return err;
}

static int write_all(struct import_run *run, bool *ret_published)
{
	struct import *im = run->import;
	if (im->p.hold)
		im->p.hold(im->p.hold_ctx, true);
	int err = write_rows(run);
	*ret_published = err == 0 && run->bad_count == 0 && publish(run) == 0;
	if (im->p.hold)
		im->p.hold(im->p.hold_ctx, false);
	return err;
}

/* ---- the whole ---- */

static void failed(const struct import_run *run, int err, unsigned *ret_status, char **ret_text)
{
	if (err == ERR_TIMEOUT) {
		*ret_status = 503;
		*ret_text = error_text("unavailable",
				       "Nothing was imported: the server is stopping", NULL);
	} else if (err == ERR_NOMEM) {
		*ret_status = 503;
		*ret_text = error_text("unavailable",
				       "Nothing was imported: there is not enough memory",
				       "import in parts");
	} else {
		*ret_status = err == ERR_LIMIT ? 507 : 500;
		*ret_text = error_text(err == ERR_LIMIT ? "disk_full" : "failed",
				       run->store ? store_error(run->store) : err_text(err), NULL);
	}
}

static void finish(struct import_run *run, bool published, unsigned *ret_status, char **ret_text)
{
	if (run->bad_count) {
		*ret_status = 400;
		*ret_text = import_answer_bad(run);
	} else if (!published) {
		*ret_status = 503;
		*ret_text = error_text("unavailable",
				       "The numbers are kept but not in force: there is not enough "
				       "memory",
				       "restart the server");
	} else {
		*ret_status = 200;
		*ret_text = import_answer_good(run);
	}
}

static int check_and_write(struct import_run *run, bool *ret_published)
{
	import_twice(run);
	int err = check_rows(run);
	if (err == 0 && run->no_memory)
		err = ERR_NOMEM;
	if (err || run->bad_count)
		return err;
	err = hash_rows(run);
	return err ? err : write_all(run, ret_published);
}

void import_run(struct import *im, char *csv, size_t n, unsigned *ret_status, char **ret_text)
{
	struct import_run run = {.import = im, .domain = im->p.domain};
	bool published = false;
	(void)tell(im, "checking", 0, 0);
	const struct fault *fault = import_read(&run, csv, n);
	int err = 0;
	if (fault) {
		*ret_status = 400;
		*ret_text = error_text(fault->code, fault->message, fault->hint);
	} else {
		err = store_open(im->p.data_file, &run.store, NULL, 0);
		if (err == 0)
			err = check_and_write(&run, &published);
		if (err)
			failed(&run, err, ret_status, ret_text);
		else
			finish(&run, published, ret_status, ret_text);
	}
	if (run.store)
		store_close(run.store);
	import_forget(&run);
}

/* Phones and calls come first. */
static void be_modest(void)
{
	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), 10);
}

static void *run_thread(void *arg)
{
	struct import *im = arg;
	unsigned status;
	char *text = NULL;
	be_modest();
	import_run(im, im->csv, im->csv_n, &status, &text);
	free(im->csv);
	im->csv = NULL;
	import_done_fn *answer = im->answer;
	void *ctx = im->answer_ctx;
	pthread_mutex_lock(&im->lock);
	im->busy = false;
	im->phase = "idle";
	im->done = im->total = 0;
	pthread_mutex_unlock(&im->lock);
	answer(ctx, status, text);
	return NULL;
}

/* True: it is ours to run now. A thread that has run before is cleared away. */
static bool claim(struct import *im)
{
	pthread_mutex_lock(&im->lock);
	bool mine = !im->busy && !im->stopping;
	bool old = mine && im->joinable;
	if (mine) {
		im->busy = true;
		im->joinable = false;
	}
	pthread_mutex_unlock(&im->lock);
	if (old)
		pthread_join(im->thread, NULL);
	return mine;
}

bool import_start(struct import *im, char *csv, size_t n, import_done_fn *done, void *ctx)
{
	if (!claim(im))
		return false;
	im->csv = csv;
	im->csv_n = n;
	im->answer = done;
	im->answer_ctx = ctx;
	pthread_mutex_lock(&im->lock);
	im->joinable = !im->stopping && pthread_create(&im->thread, NULL, run_thread, im) == 0;
	im->busy = im->joinable;
	bool started = im->joinable;
	pthread_mutex_unlock(&im->lock);
	return started;
}

void import_stop(struct import *im)
{
	pthread_mutex_lock(&im->lock);
	im->stopping = true;
	bool joinable = im->joinable;
	im->joinable = false;
	pthread_mutex_unlock(&im->lock);
	if (joinable)
		pthread_join(im->thread, NULL);
}

void import_free(struct import *im)
{
	if (im == NULL)
		return;
	import_stop(im);
	pthread_mutex_destroy(&im->lock);
	free(im);
}

void import_progress(struct import *im, struct import_progress *ret_progress)
{
	pthread_mutex_lock(&im->lock);
	*ret_progress = (struct import_progress){im->busy, im->phase, im->done, im->total};
	pthread_mutex_unlock(&im->lock);
}
