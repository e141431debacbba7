/* notify: tells the service manager how things stand (sd_notify(3): one datagram to NOTIFY_SOCKET).
 */
#pragma once

/* Lines like "READY=1". Without a service manager that asks, nothing happens. */
void notify(const char *state);
/* That the configuration is being read again; "READY=1" follows. */
void notify_reloading(void);
