#include "agent/people/profile.h"

#include "agent/people/markup.h"
#include "runtime/crypto/digest.h"

static void key(struct buf *out, const char *name, struct view value)
{
	buf_addf(out, "\t<key>%s</key><string>", name);
	markup_add(out, value);
	buf_add_z(out, "</string>\n");
}

static void flag(struct buf *out, const char *name, bool value)
{
	buf_addf(out, "\t<key>%s</key><%s/>\n", name, value ? "true" : "false");
}

/* A UUID of the mailbox (version 8, RFC 9562): one for each part of the profile. */
static void uuid(struct buf *out, const unsigned char uid[16], const char *part)
{
	unsigned char digest[DIGEST_SIZE];
	struct digest d;

	digest_init(&d);
	digest_add(&d, view_of(uid, 16));
	digest_add(&d, view_z(part));
	digest_final(&d, digest);
	digest[6] = (unsigned char)(0x80 | (digest[6] & 0x0f));
	digest[8] = (unsigned char)(0x80 | (digest[8] & 0x3f));
	buf_add_z(out, "\t<key>PayloadUUID</key><string>");
	for (size_t i = 0; i < 16; i++)
		buf_addf(out, "%s%02X", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
				digest[i]);
	buf_add_z(out, "</string>\n");
}

static void server(struct buf *out, const char *direction, struct view host,
		struct mail_way way, struct view login)
{
	buf_addf(out, "\t<key>%sMailServerHostName</key><string>", direction);
	markup_add(out, host);
	buf_addf(out,
			"</string>\n\t<key>%sMailServerPortNumber</key><integer>%u</"
			"integer>\n"
			"\t<key>%sMailServerUseSSL</key><true/>\n"
			"\t<key>%sMailServerAuthentication</key>"
			"<string>EmailAuthPassword</string>\n"
			"\t<key>%sMailServerUsername</key><string>",
			direction, way.port, direction, direction, direction);
	markup_add(out, login);
	buf_add_z(out, "</string>\n");
}

static void account(struct buf *out, const struct mail_settings *settings,
		const unsigned char uid[16], struct view address, struct view name)
{
	buf_add_z(out, "<dict>\n");
	key(out, "PayloadType", VIEW("com.apple.mail.managed"));
	buf_add_z(out, "\t<key>PayloadVersion</key><integer>1</integer>\n");
	key(out, "PayloadIdentifier", VIEW("posthus.mail.account"));
	uuid(out, uid, "account");
	key(out, "PayloadDisplayName", address);
	key(out, "EmailAccountType", VIEW("EmailTypeIMAP"));
	key(out, "EmailAccountName", name.len ? name : address);
	key(out, "EmailAccountDescription", address);
	key(out, "EmailAddress", address);
	server(out, "Incoming", settings->host, settings->imap, address);
	server(out, "Outgoing", settings->host, settings->submission, address);
	flag(out, "OutgoingPasswordSameAsIncomingPassword", true);
	flag(out, "PreventMove", false);
	flag(out, "SMIMEEnabled", false);
	buf_add_z(out, "</dict>\n");
}

void profile_write(struct buf *out, const struct mail_settings *settings,
		const unsigned char uid[16], struct view address, struct view name)
{
	buf_add_z(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		       "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
		       "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
		       "<plist version=\"1.0\"><dict>\n");
	key(out, "PayloadType", VIEW("Configuration"));
	buf_add_z(out, "\t<key>PayloadVersion</key><integer>1</integer>\n");
	buf_add_z(out, "\t<key>PayloadIdentifier</key><string>posthus.mail.");
	markup_add(out, address);
	buf_add_z(out, "</string>\n");
	uuid(out, uid, "profile");
	key(out, "PayloadDisplayName", address);
	key(out, "PayloadOrganization", settings->host);
	key(out, "PayloadDescription", VIEW("Mail: reading (IMAP) and sending (SMTP)."));
	flag(out, "PayloadRemovalDisallowed", false);
	buf_add_z(out, "\t<key>PayloadContent</key><array>\n");
	account(out, settings, uid, address, name);
	buf_add_z(out, "</array>\n</dict></plist>\n");
}
