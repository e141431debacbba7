/* preflight: what can be told before anything is opened, so that one line names the key that is
 * wrong and its remedy. */
#pragma once

#include "main/config.h"

/*
 * Every address of sip.listen and media.address can be had. The shards share their addresses with
 * SO_REUSEPORT, which would let a second server in as well: so each is bound alone first, for a
 * moment. 0, ERR_IN_USE or ERR_DENIED.
 */
int preflight_addresses(const struct config *c, char *ret_text, size_t text_bytes);

/* Every file of announcements.folder can be played. 0 or the error. */
int preflight_announcements(const struct config *c, char *ret_text, size_t text_bytes);

/* Descriptors that so many calls need. */
uint64_t preflight_descriptors_needed(uint32_t calls);
/* Raises the limit as far as is needed and allowed. False: it stays below what sip.calls_max needs;
 * ret_text says how many calls there will be descriptors for, and how to have more. */
bool preflight_descriptors(const struct config *c, char *ret_text, size_t text_bytes);
