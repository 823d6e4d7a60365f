/* backups: where copies go, and how long they stay. */
#include "schema/row.h"

#define AT(member) offsetof(struct desired_backup, member)

/* clang-format off */
static const struct field s3_fields[] = {
	{ "endpoint",   TYPE(TYPE_URL),        NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED | FIELD_REQUIRED, AT(s3_endpoint), "where it is" },
	{ "bucket",     TYPE(TYPE_TEXT),       NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED | FIELD_REQUIRED, AT(s3_bucket), "the bucket" },
	{ "region",     TYPE(TYPE_TEXT),       NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED, AT(s3_region), "the region, where it has one" },
	{ "access_key", RECORD(&secret_table), NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED | FIELD_REQUIRED, AT(s3_access_key), "who we are there" },
	{ "secret_key", RECORD(&secret_table), NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED | FIELD_REQUIRED, AT(s3_secret_key), "what proves it" },
};

static const struct table s3_table = { .noun = "`s3`", .help = "A bucket.", FIELDS(s3_fields) };

static const struct field sftp_fields[] = {
	{ "host",        TYPE(TYPE_DOMAIN),           NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED | FIELD_REQUIRED, AT(sftp_host), "its name" },
	{ "port",        BETWEEN(TYPE_INT, 1, 65535), "22", OWNER_ENFORCE, RISK_EXPOSING, SERVED, AT(sftp_port), "its port" },
	{ "user",        TYPE(TYPE_TEXT),             NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED | FIELD_REQUIRED, AT(sftp_user), "the login name there" },
	{ "path",        TYPE(TYPE_PATH),             NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED | FIELD_REQUIRED, AT(sftp_path), "the directory there" },
	{ "key",         RECORD(&secret_table),       NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED | FIELD_REQUIRED, AT(sftp_key), "the SSH key" },
	{ "known_hosts", TYPE(TYPE_TEXT),             NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED | FIELD_LINES, AT(sftp_known_hosts), "the host's public key" },
};

static const struct table sftp_table = { .noun = "`sftp`", .help = "A directory of another machine.", FIELDS(sftp_fields) };

static const struct field to_fields[] = {
	{ "directory", TYPE(TYPE_PATH),     NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED | FIELD_WRITES, AT(directory), "a directory of the host; agent.yaml must allow it" },
	{ "s3",        RECORD(&s3_table),   NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED, 0, "a bucket" },
	{ "sftp",      RECORD(&sftp_table), NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED, 0, "a directory of another machine" },
};

static const struct table to_table = {
	.noun = "`to` of a backup", .help = "Where copies go.", FIELDS(to_fields), .one_of = ONE_OF_THESE("directory", "s3", "sftp"),
};

static const struct field keep_fields[] = {
	{ "hourly",  BETWEEN(TYPE_INT, 0, 10000), "0",  OWNER_ENFORCE, RISK_DATA, SERVED, AT(hourly), "of the last hours, one each", DOWNWARD(RISK_HARMLESS) },
	{ "daily",   BETWEEN(TYPE_INT, 0, 10000), "7",  OWNER_ENFORCE, RISK_DATA, SERVED, AT(daily), "of the last days, one each", DOWNWARD(RISK_HARMLESS) },
	{ "weekly",  BETWEEN(TYPE_INT, 0, 10000), "4",  OWNER_ENFORCE, RISK_DATA, SERVED, AT(weekly), "of the last weeks, one each", DOWNWARD(RISK_HARMLESS) },
	{ "monthly", BETWEEN(TYPE_INT, 0, 10000), "12", OWNER_ENFORCE, RISK_DATA, SERVED, AT(monthly), "of the last months, one each", DOWNWARD(RISK_HARMLESS) },
	{ "yearly",  BETWEEN(TYPE_INT, 0, 10000), "0",  OWNER_ENFORCE, RISK_DATA, SERVED, AT(yearly), "of the last years, one each", DOWNWARD(RISK_HARMLESS) },
};

static const struct table keep_table = { .noun = "`keep`", .help = "Which copies stay.", FIELDS(keep_fields) };

static const struct field fields[] = {
	{ "schedule",   TYPE(TYPE_SCHEDULE),               "daily 03:00", OWNER_ENFORCE, RISK_DATA,     SERVED, AT(schedule), "when" },
	{ "to",         RECORD(&to_table),                 NULL,          OWNER_ENFORCE, RISK_EXPOSING, SERVED | FIELD_REQUIRED, 0, "where" },
	{ "keep",       RECORD(&keep_table),               NULL,          OWNER_ENFORCE, RISK_DATA,     SERVED, 0, "how long" },
	{ "drill",      TYPE(TYPE_SCHEDULE),               "weekly",      OWNER_ENFORCE, RISK_HARMLESS, SERVED, AT(drill), "when a restore is tried" },
	{ "continuous", TYPE(TYPE_BOOL),                   "false",       OWNER_ENFORCE, RISK_HARMLESS, LATER, 0, "changes go out as they happen" },
};
/* clang-format on */

const struct table backup_table = {
	.noun = "a backup",
	.help = "Where copies of everything go, encrypted, and how long they stay.",
	.kind = KIND_BACKUP,
	FIELDS(fields),
	.size = sizeof(struct desired_backup),
};
