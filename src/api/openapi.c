/* The description of the API, for strangers. */
#include "api/api_priv.h"

#include <string.h>

void openapi_show(struct request *r)
{
	r->text = strndup(api_openapi_yaml, api_openapi_yaml_bytes);
	r->type = "application/yaml";
}
