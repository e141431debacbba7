/* For machines that watch: Prometheus text format 0.0.4, and health. */
#include "api/api_priv.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

void health_show(struct request *r)
{
	r->text = strdup("ok\n");
	r->type = "text/plain; charset=utf-8";
}

struct metric {
	const char *name, *type, *help;
	double value;
};

static double cpu_seconds(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static double resident_bytes(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");
	if (f && fscanf(f, "%*u %lu", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static double open_descriptors(void)
{
	double n = -3; /* ".", "..", and the directory itself */
	DIR *d = opendir("/proc/self/fd");
	if (d == NULL)
		return 0;
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static double descriptor_limit(void)
{
	struct rlimit l;
	return getrlimit(RLIMIT_NOFILE, &l) == 0 ? (double)l.rlim_cur : 0;
}

/* %.17g would show every bit; what is counted is whole. */
static void write_value(FILE *f, double v)
{
	if (v == (double)(int64_t)v)
		fprintf(f, "%lld\n", (long long)v);
	else
		fprintf(f, "%.6f\n", v);
}

static void write_metrics(FILE *f, const struct metric *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		fprintf(f, "# HELP %s %s\n# TYPE %s %s\n%s ", rows[i].name, rows[i].help,
			rows[i].name, rows[i].type, rows[i].name);
		write_value(f, rows[i].value);
	}
}

#define GAUGE(name, help, value)                                                                   \
	{                                                                                          \
		name, "gauge", help, (double)(value)                                               \
	}
#define COUNTER(name, help, value)                                                                 \
	{                                                                                          \
		name, "counter", help, (double)(value)                                             \
	}

static void write_process(FILE *f, const struct api *api)
{
	const struct metric rows[] = {
		COUNTER("process_cpu_seconds_total", "User and system time spent.", cpu_seconds()),
		GAUGE("process_resident_memory_bytes", "Memory in RAM.", resident_bytes()),
		GAUGE("process_open_fds", "Open descriptors.", open_descriptors()),
		GAUGE("process_max_fds", "Descriptors that may be open.", descriptor_limit()),
		GAUGE("process_start_time_seconds", "Start, seconds since 1970.",
		      (double)api->started_ms / 1000),
	};
	write_metrics(f, rows, sizeof(rows) / sizeof(rows[0]));
	fputs("# HELP opengate_build_info The version that runs; always 1.\n"
	      "# TYPE opengate_build_info gauge\n"
	      "opengate_build_info{version=\"" OPENGATE_VERSION "\"} 1\n",
	      f);
}

static void write_directory(FILE *f, const struct api *api)
{
	struct directory *d = api->p.directory;
	const struct metric rows[] = {
		GAUGE("opengate_numbers", "Numbers provisioned.", directory_numbers(d)),
		GAUGE("opengate_registrations", "Phones registered.",
		      directory_registration_count(d)),
		GAUGE("opengate_channels_held", "Outgoing channels in use.",
		      directory_channels_held(d, SLICE_NONE)),
		COUNTER("opengate_store_written_total", "Registrations and records written behind.",
			writer_written(api->p.writer)),
		COUNTER("opengate_events_dropped_total",
			"Events lost because their readers were behind.",
			event_stream_dropped(api->p.events)),
		GAUGE("opengate_shards", "Threads that handle calls.", shard_set_count(api->p.set)),
	};
	write_metrics(f, rows, sizeof(rows) / sizeof(rows[0]));
}

static void write_shards(FILE *f, const struct shard_counts *c)
{
	const struct metric rows[] = {
		GAUGE("opengate_calls_live", "Calls in progress.", c->calls_live),
		GAUGE("opengate_calls_kept", "Calls in memory, also those that have just ended.",
		      c->calls_used),
		GAUGE("opengate_legs", "Legs in memory.", c->legs_used),
		COUNTER("opengate_calls_total", "Calls begun.", c->calls_total),
		COUNTER("opengate_calls_answered_total", "Calls answered.",
			c->calls_answered_total),
		COUNTER("opengate_calls_refused_total", "Calls refused.", c->calls_refused_total),
		COUNTER("opengate_registers_total", "REGISTER requests.", c->registers_total),
		COUNTER("opengate_registers_rejected_total", "REGISTER requests rejected.",
			c->registers_rejected_total),
		COUNTER("opengate_messages_in_total", "SIP messages received.", c->messages_in),
		COUNTER("opengate_messages_out_total", "SIP messages sent.", c->messages_out),
		COUNTER("opengate_messages_bad_total", "SIP messages that could not be read.",
			c->messages_bad),
		COUNTER("opengate_messages_moved_total",
			"SIP messages handed to the shard that they belong to.", c->messages_moved),
		GAUGE("opengate_server_transactions", "SIP server transactions alive.",
		      c->txn_servers),
		GAUGE("opengate_client_transactions", "SIP client transactions alive.",
		      c->txn_clients),
		GAUGE("opengate_media_endpoints", "Relay endpoints in use.", c->endpoints),
		GAUGE("opengate_media_pairs_ready", "Port pairs kept open for the next calls.",
		      c->pairs_ready),
		GAUGE("opengate_players", "Calls announced to, or answered by a service code.",
		      c->players_used),
		GAUGE("opengate_connections", "TCP connections open.", c->connections),
		GAUGE("opengate_timers", "Timers running.", c->timers),
		GAUGE("opengate_buffer_bytes", "Memory of SIP messages kept.", c->buf_bytes),
		COUNTER("opengate_overload_total", "Requests refused because of overload.",
			c->overload_total),
		COUNTER("opengate_inbox_full_total", "Messages that a busy shard could not take.",
			c->inbox_full_total),
	};
	write_metrics(f, rows, sizeof(rows) / sizeof(rows[0]));
}

void metrics_show(struct request *r)
{
	struct shard_counts c;
	size_t bytes = 0;
	if (shard_set_counts(r->api->p.set, &c) != 0) {
		refuse_busy(r);
		return;
	}
	FILE *f = open_memstream(&r->text, &bytes);
	if (f == NULL) {
		refuse_busy(r);
		return;
	}
	write_shards(f, &c);
	write_directory(f, r->api);
	trunks_metrics(f, r->api->p.trunks);
	write_process(f, r->api);
	fclose(f);
	r->type = "text/plain; version=0.0.4; charset=utf-8";
}
