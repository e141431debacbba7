/* Where a dialog's texts stand. */
#include "base/err.h"
#include "dialog/dialog_priv.h"

static struct textbox box_of(struct dialog *d)
{
	return (struct textbox){
		.bytes = d->text,
		.cap_bytes = d->text_cap,
		.used = &d->text_used,
		.spans = d->spans,
		.span_count = DIALOG_TEXTS,
	};
}

void dialog_init(struct dialog *d, struct bufs *bufs)
{
	*d = (struct dialog){.bufs = bufs};
}

void dialog_init_in(struct dialog *d, char *memory, uint16_t cap_bytes)
{
	*d = (struct dialog){.text = memory, .text_cap = cap_bytes};
}

void dialog_fini(struct dialog *d)
{
	if (d->bufs)
		bufs_give(d->bufs, d->text);
	dialog_init(d, d->bufs);
}

/* Room for all texts, of n bytes together; what is there already moves with it. */
static int make_room(struct dialog *d, size_t n)
{
	if (n > DIALOG_TEXT_BYTES || (n > d->text_cap && !d->bufs))
		return ERR_TOO_BIG;
	if (n <= d->text_cap)
		return 0;
	char *memory = bufs_take(d->bufs, n);
	if (!memory)
		return ERR_LIMIT;
	size_t cap = bufs_cap_bytes(memory);
	if (d->text_used)
		memcpy(memory, d->text, d->text_used);
	bufs_give(d->bufs, d->text);
	d->text = memory;
	d->text_cap = (uint16_t)(cap < DIALOG_TEXT_BYTES ? cap : DIALOG_TEXT_BYTES);
	return 0;
}

/* Bytes in all texts but one. */
static size_t others_bytes(const struct dialog *d, enum dialog_text which)
{
	size_t n = 0;

	for (int i = 0; i < DIALOG_TEXTS; i++)
		n += i == (int)which ? 0 : d->spans[i].len;
	return n;
}

int dialog_copy(struct dialog *d, const struct dialog *from)
{
	struct dialog copy = *from;
	size_t n = 0;

	for (int i = 0; i < DIALOG_TEXTS; i++)
		n += from->spans[i].len;
	copy.bufs = d->bufs;
	int err = make_room(d, n);
	if (err)
		return err;
	copy.text = d->text;
	copy.text_cap = d->text_cap;
	copy.text_used = 0;
	for (int i = 0; i < DIALOG_TEXTS; i++) {
		struct slice text = dialog_text(from, (enum dialog_text)i);
		if (!text.n)
			continue;
		memcpy(copy.text + copy.text_used, text.p, text.n);
		copy.spans[i].off = (uint16_t)(copy.text_used + 1);
		copy.text_used = (uint16_t)(copy.text_used + text.n);
	}
	*d = copy;
	return 0;
}

struct slice dialog_text(const struct dialog *d, enum dialog_text which)
{
	return textbox_get(d->text, d->spans[which]);
}

int dialog_set_text(struct dialog *d, enum dialog_text which, struct slice text)
{
	int err = text.n ? make_room(d, others_bytes(d, which) + text.n) : 0;
	struct textbox box = box_of(d);

	return err ? err : textbox_set(&box, (uint16_t)which, text);
}

void dialog_clear_text(struct dialog *d, enum dialog_text which)
{
	struct textbox box = box_of(d);

	textbox_clear(&box, (uint16_t)which);
}

/* Spans count from the text that stands first. */
int dialog_view_text(struct dialog *d, enum dialog_text which, struct slice text)
{
	char *p = (char *)(uintptr_t)text.p;

	if (!d->text)
		d->text = p;
	if (p < d->text || p - d->text >= UINT16_MAX ||
	    others_bytes(d, which) + text.n > DIALOG_TEXT_BYTES)
		return ERR_TOO_BIG;
	d->spans[which] =
		(struct span){.off = (uint16_t)(p - d->text + 1), .len = (uint16_t)text.n};
	return 0;
}
