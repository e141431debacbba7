/* What a phone says and hears. Every packet carries the name of its sender, so that a stray one is
 * known at once. */
#include "ua_priv.h"

#include <stdio.h>
#include <stdlib.h>

#define PACKET_MS    20
#define PACKET_BYTES 172

static void open_pair(struct ua *ua, struct ua_rtp *r)
{
	struct io_udp_params p = {.local = ua->local};
	struct addr bound;
	p.local.port = ua->next_media_port;
	ua->next_media_port = (uint16_t)(ua->next_media_port + 2);
	p.cookie = UA_COOKIE_RTP;
	if (io_udp_open(ua->io, &p, &r->rtp_handle, &r->local))
		r->rtp_handle = 0;
	p.local.port++;
	p.cookie = UA_COOKIE_RTCP;
	if (io_udp_open(ua->io, &p, &r->rtcp_handle, &bound))
		r->rtcp_handle = 0;
	if (!r->rtp_handle || !r->rtcp_handle) {
		fprintf(stderr, "simulation: phone %s has no media port left\n", ua->name);
		abort();
	}
}

/* Behind a NAT the SDP names a port that the world never sees. */
void ua_media_open(struct ua *ua, struct ua_call *c)
{
	if (c->rtp.rtp_handle)
		return;
	open_pair(ua, &c->rtp);
	c->rtp.claimed = c->rtp.local;
	if (ua->claimed.family) {
		c->rtp.claimed = ua->claimed;
		c->rtp.claimed.port = (uint16_t)(c->rtp.local.port - 10000);
	}
	c->rtp.ssrc = (uint32_t)sim_rand_next(&ua->rand);
	c->rtp.seq = (uint16_t)sim_rand_next(&ua->rand);
	c->sdp_id = sim_rand_below(&ua->rand, 1000000) + 1;
}

void ua_media_close(struct ua *ua, struct ua_call *c)
{
	if (c->rtp.rtp_handle)
		io_close(ua->io, c->rtp.rtp_handle);
	if (c->rtp.rtcp_handle)
		io_close(ua->io, c->rtp.rtcp_handle);
	c->rtp = (struct ua_rtp){0};
}

const char *ua_media_move(struct ua *ua, struct ua_call *c)
{
	struct ua_rtp was = c->rtp;
	if (!was.rtp_handle)
		return "there is no media to move";
	io_close(ua->io, was.rtp_handle);
	io_close(ua->io, was.rtcp_handle);
	open_pair(ua, &c->rtp);
	return NULL;
}

struct addr ua_media_remote(const struct ua_call *c)
{
	return c->rtp.remote;
}

const char *ua_media_send(struct ua *ua, struct ua_call *c, const char *kind, uint32_t n,
			  const struct addr *to)
{
	ua_media_open(ua, c);
	c->rtp.to = to && to->family ? *to : c->rtp.remote;
	if (c->rtp.to.family == 0 || c->rtp.to.port == 0)
		return "the far side has not said where it wants media";
	snprintf(c->rtp.kind, sizeof(c->rtp.kind), "%s", kind);
	c->rtp.left = n;
	c->rtp.next_ms = ua_now_ms(ua);
	sim_io_poke(ua->io);
	return NULL;
}

static void put16(char *p, uint32_t v)
{
	p[0] = (char)(v >> 8);
	p[1] = (char)v;
}

static void put32(char *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

static size_t make_rtp(const struct ua *ua, struct ua_rtp *r, uint32_t payload_type, char *p)
{
	memset(p, 0x55, PACKET_BYTES);
	p[0] = (char)0x80;
	p[1] = (char)payload_type;
	put16(p + 2, r->seq++);
	put32(p + 4, r->timestamp += 160);
	put32(p + 8, r->ssrc);
	snprintf(p + 12, 64, "rtp %s ", ua->name);
	return PACKET_BYTES;
}

/* A sender report with the name as its SSRC's CNAME (RFC 3550 §6). */
static size_t make_rtcp(const struct ua *ua, struct ua_rtp *r, char *p)
{
	memset(p, 0, 28 + 44);
	p[0] = (char)0x80;
	p[1] = (char)200;
	put16(p + 2, 6);
	put32(p + 4, r->ssrc);
	p[28] = (char)0x81;
	p[29] = (char)202;
	put16(p + 30, 10);
	put32(p + 32, r->ssrc);
	p[36] = 1;
	p[37] = 32;
	snprintf(p + 38, 32, "rtcp %s ", ua->name);
	return 28 + 44;
}

static size_t make_udptl(const struct ua *ua, struct ua_rtp *r, char *p)
{
	memset(p, 0, 64);
	put16(p, r->seq++);
	p[2] = 50;
	snprintf(p + 3, 50, "udptl %s ", ua->name);
	return 64;
}

static void send_one(struct ua *ua, struct ua_call *c)
{
	struct ua_rtp *r = &c->rtp;
	struct addr to = r->to;
	char p[256];
	size_t n;
	int handle = r->rtp_handle;
	if (strcmp(r->kind, "rtcp") == 0) {
		n = make_rtcp(ua, r, p);
		handle = r->rtcp_handle;
		to.port++;
	} else if (strcmp(r->kind, "udptl") == 0) {
		n = make_udptl(ua, r, p);
	} else {
		n = make_rtp(ua, r, (uint32_t)strtoul(c->formats[0] ? c->formats : "0", NULL, 10),
			     p);
	}
	io_udp_send(ua->io, handle, &to, slice_of(p, n));
}

int64_t ua_media_turn(struct ua *ua, struct ua_call *c, int64_t now_ms)
{
	struct ua_rtp *r = &c->rtp;
	while (r->left > 0 && now_ms >= r->next_ms) {
		send_one(ua, c);
		r->left--;
		r->next_ms += PACKET_MS;
	}
	return r->left > 0 ? r->next_ms : INT64_MAX;
}

static struct ua_heard *heard_of(struct ua *ua, struct slice kind, struct slice from)
{
	for (uint32_t i = 0; i < ua->heard_n; i++) {
		if (slice_eq(kind, slice_str(ua->heard[i].kind)) &&
		    slice_eq(from, slice_str(ua->heard[i].from)))
			return &ua->heard[i];
	}
	if (ua->heard_n == UA_HEARD_MAX)
		return &ua->heard[UA_HEARD_MAX - 1];
	struct ua_heard *h = &ua->heard[ua->heard_n++];
	ua_text(h->kind, sizeof(h->kind), kind);
	ua_text(h->from, sizeof(h->from), from);
	h->count = 0;
	return h;
}

/* 20 ms of G.711: what the server itself plays. */
static bool is_tone(const struct io_datagram *d)
{
	return d->n == PACKET_BYTES && (d->p[0] & 0xc0) == 0x80;
}

/* "rtp NAME " and its kin somewhere in the packet; anything else is counted as of nobody. */
void ua_media_on_packet(struct ua *ua, const struct io_datagram *d)
{
	static const char *const KINDS[] = {"rtp ", "rtcp ", "udptl "};
	const bool tone = is_tone(d);
	struct slice kind = tone ? SLICE("tone") : SLICE("?"),
		     from = tone ? SLICE("server") : SLICE("?");
	for (size_t i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); i++) {
		const char *at = memmem(d->p, d->n, KINDS[i], strlen(KINDS[i]));
		if (!at)
			continue;
		struct slice rest = slice_of(at, d->n - (size_t)(at - d->p));
		kind = slice_cut(&rest, ' ');
		from = slice_cut(&rest, ' ');
		break;
	}
	heard_of(ua, slice_first(kind, 7), slice_first(from, 31))->count++;
}

uint32_t ua_media_heard(const struct ua *ua, const char *kind, const char *from)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < ua->heard_n; i++) {
		if (strcmp(ua->heard[i].kind, kind) == 0 &&
		    (!from || strcmp(ua->heard[i].from, from) == 0))
			n += ua->heard[i].count;
	}
	return n;
}

void ua_media_forget(struct ua *ua)
{
	ua->heard_n = 0;
}
