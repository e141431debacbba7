/* Words and flags against the table; flags may stand anywhere behind the command's words, the
 * common ones anywhere. */
#include "cli.h"

#include "base/spell.h"

#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 30000

int command_words(const struct command *c)
{
	int n = 0;
	while (n < WORDS_MAX && c->words[n])
		n++;
	return n;
}

bool command_begins(const struct command *c, char *const *words, int count)
{
	if (count > command_words(c))
		return false;
	for (int i = 0; i < count; i++)
		if (strcmp(c->words[i], words[i]) != 0)
			return false;
	return true;
}

#define JOINED_BYTES 512

/* Cut where the text is full. */
static const char *join(const char *const *words, int count, char text[JOINED_BYTES])
{
	size_t n = 0;
	*text = '\0';
	for (int i = 0; i < count && n < JOINED_BYTES; i++)
		n += (size_t)snprintf(text + n, JOINED_BYTES - n, "%s%s", i ? " " : "", words[i]);
	return text;
}

const char *command_name(const struct command *c)
{
	static char name[JOINED_BYTES];
	return join(c->words, command_words(c), name);
}

const char *flag_value(const struct command *c, const struct arguments *a, const char *name)
{
	for (int i = 0; i < FLAGS_MAX && c->flags[i].name; i++) {
		if (strcmp(c->flags[i].name, name) == 0)
			return a->values[i];
	}
	return NULL;
}

/* "--name=value": only the name counts. */
static size_t name_length(const char *word)
{
	return strcspn(word, "=");
}

static const struct flag *find_flag(const struct flag *flags, int max, const char *word)
{
	size_t n = name_length(word);
	for (int i = 0; i < max && flags[i].name; i++) {
		if (strlen(flags[i].name) == n && strncmp(flags[i].name, word, n) == 0)
			return &flags[i];
	}
	return NULL;
}

static bool flag_is_common(const char *word, bool *ret_takes_value)
{
	const struct flag *f = find_flag(common_flags, FLAGS_MAX, word);
	*ret_takes_value = f && f->value && word[name_length(word)] == '\0';
	return f != NULL;
}

/* ---- which command ---- */

struct words {
	char *typed[WORDS_MAX];
	int count;
};

/* Some command's name goes on behind these words. */
static bool is_group(const struct words *w, int count)
{
	for (unsigned i = 0; i < command_count; i++)
		if (command_words(&commands[i]) > count &&
		    command_begins(&commands[i], w->typed, count))
			return true;
	return false;
}

/* The words of a group as far as they are right. */
static int group_depth(const struct words *w)
{
	int n = 0;
	while (n < w->count && is_group(w, n + 1))
		n++;
	return n;
}

static void complain_group(const struct words *w)
{
	char list[128] = "", group[JOINED_BYTES];
	const char *last = "";
	for (unsigned i = 0; i < command_count; i++) {
		const struct command *c = &commands[i];
		size_t n = strlen(list);
		if (command_words(c) <= w->count || !command_begins(c, w->typed, w->count) ||
		    strcmp(c->words[w->count], last) == 0)
			continue;
		last = c->words[w->count];
		snprintf(list + n, sizeof(list) - n, "%s%s", n ? ", " : "", last);
	}
	complain("\"%s\" alone is no command; one of these goes with it: %s",
		 join((const char *const *)w->typed, w->count, group), list);
}

/* How far the command's name is from what was typed; false: too far to be meant. */
static bool is_near(const struct command *c, const struct words *w, unsigned *ret_distance)
{
	unsigned d = 0;
	for (int i = 0; i < command_words(c); i++) {
		struct slice word = slice_str(c->words[i]);
		struct slice typed = slice_str(i < w->count ? w->typed[i] : "");
		if (!spell_is_near(typed, word))
			return false;
		d += spell_distance(typed, word);
	}
	*ret_distance = d;
	return true;
}

/* The known command that is spelt most like it, or NULL. */
static const struct command *nearest(const struct words *w)
{
	const struct command *best = NULL;
	unsigned best_distance = 0, d;
	for (unsigned i = 0; i < command_count; i++) {
		const struct command *c = &commands[i];
		if (!is_near(c, w, &d) || (best && d >= best_distance))
			continue;
		best = c;
		best_distance = d;
	}
	return best;
}

/* "number" for "numbr", when what follows helps no further. */
static const char *nearest_group(const char *first)
{
	for (unsigned i = 0; i < command_count; i++)
		if (spell_is_near(slice_str(first), slice_str(commands[i].words[0])))
			return commands[i].words[0];
	return NULL;
}

static void complain_unknown(const struct words *w)
{
	const struct command *c = nearest(w);
	int depth = group_depth(w);
	int shown = c ? command_words(c) : depth + 1;
	char text[JOINED_BYTES];
	const char *typed =
		join((const char *const *)w->typed, shown < w->count ? shown : w->count, text);
	const char *meant = c ? command_name(c) : depth ? NULL : nearest_group(w->typed[0]);
	if (meant)
		complain("there is no command \"%s\"; did you mean \"%s\"?", typed, meant);
	else
		complain("there is no command \"%s\"; see 'opengatectl help'", typed);
}

/* With the longest name that the words spell. */
static const struct command *lookup(const struct words *w)
{
	const struct command *best = NULL;
	for (unsigned i = 0; i < command_count; i++) {
		const struct command *c = &commands[i];
		int n = command_words(c);
		if (n <= w->count && command_begins(c, w->typed, n) &&
		    (best == NULL || n > command_words(best)))
			best = c;
	}
	return best;
}

int parse_words(char **argv, int argc, char **ret_words, int max)
{
	int n = 0;
	for (int i = 1; i < argc && n < max; i++) {
		bool takes_value;
		if (argv[i][0] != '-' || argv[i][1] == '\0')
			ret_words[n++] = argv[i];
		else if (flag_is_common(argv[i], &takes_value) && takes_value)
			i++;
	}
	return n;
}

static bool has_word(char **argv, int argc, const char *word)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], word) == 0)
			return true;
	return false;
}

const struct command *parse_command(char **argv, int argc, int *ret_status)
{
	struct words w = {0};
	w.count = parse_words(argv, argc, w.typed, WORDS_MAX);
	const struct command *c = lookup(&w);
	*ret_status = EXIT_USAGE;
	if (c)
		return c;
	bool help = has_word(argv, argc, "--help") || has_word(argv, argc, "-h");
	bool group = w.count && is_group(&w, w.count);
	if (w.count == 0 && help) {
		help_all(stdout);
		*ret_status = EXIT_DONE;
	} else if (w.count == 0) {
		complain("which command? 'opengatectl help' lists them");
	} else if (group && help) {
		help_group(w.typed, w.count, stdout);
		*ret_status = EXIT_DONE;
	} else if (group) {
		complain_group(&w);
	} else {
		complain_unknown(&w);
	}
	return NULL;
}

/* ---- its flags and operands ---- */

static int unknown_flag(const struct command *c, const char *word)
{
	int n = (int)name_length(word);
	const struct flag *sets[] = {c->flags, common_flags};
	for (int s = 0; s < 2; s++) {
		for (int i = 0; i < FLAGS_MAX && sets[s][i].name; i++) {
			if (!spell_is_near(slice_of(word, (size_t)n), slice_str(sets[s][i].name)))
				continue;
			complain("%s has no flag %.*s; did you mean %s?", command_name(c), n, word,
				 sets[s][i].name);
			return EXIT_USAGE;
		}
	}
	complain("%s has no flag %.*s; 'opengatectl help %s' lists them", command_name(c), n, word,
		 command_name(c));
	return EXIT_USAGE;
}

static int take_timeout(const char *value, struct arguments *a)
{
	char *end;
	double seconds = strtod(value, &end);
	if (*value == '\0' || *end || !(seconds >= 0.01 && seconds <= 86400)) {
		complain("--timeout takes seconds from 0.01 to 86400, not \"%s\"", value);
		return EXIT_USAGE;
	}
	a->timeout_ms = (long)(seconds * 1000);
	return 0;
}

static int take_common(const struct flag *f, const char *value, struct arguments *a)
{
	if (strcmp(f->name, "--config") == 0)
		a->config = value;
	else if (strcmp(f->name, "--json") == 0)
		a->json = true;
	else if (strcmp(f->name, "--quiet") == 0)
		a->quiet = true;
	else if (strcmp(f->name, "--help") == 0)
		a->help = true;
	else
		return take_timeout(value, a);
	return 0;
}

static int take_value(const struct flag *f, int place, const char *value, struct arguments *a)
{
	if (a->values[place] == NULL) {
		a->values[place] = value;
		return 0;
	}
	if (f->kind == KIND_LIST && a->more_count < MORE_MAX) {
		a->more[a->more_count].flag = place;
		a->more[a->more_count++].value = value;
		return 0;
	}
	complain(f->kind == KIND_LIST ? "%s is given too often" : "%s is given twice", f->name);
	return EXIT_USAGE;
}

/* The flag at argv[*i]; steps over its value. */
static int take_flag(const struct command *c, char **argv, int argc, int *i, struct arguments *a)
{
	const char *word = strcmp(argv[*i], "-h") == 0 ? "--help" : argv[*i];
	const struct flag *own = find_flag(c->flags, FLAGS_MAX, word);
	const struct flag *f = own ? own : find_flag(common_flags, FLAGS_MAX, word);
	const char *equals = strchr(word, '='), *value = "";
	if (f == NULL)
		return unknown_flag(c, word);
	if (f->value == NULL && equals) {
		complain("%s takes no value", f->name);
		return EXIT_USAGE;
	}
	if (f->value)
		value = equals ? equals + 1 : *i + 1 < argc ? argv[++*i] : NULL;
	if (value == NULL) {
		complain("%s needs a value: %s %s", f->name, f->name, f->value);
		return EXIT_USAGE;
	}
	if (!slice_is_utf8(slice_str(value)) && f->kind != KIND_FILE) {
		complain("the value of %s is not UTF-8; set the terminal to UTF-8", f->name);
		return EXIT_USAGE;
	}
	if (own == NULL)
		return take_common(f, value, a);
	return take_value(f, (int)(own - c->flags), value, a);
}

/* "calls hangpu": "calls" alone is a command too. */
static const struct command *nearest_of_group(const struct command *group, const char *word)
{
	int n = command_words(group);
	for (unsigned i = 0; i < command_count; i++) {
		const struct command *c = &commands[i];
		if (command_words(c) > n && command_begins(c, (char *const *)group->words, n) &&
		    spell_is_near(slice_str(word), slice_str(c->words[n])))
			return c;
	}
	return NULL;
}

static int too_many(const struct command *c, const char *word)
{
	const struct command *other = nearest_of_group(c, word);
	char name[64];
	snprintf(name, sizeof(name), "%s", command_name(c));
	if (other)
		complain("there is no command \"%s %s\"; did you mean \"%s\"?", name, word,
			 command_name(other));
	else
		complain("%s takes %s; \"%s\" is too much", name,
			 c->operands[0].name ? help_operands(c) : "no operand", word);
	return EXIT_USAGE;
}

static int take_operand(const struct command *c, const char *word, struct arguments *a)
{
	int i = 0;
	while (i < OPERANDS_MAX && a->operands[i])
		i++;
	const struct operand *o = i < OPERANDS_MAX ? &c->operands[i] : NULL;
	if (o == NULL || o->name == NULL)
		return too_many(c, word);
	if (*word == '\0') {
		complain("%s is empty", o->name);
		return EXIT_USAGE;
	}
	if (o->kind != KIND_FILE && !slice_is_utf8(slice_str(word))) {
		complain("%s is not UTF-8; set the terminal to UTF-8", o->name);
		return EXIT_USAGE;
	}
	a->operands[i] = word;
	return 0;
}

static int check_needed(const struct command *c, const struct arguments *a)
{
	for (int i = 0; i < OPERANDS_MAX && c->operands[i].name; i++) {
		if (!c->operands[i].needed || a->operands[i])
			continue;
		complain("%s needs %s; see 'opengatectl help %s'", command_name(c),
			 c->operands[i].name, command_name(c));
		return EXIT_USAGE;
	}
	for (int i = 0; i < FLAGS_MAX && c->flags[i].name; i++) {
		const struct flag *f = &c->flags[i];
		if (!f->required || a->values[i])
			continue;
		complain("%s needs %s %s: %s", command_name(c), f->name, f->value, f->help);
		return EXIT_USAGE;
	}
	return 0;
}

int parse_arguments(const struct command *c, char **argv, int argc, struct arguments *a)
{
	int words = command_words(c), status = 0;
	bool flags = true;
	*a = (struct arguments){.timeout_ms = TIMEOUT_MS};
	for (int i = 1; i < argc && status == 0; i++) {
		if (flags && strcmp(argv[i], "--") == 0)
			flags = false;
		else if (flags && argv[i][0] == '-' && argv[i][1])
			status = take_flag(c, argv, argc, &i, a);
		else if (words > 0)
			words--;
		else
			status = take_operand(c, argv[i], a);
	}
	return status || a->help ? status : check_needed(c, a);
}
