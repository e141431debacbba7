#include "base/err.h"

const char *err_text(int err)
{
	static const char *const texts[] = {
#define X(name, text) [ERR_INDEX_##name] = text,
		ERR_TABLE(X)
#undef X
	};

	if (err == 0)
		return "success";
	if (err > 0 || err < -ERR_INDEX_COUNT)
		return "unknown error";
	return texts[-(err + 1)];
}
