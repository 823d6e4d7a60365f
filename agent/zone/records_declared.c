/* Further records of a zone, as the state says them itself. */
#include "agent/zone/records_inside.h"

static void add_list(struct making *m, const struct desired_record *record,
		const char *type, const struct view_list *values)
{
	for (size_t i = 0; i < values->count; i++)
		making_add_declared(m, &(struct made){
						       .name = record->name,
						       .type = type,
						       .value = values->items[i],
						       .why = VIEW("the state says so"),
						       .span = record->span,
						       .ttl = (uint32_t)record->ttl,
				       });
}

void make_declared(struct making *m, const struct desired_domain *domain)
{
	for (size_t i = 0; i < domain->record_count; i++) {
		const struct desired_record *record = &domain->records[i];
		struct view cname =
				arena_printf(m->arena, "%.*s.", VIEW_ARG(record->cname));
		const struct view_list alone = { &cname, record->cname.len > 0 };

		add_list(m, record, "CNAME", &alone);
		add_list(m, record, "A", &record->a);
		add_list(m, record, "AAAA", &record->aaaa);
		add_list(m, record, "MX", &record->mx);
		add_list(m, record, "TXT", &record->txt);
		add_list(m, record, "SRV", &record->srv);
		add_list(m, record, "CAA", &record->caa);
	}
}
