#include "provision/draft.h"

#include "policy/dial.h"

#include <string.h>

const char *const draft_names[DRAFT_COLUMNS] = {
	[DRAFT_NUMBER] = "number",
	[DRAFT_CUSTOMER] = "customer",
	[DRAFT_ACCOUNT] = "account",
	[DRAFT_PASSWORD] = "password",
	[DRAFT_OPTION_PASSWORD] = "option_password",
	[DRAFT_CHANNELS] = "channels",
	[DRAFT_POLICY] = "registration_policy",
	[DRAFT_INTERNATIONAL] = "international",
	[DRAFT_SUSPENDED] = "suspended",
};

#define CHANNELS_MIN	   2
#define CHANNELS_MAX	   32
#define PASSWORD_CHARS_MIN 6
#define PASSWORD_CHARS_MAX 100

void draft_init(struct draft *d)
{
	*d = (struct draft){.channels = CHANNELS_MIN, .policy = REG_NEWEST};
}

static bool is_ip_phone(const char *digits)
{
	return strlen(digits) == 11 && strncmp(digits, "050", 3) == 0 && digits[3] != '0' &&
	       slice_is_digits(slice_str(digits));
}

const struct fault *draft_number(const char *text, char ret_number[STORE_NUMBER_BYTES])
{
	static const struct fault wrong = {
		"invalid", "number", "The number must be 11 digits: 050, then one that is not 0",
		"write it like 05010000014"};
	static const struct fault no_zero = {
		"invalid", "number", "The number has lost its leading 0, as in a spreadsheet",
		"format the column as text and write it like 05010000014"};
	struct dialled d;

	/* What belongs to a URI or to a call is no part of a number. */
	if (strchr(text, ';') || dial_normalise(slice_str(text), &d) != 0 ||
	    d.presentation != DIAL_DEFAULT)
		return &wrong;
	if (is_ip_phone(d.digits)) {
		strcpy(ret_number, d.digits);
		return NULL;
	}
	return strlen(d.digits) == 10 && strncmp(d.digits, "50", 2) == 0 ? &no_zero : &wrong;
}

bool draft_customer_good(const char *code)
{
	size_t n = strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");

	return n > 0 && n <= 16 && code[n] == '\0';
}

static const struct fault *take_customer(struct draft *d, const char *text)
{
	static const struct fault wrong = {
		"invalid", "customer", "The customer code is 1 to 16 capital letters and digits",
		"write it like C9000013; see 'opengatectl customer list'"};

	if (!draft_customer_good(text))
		return &wrong;
	strcpy(d->customer, text);
	return NULL;
}

static const struct fault *take_account(struct draft *d, const char *text)
{
	static const struct fault wrong = {"invalid", "account", "The account id must be 8 digits",
					   "write it like 10000012"};
	char digits[16];

	if (dial_digits(slice_str(text), digits, sizeof(digits)) != 0 || strlen(digits) != 8 ||
	    !slice_is_digits(slice_str(digits)))
		return &wrong;
	strcpy(d->account, digits);
	return NULL;
}

static size_t count_characters(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

const struct fault *draft_password(const char *text, const char *field)
{
	static const struct fault faults[] = {
		{"invalid", "password",
		 "The password must be 6 to 100 characters, none of them "
		 "invisible",
		 "leave it out to have one made"},
		{"invalid", "option_password",
		 "The option password must be 6 to 100 characters, none "
		 "of them invisible",
		 "leave it out to have one made"},
		{"invalid", "selfcare_password",
		 "The self-care password must be 6 to 100 "
		 "characters, none of them invisible",
		 "leave it out to have one made"},
	};
	size_t n = count_characters(text), i = 0;

	if (n >= PASSWORD_CHARS_MIN && n <= PASSWORD_CHARS_MAX && !has_control(text) &&
	    slice_is_utf8(slice_str(text)))
		return NULL;
	while (i < 2 && strcmp(faults[i].field, field) != 0)
		i++;
	return &faults[i];
}

static const struct fault *take_channels(struct draft *d, const char *text)
{
	static const struct fault wrong = {"invalid", "channels",
					   "Channels must be a whole number from 2 to 32",
					   "write it like 2"};
	char digits[16];
	uint64_t n;

	if (dial_digits(slice_str(text), digits, sizeof(digits)) != 0 ||
	    strlen(digits) != count_characters(text) ||
	    slice_u64(slice_str(digits), CHANNELS_MAX, &n) != 0 || n < CHANNELS_MIN)
		return &wrong;
	d->channels = (uint32_t)n;
	return NULL;
}

static const struct fault *take_policy(struct draft *d, const char *text)
{
	static const struct fault wrong = {
		"invalid", "registration_policy",
		"The registration policy is newest, fork or reject",
		"newest: the newer phone replaces the older; fork: all ring"};

	return reg_policy_of(slice_str(text), &d->policy) == 0 ? NULL : &wrong;
}

static const struct fault *take_switch(bool *to, const char *text, const struct fault *wrong)
{
	static const char *const words[] = {"no", "yes", "off", "on", "false", "true"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!slice_ieq(slice_str(text), slice_str(words[i])))
			continue;
		*to = i % 2;
		return NULL;
	}
	return wrong;
}

const struct fault *draft_take(struct draft *d, enum draft_column c, const char *text)
{
	static const struct fault abroad = {"invalid", "international",
					    "International is yes or no", NULL};
	static const struct fault suspended = {"invalid", "suspended", "Suspended is yes or no",
					       NULL};
	const struct fault *fault;

	switch (c) {
	case DRAFT_NUMBER:
		return draft_number(text, d->number);
	case DRAFT_CUSTOMER:
		return take_customer(d, text);
	case DRAFT_ACCOUNT:
		return take_account(d, text);
	case DRAFT_PASSWORD:
		fault = draft_password(text, draft_names[c]);
		d->password = fault ? NULL : text;
		return fault;
	case DRAFT_OPTION_PASSWORD:
		fault = draft_password(text, draft_names[c]);
		d->option_password = fault ? NULL : text;
		return fault;
	case DRAFT_CHANNELS:
		return take_channels(d, text);
	case DRAFT_POLICY:
		return take_policy(d, text);
	case DRAFT_INTERNATIONAL:
		return take_switch(&d->international, text, &abroad);
	case DRAFT_SUSPENDED:
		return take_switch(&d->suspended, text, &suspended);
	case DRAFT_COLUMNS:
		break;
	}
	return NULL;
}

const struct fault *draft_absent(enum draft_column c)
{
	static const struct fault faults[] = {
		[DRAFT_NUMBER] = {"missing", "number", "The number is missing",
				  "write it like 05010000014"},
		[DRAFT_CUSTOMER] = {"missing", "customer", "The customer code is missing",
				    "see 'opengatectl customer list'"},
		[DRAFT_ACCOUNT] = {"missing", "account", "The account id is missing",
				   "write it like 10000012"},
	};

	return c <= DRAFT_ACCOUNT ? &faults[c] : NULL;
}
