/* Reading Authorization and Proxy-Authorization (RFC 7616 §3.4, RFC 3261 §25.1). */
#include "digest/digest_priv.h"

#include "base/err.h"

/* Of every parameter the header may have one; bits of struct reading.seen. */
enum parameter {
	PARAMETER_USERNAME,
	PARAMETER_REALM,
	PARAMETER_NONCE,
	PARAMETER_URI,
	PARAMETER_RESPONSE,
	PARAMETER_CNONCE,
	PARAMETER_OPAQUE,
	PARAMETER_NC,
	PARAMETER_ALGORITHM,
	PARAMETER_QOP,
	PARAMETER_USERNAME_STAR,
	PARAMETER_USERHASH,
	PARAMETER_OTHER,
};

static const struct slice parameter_names[PARAMETER_OTHER] = {
	[PARAMETER_USERNAME] = SLICE("username"),
	[PARAMETER_REALM] = SLICE("realm"),
	[PARAMETER_NONCE] = SLICE("nonce"),
	[PARAMETER_URI] = SLICE("uri"),
	[PARAMETER_RESPONSE] = SLICE("response"),
	[PARAMETER_CNONCE] = SLICE("cnonce"),
	[PARAMETER_OPAQUE] = SLICE("opaque"),
	[PARAMETER_NC] = SLICE("nc"),
	[PARAMETER_ALGORITHM] = SLICE("algorithm"),
	[PARAMETER_QOP] = SLICE("qop"),
	[PARAMETER_USERNAME_STAR] = SLICE("username*"),
	[PARAMETER_USERHASH] = SLICE("userhash"),
};

#define BIT(p) (1u << (p))
#define NEEDED                                                                                     \
	(BIT(PARAMETER_USERNAME) | BIT(PARAMETER_REALM) | BIT(PARAMETER_NONCE) |                   \
	 BIT(PARAMETER_URI) | BIT(PARAMETER_RESPONSE))

static enum parameter parameter_of(struct slice name)
{
	for (size_t i = 0; i < PARAMETER_OTHER; i++)
		if (slice_ieq(name, parameter_names[i]))
			return (enum parameter)i;
	return PARAMETER_OTHER;
}

/* Nonce count: 8 hexadecimal digits; fewer are taken too. */
static int nc_parse(struct slice text, uint32_t *ret_nc)
{
	uint32_t nc = 0;
	if (text.n == 0 || text.n > 8)
		return ERR_SYNTAX;
	for (size_t i = 0; i < text.n; i++) {
		int digit = digest_hex_digit(text.p[i]);
		if (digit < 0)
			return ERR_SYNTAX;
		nc = nc << 4 | (uint32_t)digit;
	}
	*ret_nc = nc;
	return 0;
}

static int algorithm_parse(struct slice text, enum digest_algorithm *ret_algorithm)
{
	if (slice_ieq(text, SLICE("MD5")))
		*ret_algorithm = DIGEST_MD5;
	else if (slice_ieq(text, SLICE("SHA-256")))
		*ret_algorithm = DIGEST_SHA256;
	else
		return ERR_UNSUPPORTED;
	return 0;
}

/* "auth", or the list of a challenge sent back whole; what counts is that auth is in it. */
static int qop_parse(struct slice text, bool *ret_has_qop)
{
	while (text.n > 0) {
		if (slice_ieq(slice_trim(slice_cut(&text, ',')), SLICE("auth"))) {
			*ret_has_qop = true;
			return 0;
		}
	}
	return ERR_UNSUPPORTED;
}

static int keep(struct digest_credentials *cred, enum parameter parameter, struct slice value)
{
	switch (parameter) {
	case PARAMETER_USERNAME:
		cred->username = value;
		return 0;
	case PARAMETER_REALM:
		cred->realm = value;
		return 0;
	case PARAMETER_NONCE:
		cred->nonce = value;
		return 0;
	case PARAMETER_URI:
		cred->uri = value;
		return 0;
	case PARAMETER_RESPONSE:
		cred->response = value;
		return 0;
	case PARAMETER_CNONCE:
		cred->cnonce = value;
		return 0;
	case PARAMETER_OPAQUE:
		cred->opaque = value;
		return 0;
	case PARAMETER_NC:
		cred->nc_text = value;
		return nc_parse(value, &cred->nc);
	case PARAMETER_ALGORITHM:
		return algorithm_parse(value, &cred->algorithm);
	case PARAMETER_QOP:
		return qop_parse(value, &cred->has_qop);
	case PARAMETER_USERNAME_STAR:
		return ERR_UNSUPPORTED;
	case PARAMETER_USERHASH:
		return slice_ieq(value, SLICE("false")) ? 0 : ERR_UNSUPPORTED;
	case PARAMETER_OTHER:
		break;
	}
	return 0;
}

/* A parameter given twice would let two readers see two different users: refused. */
static int take_all(struct slice rest, struct digest_credentials *cred, uint32_t *ret_seen)
{
	uint32_t seen = 0;
	for (rest = digest_skip_separators(rest); rest.n > 0; rest = digest_skip_separators(rest)) {
		struct slice name, value;
		int err = digest_take_parameter(&rest, &name, &value);
		if (err)
			return err;
		enum parameter parameter = parameter_of(name);
		if (parameter != PARAMETER_OTHER && (seen & BIT(parameter)))
			return ERR_SYNTAX;
		seen |= BIT(parameter);
		err = keep(cred, parameter, value);
		if (err)
			return err;
	}
	*ret_seen = seen;
	return 0;
}

int digest_credentials_parse(struct slice header_value, struct digest_credentials *ret_cred)
{
	struct digest_credentials cred = {.algorithm = DIGEST_MD5};
	uint32_t seen = 0;
	int err = digest_take_scheme(&header_value);
	if (!err)
		err = take_all(header_value, &cred, &seen);
	if (err)
		return err;
	uint32_t needed = NEEDED;
	if (cred.has_qop)
		needed |= BIT(PARAMETER_NC) | BIT(PARAMETER_CNONCE);
	if ((seen & needed) != needed)
		return ERR_SYNTAX;
	*ret_cred = cred;
	return 0;
}
