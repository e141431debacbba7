/* What is to come: a heap ordered by time, then by the order of putting in. */
#include "net_priv.h"

#include <stdio.h>
#include <stdlib.h>

void *sim_alloc(size_t bytes)
{
	void *p = calloc(1, bytes);
	if (!p) {
		fputs("simulation: out of memory\n", stderr);
		abort();
	}
	return p;
}

static bool earlier(const struct sim_event *a, const struct sim_event *b)
{
	return a->at_us != b->at_us ? a->at_us < b->at_us : a->serial < b->serial;
}

static void swap(struct sim_event **a, struct sim_event **b)
{
	struct sim_event *t = *a;
	*a = *b;
	*b = t;
}

static void sift_up(struct sim_net *net, size_t i)
{
	while (i > 0 && earlier(net->heap[i], net->heap[(i - 1) / 2])) {
		swap(&net->heap[i], &net->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
}

static void sift_down(struct sim_net *net)
{
	for (size_t i = 0;;) {
		size_t least = i, left = 2 * i + 1, right = left + 1;
		if (left < net->heap_n && earlier(net->heap[left], net->heap[least]))
			least = left;
		if (right < net->heap_n && earlier(net->heap[right], net->heap[least]))
			least = right;
		if (least == i)
			return;
		swap(&net->heap[i], &net->heap[least]);
		i = least;
	}
}

static void grow(struct sim_net *net)
{
	size_t cap = net->heap_cap ? 2 * net->heap_cap : 256;
	struct sim_event **heap = sim_alloc(cap * sizeof(*heap));
	if (net->heap_n)
		memcpy(heap, net->heap, net->heap_n * sizeof(*heap));
	free(net->heap);
	net->heap = heap;
	net->heap_cap = cap;
}

struct sim_event *sim_queue_add(struct sim_net *net, int64_t at_us, enum sim_event_kind kind,
				struct slice bytes)
{
	struct sim_event *ev = sim_alloc(sizeof(*ev) + bytes.n + 1);
	ev->at_us = at_us < net->now_us ? net->now_us : at_us;
	ev->serial = ++net->serial;
	ev->kind = kind;
	ev->n = bytes.n;
	if (bytes.n)
		memcpy(ev->bytes, bytes.p, bytes.n);
	if (net->heap_n == net->heap_cap)
		grow(net);
	net->heap[net->heap_n++] = ev;
	sift_up(net, net->heap_n - 1);
	return ev;
}

const struct sim_event *sim_queue_top(const struct sim_net *net)
{
	return net->heap_n ? net->heap[0] : NULL;
}

struct sim_event *sim_queue_take(struct sim_net *net, int64_t until_us)
{
	if (!net->heap_n || net->heap[0]->at_us > until_us)
		return NULL;
	struct sim_event *ev = net->heap[0];
	net->heap[0] = net->heap[--net->heap_n];
	sift_down(net);
	return ev;
}

void sim_queue_forget_io(struct sim_net *net, const struct sim_io *io)
{
	for (size_t i = 0; i < net->heap_n; i++) {
		if (net->heap[i]->io == io)
			net->heap[i]->io = NULL;
	}
}
