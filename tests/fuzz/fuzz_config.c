/* Any text as opengate.yaml: it is a whole configuration, or one line says why not. */
#include "base/err.h"
#include "fuzz.h"
#include "main/config.h"

#include <string.h>

static void check_good(const struct config *c)
{
	char applied[1024], restart[1024];
	struct config live = *c;

	FUZZ_CHECK(c->domain[0] && c->data_dir[0] && c->listener_count > 0);
	FUZZ_CHECK(c->listener_count <= TRANSPORT_LISTENERS_MAX);
	FUZZ_CHECK(c->trusted_count <= TRUSTED_MAX);
	FUZZ_CHECK(c->expires_min_s <= c->expires_default_s);
	FUZZ_CHECK(c->expires_default_s <= c->expires_max_s);
	FUZZ_CHECK(c->media_port_first < c->media_port_last);
	FUZZ_CHECK(addr_is(&c->media4) || addr_is(&c->media6));
	config_apply(&live, c, applied, restart, sizeof(applied));
	FUZZ_CHECK(applied[0] == '\0' && restart[0] == '\0');
	FUZZ_CHECK(memcmp(&live, c, sizeof(live)) == 0);
}

/* A line for people: there, ended, and no way to write a second one. */
static void check_fault(const char *text, size_t bytes)
{
	size_t n = strnlen(text, bytes);

	FUZZ_CHECK(n > 0 && n < bytes && strchr(text, '\n') == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config c;
	char fault[CONFIG_FAULT_BYTES] = "";

	if (size > 16384)
		return 0;
	/* Of exactly that size, so that a sanitizer sees one byte too far. */
	char *copy = malloc(size ? size : 1);
	if (size)
		memcpy(copy, data, size);
	int rc = config_parse("og.yaml", slice_of(copy, size), &c, fault, sizeof(fault));
	FUZZ_CHECK(rc == 0 || rc == ERR_SYNTAX || rc == ERR_INVALID);
	if (rc)
		check_fault(fault, sizeof(fault));
	else
		check_good(&c);
	free(copy);
	return 0;
}
