/*
 * country: where an international number leads, by the country codes of ITU-T E.164 with the areas
 * that share one told apart by longer prefixes. Pure; the table is part of the program.
 */
#pragma once

#include "base/slice.h"

/* How often numbers there are used to be paid for calls that nobody wanted (revenue share fraud,
 * one-ring calls). An operator's hint, no rule. */
enum country_risk { COUNTRY_RISK_NORMAL, COUNTRY_RISK_RAISED, COUNTRY_RISK_HIGH };

struct country {
	const char *prefix; /* E.164 digits: "1", "1876", "44", "870" */
	const char *id;	    /* ISO 3166-1 alpha-2; what is no country: "X" and its code ("X870") */
	enum country_risk risk;
	const char *name_en, *name_ja;
};

/* The longest prefix that fits digits (country code first, no "+"); NULL: no country has it. */
const struct country *country_of(struct slice digits);
/* By id, in any case. NULL: unknown. Where one id has several rows, the first. */
const struct country *country_by_id(struct slice id);
/* All rows, by prefix. NULL behind the last. */
const struct country *country_at(size_t i);
const char *country_risk_name(enum country_risk risk); /* "normal", "raised", "high" */
