/*
 * Errors: every function that can fail returns 0 or one of these negative codes. SIP outcomes (486,
 * 404) are values, never errors. The table below yields the codes and their text.
 */
#pragma once

#define ERR_TABLE(X)                                                                               \
	X(NOMEM, "out of memory")                                                                  \
	X(LIMIT, "limit reached")                                                                  \
	X(INVALID, "invalid value")                                                                \
	X(SYNTAX, "syntax error")                                                                  \
	X(TOO_BIG, "too big")                                                                      \
	X(NOT_FOUND, "not found")                                                                  \
	X(EXISTS, "exists already")                                                                \
	X(AGAIN, "try again")                                                                      \
	X(IO, "input/output error")                                                                \
	X(DENIED, "permission denied")                                                             \
	X(IN_USE, "address in use")                                                                \
	X(TIMEOUT, "timed out")                                                                    \
	X(CLOSED, "closed")                                                                        \
	X(UNSUPPORTED, "not supported")                                                            \
	X(CONFLICT, "conflicts with the present state")                                            \
	X(STALE, "stale")                                                                          \
	X(DAMAGED, "data damaged")

enum err_index {
#define X(name, text) ERR_INDEX_##name,
	ERR_TABLE(X)
#undef X
		ERR_INDEX_COUNT
};

enum err {
#define X(name, text) ERR_##name = -(ERR_INDEX_##name + 1),
	ERR_TABLE(X)
#undef X
};

/* English text of a code; "success" for 0, "unknown error" for what is not in the table. Never
 * NULL. */
const char *err_text(int err);
/* What errno says of an operation on a file: ERR_LIMIT (no room, or a limit of sizes), ERR_DENIED,
 * ERR_NOMEM, else ERR_IO. */
int err_of_file(int errno_value);
