/*
 * cause: why a call was refused or ended, once for everyone: the SIP code and Q.850 cause that the
 * phone gets (RFC 3326), the stable word in records, and the sentences for people. (service
 * "Outgoing calls", last table)
 */
#pragma once

#include "base/slice.h"
#include "policy/reason.h"

/* name, SIP code, Q.850 cause, word, sentence, the sentence in Japanese. What the numbering plan
 * refuses comes from the plan. */
#define CALL_CAUSE_TABLE(X)                                                                        \
	X(NORMAL, 200, 16, "normal", "The call was ended normally", "通話は正常に終了しました。")  \
	X(UNALLOCATED, 404, 1, "unallocated_number", "This number is not in use",                  \
	  "この番号は現在使われておりません。")                                                    \
	X(SUSPENDED, 403, 21, "number_suspended", "The called number is suspended",                \
	  "おかけになった番号は、利用を停止しています。")                                          \
	X(NO_CHANNEL, 503, 34, "channel_limit", "All channels of this number are in use",          \
	  "同時に発信できる数の上限に達しています。")                                              \
	X(NOT_REGISTERED, 480, 20, "not_registered", "The called phone is not registered",         \
	  "相手先の電話機が接続されていません。")                                                  \
	X(BUSY, 486, 17, "busy", "The called party is busy", "相手先はお話し中です。")             \
	X(DECLINED, 603, 21, "declined", "The called party declined the call",                     \
	  "相手先が着信を拒否しました。")                                                          \
	X(NO_ANSWER, 480, 19, "no_answer", "The called party did not answer",                      \
	  "相手先の応答がありませんでした。")                                                      \
	X(NO_RESPONSE, 480, 18, "phone_not_responding", "The called phone does not respond",       \
	  "相手先の電話機から応答信号が返りません。")                                              \
	X(REDIRECTED, 480, 23, "redirected",                                                       \
	  "The called phone redirected the call; redirection is not allowed",                      \
	  "相手先の電話機が別の宛先を案内しましたが、この転送は許可されていません。")              \
	X(PHONE_REFUSED, 480, 31, "refused_by_phone", "The called phone refused the call",         \
	  "相手先の電話機が着信を受け付けませんでした。")                                          \
	X(NO_TRUNK, 503, 38, "no_trunk", "No way to the telephone network is available",           \
	  "電話網への経路がありません。")                                                          \
	X(CANCELLED, 487, 16, "cancelled", "The caller hung up before the call was answered",      \
	  "応答の前に発信者が電話を切りました。")                                                  \
	X(SIGNALLING_LOST, 408, 102, "signalling_lost",                                            \
	  "A phone stopped answering during the call", "通話中に電話機からの信号が途絶えました。") \
	X(MEDIA_SILENT, 408, 102, "media_timeout", "No sound arrived from either side",            \
	  "双方から音声が届かないため、通話を終了しました。")                                      \
	X(OPERATOR, 480, 16, "ended_by_operator", "The call was ended by the operator",            \
	  "運用者が通話を終了しました。")                                                          \
	X(SHUTDOWN, 503, 41, "server_stopping",                                                    \
	  "The server is being restarted; please call again",                                      \
	  "設備の再起動中です。しばらくしてからおかけ直しください。")                              \
	X(OVERLOAD, 503, 42, "overload", "The server is busy; please call again",                  \
	  "設備が混み合っています。しばらくしてからおかけ直しください。")                          \
	X(NO_MEDIA_PORT, 503, 47, "no_media_port", "No media port is free",                        \
	  "音声用のポートに空きがありません。")                                                    \
	X(BAD_OFFER, 488, 88, "bad_session_description", "The session description cannot be used", \
	  "電話機が提示した音声の条件(SDP)を利用できません。")                                     \
	X(NO_PRACK, 504, 102, "provisional_not_acknowledged",                                      \
	  "The calling phone did not acknowledge the ringing (PRACK)",                             \
	  "発信側の電話機が呼出中の通知(PRACK)に応答しませんでした。")                             \
	X(SESSION_EXPIRED, 408, 102, "session_expired",                                            \
	  "A phone did not refresh the call in time",                                              \
	  "電話機が通話の継続確認(セッションタイマ)を行いませんでした。")                          \
	X(TOO_LONG, 513, 95, "message_too_long", "A header of the message is too long",            \
	  "信号のヘッダが長すぎます。")                                                            \
	X(ELSEWHERE, 200, 26, "answered_elsewhere", "The call was answered by another phone",      \
	  "別の電話機が応答しました。")                                                            \
	X(LOOP, 483, 25, "too_many_hops", "The call went through too many hops",                   \
	  "転送の回数が多すぎるか、ループしています。")                                            \
	X(NO_ADDRESS, 480, 18, "phone_address_not_found",                                          \
	  "The host name of the called phone could not be looked up",                              \
	  "相手先の電話機のホスト名を検索できませんでした。")                                      \
	X(RESTARTED, 503, 41, "server_restarted",                                                  \
	  "The server was restarted while the call was being set up; please call again",           \
	  "呼び出し中にサーバーが再起動しました。もう一度おかけ直しください。")                    \
	X(OUTAGE, 503, 41, "server_outage", "The server was down for longer than a call can wait", \
	  "サーバーが長く停止していたため、通話が終了しました。")                                  \
	X(OWN_SUSPENDED, 403, 21, "own_number_suspended",                                          \
	  "This number is suspended and cannot make calls",                                        \
	  "お客様の番号は利用停止中のため、発信できません。")                                      \
	X(TRUNKS_FULL, 503, 34, "trunks_full", "All lines to the telephone network are in use",    \
	  "電話網への回線がすべて使用中です。しばらくしてからおかけ直しください。")                \
	X(NETWORK_REFUSED, 480, 31, "refused_by_network",                                          \
	  "The telephone network refused the call", "電話網側で通話を受け付けませんでした。")      \
	X(FRAUD_SUSPENDED, 403, 21, "fraud_guard_suspended",                                       \
	  "International calls of this number were stopped because of unusual use; ask the "       \
	  "operator",                                                                              \
	  "通常と異なるご利用を検知したため、この番号からの"               \
	  "国際発信を停止しています。お問い合わせください。")                                      \
	X(FRAUD_NEW_COUNTRY, 403, 21, "fraud_guard_new_country",                                   \
	  "This number has not called this country before; the call has to be permitted first",    \
	  "この番号からこの国・地域への発信は初めてのため、"               \
	  "許可されるまでおつなぎできません。")                                                    \
	X(FORWARD_LOOP, 482, 25, "forwarding_loop", "The call was forwarded in a circle",          \
	  "転送がループしているため、おつなぎできません。")                                        \
	X(FORWARD_LIMIT, 483, 25, "forwarded_too_often", "The call was forwarded too many times",  \
	  "転送の回数が上限を超えたため、おつなぎできません。")                                    \
	X(FORWARD_REFUSED, 480, 21, "forwarding_not_permitted",                                    \
	  "The called number forwards to a number that it may not call",                           \
	  "おかけになった番号に設定された転送先へは、おつなぎできません。")                        \
	X(FORWARD_NO_CHANNEL, 480, 34, "forwarding_channel_limit",                                 \
	  "All channels of the number that forwards are in use",                                   \
	  "転送元の番号で同時に発信できる数の上限に達しているため、おつなぎできません。")          \
	X(ANONYMOUS_REJECTED, 433, 21, "anonymous_rejected",                                       \
	  "The called number takes no calls from withheld numbers; show your number and call "     \
	  "again",                                                                                 \
	  "お客様の電話番号を通知しておかけ直しください。")                                        \
	X(CALLER_BLOCKED, 603, 21, "caller_blocked", "The call cannot be put through",             \
	  "おかけになった電話をおつなぎすることができません。")                                    \
	X(ABROAD_REJECTED, 403, 21, "abroad_rejected",                                             \
	  "The called number takes no calls from abroad",                                          \
	  "おかけになった番号は、国際電話の着信をお受けしていません。")                            \
	X(INBOUND_LIMIT, 486, 17, "inbound_limit",                                                 \
	  "The called number has as many calls as it takes at a time",                             \
	  "おかけになった番号は、同時に着信できる数の上限に達しています。")                        \
	PLAN_REASON_TABLE(X)

enum call_cause {
#define X(name, code, q850, word, en, ja) CAUSE_##name,
	CALL_CAUSE_TABLE(X)
#undef X
		CALL_CAUSES
};

struct call_cause_info {
	int sip_code, q850;
	const char *word, *text, *text_ja;
};

const struct call_cause_info *call_cause_info(enum call_cause cause);

/* What a final response of a called phone (300..699) means for the caller: the cause, and the code
 * to pass on (its own where that makes sense for a caller, e.g. 488 of a phone; never a challenge,
 * a redirection, or a 503, which would be taken for ours: RFC 3261 §16.7). */
enum call_cause call_cause_of_response(int code, int *ret_code);

/* The same of a trunk, which speaks for the telephone network: the code is the caller's to know,
 * but for what only concerns us and the trunk. q850: of its Reason header, 0 without. */
enum call_cause call_cause_of_network(int code, int q850, int *ret_code);
