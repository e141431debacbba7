/* The keys of opengate.yaml. To add one: a member in config.h, a row here; a test reads every row's
 * default. */
#include "base/spell.h"
#include "main/config_priv.h"

#include <stdio.h>

#define MEMBER(m) .offset = offsetof(struct config, m), .bytes = sizeof(((struct config *)NULL)->m)
/* Several members in a row that one key fills. */
#define MEMBERS(first, last)                                                                       \
	.offset = offsetof(struct config, first), .bytes = offsetof(struct config, last) +         \
							   sizeof(((struct config *)NULL)->last) - \
							   offsetof(struct config, first)
#define COUNT(m, least, most) .read = config_read_count, MEMBER(m), .min = (least), .max = (most)

const struct config_key config_keys[] = {
	{"data_dir", "./data",
	 "Directory for the database, the lock file and, by default, the API socket. It is made "
	 "when it does not exist.",
	 .read = config_read_text, MEMBER(data_dir)},

	{"sip.domain", NULL,
	 "The SIP domain: the host part of every subscriber's address and the digest realm. "
	 "Passwords are kept for this very domain: changing it means issuing them all anew.",
	 .read = config_read_domain, MEMBER(domain)},
	{"sip.listen", NULL,
	 "Where phones are heard: \"udp:ADDRESS:PORT\" and \"tcp:ADDRESS:PORT\", IPv6 addresses in "
	 "brackets. One or a list of up to 16.",
	 .read = config_read_listen, MEMBERS(listeners, listener_count), .many = true},
	{"sip.advertise", "",
	 "The address that phones are told, where it is not the one listened on (0.0.0.0, a "
	 "server behind NAT). One for IPv4 and one for IPv6 at most.",
	 .read = config_read_advertise, MEMBERS(advertise4, advertise6), .many = true},
	{"sip.expires.min", "60",
	 "Shortest registration, in seconds; a shorter one is answered 423.",
	 COUNT(expires_min_s, 1, 86400), .live = true},
	{"sip.expires.max", "7200", "Longest registration, in seconds; a longer one is cut.",
	 COUNT(expires_max_s, 60, 604800), .live = true},
	{"sip.expires.default", "3600", "Registration time for phones that do not say, in seconds.",
	 COUNT(expires_default_s, 1, 604800), .live = true},
	{"sip.digest", "md5",
	 "What phones are offered to prove their password with: md5, sha-256 or both. Phones "
	 "older than RFC 8760 give up when sha-256 is among the offers.",
	 .read = config_read_digest, MEMBER(digest_offer), .live = true},
	{"sip.trusted", "",
	 "A PBX or SBC in front, as ADDRESS or ADDRESS/BITS: its calls are accepted without a "
	 "password, as calls of the number in P-Asserted-Identity or From. Over UDP a source can "
	 "be forged: name only addresses that your network lets in from nowhere else. One or a "
	 "list of up to 16.",
	 .read = config_read_trusted, MEMBERS(trusted, trusted_count), .many = true, .live = true},
	{"sip.nonce_life_s", "300", "How long a digest nonce is good for, in seconds.",
	 COUNT(nonce_life_s, 10, 86400), .live = true},
	{"sip.ping_period_s", "25",
	 "Time between OPTIONS pings to phones behind NAT, in seconds; 0: none.",
	 COUNT(ping_period_s, 0, 3600), .live = true},
	{"sip.ring_limit_s", "180",
	 "A call that nobody answers ends so many seconds after a phone was last heard ringing, "
	 "and "
	 "after five times as many at the latest.",
	 COUNT(ring_limit_s, 10, 3600), .live = true},
	{"sip.session_expires", "1800",
	 "Session timer (RFC 4028) that is proposed to phones, in seconds: a call whose phone is "
	 "not "
	 "heard of for so long ends. 0: none.",
	 COUNT(session_expires_s, 0, 86400), .live = true},
	{"sip.min_se", "90",
	 "Shortest session timer, in seconds; a phone that wants a shorter one is answered 422.",
	 COUNT(session_min_s, 90, 86400), .live = true},
	{"sip.calls_max", "50000",
	 "Calls at a time, all shards together; one more is answered 503.",
	 COUNT(calls_max, 1, 10000000), .live = true},

	{"sip.connections_max", "20000", "TCP connections at a time, all shards together.",
	 COUNT(connections_max, 1, 10000000)},
	{"sip.connections_per_source", "1000",
	 "TCP connections that one IPv4 address or IPv6 /64 may have open; 0: as many as there "
	 "are.",
	 COUNT(connections_per_source, 0, 10000000)},

	{"numbers.own", "",
	 "The operator's own numbers by their beginnings, \"0501000\": one of them that nobody has "
	 "is "
	 "not in use; other 050 numbers go to a trunk. One or a list of up to 16.",
	 .read = config_read_own, MEMBERS(own, own_count), .many = true, .live = true},

	{"trunk.answer_timeout_ms", "4000",
	 "A call goes to the next trunk when this one has said nothing at all for so long, in "
	 "milliseconds.",
	 COUNT(trunk_answer_ms, 500, 32000), .live = true},
	{"trunk.progress_timeout_s", "20",
	 "A call goes to the next trunk when this one has said nothing but 100 Trying for so long, "
	 "in seconds; 0: no limit.",
	 COUNT(trunk_progress_s, 0, 180), .live = true},
	{"trunk.options_period_s", "30",
	 "Time between OPTIONS to each trunk, in seconds; 0: none, and every trunk counts as up.",
	 COUNT(trunk_options_s, 0, 3600), .live = true},
	{"trunk.failures", "3", "A trunk is down after so many OPTIONS without an answer.",
	 COUNT(trunk_failures, 1, 100), .live = true},
	{"trunk.expires_s", "3600",
	 "Registration time that is asked for at trunks, in seconds; each is refreshed at three "
	 "quarters of what it was given.",
	 COUNT(trunk_expires_s, 30, 86400), .live = true},

	{"dns.servers", "system",
	 "Name servers for phones and proxies that are named rather than numbered: ADDRESS or "
	 "ADDRESS:PORT, one or a list of up to 4; system: those of /etc/resolv.conf.",
	 .read = config_read_dns, MEMBER(dns_servers), .many = true},

	{"media.address", NULL,
	 "Where the relay sends and receives media: one IPv4 and one IPv6 address at most.",
	 .read = config_read_media, MEMBERS(media4, media6), .many = true},
	{"media.ports", "10000-65535", "UDP ports of the relay, FIRST-LAST; each call takes four.",
	 .read = config_read_ports, MEMBERS(media_port_first, media_port_last)},
	{"media.timeout_s", "60",
	 "A call without any media for this long, not on hold, is ended; 0: never.",
	 COUNT(media_timeout_s, 0, 86400), .live = true},

	{"announcements.play", "files",
	 "What a caller hears before a refusal, as early media: off: nothing, the phone makes its "
	 "own tone; files: the file of announcements.folder for the cause, where there is one; "
	 "all: that, else the busy tone of 400 Hz for five seconds.",
	 .read = config_read_announce, MEMBER(announce), .live = true},
	{"announcements.folder", "",
	 "Directory of WAV files, LANGUAGE/CAUSE.wav or CAUSE.wav (for every language): mono, "
	 "16-bit PCM of 8 or 16 kHz or G.711, up to 60 seconds. Read at the start.",
	 .read = config_read_text, MEMBER(announce_folder)},
	{"announcements.language", "ja",
	 "Language of announcements for phones that do not ask for one (Accept-Language).",
	 .read = config_read_language, MEMBER(announce_language), .live = true},
	{"announcements.off", "",
	 "Causes that are refused without an announcement, by their words in call records: busy, "
	 "no_answer, ... One or a list.",
	 .read = config_read_cause, MEMBER(announce_off), .many = true, .live = true},
	{"announcements.limit_s", "30", "Longest announcement, in seconds; a longer one is cut.",
	 COUNT(announce_limit_s, 1, 60), .live = true},
	{"announcements.calls_max", "200",
	 "Calls that are being announced to, or answered by a service code, at a time, all shards "
	 "together; one more is refused without an announcement. Of one number, four in each "
	 "shard.",
	 COUNT(announce_calls_max, 0, 100000)},

	{"http.socket", "",
	 "Unix socket of the API, for opengatectl: who may open it may do everything. Default: "
	 "api.sock in data_dir.",
	 .read = config_read_socket, MEMBER(http_socket)},
	{"http.listen", "off",
	 "TCP address and port of the API, or off. Only health, metrics and the API's "
	 "description are answered there without a session.",
	 .read = config_read_http, MEMBER(http_listen)},

	{"shards", "auto", "Threads that handle calls; auto: one for each processor.",
	 .read = config_read_shards, MEMBER(shards), .min = 1, .max = 64},
	{"gather_us", "1000",
	 "A busy thread looks for what arrived once in so many microseconds, at most 5000, and "
	 "handles it in one go; what comes to an idle one is handled at once. 0: always at once.",
	 COUNT(gather_us, 0, 5000)},
	{"log.level", "info", "Least level that is logged to stderr: trace, info, warning, error.",
	 .read = config_read_level, MEMBER(log_level), .live = true},
	{"trace.memory_mb", "64",
	 "Memory for the ladders of recent calls, in MiB; the oldest give way.",
	 COUNT(trace_memory_mb, 1, 65536)},
	{"records.keep_days", "0",
	 "Call records older than so many days are deleted, a few at a time; 0: they are kept "
	 "until 'opengatectl records prune'. At least 62, so that the statement of the month "
	 "before can be made.",
	 COUNT(keep_days, 0, 36500), .live = true},
	{"shutdown_grace_s", "10", "How long a stopping server waits for calls to end, in seconds.",
	 COUNT(shutdown_grace_s, 0, 86400), .live = true},
};

const size_t config_key_count = sizeof(config_keys) / sizeof(config_keys[0]);

const struct config_key *config_key_find(struct slice name)
{
	for (size_t i = 0; i < config_key_count; i++)
		if (slice_eq(slice_str(config_keys[i].name), name))
			return &config_keys[i];
	return NULL;
}

static bool lies_below(const char *key, struct slice section)
{
	struct slice k = slice_str(key);

	return k.n > section.n + 1 && slice_starts(k, section) && k.p[section.n] == '.';
}

bool config_section_is(struct slice name)
{
	for (size_t i = 0; i < config_key_count; i++)
		if (lies_below(config_keys[i].name, name))
			return true;
	return false;
}

/* The part of a key that would stand where the last part of `name` stands; n == 0: not beside it.
 */
static struct slice sibling(const char *key, size_t prefix_n, struct slice name)
{
	struct slice k = slice_str(key);

	if (k.n <= prefix_n || !slice_starts(k, slice_first(name, prefix_n)))
		return SLICE_NONE;
	k = slice_from(k, prefix_n);
	return slice_first(k, slice_find(k, '.'));
}

static size_t last_part(struct slice name)
{
	size_t at = name.n;

	while (at > 0 && name.p[at - 1] != '.')
		at--;
	return at;
}

/* The same word, but in another section. */
static const char *elsewhere(struct slice last)
{
	for (size_t i = 0; i < config_key_count; i++) {
		struct slice k = slice_str(config_keys[i].name);

		if (slice_eq(slice_from(k, last_part(k)), last))
			return config_keys[i].name;
	}
	return NULL;
}

const char *config_key_guess(struct slice name, char *ret_name, size_t name_bytes)
{
	size_t prefix_n = last_part(name);
	struct slice last = slice_from(name, prefix_n), best_name = SLICE_NONE;
	unsigned best = 0;

	for (size_t i = 0; i < config_key_count; i++) {
		struct slice s = sibling(config_keys[i].name, prefix_n, name);

		if (!s.n || !spell_is_near(last, s))
			continue;
		unsigned d = spell_distance(last, s);

		if (!best_name.n || d < best) {
			best = d;
			best_name = s;
		}
	}
	if (!best_name.n)
		return elsewhere(last);
	snprintf(ret_name, name_bytes, "%.*s%.*s", (int)prefix_n, name.p, SLICE_ARG(best_name));
	return ret_name;
}
