/*
 * Memory that runs out: the linker puts these in front of malloc and its kin for all of our code
 * (-Wl,--wrap), so that a chosen allocation, or all from it on, fails.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum oom_mode { OOM_ONE, OOM_ALL_FROM };

/* From now on: allocation `nth` (from 1) fails, or all from it on. 0: none. */
void oom_arm(uint64_t nth, enum oom_mode mode);
/* Ends it. True: that many allocations were asked for, so something did fail. */
bool oom_disarm(void);
/* Blocks that were given out since oom_arm and have not come back. */
int64_t oom_outstanding(void);
