/*
 * trunk_draft: a trunk as it is to become, checked value by value, for POST and PATCH. Pure, but
 * for the sealing of its password.
 */
#pragma once

#include "provision/fault.h"
#include "store/store.h"
#include "trunk/seal.h"
#include "trunk/trunk.h"

struct trunk_draft {
	struct trunk t;
	bool new_password;
};

/* Empty, with the defaults: national, priority 10, weight 1, no limit, trusted. */
void trunk_draft_init(struct trunk_draft *d);
/* As it is kept; its password is not looked at. 0 or ERR_DAMAGED. */
int trunk_draft_from(struct trunk_draft *d, const struct store_trunk *from);

/* Each takes one value. NULL, or what is wrong with it (and nothing was taken). */
const struct fault *trunk_draft_name(struct trunk_draft *d, const char *text);
/* "sip.carrier.example", "192.0.2.9:5070", "[2001:db8::9]" */
const struct fault *trunk_draft_host(struct trunk_draft *d, const char *text);
/* "udp", "tcp"; "": as DNS says, UDP for an address. */
const struct fault *trunk_draft_transport(struct trunk_draft *d, const char *text);
/* The account there; registers: it is also registered. "": none, or no registration any more. */
const struct fault *trunk_draft_user(struct trunk_draft *d, const char *text, bool registers);
const struct fault *trunk_draft_password(struct trunk_draft *d, const char *text);
const struct fault *trunk_draft_format(struct trunk_draft *d, const char *text);
enum trunk_draft_count { TRUNK_DRAFT_PRIORITY, TRUNK_DRAFT_WEIGHT, TRUNK_DRAFT_CAPACITY };
const struct fault *trunk_draft_number(struct trunk_draft *d, enum trunk_draft_count which,
				       int64_t value);
/* One more. */
const struct fault *trunk_draft_source(struct trunk_draft *d, const char *text);
const struct fault *trunk_draft_prefix(struct trunk_draft *d, const char *text);
/* What only several values together can get wrong. */
const struct fault *trunk_draft_whole(const struct trunk_draft *d, bool had_password);

/* What the store keeps, its texts in `memory`. sealed: of a new password, or what was kept. */
#define TRUNK_DRAFT_BYTES 4096
void trunk_draft_store(const struct trunk_draft *d, struct slice sealed,
		       char memory[TRUNK_DRAFT_BYTES], struct store_trunk *ret_trunk);
/* "192.0.2.9:5070" as trunk_draft_host takes it. */
void trunk_host_text(const struct trunk *t, char *text, size_t bytes);
