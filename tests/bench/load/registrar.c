/* Phones that register: REGISTER, the challenge, REGISTER with the answer to it. */
#include "load.h"

#include <stdlib.h>
#include <sys/queue.h>
#include <time.h>
#include <unistd.h>

struct phone {
	TAILQ_ENTRY(phone) list;
	uint32_t cseq, repeats;
	bool asking;
	uint32_t challenges;
	int64_t repeat_at_ms;
	char credentials[512];
};

TAILQ_HEAD(phone_list, phone);

struct phones {
	const struct options *o;
	struct tally *tally;
	struct net *net;
	struct pace pace;
	struct phone_list asking;
	struct phone *v;
	uint32_t asking_count, next;
	int64_t now_ms;
};

/* CSeq goes on rising from run to run: the registrar remembers the last one. */
static uint32_t first_cseq(void)
{
	return (uint32_t)(time(NULL) & 0x3fffff) * 256;
}

struct phones *phones_new(const struct options *o, struct tally *tally)
{
	struct phones *p = calloc(1, sizeof(*p));

	if (p)
		p->v = calloc(o->numbers, sizeof(p->v[0]));
	if (!p || !p->v)
		exit(2);
	p->o = o;
	p->tally = tally;
	TAILQ_INIT(&p->asking);
	for (uint32_t i = 0; i < o->numbers; i++)
		p->v[i].cseq = first_cseq();
	p->net = net_new(o, o->callee_port, o->sockets);
	pace_start(&p->pace, o->rate);
	return p;
}

/* Called phones stand where callee.c will answer: number half + k at socket k % sockets. */
static uint32_t socket_of(const struct phones *p, uint32_t i)
{
	return i % (p->o->numbers / 2) % p->o->sockets;
}

static void say_register(struct phones *p, uint32_t i)
{
	const struct phone *ph = &p->v[i];
	uint32_t socket = socket_of(p, i), port = p->o->callee_port + socket;
	struct strbuf b = net_write(p->net, socket);
	uint32_t who = p->o->first + i;

	strbuf_fmt(&b, "REGISTER sip:%s SIP/2.0\r\n", p->o->domain);
	strbuf_fmt(&b, "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKr%x.%u;rport\r\n", port, who,
		   ph->cseq);
	strbuf_fmt(&b, "Max-Forwards: 70\r\nFrom: <sip:" NUMBER_FORMAT "@%s>;tag=r%x.%u\r\n", who,
		   p->o->domain, who, ph->cseq);
	strbuf_fmt(&b, "To: <sip:" NUMBER_FORMAT "@%s>\r\n", who, p->o->domain);
	strbuf_fmt(&b, "Call-ID: %x.%x.reg@127.0.0.1\r\nCSeq: %u REGISTER\r\n", i, p->o->first,
		   ph->cseq);
	strbuf_fmt(&b, "Contact: <sip:" ACCOUNT_FORMAT "@127.0.0.1:%u>\r\nExpires: 3600\r\n",
		   ACCOUNT_OF(who), port);
	if (ph->credentials[0])
		strbuf_fmt(&b, "Authorization: %s\r\n", ph->credentials);
	strbuf_str(&b, "User-Agent: load\r\nContent-Length: 0\r\n\r\n");
	net_send(p->net, socket, &b);
}

static void ask(struct phones *p, struct phone *ph)
{
	ph->asking = true;
	ph->repeat_at_ms = p->now_ms + REPEAT_MS;
	TAILQ_INSERT_TAIL(&p->asking, ph, list);
	p->asking_count++;
}

static void asked_enough(struct phones *p, struct phone *ph)
{
	ph->asking = false;
	TAILQ_REMOVE(&p->asking, ph, list);
	p->asking_count--;
}

static void prove(struct phones *p, uint32_t i, const struct seen *m)
{
	struct phone *ph = &p->v[i];
	struct strbuf b;
	char uri[128];

	snprintf(uri, sizeof(uri), "sip:%s", p->o->domain);
	strbuf_init(&b, ph->credentials, sizeof(ph->credentials) - 1);
	text_credentials(&b, m->challenge, p->o->first + i, "REGISTER", uri);
	ph->credentials[b.n] = '\0';
	ph->challenges++;
	ph->cseq++;
	asked_enough(p, ph);
	say_register(p, i);
	ask(p, ph);
}

static void on_answer(struct phones *p, uint32_t i, const struct seen *m)
{
	struct phone *ph = &p->v[i];

	if (!ph->asking || m->code < 200 || (uint32_t)atol(m->cseq.p) != ph->cseq)
		return;
	if (m->code == 401 && text_asks(m->challenge, ph->challenges)) {
		prove(p, i, m);
		return;
	}
	if (m->code < 300) {
		p->tally->succeeded++;
	} else {
		p->tally->refused++;
		p->tally->last_refusal = m->code;
	}
	asked_enough(p, ph);
}

static void on_message(void *ctx, uint32_t socket, struct slice bytes)
{
	struct phones *p = ctx;
	struct seen m;
	unsigned long i;

	(void)socket;
	if (!text_see(bytes, &m) || m.code == 0)
		return;
	i = strtoul(m.call_id.p, NULL, 16);
	if (i < p->o->numbers)
		on_answer(p, (uint32_t)i, &m);
}

bool phones_receive(struct phones *p)
{
	bool any;

	p->now_ms = clock_ms();
	any = net_receive(p->net, on_message, p);
	net_flush(p->net);
	return any;
}

static void start(struct phones *p)
{
	uint32_t i = p->next++ % p->o->numbers;
	struct phone *ph = &p->v[i];

	if (ph->asking)
		return;
	ph->cseq++;
	ph->repeats = 0;
	ph->challenges = 0;
	ph->credentials[0] = '\0';
	p->tally->started++;
	say_register(p, i);
	ask(p, ph);
}

static void repeat(struct phones *p, struct phone *ph)
{
	asked_enough(p, ph);
	if (ph->repeats++ == REPEATS) {
		p->tally->unanswered++;
		return;
	}
	say_register(p, (uint32_t)(ph - p->v));
	p->tally->repeated++;
	ask(p, ph);
}

void phones_tick(struct phones *p, bool more)
{
	struct phone *ph;
	uint64_t room = p->asking_count < p->o->setting_up ? p->o->setting_up - p->asking_count : 0;
	uint64_t left = p->o->count ? p->o->count - p->tally->started : room;
	uint32_t n;

	p->now_ms = clock_ms();
	while ((ph = TAILQ_FIRST(&p->asking)) != NULL && ph->repeat_at_ms <= p->now_ms)
		repeat(p, ph);
	n = more ? pace_take(&p->pace, (uint32_t)(room < left ? room : left)) : 0;
	while (n-- > 0)
		start(p);
	net_flush(p->net);
}

uint32_t phones_busy(const struct phones *p)
{
	return p->asking_count;
}
