/* A command line: its verb is a row of the table, the row says where it is legal. */
#include "runtime/base/limit.h"
#include "runtime/smtp/smtp_session.h"

enum {
	IN_GREETED = 1 << SMTP_GREETED,
	IN_READY = 1 << SMTP_READY,
	IN_SENDER = 1 << SMTP_SENDER,
	IN_ADDRESSED = 1 << SMTP_ADDRESSED,
	IN_CHUNKED = 1 << SMTP_CHUNKED,
	IN_FAILED = 1 << SMTP_FAILED,
	IN_TRANSACTION = IN_SENDER | IN_ADDRESSED,
	IN_ANY = IN_GREETED | IN_READY | IN_TRANSACTION | IN_CHUNKED | IN_FAILED,
};

enum {
	/* Nothing may come behind it before it is answered (RFC 2920, 3.1; RFC 4954, 3;
	 * RFC 3207, 4). */
	LAST = 1 << 0,
	/* Moves no mail: only so many in a row. */
	IDLE = 1 << 1,
	/* Takes no argument. */
	BARE = 1 << 2,
	/* The argument may hold octets above 127, to be refused with their own reply. */
	WIDE = 1 << 3,
	/* Belongs to another protocol: whoever sends it was led here (ALPACA). */
	FOREIGN = 1 << 4,
	/* Octets follow that it counts: where the count cannot be read, the session cannot
	 * go on. */
	COUNTS = 1 << 5,
};

struct command {
	const char *verb;
	unsigned legal;
	unsigned flags;
	void (*run)(struct smtp_server *s, struct view rest);
	const char *else_reply; /* where it is not legal */
};

#define CONTROL_CHARACTERS "500 5.5.2 Control characters are not understood here"
#define NOT_A_PROXY        "421 4.7.0 You are not one of our proxies"

/* clang-format off */
static const struct command commands[] = {
	{ "EHLO",     IN_ANY,         LAST | IDLE | WIDE, smtp_ehlo,     NULL },
	{ "HELO",     IN_ANY,         LAST | IDLE | WIDE, smtp_helo,     NULL },
	{ "MAIL",     IN_READY,       WIDE,               smtp_mail,     "503 5.5.1 A transaction is open already" },
	{ "RCPT",     IN_TRANSACTION, WIDE,               smtp_rcpt,     "503 5.5.1 Send MAIL first" },
	{ "DATA",     IN_TRANSACTION | IN_CHUNKED, LAST | BARE, smtp_data, "503 5.5.1 Send MAIL and RCPT first" },
	{ "BDAT",     IN_ANY,         WIDE | COUNTS,      smtp_bdat,     NULL },
	{ "RSET",     IN_ANY,         IDLE | BARE,        smtp_rset,     NULL },
	{ "NOOP",     IN_ANY,         IDLE,               smtp_noop,     NULL },
	{ "QUIT",     IN_ANY,         BARE,               smtp_quit,     NULL },
	{ "VRFY",     IN_ANY,         IDLE | WIDE,        smtp_vrfy,     NULL },
	{ "EXPN",     IN_ANY,         IDLE | WIDE,        smtp_expn,     NULL },
	{ "HELP",     IN_ANY,         IDLE,               smtp_help,     NULL },
	{ "STARTTLS", IN_READY,       LAST | BARE,        smtp_starttls, "503 5.5.1 STARTTLS is for the time between transactions" },
	{ "AUTH",     IN_READY,       LAST,               smtp_auth,     "503 5.5.1 AUTH is for the time between transactions" },
	{ "GET",      0,              FOREIGN,            NULL,          NULL },
	{ "HEAD",     0,              FOREIGN,            NULL,          NULL },
	{ "POST",     0,              FOREIGN,            NULL,          NULL },
	{ "PUT",      0,              FOREIGN,            NULL,          NULL },
	{ "PATCH",    0,              FOREIGN,            NULL,          NULL },
	{ "DELETE",   0,              FOREIGN,            NULL,          NULL },
	{ "OPTIONS",  0,              FOREIGN,            NULL,          NULL },
	{ "CONNECT",  0,              FOREIGN,            NULL,          NULL },
	{ "TRACE",    0,              FOREIGN,            NULL,          NULL },
	{ "PRI",      0,              FOREIGN,            NULL,          NULL },
	{ "PROXY",    0,              FOREIGN,            NULL,          NOT_A_PROXY },
	{ "XCLIENT",  0,              FOREIGN,            NULL,          NOT_A_PROXY },
	{ "XFORWARD", 0,              FOREIGN,            NULL,          NOT_A_PROXY },
};
/* clang-format on */

static const struct command *find(struct view verb)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (view_eq_nocase(verb, view_z(commands[i].verb)))
			return &commands[i];
	return NULL;
}

static bool has_control(struct view text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.data[i] < ' ' || text.data[i] == 127)
			return true;
	return false;
}

static bool is_ascii(struct view text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.data[i] > 127)
			return false;
	return true;
}

static const char *refusal(const struct smtp_server *s, const struct command *command,
		struct view rest)
{
	if (!command)
		return "500 5.5.2 Command not known";
	if (!(command->flags & WIDE) && !is_ascii(rest))
		return "501 5.5.2 Only ASCII is understood here";
	if (command->flags & BARE && rest.len)
		return "501 5.5.4 This command takes no argument";
	if (command->legal & 1u << s->state)
		return NULL;
	switch (s->state) {
	case SMTP_GREETED:
		return "503 5.5.1 Send EHLO first";
	case SMTP_CHUNKED:
		return "503 5.5.1 Send the rest of the message, or RSET";
	case SMTP_FAILED:
		return "503 5.5.1 This transaction has failed; send RSET";
	default:
		return command->else_reply;
	}
}

void smtp_command(struct smtp_server *s, struct view line)
{
	struct view rest = line;
	struct view verb = view_cut(&rest, ' ');
	const struct command *command = find(verb);
	const char *refused;

	if (command && command->flags & FOREIGN) {
		smtp_close(s, command->else_reply ? command->else_reply
						  : "421 4.7.0 This is a mail server");
		return;
	}
	/* The third line of a binary PROXY header: what stands behind it would be run under
	 * the proxy's own address. */
	if (line.len == 1 && line.data[0] == '\0') {
		smtp_close(s, NOT_A_PROXY);
		return;
	}
	if (has_control(line)) {
		if (command && command->flags & COUNTS)
			smtp_close(s, CONTROL_CHARACTERS);
		else
			smtp_refuse(s, CONTROL_CHARACTERS);
		return;
	}
	rest = view_trim(rest);
	refused = refusal(s, command, rest);
	if (refused) {
		smtp_refuse(s, refused);
		return;
	}
	if (command->flags & IDLE &&
			++s->idle_commands > limit_value(LIMIT_SMTP_IDLE_COMMANDS)) {
		smtp_close(s, limit_reply(LIMIT_SMTP_IDLE_COMMANDS));
		return;
	}
	s->in_step = command->flags & LAST;
	command->run(s, rest);
}
