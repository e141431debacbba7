/* Any bytes as a call file and as each kind of record: never a crash, and what was accepted can be
 * saved and comes back the same. */
#include "base/err.h"
#include "fuzz.h"
#include "replica/image.h"

#define CAP_BYTES ((size_t)256 * 1024)

/* One of everything that a record can be read into. */
static struct {
	struct call call;
	struct replica_setup setup;
	struct replica_answer answer;
	struct replica_legs legs;
	struct replica_ends figures;
	struct store_record record;
	struct call_forwards forwards;
	struct replica_ends ends;
	struct leg setup_legs[1 + CALL_BRANCHES_MAX], legs_legs[2];
} into[2];

static void *target(int n, uint32_t kind)
{
	switch ((enum replica_kind)kind) {
	case REPLICA_CALL:
		return &into[n].call;
	case REPLICA_SETUP:
		for (int i = 0; i < 1 + CALL_BRANCHES_MAX; i++)
			into[n].setup.legs[i] = &into[n].setup_legs[i];
		return &into[n].setup;
	case REPLICA_ANSWER:
		return &into[n].answer;
	case REPLICA_LEGS:
		for (int i = 0; i < 2; i++)
			into[n].legs.legs[i] = &into[n].legs_legs[i];
		into[n].legs.ends[0] = &into[n].ends;
		return &into[n].legs;
	case REPLICA_FIGURES:
		return &into[n].figures;
	case REPLICA_FORWARDS:
		return &into[n].forwards;
	case REPLICA_RECORD:
	case REPLICA_KINDS:
		break;
	}
	return &into[n].record;
}

static void try_record(uint32_t kind, struct slice bytes)
{
	static char again[CAP_BYTES];
	const struct replica_table *t = replica_tables[kind];
	void *x = target(0, kind), *y = target(1, kind);
	size_t n;
	int err = replica_decode(t, bytes, x);
	FUZZ_CHECK(err == 0 || err == ERR_DAMAGED);
	if (err)
		return;
	err = replica_encode(t, x, again, sizeof(again), &n);
	FUZZ_CHECK(err == 0 || err == ERR_TOO_BIG);
	if (err)
		return;
	FUZZ_CHECK(replica_decode(t, slice_of(again, n), y) == 0);
	FUZZ_CHECK(replica_same(t, x, y, NULL));
	struct strbuf b;
	strbuf_init(&b, again, sizeof(again));
	replica_print(t, x, &b);
}

static void try_file(struct slice bytes)
{
	struct replica_image image = {0};
	int err = replica_image_add_bytes(&image, bytes);
	FUZZ_CHECK(err == 0 || err == ERR_DAMAGED || err == ERR_UNSUPPORTED);
	replica_image_sort(&image);
	for (size_t i = 0; i < image.count; i++) {
		FUZZ_CHECK(replica_image_next(&image, i) > i);
		if (image.items[i].kind < REPLICA_KINDS)
			try_record(image.items[i].kind, image.items[i].bytes);
	}
	replica_image_free(&image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Of exactly that size, so that a sanitizer sees one byte too far. */
	char *copy = aligned_alloc(16, (size / 16 + 1) * 16);
	FUZZ_CHECK(copy != NULL);
	if (size)
		memcpy(copy, data, size);
	try_file(slice_of(copy, size));
	if (size) {
		char *exact = malloc(size);
		FUZZ_CHECK(exact != NULL);
		memcpy(exact, data, size);
		for (uint32_t kind = 0; kind < REPLICA_KINDS; kind++)
			try_record(kind, slice_of(exact, size));
		free(exact);
	}
	free(copy);
	return 0;
}
