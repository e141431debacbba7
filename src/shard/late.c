/*
 * Call records that the call file held at a start and that the writer had no room for: they stay in
 * the file and are offered again until it has (the disk was full when the process ended, and still
 * is).
 */
#include "shard/keep_priv.h"

#include <stdlib.h>

bool late_add(struct shard *s, uint64_t uid, struct slice bytes)
{
	struct keep *k = s->keep;
	struct keep_late *grown = realloc(k->late, (k->late_count + 1) * sizeof(*k->late));
	if (grown == NULL)
		return false;
	k->late = grown;
	struct keep_late late = {.bytes = bufs_copy(s->bufs, bytes)};
	if (late.bytes.p == NULL)
		return false;
	if (k->file && replica_file_put(k->file, uid, REPLICA_RECORD, bytes, &late.place) != 0)
		keep_failed(s, ERR_LIMIT);
	k->late[k->late_count++] = late;
	return true;
}

/* Was read once before, so it can be read. */
static int hand_over(struct shard *s, const struct keep_late *late)
{
	struct store_record record;
	int err = replica_decode(replica_tables[REPLICA_RECORD], late->bytes, &record);
	return err ? err : writer_record_add(s->p.writer, &record);
}

static void let_go(struct shard *s, struct keep_late *late)
{
	if (s->keep->file)
		replica_file_drop(s->keep->file, &late->place);
	bufs_give(s->bufs, (char *)late->bytes.p);
}

void late_offer(struct shard *s)
{
	struct keep *k = s->keep;
	while (k->late_count) {
		struct keep_late *last = &k->late[k->late_count - 1];
		if (hand_over(s, last) == ERR_AGAIN)
			return;
		let_go(s, last);
		k->late_count--;
	}
}

uint32_t late_kept(const struct keep *k)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < k->late_count; i++)
		n += k->late[i].place != 0;
	return n;
}

void late_close(struct shard *s)
{
	for (uint32_t i = 0; i < s->keep->late_count; i++)
		bufs_give(s->bufs, (char *)s->keep->late[i].bytes.p);
	free(s->keep->late);
}
