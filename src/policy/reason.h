/*
 * reason: why a dialled number is not put through. The causes of a call (call/cause.h) contain
 * them, so that phone, record and portal say the same. Codes by the service's table of refusals.
 */
#pragma once

/* name, SIP code, Q.850 cause, word, English, Japanese */
#define PLAN_REASON_TABLE(X)                                                                       \
	X(EMERGENCY, 403, 21, "emergency_not_available",                                           \
	  "Emergency numbers (110, 118, 119) cannot be called from this line; use a mobile or "    \
	  "fixed phone",                                                                           \
	  "この回線から緊急通報(110、118、119)"                                        \
	  "はご利用になれません。携帯電話または固定電話をご利用"         \
	  "ください。")                                                                            \
	X(SPECIAL_1XY, 403, 21, "special_1xy_not_available",                                       \
	  "Three-digit numbers that begin with 1 (104, 117, ...) cannot be called from 050 "       \
	  "numbers",                                                                               \
	  "050番号から、1で始まる3桁の番号(104、117など)へはおかけになれません。")                 \
	X(FREEPHONE, 403, 21, "freephone_not_available",                                           \
	  "Freephone numbers (0120, 0800) cannot be called from 050 numbers",                      \
	  "050番号から、着信課金番号(0120、0800)へはおかけになれません。")                         \
	X(NAVI, 403, 21, "navi_dial_not_available",                                                \
	  "Numbers with 0570, 0180, 0170 or 0990 cannot be called from 050 numbers",               \
	  "050番号から、0570、0180、0170、0990で始まる番号へはおかけになれません。")               \
	X(DESIGNATED, 403, 21, "designated_not_available",                                         \
	  "Numbers that begin with 091 cannot be called from 050 numbers",                         \
	  "050番号から、091で始まる番号へはおかけになれません。")                                  \
	X(M2M, 403, 21, "m2m_not_available",                                                       \
	  "Numbers that begin with 020 (machines, pagers) cannot be called from 050 numbers",      \
	  "050番号から、020で始まる番号へはおかけになれません。")                                  \
	X(CARRIER_SELECT, 403, 21, "carrier_select_not_available",                                 \
	  "A carrier cannot be chosen by dialling 00XY; dial the number itself",                   \
	  "00XY(事業者識別番号)"                                                            \
	  "を付けた発信はできません。相手先の番号だけをダイヤルしてください。")                    \
	X(HASH_CODE, 403, 21, "hash_code_not_available",                                           \
	  "Numbers that begin with # cannot be called from 050 numbers",                           \
	  "050番号から、#で始まる番号へはおかけになれません。")                                    \
	X(NO_AREA_CODE, 403, 21, "no_area_code", "Dial the number with its area code",             \
	  "市外局番からダイヤルしてください。")                                                    \
	X(NO_SERVICE_CODE, 404, 1, "no_such_service_code", "There is no such service code",        \
	  "このサービスコードはありません。")                                                      \
	X(NO_SUCH_NUMBER, 404, 1, "no_such_number", "No such number exists in the numbering plan", \
	  "この番号は番号計画にありません。番号をお確かめください。")                              \
	X(INCOMPLETE, 484, 28, "incomplete_number", "The dialled number is incomplete",            \
	  "番号の桁数が足りません。")                                                              \
	X(TOO_MANY_DIGITS, 484, 28, "too_many_digits", "The dialled number has too many digits",   \
	  "番号の桁数が多すぎます。")                                                              \
	X(NOT_A_NUMBER, 484, 28, "not_a_number", "What was dialled is not a telephone number",     \
	  "電話番号として読み取れません。")                                                        \
	X(NO_COUNTRY, 404, 1, "no_such_country", "No country has this country code",               \
	  "この国番号はありません。010 + 国番号 + 相手先の番号をダイヤルしてください。")           \
	X(INTERNATIONAL, 403, 21, "international_not_permitted",                                   \
	  "International calls are not permitted for this number; apply for them",                 \
	  "この番号では国際発信が許容されていません。ご利用にはお申し込みが必要です。")            \
	X(BLOCKED, 403, 21, "number_blocked", "The operator does not allow calls to this number",  \
	  "この番号への発信は、事業者の設定により制限されています。")                              \
	X(COUNTRY_BLOCKED, 403, 21, "country_blocked",                                             \
	  "The operator does not allow calls to this destination abroad",                          \
	  "この国・地域への発信は、事業者の設定により制限されています。")
