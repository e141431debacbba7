/* Within main: what the server's files share. */
#pragma once

#include "main/server.h"

/* Those who emit events, beside the shards: each thread is a producer of its own. */
static inline uint32_t server_main_producer(const struct server *s)
{
	return s->shard_count;
}
static inline uint32_t server_writer_producer(const struct server *s)
{
	return s->shard_count + 1u;
}
static inline uint32_t server_keeper_producer(const struct server *s)
{
	return s->shard_count + 2u;
}
void server_emit(struct server *s, uint32_t producer, enum event_type type, const char *detail);

/* Steps of server_start, in this order but for the events, which come behind the data. 0, or an
 * error with its line. */
int server_open_data(struct server *s, char *ret_text, size_t text_bytes);
int server_open_directory(struct server *s, char *ret_text, size_t text_bytes);
int server_open_guard(struct server *s, char *ret_text, size_t text_bytes);
int server_open_keeper(struct server *s, char *ret_text, size_t text_bytes);
int server_open_trunks(struct server *s, char *ret_text, size_t text_bytes);
int server_open_shards(struct server *s, char *ret_text, size_t text_bytes);
