/* Call records in bulk, prices, statements. */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));
	return text ? text : "-";
}

/* ---- records ---- */

int run_records_export(const struct command *c, const struct arguments *a)
{
	char *path = query_of(c, a, "/api/v1/records/export");
	const char *format = flag_value(c, a, "--format");
	char *whole = NULL;
	if (path == NULL)
		return EXIT_USAGE;
	if (asprintf(&whole, "%s%s", path, a->json && !format ? "&format=json" : "") < 0)
		whole = NULL;
	int status = whole ? request_stream(a, whole, stdout) : EXIT_REFUSED;
	free(whole);
	free(path);
	return status;
}

/* The file is whole and on the disk, or there is none. */
static int export_before(const struct arguments *a, const char *before, const char *path)
{
	char *query = NULL;
	FILE *f = make_secret_file(path);
	if (f == NULL)
		return EXIT_REFUSED;
	if (asprintf(&query, "/api/v1/records/export?before=%s", before) < 0)
		query = NULL;
	int status = query ? request_stream(a, query, f) : EXIT_REFUSED;
	bool good = fflush(f) == 0 && !ferror(f) && fsync(fileno(f)) == 0;
	int why = errno;
	good &= fclose(f) == 0;
	if (!good)
		complain("%s cannot be written (%s); nothing was deleted", path, strerror(why));
	if (!good || status)
		unlink(path);
	free(query);
	return status ? status : good ? EXIT_DONE : EXIT_REFUSED;
}

/* Until the server has deleted them. */
static int follow(const struct arguments *a, struct reply *r)
{
	const struct timespec pause = {.tv_nsec = 200000000};
	int status = EXIT_DONE;
	while (status == EXIT_DONE && json_is_true(json_object_get(r->json, "running"))) {
		nanosleep(&pause, NULL);
		reply_free(r);
		status = request(a, "GET", "/api/v1/records/prune", NULL, r);
	}
	return status;
}

static int delete_before(const struct arguments *a, const char *before)
{
	struct reply r;
	int status = request(a, "POST", "/api/v1/records/prune",
			     json_pack("{s:s}", "before", before), &r);
	if (status == EXIT_DONE)
		status = follow(a, &r);
	bool failed = json_is_true(json_object_get(r.json, "failed"));
	long long deleted = json_integer_value(json_object_get(r.json, "deleted"));
	if (status == EXIT_DONE && a->json)
		print_json(r.json);
	else if (status == EXIT_DONE)
		printf("%lld records deleted\n", deleted);
	if (status == EXIT_DONE && failed)
		complain("the deletion ended early; look at the server's log, then do it again");
	reply_free(&r);
	return status ? status : failed ? EXIT_REFUSED : EXIT_DONE;
}

int run_records_prune(const struct command *c, const struct arguments *a)
{
	const char *before = flag_value(c, a, "--before"), *file = flag_value(c, a, "--export");
	bool without = flag_value(c, a, "--no-export") != NULL;
	if ((file != NULL) == without) {
		complain("name the file that they are written to with --export FILE, or give "
			 "--no-export");
		return EXIT_USAGE;
	}
	if (strspn(before, "0123456789-") != strlen(before)) {
		complain("--before takes a day like 2026-11-01, not \"%s\"", before);
		return EXIT_USAGE;
	}
	int status = file ? export_before(a, before, file) : EXIT_DONE;
	return status ? status : delete_before(a, before);
}

/* ---- prices ---- */

int run_prices_import(const struct command *c, const struct arguments *a)
{
	struct progress progress = {.fixed = "sending", .shown = false};
	struct reply r = {0};
	size_t n;
	char *bytes = read_file(a->operands[0], &n), *path = query_of(c, a, "/api/v1/prices");
	int status = EXIT_REFUSED;
	if (bytes && path)
		status = request_long(a, "POST", path, bytes, n, &progress, &r);
	if (status == EXIT_DONE && a->json)
		print_json(r.json);
	else if (status == EXIT_DONE)
		printf("%lld prices, in force from %s\n",
		       (long long)json_integer_value(json_object_get(r.json, "rows")),
		       text_of(r.json, "from"));
	reply_free(&r);
	free(path);
	free(bytes);
	return status;
}

static void print_prices(const json_t *o)
{
	static const struct column lists[] = {
		{"LIST", "id"}, {"FROM", "from"}, {"PRICES", "rows"}, {"IMPORTED", "imported_at"}};
	static const struct column prices[] = {
		{"PREFIX", "prefix"},	{"COUNTRY", "country"},	  {"NAME", "country_name"},
		{"CLASS", "class"},	{"YEN", "price_yen"},	  {"PER S", "unit_s"},
		{"FEE", "fee_yen"},	{"TAX %", "tax_percent"}, {"ROUNDING", "rounding"},
		{"FROM", "valid_from"}, {"TO", "valid_to"}};
	const json_t *rows = json_object_get(o, "prices");
	print_table(json_object_get(o, "lists"), lists, COUNT(lists));
	printf("\non %s:%s\n", text_of(o, "day"), json_array_size(rows) ? "" : " no list");
	if (json_array_size(rows))
		print_table(rows, prices, COUNT(prices));
}

int run_prices_show(const struct command *c, const struct arguments *a)
{
	char *path = query_of(c, a, "/api/v1/prices");
	struct reply r = {0};
	int status = path ? request(a, "GET", path, NULL, &r) : EXIT_USAGE;
	if (status == EXIT_DONE && a->json)
		print_json(r.json);
	else if (status == EXIT_DONE)
		print_prices(r.json);
	reply_free(&r);
	free(path);
	return status;
}

static void print_row(const json_t *row)
{
	static const char *const keys[] = {"prefix", "country", "class", "valid_from", "valid_to"};
	printf("%-12s %s yen each %lld s", "price", text_of(row, "price_yen"),
	       (long long)json_integer_value(json_object_get(row, "unit_s")));
	if (strcmp(text_of(row, "fee_yen"), "0") != 0)
		printf(" and %s yen for the call", text_of(row, "fee_yen"));
	printf(", rounded %s\n%-12s", text_of(row, "rounding"), "row for");
	size_t told = 0;
	for (int i = 0; i < COUNT(keys); i++) {
		const char *value = json_string_value(json_object_get(row, keys[i]));
		if (value)
			printf("%s %s %s", told++ ? "," : "", keys[i], value);
	}
	puts(told ? "" : " everything");
}

static void print_charge(const json_t *o)
{
	const json_t *row = json_object_get(o, "row");
	const char *country = json_string_value(json_object_get(o, "country_name"));
	bool on_net = json_is_true(json_object_get(o, "on_net"));
	printf("%-12s %s (%s)%s\n", "class", text_of(o, "class"), text_of(o, "class_ja"),
	       on_net ? ", on net" : "");
	if (country)
		printf("%-12s %s (%s)\n", "country", country, text_of(o, "country"));
	if (!json_is_object(row)) {
		printf("%-12s the list of that day has no row for it: it would not be charged\n",
		       "price");
		return;
	}
	print_row(row);
	printf("%-12s %s yen for %lld s, %lld units; tax %lld %% is added on the statement\n",
	       "cost", text_of(o, "charge_yen"),
	       (long long)json_integer_value(json_object_get(o, "seconds")),
	       (long long)json_integer_value(json_object_get(o, "units")),
	       (long long)json_integer_value(json_object_get(o, "tax_percent")));
}

int run_prices_check(const struct command *c, const struct arguments *a)
{
	char *path = query_of(c, a, "/api/v1/prices/check");
	struct reply r = {0};
	int status = path ? request(a, "GET", path, NULL, &r) : EXIT_USAGE;
	if (status == EXIT_DONE && a->json)
		print_json(r.json);
	else if (status == EXIT_DONE)
		print_charge(r.json);
	reply_free(&r);
	free(path);
	return status;
}

/* ---- statements ---- */

int run_statement(const struct command *c, const struct arguments *a)
{
	const char *format = flag_value(c, a, "--format");
	char *under = path_with("/api/v1/statements/", a->operands[0], "");
	char *path = under ? query_of(c, a, under) : NULL, *whole = NULL;
	free(under);
	if (path == NULL)
		return EXIT_USAGE;
	if (asprintf(&whole, "%s%s", path, format || a->json ? "" : "&format=text") < 0)
		whole = NULL;
	free(path);
	int status = EXIT_REFUSED;
	if (whole && (format ? strcmp(format, "json") == 0 : a->json))
		status = show_object(&(struct arguments){.config = a->config,
							 .json = true,
							 .timeout_ms = a->timeout_ms},
				     "GET", whole, NULL);
	else if (whole)
		status = request_stream(a, whole, stdout);
	free(whole);
	return status;
}
