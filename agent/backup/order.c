#include "agent/backup/order.h"

#include "agent/database/text.h"
#include "agent/effect/secret_form.h"
#include "runtime/base/error.h"

#include <stdlib.h>

enum {
	LONGEST_ORDER = 256 * 1024,
};

/* -- writing -- */

static void add_text(struct buf *json, const char *name, struct view text)
{
	buf_addf(json, "\"%s\":", name);
	text_add_json(json, text);
}

static void add_secret(
		struct buf *json, const char *name, const struct desired_secret *secret)
{
	buf_addf(json, "\"%s\":", name);
	secret_form_add(json, secret);
}

static void add_s3(struct buf *json, const struct desired_backup *b)
{
	buf_add_z(json, "{\"s3\":{");
	add_secret(json, "access_key", &b->s3_access_key);
	buf_add_byte(json, ',');
	add_text(json, "bucket", b->s3_bucket);
	buf_add_byte(json, ',');
	add_text(json, "endpoint", b->s3_endpoint);
	buf_add_byte(json, ',');
	add_text(json, "region", b->s3_region);
	buf_add_byte(json, ',');
	add_secret(json, "secret_key", &b->s3_secret_key);
	buf_add_z(json, "}}");
}

static void add_sftp(struct buf *json, const struct desired_backup *b)
{
	buf_add_z(json, "{\"sftp\":{");
	add_text(json, "host", b->sftp_host);
	buf_add_byte(json, ',');
	add_secret(json, "key", &b->sftp_key);
	buf_add_byte(json, ',');
	add_text(json, "known_hosts", b->sftp_known_hosts);
	buf_add_byte(json, ',');
	add_text(json, "path", b->sftp_path);
	buf_addf(json, ",\"port\":%llu,", (unsigned long long)b->sftp_port);
	add_text(json, "user", b->sftp_user);
	buf_add_z(json, "}}");
}

static void add_place(struct buf *json, const struct desired_backup *b)
{
	if (b->directory.len) {
		buf_add_byte(json, '{');
		add_text(json, "directory", b->directory);
		buf_add_byte(json, '}');
	} else if (b->s3_bucket.len) {
		add_s3(json, b);
	} else {
		add_sftp(json, b);
	}
}

/* Hosts open what the state has sealed for them; a backup is for when they are gone. */
static bool recovers(const struct desired_recipient *recipient)
{
	return !view_starts(recipient->name, VIEW("host/"));
}

static void add_recipients(struct buf *json, const struct desired *desired)
{
	const char *between = "";

	for (size_t i = 0; i < desired->recipient_count; i++) {
		if (!recovers(&desired->recipients[i]))
			continue;
		buf_add_z(json, between);
		text_add_json(json, desired->recipients[i].recipient);
		between = ",";
	}
}

struct view backup_order_text(struct arena *arena, const struct desired *desired,
		const struct desired_backup *b)
{
	CLEANUP(buf_free) struct buf json = BUF_NULL(LONGEST_ORDER);

	buf_add_byte(&json, '{');
	add_text(&json, "drill", b->drill);
	buf_addf(&json,
			",\"keep\":{\"daily\":%llu,\"hourly\":%llu,\"monthly\":%llu,"
			"\"weekly\":%llu,\"yearly\":%llu},",
			(unsigned long long)b->daily, (unsigned long long)b->hourly,
			(unsigned long long)b->monthly, (unsigned long long)b->weekly,
			(unsigned long long)b->yearly);
	add_text(&json, "name", b->object.key);
	buf_add_z(&json, ",\"recipients\":[");
	add_recipients(&json, desired);
	buf_add_z(&json, "],");
	add_text(&json, "schedule", b->schedule);
	buf_add_z(&json, ",\"to\":");
	add_place(&json, b);
	buf_add_byte(&json, '}');
	if (buf_failed(&json))
		die("the order of a backup takes more than %d bytes", LONGEST_ORDER);
	return arena_copy(arena, buf_view(&json));
}

/* -- reading -- */

static struct view text_of(const json_t *json, const char *name)
{
	const json_t *text = json_object_get(json, name);

	return view_of(json_string_value(text), json_string_length(text));
}

static unsigned number_of(const json_t *json, const char *name)
{
	return (unsigned)json_integer_value(json_object_get(json, name));
}

static bool read_recipients(const json_t *list, struct backup_order *out)
{
	const json_t *item;
	size_t i;

	json_array_foreach (list, i, item) {
		struct view text = view_of(
				json_string_value(item), json_string_length(item));

		if (out->recipient_count == AGE_RECIPIENTS_MAX ||
				!age_recipient_read(text,
						&out->recipients[out->recipient_count++]))
			return false;
	}
	return true;
}

static bool read_place(const json_t *to, struct target_place *out)
{
	const json_t *s3 = json_object_get(to, "s3");
	const json_t *sftp = json_object_get(to, "sftp");

	*out = (struct target_place){ .kind = TARGET_DIRECTORY,
		.directory = text_of(to, "directory") };
	if (s3)
		*out = (struct target_place){ .kind = TARGET_S3,
			.endpoint = text_of(s3, "endpoint"),
			.bucket = text_of(s3, "bucket"),
			.region = text_of(s3, "region") };
	else if (sftp)
		*out = (struct target_place){ .kind = TARGET_SFTP,
			.directory = text_of(sftp, "path"),
			.host = text_of(sftp, "host"),
			.user = text_of(sftp, "user"),
			.port = (uint16_t)number_of(sftp, "port"),
			.known_hosts = text_of(sftp, "known_hosts") };
	return out->directory.len || out->bucket.len;
}

bool backup_order_read(const json_t *json, struct backup_order *out)
{
	const json_t *keep = json_object_get(json, "keep");

	*out = (struct backup_order){
		.name = text_of(json, "name"),
		.keep = { number_of(keep, "hourly"), number_of(keep, "daily"),
				number_of(keep, "weekly"), number_of(keep, "monthly"),
				number_of(keep, "yearly") },
		.to = json_object_get(json, "to"),
	};
	return calendar_read(text_of(json, "schedule"), &out->schedule) &&
	       calendar_read(text_of(json, "drill"), &out->drill) &&
	       read_recipients(json_object_get(json, "recipients"), out) &&
	       read_place(out->to, &out->place);
}

bool backup_order_read_place(const json_t *to, struct backup_order *out)
{
	*out = (struct backup_order){ .to = to };
	return read_place(to, &out->place);
}

/* -- secrets -- */

int backup_secrets_read(struct backup_order *order, const struct agent_file *file,
		struct backup_secrets *out, struct effect_answer *answer)
{
	const json_t *s3 = json_object_get(order->to, "s3");
	const json_t *sftp = json_object_get(order->to, "sftp");
	int r = 0;

	*out = (struct backup_secrets){ 0 };
	order->place.file = file;
	if (s3) {
		r = secret_form_read(json_object_get(s3, "access_key"), file,
				&out->access_key, answer);
		if (!r)
			r = secret_form_read(json_object_get(s3, "secret_key"), file,
					&out->secret_key, answer);
	} else if (sftp) {
		r = secret_form_read(json_object_get(sftp, "key"), file, &out->identity,
				answer);
	}
	order->place.access_key = &out->access_key;
	order->place.secret_key = &out->secret_key;
	order->place.identity = &out->identity;
	return r;
}

void backup_secrets_free(struct backup_secrets *secrets)
{
	secret_free(&secrets->access_key);
	secret_free(&secrets->secret_key);
	secret_free(&secrets->identity);
}
