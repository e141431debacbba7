/* when: moments in time as people write them. Pure. */
#pragma once

#include <stdint.h>

/*
 * RFC 3339 ("2026-11-24T09:00:00Z", with fractions or an offset), the same without a zone (UTC), a
 * date alone (its first moment, UTC), seconds since 1970, or an age: a number and s, m, h, d or w
 * ("2h", "7d"). Wall ms, or -1.
 */
int64_t when_parse(const char *text, int64_t now_ms);
