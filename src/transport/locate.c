/* The part of RFC 3263 that needs no DNS: numeric hosts. */
#include "transport/locate.h"

#include "base/err.h"
#include "sip/value.h"

static int transport_of(const struct sip_uri *uri, enum sip_transport *ret_transport)
{
	struct slice name;
	*ret_transport = uri->scheme == SIP_SCHEME_SIPS ? SIP_TLS : SIP_UDP;
	if (!sip_param(uri->params, SLICE("transport"), &name))
		return 0;
	*ret_transport = sip_transport_of(name);
	return *ret_transport == SIP_TRANSPORT_OTHER ? ERR_UNSUPPORTED : 0;
}

int locate_numeric(const struct sip_uri *uri, struct locate_answer *ret_answer)
{
	struct locate_answer a = {.target_count = 1};
	if (uri->scheme != SIP_SCHEME_SIP && uri->scheme != SIP_SCHEME_SIPS)
		return ERR_UNSUPPORTED;
	int err = transport_of(uri, &a.targets[0].transport);
	if (err)
		return err;
	struct slice host = uri->host, maddr;
	if (sip_param(uri->params, SLICE("maddr"), &maddr))
		host = maddr;
	if (addr_parse_ip(host, &a.targets[0].addr) != 0)
		return ERR_AGAIN;
	a.targets[0].addr.port = uri->port			     ? uri->port
				 : a.targets[0].transport == SIP_TLS ? 5061
								     : 5060;
	*ret_answer = a;
	return 0;
}
