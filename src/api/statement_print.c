/* A statement as JSON, CSV and text. Amounts are printed as they are summed: exact in the lines,
 * whole yen below. */
#include "api/statement_priv.h"

/* ---- what a line is called ---- */

static const char *line_name(const struct statement_calls *l, bool japanese)
{
	if (l->on_net)
		return japanese ? "網内通話" : "on net";
	if (l->country)
		return japanese ? l->country->name_ja : l->country->name_en;
	return japanese ? plan_class_ja(l->class) : plan_class_word(l->class);
}

/* "12:34:56"; of many calls hours go on. */
static void time_text(int64_t ms, char text[32])
{
	int64_t s = (ms + 999) / 1000;
	snprintf(text, 32, "%lld:%02d:%02d", (long long)(s / 3600), (int)(s / 60 % 60),
		 (int)(s % 60));
}

/* ---- JSON ---- */

static json_t *yen_json(int64_t uyen)
{
	char text[MONEY_CHARS];
	money_text(uyen, text);
	return json_string(text);
}

static json_t *calls_json(const struct statement *s)
{
	json_t *rows = json_array();
	for (size_t i = 0; i < s->calls_count; i++) {
		const struct statement_calls *l = &s->calls[i];
		json_array_append_new(
			rows,
			json_pack("{s:s,s:s,s:s,s:s?,s:s?,s:s?,s:b,s:I,s:f,s:b,s:o,s:i}", "number",
				  l->number, "class", plan_class_word(l->class), "class_ja",
				  plan_class_ja(l->class), "country",
				  l->country ? l->country->id : NULL, "country_name",
				  l->country ? l->country->name_en : NULL, "country_name_ja",
				  l->country ? l->country->name_ja : NULL, "on_net", l->on_net,
				  "calls", (json_int_t)l->calls, "seconds",
				  (double)l->talk_ms / 1000, "priced", l->priced, "charge_yen",
				  yen_json(l->uyen), "tax_percent", (int)l->tax_percent));
	}
	return rows;
}

static json_t *channels_json(const struct statement *s)
{
	json_t *rows = json_array();
	for (size_t i = 0; i < s->channels_count; i++) {
		const struct statement_channels *l = &s->channels[i];
		json_array_append_new(
			rows, json_pack("{s:s,s:i,s:i,s:i,s:o,s:i}", "number", l->number,
					"channels", (int)l->fee.channels, "days", (int)l->fee.days,
					"channel_days", (int)l->fee.channel_days, "fee_yen",
					yen_json(l->fee.uyen), "tax_percent", RATING_TAX_PERCENT));
	}
	return rows;
}

static json_t *sums_json(const struct statement *s)
{
	json_t *rows = json_array();
	for (size_t i = 0; i < s->sum_count; i++)
		json_array_append_new(rows, json_pack("{s:i,s:I,s:I}", "tax_percent",
						      (int)s->sums[i].tax_percent, "net_yen",
						      (json_int_t)s->sums[i].net_yen, "tax_yen",
						      (json_int_t)s->sums[i].tax_yen));
	return rows;
}

json_t *bill_json(const struct bill *b)
{
	const struct statement *s = &b->statement;
	char month[MONTH_CHARS + 1];
	day_month_text(b->month, month);
	return json_pack("{s:s,s:o,s:s,s:b,s:s,s:o,s:o,s:o,s:I,s:I,s:I,s:I}", "customer", b->code,
			 "name", json_slice(slice_str(b->name)), "month", month, "complete",
			 b->whole, "currency", "JPY", "calls", calls_json(s), "channel_up",
			 channels_json(s), "taxes", sums_json(s), "net_yen", (json_int_t)s->net_yen,
			 "tax_yen", (json_int_t)s->tax_yen, "total_yen", (json_int_t)s->total_yen,
			 "unpriced_calls", (json_int_t)s->unpriced);
}

/* ---- CSV: one kind of line after the other, told apart by the first column ---- */

static void csv_calls(FILE *f, const struct statement_calls *l)
{
	char yen[MONEY_CHARS];
	money_text(l->uyen, yen);
	fprintf(f, "calls,%s,%s,%s,%llu,%.3f,,%s,%u\r\n", l->number,
		l->on_net ? "on_net" : plan_class_word(l->class), l->country ? l->country->id : "",
		(unsigned long long)l->calls, (double)l->talk_ms / 1000, l->priced ? yen : "",
		l->tax_percent);
}

static void csv_channels(FILE *f, const struct statement_channels *l)
{
	char yen[MONEY_CHARS];
	money_text(l->fee.uyen, yen);
	fprintf(f, "channel_up,%s,,,,,%u,%s,%d\r\n", l->number, l->fee.channel_days, yen,
		RATING_TAX_PERCENT);
}

void bill_csv(FILE *f, const struct bill *b)
{
	const struct statement *s = &b->statement;
	fputs("line,number,class,country,calls,seconds,channel_days,amount_yen,tax_percent\r\n", f);
	for (size_t i = 0; i < s->calls_count; i++)
		csv_calls(f, &s->calls[i]);
	for (size_t i = 0; i < s->channels_count; i++)
		csv_channels(f, &s->channels[i]);
	for (size_t i = 0; i < s->sum_count; i++) {
		const struct statement_sum *sum = &s->sums[i];
		fprintf(f, "net,,,,,,,%lld,%u\r\n", (long long)sum->net_yen, sum->tax_percent);
		fprintf(f, "tax,,,,,,,%lld,%u\r\n", (long long)sum->tax_yen, sum->tax_percent);
	}
	fprintf(f, "total,,,,,,,%lld,\r\n", (long long)s->total_yen);
}

/* ---- text ---- */

/* Columns on a terminal or in a monospaced letter: what lies in the East Asian blocks takes two. */
static int width_of(const char *text)
{
	int width = 0;
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if ((c & 0xc0) == 0x80)
			continue;
		width += c >= 0xe2 ? 2 : 1;
	}
	return width;
}

static void cell(FILE *f, const char *text, int width)
{
	fputs(text, f);
	for (int w = width_of(text); w < width; w++)
		fputc(' ', f);
}

#define NAME_COLUMNS 42

static void amount(FILE *f, int64_t uyen, const char *note)
{
	char yen[MONEY_CHARS];
	money_text(uyen, yen);
	fprintf(f, " %14s%s%s\n", yen, *note ? "  " : "", note);
}

static void text_calls(FILE *f, const struct statement_calls *l, bool japanese)
{
	char time[32], middle[64], note[32] = "";
	time_text(l->talk_ms, time);
	snprintf(middle, sizeof(middle), japanese ? "%6llu回 %10s" : "%6llu x %10s",
		 (unsigned long long)l->calls, time);
	if (!l->priced)
		snprintf(note, sizeof(note), "%s", japanese ? "(料金未登録)" : "(no price)");
	else if (l->tax_percent == 0)
		snprintf(note, sizeof(note), "%s", japanese ? "(免税)" : "(no tax)");
	fputs("  ", f);
	cell(f, line_name(l, japanese), NAME_COLUMNS);
	cell(f, middle, 20);
	amount(f, l->uyen, note);
}

static void text_channels(FILE *f, const struct statement_channels *l, bool japanese)
{
	char middle[64];
	snprintf(middle, sizeof(middle), japanese ? "%6u チャンネル日" : "%6u channel-days",
		 l->fee.channel_days);
	fputs("  ", f);
	cell(f, japanese ? "チャンネルアップ" : "channel-up", NAME_COLUMNS);
	cell(f, middle, 20);
	amount(f, l->fee.uyen, "");
}

/* "050-1000-0014" */
static void number_line(FILE *f, const char *n)
{
	if (strlen(n) == 11)
		fprintf(f, "\n%.3s-%.4s-%s\n", n, n + 3, n + 7);
	else
		fprintf(f, "\n%s\n", n);
}

/* Numbers in order, each with its calls and its channels; both lists are sorted. */
static void text_numbers(FILE *f, const struct statement *s, bool japanese)
{
	size_t i = 0, k = 0;
	while (i < s->calls_count || k < s->channels_count) {
		const char *a = i < s->calls_count ? s->calls[i].number : NULL;
		const char *b = k < s->channels_count ? s->channels[k].number : NULL;
		const char *number = b == NULL || (a && strcmp(a, b) <= 0) ? a : b;
		number_line(f, number);
		for (; i < s->calls_count && strcmp(s->calls[i].number, number) == 0; i++)
			text_calls(f, &s->calls[i], japanese);
		for (; k < s->channels_count && strcmp(s->channels[k].number, number) == 0; k++)
			text_channels(f, &s->channels[k], japanese);
	}
}

static void sum_line(FILE *f, const char *title, int64_t yen)
{
	fputs("  ", f);
	cell(f, title, NAME_COLUMNS + 20);
	fprintf(f, " %14lld\n", (long long)yen);
}

static void text_sums(FILE *f, const struct statement *s, bool japanese)
{
	char title[96];
	fputc('\n', f);
	for (size_t i = 0; i < s->sum_count; i++) {
		unsigned rate = s->sums[i].tax_percent;
		snprintf(title, sizeof(title), japanese ? "%u%%対象 小計" : "subtotal at %u %% tax",
			 rate);
		sum_line(f, title, s->sums[i].net_yen);
		snprintf(title, sizeof(title), japanese ? "消費税 %u%%" : "consumption tax %u %%",
			 rate);
		sum_line(f, title, s->sums[i].tax_yen);
	}
	sum_line(f, japanese ? "合計(税込)" : "total with tax", s->total_yen);
}

static void text_notes(FILE *f, const struct bill *b, bool japanese)
{
	unsigned long long unpriced = (unsigned long long)b->statement.unpriced;
	if (!b->whole)
		fputs(japanese ? "\n※ この月はまだ終わっていないため、金額は確定していません。\n"
			       : "\nThe month is not over: the amounts are not final.\n",
		      f);
	if (unpriced)
		fprintf(f,
			japanese ? "\n※ "
				   "料金表に該当する行がない通話が%"
				   "llu件あり、金額に含まれていません。\n"
				 : "\nThe price list has no row for %llu calls; they are not "
				   "charged.\n",
			unpriced);
}

void bill_text(FILE *f, const struct bill *b, bool japanese)
{
	char month[MONTH_CHARS + 1];
	day_month_text(b->month, month);
	if (japanese)
		fprintf(f, "ご利用明細 %.4s年%s月分\n%s 様(お客様コード %s)\n単位: 円(税抜)\n",
			month, month + 5, b->name, b->code);
	else
		fprintf(f, "Statement for %s\n%s (customer %s)\namounts in JPY without tax\n",
			month, b->name, b->code);
	text_numbers(f, &b->statement, japanese);
	text_sums(f, &b->statement, japanese);
	text_notes(f, b, japanese);
}
