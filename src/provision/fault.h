/* What is wrong with a value that somebody gave, and how to mend it. Plain data. */
#pragma once

struct fault {
	const char *code;    /* a stable word: "invalid", "exists", "missing", ... */
	const char *field;   /* NULL: no single one */
	const char *message; /* a sentence without its full stop */
	const char *hint;    /* how to mend it; may be NULL */
};
