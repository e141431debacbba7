/* The inside of a phone's call, for scenarios and storms that look at it. Only ua writes to it. */
#pragma once

#include "ua.h"

struct ua_way {
	bool stream;
	int handle;	 /* stream: the connection */
	struct addr dst; /* UDP */
};

struct ua_rtp {
	int rtp_handle, rtcp_handle; /* 0: not open */
	struct addr local;	     /* as bound */
	struct addr claimed;	     /* as the SDP says */
	struct addr remote;	     /* as the far side's SDP says */
	uint16_t seq;
	uint32_t timestamp, ssrc;
	char kind[8]; /* being sent */
	uint32_t left;
	struct addr to;
	int64_t next_ms;
};

struct ua_call {
	char label[24];
	uint32_t line;
	enum ua_state state;
	bool uac, cancelled, reinviting;
	int code;
	char call_id[200], local_tag[40], remote_tag[200], local[512], remote[512], target[512],
		routes[1024];
	char invite_uri[512];
	uint32_t cseq, invite_cseq, ack_cseq;
	struct ua_way way;
	char *request; /* the INVITE being answered, as it came */
	size_t request_n;
	char *ok; /* our 2xx, repeated until the ACK */
	size_t ok_n;
	int64_t ok_ms, ok_interval_ms, ok_give_up_ms;
	char *ack; /* our ACK to the last 2xx */
	size_t ack_n;
	struct ua_way ack_way;
	/* session */
	uint64_t sdp_id, sdp_version;
	char formats[64], direction[12], remote_direction[12], remote_formats[64];
	bool t38, remote_t38, old_hold,
		offer_pending; /* offer_pending: our offer is out, the answer not in */
	uint32_t remote_streams;
	struct ua_rtp rtp;
};
