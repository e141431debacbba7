/*
 * plan: the Japanese numbering plan as an explicit table: what was dialled, which class of number
 * it is, and whether the line may call it (service "Outgoing calls"). Pure and total: every input
 * has a verdict. What is dialled with +81 or 010-81, with carrier prefixes, hyphens or full-width
 * digits is judged as the number that it stands for, so there is no way round a refusal.
 *
 * Numbers here are those of the plan; whether one of the operator's own is allocated is the
 * directory's to say.
 *
 * What the operator's rules (policy/rules.h) say changes a verdict on a whole number that could be
 * called, or on a class that is closed. They never open emergency numbers, nor make a number of
 * what is none.
 */
#pragma once

#include "policy/country.h"
#include "policy/dial.h"
#include "policy/reason.h"
#include "policy/rules.h"

/* name, word, Japanese, may a rule open it where the table refuses it? Not what carrier prefixes
 * hide (the number behind them would pass every other rule), nor what no network takes. */
#define PLAN_CLASS_TABLE(X)                                                                        \
	X(GEOGRAPHIC, "geographic", "固定電話(0AB-J)", true)                                       \
	X(IP_PHONE, "ip_phone", "IP電話(050)", true)                                               \
	X(MOBILE, "mobile", "携帯電話", true)                                                      \
	X(M2M, "m2m", "M2M・無線呼出し(020)", true)                                                \
	X(FREEPHONE, "freephone", "着信課金(0120、0800)", true)                                    \
	X(NAVI, "navi_dial", "ナビダイヤルなど(0570、0180、0170、0990)", true)                     \
	X(DESIGNATED, "designated", "事業者指定番号(091)", true)                                   \
	X(CARRIER_SELECT, "carrier_select", "事業者識別番号(00XY)", false)                         \
	X(INTERNATIONAL, "international", "国際電話(010)", true)                                   \
	X(EMERGENCY, "emergency", "緊急通報", false)                                               \
	X(SPECIAL_1XY, "special_1xy", "1XY番号", true)                                             \
	X(HASH_CODE, "hash_code", "#番号", false)                                                  \
	X(NO_AREA_CODE, "no_area_code", "市外局番なし", false)                                     \
	X(SERVICE_CODE, "service_code", "サービスコード", false)                                   \
	X(UNKNOWN, "unknown", "番号計画外", false)

enum plan_class {
#define X(name, word, ja, opens) PLAN_##name,
	PLAN_CLASS_TABLE(X)
#undef X
		PLAN_CLASSES
};

const char *plan_class_word(enum plan_class c);
const char *plan_class_ja(enum plan_class c);
bool plan_class_opens(enum plan_class c);
/* ERR_NOT_FOUND: no class is called so. */
int plan_class_of(struct slice word, enum plan_class *ret_class);

enum plan_reason {
	PLAN_ALLOWED,
#define X(name, code, q850, word, en, ja) PLAN_NO_##name,
	PLAN_REASON_TABLE(X)
#undef X
		PLAN_REASONS
};

/* The word and sentences of a refusal; "" and 0 for PLAN_ALLOWED. */
struct plan_reason_info {
	int sip_code, q850;
	const char *word, *en, *ja;
};
const struct plan_reason_info *plan_reason_info(enum plan_reason r);

/*
 * A row of the table: what begins with prefix and has digits_min..digits_max characters in all is
 * of that class; the longest prefix decides. reason: refused whatever the line may do;
 * PLAN_ALLOWED: it may be called (international: with the permission).
 */
struct plan_table_row {
	const char *prefix;
	uint8_t digits_min, digits_max; /* PLAN_ANY: of any length */
	enum plan_class class;
	enum plan_reason reason;
};
#define PLAN_ANY DIAL_BYTES
const struct plan_table_row *plan_table_at(size_t i); /* NULL behind the last */

/* What a verdict rests on. */
enum plan_decider {
	PLAN_BY_FORM,	    /* nothing that can be dialled, or no row has it */
	PLAN_BY_ROW,	    /* the table's row */
	PLAN_BY_COUNTRY,    /* no country has that code */
	PLAN_BY_PERMISSION, /* the line's permission to call abroad */
	PLAN_BY_RULE	    /* the operator's rule */
};

struct plan_verdict {
	enum plan_class class;
	enum plan_reason reason; /* PLAN_ALLOWED: it may be called */
	enum plan_decider decider;
	const struct plan_table_row *row; /* of the table; NULL: none has it */
	uint64_t rule;			  /* its id; 0: none decided */
	struct dialled dialled;		  /* digits "" when it is not a number */
	char e164[DIAL_BYTES]; /* "+815010000014"; "" where there is none (1XY, codes, refused
				  forms) */
	const struct country *country; /* of PLAN_INTERNATIONAL; NULL: none has that code */
};

/* What the plan must know of the line that dials. */
struct plan_line {
	bool international;		/* the line's permission */
	struct slice number, customer;	/* whose rules count */
	const struct plan_rules *rules; /* NULL: none */
};

#define PLAN_DECIDED_BYTES 32
/* What decided, as a word for events and people: "form", "plan:0120", "country", "permission",
 * "rule:7". */
const char *plan_decided_by(const struct plan_verdict *v, char ret_text[PLAN_DECIDED_BYTES]);

/* user: as dial_normalise takes it. */
void plan_check(const struct plan_line *line, struct slice user, struct plan_verdict *ret_verdict);
