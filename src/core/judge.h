/*
 * judge: may this line call what it dialled? The one answer, for the call that is being set up and
 * for whoever asks beforehand (`opengatectl plan check`): the numbering plan's verdict, and what
 * the directory knows of both ends.
 */
#pragma once

#include "call/cause.h"
#include "directory/directory.h"
#include "policy/plan.h"
#include "trunk/table.h"

struct judgement {
	struct plan_verdict plan;
	enum call_cause cause; /* CAUSE_NORMAL: it may be called */
	bool on_net;	       /* a number or a service of ours; else the network has to take it */
	char decided_by[PLAN_DECIDED_BYTES]; /* as plan_decided_by; "directory": there is no such
						number of ours; "suspension" */
};

/* line: NULL when the caller's number is gone. user: as dial_normalise takes it. */
void judge(struct directory *d, const struct trunks *trunks, const struct directory_number *line,
	   struct slice user, struct judgement *ret_judgement);
