/* Any datagram as STUN: only binding requests are answered, with where they came from. */
#include "fuzz.h"
#include "transport/transport_priv.h"

#include <string.h>

static void check_answer(struct slice request, struct slice answer, const struct addr *source)
{
	const uint8_t *p = (const uint8_t *)answer.p;
	size_t ip_bytes = source->family == 4 ? 4 : 16;

	FUZZ_CHECK(stun_is_message(request) && stun_is_message(answer));
	FUZZ_CHECK(answer.n == 20 + 8 + ip_bytes + 8 && answer.n <= STUN_ANSWER_BYTES);
	FUZZ_CHECK(p[0] == 1 && p[1] == 1 && memcmp(p + 4, request.p + 4, 16) == 0);
	FUZZ_CHECK((p[26] ^ 0x21) == source->port >> 8 && (p[27] ^ 0x12) == (source->port & 255));
	for (size_t i = 0; i < ip_bytes; i++)
		FUZZ_CHECK((p[28 + i] ^ p[4 + i]) == source->ip[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct addr sources[] = {
		{.ip = {192, 0, 2, 7}, .port = 41000, .family = 4},
		{.ip = {0x20, 1, 0xd, 0xb8, [15] = 9}, .port = 5060, .family = 6},
	};

	char *copy = malloc(size ? size : 1);
	if (size)
		memcpy(copy, data, size);
	struct slice request = slice_of(copy, size);
	for (int i = 0; i < 2; i++) {
		char memory[STUN_ANSWER_BYTES];
		struct slice answer = stun_answer(request, &sources[i], memory);
		if (answer.p) {
			check_answer(request, answer, &sources[i]);
			/* Nobody can make two servers answer each other. */
			FUZZ_CHECK(stun_answer(answer, &sources[i], memory).p == NULL);
		}
	}
	free(copy);
	return 0;
}
