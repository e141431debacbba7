#include "dns_server.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define ASKED_MAX     256
#define MESSAGE_BYTES 4096

struct asked {
	char name[NS_MAXDNAME], type[8];
};

struct dns_server {
	const struct dns_row *rows;
	uint32_t absent_ttl_s;
	int udp, tcp, stop;
	char text[32];
	pthread_t thread;
	pthread_mutex_t lock; /* guards asked: the test reads it while the server runs */
	struct asked asked[ASKED_MAX];
	uint32_t asked_count;
};

static const struct {
	const char *name;
	int type;
} types[] = {{"A", ns_t_a},	{"AAAA", ns_t_aaaa},   {"CNAME", ns_t_cname},
	     {"SRV", ns_t_srv}, {"NAPTR", ns_t_naptr}, {"SOA", ns_t_soa}};

static int type_of(const char *name)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].name, name) == 0)
			return types[i].type;
	abort();
}

static const char *type_name(int type)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == type)
			return types[i].name;
	return "?";
}

/* --- writing */

static void put16(unsigned char **p, uint32_t v)
{
	*(*p)++ = (unsigned char)(v >> 8);
	*(*p)++ = (unsigned char)v;
}

static void put32(unsigned char **p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p, v & 0xffff);
}

static void put_text(unsigned char **p, const char *text)
{
	size_t n = text ? strlen(text) : 0;
	*(*p)++ = (unsigned char)n;
	if (n)
		memcpy(*p, text, n);
	*p += n;
}

static void put_name(unsigned char **p, const char *name)
{
	while (*name && strcmp(name, ".") != 0) {
		size_t n = strcspn(name, ".");
		*(*p)++ = (unsigned char)n;
		memcpy(*p, name, n);
		*p += n;
		name += n + (name[n] == '.');
	}
	*(*p)++ = 0;
}

static void put_data(unsigned char **p, const struct dns_row *row, int type)
{
	switch (type) {
	case ns_t_a:
		inet_pton(AF_INET, row->data, *p);
		*p += 4;
		return;
	case ns_t_aaaa:
		inet_pton(AF_INET6, row->data, *p);
		*p += 16;
		return;
	case ns_t_srv:
		put16(p, row->a);
		put16(p, row->b);
		put16(p, row->c);
		break;
	case ns_t_naptr:
		put16(p, row->a);
		put16(p, row->b);
		put_text(p, row->flags);
		put_text(p, row->service);
		put_text(p, "");
		break;
	}
	put_name(p, row->data);
}

static void put_row(unsigned char **p, const struct dns_row *row)
{
	put_name(p, row->name);
	put16(p, (uint32_t)type_of(row->type));
	put16(p, ns_c_in);
	put32(p, row->ttl_s);
	unsigned char *length = *p;
	*p += 2;
	put_data(p, row, type_of(row->type));
	uint32_t n = (uint32_t)(*p - length - 2);
	put16(&length, n);
}

static void put_soa(unsigned char **p, const struct dns_server *s)
{
	put_name(p, "test");
	put16(p, ns_t_soa);
	put16(p, ns_c_in);
	put32(p, 86400);
	put16(p, 1 + 1 + 20);
	put_name(p, "");
	put_name(p, "");
	for (int i = 0; i < 4; i++)
		put32(p, 1);
	put32(p, s->absent_ttl_s);
}

/* --- answering */

static const struct dns_row *row_of(const struct dns_server *s, const char *name, const char *type)
{
	for (const struct dns_row *r = s->rows; r->name; r++)
		if (strcasecmp(r->name, name) == 0 && (!type || strcmp(r->type, type) == 0))
			return r;
	return NULL;
}

static uint32_t put_rows(unsigned char **p, const struct dns_server *s, const char *name,
			 const char *type)
{
	uint32_t n = 0;
	for (const struct dns_row *r = s->rows; r->name; r++) {
		if (strcasecmp(r->name, name) != 0 || strcmp(r->type, type) != 0)
			continue;
		put_row(p, r);
		n++;
	}
	const struct dns_row *alias = n ? NULL : row_of(s, name, "CNAME");
	if (alias == NULL)
		return n;
	put_row(p, alias);
	return 1 + put_rows(p, s, alias->data, type);
}

static void note(struct dns_server *s, const char *name, const char *type)
{
	pthread_mutex_lock(&s->lock);
	if (s->asked_count < ASKED_MAX) {
		struct asked *a = &s->asked[s->asked_count++];
		snprintf(a->name, sizeof(a->name), "%s", name);
		snprintf(a->type, sizeof(a->type), "%s", type);
	}
	pthread_mutex_unlock(&s->lock);
}

static void put_header(unsigned char *out, uint32_t id, uint32_t flags, uint32_t answers,
		       uint32_t authority)
{
	put16(&out, id);
	put16(&out, 0x8580 | flags);
	put16(&out, 1);
	put16(&out, answers);
	put16(&out, authority);
	put16(&out, 0);
}

/* Bytes of the answer; 0: none is given. */
static size_t answer(struct dns_server *s, const unsigned char *in, size_t n, bool udp,
		     unsigned char out[MESSAGE_BYTES])
{
	ns_msg msg;
	ns_rr question;
	if (ns_initparse(in, (int)n, &msg) != 0 || ns_parserr(&msg, ns_s_qd, 0, &question) != 0)
		return 0;
	const char *name = ns_rr_name(question), *type = type_name(ns_rr_type(question));
	const struct dns_row *row = row_of(s, name, type), *any = row_of(s, name, NULL);
	enum dns_mode mode = row ? row->mode : DNS_ANSWERED;
	unsigned char *p = out + NS_HFIXEDSZ;
	note(s, name, type);
	if (mode == DNS_SILENT)
		return 0;
	put_name(&p, name);
	put16(&p, ns_rr_type(question));
	put16(&p, ns_c_in);
	uint32_t answers = 0, flags = any ? ns_r_noerror : ns_r_nxdomain;
	if (mode == DNS_REFUSED)
		flags = ns_r_servfail;
	else if (mode == DNS_TRUNCATED && udp)
		flags = 0x0200;
	else
		answers = put_rows(&p, s, name, type);
	bool absent = answers == 0 && mode == DNS_ANSWERED;
	if (absent)
		put_soa(&p, s);
	put_header(out, ns_msg_id(msg), flags, answers, absent);
	return (size_t)(p - out);
}

static void serve_udp(struct dns_server *s)
{
	unsigned char in[MESSAGE_BYTES], out[MESSAGE_BYTES];
	struct sockaddr_storage from;
	socklen_t from_n = sizeof(from);
	ssize_t n = recvfrom(s->udp, in, sizeof(in), 0, (struct sockaddr *)&from, &from_n);
	size_t told = n > 0 ? answer(s, in, (size_t)n, true, out) : 0;
	if (told)
		sendto(s->udp, out, told, 0, (struct sockaddr *)&from, from_n);
}

static void serve_tcp(struct dns_server *s)
{
	unsigned char in[MESSAGE_BYTES], out[MESSAGE_BYTES + 2];
	int fd = accept(s->tcp, NULL, NULL);
	ssize_t n = recv(fd, in, 2, MSG_WAITALL);
	if (n == 2)
		n = recv(fd, in + 2, (size_t)in[0] << 8 | in[1], MSG_WAITALL);
	size_t told = n > 0 ? answer(s, in + 2, (size_t)n, false, out + 2) : 0;
	unsigned char *length = out;
	put16(&length, (uint32_t)told);
	if (told)
		send(fd, out, told + 2, MSG_NOSIGNAL);
	close(fd);
}

static void *serve(void *arg)
{
	struct dns_server *s = arg;
	struct pollfd fds[] = {{.fd = s->udp, .events = POLLIN},
			       {.fd = s->tcp, .events = POLLIN},
			       {.fd = s->stop, .events = POLLIN}};
	while (poll(fds, 3, -1) > 0 && !fds[2].revents) {
		if (fds[0].revents)
			serve_udp(s);
		if (fds[1].revents)
			serve_tcp(s);
	}
	return NULL;
}

/* UDP and TCP on the same port, of the kernel's choice. */
static bool bind_both(struct dns_server *s)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(sa);
	s->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	s->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok = bind(s->udp, (struct sockaddr *)&sa, n) == 0 &&
		  getsockname(s->udp, (struct sockaddr *)&sa, &n) == 0 &&
		  bind(s->tcp, (struct sockaddr *)&sa, n) == 0 && listen(s->tcp, 8) == 0;
	snprintf(s->text, sizeof(s->text), "127.0.0.1:%u", ntohs(sa.sin_port));
	if (!ok) {
		close(s->udp);
		close(s->tcp);
	}
	return ok;
}

struct dns_server *dns_server_new(const struct dns_row *rows, uint32_t absent_ttl_s)
{
	struct dns_server *s = calloc(1, sizeof(*s));
	s->rows = rows;
	s->absent_ttl_s = absent_ttl_s;
	s->stop = eventfd(0, EFD_CLOEXEC);
	pthread_mutex_init(&s->lock, NULL);
	while (!bind_both(s))
		;
	pthread_create(&s->thread, NULL, serve, s);
	return s;
}

void dns_server_free(struct dns_server *s)
{
	eventfd_write(s->stop, 1);
	pthread_join(s->thread, NULL);
	close(s->udp);
	close(s->tcp);
	close(s->stop);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

const char *dns_server_text(const struct dns_server *s)
{
	return s->text;
}

uint32_t dns_server_asked(struct dns_server *s, const char *name, const char *type)
{
	uint32_t n = 0;
	pthread_mutex_lock(&s->lock);
	for (uint32_t i = 0; i < s->asked_count; i++) {
		const struct asked *a = &s->asked[i];
		n += (!name || strcasecmp(a->name, name) == 0) &&
		     (!type || strcmp(a->type, type) == 0);
	}
	pthread_mutex_unlock(&s->lock);
	return n;
}
