/* Rows: a number with its account, found by either. */
#include "directory/directory_priv.h"

#include <stdlib.h>

static uint64_t hash_of(const struct directory *d, struct slice key)
{
	return hash_slice(&d->hash_key, key);
}

static uint32_t stripe_of(uint64_t hash)
{
	return (uint32_t)(hash >> (64 - STRIPE_BITS));
}

static struct row *row_at(uint64_t value)
{
	return (struct row *)(uintptr_t)value;
}

static bool has_number(const void *ctx, uint64_t value)
{
	return slice_eq(row_number(row_at(value)), *(const struct slice *)ctx);
}

static bool has_account(const void *ctx, uint64_t value)
{
	return slice_eq(row_account(row_at(value)), *(const struct slice *)ctx);
}

static struct row *find_number(const struct number_stripe *s, uint64_t hash, struct slice number)
{
	return row_at(index_find(s->index, hash, has_number, &number));
}

struct row *number_lock(struct directory *d, struct slice number, struct number_stripe **ret_stripe)
{
	uint64_t hash = hash_of(d, number);
	struct number_stripe *s = &d->numbers[stripe_of(hash)];
	struct row *row;

	pthread_mutex_lock(&s->lock);
	row = find_number(s, hash, number);
	if (row)
		*ret_stripe = s;
	else
		pthread_mutex_unlock(&s->lock);
	return row;
}

/* ---- realms: few, shared by all rows, never removed ---- */

static bool realm_find(const struct directory *d, const char *realm, uint16_t *ret_index)
{
	uint32_t count = atomic_load(&d->realm_count);

	for (uint32_t i = 0; i < count; i++) {
		if (strcmp(atomic_load(&d->realms[i]), realm) != 0)
			continue;
		*ret_index = (uint16_t)i;
		return true;
	}
	return false;
}

static int realm_add(struct directory *d, const char *realm, uint16_t *ret_index)
{
	uint32_t count = atomic_load(&d->realm_count);
	char *copy = count < REALMS_MAX ? strdup(realm) : NULL;

	if (!copy)
		return ERR_NOMEM;
	atomic_store(&d->realms[count], copy);
	atomic_store(&d->realm_count, count + 1);
	*ret_index = (uint16_t)count;
	return 0;
}

static int realm_intern(struct directory *d, const char *realm, uint16_t *ret_index)
{
	int r = 0;

	if (realm_find(d, realm, ret_index))
		return 0;
	pthread_mutex_lock(&d->realm_lock);
	if (!realm_find(d, realm, ret_index))
		r = realm_add(d, realm, ret_index);
	pthread_mutex_unlock(&d->realm_lock);
	return r;
}

/* ---- the walkable list of a stripe's rows ---- */

static int reserve_slot(struct number_stripe *s, uint32_t *ret_slot)
{
	struct row **grown;
	uint32_t cap = s->row_cap ? s->row_cap * 2 : 16;

	while (s->first_free < s->row_count && s->rows[s->first_free])
		s->first_free++;
	if (s->first_free < s->row_count) {
		*ret_slot = s->first_free;
		return 0;
	}
	if (s->row_count == s->row_cap) {
		grown = realloc(s->rows, cap * sizeof(grown[0]));
		if (!grown)
			return ERR_NOMEM;
		s->rows = grown;
		s->row_cap = cap;
	}
	*ret_slot = s->row_count;
	return 0;
}

static void take_slot(struct number_stripe *s, struct row *row)
{
	if (row->slot == s->row_count)
		s->row_count++;
	s->rows[row->slot] = row;
}

static void give_slot(struct number_stripe *s, const struct row *row)
{
	s->rows[row->slot] = NULL;
	if (row->slot < s->first_free)
		s->first_free = row->slot;
}

/* ---- accounts ---- */

static int account_add(struct directory *d, struct row *row)
{
	uint64_t hash = hash_of(d, row_account(row));
	struct account_stripe *s = &d->accounts[stripe_of(hash)];
	int r;

	pthread_mutex_lock(&s->lock);
	r = index_put(s->index, hash, (uintptr_t)row);
	pthread_mutex_unlock(&s->lock);
	return r == 0 ? 0 : ERR_NOMEM;
}

static void account_remove(struct directory *d, struct row *row)
{
	uint64_t hash = hash_of(d, row_account(row));
	struct account_stripe *s = &d->accounts[stripe_of(hash)];

	pthread_mutex_lock(&s->lock);
	index_remove(s->index, hash, (uintptr_t)row);
	pthread_mutex_unlock(&s->lock);
}

/* ---- rows ---- */

static int row_new(struct directory *d, const struct directory_number *n,
		   int64_t password_changed_at, struct row **ret_row)
{
	struct slice number = slice_str(n->number), account = slice_str(n->account),
		     customer = slice_str(n->customer);
	struct row *row;
	uint16_t realm;

	if (realm_intern(d, n->realm, &realm) != 0)
		return ERR_NOMEM;
	row = calloc(1, offsetof(struct row, texts) + number.n + account.n + customer.n);
	if (!row)
		return ERR_NOMEM;
	row->ha1 = n->ha1;
	row->realm = realm;
	row->channels = (uint16_t)(n->channels < UINT16_MAX ? n->channels : UINT16_MAX);
	row->policy = (uint8_t)n->policy;
	row->international = n->international;
	row->suspended = n->suspended;
	row->password_changed_s = (uint32_t)(password_changed_at / 1000);
	row->number_n = (uint8_t)number.n;
	row->account_n = (uint8_t)account.n;
	row->customer_n = (uint8_t)customer.n;
	memcpy(row->texts, number.p, number.n);
	memcpy(row->texts + number.n, account.p, account.n);
	memcpy(row->texts + number.n + account.n, customer.p, customer.n);
	*ret_row = row;
	return 0;
}

static void row_read(const struct directory *d, const struct row *row,
		     struct directory_number *ret_number)
{
	struct directory_number *n = ret_number;

	(void)slice_copy(row_number(row), n->number, sizeof(n->number));
	(void)slice_copy(row_account(row), n->account, sizeof(n->account));
	(void)slice_copy(row_customer(row), n->customer, sizeof(n->customer));
	(void)slice_copy(slice_str(atomic_load(&d->realms[row->realm])), n->realm,
			 sizeof(n->realm));
	n->ha1 = row->ha1;
	n->channels = row->channels;
	n->international = row->international;
	n->suspended = row->suspended;
	n->policy = (enum reg_policy)row->policy;
}

static int row_insert(struct directory *d, struct number_stripe *s, uint64_t hash, struct row *row)
{
	int r = reserve_slot(s, &row->slot);

	if (r == 0)
		r = account_add(d, row);
	if (r != 0)
		return r;
	if (index_put(s->index, hash, (uintptr_t)row) != 0) {
		account_remove(d, row);
		return ERR_NOMEM;
	}
	take_slot(s, row);
	atomic_fetch_add(&d->number_count, 1);
	return 0;
}

/* New texts need a new row; bindings, channels and the replay window move along. */
static int row_replace(struct directory *d, struct number_stripe *s, uint64_t hash, struct row *old,
		       struct row *row)
{
	int r = account_add(d, row);

	if (r != 0)
		return r;
	if (index_put(s->index, hash, (uintptr_t)row) != 0) {
		account_remove(d, row);
		return ERR_NOMEM;
	}
	index_remove(s->index, hash, (uintptr_t)old);
	account_remove(d, old);
	row->slot = old->slot;
	take_slot(s, row);
	row->held = old->held;
	row->inbound = old->inbound;
	row->screen = old->screen;
	row->forward = old->forward;
	row->blocks = old->blocks;
	for (struct block *b = row->blocks; b; b = b->next)
		way_turn(d, b, row);
	free(old);
	return 0;
}

/* The first few blocks, out of the store and out of memory. */
static int forget_some(struct directory *d, struct row *row)
{
	struct writer_change changes[REG_BINDINGS_MAX] = {0};
	char keys[REG_BINDINGS_MAX][KEY_BYTES];
	size_t n = 0;
	int r;

	for (struct block *block = row->blocks; block && n < REG_BINDINGS_MAX;
	     block = block->next) {
		struct reg_binding b;

		block_read(d, block, &b);
		changes[n] = (struct writer_change){
			.remove = true,
			.binding = {.number = row_number(row), .key = binding_key(&b, keys[n])}};
		n++;
	}
	r = d->writer ? writer_bindings_change(d->writer, changes, n) : 0;
	while (r == 0 && n--)
		block_drop(d, row->blocks);
	return r;
}

/* A binding made with the old password is void: it goes from the store too, or would come back with
 * the next start. */
static int forget_bindings(struct directory *d, struct row *row)
{
	int r = 0;

	while (r == 0 && row->blocks)
		r = forget_some(d, row);
	return r;
}

int number_put(struct directory *d, const struct directory_number *n, int64_t password_changed_at)
{
	uint64_t hash = hash_of(d, slice_str(n->number));
	struct number_stripe *s = &d->numbers[stripe_of(hash)];
	struct row *row, *old;
	int r = row_new(d, n, password_changed_at, &row);

	if (r != 0)
		return r;
	pthread_mutex_lock(&s->lock);
	old = find_number(s, hash, slice_str(n->number));
	if (old && memcmp(&old->ha1, &row->ha1, sizeof(row->ha1)) != 0)
		r = forget_bindings(d, old);
	if (r == 0)
		r = old ? row_replace(d, s, hash, old, row) : row_insert(d, s, hash, row);
	pthread_mutex_unlock(&s->lock);
	if (r != 0)
		free(row);
	return r;
}

int directory_put(struct directory *d, const struct directory_number *n)
{
	return number_put(d, n, 0);
}

int directory_remove(struct directory *d, struct slice number)
{
	struct number_stripe *s;
	struct row *row = number_lock(d, number, &s);

	if (!row)
		return ERR_NOT_FOUND;
	while (row->blocks)
		block_drop(d, row->blocks);
	held_free(d, row);
	index_remove(s->index, hash_of(d, number), (uintptr_t)row);
	account_remove(d, row);
	give_slot(s, row);
	pthread_mutex_unlock(&s->lock);
	free(row->forward);
	free(row->screen);
	free(row);
	atomic_fetch_sub(&d->number_count, 1);
	return 0;
}

uint64_t directory_numbers(const struct directory *d)
{
	return atomic_load(&d->number_count);
}

int directory_by_number(struct directory *d, struct slice number,
			struct directory_number *ret_number)
{
	struct number_stripe *s;
	struct row *row = number_lock(d, number, &s);

	if (!row)
		return ERR_NOT_FOUND;
	row_read(d, row, ret_number);
	pthread_mutex_unlock(&s->lock);
	return 0;
}

static bool number_of_account(struct directory *d, struct slice account,
			      char ret_number[STORE_NUMBER_BYTES])
{
	uint64_t hash = hash_of(d, account);
	struct account_stripe *s = &d->accounts[stripe_of(hash)];
	struct row *row;

	pthread_mutex_lock(&s->lock);
	row = row_at(index_find(s->index, hash, has_account, &account));
	if (row)
		(void)slice_copy(row_number(row), ret_number, STORE_NUMBER_BYTES);
	pthread_mutex_unlock(&s->lock);
	return row != NULL;
}

/* Between the two steps the number may have got another account, or have gone. */
int directory_by_account(struct directory *d, struct slice account,
			 struct directory_number *ret_number)
{
	char number[STORE_NUMBER_BYTES];
	struct directory_number n;

	if (!number_of_account(d, account, number) ||
	    directory_by_number(d, slice_str(number), &n) != 0 ||
	    !slice_eq(slice_str(n.account), account))
		return ERR_NOT_FOUND;
	*ret_number = n;
	return 0;
}

bool directory_nonce_use(struct directory *d, struct slice nonce, uint32_t nc)
{
	struct nonce_stripe *s = &d->nonces[stripe_of(hash_of(d, nonce))];
	pthread_mutex_lock(&s->lock);
	bool is_new = digest_replay_check(s->replay, nonce, nc);
	pthread_mutex_unlock(&s->lock);
	return is_new;
}
