#include "load.h"

#include <time.h>

#define LATE_S 0.02 /* what is due for longer than this is forgotten: no bursts after a pause */

double clock_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int64_t clock_ms(void)
{
	return (int64_t)(clock_s() * 1000);
}

void pace_start(struct pace *p, uint32_t rate)
{
	*p = (struct pace){.rate = rate, .at_s = clock_s()};
}

uint32_t pace_take(struct pace *p, uint32_t most)
{
	double now = clock_s(), passed = now - p->at_s;
	uint32_t n;

	if (p->rate == 0)
		return most;
	p->at_s = now;
	p->due += (passed > LATE_S ? LATE_S : passed) * p->rate;
	n = p->due < most ? (uint32_t)p->due : most;
	p->due -= n;
	if (p->due > LATE_S * p->rate + 1)
		p->due = LATE_S * p->rate + 1;
	return n;
}
