/* Rejection services: few numbers have any, and only those hold memory for it. */
#include "directory/directory_priv.h"

#include <stdlib.h>

/* Of that many blocks; what is in use is left alone when there is no memory. */
static struct screen *make(const struct screen_settings *settings, uint8_t block_count)
{
	struct screen *made = malloc(sizeof(*made) + block_count * sizeof(made->blocks[0]));

	if (made == NULL)
		return NULL;
	made->settings = *settings;
	made->settings.blocks = made->blocks;
	for (uint8_t i = 0; i < settings->block_count; i++)
		memcpy(made->blocks[i], settings->blocks[i], sizeof(made->blocks[i]));
	return made;
}

static int keep(struct row *row, const struct screen_settings *settings)
{
	struct screen *made = NULL;

	if (!screen_settings_empty(settings)) {
		made = make(settings, settings->block_count);
		if (made == NULL)
			return ERR_NOMEM;
	}
	free(row->screen);
	row->screen = made;
	return 0;
}

int directory_screen_put(struct directory *d, struct slice number,
			 const struct screen_settings *settings)
{
	struct number_stripe *s;
	struct row *row = number_lock(d, number, &s);
	int r;

	if (row == NULL)
		return ERR_NOT_FOUND;
	r = keep(row, settings);
	pthread_mutex_unlock(&s->lock);
	return r;
}

static bool is_listed(const struct screen_settings *settings, struct slice caller)
{
	for (uint8_t i = 0; i < settings->block_count; i++) {
		if (slice_eq(slice_str(settings->blocks[i]), caller))
			return true;
	}
	return false;
}

static int add(struct row *row, struct slice caller)
{
	static const struct screen_settings none;
	const struct screen_settings *was = row->screen ? &row->screen->settings : &none;
	struct screen *made;
	int r;

	if (is_listed(was, caller))
		return 0;
	if (was->block_count == SCREEN_BLOCKS_MAX)
		return ERR_LIMIT;
	made = make(was, (uint8_t)(was->block_count + 1));
	if (made == NULL)
		return ERR_NOMEM;
	r = slice_copy(caller, made->blocks[was->block_count], sizeof(made->blocks[0]));
	if (r != 0) {
		free(made);
		return r;
	}
	made->settings.block_count++;
	free(row->screen);
	row->screen = made;
	return 0;
}

int directory_block_add(struct directory *d, struct slice number, struct slice caller)
{
	struct number_stripe *s;
	struct row *row = number_lock(d, number, &s);
	int r;

	if (row == NULL)
		return ERR_NOT_FOUND;
	r = add(row, caller);
	pthread_mutex_unlock(&s->lock);
	return r;
}

enum screen_verdict directory_screen(struct directory *d, struct slice number,
				     const struct screen_caller *caller)
{
	enum screen_verdict verdict = SCREEN_PASS;
	struct number_stripe *s;
	struct row *row = number_lock(d, number, &s);

	if (row == NULL)
		return verdict;
	if (row->screen)
		verdict = screen_judge(&row->screen->settings, caller);
	pthread_mutex_unlock(&s->lock);
	return verdict;
}
