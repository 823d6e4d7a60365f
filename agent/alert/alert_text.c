#include "agent/alert/alert_text.h"

#include "agent/database/reason.h"
#include "agent/database/text.h"

static void add_name(const struct alert *alert, struct buf *out)
{
	if (alert->object.len)
		buf_addf(out, "%.*s ", VIEW_ARG(alert->object));
	buf_add(out, alert->reason);
}

static size_t count_over(const struct alert *news, size_t count)
{
	size_t over = 0;

	for (size_t i = 0; i < count; i++)
		over += news[i].over != 0;
	return over;
}

void alert_subject(
		const struct alert *news, size_t count, struct view host, struct buf *out)
{
	size_t over = count_over(news, count);

	buf_addf(out, "[%.*s] ", VIEW_ARG(host));
	if (over == count)
		buf_add_z(out, "over: ");
	add_name(&news[0], out); /* what begins stands before what is over */
	if (count > 1)
		buf_addf(out, " and %zu more", count - 1);
}

static void add_alert(const struct alert *alert, struct buf *out)
{
	const struct reason *reason = reason_find(alert->reason);

	buf_add_z(out, "  ");
	add_name(alert, out);
	buf_add_z(out, ", since ");
	text_add_time(out, alert->since);
	if (alert->over) {
		buf_add_z(out, ", over at ");
		text_add_time(out, alert->over);
	}
	buf_add_byte(out, '\n');
	if (alert->message.len)
		buf_addf(out, "    %.*s\n", VIEW_ARG(alert->message));
	if (reason && !alert->over)
		buf_addf(out, "    (%s)\n", reason->help);
}

static void add_alerts(const struct alert *news, size_t count, bool over,
		const char *heading, struct buf *out)
{
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		if ((news[i].over != 0) != over)
			continue;
		if (!any)
			buf_addf(out, "%s\n\n", heading);
		any = true;
		add_alert(&news[i], out);
	}
	if (any)
		buf_add_byte(out, '\n');
}

void alert_letter(
		const struct alert *news, size_t count, struct view host, struct buf *out)
{
	buf_addf(out, "This is the mail server %.*s.\n\n", VIEW_ARG(host));
	add_alerts(news, count, false, "Something is wrong:", out);
	add_alerts(news, count, true, "Over:", out);
	if (count == ALERT_NEWS)
		buf_add_z(out, "There is more, and it follows.\n\n");
	buf_add_z(out, "`posthus status` shows how things stand now, `posthus log` what "
		       "was done.\nYou hear of each of these once, and again when it is "
		       "over. Who is told\nstands in `alerts` of the state.\n");
}

static void add_member(struct buf *out, const char *name, struct view text)
{
	buf_addf(out, "\"%s\":", name);
	text_add_json(out, text);
	buf_add_byte(out, ',');
}

static void add_time(struct buf *out, walltime time)
{
	buf_add_byte(out, '"');
	text_add_time(out, time);
	buf_add_byte(out, '"');
}

void alert_json(const struct alert *news, size_t count, struct view host, walltime now,
		struct buf *out)
{
	buf_add_z(out, "{\"format_version\":1,");
	add_member(out, "host", host);
	buf_add_z(out, "\"sent_at\":");
	add_time(out, now);
	buf_add_z(out, ",\"alerts\":[");
	for (size_t i = 0; i < count; i++) {
		const struct alert *alert = &news[i];

		buf_add_z(out, i ? ",{" : "{");
		add_member(out, "object", alert->object);
		add_member(out, "reason", alert->reason);
		add_member(out, "class",
				view_z(class_rule(reason_class(alert->reason))->name));
		add_member(out, "message", alert->message);
		buf_add_z(out, "\"since\":");
		add_time(out, alert->since);
		buf_add_z(out, ",\"over\":");
		if (alert->over)
			add_time(out, alert->over);
		else
			buf_add_z(out, "null");
		buf_add_byte(out, '}');
	}
	buf_add_z(out, "]}");
}
