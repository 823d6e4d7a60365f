#include "agent/people/page.h"

#include "agent/database/text.h"
#include "agent/people/markup.h"

static void begin(struct buf *out, const char *title)
{
	buf_addf(out,
			"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
			"<meta charset=\"utf-8\">\n"
			"<meta name=\"viewport\" "
			"content=\"width=device-width,initial-scale=1\">\n"
			"<meta name=\"robots\" content=\"noindex\">\n"
			"<title>%s</title>\n"
			"<link rel=\"stylesheet\" href=\"/invite/style.css\">\n"
			"</head>\n<body>\n<main>\n",
			title);
}

static void end(struct buf *out)
{
	buf_add_z(out, "</main>\n</body>\n</html>\n");
}

static void add_address(struct buf *out, struct view address)
{
	buf_add_z(out, "<span class=\"address\">");
	markup_add(out, address);
	buf_add_z(out, "</span>");
}

/* -- settings -- */

static void add_way(
		struct buf *out, const char *what, struct view host, struct mail_way way)
{
	if (!way.port)
		return;
	buf_addf(out, "<dt>%s</dt>\n<dd>", what);
	markup_add(out, host);
	buf_addf(out, ", port %u, %s</dd>\n", way.port,
			way.tls_first ? "SSL/TLS" : "STARTTLS");
}

static void add_settings(struct buf *out, const struct mail_settings *settings,
		struct view address, struct view token)
{
	buf_add_z(out, "<section class=\"sheet\" aria-labelledby=\"phone\">\n"
		       "<h2 id=\"phone\">iPhone, iPad, Mac</h2>\n"
		       "<p>Download this profile, open it in Settings, and type your "
		       "password when you are asked for it.</p>\n"
		       "<p><a class=\"button quiet\" href=\"/invite/");
	markup_add(out, token);
	buf_add_z(out, "/settings.mobileconfig\">Download the profile</a></p>\n"
		       "</section>\n"
		       "<section class=\"sheet\" aria-labelledby=\"others\">\n"
		       "<h2 id=\"others\">Any other mail program</h2>\n"
		       "<p>Most find this by themselves from your address. Where one "
		       "asks:</p>\n<dl>\n<dt>Login name</dt>\n<dd>");
	markup_add(out, address);
	buf_add_z(out, "</dd>\n");
	add_way(out, "Reading mail (IMAP)", settings->host, settings->imap);
	add_way(out, "Sending mail (SMTP)", settings->host, settings->submission);
	buf_add_z(out, "<dt>Password</dt>\n<dd>the one you chose here</dd>\n</dl>\n"
		       "</section>\n");
}

/* -- pages -- */

static void add_form(struct buf *out, const struct invite *invite, struct view token,
		const char *error)
{
	buf_add_z(out, "<form method=\"post\" action=\"/invite/");
	markup_add(out, token);
	buf_add_z(out, "\">\n");
	if (error)
		buf_addf(out, "<p class=\"error\" id=\"error\" role=\"alert\">%s</p>\n",
				error);
	/* What a password manager files it under. */
	buf_add_z(out, "<input type=\"text\" name=\"login\" autocomplete=\"username\" "
		       "hidden readonly value=\"");
	markup_add(out, invite->address);
	buf_addf(out,
			"\">\n<label for=\"password\">Password</label>\n"
			"<input id=\"password\" name=\"password\" type=\"password\" "
			"autocomplete=\"new-password\" required minlength=\"%d\" "
			"autofocus aria-describedby=\"%srule\"%s>\n"
			"<label for=\"again\">The same again</label>\n"
			"<input id=\"again\" name=\"again\" type=\"password\" "
			"autocomplete=\"new-password\" required minlength=\"%d\">\n"
			"<p class=\"soft\" id=\"rule\">%d characters or more, and not "
			"your address or name. A few words that only you would put "
			"together are strong, and easy to remember.</p>\n"
			"<button>Open my mailbox</button>\n</form>\n",
			PASSWORD_LEAST, error ? "error " : "",
			error ? " aria-invalid=\"true\"" : "", PASSWORD_LEAST,
			PASSWORD_LEAST);
}

void page_choose(struct buf *out, const struct invite *invite,
		const struct mail_settings *settings, struct view token,
		const char *error)
{
	begin(out, error ? "Another password, please" : "Your mailbox");
	buf_add_z(out, "<section class=\"sheet\">\n<h1>Hello");
	if (invite->name.len)
		buf_add_byte(out, ' ');
	markup_add(out, invite->name);
	buf_add_z(out, "</h1>\n<p>This is your mailbox: ");
	add_address(out, invite->address);
	buf_add_z(out, ". Choose a password, and it is open.</p>\n");
	add_form(out, invite, token, error);
	buf_add_z(out, "</section>\n<p class=\"soft\">This page works once, and until ");
	text_add_time(out, invite->until);
	buf_add_z(out, " (UTC). It was made by ");
	markup_add(out, settings->host);
	buf_add_z(out, ".</p>\n");
	end(out);
}

void page_welcome(struct buf *out, const struct invite *invite,
		const struct mail_settings *settings, struct view token)
{
	begin(out, "You are in");
	buf_add_z(out, "<section class=\"sheet\">\n<h1>You are in</h1>\n<p>");
	add_address(out, invite->address);
	buf_add_z(out, " is open, and what came in meanwhile is there. Now set up where "
		       "you read your mail.</p>\n"
		       "<p class=\"soft\">The password is yours alone: nobody here "
		       "knows it, and nobody will ask you for it.</p>\n</section>\n");
	add_settings(out, settings, invite->address, token);
	end(out);
}

/* clang-format off */
static const struct {
	enum invite_outcome why;
	const char *title, *text;
} refusals[] = {
	{ INVITE_E_ABSENT, "This link does not work",
	  "<p>Perhaps a part of it is missing: open it once more from the letter, whole. If you were "
	  "sent another one since, only the newest works.</p>\n"
	  "<p>Else ask the people who run this server for a new link.</p>\n" },
	{ INVITE_E_USED, "This link was used",
	  "<p>A password was set. If you did that, your mailbox is open: use your address and that "
	  "password in your mail program.</p>\n"
	  "<p><strong>If it was not you,</strong> tell the people who run this server at once: "
	  "somebody else opened your link.</p>\n" },
	{ INVITE_E_EXPIRED, "This link is too old",
	  "<p>A link works for three days. Nothing is lost: your mailbox is there, and mail to it "
	  "waits.</p>\n"
	  "<p>Ask the people who run this server for a new link.</p>\n" },
	{ INVITE_E_GONE, "This mailbox is closed",
	  "<p>It was closed since the link was made. Ask the people who run this server.</p>\n" },
};
/* clang-format on */

void page_refusal(struct buf *out, enum invite_outcome why)
{
	size_t row = 0;

	for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
		if (refusals[i].why == why)
			row = i;
	begin(out, refusals[row].title);
	buf_addf(out, "<section class=\"sheet\">\n<h1>%s</h1>\n%s</section>\n",
			refusals[row].title, refusals[row].text);
	end(out);
}
