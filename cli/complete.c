/*
 * Shell completion. The scripts are thin: they hand the words typed so far to
 * 'opengatectl __complete', which answers with one candidate a line, and a tab and a description
 * where there is one. ":files" asks the shell for file names.
 */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

#define ASK_TIMEOUT_MS 1000 /* nobody waits longer for a Tab */

static void offer(const char *typed, const char *word, const char *help)
{
	if (strncmp(word, typed, strlen(typed)) == 0)
		printf("%s%s%s\n", word, help ? "\t" : "", help ? help : "");
}

/* A list that the server has, silently nothing when it does not answer. */
static void offer_list(const struct arguments *a, const char *typed, const char *path,
		       const char *key, const char *word_key, const char *help_key)
{
	struct arguments quick = *a;
	struct reply r;
	size_t i;
	json_t *row;
	quick.silent = true;
	quick.timeout_ms = ASK_TIMEOUT_MS;
	if (request(&quick, "GET", path, NULL, &r) == EXIT_DONE) {
		json_array_foreach(json_object_get(r.json, key), i, row)
		{
			const char *help = json_string_value(json_object_get(row, help_key));
			char text[128];
			snprintf(text, sizeof(text), "%s", help ? help : "");
			make_plain(text);
			offer(typed, json_string_value(json_object_get(row, word_key)), text);
		}
	}
	reply_free(&r);
}

/* A few of those that begin with what is typed; there may be a million. What comes right before all
 * of them is the same with one less in its last place, and then the highest character. */
static void offer_numbers(const struct arguments *a, const char *typed)
{
	char after[32], path[128];
	size_t n = strlen(typed);
	if (n + 2 > sizeof(after) || strspn(typed, "0123456789") != n)
		return;
	memcpy(after, typed, n + 1);
	if (n) {
		after[n - 1]--;
		strcpy(after + n, "~");
	}
	char *escaped = url_escape(after);
	snprintf(path, sizeof(path), "/api/v1/numbers?limit=200&after=%s", escaped ? escaped : "");
	offer_list(a, typed, path, "numbers", "number", "customer");
	free(escaped);
}

static void offer_kind(const struct arguments *a, enum kind kind, const char *typed)
{
	switch (kind) {
	case KIND_SWITCH:
		offer(typed, "on", NULL);
		offer(typed, "off", NULL);
		break;
	case KIND_POLICY:
		offer(typed, "newest", "the newer phone replaces the older");
		offer(typed, "fork", "all ring");
		offer(typed, "reject", "the older phone stays");
		break;
	case KIND_FORMAT:
		offer(typed, "national", "0312345678");
		offer(typed, "e164", "81312345678");
		offer(typed, "plus", "+81312345678");
		break;
	case KIND_TRANSPORT:
		offer(typed, "udp", NULL);
		offer(typed, "tcp", NULL);
		break;
	case KIND_SHELL:
		offer(typed, "bash", NULL);
		offer(typed, "zsh", NULL);
		break;
	case KIND_FILE:
	case KIND_SECRET_FILE:
		puts(":files");
		break;
	case KIND_NUMBER:
		offer_numbers(a, typed);
		break;
	case KIND_CUSTOMER:
		offer_list(a, typed, "/api/v1/customers", "customers", "code", "name");
		break;
	case KIND_TRUNK:
		offer_list(a, typed, "/api/v1/trunks", "trunks", "name", "host");
		break;
	case KIND_CALL:
		offer_list(a, typed, "/api/v1/calls", "calls", "id", "from");
		break;
	case KIND_STATE:
		offer(typed, "pending", "waits for the operator");
		offer(typed, "approved", NULL);
		offer(typed, "rejected", NULL);
		offer(typed, "withdrawn", NULL);
		break;
	case KIND_CLASS:
		offer_list(a, typed, "/api/v1/plan", "table", "class", "class_ja");
		break;
	case KIND_COUNTRY:
		offer_list(a, typed, "/api/v1/plan", "countries", "id", "name");
		break;
	case KIND_FORWARD:
		offer(typed, "unconditional", "always; before all others");
		offer(typed, "busy", NULL);
		offer(typed, "no-answer", "after the ring time");
		offer(typed, "not-registered", "no telephone is registered");
		offer(typed, "deflection", "the telephone names the target itself");
		break;
	case KIND_REJECT:
		offer(typed, "reject", NULL);
		offer(typed, "accept", NULL);
		break;
	case KIND_ROW:
		for (char row[] = "1"; *row <= '5'; ++*row)
			offer(typed, row, NULL);
		break;
	case KIND_PHONE:
		offer(typed, "registered", "and free");
		offer(typed, "busy", NULL);
		offer(typed, "no-answer", NULL);
		offer(typed, "unregistered", NULL);
		break;
	case KIND_NONE:
	case KIND_TEXT:
	case KIND_LIST:
	case KIND_SECRET:
	case KIND_COUNT:
		break;
	}
}

/* What has been typed before the word in the making. */
struct typed {
	char *words[WORDS_MAX];
	int word_count, operand_count;
	const struct command *command;
	const struct flag *open; /* a flag that waits for its value */
	bool given[FLAGS_MAX];
	struct arguments args;
};

static bool begins_some(char *const *words, int count)
{
	for (unsigned i = 0; i < command_count; i++)
		if (command_begins(&commands[i], words, count))
			return true;
	return false;
}

static const struct command *exact(char *const *words, int count)
{
	for (unsigned i = 0; i < command_count; i++)
		if (command_words(&commands[i]) == count &&
		    command_begins(&commands[i], words, count))
			return &commands[i];
	return NULL;
}

static void take_flag(struct typed *t, const char *word)
{
	const struct flag *sets[] = {common_flags, t->command ? t->command->flags : NULL};
	for (int s = 0; s < 2; s++) {
		for (int i = 0; sets[s] && i < FLAGS_MAX && sets[s][i].name; i++) {
			const struct flag *f = &sets[s][i];
			if (strcmp(f->name, word) != 0)
				continue;
			if (s == 1)
				t->given[i] = true;
			t->open = f->value ? f : NULL;
		}
	}
}

static void take_word(struct typed *t, char *word)
{
	int n = t->word_count;
	if (n < WORDS_MAX && t->operand_count == 0) {
		t->words[n] = word;
		if (begins_some(t->words, n + 1)) {
			t->word_count = n + 1;
			t->command = exact(t->words, n + 1);
			return;
		}
	}
	t->operand_count++;
}

static void read_typed(char **words, int count, struct typed *t)
{
	*t = (struct typed){0};
	for (int i = 0; i < count; i++) {
		if (t->open) {
			if (strcmp(t->open->name, "--config") == 0)
				t->args.config = words[i];
			t->open = NULL;
		} else if (words[i][0] == '-' && words[i][1]) {
			take_flag(t, words[i]);
		} else {
			take_word(t, words[i]);
		}
	}
}

static void offer_commands(const struct typed *t, const char *typed)
{
	const char *last = "";
	int at = t->word_count;
	for (unsigned i = 0; i < command_count; i++) {
		const struct command *c = &commands[i];
		if (command_words(c) <= at || !command_begins(c, t->words, at) ||
		    strcmp(c->words[at], last) == 0)
			continue;
		last = c->words[at];
		offer(typed, last, command_words(c) == at + 1 ? c->help : NULL);
	}
	if (at == 0)
		offer(typed, "help", "what there is, or one command in detail");
}

static void offer_flags(const struct typed *t, const char *typed)
{
	for (int i = 0; t->command && i < FLAGS_MAX && t->command->flags[i].name; i++) {
		if (!t->given[i] || t->command->flags[i].kind == KIND_LIST)
			offer(typed, t->command->flags[i].name, t->command->flags[i].help);
	}
	for (const struct flag *f = common_flags; f->name; f++)
		offer(typed, f->name, f->help);
	if (t->word_count == 0)
		offer(typed, "--version", "print the version");
}

int complete(char **words, int count)
{
	const char *typed = count > 0 ? words[count - 1] : "";
	int before = count > 0 ? count - 1 : 0;
	struct typed t;
	bool help = before > 0 && strcmp(words[0], "help") == 0;
	read_typed(words + help, before - help, &t);
	if (t.open)
		offer_kind(&t.args, t.open->kind, typed);
	else if (*typed == '-')
		offer_flags(&t, typed);
	else if (t.operand_count == 0)
		offer_commands(&t, typed);
	if (t.command && t.operand_count < OPERANDS_MAX && t.open == NULL && *typed != '-' && !help)
		offer_kind(&t.args, t.command->operands[t.operand_count].kind, typed);
	return EXIT_DONE;
}

static const char bash_script[] =
	"# bash completion for opengatectl\n"
	"_opengatectl() {\n"
	"\tlocal line IFS=$'\\n'\n"
	"\tCOMPREPLY=()\n"
	"\twhile IFS= read -r line; do\n"
	"\t\tif [[ $line == :files ]]; then\n"
	"\t\t\tCOMPREPLY=($(compgen -f -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
	"\t\telse\n"
	"\t\t\tCOMPREPLY+=(\"${line%%$'\\t'*}\")\n"
	"\t\tfi\n"
	"\tdone < <(\"${COMP_WORDS[0]}\" __complete \"${COMP_WORDS[@]:1:COMP_CWORD}\" "
	"2>/dev/null)\n"
	"}\n"
	"complete -o filenames -F _opengatectl opengatectl\n";

static const char zsh_script[] =
	"#compdef opengatectl\n"
	"_opengatectl() {\n"
	"\tlocal line word\n"
	"\tlocal -a words_found shown\n"
	"\tfor line in \"${(@f)$(\"${words[1]}\" __complete \"${(@)words[2,CURRENT]}\" "
	"2>/dev/null)}\"; do\n"
	"\t\t[[ -n $line ]] || continue\n"
	"\t\tif [[ $line == :files ]]; then\n"
	"\t\t\t_files\n"
	"\t\t\treturn\n"
	"\t\tfi\n"
	"\t\tword=${line%%$'\\t'*}\n"
	"\t\twords_found+=(\"$word\")\n"
	"\t\tif [[ $line == *$'\\t'* ]]; then\n"
	"\t\t\tshown+=(\"$word  -- ${line#*$'\\t'}\")\n"
	"\t\telse\n"
	"\t\t\tshown+=(\"$word\")\n"
	"\t\tfi\n"
	"\tdone\n"
	"\t(( ${#words_found} )) && compadd -l -d shown -a words_found\n"
	"}\n"
	"if [[ ${funcstack[1]} == _opengatectl ]]; then\n"
	"\t_opengatectl \"$@\"\n"
	"else\n"
	"\tcompdef _opengatectl opengatectl\n"
	"fi\n";

int run_completion(const struct command *c, const struct arguments *a)
{
	(void)c;
	if (strcmp(a->operands[0], "bash") == 0) {
		fputs(bash_script, stdout);
		return EXIT_DONE;
	}
	if (strcmp(a->operands[0], "zsh") == 0) {
		fputs(zsh_script, stdout);
		return EXIT_DONE;
	}
	complain("completion is there for bash and zsh, not for \"%s\"", a->operands[0]);
	return EXIT_USAGE;
}
