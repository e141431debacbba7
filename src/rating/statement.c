#include "rating/statement.h"

#include "base/err.h"

#include <stdlib.h>

void statement_init(struct statement *s)
{
	*s = (struct statement){0};
}

void statement_free(struct statement *s)
{
	free(s->calls);
	free(s->channels);
	*s = (struct statement){0};
}

static void *grown(struct statement *s, void *array, size_t count, size_t *cap, size_t bytes)
{
	size_t more = *cap ? *cap * 2 : 16;
	if (count < *cap)
		return array;
	void *larger = realloc(array, more * bytes);
	s->no_memory |= larger == NULL;
	if (larger)
		*cap = more;
	return larger;
}

static int order(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static const char *id_of(const struct country *c)
{
	return c ? c->id : "";
}

static int compare_group(const struct statement_calls *x, const struct statement_calls *y)
{
	int c = order(y->on_net, x->on_net);
	if (c == 0)
		c = order(x->class, y->class);
	if (c == 0)
		c = strcmp(id_of(x->country), id_of(y->country));
	if (c == 0)
		c = order(y->priced, x->priced);
	return c ? c : order(y->tax_percent, x->tax_percent);
}

static int compare_calls(const void *a, const void *b)
{
	const struct statement_calls *x = a, *y = b;
	int c = strcmp(x->number, y->number);
	return c ? c : compare_group(x, y);
}

/* Lines are kept sorted: a customer's calls, however many, make few of them. */
static size_t place_of(const struct statement *s, const struct statement_calls *line)
{
	size_t low = 0, high = s->calls_count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (compare_calls(&s->calls[middle], line) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct statement_calls *line_of(struct statement *s, const struct statement_calls *line)
{
	size_t at = place_of(s, line);
	if (at < s->calls_count && compare_calls(&s->calls[at], line) == 0)
		return &s->calls[at];
	struct statement_calls *lines =
		grown(s, s->calls, s->calls_count, &s->calls_cap, sizeof(*lines));
	if (lines == NULL)
		return NULL;
	s->calls = lines;
	memmove(lines + at + 1, lines + at, (s->calls_count - at) * sizeof(*lines));
	lines[at] = *line;
	s->calls_count++;
	return &lines[at];
}

void statement_add_call(struct statement *s, struct slice number, const struct rating_charge *c,
			int64_t talk_ms)
{
	struct statement_calls line = {
		.class = c->class,
		.country = c->country,
		.on_net = c->on_net,
		.priced = c->row != NULL,
		.tax_percent = c->row ? c->row->tax_percent : 0,
	};
	if (c->class == PLAN_SERVICE_CODE && c->row == NULL)
		return; /* a test call: nothing to be billed, nor a price that is missing */
	(void)slice_copy(number, line.number, sizeof(line.number));
	struct statement_calls *to = line_of(s, &line);
	if (to == NULL)
		return;
	to->calls++;
	to->talk_ms += talk_ms;
	to->uyen += c->uyen;
	s->unpriced += c->row == NULL;
}

void statement_add_channels(struct statement *s, struct slice number,
			    const struct channels_fee *fee)
{
	if (fee->uyen == 0)
		return;
	struct statement_channels *lines =
		grown(s, s->channels, s->channels_count, &s->channels_cap, sizeof(*lines));
	if (lines == NULL)
		return;
	s->channels = lines;
	struct statement_channels *line = &lines[s->channels_count++];
	*line = (struct statement_channels){.fee = *fee};
	(void)slice_copy(number, line->number, sizeof(line->number));
}

static int compare_channels(const void *a, const void *b)
{
	const struct statement_channels *x = a, *y = b;
	return strcmp(x->number, y->number);
}

/* By rate, in millionths. */
static void sum_lines(const struct statement *s, int64_t uyen[STATEMENT_RATES_MAX])
{
	for (size_t i = 0; i < s->calls_count; i++)
		uyen[s->calls[i].tax_percent] += s->calls[i].uyen;
	for (size_t i = 0; i < s->channels_count; i++)
		uyen[RATING_TAX_PERCENT] += s->channels[i].fee.uyen;
}

int statement_close(struct statement *s)
{
	int64_t uyen[STATEMENT_RATES_MAX] = {0};
	if (s->no_memory)
		return ERR_NOMEM;
	if (s->channels_count)
		qsort(s->channels, s->channels_count, sizeof(*s->channels), compare_channels);
	sum_lines(s, uyen);
	for (int rate = STATEMENT_RATES_MAX - 1; rate >= 0; rate--) {
		int64_t net = uyen[rate] / UYEN_PER_YEN;
		if (uyen[rate] == 0)
			continue;
		s->sums[s->sum_count++] =
			(struct statement_sum){(uint8_t)rate, net, net * rate / 100};
		s->net_yen += net;
		s->tax_yen += net * rate / 100;
	}
	s->total_yen = s->net_yen + s->tax_yen;
	return 0;
}
