/* Events into a call, and what it orders. */
#pragma once

#include "call/call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct call_orders orders; /* of the last event */

static inline void ev(struct call *c, struct call_event e)
{
	assert_true(call_step(c, &e, &orders));
}

/* NULL: not that; never twice. */
static inline const struct call_order *ordered(enum call_order_kind kind)
{
	const struct call_order *found = NULL;
	for (uint32_t i = 0; i < orders.count; i++) {
		if (orders.v[i].kind != kind)
			continue;
		assert_null(found);
		found = &orders.v[i];
	}
	return found;
}
