/* The ways to the telephone network. */
#include "api/api_priv.h"
#include "base/clock.h"
#include "base/err.h"
#include "provision/trunk_draft.h"
#include "sip/value.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* --- showing */

static json_t *sources_json(const struct trunk *t)
{
	char ip[ADDR_TEXT_BYTES], text[ADDR_TEXT_BYTES + 8];
	json_t *list = json_array();
	for (uint32_t i = 0; i < t->source_count; i++) {
		snprintf(text, sizeof(text), "%s/%u", addr_ip_text(&t->sources[i].net, ip),
			 t->sources[i].bits);
		json_array_append_new(list, json_string(text));
	}
	return list;
}

static json_t *prefixes_json(const struct trunk *t)
{
	json_t *list = json_array();
	for (uint32_t i = 0; i < t->prefix_count; i++)
		json_array_append_new(list, json_string(t->prefixes[i]));
	return list;
}

static json_t *transport_json(const struct trunk *t)
{
	return t->transport == SIP_TRANSPORT_OTHER
		       ? json_null()
		       : json_slice(sip_transport_param_name(t->transport));
}

static json_t *state_json(const struct trunk_view *v)
{
	const struct trunk_state *s = &v->state;
	return json_pack("{s:s,s:o,s:o,s:s,s:o,s:i,s:i,s:i,s:i,s:i,s:I,s:I}", "state",
			 s->down ? "down" : "up", "reason",
			 json_slice_or_null(slice_str(trunk_why_word((enum trunk_why)s->why))),
			 "since", json_time(v->changed_at), "registration",
			 trunk_registration_word((enum trunk_registration)s->registration),
			 "registered_until", json_time(v->registered_until), "register_code",
			 v->register_code, "options_code", v->options_code, "options_ms",
			 (int)v->options_ms, "probes", (int)v->probes, "calls", (int)s->calls,
			 "attempts", (json_int_t)v->attempts, "failures", (json_int_t)v->failures);
}

static json_t *trunk_json(const struct trunk_view *v)
{
	char host[TRUNK_HOST_BYTES + 16];
	const struct trunk *t = &v->trunk;
	trunk_host_text(t, host, sizeof(host));
	json_t *o =
		json_pack("{s:s,s:s,s:o,s:o,s:o,s:b,s:b,s:s,s:i,s:i,s:i,s:o,s:b}", "name", t->name,
			  "host", host, "transport", transport_json(t), "sources", sources_json(t),
			  "user", json_slice_or_null(slice_str(t->user)), "registers", t->registers,
			  "has_password", v->has_password, "format", trunk_format_word(t->format),
			  "priority", (int)t->priority, "weight", (int)t->weight, "capacity",
			  (int)t->capacity, "prefixes", prefixes_json(t), "trusted", t->trusted);
	json_object_update_new(o, state_json(v));
	return o;
}

static void add_row(void *list, const struct trunk_view *v)
{
	(void)list_add(list, trunk_json(v));
}

void trunks_list(struct request *r)
{
	struct list list;
	list_begin(&list, r, "trunks");
	if (trunks_each(r->api->p.trunks, add_row, &list) == 0) {
		list_end(&list);
		return;
	}
	list_drop(&list);
	refuse_busy(r);
}

static bool show(struct request *r, const char *name)
{
	struct trunk_view *v = malloc(sizeof(*v));
	bool found = v && trunks_view(r->api->p.trunks, slice_str(name), v);
	if (found)
		r->json = trunk_json(v);
	free(v);
	return found;
}

void trunk_show(struct request *r)
{
	if (!show(r, r->id))
		refuse_missing(r, "trunk", r->id, "see 'opengatectl trunk list'");
}

/* --- taking */

static const struct fault *take_texts(const struct request *r, struct trunk_draft *d)
{
	const char *text;
	const struct fault *f = NULL;
	if ((text = body_text(r, "name")) != NULL)
		f = trunk_draft_name(d, text);
	if (!f && (text = body_text(r, "host")) != NULL)
		f = trunk_draft_host(d, text);
	if (!f && (text = body_text(r, "transport")) != NULL)
		f = trunk_draft_transport(d, text);
	if (!f && (text = body_text(r, "user")) != NULL)
		f = trunk_draft_user(d, text, false);
	if (!f && (text = body_text(r, "register")) != NULL)
		f = trunk_draft_user(d, text, true);
	if (!f && (text = body_text(r, "password")) != NULL)
		f = trunk_draft_password(d, text);
	if (!f && (text = body_text(r, "format")) != NULL)
		f = trunk_draft_format(d, text);
	return f;
}

static const struct fault *take_counts(const struct request *r, struct trunk_draft *d)
{
	static const char *const names[] = {"priority", "weight", "capacity"};
	const struct fault *f = NULL;
	for (int i = 0; i < 3 && !f; i++) {
		const json_t *v = json_object_get(r->body, names[i]);
		if (v)
			f = trunk_draft_number(d, (enum trunk_draft_count)i, json_integer_value(v));
	}
	const json_t *trusted = json_object_get(r->body, "trusted");
	if (trusted)
		d->t.trusted = json_is_true(trusted);
	return f;
}

static const struct fault *take_lists(const struct request *r, struct trunk_draft *d)
{
	const json_t *sources = json_object_get(r->body, "sources"),
		     *prefixes = json_object_get(r->body, "prefixes");
	const struct fault *f = NULL;
	if (sources)
		d->t.source_count = 0;
	for (size_t i = 0; i < json_array_size(sources) && !f; i++)
		f = trunk_draft_source(d, json_string_value(json_array_get(sources, i)));
	if (prefixes)
		d->t.prefix_count = 0;
	for (size_t i = 0; i < json_array_size(prefixes) && !f; i++)
		f = trunk_draft_prefix(d, json_string_value(json_array_get(prefixes, i)));
	return f;
}

/* False: refused. */
static bool take_body(struct request *r, struct trunk_draft *d, bool had_password)
{
	const struct fault *f = take_texts(r, d);
	if (!f)
		f = take_counts(r, d);
	if (!f)
		f = take_lists(r, d);
	if (!f)
		f = trunk_draft_whole(d, had_password);
	if (f)
		refuse_fault(r, f);
	return f == NULL;
}

/* What the store has now is in force for the next call. */
static bool take_effect(struct request *r, const char *action, const char *name)
{
	audit(r, action, name);
	if (trunks_load(r->api->p.trunks, r->api->store, NULL) == 0)
		return true;
	refuse(r, 503, "unavailable",
	       "The change is kept but not in force: there is not enough memory", NULL,
	       "restart the server");
	return false;
}

struct writing {
	struct trunk_draft d;
	uint8_t sealed[TRUNK_SEALED_BYTES];
	size_t sealed_n;
	char memory[TRUNK_DRAFT_BYTES];
	struct store_trunk row;
};

static void make_row(struct request *r, struct writing *w, int64_t created_at)
{
	if (w->d.new_password)
		w->sealed_n = trunk_seal(trunks_key(r->api->p.trunks), w->d.t.password, w->sealed);
	trunk_draft_store(&w->d, slice_of((const char *)w->sealed, w->sealed_n), w->memory,
			  &w->row);
	w->row.created_at = created_at;
}

static void add(struct request *r, struct writing *w)
{
	char message[96];
	if (!take_body(r, &w->d, false))
		return;
	if (trunks_count(r->api->p.trunks) == TRUNKS_MAX) {
		refuse(r, 409, "conflict", "There are 64 trunks already, and no room for more",
		       NULL, "remove one that is not needed");
		return;
	}
	make_row(r, w, clock_wall_ms());
	int err = store_trunk_add(r->api->store, &w->row);
	if (err == ERR_EXISTS) {
		snprintf(message, sizeof(message), "Trunk %s exists already", w->d.t.name);
		refuse(r, 409, "exists", message, "name", "change it with 'opengatectl trunk set'");
	} else if (err) {
		refuse_store(r, err, r->api->store);
	} else if (take_effect(r, "trunk.add", w->d.t.name) && show(r, w->d.t.name)) {
		r->status = 201;
	}
}

static void writing_free(struct writing *w)
{
	sodium_memzero(w, sizeof(*w));
	free(w);
}

void trunks_add(struct request *r)
{
	struct writing *w = calloc(1, sizeof(*w));
	if (w == NULL) {
		refuse_busy(r);
		return;
	}
	trunk_draft_init(&w->d);
	add(r, w);
	writing_free(w);
}

/* The trunk of the path. False: refused. */
static bool find(struct request *r, struct store_trunk *ret_trunk)
{
	int err = store_trunk_get(r->api->store, slice_str(r->id), ret_trunk);
	if (err == ERR_NOT_FOUND)
		refuse_missing(r, "trunk", r->id, "see 'opengatectl trunk list'");
	else if (err)
		refuse_store(r, err, r->api->store);
	return err == 0;
}

static void change(struct request *r, struct writing *w)
{
	struct store_trunk old;
	if (!find(r, &old))
		return;
	int64_t created_at = old.created_at;
	if (trunk_draft_from(&w->d, &old) != 0 || old.secret.n > sizeof(w->sealed)) {
		refuse(r, 500, "failed", "What is kept of this trunk cannot be read", NULL,
		       "remove it and add it again");
		return;
	}
	w->sealed_n = old.secret.n;
	if (old.secret.n)
		memcpy(w->sealed, old.secret.p, old.secret.n);
	if (!take_body(r, &w->d, w->sealed_n > 0))
		return;
	make_row(r, w, created_at);
	int err = store_trunk_put(r->api->store, &w->row);
	if (err)
		refuse_store(r, err, r->api->store);
	else if (take_effect(r, "trunk.set", w->d.t.name))
		(void)show(r, w->d.t.name);
}

void trunk_change(struct request *r)
{
	struct writing *w = calloc(1, sizeof(*w));
	if (w == NULL) {
		refuse_busy(r);
		return;
	}
	change(r, w);
	writing_free(w);
}

void trunk_remove(struct request *r)
{
	struct store_trunk t;
	if (!find(r, &t))
		return;
	int err = store_trunk_remove(r->api->store, slice_str(r->id));
	if (err)
		refuse_store(r, err, r->api->store);
	else if (take_effect(r, "trunk.remove", r->id))
		r->json = json_pack("{s:s}", "removed", r->id);
}

/* An OPTIONS goes out within a second; who asked looks at "probes" until there is one more. */
void trunk_test(struct request *r)
{
	if (!trunks_probe(r->api->p.trunks, slice_str(r->id))) {
		refuse_missing(r, "trunk", r->id, "see 'opengatectl trunk list'");
		return;
	}
	(void)show(r, r->id);
	r->status = 202;
}

/* --- for metrics */

static double up(const struct trunk_view *v)
{
	return !v->state.down;
}
static double registered(const struct trunk_view *v)
{
	return v->state.registration == TRUNK_REGISTRATION_DONE;
}
static double calls(const struct trunk_view *v)
{
	return v->state.calls;
}
static double attempts(const struct trunk_view *v)
{
	return (double)v->attempts;
}
static double failures(const struct trunk_view *v)
{
	return (double)v->failures;
}

struct figure {
	const char *name, *type, *help;
	double (*of)(const struct trunk_view *v);
	FILE *f;
};

static void write_figure(void *ctx, const struct trunk_view *v)
{
	const struct figure *figure = ctx;
	fprintf(figure->f, "%s{trunk=\"%s\"} %.0f\n", figure->name, v->trunk.name, figure->of(v));
}

void trunks_metrics(FILE *f, struct trunks *trunks)
{
	struct figure figures[] = {
		{"opengate_trunk_up", "gauge", "The trunk answers and is registered.", up, f},
		{"opengate_trunk_registered", "gauge", "We are registered there.", registered, f},
		{"opengate_trunk_calls", "gauge", "Calls on the trunk, both ways.", calls, f},
		{"opengate_trunk_attempts_total", "counter", "Calls sent to the trunk.", attempts,
		 f},
		{"opengate_trunk_failures_total", "counter",
		 "Calls that the trunk did not take and that went another way or nowhere.",
		 failures, f},
	};
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]) && trunks_count(trunks); i++) {
		fprintf(f, "# HELP %s %s\n# TYPE %s %s\n", figures[i].name, figures[i].help,
			figures[i].name, figures[i].type);
		(void)trunks_each(trunks, write_figure, &figures[i]);
	}
}
