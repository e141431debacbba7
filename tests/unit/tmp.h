/* Where tests make their files: whoever starts a test that may not come to its end clears up there.
 */
#pragma once

#include <stdlib.h>

static inline const char *tmp_dir(void)
{
	const char *dir = getenv("TMPDIR");

	return dir && dir[0] ? dir : "/tmp";
}
