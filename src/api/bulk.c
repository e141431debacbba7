/* The handlers of import and export. An export is CSV that an import takes again; secrets are kept
 * as digests only and cannot be exported. */
#include "api/api_priv.h"

#include <stdlib.h>

static int export_row(void *ctx, const struct store_number *n)
{
	return fprintf(ctx, "%.*s,%.*s,%.*s,%u,%s,%s,%s\r\n", SLICE_ARG(n->number),
		       SLICE_ARG(n->customer), SLICE_ARG(n->account), n->channels,
		       reg_policy_name((enum reg_policy)n->registration_policy),
		       n->international ? "yes" : "no", n->suspended ? "yes" : "no") < 0;
}

void export_numbers(struct request *r)
{
	size_t bytes = 0;
	FILE *f = open_memstream(&r->text, &bytes);
	if (f == NULL) {
		refuse_busy(r);
		return;
	}
	fputs("number,customer,account,channels,registration_policy,international,suspended\r\n",
	      f);
	int err = store_number_each(r->api->store, SLICE_NONE, export_row, f);
	bool whole = fclose(f) == 0;
	r->type = "text/csv; charset=utf-8";
	if (err == 0 && whole)
		return;
	free(r->text);
	r->text = NULL;
	if (err < 0)
		refuse_store(r, err, r->api->store);
	else
		refuse_busy(r);
}

/* The door hands the body to the import once the connection waits. */
void import_numbers(struct request *r)
{
	r->later = true;
}

void import_show(struct request *r)
{
	struct import_progress p;
	import_progress(r->api->import, &p);
	r->json = json_pack("{s:b,s:s,s:I,s:I}", "running", p.running, "phase", p.phase, "done",
			    (json_int_t)p.done, "total", (json_int_t)p.total);
}
