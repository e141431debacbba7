/* Call forwarding: few numbers have any, and only those hold memory for it. */
#include "directory/directory_priv.h"

#include <stdlib.h>

int directory_forward(struct directory *d, struct slice number,
		      struct forward_settings *ret_settings)
{
	struct number_stripe *s;
	struct row *row = number_lock(d, number, &s);
	if (row == NULL)
		return ERR_NOT_FOUND;
	bool any = row->forward != NULL;
	if (any)
		*ret_settings = *row->forward;
	pthread_mutex_unlock(&s->lock);
	return any ? 0 : ERR_NOT_FOUND;
}

static int keep(struct row *row, const struct forward_settings *settings)
{
	if (forward_settings_empty(settings)) {
		free(row->forward);
		row->forward = NULL;
		return 0;
	}
	if (row->forward == NULL)
		row->forward = malloc(sizeof(*row->forward));
	if (row->forward == NULL)
		return ERR_NOMEM;
	*row->forward = *settings;
	return 0;
}

int directory_forward_put(struct directory *d, struct slice number,
			  const struct forward_settings *settings)
{
	struct number_stripe *s;
	struct row *row = number_lock(d, number, &s);
	if (row == NULL)
		return ERR_NOT_FOUND;
	int err = keep(row, settings);
	pthread_mutex_unlock(&s->lock);
	return err;
}
