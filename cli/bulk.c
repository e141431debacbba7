/* Many numbers at a time. */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_BYTES_MAX (64u << 20) /* what the server takes */

static char *read_all(FILE *f, size_t *ret_n)
{
	size_t n = 0, cap = 65536, got;
	char *all = malloc(cap);
	while (all && (got = fread(all + n, 1, cap - n, f)) > 0) {
		n += got;
		if (n < cap)
			continue;
		char *grown = n <= FILE_BYTES_MAX ? realloc(all, cap *= 2) : NULL;
		if (grown == NULL)
			free(all);
		all = grown;
	}
	*ret_n = n;
	return all;
}

char *read_file(const char *path, size_t *ret_n)
{
	FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	if (f == NULL) {
		complain("%s cannot be read: %s", path, strerror(errno));
		return NULL;
	}
	errno = 0;
	char *all = read_all(f, ret_n);
	if (all == NULL)
		complain("%s is larger than 64 MiB; import it in parts", path);
	if (all && ferror(f)) {
		complain("%s cannot be read: %s", path, strerror(errno));
		free(all);
		all = NULL;
	}
	if (f != stdin)
		fclose(f);
	return all;
}

FILE *make_secret_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fdopen(fd, "w");
	if (errno == EEXIST)
		complain("%s exists already; name a file that does not", path);
	else
		complain("%s cannot be made: %s", path, strerror(errno));
	return NULL;
}

static const char *text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));
	return text ? text : "";
}

static bool write_secrets(FILE *f, const json_t *passwords)
{
	size_t i;
	json_t *row;
	fputs("number,account,password\r\n", f);
	json_array_foreach(passwords, i, row)
	{
		fprintf(f, "%s,%s,%s\r\n", text_of(row, "number"), text_of(row, "account"),
			text_of(row, "password"));
	}
	bool good = fflush(f) == 0 && !ferror(f) && fsync(fileno(f)) == 0;
	return fclose(f) == 0 && good;
}

static void show_passwords(const json_t *passwords)
{
	static const struct column columns[] = {
		{"NUMBER", "number"}, {"ACCOUNT", "account"}, {"PASSWORD", "password"}};
	if (json_array_size(passwords))
		print_table(passwords, columns, COUNT(columns));
}

/* The file is written before anything is said to have been done. */
static int show_imported(const struct arguments *a, const json_t *answer, FILE *secrets,
			 const char *path)
{
	json_t *passwords = json_object_get(answer, "passwords");
	size_t made = json_array_size(passwords);
	int status = EXIT_DONE;
	if (secrets && !write_secrets(secrets, passwords)) {
		complain("%s cannot be written (%s); the numbers are imported and their passwords "
			 "follow here instead",
			 path, strerror(errno));
		status = EXIT_REFUSED;
		secrets = NULL;
	}
	if (a->json && secrets)
		printf("{\"imported\": %lld, \"passwords_made\": %zu}\n",
		       (long long)json_integer_value(json_object_get(answer, "imported")), made);
	else if (a->json)
		print_json(answer);
	if (a->json)
		return status;
	printf("%lld numbers imported\n",
	       (long long)json_integer_value(json_object_get(answer, "imported")));
	if (secrets)
		printf("%zu passwords were made and stand in %s\n", made, path);
	else
		show_passwords(passwords);
	return status;
}

int run_import(const struct command *c, const struct arguments *a)
{
	const char *path = flag_value(c, a, "--passwords");
	struct progress progress = {.shown = isatty(STDERR_FILENO) && !a->quiet};
	struct reply r = {0};
	size_t n;
	char *bytes = read_file(a->operands[0], &n);
	/* before anything is sent: the passwords exist nowhere else */
	FILE *secrets = bytes && path ? make_secret_file(path) : NULL;
	int status = EXIT_REFUSED;
	if (bytes && (secrets || !path)) {
		status = request_long(a, "POST", "/api/v1/import", bytes, n, &progress, &r);
		if (status == EXIT_DONE) {
			status = show_imported(a, r.json, secrets, path);
		} else if (secrets) {
			fclose(secrets);
			unlink(path);
		}
	}
	reply_free(&r);
	free(bytes);
	return status;
}

int run_export(const struct command *c, const struct arguments *a)
{
	struct progress progress = {
		.fixed = "receiving",
		.shown = isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO) && !a->quiet,
	};
	struct reply r;
	if (a->json)
		return run_number_list(c, a);
	int status = request_long(a, "GET", "/api/v1/export", NULL, 0, &progress, &r);
	if (status == EXIT_DONE)
		fwrite(r.text ? r.text : "", 1, r.n, stdout);
	reply_free(&r);
	return status;
}
