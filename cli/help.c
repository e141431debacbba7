#include "cli.h"

#include <string.h>

#define WIDTH 78

/* Words wrapped at WIDTH, each line indented. */
static void print_wrapped(FILE *to, const char *text, int indent)
{
	int column = 0;
	while (*text) {
		int n = (int)strcspn(text, " ");
		if (column && column + 1 + n > WIDTH) {
			fputc('\n', to);
			column = 0;
		}
		column += fprintf(to, "%*s%.*s", column ? 1 : indent, "", n, text);
		text += n;
		text += strspn(text, " ");
	}
	fputc('\n', to);
}

static void print_flag(FILE *to, const struct flag *f)
{
	char left[64];
	snprintf(left, sizeof(left), "%s%s%s", f->name, f->value ? " " : "",
		 f->value ? f->value : "");
	fprintf(to, "  %-24s %s%s\n", left, f->required ? "(needed) " : "", f->help);
}

const char *help_operands(const struct command *c)
{
	static char text[96];
	size_t n = 0;
	*text = '\0';
	for (int i = 0; i < OPERANDS_MAX && c->operands[i].name; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", i ? " " : "",
				      c->operands[i].name);
	return text;
}

static const char *title(const struct command *c)
{
	static char text[160];
	const char *operands = help_operands(c);
	snprintf(text, sizeof(text), "%s%s%s", command_name(c), *operands ? " " : "", operands);
	return text;
}

void help_command(const struct command *c, FILE *to)
{
	fprintf(to, "usage: opengatectl %s%s\n\n  %s\n", title(c),
		c->flags[0].name ? " [FLAGS]" : "", c->help);
	if (c->detail) {
		fputc('\n', to);
		print_wrapped(to, c->detail, 2);
	}
	fputc('\n', to);
	for (int i = 0; i < FLAGS_MAX && c->flags[i].name; i++)
		print_flag(to, &c->flags[i]);
	for (const struct flag *f = common_flags; f->name; f++)
		print_flag(to, f);
}

static void print_line(const struct command *c, FILE *to)
{
	fprintf(to, "  %-27s %s\n", title(c), c->help);
}

void help_group(char *const *words, int count, FILE *to)
{
	for (unsigned i = 0; i < command_count; i++)
		if (command_begins(&commands[i], words, count))
			print_line(&commands[i], to);
	fputs("\n'opengatectl help", to);
	for (int i = 0; i < count; i++)
		fprintf(to, " %s", words[i]);
	fputs(" COMMAND' says more.\n", to);
}

void help_all(FILE *to)
{
	fputs("usage: opengatectl [--config FILE] COMMAND ... [--json]\n\n", to);
	for (unsigned i = 0; i < command_count; i++)
		print_line(&commands[i], to);
	fputs("\n'opengatectl help COMMAND' says more, --version prints the version.\n"
	      "Exit status: 0 done; 1 refused, the reason on stderr; 2 wrong usage.\n",
	      to);
}

static json_t *flags_json(const struct flag *flags)
{
	json_t *all = json_array();
	for (int i = 0; i < FLAGS_MAX && flags[i].name; i++)
		json_array_append_new(all, json_pack("{s:s,s:s?,s:b,s:s}", "name", flags[i].name,
						     "value", flags[i].value, "required",
						     flags[i].required, "help", flags[i].help));
	return all;
}

void help_json(FILE *to)
{
	json_t *all = json_array();
	for (unsigned i = 0; i < command_count; i++) {
		const struct command *c = &commands[i];
		json_array_append_new(all, json_pack("{s:s,s:s,s:s,s:s?,s:o}", "name",
						     command_name(c), "operands", help_operands(c),
						     "help", c->help, "detail", c->detail, "flags",
						     flags_json(c->flags)));
	}
	json_t *o =
		json_pack("{s:o,s:o}", "commands", all, "common_flags", flags_json(common_flags));
	json_dumpf(o, to, JSON_INDENT(1));
	fputc('\n', to);
	json_decref(o);
}
