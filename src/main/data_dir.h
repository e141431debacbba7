/* data_dir: the directory of the data, made when it does not exist, and one server's alone. */
#pragma once

#include <stddef.h>

/* The lock lasts until *ret_fd is closed. 0, ERR_DENIED (not writable) or ERR_IN_USE (another
 * server has it), with a sentence. */
int data_dir_lock(const char *data_dir, int *ret_fd, char *ret_text, size_t text_bytes);
/* A secret of this installation in a file of its own there, drawn when there is none; for this user
 * only. 0 or an error with a sentence. */
int data_dir_secret(const char *data_dir, const char *name, void *bytes, size_t n, char *ret_text,
		    size_t text_bytes);
