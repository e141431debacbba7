/* What keep.c (saving calls) and resume.c (taking them up after a restart) share. */
#pragma once

#include "b2bua/b2bua_priv.h"
#include "replica/file.h"
#include "replica/image.h"

#include <stdlib.h>

/* What must be said about a call that was taken up, once all shards are there. */
struct keep_talk {
	struct id call;
	/* bufs: the caller's INVITE, what our 200 said */
	struct slice head, headers, body;
	bool answer_again;   /* the 200 was not acknowledged */
	bool no_target;	     /* a transfer was under way */
	bool say_goodbye;    /* it had ended, and not everybody was told */
	enum call_cause end; /* CAUSE_NORMAL: it goes on */
};

/* An endpoint whose ports somebody else had at the start: it is tried again. */
struct keep_missing {
	struct id call, leg;
	uint8_t stream, tries;
	struct relay_kept kept;
};

/* A call record that waits for room in the writer. */
struct keep_late {
	struct slice bytes; /* a buf, as in the call file */
	uint32_t place;
};

struct keep {
	struct replica_file *file; /* NULL: none could be opened, nothing is kept */
	uint64_t sequence;
	bool failing;	  /* some call is not kept, and it was said */
	int64_t again_ms; /* when to try again, monotonic */
	struct keep_missing *missing;
	uint32_t missing_count;
	struct keep_talk *talks;
	uint32_t talk_count;
	struct timer talk_timer;
	/* while calls are taken up: where in the image those begin that come in a second round */
	size_t *postponed;
	size_t postponed_count;
	bool second_round;
	struct keep_late *late;
	uint32_t late_count;
	struct id answering; /* leg A whose INVITE is read again just now */
	struct replica_ends ends;
	char bytes[REPLICA_RECORD_BYTES];
};

/* Arrays that are empty at first and full at each power of two: one with room for one more; NULL:
 * no memory. */
static inline void *keep_room(void *array, uint32_t count, size_t each)
{
	if (count & (count - 1))
		return array;
	return realloc(array, (count ? (size_t)count * 2 : 1) * each);
}

/* keep.c */
int keep_file_open(struct shard *s);
/* A record of the call, in place of the one that there is. 0, or what was told of. */
int keep_put(struct shard *s, struct call *c, enum replica_kind kind, const void *from);
void keep_drop(struct shard *s, struct call *c, enum replica_kind kind);
/* Its forwardings, where it has any. */
int keep_put_forwards(struct shard *s, struct call *c);
/* Says that calls are not kept, once until they are again. */
void keep_failed(struct shard *s, int err);
/* late.c */
/* False: no memory; the record is lost. */
bool late_add(struct shard *s, uint64_t uid, struct slice bytes);
void late_offer(struct shard *s);
uint32_t late_kept(const struct keep *k);
void late_close(struct shard *s);
/* resume.c */
int keep_resume(struct shard *s);
/* resume_media.c */
/* The endpoints of an answered call, its legs being there. 0, or why the media cannot go on. */
int keep_take_media(struct shard *s, struct call *c, const struct replica_ends *ends);
void keep_open_missing(struct shard *s);
/* resume_talk.c */
void keep_talk_free(struct shard *s, struct keep_talk *talk);
