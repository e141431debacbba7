/* Values inside SIP headers: URIs, name-addrs, parameters (RFC 3261 §19.1, §20, §25). Slices in,
 * slices out. */
#pragma once

#include "sip/msg.h"

/* 0 or ERR_SYNTAX. A scheme that we do not know parses as SIP_SCHEME_OTHER with nothing else set.
 */
int sip_uri_parse(struct slice text, struct sip_uri *ret_uri);
/* name-addr or addr-spec with parameters; "*" sets star. 0 or ERR_SYNTAX. */
int sip_nameaddr_parse(struct slice value, struct sip_nameaddr *ret_na);
int sip_via_parse(struct slice value, struct sip_via *ret_via);
int sip_cseq_parse(struct slice value, struct sip_cseq *ret_cseq);

/* A parameter in "a=b;c;d="e"": false when absent. Value without quotes; p == NULL for a flag. Name
 * case folded. */
bool sip_param(struct slice params, struct slice name, struct slice *ret_value);
/* Walks them in order. */
bool sip_param_next(struct slice *params, struct slice *ret_name, struct slice *ret_value);

/* Equality of RFC 3261 §19.1.4 (escapes, case, default port, the parameters that must match; IPv6
 * hosts by address, RFC 5954). */
bool sip_uri_equal(const struct sip_uri *a, const struct sip_uri *b);

/* Undoes %HH. 0, ERR_SYNTAX or ERR_TOO_BIG; always NUL-terminated. */
int sip_unescape(struct slice text, char *dst, size_t dst_bytes);

/* token of RFC 3261 §25.1 */
bool sip_is_token(struct slice s);

enum sip_method sip_method_of(struct slice name); /* case sensitive, RFC 3261 §7.1 */
struct slice sip_method_name(enum sip_method m);  /* empty for SIP_METHOD_OTHER */
enum sip_header_kind sip_header_kind_of(struct slice name);
struct slice sip_header_name(enum sip_header_kind kind);
enum sip_transport sip_transport_of(struct slice name);
struct slice sip_transport_name(enum sip_transport t);	     /* "UDP" */
struct slice sip_transport_param_name(enum sip_transport t); /* "udp" */
/* Default phrase of a code; "Unknown" outside the tables. */
struct slice sip_reason_phrase(int code);
