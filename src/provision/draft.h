/*
 * draft: a number as it is to become, checked column by column. The same checks stand behind POST
 * and PATCH and behind each row of an import. Pure.
 */
#pragma once

#include "provision/fault.h"
#include "reg/reg.h"
#include "store/store.h"

enum draft_column {
	DRAFT_NUMBER,
	DRAFT_CUSTOMER,
	DRAFT_ACCOUNT,
	DRAFT_PASSWORD,
	DRAFT_OPTION_PASSWORD,
	DRAFT_CHANNELS,
	DRAFT_POLICY,
	DRAFT_INTERNATIONAL,
	DRAFT_SUSPENDED,
	DRAFT_COLUMNS
};

/* As they are called in JSON and in the first line of a CSV file. */
extern const char *const draft_names[DRAFT_COLUMNS];

struct draft {
	char number[STORE_NUMBER_BYTES], account[STORE_ACCOUNT_BYTES],
		customer[STORE_CUSTOMER_BYTES];
	const char *password, *option_password; /* borrowed; NULL: none was given */
	uint32_t channels;
	enum reg_policy policy;
	bool international, suspended;
};

/* Empty, with the defaults: 2 channels, newest, nothing abroad, not suspended. */
void draft_init(struct draft *d);
/* Takes one value. NULL, or what is wrong with it (and nothing was taken). */
const struct fault *draft_take(struct draft *d, enum draft_column c, const char *text);
/* What to say when it is empty; NULL: it may be. */
const struct fault *draft_absent(enum draft_column c);

/* "050-1000-0014", full width, "+81 50...": as eleven digits. */
const struct fault *draft_number(const char *text, char ret_number[STORE_NUMBER_BYTES]);
/* 6 to 100 characters, UTF-8, nothing invisible. field names it in the fault. */
const struct fault *draft_password(const char *text, const char *field);
bool draft_customer_good(const char *code);
