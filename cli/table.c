/* The commands and what each takes. */
#include "cli.h"

const struct flag common_flags[] = {
	{"--config", "FILE", KIND_FILE,
	 .help = "the server's configuration; else OPENGATE_CONFIG, "
		 "./opengate.yaml, /etc/opengate/opengate.yaml"},
	{"--json", .help = "print JSON"},
	{"--quiet", .help = "no progress bar, no notes"},
	{"--timeout", "SECONDS", KIND_COUNT, .help = "give up when no answer comes within (30)"},
	{"--help", .help = "print this"},
	{0},
};

#define CODE(needed)                                                                               \
	{                                                                                          \
		"--code", "CODE", KIND_TEXT, (needed), "code", "customer code, C9000013"           \
	}
#define NAME(needed)                                                                               \
	{                                                                                          \
		"--name", "NAME", KIND_TEXT, (needed), "name",                                     \
			"the customer's name, up to 200 bytes"                                     \
	}
#define ADDRESS                                                                                    \
	{                                                                                          \
		"--address", "TEXT", KIND_TEXT, false, "address", "postal address"                 \
	}
#define SELFCARE(otherwise)                                                                        \
	{                                                                                          \
		"--selfcare-password", "P", KIND_SECRET, false, "selfcare_password",               \
			"self-care password; " otherwise                                           \
	}
#define CHANNELS                                                                                   \
	{                                                                                          \
		"--channels", "N", KIND_COUNT, false, "channels",                                  \
			"concurrent outgoing calls, 2 to 32"                                       \
	}
#define POLICY                                                                                     \
	{                                                                                          \
		"--policy", "POLICY", KIND_POLICY, false, "registration_policy",                   \
			"when a second phone registers: newest, fork or reject"                    \
	}
#define INTERNATIONAL                                                                              \
	{                                                                                          \
		"--international", "on|off", KIND_SWITCH, false, "international",                  \
			"may call abroad"                                                          \
	}
#define SUSPENDED                                                                                  \
	{                                                                                          \
		"--suspended", "on|off", KIND_SWITCH, false, "suspended", "no calls either way"    \
	}
#define TRUNK_FLAGS                                                                                \
	{"--transport", "udp|tcp",   KIND_TRANSPORT,                                               \
	 false,		"transport", "else as DNS says, UDP for an address"},                      \
		{"--source", "CIDR",                                                               \
		 KIND_LIST,  false,                                                                \
		 "sources",  "calls from there come from this trunk; may be given several times"}, \
		{"--register",                                                                     \
		 "USER",                                                                           \
		 KIND_TEXT,                                                                        \
		 false,                                                                            \
		 "register",                                                                       \
		 "register this account there, and prove it where asked; \"\": no more"},          \
		{"--user", "USER", KIND_TEXT,                                                      \
		 false,	   "user", "prove this account where asked, without registering"},         \
		{"--password-file",                                                                \
		 "FILE",                                                                           \
		 KIND_SECRET_FILE,                                                                 \
		 false,                                                                            \
		 "password",                                                                       \
		 "the account's password is the first line of FILE, - for standard input"},        \
		{"--format", "FORMAT", KIND_FORMAT,                                                \
		 false,	     "format", "how numbers are written there: national, e164 or plus"},   \
		{"--priority", "N",	   KIND_COUNT,                                             \
		 false,	       "priority", "the lowest is tried first (10)"},                      \
		{"--weight", "N",      KIND_COUNT,                                                 \
		 false,	     "weight", "share of the calls among those of the same priority (1)"}, \
		{"--capacity", "N",	   KIND_COUNT,                                             \
		 false,	       "capacity", "calls at a time, both ways; 0: no limit"},             \
		{"--prefix",                                                                       \
		 "P",                                                                              \
		 KIND_LIST,                                                                        \
		 false,                                                                            \
		 "prefixes",                                                                       \
		 "only numbers that begin so: 03, 010, +82; may be given several times"},          \
	{                                                                                          \
		"--trusted", "on|off", KIND_SWITCH, false, "trusted",                              \
			"it keeps withheld numbers to itself and is told them (on)"                \
	}
#define TRUNK                                                                                      \
	{                                                                                          \
		{                                                                                  \
			"NAME", KIND_TRUNK, .needed = true                                         \
		}                                                                                  \
	}
#define MADE "made and shown once when left out"
#define CUSTOMER                                                                                   \
	{                                                                                          \
		{                                                                                  \
			"CODE", KIND_CUSTOMER, .needed = true                                      \
		}                                                                                  \
	}
#define NUMBER                                                                                     \
	{                                                                                          \
		{                                                                                  \
			"NUMBER", KIND_NUMBER, .needed = true                                      \
		}                                                                                  \
	}

const struct command commands[] = {
	{{"customer", "add"},
	 .help = "add a customer",
	 .flags = {CODE(true), NAME(true), ADDRESS, SELFCARE(MADE)},
	 .run = run_customer_add},
	{{"customer", "show"}, CUSTOMER, .help = "show a customer", .run = run_customer_show},
	{{"customer", "list"}, .help = "list customers", .run = run_customer_list},
	{{"customer", "set"},
	 CUSTOMER,
	 .help = "change a customer",
	 .flags = {NAME(false), ADDRESS, SELFCARE("the old one ends at once")},
	 .run = run_customer_set},
	{{"customer", "remove"},
	 CUSTOMER,
	 .help = "remove a customer without numbers",
	 .run = run_customer_remove},
	{{"number", "add"},
	 NUMBER,
	 "add a number with its account",
	 "The number may be written with hyphens, full-width digits or +81. A password given as a "
	 "single - is read from standard input, where other users cannot see it.",
	 {{"--customer", "CODE", KIND_CUSTOMER, true, "customer", "whose it is"},
	  {"--account", "ACCOUNT", KIND_TEXT, true, "account", "account id, 8 digits"},
	  {"--password", "P", KIND_SECRET, false, "password", "IP phone password; " MADE},
	  {"--option-password", "P", KIND_SECRET, false, "option_password",
	   "option service password; " MADE},
	  CHANNELS,
	  POLICY,
	  INTERNATIONAL,
	  SUSPENDED},
	 run_number_add},
	{{"number", "show"}, NUMBER, .help = "show a number", .run = run_number_show},
	{{"number", "list"},
	 .help = "list numbers",
	 .flags = {{"--customer", "CODE", KIND_CUSTOMER, false, "customer",
		    "only this customer's"}},
	 .run = run_number_list},
	{{"number", "set"},
	 NUMBER,
	 .help = "change a number",
	 .detail = "Takes effect for the next call or registration.",
	 .flags = {CHANNELS, POLICY, INTERNATIONAL},
	 .run = run_number_set},
	{{"number", "suspend"},
	 NUMBER,
	 .help = "suspend a number: no calls either way",
	 .detail =
		 "The reason and who asked for it are kept with the number and in the audit. Calls "
		 "in progress go on; end them with 'calls hangup'.",
	 .flags = {{"--reason", "TEXT", KIND_TEXT, true, "reason", "why"},
		   {"--requester", "NAME", KIND_TEXT, true, "requester", "who asked for it"}},
	 .run = run_number_suspend},
	{{"number", "resume"},
	 NUMBER,
	 .help = "end the suspension of a number",
	 .flags = {{"--requester", "NAME", KIND_TEXT, true, "requester", "who asked for it"},
		   {"--reason", "TEXT", KIND_TEXT, false, "reason", "why"}},
	 .run = run_number_resume},
	{{"number", "remove"},
	 NUMBER,
	 .help = "remove a number, its account and registrations",
	 .run = run_number_remove},
	{{"number", "password"},
	 NUMBER,
	 "issue a new password, shown once",
	 "A new IP phone password cuts the phone off until it is set there too; so the command "
	 "asks first.",
	 {{"--sip", .help = "the IP phone password (when neither is given)"},
	  {"--option", .help = "the option service password; the phone goes on"},
	  {"--yes", .help = "do not ask"}},
	 run_number_password},
	{{"forward", "show"},
	 NUMBER,
	 .help = "show the call forwarding of a number",
	 .run = run_forward_show},
	{{"forward", "set"},
	 {{"NUMBER", KIND_NUMBER, true, NULL},
	  {"KIND", KIND_FORWARD, true, NULL},
	  {"on|off", KIND_SWITCH, true, NULL}},
	 "switch a kind of call forwarding on or off",
	 "KIND is unconditional, busy, no-answer or not-registered; deflection is whether its "
	 "telephones may name a target themselves, with 302. Unconditional forwarding comes "
	 "before all others, whatever they say; busy and no-answer need a registered telephone. A "
	 "target is a number that this line may call itself; it is checked now and by each call. "
	 "The forwarded call is an outgoing call of the number: it takes a channel of its and is "
	 "charged to it. In force for the next call.",
	 {{"--row", "N", KIND_COUNT, .help = "to the number in this row of the list, 1 to 5"},
	  {"--to", "DIGITS", KIND_TEXT,
	   .help = "to this number; an empty row of the list gets it when none has it"},
	  {"--ring", "SECONDS", KIND_COUNT,
	   .help = "so long it rings before no-answer applies, 1 to 30"}},
	 .run = run_forward_set},
	{{"forward", "targets"},
	 {{"NUMBER", KIND_NUMBER, true, NULL},
	  {"[ROW]", KIND_ROW, false, NULL},
	  {"[DIGITS]", KIND_TEXT, false, NULL}},
	 "show or change the list of forwarding targets",
	 "Five rows, each a number with a memo. With ROW and DIGITS the row gets that number, and "
	 "no memo unless one is given. A row that a kind which is on leads to cannot be cleared.",
	 {{"--memo", "TEXT", KIND_TEXT, .help = "whose number it is; \"\" for none"},
	  {"--clear", .help = "empty the row"}},
	 .run = run_forward_targets},
	{{"forward", "simulate"},
	 NUMBER,
	 "what would become of a call now, and why",
	 "Tells step by step which kind of forwarding applies, why others that are on do not, "
	 "whether the target may be called and a channel is free; numbers of ours are followed on. "
	 "It is decided by what decides for calls. The exit status is 0 when the call would reach "
	 "a telephone or the telephone network, and 1 when the caller would be refused.",
	 {{"--from", "NUMBER", KIND_NUMBER, .key = "from", .help = "who would call"},
	  {"--state", "STATE", KIND_PHONE, .key = "state",
	   .help = "take its telephone to be registered, busy, no-answer or unregistered; else as "
		   "it is now"}},
	 .run = run_forward_simulate},
	{{"screen", "show"},
	 NUMBER,
	 .help = "show which calls a number does not take",
	 .run = run_screen_show},
	{{"screen", "set"},
	 NUMBER,
	 "set which calls a number does not take",
	 "Who is rejected hears why and is not forwarded; a number that calls are forwarded to is "
	 "asked as well. What is not given stays as it is. In force for the next call.",
	 {{"--anonymous", "reject|accept", KIND_REJECT,
	   .help = "callers who withhold their number; payphones and networks that have none to "
		   "show are let through"},
	  {"--abroad", "reject|accept", KIND_REJECT, .help = "callers from abroad"},
	  {"--inbound-limit", "N", KIND_TEXT,
	   .help = "so many calls to it at a time, 1 to 32, or none; one more is busy, and busy "
		   "forwarding applies"}},
	 .run = run_screen_set},
	{{"screen", "block"},
	 {{"NUMBER", KIND_NUMBER, true, NULL}, {"CALLER", KIND_TEXT, true, NULL}},
	 "put a caller on the block list of a number",
	 "CALLER is a telephone number as it would be dialled, in Japan or with + and the country "
	 "code. He is rejected when he withholds his number, too. The list holds 100 numbers.",
	 {{"--memo", "TEXT", KIND_TEXT, .help = "who it is; \"\" for none"}},
	 .run = run_screen_block},
	{{"screen", "unblock"},
	 {{"NUMBER", KIND_NUMBER, true, NULL}, {"CALLER", KIND_TEXT, true, NULL}},
	 "take a caller off the block list of a number",
	 .run = run_screen_unblock},
	{{"trunk", "add"},
	 {{"NAME", KIND_TEXT, .needed = true}},
	 "add a way to the telephone network",
	 "Calls from its address or from one of --source come from this trunk, whatever they say. "
	 "The password is kept sealed and never shown.",
	 {{"--host", "HOST[:PORT]", KIND_TEXT, true, "host", "name or address of the peer"},
	  TRUNK_FLAGS},
	 .run = run_trunk_add},
	{{"trunk", "list"}, .help = "list trunks and their state", .run = run_trunk_list},
	{{"trunk", "show"}, TRUNK, .help = "show a trunk", .run = run_trunk_show},
	{{"trunk", "set"},
	 TRUNK,
	 "change a trunk",
	 "Takes effect for the next call. A list that is given replaces the old one; \"\" empties "
	 "it.",
	 {{"--host", "HOST[:PORT]", KIND_TEXT, false, "host", "name or address of the peer"},
	  TRUNK_FLAGS},
	 .run = run_trunk_set},
	{{"trunk", "remove"},
	 TRUNK,
	 .help = "remove a trunk; calls on it go on",
	 .run = run_trunk_remove},
	{{"trunk", "test"},
	 TRUNK,
	 .help = "send an OPTIONS and say what came back",
	 .run = run_trunk_test},
	{{"application", "add"},
	 NUMBER,
	 .help = "a customer applies for calls abroad",
	 .flags = {{"--applied-by", "NAME", KIND_TEXT, true, "applied_by", "who applies"},
		   {"--memo", "TEXT", KIND_TEXT, false, "memo", "what else is on the form"}},
	 .run = run_application_add},
	{{"application", "suspend"},
	 NUMBER,
	 .help = "a customer ends calls abroad, at once",
	 .detail =
		 "An application that still waits is withdrawn. To call abroad again the customer "
		 "applies anew.",
	 .flags = {{"--applied-by", "NAME", KIND_TEXT, true, "applied_by", "who wants it"},
		   {"--memo", "TEXT", KIND_TEXT, false, "memo", "why"}},
	 .run = run_application_suspend},
	{{"application", "list"},
	 .help = "list applications, latest first",
	 .flags = {{"--state", "STATE", KIND_STATE, false, "state",
		    "only pending, approved, rejected or withdrawn ones"},
		   {"--number", "NUMBER", KIND_NUMBER, false, "number", "only of this number"}},
	 .run = run_application_list},
	{{"application", "show"},
	 {{"ID", KIND_TEXT, .needed = true}},
	 .help = "show an application",
	 .run = run_application_show},
	{{"application", "approve"},
	 {{"ID", KIND_TEXT, .needed = true}},
	 .help = "permit calls abroad, from the next call on",
	 .flags = {{"--reason", "TEXT", KIND_TEXT, false, "reason", "what was checked"}},
	 .run = run_application_approve},
	{{"application", "reject"},
	 {{"ID", KIND_TEXT, .needed = true}},
	 .help = "reject an application",
	 .flags = {{"--reason", "TEXT", KIND_TEXT, true, "reason", "why, for the customer"}},
	 .run = run_application_reject},
	{{"plan", "check"},
	 {{"NUMBER", KIND_NUMBER, true, "number"}, {"DIALLED", KIND_TEXT, true, "dialled"}},
	 "may this number call what is dialled, and why",
	 "Explains what a call would be told: the class of the dialled number, what decided, its "
	 "international form, what 184 or 186 do to the caller id, and the reason of a refusal in "
	 "English and Japanese. The exit status is 0 when it may be called and 1 when not. It is "
	 "decided by what decides for calls.",
	 .run = run_plan_check},
	{{"plan", "show"},
	 .help = "show the numbering plan, countries and rules",
	 .detail = "The longest prefix that fits decides. What the table allows abroad needs the "
		   "line's permission as well (number set --international).",
	 .run = run_plan_show},
	{{"plan", "rule", "add"},
	 .help = "allow or deny a class, a country or a prefix",
	 .detail =
		 "For all, for a customer, or for one number. Of the rules that fit, the number's "
		 "count before the customer's, and these before those for all; among them the "
		 "longest prefix, then the country, then the class. However a number is written "
		 "(+81, 010-81, full width), it is judged as the same. Emergency numbers are "
		 "refused whatever rules say; calls abroad need the line's permission as well. "
		 "In force for the next call.",
	 .flags = {{"--all", .help = "for everybody"},
		   {"--customer", "CODE", KIND_CUSTOMER, false, "customer",
		    "for the numbers of this customer"},
		   {"--number", "NUMBER", KIND_NUMBER, false, "number", "for this number"},
		   {"--class", "CLASS", KIND_CLASS, false, "class",
		    "a class of numbers: mobile, freephone, international, ..."},
		   {"--country", "ID", KIND_COUNTRY, false, "country", "a country: GB"},
		   {"--prefix", "DIGITS", KIND_TEXT, false, "prefix",
		    "what numbers begin with: 03, +852, 010-852"},
		   {"--allow", .help = "it may be called"},
		   {"--deny", .help = "it may not be called"},
		   {"--memo", "TEXT", KIND_TEXT, false, "memo", "why, for those who come after"}},
	 .run = run_rule_add},
	{{"plan", "rule", "list"},
	 .help = "list rules, of all or of one scope",
	 .flags = {{"--customer", "CODE", KIND_CUSTOMER, false, "customer",
		    "only those for this customer"},
		   {"--number", "NUMBER", KIND_NUMBER, false, "number",
		    "only those for this number"}},
	 .run = run_rule_list},
	{{"plan", "rule", "remove"},
	 {{"ID", KIND_TEXT, .needed = true}},
	 .help = "remove a rule",
	 .run = run_rule_remove},
	{{"registrations"},
	 {{"[NUMBER]", KIND_NUMBER, .key = "number"}},
	 .help = "list registered phones",
	 .run = run_registrations},
	{{"calls", "hangup"},
	 {{"ID", KIND_CALL, .needed = true}},
	 .help = "end a call in progress",
	 .run = run_calls_hangup},
	{{"calls"}, .help = "list calls in progress", .run = run_calls},
	{{"records", "export"},
	 .help = "write call records as CSV or JSON, oldest first",
	 .detail = "Of the calls that began on these days; days are Japan's. Each has what it cost "
		   "by the price list of its day. It may be any number of records: they are "
		   "written while they are read.",
	 .flags = {{"--from", "DAY", KIND_TEXT, true, "from", "first day, like 2026-11-01"},
		   {"--to", "DAY", KIND_TEXT, false, "to", "last day (today)"},
		   {"--customer", "CODE", KIND_CUSTOMER, false, "customer",
		    "only calls that this customer made"},
		   {"--number", "NUMBER", KIND_NUMBER, false, "number",
		    "only calls from or to this number"},
		   {"--format", "csv|json", KIND_TEXT, false, "format", "how to write them (csv)"}},
	 .run = run_records_export},
	{{"records", "prune"},
	 .help = "delete old call records, after they were exported",
	 .detail = "What began before that day is written to the file and then deleted, a few at a "
		   "time, while calls go on. The deletion is noted in the audit.",
	 .flags = {{"--before", "DAY", KIND_TEXT, true, "before",
		    "the first day that stays, not after the first of this month"},
		   {"--export", "FILE", KIND_FILE, false, NULL,
		    "write them into this new file first (CSV, mode 0600)"},
		   {"--no-export", .help = "delete them without"}},
	 .run = run_records_prune},
	{{"records"},
	 {{"[NUMBER]", KIND_NUMBER, .key = "number"}},
	 "list call records, latest first",
	 "A time is written like 2026-11-24T09:00:00+09:00, 2026-11-24 (midnight UTC), or as an "
	 "age: "
	 "90s, 30m, 2h, 7d, 4w. A call that was forwarded has a record of the caller's part and "
	 "one of each forwarding, FROM the number that forwarded it; FORWARDED says why. They have "
	 "the same CALL.",
	 {{"--since", "TIME", KIND_TEXT, false, "since", "calls that started then or later"},
	  {"--limit", "N", KIND_COUNT, false, "limit", "at most so many (100)"},
	  {"--call", "ID", KIND_CALL, false, "call",
	   "all parts of one call that was forwarded, by the id of any"}},
	 run_records},
	{{"trace"},
	 {{"CALL", KIND_CALL, .needed = true}},
	 .help = "show the ladder of both legs of a call",
	 .run = run_trace},
	{{"audit"},
	 {{"[OBJECT]", KIND_TEXT, .key = "object"}},
	 .help = "who did what, latest first",
	 .detail =
		 "OBJECT is a number, a customer code, or rule:ID; without it everything. Entries "
		 "can be added but neither changed nor removed.",
	 .flags = {{"--limit", "N", KIND_COUNT, false, "limit", "at most so many (100)"}},
	 .run = run_audit},
	{{"status"}, .help = "show the state of the server", .run = run_status},
	{{"import"},
	 {{"FILE.csv", KIND_FILE, .needed = true}},
	 "add numbers from CSV, all or none",
	 "Line 1 names the columns: number, customer and account, and as wanted password, "
	 "option_password, channels, registration_policy, international and suspended; UTF-8. A "
	 "row "
	 "without a password gets one made. An option password that is given is hashed slowly on "
	 "purpose, some 0.1 s each; a row without one has none until it is issued with 'number "
	 "password --option'. If any row is wrong nothing is imported, and every wrong row is "
	 "named "
	 "with its line, column and remedy. FILE may be - for standard input.",
	 {{"--passwords", "FILE", KIND_FILE,
	   .help = "write the passwords that were made into this new file (CSV, mode 0600) instead "
		   "of "
		   "showing them"}},
	 run_import},
	{{"export"},
	 .help = "write all numbers as CSV, without secrets",
	 .detail = "What is written can be imported again, where the customers exist; passwords "
		   "cannot be read back and are made anew then.",
	 .run = run_export},
	{{"prices", "import"},
	 .operands = {{"FILE.csv", KIND_FILE, true, NULL}},
	 .help = "take over a price list",
	 .detail =
		 "Line 1 names the columns: price (yen without tax, up to six decimals) and unit "
		 "(seconds), and as wanted class, country, prefix, fee (yen for each call), tax "
		 "(percent), rounding (down, half_up, exact), valid_from and valid_to. The "
		 "longest prefix decides, then the country, then the class. If any row is wrong "
		 "nothing is imported. The list applies until the next one begins; lists that were "
		 "are kept, and months that are over stay as they were billed. FILE may be - for "
		 "standard input.",
	 .flags = {{"--from", "DAY", KIND_TEXT, false, "from",
		    "first day on which it applies (today)"}},
	 .run = run_prices_import},
	{{"prices", "show"},
	 .help = "show the price lists, and the prices of a day",
	 .flags = {{"--on", "DAY", KIND_TEXT, false, "day", "the day (today)"}},
	 .run = run_prices_show},
	{{"prices", "check"},
	 .operands = {{"NUMBER", KIND_NUMBER, true, "number"},
		      {"DIALLED", KIND_TEXT, true, "dialled"}},
	 .help = "say what a call would cost, and by which row",
	 .flags = {{"--seconds", "N", KIND_COUNT, false, "seconds", "how long it is (60)"},
		   {"--on", "DAY", KIND_TEXT, false, "day", "on which day (today)"}},
	 .run = run_prices_check},
	{{"statement"},
	 .operands = {{"CODE", KIND_CUSTOMER, true, NULL}, {"MONTH", KIND_TEXT, true, "month"}},
	 .help = "show what a customer owes for a month",
	 .detail = "MONTH is written like 2026-11. Calls are gathered for each number by class and "
		   "country, channel-up is charged by days, and tax is worked out once for each "
		   "rate on the sum.",
	 .flags = {{"--format", "text|csv|json", KIND_TEXT, false, "format",
		    "how to show it (text; json with --json)"},
		   {"--language", "ja|en", KIND_TEXT, false, "language", "of the text (ja)"}},
	 .run = run_statement},
	{{"guard", "show"},
	 .operands = {{"[NUMBER]", KIND_NUMBER, false, NULL}},
	 .help = "show the fraud guard's limits and suspensions, or a number's day",
	 .run = run_guard_show},
	{{"guard", "set"},
	 .help = "set limits of the fraud guard, for all, a customer or a number",
	 .detail =
		 "0 is no limit. For each limit the number's rule counts before the customer's, "
		 "that before the one for all; of each, the one for off hours counts in the night "
		 "(22:00 to 6:00), at weekends and on holidays, Japan's. Calls that ended count. "
		 "alert tells the operator (FRAUD events in the log); suspend also refuses calls "
		 "abroad until the number is released. A call to a country that was not called for "
		 "so many days is refused until it is permitted with 'guard release'.",
	 .flags = {{"--customer", "CODE", KIND_CUSTOMER, false, "customer", "only this customer's"},
		   {"--number", "NUMBER", KIND_NUMBER, false, "number", "only this number's"},
		   {"--off-hours", .help = "counts only in the night, at weekends, on holidays"},
		   {"--spend-yen", "N", KIND_COUNT, false, "spend_yen",
		    "charges of a day, without tax"},
		   {"--minutes", "N", KIND_COUNT, false, "minutes", "minutes of a day"},
		   {"--calls-per-minute", "N", KIND_COUNT, false, "calls_per_minute",
		    "attempts in a minute"},
		   {"--new-country-days", "N", KIND_COUNT, false, "new_country_days",
		    "hold calls to countries not called for so long"},
		   {"--action", "alert|suspend", KIND_TEXT, false, "action",
		    "what happens at a limit"},
		   {"--holidays", "DAYS", KIND_TEXT, false, "holidays",
		    "all holidays, like 2026-11-23,2026-12-31; in place of those before"},
		   {"--clear", .help = "the rule for these goes"}},
	 .run = run_guard_set},
	{{"guard", "release"},
	 .operands = {{"NUMBER", KIND_NUMBER, true, NULL}},
	 .help = "end a suspension of the fraud guard, or permit a country",
	 .detail = "What the number did until now counts no more then.",
	 .flags = {{"--country", "CC", KIND_TEXT, false, "country",
		    "permit calls to this country instead, US for example"}},
	 .run = run_guard_release},
	{{"completion"},
	 {{"bash|zsh", KIND_SHELL, .needed = true}},
	 "print shell completion",
	 "For bash: source <(opengatectl completion bash). For zsh: opengatectl completion zsh "
	 ">\"${fpath[1]}/_opengatectl\".",
	 .run = run_completion},
};

const unsigned command_count = COUNT(commands);
