/*
 * core: what a shard is made of, and what everything that runs on one uses: its state, our tags and
 * branches, events, answers outside of a call, who may ask for something, and the way out. A shard
 * is one thread; nothing here is shared with another.
 *
 * The functions of this room never call upwards: what happens to calls is b2bua's, what arrives is
 * shard's.
 */
#pragma once

#include "base/bufs.h"
#include "base/err.h"
#include "base/index.h"
#include "base/rng.h"
#include "call/call.h"
#include "call/forward.h"
#include "call/leg.h"
#include "core/params.h"
#include "media/player.h"
#include "media/relay.h"
#include "transport/locate.h"
#include "txn/txn.h"

struct sdp;

#define COOKIE_TRANSPORT ((uint64_t)1 << 56)
#define COOKIE_RELAY	 ((uint64_t)2 << 56)
#define COOKIE_KIND(c)	 ((c) >> 56)

enum shard_timer_kind {
	TIMER_TXN_FIRST = 0,
	TIMER_CALL = TXN_TIMER_KINDS,
	TIMER_LEG,
	TIMER_RELIABLE,
	TIMER_SESSION,
	TIMER_TICK,
	TIMER_PURSUIT,
	TIMER_COMEBACK,
	TIMER_RESUME,
	TIMER_TRUNK,
	TIMER_PLAYER,
};

#define TICK_MS 1000
/* One-way delay of the network is not known: half a domestic round trip, and 20 ms of packet. */
#define ASSUMED_DELAY_MS 40.0
#define RETRY_AFTER_S	 5
#define OUT_BYTES	 SIP_MESSAGE_BYTES_MAX
#define COMEBACKS_MAX	 4096 /* responses that do */
#define TCP_REFUSALS	 1024

/* Nobody listens for TCP there (RFC 3261 §18.1.1): a table in which a newcomer may push another
 * out.
 */
struct tcp_refusal {
	struct addr addr;
	int64_t until_ms;
};

/* A leg of a shard that there is no longer, or whose slot was taken, and where it went. */
struct leg_alias {
	struct id old, now;
};

struct shard {
	struct shard_params p;
	const struct shard_config *config;
	uint32_t calls_max; /* as configured, or more when more are to be taken up */
	struct rng rng;
	struct wheel *wheel;
	struct bufs *bufs;
	struct transport *transport;
	struct txn_layer *txns;
	struct relay *relay;
	struct players *players;
	struct pool *calls, *forwards, *legs, *exchanges, *pings, *pursuits, *comebacks;
	struct index *pursuits_by_client;
	struct tcp_refusal tcp_refusals[TCP_REFUSALS];
	struct index
		*by_call_id; /* leg A's Call-ID -> call, for INVITE and CANCEL without our tag */
	struct timer tick;
	struct arena scratch;
	/* The session description that was read last, in scratch (media_sdp_of). */
	struct slice sdp_text;
	const struct sdp *sdp;
	char *scratch_memory, *out;
	bool draining;
	uint64_t last_uid;
	int64_t stranger_told_ms;  /* the last word about a source that is no trunk's */
	struct trunk_care *care;   /* shard's; NULL: another one looks after trunks */
	struct keep *keep;	   /* b2bua's; NULL: calls are not kept */
	struct leg_alias *aliases; /* of legs that were taken up under another id, by the old one */
	uint32_t alias_count;
	struct id touched; /* the call of which something that is kept has changed */
	/* tracing: the call that outgoing bytes belong to, and an INVITE whose call is not known
	 * yet */
	uint64_t out_call;
	const struct sip_msg *untraced;
	const struct sip_msg *outside; /* a REGISTER that is being handled: it is of no call */
	const struct flow *untraced_flow;
	struct shard_counts counts;
};

static inline int64_t now_of(struct shard *s)
{
	return io_now_ms(s->p.io);
}
/* The shard that made a call with that uid. */
static inline uint16_t uid_shard(uint64_t uid)
{
	return uid >> 16 & (SHARDS_MAX - 1);
}
static inline struct slice domain_of(const struct shard *s)
{
	return slice_str(s->config->domain);
}

/* --- find.c: slots by id; NULL: stale */
struct call *call_of(const struct shard *s, struct id id);
/* NULL: it was never forwarded. */
struct call_forwards *call_forwards_of(const struct shard *s, const struct call *c);
const struct call_forward *call_last_forward(const struct shard *s, const struct call *c);
struct leg *leg_of(const struct shard *s, struct id id);
struct leg *branch_leg(const struct shard *s, const struct call *c, uint8_t branch);
/* The leg that had this id before a restart. tag: our own of its dialog; empty: any. */
struct leg *leg_of_before(const struct shard *s, struct id id, struct slice tag);
int leg_alias_compare(const void *a, const void *b);

/* --- send.c: the way out */
/* Bytes to a flow (txn_ops.send); a response whose connection has gone looks for another way. */
int send_message(void *ctx, const struct flow *flow, struct slice bytes);

/* --- token.c: our tags and branches: 13 characters for an id, 8 at random; the id tells shard and
 * leg. */
#define TOKEN_CHARS 21
void token_make(struct shard *s, struct id id, char ret_token[TOKEN_CHARS + 1]);
/* An id that names this shard and nothing in it. */
struct id token_anonymous(const struct shard *s);
bool token_read(struct slice token, struct id *ret_id);
/* The last character of our tag towards a caller numbers the early dialog (struct leg_early). */
#define TOKEN_NUMBERS 32
void token_number(struct dialog *d, uint8_t number);
uint8_t token_number_of(struct slice token);
/* Equal but for the number. */
bool token_same(struct slice a, struct slice b);
#define BRANCH_CHARS (7 + TOKEN_CHARS)
void branch_make(struct shard *s, struct id id, char ret_branch[BRANCH_CHARS + 1]);
bool branch_read(struct slice branch, struct id *ret_id);

/* --- What a client transaction's `user` is: an id and whose it is, in the two bits that SHARDS_MAX
 * leaves free. */
enum user_kind { USER_LEG, USER_EXCHANGE, USER_BYE, USER_PING };
static inline uint64_t user_of(enum user_kind kind, struct id id)
{
	return id.v | (uint64_t)kind << 62;
}
static inline enum user_kind user_kind_of(uint64_t user)
{
	return (enum user_kind)(user >> 62);
}
static inline struct id user_id_of(uint64_t user)
{
	return (struct id){user & ~((uint64_t)3 << 62)};
}

/* --- trace.c: events */
struct event event_of(struct shard *s, enum event_type type, const struct call *c);
void event_send(struct shard *s, struct event *e);
void trace_message(struct shard *s, const char *direction, const struct sip_msg *msg,
		   const struct flow *flow, uint64_t call);
/* The uid of the call that a message with that Call-ID belongs to, by the leg that its tag or
 * branch names; 0: none. The id alone is not enough: another leg may have had it before a restart.
 */
uint64_t trace_call_of(const struct shard *s, struct id leg, struct slice call_id);
/* A message of ours: which call it is of is known (s->out_call) or read from its bytes. */
void trace_out(struct shard *s, struct slice bytes, const struct flow *flow);
/* The INVITE that made (or did not make) a call. */
void trace_untraced(struct shard *s, uint64_t call);

/* --- reply.c: answers outside of a call */
/* Responds on a server transaction; Server, Reason/Warning as given. */
void reply(struct shard *s, struct id server, int code, struct slice headers);
void reply_text(struct shard *s, struct id server, int code, const char *text);
/* For what is not offered here: with Allow, which says what is. */
void reply_allowed(struct shard *s, struct id server, int code, const char *text);
/* Without a transaction: for what could not be understood or taken on. */
void reply_stateless(struct shard *s, const struct sip_msg *msg, const struct flow *flow, int code,
		     const char *text, bool retry_later);
void header_reason(struct strbuf *b, const struct shard *s, enum call_cause cause);
/* Our Contact on that flow. */
void header_contact(struct strbuf *b, struct slice user, const struct flow *flow);
extern const char reply_allow[];
/* The scratch arena is empty again, before each message and timer. */
void scratch_reset(struct shard *s);
/* A strbuf of n bytes out of the scratch arena (empty and failed when the arena is full). */
struct strbuf scratch_buf(struct shard *s, size_t n);

/* --- validate.c: what every request must be (RFC 3261 §8.2). True: go on; false: it was answered.
 */
bool validate_request(struct shard *s, struct id server, const struct sip_msg *msg);
/* Is this host our domain or one of our addresses? */
bool host_is_ours(const struct shard *s, struct slice host);

/* --- auth.c */
enum auth_result { AUTH_OK, AUTH_CHALLENGED, AUTH_DENIED };
/* Checks Authorization / Proxy-Authorization; anything but AUTH_OK was answered (challenge: 401 or
 * 407) and recorded. ret_asked_ms (may be NULL): wall ms at which we made the nonce that it
 * answers.
 */
enum auth_result auth_check(struct shard *s, struct id server, const struct sip_msg *msg,
			    const struct flow *flow, struct directory_number *ret_who,
			    int64_t *ret_asked_ms);

/* --- trusted.c: sources that need no digest for a call */
bool trusted_source(const struct shard *s, const struct flow *flow);
/* Whose call it is by the word of a trusted source; false: not a number of ours. */
bool trusted_identity(struct shard *s, const struct sip_msg *msg, struct directory_number *ret_who);
/* Who calls: by that word, or by digest. As auth_check. */
enum auth_result auth_caller(struct shard *s, struct id server, const struct sip_msg *msg,
			     const struct flow *flow, struct directory_number *ret_who);

/* The first challenge of a 401 or 407 that we can answer. False: there is none. */
bool auth_challenge_of(const struct sip_msg *msg, struct digest_challenge *ret_challenge);

/* --- comeback.c: responses whose connection has gone */
int comebacks_open(struct shard *s);
void comebacks_close(struct shard *s);
int comeback_send(struct shard *s, const struct flow *flow, struct slice bytes);
/* That connection could not be opened. */
void comeback_flow_gone(struct shard *s, const struct flow *flow);
void comeback_located(struct shard *s, struct id comeback, const struct locate_answer *a);
void comeback_on_timer(struct shard *s, struct id comeback);

/* What a question to the locator was asked for. */
enum located_kind { LOCATED_PURSUIT, LOCATED_COMEBACK, LOCATED_TRUNK };
static inline uint64_t located_token(enum located_kind kind, struct id id)
{
	return id.v | (uint64_t)kind << 62;
}
