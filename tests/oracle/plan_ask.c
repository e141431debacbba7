/* The verdict of our plan for each line of standard input: class, reason, E.164 form, country,
 * separated by tabs. */
#include "policy/plan.h"

#include <stdio.h>

int main(void)
{
	static const struct plan_line line = {.international = true};
	char text[256];
	while (fgets(text, sizeof(text), stdin)) {
		struct plan_verdict v;
		struct slice dialled = slice_trim(slice_str(text));
		plan_check(&line, dialled, &v);
		printf("%.*s\t%s\t%s\t%s\t%s\n", SLICE_ARG(dialled), plan_class_word(v.class),
		       plan_reason_info(v.reason)->word, v.e164, v.country ? v.country->id : "");
	}
	return 0;
}
