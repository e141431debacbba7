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
