/*
 * config: opengate.yaml as one plain value. A table of keys (config_keys.c) says for each key what
 * it may hold, what it is when left out, and whether it may change while the server runs; reading,
 * defaults, error lines, reload and the manual page all walk that table.
 *
 * Every mistake is told in one line: file, line, key, what is wrong, how to mend it.
 */
#pragma once

#include "base/addr.h"
#include "core/announcement.h"
#include "digest/digest.h"
#include "shard/shard.h"
#include "transport/transport.h"

#include <stdio.h>

#define CONFIG_PATH_BYTES   256
#define CONFIG_SOCKET_BYTES 104 /* sun_path holds 108 */
#define CONFIG_DOMAIN_BYTES 64
#define CONFIG_FAULT_BYTES  512
#define CONFIG_DNS_BYTES    256
#define CONFIG_SHARDS_AUTO  0

/* No pointers: copied and compared as it stands. */
struct config {
	char data_dir[CONFIG_PATH_BYTES];
	char domain[CONFIG_DOMAIN_BYTES];
	struct transport_listener listeners[TRANSPORT_LISTENERS_MAX];
	uint32_t listener_count;
	struct addr advertise4, advertise6; /* family 0: as bound */
	uint32_t expires_min_s, expires_max_s, expires_default_s;
	enum digest_offer digest_offer;
	struct cidr trusted[TRUSTED_MAX];
	uint32_t trusted_count;
	char own[TRUNK_OWN_MAX][TRUNK_OWN_BYTES]; /* beginnings of our numbers */
	uint32_t own_count;
	uint32_t trunk_answer_ms, trunk_progress_s, trunk_options_s, trunk_failures,
		trunk_expires_s;
	uint32_t nonce_life_s, ping_period_s, ring_limit_s, calls_max;
	uint32_t session_expires_s, session_min_s;
	uint32_t connections_max, connections_per_source;
	char dns_servers[CONFIG_DNS_BYTES]; /* "ADDRESS:PORT,..."; empty: the system's */
	struct addr media4, media6;
	uint16_t media_port_first, media_port_last;
	uint32_t media_timeout_s;
	enum announce_play announce;
	char announce_folder[CONFIG_PATH_BYTES]; /* empty: none */
	char announce_language[SOUNDS_LANGUAGE_BYTES];
	uint64_t announce_off[ANNOUNCE_OFF_WORDS]; /* bits of enum call_cause */
	uint32_t announce_limit_s, announce_calls_max;
	char http_socket[CONFIG_SOCKET_BYTES];
	struct addr http_listen; /* family 0: off */
	uint32_t shards;	 /* CONFIG_SHARDS_AUTO or a number */
	uint32_t gather_us;	 /* io/loop.h */
	uint32_t log_level;	 /* least level of event that is logged */
	uint32_t trace_memory_mb;
	uint32_t shutdown_grace_s;
	uint32_t keep_days; /* of records; 0: for ever */
};

/* 0, ERR_IO (cannot be read), ERR_SYNTAX or ERR_INVALID; ret_text then holds the line that says
 * why. */
int config_load(const char *path, struct config *ret_config, char *ret_text, size_t text_bytes);
/* The same from memory; path is for the error line. */
int config_parse(const char *path, struct slice yaml, struct config *ret_config, char *ret_text,
		 size_t text_bytes);

/* Only http.socket of that file, whatever the other keys say: for the command line. Errors as
 * config_load. */
int config_socket(const char *path, char ret_socket[CONFIG_SOCKET_BYTES], char *ret_text,
		  size_t text_bytes);

/*
 * What a reload does: copies the keys that may change at run time from fresh into *live.
 * ret_applied and ret_restart get the names of the keys that changed, "sip.ping_period_s,
 * log.level"; empty: none.
 */
void config_apply(struct config *live, const struct config *fresh, char *ret_applied,
		  char *ret_restart, size_t text_bytes);

/* Shards to run: as configured, or one for each processor that this process may use. */
uint32_t config_shards(const struct config *c);

struct config_ports {
	uint16_t first, last;
};
/* Shard index's share of the relay ports: whole even/odd pairs, as equal as can be. */
struct config_ports config_port_share(const struct config *c, uint32_t index, uint32_t count);

/* Every key with its default and meaning, "[live]" where a reload takes it over. */
void config_help(FILE *to);
