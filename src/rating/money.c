#include "rating/money.h"

#include "base/err.h"
#include "base/strbuf.h"

int money_parse(struct slice text, int64_t *ret_uyen)
{
	struct slice fraction = text, whole = slice_cut(&fraction, '.');
	bool has_point = whole.n < text.n;
	uint64_t yen, part = 0;
	int err = slice_u64(whole, MONEY_YEN_MAX, &yen);
	if (err)
		return err;
	if (has_point && (fraction.n > 6 || slice_u64(fraction, UYEN_PER_YEN, &part)))
		return ERR_SYNTAX;
	for (size_t n = fraction.n; has_point && n < 6; n++)
		part *= 10;
	if (yen == MONEY_YEN_MAX && part > 0)
		return ERR_LIMIT;
	*ret_uyen = (int64_t)yen * UYEN_PER_YEN + (int64_t)part;
	return 0;
}

void money_text(int64_t uyen, char ret_text[MONEY_CHARS])
{
	struct strbuf b;
	uint64_t amount = uyen < 0 ? 0 - (uint64_t)uyen : (uint64_t)uyen;
	uint64_t part = amount % (uint64_t)UYEN_PER_YEN;
	strbuf_init(&b, ret_text, MONEY_CHARS - 1);
	strbuf_fmt(&b, "%s%llu", uyen < 0 ? "-" : "",
		   (unsigned long long)(amount / (uint64_t)UYEN_PER_YEN));
	if (part) {
		strbuf_fmt(&b, ".%06llu", (unsigned long long)part);
		while (b.p[b.n - 1] == '0')
			b.n--;
	}
	ret_text[b.n] = '\0';
}
