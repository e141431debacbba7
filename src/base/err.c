#include "base/err.h"

#include <errno.h>

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

int err_of_file(int errno_value)
{
	switch (errno_value) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return ERR_LIMIT;
	case EACCES:
	case EPERM:
	case EROFS:
		return ERR_DENIED;
	case ENOMEM:
		return ERR_NOMEM;
	default:
		return ERR_IO;
	}
}
