#include "stage/vault.h"

#include "base/err.h"
#include "net/net_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NUMBERS_MAX  256
#define RULES_MAX    32
#define FORWARDS_MAX 32
#define SCREENS_MAX  32

/* One change of bindings, in the order of handing over. */
struct change {
	bool remove;
	char number[STORE_NUMBER_BYTES];
	int64_t expires_at;
	size_t key_n, bytes_n;
	char *key, *bytes;
};

struct vault {
	struct writer writer; /* first */
	struct sim_net *net;
	bool full;
	struct directory_number numbers[NUMBERS_MAX];
	uint32_t number_n;
	struct plan_rule rules[RULES_MAX];
	uint32_t rule_n;
	struct {
		char number[STORE_NUMBER_BYTES];
		struct forward_settings settings;
	} forwards[FORWARDS_MAX];
	uint32_t forward_n;
	struct vault_screen screens[SCREENS_MAX];
	uint32_t screen_n;
	struct change *changes;
	size_t change_n, change_cap;
	struct vault_record **records;
	uint32_t record_n, record_cap;
};

static void die(const char *what, int err)
{
	fprintf(stderr, "simulation: the store fails: %s: %s\n", what, err_text(err));
	abort();
}

static char *copy_of(struct slice s)
{
	char *p = sim_alloc(s.n + 1);
	if (s.n)
		memcpy(p, s.p, s.n);
	return p;
}

static void change_free(struct change *c)
{
	free(c->key);
	free(c->bytes);
}

/* --- as a writer */

static struct vault *self(struct writer *w)
{
	return (struct vault *)w;
}

static void note(struct vault *k, const struct writer_change *ch)
{
	if (k->change_n == k->change_cap) {
		k->change_cap = k->change_cap ? 2 * k->change_cap : 64;
		k->changes = realloc(k->changes, k->change_cap * sizeof(*k->changes));
		if (!k->changes)
			die("memory", ERR_NOMEM);
	}
	struct change *c = &k->changes[k->change_n++];
	*c = (struct change){
		.remove = ch->remove,
		.expires_at = ch->binding.expires_at,
		.key_n = ch->binding.key.n,
		.bytes_n = ch->binding.bytes.n,
		.key = copy_of(ch->binding.key),
		.bytes = copy_of(ch->binding.bytes),
	};
	if (slice_copy(ch->binding.number, c->number, sizeof(c->number)))
		die("a number", ERR_TOO_BIG);
}

static int bindings_change(struct writer *w, const struct writer_change *changes, size_t n)
{
	struct vault *k = self(w);
	if (k->full)
		return ERR_AGAIN;
	for (size_t i = 0; i < n; i++)
		note(k, &changes[i]);
	return 0;
}

static void copy_text(struct vault_record *to, size_t *used, struct slice *text)
{
	if (*used + text->n > sizeof(to->texts))
		die("a record", ERR_TOO_BIG);
	if (text->n)
		memcpy(to->texts + *used, text->p, text->n);
	text->p = to->texts + *used;
	*used += text->n;
}

static int record_add(struct writer *w, const struct store_record *r)
{
	struct vault *k = self(w);
	size_t used = 0;
	if (k->full)
		return ERR_AGAIN;
	if (k->record_n == k->record_cap) {
		k->record_cap = k->record_cap ? 2 * k->record_cap : 64;
		k->records = realloc(k->records, k->record_cap * sizeof(struct vault_record *));
		if (!k->records)
			die("memory", ERR_NOMEM);
	}
	struct vault_record *kept = sim_alloc(sizeof(*kept));
	kept->r = *r;
	struct slice *texts[] = {&kept->r.from,	    &kept->r.to,     &kept->r.dialled,
				 &kept->r.customer, &kept->r.reason, &kept->r.reason_text,
				 &kept->r.ended_by, &kept->r.codec,  &kept->r.direction,
				 &kept->r.trunk,    &kept->r.detail, &kept->r.forward};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		copy_text(kept, &used, texts[i]);
	k->records[k->record_n++] = kept;
	return 0;
}

static const struct writer_ops OPS = {
	.bindings_change = bindings_change,
	.record_add = record_add,
};

/* --- life */

struct vault *vault_new(struct sim_net *net)
{
	struct vault *k = sim_alloc(sizeof(*k));
	k->writer.ops = &OPS;
	k->net = net;
	return k;
}

void vault_free(struct vault *k)
{
	if (!k)
		return;
	for (size_t i = 0; i < k->change_n; i++)
		change_free(&k->changes[i]);
	for (uint32_t i = 0; i < k->record_n; i++)
		free(k->records[i]);
	free(k->changes);
	free(k->records);
	free(k);
}

struct writer *vault_writer(struct vault *k)
{
	return &k->writer;
}

void vault_set_full(struct vault *k, bool full)
{
	k->full = full;
}

/* --- provisioning */

static struct directory_number *find(const struct vault *k, const char *number)
{
	for (uint32_t i = 0; i < k->number_n; i++) {
		if (strcmp(k->numbers[i].number, number) == 0)
			return (struct directory_number *)&k->numbers[i];
	}
	return NULL;
}

uint32_t vault_numbers(const struct vault *k)
{
	return k->number_n;
}

const struct directory_number *vault_number_at(const struct vault *k, uint32_t i)
{
	return &k->numbers[i];
}

const struct directory_number *vault_number(const struct vault *k, const char *number)
{
	return find(k, number);
}

void vault_number_put(struct vault *k, const struct directory_number *n)
{
	struct directory_number *at = find(k, n->number);
	if (!at && k->number_n == NUMBERS_MAX)
		die("too many numbers", ERR_LIMIT);
	if (!at)
		at = &k->numbers[k->number_n++];
	*at = *n;
}

void vault_number_remove(struct vault *k, const char *number)
{
	struct directory_number *at = find(k, number);
	if (at)
		*at = k->numbers[--k->number_n];
}

/* --- loading */

static void fill_numbers(const struct vault *k, struct store *s)
{
	for (uint32_t i = 0; i < k->number_n; i++) {
		const struct directory_number *n = &k->numbers[i];
		const struct store_customer c = {.code = slice_str(n->customer),
						 .name = SLICE("somebody")};
		struct store_number row = {
			.number = slice_str(n->number),
			.account = slice_str(n->account),
			.customer = c.code,
			.realm = slice_str(n->realm),
			.channels = n->channels,
			.international = n->international,
			.suspended = n->suspended,
			.registration_policy = (uint8_t)n->policy,
		};
		memcpy(row.ha1_md5, n->ha1.md5, sizeof(row.ha1_md5));
		memcpy(row.ha1_sha256, n->ha1.sha256, sizeof(row.ha1_sha256));
		int err = store_customer_put(s, &c);
		if (err == 0)
			err = store_number_put(s, &row);
		if (err)
			die(store_error(s), err);
	}
}

static void fill_rules(const struct vault *k, struct store *s)
{
	for (uint32_t i = 0; i < k->rule_n; i++) {
		const struct plan_rule *r = &k->rules[i];
		const struct store_rule row = {
			.scope = (uint8_t)r->scope,
			.about = (uint8_t)r->about,
			.who = slice_str(r->who),
			.key = slice_str(r->key),
			.allow = r->allow,
		};
		uint64_t id;
		const int err = store_rule_add(s, &row, &id);
		if (err)
			die(store_error(s), err);
	}
}

static void fill_bindings(const struct vault *k, struct store *s)
{
	for (size_t i = 0; i < k->change_n; i++) {
		const struct change *c = &k->changes[i];
		const struct store_binding b = {
			.number = slice_str(c->number),
			.key = slice_of(c->key, c->key_n),
			.bytes = slice_of(c->bytes, c->bytes_n),
			.expires_at = c->expires_at,
		};
		const int err = c->remove ? store_binding_remove(s, b.number, b.key)
					  : store_binding_put(s, &b);
		if (err && err != ERR_NOT_FOUND) /* of a number that is no more */
			die(store_error(s), err);
	}
}

/* A store in a directory of its own, filled in one go. */
static struct store *open_store(const struct vault *k, char dir[64], char path[96])
{
	struct store *s;
	char text[STORE_TEXT_BYTES];
	const char *tmp = getenv("TMPDIR");
	snprintf(dir, 64, "%.40s/sim.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(dir))
		die(dir, ERR_IO);
	snprintf(path, 96, "%s/sim.db", dir);
	int err = store_open(path, &s, text, sizeof(text));
	if (err == 0)
		err = store_begin(s);
	if (err)
		die(text, err);
	fill_numbers(k, s);
	fill_bindings(k, s);
	fill_rules(k, s);
	err = store_commit(s);
	if (err)
		die(store_error(s), err);
	return s;
}

static void drop_store(struct store *s, const char *dir, const char *path)
{
	static const char *const SUFFIXES[] = {"", "-wal", "-shm"};
	char file[112];
	store_close(s);
	for (size_t i = 0; i < sizeof(SUFFIXES) / sizeof(SUFFIXES[0]); i++) {
		snprintf(file, sizeof(file), "%s%s", path, SUFFIXES[i]);
		(void)unlink(file);
	}
	(void)rmdir(dir);
}

/* Nothing to load but numbers: as good as provisioning them now, and without a file. */
static void put_numbers(const struct vault *k, struct directory *d)
{
	for (uint32_t i = 0; i < k->number_n; i++) {
		const int err = directory_put(d, &k->numbers[i]);
		if (err)
			die("a number", err);
	}
}

static void put_forwards(const struct vault *k, struct directory *d)
{
	for (uint32_t i = 0; i < k->forward_n; i++) {
		const int err = directory_forward_put(d, slice_str(k->forwards[i].number),
						      &k->forwards[i].settings);
		if (err && err != ERR_NOT_FOUND) /* of a number that is no more */
			die("forwarding", err);
	}
}

static void put_screens(struct vault *k, struct directory *d)
{
	for (uint32_t i = 0; i < k->screen_n; i++) {
		const int err = vault_screen_put(&k->screens[i], d);
		if (err && err != ERR_NOT_FOUND) /* of a number that is no more */
			die("screening", err);
	}
}

void vault_load(struct vault *k, struct directory *d)
{
	char dir[64], path[96];
	if (k->change_n == 0) {
		put_numbers(k, d);
		vault_rules(k, d);
		put_forwards(k, d);
		put_screens(k, d);
		return;
	}
	struct store *s = open_store(k, dir, path);
	const int err = directory_load(d, s, sim_net_wall_ms(k->net));
	drop_store(s, dir, path);
	if (err)
		die("loading", err);
	put_forwards(k, d);
	put_screens(k, d);
}

struct vault_screen *vault_screen(struct vault *k, const char *number)
{
	for (uint32_t i = 0; i < k->screen_n; i++) {
		if (strcmp(k->screens[i].number, number) == 0)
			return &k->screens[i];
	}
	if (k->screen_n == SCREENS_MAX)
		die("too many numbers that screen", ERR_LIMIT);
	struct vault_screen *v = &k->screens[k->screen_n++];
	snprintf(v->number, sizeof(v->number), "%s", number);
	return v;
}

int vault_screen_put(struct vault_screen *v, struct directory *d)
{
	v->settings.blocks = v->blocks;
	return directory_screen_put(d, slice_str(v->number), &v->settings);
}

struct forward_settings *vault_forward(struct vault *k, const char *number)
{
	for (uint32_t i = 0; i < k->forward_n; i++) {
		if (strcmp(k->forwards[i].number, number) == 0)
			return &k->forwards[i].settings;
	}
	if (k->forward_n == FORWARDS_MAX)
		die("too many numbers that forward", ERR_LIMIT);
	const uint32_t i = k->forward_n++;
	snprintf(k->forwards[i].number, sizeof(k->forwards[i].number), "%s", number);
	forward_settings_init(&k->forwards[i].settings);
	return &k->forwards[i].settings;
}

void vault_rule_add(struct vault *k, struct plan_rule rule)
{
	if (k->rule_n == RULES_MAX)
		die("too many rules", ERR_LIMIT);
	rule.id = k->rule_n + 1;
	k->rules[k->rule_n++] = rule;
}

void vault_rules_forget(struct vault *k)
{
	k->rule_n = 0;
}

void vault_rules(const struct vault *k, struct directory *d)
{
	struct plan_rules *rules;
	const int err = plan_rules_new(k->rules, k->rule_n, &rules);
	if (err)
		die("rules", err);
	directory_rules_put(d, rules);
}

/* --- records */

uint32_t vault_handed_over(const struct vault *k)
{
	return k->record_n;
}

static bool is_replaced(const struct vault *k, uint32_t i)
{
	for (uint32_t later = i + 1; later < k->record_n; later++) {
		if (k->records[later]->r.id == k->records[i]->r.id)
			return true;
	}
	return false;
}

uint32_t vault_records(const struct vault *k)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < k->record_n; i++)
		n += !is_replaced(k, i);
	return n;
}

const struct vault_record *vault_record(const struct vault *k, uint32_t i)
{
	return i < k->record_n ? k->records[i] : NULL;
}
