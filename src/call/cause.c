#include "call/cause.h"

#include <assert.h>

static const struct call_cause_info table[CALL_CAUSES] = {
#define X(name, code, q850, word, en, ja) [CAUSE_##name] = {code, q850, word, en, ja},
	CALL_CAUSE_TABLE(X)
#undef X
};

const struct call_cause_info *call_cause_info(enum call_cause cause)
{
	assert((unsigned)cause < CALL_CAUSES);
	return &table[cause];
}

enum call_cause call_cause_of_response(int code, int *ret_code)
{
	static const struct {
		int code;
		enum call_cause cause;
		int passed;
	} rows[] = {
		{486, CAUSE_BUSY, 486},
		{600, CAUSE_BUSY, 486},
		{603, CAUSE_DECLINED, 603},
		{480, CAUSE_NO_ANSWER, 480},
		{408, CAUSE_NO_RESPONSE, 480},
		{487, CAUSE_NO_ANSWER, 480},
		{401, CAUSE_PHONE_REFUSED, 480},
		{407, CAUSE_PHONE_REFUSED, 480},
		{404, CAUSE_PHONE_REFUSED, 480},
		{481, CAUSE_PHONE_REFUSED, 480},
		{482, CAUSE_PHONE_REFUSED, 480},
		{604, CAUSE_PHONE_REFUSED, 480},
		/* what the phone did not understand was said by us, not by the caller */
		{400, CAUSE_PHONE_REFUSED, 480},
		{405, CAUSE_PHONE_REFUSED, 480},
		{420, CAUSE_PHONE_REFUSED, 480},
		{421, CAUSE_PHONE_REFUSED, 480},
		{422, CAUSE_PHONE_REFUSED, 480},
		{423, CAUSE_PHONE_REFUSED, 480},
		{494, CAUSE_PHONE_REFUSED, 480},
		{501, CAUSE_PHONE_REFUSED, 480},
		{503, CAUSE_PHONE_REFUSED, 500},
		{505, CAUSE_PHONE_REFUSED, 480},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].code == code) {
			*ret_code = rows[i].passed;
			return rows[i].cause;
		}
	}
	if (code < 400) {
		*ret_code = 480;
		return CAUSE_REDIRECTED;
	}
	*ret_code = code;
	return CAUSE_PHONE_REFUSED;
}

/* A row without a code is of that Q.850 cause, whatever the code; those come first. */
enum call_cause call_cause_of_network(int code, int q850, int *ret_code)
{
	static const struct {
		int code, q850;
		enum call_cause cause;
	} rows[] = {
		{0, 1, CAUSE_UNALLOCATED},   {0, 17, CAUSE_BUSY},
		{0, 19, CAUSE_NO_ANSWER},    {0, 18, CAUSE_NO_ANSWER},
		{0, 28, CAUSE_INCOMPLETE},   {404, 0, CAUSE_UNALLOCATED},
		{410, 0, CAUSE_UNALLOCATED}, {604, 0, CAUSE_UNALLOCATED},
		{484, 0, CAUSE_INCOMPLETE},  {486, 0, CAUSE_BUSY},
		{600, 0, CAUSE_BUSY},	     {603, 0, CAUSE_DECLINED},
		{480, 0, CAUSE_NO_ANSWER},   {487, 0, CAUSE_NO_ANSWER},
		{408, 0, CAUSE_NO_TRUNK},    {401, 0, CAUSE_NO_TRUNK},
		{407, 0, CAUSE_NO_TRUNK},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].code ? rows[i].code != code : rows[i].q850 != q850)
			continue;
		*ret_code = call_cause_info(rows[i].cause)->sip_code;
		return rows[i].cause;
	}
	if (code >= 500 && code < 600) {
		*ret_code = call_cause_info(CAUSE_NO_TRUNK)->sip_code;
		return CAUSE_NO_TRUNK;
	}
	/* A redirection is not followed, and what the trunk did not understand was said by us. */
	bool shown = code >= 403 && code != 405 && (code < 420 || code > 423);
	*ret_code = shown ? code : call_cause_info(CAUSE_NETWORK_REFUSED)->sip_code;
	return CAUSE_NETWORK_REFUSED;
}
