/* Inside the registrar: is it the same device, the same binding? */
#pragma once

#include "reg/reg.h"

enum reg_likeness {
	REG_STRANGER, /* another device */
	REG_SIBLING,  /* the same device, but another binding of it (RFC 5626: another flow) */
	REG_LIKE,     /* the same device, come back in another guise: the binding moves along */
	REG_SAME,     /* this very binding */
};

/* A present binding with its Contact parsed; one that does not parse (a damaged store) is like
 * nothing. */
struct reg_known {
	const struct reg_binding *binding;
	struct sip_uri uri;
};
void reg_known_init(struct reg_known *k, const struct reg_binding *b);

enum reg_likeness reg_likeness(const struct reg_known *k, const struct reg_request *request,
			       const struct reg_contact *contact);

/* Two contacts of one request that name the same binding; the later one counts. */
bool reg_contact_repeats(const struct reg_contact *a, const struct reg_contact *b);

/* Does the Contact name another host, or over UDP another port, than the request came from? */
bool reg_contact_behind_nat(const struct reg_contact *contact, const struct flow *flow);
bool reg_contact_same_uri(const struct reg_known *k, const struct reg_contact *contact);
