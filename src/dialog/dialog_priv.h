/* Within the room dialog: what its files share. */
#pragma once

#include "dialog/dialog.h"

/* A route set being written, and what its first element tells. */
struct dialog_routes {
	char text[DIALOG_TEXT_BYTES];
	struct slice value; /* into text, comma-separated; n == 0: no routes */
	bool first_strict;
};

/* The Record-Route elements of msg as a Route value, in order (UAS, RFC 3261 §12.1.1) or reversed
 * (UAC, §12.1.2). 0; ERR_SYNTAX: an element is no name-addr with a URI; ERR_TOO_BIG. *ret_routes
 * holds pointers into itself. */
int dialog_routes_of(const struct sip_msg *msg, bool reversed, struct dialog_routes *ret_routes);

/* Cuts the first element off a Route value; what follows stays in *routes. The value must not be
 * empty. */
struct slice dialog_routes_cut(struct slice *routes);

/* The text is absent. */
void dialog_clear_text(struct dialog *d, enum dialog_text which);
