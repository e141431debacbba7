#include "base/spell.h"

unsigned spell_distance(struct slice a, struct slice b)
{
	unsigned rows[3][SPELL_CHARS + 1] = {0};

	if (a.n > SPELL_CHARS || b.n > SPELL_CHARS)
		return SPELL_CHARS;
	for (unsigned j = 0; j <= b.n; j++)
		rows[0][j] = j;
	for (unsigned i = 1; i <= a.n; i++) {
		unsigned *now = rows[i % 3], *one = rows[(i + 2) % 3], *two = rows[(i + 1) % 3];

		now[0] = i;
		for (unsigned j = 1; j <= b.n; j++) {
			unsigned best = one[j - 1] + (a.p[i - 1] != b.p[j - 1]);

			if (one[j] + 1 < best)
				best = one[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] &&
			    a.p[i - 2] == b.p[j - 1] && two[j - 2] + 1 < best)
				best = two[j - 2] + 1;
			now[j] = best;
		}
	}
	return rows[a.n % 3][b.n];
}
