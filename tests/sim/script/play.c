/* play FILE...: every case of the scenario files is one line of TAP. With --only TEXT, those whose
 * name holds TEXT. */
#include "script/script.h"

#include <stdlib.h>

struct tally {
	const char *only;
	int n, failed;
};

static void play(struct tally *t, const struct script *s)
{
	for (const struct script_case *c = s->cases; c; c = c->next) {
		if (t->only && !strstr(c->name, t->only))
			continue;
		const bool ok = script_run(s, c, stdout);
		t->n++;
		t->failed += !ok;
		printf("%sok %d - %s\n", ok ? "" : "not ", t->n, c->name);
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	struct tally t = {0};
	printf("TAP version 13\n");
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--only") == 0 && i + 1 < argc) {
			t.only = argv[++i];
			continue;
		}
		struct script *s = script_load(argv[i]);
		if (!s)
			return 2;
		play(&t, s);
		script_free(s);
	}
	printf("1..%d\n", t.n);
	return t.failed || t.n == 0 ? 1 : 0;
}
