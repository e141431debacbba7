/*
 * An io without a kernel for the relay's tests: sockets are rows of a table, what is sent is
 * written down, the clock stands where the test put it.
 */
#pragma once

#include "io/io.h"

#define FAKE_SOCKETS	256
#define FAKE_SENT	64
#define FAKE_SENT_BYTES 256

struct fake_socket {
	bool open;
	struct addr local;
	uint64_t cookie;
	uint8_t dscp;
};

struct fake_sent {
	struct addr from, to;
	char bytes[FAKE_SENT_BYTES];
	size_t n;
};

struct fake_io {
	struct io io; /* first: the ops find the rest by it */
	int64_t now_us;
	struct fake_socket sockets[FAKE_SOCKETS];
	struct fake_sent sent[FAKE_SENT];
	size_t sent_count;
	/* Ports that "somebody else" has, and an error that the next opening gives instead of
	 * working. */
	uint16_t taken_first, taken_last;
	int open_error;
};

void fake_io_init(struct fake_io *f);
size_t fake_io_open_count(const struct fake_io *f);
/* The socket bound to a; NULL: none. */
const struct fake_socket *fake_io_find(const struct fake_io *f, const struct addr *a);
/* Forgets what was sent. */
void fake_io_clear(struct fake_io *f);
