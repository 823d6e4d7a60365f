/* What everybody is told under https, at names below the domains. */
#include "agent/build/build_inside.h"

#include "agent/zone/autoconfig.h"
#include "agent/zone/sts_row.h"
#include "agent/zone/web.h"

#define XML VIEW("text/xml; charset=utf-8")

static void add_page(struct configuration *c, struct view host, const char *path,
		struct view type, struct view body, bool takes_post)
{
	configuration_add_page(c, &(const struct page_spec){
						  .host = host,
						  .path = view_z(path),
						  .type = type,
						  .body = body,
						  .takes_post = takes_post,
				  });
}

static void put_mail_setup(const struct build *b, const struct desired_domain *domain,
		unsigned names, struct configuration *c)
{
	static const char *const paths[] = { "/mail/config-v1.1.xml",
		"/.well-known/autoconfig/mail/config-v1.1.xml" };
	const struct desired *desired = b->o->desired;

	for (size_t i = 0; i < ARRAY_LEN(paths) && names & 1u << WEB_AUTOCONFIG; i++)
		add_page(c, web_name_of(b->arena, domain, WEB_AUTOCONFIG), paths[i], XML,
				autoconfig_text(b->arena, desired, domain), false);
	if (names & 1u << WEB_AUTODISCOVER)
		add_page(c, web_name_of(b->arena, domain, WEB_AUTODISCOVER),
				"/autodiscover/autodiscover.xml", XML,
				autodiscover_text(b->arena, desired), true);
}

/* Who was told of it finds it: its certificate is the last to go (certificate_issue.c). */
static bool is_shown(const struct build *b, struct view domain)
{
	return object_by_key(&b->o->objects, &driver_certificate,
			arena_printf(b->arena, "web/%.*s", VIEW_ARG(domain)));
}

static int put_policies(const struct build *b, struct configuration *c)
{
	struct sts_row *rows;
	size_t count;
	int r = sts_rows_read(b->o->db, b->arena, &rows, &count);

	for (size_t i = 0; r == 0 && i < count; i++)
		if (!rows[i].gone || is_shown(b, rows[i].domain))
			add_page(c,
					arena_printf(b->arena, "mta-sts.%.*s",
							VIEW_ARG(rows[i].domain)),
					"/.well-known/mta-sts.txt", VIEW("text/plain"),
					rows[i].file, false);
	return r;
}

int build_pages(const struct build *b, struct configuration *c)
{
	const struct desired *desired = b->o->desired;

	for (size_t i = 0; desired && i < desired->domain_count; i++) {
		const struct desired_domain *domain = &desired->domains[i];

		put_mail_setup(b, domain, web_names(desired, &b->o->facts, domain), c);
	}
	return put_policies(b, c);
}
