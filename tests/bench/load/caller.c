/*
 * The phones that call: INVITE (twice when it is to prove who it is), ACK, and BYE when more than
 * the wanted number of calls stand. A call's Call-ID names its slot and the slot's use, so that
 * what comes late meets nobody.
 */
#include "load.h"

#include <stdlib.h>
#include <sys/queue.h>
#include <unistd.h>

enum state { FREE, INVITED, STANDING, ENDING };

struct call {
	TAILQ_ENTRY(call) list; /* in `asking`, oldest first, or in `standing` */
	uint32_t slot, use, caller, callee, socket, cseq, repeats;
	enum state state;
	bool proceeding;
	uint32_t challenges;
	int64_t repeat_at_ms;
	struct sockaddr_in media;
	char tag[80], target[128], route[192], credentials[512];
};

TAILQ_HEAD(call_list, call);

struct callers {
	const struct options *o;
	struct tally *tally;
	struct net *net;
	struct pace pace;
	struct call_list asking, standing;
	struct call **slots;
	uint32_t slot_count, slot_cap, *free_slots, free_count;
	uint32_t asking_count, standing_count, next_caller, run;
	int64_t now_ms;
};

struct callers *callers_new(const struct options *o, struct tally *tally)
{
	struct callers *c = calloc(1, sizeof(*c));

	if (!c)
		exit(2);
	c->o = o;
	c->tally = tally;
	c->run = (uint32_t)getpid();
	TAILQ_INIT(&c->asking);
	TAILQ_INIT(&c->standing);
	c->slot_cap = o->in_progress + o->setting_up + 1;
	c->slots = calloc(c->slot_cap, sizeof(c->slots[0]));
	c->free_slots = calloc(c->slot_cap, sizeof(c->free_slots[0]));
	if (!c->slots || !c->free_slots)
		exit(2);
	c->net = net_new(o, o->caller_port, o->sockets);
	pace_start(&c->pace, o->rate);
	return c;
}

static uint16_t media_port(const struct callers *c, const struct call *call)
{
	return c->o->no_sdp ? 0 : (uint16_t)(CALLER_MEDIA_PORT + 2 * (call->slot % 1000));
}

/* --- what is said */

static void head(struct callers *c, const struct call *call, struct strbuf *b, const char *method,
		 const char *target, const char *route)
{
	uint32_t port = c->o->caller_port + call->socket;

	strbuf_fmt(b, "%s %s SIP/2.0\r\n", method, target);
	strbuf_fmt(b, "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bK%x.%x.%x.%u%c;rport\r\n", port,
		   c->run, call->slot, call->use, call->cseq, *method);
	strbuf_str(b, "Max-Forwards: 70\r\n");
	if (*route)
		strbuf_fmt(b, "Route: %s\r\n", route);
	strbuf_fmt(b, "From: <sip:" NUMBER_FORMAT "@%s>;tag=a%x.%x.%x\r\n", call->caller,
		   c->o->domain, c->run, call->slot, call->use);
	strbuf_fmt(b, "To: <sip:" NUMBER_FORMAT "@%s>", call->callee, c->o->domain);
	if (call->tag[0])
		strbuf_fmt(b, ";tag=%s", call->tag);
	strbuf_fmt(b, "\r\nCall-ID: %x.%x.%x@127.0.0.1\r\nCSeq: %u %s\r\n", call->slot, call->use,
		   c->run, call->cseq, method);
}

static void invite_uri(const struct callers *c, const struct call *call, char uri[128])
{
	snprintf(uri, 128, "sip:" NUMBER_FORMAT "@%s", call->callee, c->o->domain);
}

static void say_invite(struct callers *c, struct call *call)
{
	struct strbuf b = net_write(c->net, call->socket);
	char uri[128];

	invite_uri(c, call, uri);
	head(c, call, &b, "INVITE", uri, "");
	strbuf_fmt(&b, "Contact: <sip:" ACCOUNT_FORMAT "@127.0.0.1:%u>\r\n",
		   ACCOUNT_OF(call->caller), c->o->caller_port + call->socket);
	if (call->credentials[0])
		strbuf_fmt(&b, "Proxy-Authorization: %s\r\n", call->credentials);
	strbuf_str(&b, "User-Agent: load\r\n");
	text_body(&b, media_port(c, call));
	net_send(c->net, call->socket, &b);
}

/* To a refusal: of the INVITE's transaction, so with its branch, which ends in its letter. */
static void say_ack_refusal(struct callers *c, struct call *call, const struct seen *m)
{
	struct strbuf b = net_write(c->net, call->socket);
	char uri[128], own[sizeof(call->tag)];
	struct slice tag = text_tag(m->to);

	invite_uri(c, call, uri);
	memcpy(own, call->tag, sizeof(own));
	(void)slice_copy(tag, call->tag, sizeof(call->tag));
	head(c, call, &b, "ACK", uri, "");
	memcpy(call->tag, own, sizeof(own));
	char *branch = memmem(b.p, b.n, "A;rport", 7);
	if (branch)
		*branch = 'I';
	text_body(&b, 0);
	net_send(c->net, call->socket, &b);
}

static void say(struct callers *c, struct call *call, const char *method)
{
	struct strbuf b = net_write(c->net, call->socket);

	head(c, call, &b, method, call->target, call->route);
	text_body(&b, 0);
	net_send(c->net, call->socket, &b);
}

/* --- lists */

static void ask(struct callers *c, struct call *call)
{
	call->repeat_at_ms = c->now_ms + REPEAT_MS;
	TAILQ_INSERT_TAIL(&c->asking, call, list);
	c->asking_count++;
}

static void asked_enough(struct callers *c, struct call *call)
{
	TAILQ_REMOVE(&c->asking, call, list);
	c->asking_count--;
}

static void call_free(struct callers *c, struct call *call)
{
	call->state = FREE;
	c->free_slots[c->free_count++] = call->slot;
}

static struct call *call_new(struct callers *c)
{
	struct call *call;
	uint32_t slot, use;

	if (c->free_count) {
		call = c->slots[c->free_slots[--c->free_count]];
	} else {
		call = calloc(1, sizeof(*call));
		if (!call || c->slot_count == c->slot_cap)
			exit(2);
		call->slot = c->slot_count;
		c->slots[c->slot_count++] = call;
	}
	slot = call->slot;
	use = call->use + 1;
	*call = (struct call){.slot = slot, .use = use, .state = INVITED, .cseq = 1};
	return call;
}

static void start(struct callers *c)
{
	struct call *call = call_new(c);
	uint32_t half = c->o->numbers / 2;

	call->caller = c->o->first + c->next_caller % half;
	call->callee = c->o->first + half + (c->next_caller / half + c->next_caller) % half;
	call->socket = c->next_caller % c->o->sockets;
	c->next_caller++;
	c->tally->started++;
	say_invite(c, call);
	ask(c, call);
}

/* --- what is heard */

static void answered(struct callers *c, struct call *call, const struct seen *m)
{
	struct strbuf route;

	asked_enough(c, call);
	call->state = STANDING;
	(void)slice_copy(text_tag(m->to), call->tag, sizeof(call->tag));
	(void)slice_copy(text_uri(m->contact), call->target, sizeof(call->target));
	strbuf_init(&route, call->route, sizeof(call->route) - 1);
	for (uint32_t i = m->route_count; i-- > 0;) {
		strbuf_add(&route, m->routes[i]);
		if (i)
			strbuf_str(&route, ", ");
	}
	call->route[route.n] = '\0';
	(void)text_media(m->body, &call->media);
	TAILQ_INSERT_TAIL(&c->standing, call, list);
	c->standing_count++;
	say(c, call, "ACK");
}

static void prove(struct callers *c, struct call *call, const struct seen *m)
{
	struct strbuf b;
	char uri[128];

	invite_uri(c, call, uri);
	say_ack_refusal(c, call, m);
	strbuf_init(&b, call->credentials, sizeof(call->credentials) - 1);
	text_credentials(&b, m->challenge, call->caller, "INVITE", uri);
	call->credentials[b.n] = '\0';
	call->challenges++;
	call->proceeding = false;
	call->cseq++;
	asked_enough(c, call);
	say_invite(c, call);
	ask(c, call);
}

static void on_invite_answer(struct callers *c, struct call *call, const struct seen *m)
{
	if (call->state != INVITED) {
		if (m->code >= 200 && m->code < 300 && call->state == STANDING) {
			c->tally->repeated++;
			say(c, call, "ACK");
		}
		return;
	}
	if (atoi(m->cseq.p) != (int)call->cseq) {
		if (m->code >= 300) /* the challenge again: its ACK was lost */
			say_ack_refusal(c, call, m);
	} else if (m->code < 200) {
		call->proceeding = true;
	} else if (m->code < 300) {
		answered(c, call, m);
	} else if (c->o->authenticated && text_asks(m->challenge, call->challenges)) {
		prove(c, call, m);
	} else {
		say_ack_refusal(c, call, m);
		c->tally->refused++;
		c->tally->last_refusal = m->code;
		asked_enough(c, call);
		call_free(c, call);
	}
}

static void on_bye_answer(struct callers *c, struct call *call, const struct seen *m)
{
	if (call->state != ENDING || m->code < 200)
		return;
	if (m->code < 300) {
		c->tally->succeeded++;
	} else {
		c->tally->refused++;
		c->tally->last_refusal = m->code;
	}
	asked_enough(c, call);
	call_free(c, call);
}

static struct call *call_of(const struct callers *c, struct slice call_id)
{
	char text[96];
	unsigned slot, use, run;

	if (slice_copy(slice_first(call_id, sizeof(text) - 1), text, sizeof(text)) != 0 ||
	    sscanf(text, "%x.%x.%x@", &slot, &use, &run) != 3 || run != c->run ||
	    slot >= c->slot_count)
		return NULL;
	return c->slots[slot]->use == use ? c->slots[slot] : NULL;
}

static void on_message(void *ctx, uint32_t socket, struct slice bytes)
{
	struct callers *c = ctx;
	struct seen m;
	struct call *call;

	(void)socket;
	if (!text_see(bytes, &m) || m.code == 0)
		return;
	call = call_of(c, m.call_id);
	if (call && slice_eq(m.method, SLICE("INVITE")))
		on_invite_answer(c, call, &m);
	else if (call && slice_eq(m.method, SLICE("BYE")))
		on_bye_answer(c, call, &m);
}

bool callers_receive(struct callers *c)
{
	bool any;

	c->now_ms = clock_ms();
	any = net_receive(c->net, on_message, c);
	net_flush(c->net);
	return any;
}

/* --- in time */

static void repeat(struct callers *c, struct call *call)
{
	asked_enough(c, call);
	if (call->repeats++ == REPEATS) {
		c->tally->unanswered++;
		call_free(c, call);
		return;
	}
	if (call->state == ENDING)
		say(c, call, "BYE");
	else if (!call->proceeding)
		say_invite(c, call);
	c->tally->repeated += call->state == ENDING || !call->proceeding;
	ask(c, call);
}

static void hang_up_oldest(struct callers *c)
{
	struct call *call = TAILQ_FIRST(&c->standing);

	TAILQ_REMOVE(&c->standing, call, list);
	c->standing_count--;
	call->state = ENDING;
	call->cseq++;
	call->repeats = 0;
	say(c, call, "BYE");
	ask(c, call);
}

static uint64_t allowed(const struct callers *c)
{
	uint64_t room = c->asking_count < c->o->setting_up ? c->o->setting_up - c->asking_count : 0;
	uint64_t left = c->o->count ? c->o->count - c->tally->started : room;

	return room < left ? room : left;
}

void callers_tick(struct callers *c, bool more)
{
	struct call *call;
	uint32_t n, keep = more ? c->o->in_progress : 0;

	c->now_ms = clock_ms();
	while ((call = TAILQ_FIRST(&c->asking)) != NULL && call->repeat_at_ms <= c->now_ms)
		repeat(c, call);
	while (c->standing_count > keep && c->asking_count < c->o->setting_up)
		hang_up_oldest(c);
	n = more ? pace_take(&c->pace, (uint32_t)allowed(c)) : 0;
	while (n-- > 0)
		start(c);
	net_flush(c->net);
}

uint32_t callers_busy(const struct callers *c)
{
	return c->asking_count + c->standing_count;
}

uint32_t callers_setting_up(const struct callers *c)
{
	return c->asking_count;
}

void callers_media(struct callers *c, media_fn *fn, void *ctx)
{
	const struct call *call;

	TAILQ_FOREACH(call, &c->standing, list)
	{
		fn(ctx, media_port(c, call), &call->media);
	}
}
