/* The parts of RFC 3263 that need no DNS: numeric hosts, the form of a question, the order of the
 * answers. */
#include "transport/locate_priv.h"

#include "base/err.h"
#include "sip/value.h"

/* The transport parameter; SIP_TRANSPORT_OTHER when it is absent. ERR_UNSUPPORTED: not one that we
 * know. sips with tcp is TLS (RFC 3261 §26.2.2). */
static int transport_said(const struct sip_uri *uri, enum sip_transport *ret_transport)
{
	struct slice name;
	enum sip_transport t;
	if (!sip_param(uri->params, SLICE("transport"), &name)) {
		*ret_transport = SIP_TRANSPORT_OTHER;
		return 0;
	}
	t = sip_transport_of(name);
	if (uri->scheme == SIP_SCHEME_SIPS && t == SIP_TCP)
		t = SIP_TLS;
	if (t == SIP_TRANSPORT_OTHER || (uri->scheme == SIP_SCHEME_SIPS && t == SIP_UDP))
		return ERR_UNSUPPORTED;
	*ret_transport = t;
	return 0;
}

static struct slice host_of(const struct sip_uri *uri)
{
	struct slice maddr;
	return sip_param(uri->params, SLICE("maddr"), &maddr) && maddr.n ? maddr : uri->host;
}

static bool is_sip(const struct sip_uri *uri)
{
	return uri->scheme == SIP_SCHEME_SIP || uri->scheme == SIP_SCHEME_SIPS;
}

uint16_t locate_port(enum sip_transport t)
{
	return t == SIP_TLS ? 5061 : 5060;
}

int locate_numeric(const struct sip_uri *uri, struct locate_answer *ret_answer)
{
	struct locate_answer a = {.target_count = 1};
	struct locate_target *t = &a.targets[0];
	if (!is_sip(uri))
		return ERR_UNSUPPORTED;
	int err = transport_said(uri, &t->transport);
	if (err)
		return err;
	if (t->transport == SIP_TRANSPORT_OTHER)
		t->transport = uri->scheme == SIP_SCHEME_SIPS ? SIP_TLS : SIP_UDP;
	if (addr_parse_ip(host_of(uri), &t->addr) != 0)
		return ERR_AGAIN;
	t->addr.port = uri->port ? uri->port : locate_port(t->transport);
	*ret_answer = a;
	return 0;
}

struct sip_uri locate_sent_by(const struct sip_via *via)
{
	static const char *const params[] = {
		[SIP_UDP] = "transport=udp",
		[SIP_TCP] = "transport=tcp",
	};
	bool known = via->transport == SIP_UDP || via->transport == SIP_TCP;
	return (struct sip_uri){
		.scheme = SIP_SCHEME_SIP,
		.host = via->host,
		.port = via->port,
		.params = known ? slice_str(params[via->transport]) : SLICE_NONE,
	};
}

/* --- the question */

static int host_copy(struct slice host, char dst[LOCATE_HOST_BYTES])
{
	if (host.n && host.p[host.n - 1] == '.')
		host.n--;
	if (host.n == 0 || host.n >= LOCATE_HOST_BYTES)
		return ERR_SYNTAX;
	for (size_t i = 0; i < host.n; i++) {
		char c = host.p[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
			    c == '.' || c == '_';
		if (!good)
			return ERR_SYNTAX;
		dst[i] = c;
	}
	return 0;
}

int locate_question_of(const struct sip_uri *uri, struct locate_question *ret_question)
{
	struct locate_question q = {.port = uri->port, .secure = uri->scheme == SIP_SCHEME_SIPS};
	enum sip_transport t = SIP_UDP;
	int err = is_sip(uri) ? transport_said(uri, &t) : ERR_UNSUPPORTED;
	if (err == 0)
		err = host_copy(host_of(uri), q.host);
	if (err)
		return err;
	q.transport = (uint8_t)t;
	*ret_question = q;
	return 0;
}

enum sip_transport locate_default_transport(const struct locate_question *q)
{
	if (q->transport != SIP_TRANSPORT_OTHER)
		return (enum sip_transport)q->transport;
	return q->secure ? SIP_TLS : SIP_UDP;
}

/* --- the order */

static bool comes_before(const struct locate_server *a, const struct locate_server *b)
{
	return a->group != b->group ? a->group < b->group : a->priority < b->priority;
}

/* One of those that come first, by weight. A weight of 0 has its chance, but a very small one. */
static int draw(const struct locate_server *v, uint32_t count, const bool *taken, struct rng *rng)
{
	const struct locate_server *first = NULL;
	uint32_t sum = 0, peers = 0, passed = 0;
	int last = -1;
	for (uint32_t i = 0; i < count; i++) {
		if (!taken[i] && (first == NULL || comes_before(&v[i], first)))
			first = &v[i];
	}
	for (uint32_t i = 0; first && i < count; i++) {
		if (taken[i] || comes_before(first, &v[i]))
			continue;
		sum += v[i].weight;
		peers++;
	}
	uint32_t mark = sum ? rng_below(rng, sum + 1) : 0, nth = peers ? rng_below(rng, peers) : 0;
	for (int zero = 1; zero >= 0; zero--) { /* those of weight 0 stand first (RFC 2782) */
		for (uint32_t i = 0; i < count; i++) {
			if (taken[i] || comes_before(first, &v[i]) || (v[i].weight == 0) != zero)
				continue;
			last = (int)i;
			passed += v[i].weight;
			if (sum ? passed >= mark : nth-- == 0)
				return last;
		}
	}
	return last;
}

void locate_order(const struct locate_server *v, uint32_t count, struct rng *rng,
		  struct locate_answer *answer)
{
	bool taken[LOCATE_SERVERS_MAX] = {0};
	answer->target_count = 0;
	for (int at = draw(v, count, taken, rng); at >= 0; at = draw(v, count, taken, rng)) {
		taken[at] = true;
		for (uint8_t i = 0; i < v[at].addr_count; i++) {
			if (answer->target_count == LOCATE_TARGETS_MAX)
				return;
			answer->targets[answer->target_count++] = (struct locate_target){
				.transport = (enum sip_transport)v[at].transport,
				.addr = v[at].addrs[i],
			};
		}
	}
}
