/*
 * Any bytes as a conversation with a whole shard on the simulated network: phones do what phones
 * do, and between that what they have said is said again, bent. After every step all that must hold
 * is looked at (tests/sim/stage); at the end nothing may be left.
 *
 * Three bytes are one step: what happens, who does it, and how. Behind a step that says raw bytes
 * follow as many as it names.
 */
#include "fuzz.h"
#include "stage/stage.h"
#include "stage/watch.h"

#include <string.h>

#define PHONES	  3
#define STEPS_MAX 60
#define KEPT	  64
#define KEPT_MAX  4096

struct play {
	struct stage *st;
	struct ua *phones[PHONES];
	struct ua *network; /* a trunk: its number is called, and it calls */
	struct {	    /* what phones have said to the server, the last KEPT of it */
		char bytes[KEPT_MAX];
		size_t n;
	} kept[KEPT];
	uint32_t kept_n;
};

static void tap(void *ctx, const struct sim_packet *packet)
{
	struct play *p = ctx;
	struct addr server = stage_addr(packet->dst.family);

	if (!addr_ip_eq(&packet->dst, &server) || packet->dst.port != 5060 ||
	    packet->bytes.n > KEPT_MAX)
		return;
	uint32_t at = p->kept_n++ % KEPT;
	p->kept[at].n = packet->bytes.n;
	memcpy(p->kept[at].bytes, packet->bytes.p, packet->bytes.n);
}

/* Two over UDP, one over TCP; none of them judges what it hears. */
static void phone_add(struct play *p, int i)
{
	static const char *const names[] = {"A", "B", "C"};
	static const char *const numbers[] = {"05010000014", "05010000022", "05010000030"};
	static const char *const accounts[] = {"10000012", "10000020", "10000038"};
	struct directory_number n = {.channels = 2, .customer = "C1", .policy = REG_NEWEST};
	struct ua_params u = {.name = names[i],
			      .number = numbers[i],
			      .account = accounts[i],
			      .password = "secret-0",
			      .tcp = i == 2,
			      .local = {.ip = {198, 51, 100, (uint8_t)(i + 1)}, .family = 4}};
	const struct ua_reg_wish wish = {.expires_s = 3600};

	strcpy(n.number, u.number);
	strcpy(n.account, u.account);
	stage_number(p->st, n, u.password);
	p->phones[i] = stage_phone_add(p->st, u);
	strcpy(ua_habits(p->phones[i])->ignored, "NOTHINGOFTHEKIND");
	ua_register(p->phones[i], &wish);
}

#define OUTSIDE "0312345678"

static void network_add(struct play *p)
{
	struct trunk t = {.id = 1,
			  .name = "t",
			  .host = "203.0.113.50",
			  .weight = 1,
			  .capacity = 2,
			  .user = "u",
			  .password = "p",
			  .trusted = true,
			  .transport = SIP_TRANSPORT_OTHER};
	struct ua_params u = {.name = "T",
			      .number = OUTSIDE,
			      .account = OUTSIDE,
			      .password = "secret-0",
			      .local = {.ip = {203, 0, 113, 50}, .family = 4}};

	p->network = stage_phone_add(p->st, u);
	strcpy(ua_habits(p->network)->ignored, "NOTHINGOFTHEKIND");
	stage_trunk(p->st, &t);
	t.id = 2;
	t.priority = 1;
	strcpy(t.name, "spare"); /* nobody is there */
	strcpy(t.host, "203.0.113.51");
	stage_trunk(p->st, &t);
}

static struct ua *actor(const struct play *p, const uint8_t *b)
{
	return b[1] >= 192 ? p->network : p->phones[b[1] % PHONES];
}

static void must_hold(const struct play *p)
{
	if (p->st->fault[0])
		fprintf(stderr, "%s\n", p->st->fault);
	FUZZ_CHECK(p->st->fault[0] == '\0');
}

static void pass(struct play *p, int64_t ms)
{
	stage_run_ms(p->st, ms);
	must_hold(p);
}

/* A byte that is turned, put in or taken out; a line that is lost; an end that is cut. */
static size_t bend(char *bytes, size_t n, uint8_t where, uint8_t how)
{
	static const char marks[] = "\0\r\n \"%'(),-/019:;<=>?@[\\]\x7f\xff";
	size_t at = n * where / 256;

	switch (how & 7) {
	case 0:
		bytes[at] = (char)(bytes[at] ^ 1 << (how >> 5));
		return n;
	case 1:
		bytes[at] = marks[(how >> 3) % (sizeof(marks) - 1)];
		return n;
	case 2:
		memmove(bytes + at, bytes + at + 1, n - at - 1);
		return n - 1;
	case 3: {
		char *end = memchr(bytes + at, '\n', n - at), *next;
		if (!end || !(next = memchr(end + 1, '\n', (size_t)(bytes + n - end - 1))))
			return n;
		memmove(end + 1, next + 1, (size_t)(bytes + n - next - 1));
		return n - (size_t)(next - end);
	}
	case 4:
		return at + 1;
	default:
		return n;
	}
}

/* Something that was said before, by anybody. */
static void say_again(struct play *p, const uint8_t *b)
{
	static char bytes[KEPT_MAX];
	uint32_t have = p->kept_n < KEPT ? p->kept_n : KEPT;

	if (!have)
		return;
	uint32_t at = (p->kept_n - 1 - b[1] / PHONES % have) % KEPT;
	size_t n = p->kept[at].n;
	memcpy(bytes, p->kept[at].bytes, n);
	if (n)
		n = bend(bytes, n, b[2], b[0] >> 4 | b[1] << 4);
	ua_say(actor(p, b), &(struct addr){0}, slice_of(bytes, n));
}

static void act(struct play *p, const uint8_t *b)
{
	static const int codes[] = {486, 407, 503, 408};
	struct ua *ua = actor(p, b);
	const char *target = b[2] & 128 && ua != p->network
				     ? OUTSIDE
				     : ua_number(p->phones[(b[1] + 1) % PHONES]);
	struct ua_call *line = ua_line(ua, "");
	struct ua_call *ringing = ua_line_ringing(ua);
	struct ua_wish wish = {.direction = b[2] & 32 ? "sendonly" : NULL, .no_sdp = b[2] & 64};

	switch (b[2] % 9) {
	case 0:
		(void)ua_invite(ua, line, target, &wish);
		break;
	case 1:
		(void)ua_ring(ua, ringing ? ringing : line, b[2] & 16 ? 183 : 180, &wish);
		break;
	case 2:
		(void)ua_answer(ua, ringing ? ringing : line, &wish);
		break;
	case 3:
		(void)ua_refuse(ua, ringing ? ringing : line,
				ua == p->network ? codes[b[2] >> 5 & 3] : 486,
				"Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\", "
				"qop=\"auth\"\r\n");
		break;
	case 4:
		(void)ua_cancel(ua, line);
		break;
	case 5:
		(void)ua_bye(ua, line);
		break;
	case 6:
		(void)ua_reinvite(ua, line, &wish);
		break;
	case 7:
		(void)ua_request(ua, line, b[2] & 16 ? "INFO" : "MESSAGE", "text/plain", "x");
		break;
	default:
		(void)ua_media_send(ua, line, "rtp", 3, NULL);
		break;
	}
}

static void step(struct play *p, const uint8_t *b)
{
	switch (b[0] & 3) {
	case 0:
		act(p, b);
		break;
	case 1:
		say_again(p, b);
		break;
	default:
		pass(p, b[1] & 1 ? b[2] : b[2] * 40);
		return;
	}
	pass(p, 30);
}

static void play_end(struct play *p)
{
	stage_end_calls(p->st);
	stage_settle(p->st);
	must_hold(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct play p;
	struct stage_params params;

	stage_params_default(&params);
	params.config.announce = ANNOUNCE_ALL;
	p.kept_n = 0;
	p.st = stage_new(&params);
	stage_start(p.st);
	sim_net_add_tap(p.st->net, tap, &p);
	for (int i = 0; i < PHONES; i++)
		phone_add(&p, i);
	network_add(&p);
	hide_stop(watch_hide(p.st->watch)); /* one phone says what another has said, on purpose */
	pass(&p, 300);
	for (size_t i = 0; i + 3 <= size && i < 3 * STEPS_MAX; i += 3)
		step(&p, data + i);
	play_end(&p);
	stage_free(p.st);
	return 0;
}
