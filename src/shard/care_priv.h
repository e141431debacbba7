/*
 * care: looking after trunks: where their hosts are, whether they answer (OPTIONS), that we are
 * registered there. One shard does it for all (the first); what it finds out stands in the table of
 * trunks. Private to the room.
 */
#pragma once

#include "shard/shard_priv.h"

struct trunk_cared {
	struct trunk t; /* without its password */
	struct locate_target targets[LOCATE_TARGETS_MAX];
	uint32_t target_count, at; /* the one that is used: the next one after a silence */
	bool locating, probing, registering;
	int64_t locate_at_ms, options_at_ms, register_at_ms; /* monotonic */
	/* registration */
	char call_id[TOKEN_CHARS + 1], tag[TOKEN_CHARS + 1];
	uint32_t cseq, expires_s; /* asked for */
	uint32_t failures;	  /* in a row */
	uint8_t challenges;
	int64_t until_ms; /* monotonic; 0: not registered */
};

struct trunk_care {
	uint32_t version, count;
	struct trunk_cared v[TRUNKS_MAX];
};

/* A request of ours that is no part of a dialog: its head up to CSeq, in b. */
struct care_request {
	enum sip_method method;
	const char *branch, *tag, *call_id;
	uint32_t cseq;
};
void care_head(struct shard *s, const struct trunk_cared *c, const struct flow *flow,
	       const struct care_request *r, struct strbuf *b);
/* The way to the trunk. 0 or an error of transport_flow_to. */
int care_flow(struct shard *s, const struct trunk_cared *c, struct flow *ret_flow);
int care_send(struct shard *s, struct trunk_cared *c, const struct flow *flow,
	      enum sip_method method, struct slice bytes, const char *branch);
void care_next_target(struct trunk_cared *c);

/* --- care_register.c */
void care_register(struct shard *s, struct trunk_cared *c);
/* msg NULL: no answer came. */
void care_registered(struct shard *s, struct trunk_cared *c, const struct sip_msg *msg);
