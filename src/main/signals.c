#include "main/signals.h"

#include "main/notify.h"

#include <signal.h>
#include <time.h>

static sigset_t served(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR2);
	return set;
}

void signals_block(void)
{
	sigset_t set = served();
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a limit of file sizes is a full disk, not an end */
}

/* A second SIGTERM or SIGINT while draining. */
static bool asked_again(void)
{
	sigset_t set = served();
	struct timespec now = {0};
	int sig = sigtimedwait(&set, NULL, &now);
	return sig == SIGTERM || sig == SIGINT;
}

void signals_serve(struct server *server)
{
	sigset_t set = served();
	for (;;) {
		int sig = 0;
		sigwait(&set, &sig);
		if (sig == SIGHUP) {
			notify_reloading();
			server_reload(server);
			notify("READY=1");
			continue;
		}
		if (sig == SIGUSR2) { /* an upgrade: the next one takes the calls up again */
			server_event(server, EVENT_SERVER_STOPPING, "calls are kept");
			return;
		}
		notify("STOPPING=1");
		server_event(server, EVENT_SERVER_STOPPING, "waiting for calls to end");
		server_drain(server, (int64_t)server->config.shutdown_grace_s * 1000, asked_again);
		return;
	}
}
