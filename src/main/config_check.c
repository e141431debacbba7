/* What only several keys together can get wrong; and what follows from them. */
#include "base/err.h"
#include "main/config_priv.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static size_t line_of(struct config_source *s, const char *key)
{
	const yaml_node_t *n = config_tree_find(s, key);

	return n ? config_line(n) : 0;
}

static int check_expires(struct config_source *s, const struct config *c)
{
	if (c->expires_min_s > c->expires_max_s)
		return config_fault(
			s, ERR_INVALID, line_of(s, "sip.expires.min"), "sip.expires.min",
			"%u is above sip.expires.max (%u); lower the one or raise the other",
			c->expires_min_s, c->expires_max_s);
	if (c->expires_default_s < c->expires_min_s || c->expires_default_s > c->expires_max_s)
		return config_fault(
			s, ERR_INVALID, line_of(s, "sip.expires.default"), "sip.expires.default",
			"%u is not between sip.expires.min (%u) and sip.expires.max (%u)",
			c->expires_default_s, c->expires_min_s, c->expires_max_s);
	return 0;
}

static int check_session(struct config_source *s, const struct config *c)
{
	if (c->session_expires_s == 0 || c->session_expires_s >= c->session_min_s)
		return 0;
	return config_fault(s, ERR_INVALID, line_of(s, "sip.session_expires"),
			    "sip.session_expires",
			    "%u is below sip.min_se (%u); give at least that, or 0 for no timer",
			    c->session_expires_s, c->session_min_s);
}

#define KEEP_DAYS_MIN 62 /* two months */

static int check_records(struct config_source *s, const struct config *c)
{
	if (c->keep_days == 0 || c->keep_days >= KEEP_DAYS_MIN)
		return 0;
	return config_fault(s, ERR_INVALID, line_of(s, "records.keep_days"), "records.keep_days",
			    "%u days are too few for the statement of the month before; give at "
			    "least %d, or 0 to keep records for ever",
			    c->keep_days, KEEP_DAYS_MIN);
}

#define PORTS_PER_SHARD_MIN 8 /* two calls */

static int check_ports(struct config_source *s, const struct config *c)
{
	uint32_t shards = config_shards(c), count = c->media_port_last - c->media_port_first + 1u;

	if (count / PORTS_PER_SHARD_MIN >= shards)
		return 0;
	return config_fault(s, ERR_INVALID, line_of(s, "media.ports"), "media.ports",
			    "%u-%u has %u ports, too few for %u shards; give at least %u",
			    c->media_port_first, c->media_port_last, count, shards,
			    shards * PORTS_PER_SHARD_MIN);
}

/* The address that this host would send from, asked of the routing table; nothing is sent. */
static bool route_source(uint8_t family, struct addr *ret_addr)
{
	struct addr far;
	struct sockaddr_storage sa;
	socklen_t n = sizeof(sa);

	if (addr_parse(family == 4 ? SLICE("192.0.2.1:9") : SLICE("[2001:db8::1]:9"), 9, &far))
		return false;
	socklen_t far_n = addr_to_sockaddr(&far, &sa);
	int fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok = fd >= 0 && connect(fd, (struct sockaddr *)&sa, far_n) == 0 &&
		  getsockname(fd, (struct sockaddr *)&sa, &n) == 0;

	if (fd >= 0)
		close(fd);
	if (ok)
		addr_from_sockaddr((struct sockaddr *)&sa, ret_addr);
	return ok;
}

/* A listener on 0.0.0.0 or :: must still tell phones an address that they can send to. */
static int settle_advertised(struct config_source *s, struct config *c, uint32_t i)
{
	struct transport_listener *l = &c->listeners[i];
	const struct addr *given = l->bind.family == 4 ? &c->advertise4 : &c->advertise6;

	if (addr_is(given))
		l->advertise = *given;
	else if (addr_is_any(&l->bind) && !route_source(l->bind.family, &l->advertise))
		return config_fault(s, ERR_INVALID, line_of(s, "sip.listen"), "sip.listen",
				    "listens on every IPv%u address and none of them is plainly "
				    "this server's; say with "
				    "sip.advertise which one phones shall use",
				    l->bind.family);
	if (addr_is(&l->advertise))
		l->advertise.port = l->bind.port;
	return 0;
}

static int settle_socket(struct config_source *s, struct config *c)
{
	if (*c->http_socket)
		return 0;
	int n = snprintf(c->http_socket, sizeof(c->http_socket), "%.*s/api.sock",
			 (int)sizeof(c->http_socket), c->data_dir);

	if (n >= 0 && (size_t)n < sizeof(c->http_socket))
		return 0;
	return config_fault(
		s, ERR_INVALID, line_of(s, "data_dir"), "data_dir",
		"is too long for a Unix socket below it; give http.socket a path under %d bytes",
		CONFIG_SOCKET_BYTES);
}

int config_check(struct config_source *s, struct config *c)
{
	int err = check_expires(s, c);
	if (!err)
		err = check_session(s, c);
	if (!err)
		err = check_records(s, c);
	if (!err)
		err = check_ports(s, c);
	if (!err)
		err = settle_socket(s, c);
	for (uint32_t i = 0; !err && i < c->listener_count; i++)
		err = settle_advertised(s, c, i);
	return err;
}

uint32_t config_shards(const struct config *c)
{
	cpu_set_t set;
	const struct config_key *key = config_key_find(SLICE("shards"));

	if (c->shards != CONFIG_SHARDS_AUTO)
		return c->shards;
	uint32_t cpus =
		sched_getaffinity(0, sizeof(set), &set) == 0 ? (uint32_t)CPU_COUNT(&set) : 1;

	return cpus < key->max ? cpus : key->max;
}

struct config_ports config_port_share(const struct config *c, uint32_t index, uint32_t count)
{
	uint32_t first = (c->media_port_first + 1u) & ~1u,
		 pairs = (c->media_port_last + 1u - first) / 2;
	uint32_t from = (uint32_t)((uint64_t)pairs * index / count),
		 to = (uint32_t)((uint64_t)pairs * (index + 1) / count);

	return (struct config_ports){(uint16_t)(first + 2 * from), (uint16_t)(first + 2 * to - 1)};
}

int config_socket(const char *path, char ret_socket[CONFIG_SOCKET_BYTES], char *ret_text,
		  size_t text_bytes)
{
	struct config_source s = {.path = path, .fault = ret_text, .fault_bytes = text_bytes};
	const char *key = "http.socket";
	struct config c = {0};
	char *text;
	size_t n;
	int err = config_file_read(&s, &text, &n);

	if (err)
		return err;
	err = config_tree_open(&s, slice_of(text, n));
	free(text);
	if (err)
		return err;
	const yaml_node_t *socket = config_tree_find(&s, key),
			  *dir = config_tree_find(&s, "data_dir");
	struct slice value =
		socket && socket->type == YAML_SCALAR_NODE ? config_scalar(socket) : SLICE_NONE;

	snprintf(c.data_dir, sizeof(c.data_dir), "%s",
		 config_key_find(SLICE("data_dir"))->fallback);
	if (dir && dir->type == YAML_SCALAR_NODE)
		slice_copy(config_scalar(dir), c.data_dir, sizeof(c.data_dir));
	if (value.n && slice_copy(value, c.http_socket, sizeof(c.http_socket)))
		err = config_fault(&s, ERR_INVALID, config_line(socket), key,
				   "is longer than %zu bytes; use a shorter path",
				   sizeof(c.http_socket) - 1);
	else
		err = settle_socket(&s, &c);
	config_tree_close(&s);
	if (!err)
		memcpy(ret_socket, c.http_socket, sizeof(c.http_socket));
	return err;
}
