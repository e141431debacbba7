/* The keys for people; the manual page is made of the same lines. */
#include "main/config_priv.h"

#include <stdio.h>

void config_help(FILE *to)
{
	for (size_t i = 0; i < config_key_count; i++) {
		const struct config_key *key = &config_keys[i];

		if (key->fallback)
			fprintf(to, "%s (default: %s)%s\n", key->name,
				*key->fallback ? key->fallback : "none",
				key->live ? " [live]" : "");
		else
			fprintf(to, "%s (required)\n", key->name);
		fprintf(to, "    %s\n", key->help);
	}
}
