/*
 * Memory that runs out: the linker puts these in front of malloc and its kin for all of our code
 * (-Wl,--wrap), so that a chosen allocation, or all from it on, fails; in unit tests SQLite,
 * Jansson and c-ares are made to take their memory here too. Pools take theirs from the heap slot
 * by slot in a build with AddressSanitizer, so there each take is an allocation that may fail.
 *
 * A test program that was linked with it can also be told from outside (run_units.py):
 * OPENGATE_OOM=one:N or from:N arms it before main; a report goes to the file descriptor
 * OPENGATE_OOM_FD at the end. An assertion that fails because of it ends the program at once, after
 * a look for leaks: what the test would go on with is not what it built.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum oom_mode { OOM_ONE, OOM_ALL_FROM };

/* From now on: allocation `nth` (from 1) fails, or all from it on. 0: none, they are counted. */
void oom_arm(uint64_t nth, enum oom_mode mode);
/* Ends it. True: that many allocations were asked for, so something did fail. */
bool oom_disarm(void);
/* While held, allocations succeed and are not counted. Holds nest. */
void oom_hold(bool on);
/* For allocators of others that are led here: counts one, and says that it must fail. */
bool oom_next_fails(void);
/* Asked for since oom_arm. */
uint64_t oom_asked(void);
/* Something has failed since oom_arm. */
bool oom_failed(void);
/* From now on what child processes see fail counts too. */
void oom_share(void);
/* Blocks that were given out since oom_arm and have not come back. */
int64_t oom_outstanding(void);
