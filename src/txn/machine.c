/* The four tables by kind, and the names of what stands in them. */
#include "txn/table_priv.h"

struct txn_cell txn_cell_of(enum txn_kind kind, enum txn_state state, enum txn_event event)
{
	switch (kind) {
	case TXN_ICT:
		return txn_table_ict[state][event];
	case TXN_NICT:
		return txn_table_nict[state][event];
	case TXN_IST:
		return txn_table_ist[state][event];
	case TXN_NIST:
	case TXN_KINDS:
		break;
	}
	return txn_table_nist[state][event];
}

const char *txn_kind_name(enum txn_kind kind)
{
	static const char *const names[TXN_KINDS] = {"ict", "nict", "ist", "nist"};
	return names[kind];
}

const char *txn_state_name(enum txn_state state)
{
	static const char *const names[TXN_STATES] = {
#define X(name, text) text,
		TXN_STATE_TABLE(X)
#undef X
	};
	return names[state];
}

const char *txn_event_name(enum txn_event event)
{
	static const char *const names[TXN_EVENTS] = {
#define X(name, text) text,
		TXN_EVENT_TABLE(X)
#undef X
	};
	return names[event];
}
