#include "io/loop.h"

#include "io/loop_priv.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define SOCKS_MAX    (1u << 20)
#define EVENTS_BATCH 256
/* Sleeping for less costs more than it gathers. */
#define GATHER_US_MIN 50

static int64_t clock_us(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t loop_now_ms(struct io *io)
{
	return ((struct loop *)io)->now_ms;
}

static int64_t loop_now_us(struct io *io)
{
	(void)io;
	return clock_us(CLOCK_MONOTONIC);
}

static int64_t loop_wall_ms(struct io *io)
{
	(void)io;
	return clock_us(CLOCK_REALTIME) / 1000;
}

/* The next turn comes at once, so that on_turn can say when it wants to be called. */
static void loop_set_handler(struct io *io, const struct io_handler *h)
{
	struct loop *loop = (struct loop *)io;

	assert(h);
	loop->handler = *h;
	loop->next_turn_ms = loop->now_ms;
}

static void loop_set_cookie(struct io *io, int handle, uint64_t cookie)
{
	struct sock *s = sock_find((struct loop *)io, handle);

	if (s)
		s->cookie = cookie;
}

static void loop_close(struct io *io, int handle)
{
	struct loop *loop = (struct loop *)io;
	struct sock *s = sock_find(loop, handle);

	if (!s)
		return;
	if (s->kind == KIND_UDP && s->is_flushing)
		udp_flush(loop);
	else if (s->kind == KIND_STREAM)
		stream_flush(loop, s);
	sock_drop(loop, s);
}

static const struct io_ops loop_ops = {
	.now_ms = loop_now_ms,
	.now_us = loop_now_us,
	.wall_ms = loop_wall_ms,
	.set_handler = loop_set_handler,
	.udp_open = loop_udp_open,
	.udp_send = loop_udp_send,
	.listen = loop_listen,
	.connect = loop_connect,
	.stream_send = loop_stream_send,
	.set_cookie = loop_set_cookie,
	.close = loop_close,
};

/*
 * The wake descriptor is edge-triggered: every write is an edge, and it is never read. Its events
 * carry id 0, which no socket has.
 */
static int open_descriptors(struct loop *loop)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET, .data.u64 = 0};

	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (loop->epoll_fd < 0 || loop->wake_fd < 0)
		return loop_open_err(errno);
	return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->wake_fd, &ev) == 0 ? 0 : ERR_IO;
}

static int take_memory(struct loop *loop)
{
	const struct pool_params p = {
		.name = "sockets", .slot_bytes = sizeof(struct sock), .limit = SOCKS_MAX};
	const struct pool_params streams = {
		.name = "streams", .slot_bytes = sizeof(struct stream), .limit = SOCKS_MAX};
	int err = pool_new(&p, &loop->socks);

	if (!err)
		err = pool_new(&streams, &loop->streams);
	if (!err)
		err = udp_in_new(&loop->udp_in);
	if (!err)
		err = udp_out_new(&loop->udp_out);
	if (err)
		return err;
	loop->stream_in = malloc(STREAM_IN_BYTES);
	return loop->stream_in ? 0 : ERR_NOMEM;
}

int loop_new(struct loop **ret_loop)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	int err;

	if (!loop)
		return ERR_NOMEM;
	loop->io.ops = &loop_ops;
	loop->epoll_fd = loop->wake_fd = -1;
	loop->now_ms = clock_us(CLOCK_MONOTONIC) / 1000;
	loop->next_turn_ms = INT64_MAX;
	TAILQ_INIT(&loop->flush);
	TAILQ_INIT(&loop->doomed);
	TAILQ_INIT(&loop->paused);
	TAILQ_INIT(&loop->closed);
	err = take_memory(loop);
	if (!err)
		err = open_descriptors(loop);
	if (err) {
		loop_free(loop);
		return err;
	}
	*ret_loop = loop;
	return 0;
}

static void close_all(struct loop *loop)
{
	uint32_t cursor = 0;
	struct sock *s;
	struct id id;

	while ((s = pool_next(loop->socks, &cursor, &id)) != NULL)
		loop_close(&loop->io, sock_handle(s));
	sock_give_closed(loop);
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	if (loop->socks)
		close_all(loop);
	if (loop->epoll_fd >= 0)
		close(loop->epoll_fd);
	if (loop->wake_fd >= 0)
		close(loop->wake_fd);
	pool_free(loop->socks);
	pool_free(loop->streams);
	free(loop->ids);
	udp_in_free(loop->udp_in);
	udp_out_free(loop->udp_out);
	free(loop->stream_in);
	free(loop);
}

struct io *loop_io(struct loop *loop)
{
	return &loop->io;
}

/* Everything that is queued goes out. */
static void flush(struct loop *loop)
{
	struct sock *s;

	udp_flush(loop);
	while ((s = TAILQ_FIRST(&loop->flush)) != NULL) {
		TAILQ_REMOVE(&loop->flush, s, flush);
		s->is_flushing = false;
		if (s->kind == KIND_STREAM)
			stream_flush(loop, s);
	}
}

static int wait_ms(const struct loop *loop, int max_wait_ms)
{
	int64_t until_ms = loop->next_turn_ms, left_ms;

	if (!TAILQ_EMPTY(&loop->doomed) || loop->udp_error_count)
		return 0;
	if (!TAILQ_EMPTY(&loop->paused) && loop->resume_ms < until_ms)
		until_ms = loop->resume_ms;
	if (until_ms == INT64_MAX)
		return max_wait_ms;
	left_ms = until_ms - clock_us(CLOCK_MONOTONIC) / 1000;
	if (left_ms <= 0)
		return 0;
	if (max_wait_ms >= 0 && max_wait_ms < left_ms)
		return max_wait_ms;
	return left_ms < INT_MAX ? (int)left_ms : INT_MAX;
}

/* Who wakes us after the flag is down, wakes us again; who did before, has filled the mailbox
 * before. */
static void on_wake(struct loop *loop)
{
	atomic_store(&loop->wake_pending, false);
	if (loop->handler.on_wake)
		loop->handler.on_wake(loop->handler.ctx);
}

static void on_event(struct loop *loop, const struct epoll_event *ev)
{
	struct sock *s = pool_get(loop->socks, (struct id){ev->data.u64});

	if (ev->data.u64 == 0) {
		on_wake(loop);
		return;
	}
	if (!s)
		return;
	switch (s->kind) {
	case KIND_UDP:
		udp_on_events(loop, s, ev->events);
		break;
	case KIND_LISTENER:
		listener_on_events(loop, s);
		break;
	case KIND_CONNECTING:
	case KIND_STREAM:
		stream_on_events(loop, s, ev->events);
		break;
	case KIND_CLOSED: /* within this batch */
	case KIND_DOOMED:
		break;
	}
}

static void run_handlers(struct loop *loop, const struct epoll_event *events, int count)
{
	const struct io_handler *h = &loop->handler;

	stream_report_doomed(loop);
	udp_report_errors(loop);
	listeners_resume(loop);
	for (int i = 0; i < count; i++)
		on_event(loop, &events[i]);
	loop->next_turn_ms = h->on_turn ? h->on_turn(h->ctx, loop->now_ms) : INT64_MAX;
}

void loop_set_gather(struct loop *loop, uint32_t gather_us)
{
	loop->gather_us = gather_us;
	loop->gather_until_us = 0;
}

static void gather(const struct loop *loop)
{
	int64_t left_us = loop->gather_until_us - clock_us(CLOCK_MONOTONIC);
	struct timespec t = {.tv_nsec = (long)left_us * 1000};

	if (left_us >= GATHER_US_MIN && left_us <= (int64_t)loop->gather_us)
		nanosleep(&t, NULL); /* cut short by a signal: a smaller batch */
}

/* Idle turns and such as left something unread are followed by the next at once. */
static void gather_next(struct loop *loop, int64_t begun_us, int count)
{
	bool gathers = count > 0 && count < EVENTS_BATCH && !loop->more;

	loop->gather_until_us = gathers ? begun_us + loop->gather_us : 0;
	loop->more = false;
}

int loop_turn(struct loop *loop, int max_wait_ms)
{
	int64_t begun_us;
	struct epoll_event events[EVENTS_BATCH];
	int count;

	assert(!loop->in_turn);
	loop->in_turn = true;
	flush(loop); /* what was sent between two turns */
	if (loop->gather_until_us)
		gather(loop);
	count = epoll_wait(loop->epoll_fd, events, EVENTS_BATCH, wait_ms(loop, max_wait_ms));
	if (count < 0 && errno != EINTR) {
		loop->in_turn = false;
		return ERR_IO;
	}
	begun_us = clock_us(CLOCK_MONOTONIC);
	loop->now_ms = begun_us / 1000;
	loop->turn++;
	run_handlers(loop, events, count);
	flush(loop);
	gather_next(loop, begun_us, count);
	sock_give_closed(loop);
	loop->in_turn = false;
	return 0;
}

int loop_run(struct loop *loop)
{
	int err = 0;

	while (!err && !atomic_load(&loop->stop))
		err = loop_turn(loop, -1);
	atomic_store(&loop->stop, false);
	return err;
}

/* Async-signal-safe. */
void loop_wake(struct loop *loop)
{
	const uint64_t one = 1;
	int saved = errno;

	if (!atomic_exchange(&loop->wake_pending, true) &&
	    write(loop->wake_fd, &one, sizeof(one)) < 0)
		atomic_store(&loop->wake_pending, false);
	errno = saved;
}

void loop_stop(struct loop *loop)
{
	atomic_store(&loop->stop, true);
	loop_wake(loop);
}
