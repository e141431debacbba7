#include "net/net_priv.h"
#include "script/script.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

struct reader {
	struct script *s;
	struct script_case *last_case;
	struct script_line **tail; /* where the next line goes */
	struct script_line *last;
	int no;
	bool bad;
};

static void complain(struct reader *rd, const char *what)
{
	fprintf(stderr, "%s:%d: %s\n", rd->s->file, rd->no, what);
	rd->bad = true;
}

static char *copy(const char *text)
{
	char *p = sim_alloc(strlen(text) + 1);
	strcpy(p, text);
	return p;
}

static struct script_line *line_add(struct reader *rd)
{
	struct script_line *l = sim_alloc(sizeof(*l));
	l->no = rd->no;
	*rd->tail = l;
	rd->tail = &l->next;
	return l;
}

/* A word ends at a blank outside of quotes; the quotes go. */
static char *word_cut(char **text)
{
	char *p = *text, *to, *word;
	bool quoted = false;
	while (isspace((unsigned char)*p))
		p++;
	word = to = p;
	while (*p && (quoted || !isspace((unsigned char)*p))) {
		if (*p == '"')
			quoted = !quoted;
		else
			*to++ = *p;
		p++;
	}
	*text = *p ? p + 1 : p;
	*to = 0;
	return word;
}

static bool blank(const char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	return *text == 0;
}

/* "@1500 taro bye" */
static void read_time(struct reader *rd, struct script_line *l, const char *word)
{
	char *end;
	l->has_time = true;
	l->at_ms = strtoll(word + 1, &end, 10);
	if (*end || end == word + 1)
		complain(rd, "a time is @ and milliseconds");
}

static void read_statement(struct reader *rd, char *text)
{
	struct script_line *l = line_add(rd);
	rd->last = l;
	while (!blank(text)) {
		const char *word = word_cut(&text);
		if (l->word_n == 0 && !l->has_time && word[0] == '@')
			read_time(rd, l, word);
		else if (l->word_n == SCRIPT_WORDS_MAX)
			complain(rd, "too many words");
		else
			l->words[l->word_n++] = copy(word);
		if (rd->bad)
			return;
	}
	if (l->word_n == 0)
		complain(rd, "nothing is said");
}

static void read_more(struct reader *rd, const char *text)
{
	if (!rd->last) {
		complain(rd, "'>' belongs to a line before it");
		return;
	}
	if (*text == ' ')
		text++;
	const size_t had = rd->last->more ? strlen(rd->last->more) : 0;
	char *more = sim_alloc(had + strlen(text) + 3);
	if (had)
		strcpy(more, rd->last->more);
	strcpy(more + had, text);
	strcat(more + had, "\r\n");
	free(rd->last->more);
	rd->last->more = more;
}

static void read_check(struct reader *rd, const char *text)
{
	struct script_line *l = line_add(rd);
	while (isspace((unsigned char)*text))
		text++;
	l->is_check = true;
	l->check = copy(text);
	rd->last = NULL;
}

static void read_case(struct reader *rd, char *text)
{
	struct script_case *c = sim_alloc(sizeof(*c));
	while (isspace((unsigned char)*text))
		text++;
	c->name = copy(text);
	c->no = rd->no;
	if (rd->last_case)
		rd->last_case->next = c;
	else
		rd->s->cases = c;
	rd->last_case = c;
	rd->tail = &c->lines;
	rd->last = NULL;
}

static void read_line(struct reader *rd, char *text)
{
	size_t n = strlen(text);
	while (n && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		text[--n] = 0;
	while (*text == '\t' || *text == ' ')
		text++;
	if (*text == '>') {
		read_more(rd, text + 1);
	} else if (*text == '|') {
		read_check(rd, text + 1);
	} else if (blank(text) || *text == '#') {
		return;
	} else if (strncmp(text, "case ", 5) == 0) {
		read_case(rd, text + 5);
	} else {
		read_statement(rd, text);
	}
}

struct script *script_load(const char *file)
{
	struct script *s = sim_alloc(sizeof(*s));
	struct reader rd = {.s = s, .tail = &s->preamble};
	char line[SCRIPT_LINE_BYTES];
	s->file = copy(file);
	FILE *f = fopen(file, "r");
	if (!f) {
		fprintf(stderr, "%s: %s\n", file, strerror(errno));
		script_free(s);
		return NULL;
	}
	while (!rd.bad && fgets(line, sizeof(line), f)) {
		rd.no++;
		if (strlen(line) == sizeof(line) - 1)
			complain(&rd, "the line is too long");
		read_line(&rd, line);
	}
	fclose(f);
	if (!rd.bad && !s->cases)
		complain(&rd, "there is no case");
	if (!rd.bad)
		return s;
	script_free(s);
	return NULL;
}

static void lines_free(struct script_line *l)
{
	while (l) {
		struct script_line *next = l->next;
		for (uint32_t i = 0; i < l->word_n; i++)
			free(l->words[i]);
		free(l->check);
		free(l->more);
		free(l);
		l = next;
	}
}

void script_free(struct script *s)
{
	if (!s)
		return;
	lines_free(s->preamble);
	while (s->cases) {
		struct script_case *c = s->cases;
		s->cases = c->next;
		lines_free(c->lines);
		free(c->name);
		free(c);
	}
	free(s->file);
	free(s);
}
