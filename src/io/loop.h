/*
 * loop: the real io (io/io.h): epoll, recvmmsg, sendmmsg; one per shard thread. UDP sends are
 * queued per socket and flushed once per turn; TCP sockets use SO_REUSEPORT like the UDP ones,
 * TCP_NODELAY, and a bounded send queue.
 */
#pragma once

#include "io/io.h"

struct loop;

/* 0, ERR_NOMEM, ERR_LIMIT or ERR_IO. */
int loop_new(struct loop **ret_loop);
void loop_free(struct loop *loop);
struct io *loop_io(struct loop *loop);

/* Turns until loop_stop. 0 or ERR_IO. */
int loop_run(struct loop *loop);
/* One turn: waits at most max_wait_ms (less when on_turn asked for it). */
int loop_turn(struct loop *loop, int max_wait_ms);

/*
 * A turn that had something to do is followed by the next one not sooner than gather_us after its
 * beginning (0, the default: at once). What arrives meanwhile comes in one batch: being woken costs
 * more than handling a message. Who is idle is woken at once, so a lone message does not wait.
 */
void loop_set_gather(struct loop *loop, uint32_t gather_us);

/* From any thread, and from a signal handler: the loop's on_wake runs soon. Wake-ups between two
 * turns are one. */
void loop_wake(struct loop *loop);
/* From any thread: loop_run returns after the present turn. */
void loop_stop(struct loop *loop);
