/* The description of the API, for strangers. */
#include "api/api_priv.h"

#include <stdlib.h>
#include <string.h>

void openapi_show(struct request *r)
{
	r->text = malloc(api_openapi_yaml_bytes + 1);
	if (r->text == NULL)
		return;
	memcpy(r->text, api_openapi_yaml, api_openapi_yaml_bytes);
	r->text[api_openapi_yaml_bytes] = '\0';
	r->type = "application/yaml";
}
