/* What keep.c (saving calls) and resume.c (taking them up after a restart) share. */
#pragma once

#include "replica/file.h"
#include "replica/image.h"
#include "shard/shard_priv.h"

/* A leg of a shard that there is no longer, and where it went. */
struct keep_alias {
	struct id old, now;
};

/* What must be said about a call that was taken up, once all shards are there. */
struct keep_talk {
	struct id call;
	struct slice head, body; /* bufs: the caller's INVITE, what our 200 said */
	bool answer_again;	 /* the 200 was not acknowledged */
	bool say_goodbye;	 /* it had ended, and not everybody was told */
	enum call_cause end;	 /* CAUSE_NORMAL: it goes on */
};

/* A call record that waits for room in the writer. */
struct keep_late {
	struct slice bytes; /* a buf, as in the call file */
	uint32_t place;
};

struct keep {
	struct replica_file *file; /* NULL: none could be opened, nothing is kept */
	uint64_t sequence;
	bool failing;		    /* some call is not kept, and it was said */
	int64_t again_ms;	    /* when to try again, monotonic */
	struct keep_alias *aliases; /* by old id */
	uint32_t alias_count;
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

/* keep.c */
int keep_file_open(struct shard *s);
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
