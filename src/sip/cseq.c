/* CSeq: a number below 2^31 and a method (RFC 3261 §8.1.1.5, §20.16). */
#include "base/err.h"
#include "sip/sip_priv.h"

#define CSEQ_MAX 0x7fffffffu

/* Digits at the start of s, leading zeros allowed; 0: none, or the number is too large. */
static size_t number_span(struct slice s, uint32_t *ret_number)
{
	uint64_t number = 0;
	size_t n = 0;

	for (; n < s.n && s.p[n] >= '0' && s.p[n] <= '9'; n++) {
		number = number * 10 + (uint64_t)(s.p[n] - '0');
		if (number > CSEQ_MAX)
			return 0;
	}
	*ret_number = (uint32_t)number;
	return n;
}

int sip_cseq_parse(struct slice value, struct sip_cseq *ret_cseq)
{
	struct slice text = sip_trim(value);
	uint32_t number = 0;
	size_t n = number_span(text, &number);
	struct slice rest = slice_from(text, n);
	struct slice method = sip_trim(rest);

	if (n == 0 || method.n == rest.n || !sip_is_token(method))
		return ERR_SYNTAX;
	*ret_cseq = (struct sip_cseq){number, sip_method_of(method), method};
	return 0;
}
