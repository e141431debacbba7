/* How messages break. */
#include "storm.h"

static size_t put_in(char *text, size_t n, size_t room, size_t at, const char *piece, size_t bytes)
{
	if (n + bytes > room)
		return n;
	memmove(text + at + bytes, text + at, n - at);
	memmove(text + at, piece, bytes);
	return n + bytes;
}

static size_t take_out(char *text, size_t n, size_t at, size_t bytes)
{
	if (bytes > n - at)
		bytes = n - at;
	memmove(text + at, text + at + bytes, n - at - bytes);
	return n - bytes;
}

/* A line, with its end: where it starts and how long it is. */
static size_t some_line(struct storm *s, const char *text, size_t n, size_t *ret_bytes)
{
	size_t at = storm_draw(s, (uint32_t)n), end;

	while (at > 0 && text[at - 1] != '\n')
		at--;
	for (end = at; end < n && text[end] != '\n';)
		end++;
	*ret_bytes = end - at + (end < n);
	return at;
}

static size_t line_twice(struct storm *s, char *text, size_t n, size_t room)
{
	char line[2048];
	size_t bytes, at = some_line(s, text, n, &bytes);

	if (bytes > sizeof(line))
		return n;
	memcpy(line, text + at, bytes);
	at = some_line(s, text, n, &(size_t){0});
	return put_in(text, n, room, at, line, bytes);
}

static size_t line_lost(struct storm *s, char *text, size_t n)
{
	size_t bytes, at = some_line(s, text, n, &bytes);

	return take_out(text, n, at, bytes);
}

/* Digits become many digits, none, or a minus. */
static size_t number_grown(struct storm *s, char *text, size_t n, size_t room)
{
	static const char *const numbers[] = {
		"0",	      "-1",    "4294967296", "99999999999999999999999",
		"2147483648", "65536", "",	     "0x10"};
	size_t at = storm_draw(s, (uint32_t)n), bytes = 0;

	while (at < n && (text[at] < '0' || text[at] > '9'))
		at++;
	while (at + bytes < n && text[at + bytes] >= '0' && text[at + bytes] <= '9')
		bytes++;
	if (at == n)
		return n;
	const char *new = numbers[storm_draw(s, 8)];
	n = take_out(text, n, at, bytes);
	return put_in(text, n, room, at, new, strlen(new));
}

static size_t borrowed(struct storm *s, char *text, size_t n, size_t room)
{
	if (!s->last_bytes)
		return n;
	size_t from = storm_draw(s, (uint32_t)s->last_bytes), bytes = storm_draw(s, 80);

	if (bytes > s->last_bytes - from)
		bytes = s->last_bytes - from;
	return put_in(text, n, room, storm_draw(s, (uint32_t)n), s->last + from, bytes);
}

/* Rarely: something that does not end. */
static size_t stretched(struct storm *s, char *text, size_t n, size_t room)
{
	char run[4096];

	memset(run, "aA0;,<\"% "[storm_draw(s, 9)], sizeof(run));
	return put_in(text, n, room, storm_draw(s, (uint32_t)n), run,
		      storm_draw(s, storm_draw(s, 50) ? 40 : sizeof(run)));
}

static size_t mutate_once(struct storm *s, char *text, size_t n, size_t room)
{
	static const char marks[] = "\0\t\r\n \"%'(),-/0129:;<=>?@[\\]\x7f\x80\xff";
	char mark = marks[storm_draw(s, sizeof(marks) - 1)];
	size_t at = storm_draw(s, (uint32_t)n);

	switch (storm_draw(s, 11)) {
	case 0:
		text[at] = (char)(text[at] ^ 1 << storm_draw(s, 8));
		return n;
	case 1:
		text[at] = (char)rng_u64(&s->rng);
		return n;
	case 2:
		text[at] = mark;
		return n;
	case 3:
		return put_in(text, n, room, at, &mark, 1);
	case 4:
		return take_out(text, n, at, 1 + storm_draw(s, 8));
	case 5:
		return borrowed(s, text, n, room);
	case 6:
		return line_twice(s, text, n, room);
	case 7:
		return line_lost(s, text, n);
	case 8:
		return number_grown(s, text, n, room);
	case 9:
		return stretched(s, text, n, room);
	default: /* cut off, now and then */
		return storm_draw(s, 4) ? n : at + 1;
	}
}

size_t mutate(struct storm *s, char *text, size_t n, size_t room)
{
	for (uint32_t times = 1 + storm_draw(s, 6); times > 0 && n > 0; times--)
		n = mutate_once(s, text, n, room);
	return n;
}

size_t rtp_make(struct storm *s, uint8_t *bytes, size_t room, uint16_t *ret_port)
{
	static const uint8_t head[] = {0x80, 0, 0, 1, 0, 0, 0, 160, 0x0b, 0xad, 0xca, 0xfe};
	static const uint8_t kinds[] = {0, 8, 101, 200, 201, 202}; /* payloads; SR, RR, SDES */
	size_t n = 12 + storm_draw(s, 180);
	uint32_t ports = (uint32_t)(s->media_last - s->media_first) + 1;

	rng_bytes(&s->rng, bytes, n);
	memcpy(bytes, head, sizeof(head));
	bytes[1] = kinds[storm_draw(s, sizeof(kinds))];
	rng_bytes(&s->rng, bytes + 2, 6);
	*ret_port = (uint16_t)(s->media_first + storm_draw(s, ports));
	return storm_draw(s, 2) ? mutate(s, (char *)bytes, n, room) : n;
}
