/* What travels between the shards' inboxes, and from other threads to a shard. Private to the room.
 */
#pragma once

#include "transport/flow.h"

struct shard;
struct errand;

enum mail_kind {
	MAIL_MESSAGE, /* a SIP message, from flow; its bytes follow */
	MAIL_SEND,    /* bytes follow: send them over flow, whose connection is yours */
	MAIL_GONE,    /* that connection, over which you have sent, is gone */
	MAIL_LOCATED, /* a struct locate_answer follows */
	MAIL_RUN,     /* an errand of another thread, which waits for it */
};

struct mail {
	enum mail_kind kind;
	uint16_t from; /* shard */
	struct flow flow;
	struct errand *errand;
};

/* Does it on the shard's thread and tells the thread that waits. */
void mail_run(struct shard *s, struct errand *errand);
