/* signals: what the operator's signals ask of the running server (service "opengated"). */
#pragma once

#include "main/server.h"

/* Blocks the signals in this and all later threads. Before any thread is started. */
void signals_block(void);
/* Waits for signals until the server has been drained: SIGTERM, SIGINT end it (a second one at
 * once), SIGHUP reloads, SIGUSR2 ends it at once with its calls kept. */
void signals_serve(struct server *server);
