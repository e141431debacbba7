/*
 * bench_fill DATABASE DOMAIN NUMBERS [REGISTERED]: writes that many subscribers through the store
 * room, with the names that tests/bench/load knows, and registers the first REGISTERED of them.
 * NUMBERS may be 0 where they are there already.
 */
#include "base/err.h"
#include "directory/directory.h"
#include "sip/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define CUSTOMER "C9000013"
#define CHANNELS 32
#define A_YEAR_S (365 * 86400u)

static void check(int r, const char *what)
{
	if (r == 0)
		return;
	fprintf(stderr, "bench_fill: %s: %s\n", what, err_text(r));
	exit(1);
}

struct names {
	char number[16], account[16], password[24];
};

static struct names names_of(uint32_t i)
{
	struct names n;

	snprintf(n.number, sizeof(n.number), "0501%07u", i);
	snprintf(n.account, sizeof(n.account), "%u", 10000000u + i);
	snprintf(n.password, sizeof(n.password), "secret-%u", i);
	return n;
}

static void put_number(struct store *s, const char *domain, uint32_t i)
{
	struct names n = names_of(i);
	struct digest_ha1 ha1;
	struct store_number row = {
		.number = slice_str(n.number),
		.account = slice_str(n.account),
		.customer = SLICE(CUSTOMER),
		.realm = slice_str(domain),
		.channels = CHANNELS,
	};

	check(digest_ha1(row.account, row.realm, slice_str(n.password), &ha1), "HA1");
	memcpy(row.ha1_md5, ha1.md5, sizeof(row.ha1_md5));
	memcpy(row.ha1_sha256, ha1.sha256, sizeof(row.ha1_sha256));
	check(store_number_put(s, &row), "store_number_put");
}

static void put_numbers(const char *path, const char *domain, uint32_t count)
{
	struct store_customer c = {.code = SLICE(CUSTOMER), .name = SLICE("Bench")};
	struct store *s;

	check(store_open(path, &s, NULL, 0), "store_open");
	check(store_begin(s), "store_begin");
	check(store_customer_put(s, &c), "store_customer_put");
	for (uint32_t i = 0; i < count; i++)
		put_number(s, domain, i);
	check(store_commit(s), "store_commit");
	store_close(s);
}

static int64_t wall_ms(void)
{
	return (int64_t)time(NULL) * 1000;
}

static void register_one(struct directory *d, uint32_t i)
{
	static char memory[65536];
	static struct reg_request rq;
	struct names n = names_of(i);
	struct reg_outcome outcome;
	struct arena arena;
	char contact[64], call_id[64];
	int r;

	snprintf(contact, sizeof(contact), "sip:%s@127.0.0.1:9", n.account);
	snprintf(call_id, sizeof(call_id), "%x.fill@127.0.0.1", i);
	rq.call_id = slice_str(call_id);
	rq.user_agent = SLICE("Yamaha NVR510/15.01.24");
	rq.cseq = 1;
	rq.contact_count = 1;
	rq.now_ms = wall_ms();
	rq.flow = (struct flow){.transport = SIP_UDP};
	check(addr_parse(SLICE("127.0.0.1:9"), 0, &rq.flow.remote), "address");
	rq.flow.local = rq.flow.remote;
	rq.flow.remote.ip[1] = (uint8_t)(i >> 16);
	rq.flow.remote.ip[2] = (uint8_t)(i >> 8);
	rq.flow.remote.ip[3] = (uint8_t)i;
	rq.contacts[0] = (struct reg_contact){
		.uri_text = slice_str(contact), .expires_s = A_YEAR_S, .q_thousandths = 1000};
	check(sip_uri_parse(rq.contacts[0].uri_text, &rq.contacts[0].uri), "Contact");
	do {
		arena_init(&arena, memory, sizeof(memory));
		r = directory_register(d, slice_str(n.number), &rq, &arena, &outcome);
		if (r == ERR_AGAIN)
			usleep(1000);
	} while (r == ERR_AGAIN);
	check(r, "directory_register");
	if (outcome.code != 200)
		check(ERR_CONFLICT, outcome.text);
}

static void register_all(const char *path, uint32_t count)
{
	const struct hash_key key = {{1, 2, 3}};
	struct directory *d;
	struct writer *w;
	struct store *s;

	check(store_open(path, &s, NULL, 0), "store_open");
	check(writer_new(path, (size_t)64 << 20, NULL, NULL, &w), "writer_new");
	check(directory_new(&(struct directory_params){.hash_key = &key, .writer = w}, &d),
	      "directory_new");
	check(directory_load(d, s, wall_ms()), "directory_load");
	store_close(s);
	for (uint32_t i = 0; i < count; i++)
		register_one(d, i);
	check(writer_flush(w), "writer_flush");
	writer_free(w);
	directory_free(d);
}

int main(int argc, char **argv)
{
	if (argc < 4) {
		fprintf(stderr, "usage: bench_fill DATABASE DOMAIN NUMBERS [REGISTERED]\n");
		return 2;
	}
	if (strtoul(argv[3], NULL, 10))
		put_numbers(argv[1], argv[2], (uint32_t)strtoul(argv[3], NULL, 10));
	if (argc > 4)
		register_all(argv[1], (uint32_t)strtoul(argv[4], NULL, 10));
	return 0;
}
