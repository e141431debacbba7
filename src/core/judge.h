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

struct forward_judgement {
	struct judgement j;	  /* of a call of the line to the target */
	enum forward_fault fault; /* FORWARD_NOT_CALLABLE: j.cause says why */
};

/*
 * May calls to the line be forwarded there? Asked when a target is set and again when a call is to
 * go to it, so that neither a permission taken back nor a rule of later days is passed by. True: it
 * may be a target. Beyond what judge() refuses, it is not the line's own number, no service code,
 * and has no 184 or 186 in front. line: NULL when the forwarder's number is gone (never).
 */
bool judge_forward(struct directory *d, const struct trunks *trunks,
		   const struct directory_number *line, struct slice target,
		   struct forward_judgement *ret_judgement);
