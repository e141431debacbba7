/* REGISTERs out of header lines, and bindings out of REGISTERs. */
#pragma once

#include "base/err.h"
#include "reg/reg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW 1700000000000

static const struct reg_limits limits = {60, 7200, 3600};

/* Memory of one parsed REGISTER, which the request's slices point into. */
struct letter {
	char text[8192], memory[32768];
	struct reg_request request;
	struct sip_fault fault;
	int result;
};

static inline struct flow flow_of(const char *remote)
{
	struct flow f = {.transport = SIP_UDP};

	assert_int_equal(addr_parse(slice_str(remote), 5060, &f.remote), 0);
	return f;
}

static inline struct sip_msg letter_message(struct letter *l, const char *call_id, uint32_t cseq,
					    const char *headers)
{
	struct arena arena;
	struct sip_msg msg;

	snprintf(
		l->text, sizeof(l->text),
		"REGISTER sip:example.net SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
		"From: <sip:10000012@example.net>;tag=a\r\nTo: <sip:10000012@example.net>\r\n"
		"Call-ID: %s\r\nCSeq: %u REGISTER\r\n%sContent-Length: 0\r\n\r\n",
		call_id, cseq, headers);
	arena_init(&arena, l->memory, sizeof(l->memory));
	assert_int_equal(sip_msg_parse(slice_str(l->text), &arena, &msg), 0);
	return msg;
}

static inline void letter_read(struct letter *l, const char *call_id, uint32_t cseq,
			       const char *headers, const char *source, int64_t now_ms)
{
	struct flow flow = flow_of(source);
	struct sip_msg msg = letter_message(l, call_id, cseq, headers);

	l->fault = (struct sip_fault){0};
	l->result = reg_request_parse(&msg, &flow, now_ms, &limits, &l->request, &l->fault);
}

static inline void assert_slice(struct slice s, const char *want)
{
	if (s.n != strlen(want) || memcmp(s.p, want, s.n) != 0)
		fail_msg("\"%.*s\" instead of \"%s\"", SLICE_ARG(s), want);
}
