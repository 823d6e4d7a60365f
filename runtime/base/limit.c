#include "runtime/base/limit.h"

#include <assert.h>

enum {
	KIB = 1024,
	MIB = 1024 * 1024
};

/* clang-format off */
static const struct limit_row rows[LIMIT_COUNT] = {
	/* RFC 5321, 4.5.3.1; RFC 4954, 4 */
	[LIMIT_SMTP_COMMAND_LINE]      = { "smtp.command_line",        2048,       "500 5.5.2 Command line too long" },
	[LIMIT_SMTP_AUTH_LINE]         = { "smtp.auth_line",           12288,      "500 5.5.6 Authentication exchange line is too long" },
	[LIMIT_SMTP_RECIPIENTS]        = { "smtp.recipients",          1000,       "452 4.5.3 Too many recipients" },
	[LIMIT_SMTP_PATH]              = { "smtp.path",                1024,       "501 5.1.7 Path too long" },
	[LIMIT_SMTP_LOCAL_PART]        = { "smtp.local_part",          64,         "501 5.1.3 Local part longer than 64 octets" },
	[LIMIT_SMTP_DOMAIN]            = { "smtp.domain",              255,        "501 5.5.4 Host name longer than 255 octets" },
	[LIMIT_SMTP_MESSAGE]           = { "smtp.message",             50 * MIB,   "552 5.3.4 Message size exceeds the limit" },
	[LIMIT_SMTP_HEADER]            = { "smtp.header",              MIB,        "552 5.3.4 Header larger than 1 MiB" },
	[LIMIT_SMTP_ERRORS]            = { "smtp.errors",              20,         "421 4.7.0 Too many errors" },
	[LIMIT_SMTP_RECEIVED]          = { "smtp.received",            50,         "554 5.4.6 Too many hops" },
	[LIMIT_SMTP_FORWARD_PATH]      = { "smtp.forward_path",        256,        "501 5.1.3 Path longer than 256 octets" },
	[LIMIT_SMTP_AUTHOR]            = { "smtp.author",              64 * KIB,   "554 5.6.0 From or Sender field too long" },
	[LIMIT_SMTP_DISCARD]           = { "smtp.discard",             64 * KIB,   "421 4.7.0 Line without an end" },
	[LIMIT_SMTP_IDLE_COMMANDS]     = { "smtp.idle_commands",       100,        "421 4.7.0 Too many commands without mail" },
	[LIMIT_SMTP_LOGINS]            = { "smtp.logins",              5,          "421 4.7.0 Too many failed logins" },
	[LIMIT_RECEIVE_LONG_HEADERS]   = { "receive.long_headers",     64 * MIB,   "451 4.3.0 Too many long headers at once; try again later" },
	[LIMIT_SMTP_CHUNKS]            = { "smtp.chunks",              10000,      "421 4.7.0 Too many chunks; send larger ones" },
	[LIMIT_SMTP_EMPTY_CHUNKS]      = { "smtp.empty_chunks",        10,         "421 4.7.0 Too many empty chunks" },
	/* RFC 3461, 4.2 and 4.4 */
	[LIMIT_SMTP_ENVID]             = { "smtp.envid",               100,        "501 5.5.4 ENVID is at most 100 characters of xtext" },
	[LIMIT_SMTP_ORCPT]             = { "smtp.orcpt",               500,        "501 5.5.4 ORCPT is an address type, a semicolon and xtext" },
	/* RFC 5321, 4.5.3.1.5, has 512 octets; of what a server says to us */
	[LIMIT_SMTP_CLIENT_REPLY_LINE]  = { "smtp_client.reply_line",  1024,       "a line of it is longer than 1024 octets" },
	[LIMIT_SMTP_CLIENT_REPLY_LINES] = { "smtp_client.reply_lines", 100,        "it has more than 100 lines" },
	[LIMIT_SMTP_CLIENT_REPLY_TEXT]  = { "smtp_client.reply_text",  8 * KIB,    "the rest of the text is left out" },
	/* RFC 2683, 3.2.1.5; RFC 7888, 5 */
	[LIMIT_IMAP_LINE]              = { "imap.line",                64 * KIB,   "BYE [TOOBIG] Command line too long" },
	[LIMIT_IMAP_LITERAL]           = { "imap.literal",             64 * KIB,   "BAD [TOOBIG] Literal too large" },
	[LIMIT_IMAP_NONSYNC_LITERAL]   = { "imap.nonsync_literal",     4096,       "BYE [TOOBIG] Non-synchronising literal larger than 4096 octets" },
	[LIMIT_IMAP_COMMAND]           = { "imap.command",             256 * KIB,  "BAD [TOOBIG] Command too large" },
	[LIMIT_IMAP_COMMAND_BEFORE_LOGIN] = { "imap.command_before_login", 8 * KIB, "BYE [TOOBIG] Command too large" },
	[LIMIT_IMAP_DEPTH]             = { "imap.depth",               32,         "BAD Parentheses nested too deeply" },
	[LIMIT_IMAP_SET]               = { "imap.set",                 10000,      "BAD Too many ranges in a set" },
	[LIMIT_IMAP_SECTIONS]          = { "imap.sections",            64,         "NO [LIMIT] Too many sections in one FETCH" },
	[LIMIT_IMAP_SEARCH_KEYS]       = { "imap.search_keys",         1000,       "NO [LIMIT] Too many keys in one SEARCH" },
	[LIMIT_IMAP_SEARCH_EFFORT]     = { "imap.search_effort",       64 * MIB,   "NO [LIMIT] The search takes too long; ask for less" }, /* KiB read */
	[LIMIT_IMAP_KEYWORD]           = { "imap.keyword",             100,        "NO [LIMIT] Keyword too long" },
	[LIMIT_IMAP_KEYWORDS]          = { "imap.keywords",            50,         "NO [LIMIT] Too many keywords" },
	[LIMIT_IMAP_MAILBOX_LEVELS]    = { "imap.mailbox_levels",      32,         "NO [CANNOT] Mailbox name has too many levels" },
	[LIMIT_IMAP_ERRORS_BEFORE_LOGIN] = { "imap.errors_before_login", 3,        "BYE Too many bad commands" },
	[LIMIT_IMAP_ERRORS]            = { "imap.errors",              20,         "BYE Too many bad commands" },
	[LIMIT_IMAP_MAILBOX_NAME]      = { "imap.mailbox_name",        1000,       "NO [CANNOT] Mailbox name too long" },
	[LIMIT_IMAP_APPEND]            = { "imap.append",              50 * MIB,   "NO [TOOBIG] Message size exceeds the limit" },
	[LIMIT_IMAP_APPEND_MESSAGES]   = { "imap.append_messages",     1000,       "NO [LIMIT] Too many messages in one APPEND" },
	[LIMIT_MIME_DEPTH]             = { "mime.depth",               100,        "deeper parts are opaque" },
	[LIMIT_MIME_PARTS]             = { "mime.parts",               10000,      "further parts are opaque" },
	[LIMIT_MIME_HEADER]            = { "mime.header",              MIB,        "the rest of the header is body" },
	[LIMIT_MIME_BOUNDARY]          = { "mime.boundary",            2048,       "the multipart is opaque" },
	[LIMIT_MIME_PARAMETERS]        = { "mime.parameters",          100,        "further parameters are dropped" },
	[LIMIT_MIME_ADDRESSES]         = { "mime.addresses",           10000,      "further addresses are dropped" },
	[LIMIT_MIME_COMMENT_DEPTH]     = { "mime.comment_depth",       32,         "the field does not parse" },
	[LIMIT_MIME_KEPT]              = { "mime.kept",                4 * MIB,    "further fields are left out of ENVELOPE and BODYSTRUCTURE" },
	/* RFC 6585, 5 */
	[LIMIT_HTTP_HEAD]              = { "http.head",                64 * KIB,   "431 Request Header Fields Too Large" },
	[LIMIT_HTTP_TARGET]            = { "http.target",              8 * KIB,    "414 URI Too Long" },
	[LIMIT_HTTP_FIELDS]            = { "http.fields",              100,        "431 Request Header Fields Too Large" },
	[LIMIT_HTTP_BODY]              = { "http.body",                80 * MIB,   "413 Content Too Large" },
	[LIMIT_HTTP_PUBLIC_BODY]       = { "http.public-body",         1 * MIB,    "413 Content Too Large" },
	[LIMIT_NET_PROXY_HEADER]       = { "net.proxy_header",         2 * KIB,    "the connection is closed" },
	[LIMIT_DNS_RECORDS]            = { "dns.records",              1000,       "the answer counts as failed" },
	[LIMIT_DNS_OCTETS]             = { "dns.octets",               64 * KIB,   "the answer counts as failed" },
	[LIMIT_DNS_QUESTIONS]          = { "dns.questions",            1000,       "too many questions are under way" },
	/* RFC 7208, 4.6.4 */
	[LIMIT_SPF_LOOKUPS]            = { "spf.lookups",              10,         "spf=permerror" },
	[LIMIT_SPF_VOID_LOOKUPS]       = { "spf.void_lookups",         2,          "spf=permerror" },
	[LIMIT_SPF_NAMES]              = { "spf.names",                10,         "spf=permerror for MX, further names are passed over for PTR" },
	[LIMIT_SPF_EXPANSION]          = { "spf.expansion",            8 * KIB,    "spf=permerror" },
	[LIMIT_SPF_EXPLANATION]        = { "spf.explanation",          400,        "no explanation" },
	[LIMIT_DKIM_SIGNATURES]        = { "dkim.signatures",          8,          "further signatures: dkim=neutral" },
	[LIMIT_DKIM_SIGNATURE]         = { "dkim.signature",           64 * KIB,   "dkim=permerror" },
	[LIMIT_DKIM_NAMES]             = { "dkim.names",               1000,       "dkim=permerror" },
	[LIMIT_MAILAUTH_HEADER]        = { "mailauth.header",          MIB,        "dkim=permerror, dmarc=permerror" },
	[LIMIT_MAILAUTH_FIELDS]        = { "mailauth.fields",          10000,      "dkim=permerror" },
	[LIMIT_MAILAUTH_TAGS]          = { "mailauth.tags",            64,         "the record or signature does not parse" },
	[LIMIT_STATE_FILE]             = { "state.file",               4 * MIB,    "FileTooLarge" },
	[LIMIT_STATE_TOTAL]            = { "state.total",              64 * MIB,   "StateTooLarge" },
	[LIMIT_STATE_FILES]            = { "state.files",              10000,      "TooManyFiles" },
	[LIMIT_STATE_DEPTH]            = { "state.depth",              32,         "TooDeep" },
	[LIMIT_STATE_SCALAR]           = { "state.scalar",             MIB,        "ValueTooLong" },
	[LIMIT_STORE_MAILBOXES]        = { "store.mailboxes",          10000,      "NO [LIMIT] Too many mailboxes" },
	[LIMIT_STORE_KEYWORDS]         = { "store.keywords",           55,         "NO [LIMIT] Too many keywords in this account" },
	[LIMIT_STORE_SEARCH_TERMS]     = { "store.search_terms",       2000,       "NO [LIMIT] Search too long" },
	[LIMIT_STATE_FILE_VALUES]      = { "state.file_values",        300000,     "TooManyValues" },
	[LIMIT_STATE_VALUES]           = { "state.values",             3000000,    "TooManyValues" },
};
/* clang-format on */

const struct limit_row *limit_row(enum limit limit)
{
	assert(limit < LIMIT_COUNT && rows[limit].name);
	return &rows[limit];
}
