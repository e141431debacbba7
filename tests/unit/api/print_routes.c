/* The table of routes as JSON lines, for the test that compares it with docs/openapi.yaml. */
#include "api/api_priv.h"

static json_t *fields_json(const struct body_field *fields)
{
	static const char *const types[] = {"string", "integer", "boolean",
					    "array",  "object",	 "array"};
	json_t *all = json_object();

	for (; fields->name; fields++)
		json_object_set_new(all, fields->name,
				    json_pack("{s:s,s:b}", "type", types[fields->type], "required",
					      fields->required));
	return all;
}

static json_t *route_json(const struct route *route)
{
	json_t *query = json_array();

	for (int i = 0; i < ROUTE_QUERY_MAX && route->query[i]; i++)
		json_array_append_new(query, json_string(route->query[i]));
	return json_pack("{s:s,s:s,s:b,s:b,s:o,s:o}", "method", route->method, "path", route->path,
			 "open", route->open, "csv", route->csv, "query", query, "body",
			 route->body ? fields_json(route->body) : json_null());
}

int main(void)
{
	for (size_t i = 0; i < api_route_count; i++) {
		json_t *o = route_json(&api_routes[i]);

		json_dumpf(o, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(o);
	}
	return 0;
}
