/* What the files of this room say to each other. */
#pragma once

#include "b2bua/b2bua.h"
#include "shard/shard.h"

#define SCRATCH_BYTES	 (256 * 1024)
#define PINGS_PER_TICK	 2000
#define EXPIRES_PER_TICK 5000

/* An OPTIONS of ours on its way to a phone, or a request to a trunk. */
struct ping {
	char number[STORE_NUMBER_BYTES];
	struct flow flow;
	uint32_t trunk; /* 0: to a phone */
	enum sip_method method;
	int64_t sent_ms;
};

/* --- dispatch.c: from the wire to transactions, and what they say */
void dispatch_message(struct shard *s, struct sip_msg *msg, const struct flow *flow, bool moved);
/* Nothing that was sent over it will be answered. */
void dispatch_flow_gone(struct shard *s, const struct flow *flow);
extern const struct txn_ops dispatch_txn_ops;
extern const struct transport_ops dispatch_transport_ops;

/* --- inbox.c: between shards */
void inbox_move(struct shard *s, uint16_t to, const struct sip_msg *msg, const struct flow *flow);
/* 0 or ERR_CLOSED: there is no such shard. */
int inbox_send(struct shard *s, const struct flow *flow, struct slice bytes);
/* That connection of ours, over which the other shard has sent, is gone. */
void inbox_gone(struct shard *s, uint16_t to, const struct flow *flow);
void inbox_drain(struct shard *s);

/* --- care.c: looking after trunks */
void care_tick(struct shard *s);
void care_done(struct shard *s, const struct ping *p, const struct sip_msg *msg);
void care_located(struct shard *s, struct id trunk, const struct locate_answer *a);
void care_close(struct shard *s);

/* --- register.c, ping.c */
void register_receive(struct shard *s, struct id server, const struct sip_msg *msg,
		      const struct flow *flow);
void register_expire(struct shard *s);
void ping_phones(struct shard *s);
/* msg: its final response; NULL: none came. */
void ping_done(struct shard *s, struct id ping, const struct sip_msg *msg);
void keepalive_seen(struct shard *s, const struct flow *flow, enum transport_keepalive kind);
