/*
 * clock: the time of the machine, for threads that no io drives (API, writer, keeper). What runs on
 * a shard asks its io (io/io.h), so that the simulation decides what time it is.
 */
#pragma once

#include <stdint.h>
#include <time.h>

int64_t clock_wall_ms(void); /* since 1970-01-01 UTC; may jump */
int64_t clock_mono_ms(void); /* since some moment in the past; never goes back */
/* For pthread_cond_timedwait on a condition variable that goes by CLOCK_MONOTONIC. */
struct timespec clock_moment(int64_t ms_from_now);
