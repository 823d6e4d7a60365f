#include "agent/zone/autoconfig.h"

#include "agent/zone/record.h"
#include "runtime/base/buf.h"

enum {
	LONGEST_TEXT = 64 * 1024,
};

/* In the order in which programs are to try them. */
/* clang-format off */
static const struct offer {
	enum listen_service service;
	bool sends;     /* mail, else reads it */
	bool tls_first; /* else STARTTLS */
} offers[] = {
	{ LISTEN_IMAPS,       false, true },
	{ LISTEN_IMAP,        false, false },
	{ LISTEN_SUBMISSIONS, true,  true },
	{ LISTEN_SUBMISSION,  true,  false },
};
/* clang-format on */

/* Names are A-labels: nothing of them means anything in XML. */
static void add_server(struct buf *out, const struct desired_host *host,
		const struct offer *offer)
{
	const char *element = offer->sends ? "outgoingServer" : "incomingServer";

	buf_addf(out,
			"    <%s type=\"%s\">\n"
			"      <hostname>%.*s</hostname>\n"
			"      <port>%u</port>\n"
			"      <socketType>%s</socketType>\n"
			"      <authentication>password-cleartext</authentication>\n"
			"      <username>%%EMAILADDRESS%%</username>\n"
			"    </%s>\n",
			element, offer->sends ? "smtp" : "imap", VIEW_ARG(host->name),
			host->listen[offer->service].port,
			offer->tls_first ? "SSL" : "STARTTLS", element);
}

struct view autoconfig_text(struct arena *arena, const struct desired *desired,
		const struct desired_domain *domain)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(LONGEST_TEXT);
	struct view name = domain->object.key;

	buf_addf(&out,
			"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
			"<clientConfig version=\"1.1\">\n"
			"  <emailProvider id=\"%.*s\">\n"
			"    <domain>%.*s</domain>\n"
			"    <displayName>%.*s</displayName>\n"
			"    <displayShortName>%.*s</displayShortName>\n",
			VIEW_ARG(name), VIEW_ARG(name), VIEW_ARG(name), VIEW_ARG(name));
	for (size_t i = 0; i < ARRAY_LEN(offers); i++)
		for (size_t k = 0; k < desired->host_count; k++)
			if (host_offers(&desired->hosts[k], offers[i].service))
				add_server(&out, &desired->hosts[k], &offers[i]);
	buf_add_z(&out, "  </emailProvider>\n</clientConfig>\n");
	return arena_copy(arena, buf_view(&out));
}

static void add_protocol(struct buf *out, const struct desired_host *host,
		const struct offer *offer)
{
	buf_addf(out,
			"      <Protocol>\n"
			"        <Type>%s</Type>\n"
			"        <Server>%.*s</Server>\n"
			"        <Port>%u</Port>\n"
			"        <DomainRequired>off</DomainRequired>\n"
			"        <SPA>off</SPA>\n"
			"        <SSL>%s</SSL>\n"
			"        <Encryption>%s</Encryption>\n"
			"        <AuthRequired>on</AuthRequired>\n"
			"      </Protocol>\n",
			offer->sends ? "SMTP" : "IMAP", VIEW_ARG(host->name),
			host->listen[offer->service].port,
			offer->tls_first ? "on" : "off",
			offer->tls_first ? "SSL" : "TLS");
}

struct view autodiscover_text(struct arena *arena, const struct desired *desired)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(LONGEST_TEXT);

	buf_add_z(&out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
			"<Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/"
			"autodiscover/responseschema/2006\">\n"
			"  <Response xmlns=\"http://schemas.microsoft.com/exchange/"
			"autodiscover/outlook/responseschema/2006a\">\n"
			"    <Account>\n"
			"      <AccountType>email</AccountType>\n"
			"      <Action>settings</Action>\n");
	for (size_t i = 0; i < ARRAY_LEN(offers); i++)
		for (size_t k = 0; k < desired->host_count; k++)
			if (host_offers(&desired->hosts[k], offers[i].service))
				add_protocol(&out, &desired->hosts[k], &offers[i]);
	buf_add_z(&out, "    </Account>\n  </Response>\n</Autodiscover>\n");
	return arena_copy(arena, buf_view(&out));
}
