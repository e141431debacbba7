/* Any bytes as a datagram, as STUN, and as what comes over a connection: however they are cut, the
 * same messages must come out of them. The first byte says how they are cut. */
#include "fuzz.h"
#include "transport/transport_priv.h"
#include "world.h"

static void try_stun(struct slice bytes)
{
	char memory[STUN_ANSWER_BYTES];
	const struct addr sources[] = {addr_of("192.0.2.9:4000"), addr_of("[2001:db8::9]:4000")};
	for (int i = 0; i < 2; i++) {
		struct slice answer = stun_answer(bytes, &sources[i], memory);
		FUZZ_CHECK(answer.n == 0 || stun_is_message(bytes));
		FUZZ_CHECK(answer.n == 0 || stun_is_message(answer));
		FUZZ_CHECK(answer.n <= STUN_ANSWER_BYTES);
		FUZZ_CHECK(stun_answer(answer, &sources[i], (char[STUN_ANSWER_BYTES]){0}).n == 0);
	}
}

static void try_datagram(struct world *w, struct slice bytes)
{
	bool stun = stun_is_message(bytes);
	if (bytes.n > IO_DATAGRAM_BYTES_MAX)
		return;
	w->messages = w->events = 0;
	world_datagram(w, UDP4, "192.0.2.9:4000", bytes);
	FUZZ_CHECK(stun ? w->events <= 1 && w->messages == 0 : w->events == 1);
}

static uint32_t over_a_connection(struct world *w, struct slice bytes, uint32_t seed)
{
	int c = world_accept(w, TCP4, "192.0.2.9:4000");
	w->messages = 0;
	while (bytes.n && w->handles[c].open) {
		size_t n = seed ? seed % 97 + 1 : bytes.n;
		if (n > bytes.n)
			n = bytes.n;
		seed = seed ? seed * 1103515245u + 12345u : 0;
		world_stream(w, c, slice_first(bytes, n));
		bytes = slice_from(bytes, n);
	}
	if (w->handles[c].open)
		world_note(w, c, IO_STREAM_CLOSED, 0);
	FUZZ_CHECK(transport_connections(w->transport) == 0);
	return w->messages;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world w;
	if (size == 0 || size > 200000)
		return 0;
	char *copy = malloc(size); /* of exactly that size, so that a sanitizer sees one too far */
	memcpy(copy, data + 1, size - 1);
	struct slice bytes = slice_of(copy, size - 1);
	world_open(&w, 4, 0);
	try_stun(bytes);
	try_datagram(&w, bytes);
	uint32_t whole = over_a_connection(&w, bytes, 0);
	FUZZ_CHECK(over_a_connection(&w, bytes, 1 + (uint32_t)data[0] * 7919) == whole);
	world_close(&w);
	free(copy);
	return 0;
}
