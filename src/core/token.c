#include "core/core.h"

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
#define ID_CHARS 13

struct id token_anonymous(const struct shard *s)
{
	return id_make(s->p.index, 0, 0); /* generation 0 is no slot's */
}

void token_make(struct shard *s, struct id id, char ret_token[TOKEN_CHARS + 1])
{
	uint64_t v = id.v;
	for (int i = ID_CHARS - 1; i >= 0; i--) {
		ret_token[i] = alphabet[v & 31];
		v >>= 5;
	}
	rng_token(&s->rng, ret_token + ID_CHARS, TOKEN_CHARS - ID_CHARS);
	ret_token[TOKEN_CHARS] = '\0';
}

/* 1 more than the value of a character of the alphabet; 0: of none. */
static const uint8_t values[256] = {
	['a'] = 1,  ['b'] = 2,	['c'] = 3,  ['d'] = 4,	['e'] = 5,  ['f'] = 6,	['g'] = 7,
	['h'] = 8,  ['i'] = 9,	['j'] = 10, ['k'] = 11, ['l'] = 12, ['m'] = 13, ['n'] = 14,
	['o'] = 15, ['p'] = 16, ['q'] = 17, ['r'] = 18, ['s'] = 19, ['t'] = 20, ['u'] = 21,
	['v'] = 22, ['w'] = 23, ['x'] = 24, ['y'] = 25, ['z'] = 26, ['2'] = 27, ['3'] = 28,
	['4'] = 29, ['5'] = 30, ['6'] = 31, ['7'] = 32,
};

static int value_of(char c)
{
	return values[(unsigned char)c] - 1;
}

void token_number(struct dialog *d, uint8_t number)
{
	struct span tag = d->spans[DIALOG_LOCAL_TAG];
	d->text[tag.off - 1 + tag.len - 1] = alphabet[number % TOKEN_NUMBERS];
}

uint8_t token_number_of(struct slice token)
{
	int v = token.n ? value_of(token.p[token.n - 1]) : 0;
	return v < 0 ? 0 : (uint8_t)v;
}

bool token_same(struct slice a, struct slice b)
{
	return a.n == b.n && a.n > 0 && memcmp(a.p, b.p, a.n - 1) == 0;
}

bool token_read(struct slice token, struct id *ret_id)
{
	if (token.n != TOKEN_CHARS)
		return false;
	uint64_t v = 0;
	for (size_t i = 0; i < TOKEN_CHARS; i++) {
		int d = value_of(token.p[i]);
		if (d < 0)
			return false;
		if (i < ID_CHARS)
			v = v << 5 | (uint64_t)d;
	}
	*ret_id = (struct id){v};
	return id_shard(*ret_id) < SHARDS_MAX;
}

static const char cookie[] = "z9hG4bK";

void branch_make(struct shard *s, struct id id, char ret_branch[BRANCH_CHARS + 1])
{
	memcpy(ret_branch, cookie, sizeof(cookie) - 1);
	token_make(s, id, ret_branch + sizeof(cookie) - 1);
}

bool branch_read(struct slice branch, struct id *ret_id)
{
	return slice_starts(branch, SLICE(cookie)) &&
	       token_read(slice_from(branch, sizeof(cookie) - 1), ret_id);
}
