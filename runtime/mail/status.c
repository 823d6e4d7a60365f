#include "runtime/mail/status.h"

/* clang-format off */
static const struct {
	const char *detail; /* the code without its class */
	const char *words;
} meanings[] = {
	{ "1.1",  "There is no such mailbox. Look at the part before the @ for a mistake." },
	{ "1.2",  "The domain does not exist, or takes no mail. Look at the part behind the @ for a mistake." },
	{ "1.3",  "The address is not written as addresses are." },
	{ "1.6",  "The mailbox has moved, and nobody said where to." },
	{ "1.8",  "The host does not accept your address as a sender." },
	{ "1.10", "The domain says that it takes no mail at all." },
	{ "2.0",  "There is something wrong with that mailbox." },
	{ "2.1",  "The mailbox is disabled: its owner does not use it any more." },
	{ "2.2",  "The mailbox is full. Its owner has to make room." },
	{ "2.3",  "The message is larger than that mailbox takes. Send a link in place of the attachment." },
	{ "3.2",  "The host takes no mail at the moment." },
	{ "3.4",  "The message is larger than the host takes. Send a link in place of the attachment." },
	{ "4.1",  "The host does not answer." },
	{ "4.2",  "The connection to the host broke." },
	{ "4.3",  "The names of the domain could not be looked up." },
	{ "4.4",  "The domain names no host that takes its mail." },
	{ "4.6",  "The domain sends its mail round in a circle." },
	{ "4.7",  "It could not be delivered in the time that it may wait." },
	{ "5.3",  "It has too many recipients for the host. Send it to fewer at once." },
	{ "5.4",  "The host says that something in the message's envelope is wrong." },
	{ "6.0",  "The host does not take messages of that content." },
	{ "6.3",  "The message needs a form of encoding that the host does not know." },
	{ "6.7",  "The address has letters that the host does not know (SMTPUTF8)." },
	{ "7.0",  "The host refused it for reasons of its own rules." },
	{ "7.1",  "The host does not want mail from you, or from this server." },
	{ "7.5",  "A secure connection is asked for, and could not be made." },
	{ "7.9",  "The host refused how this server logged in." },
	{ "7.20", "The host found no valid DKIM signature." },
	{ "7.23", "The host found that SPF does not allow this server to send." },
	{ "7.25", "The address of this server has no name in the DNS (PTR)." },
	{ "7.26", "Both SPF and DKIM failed at the host." },
	{ "7.27", "The domain of the sender says that it takes no mail, so the host takes none from it." },
};
/* clang-format on */

static bool is_number(struct view text)
{
	uint64_t number;

	return text.len <= 3 && view_to_u64(text, &number);
}

bool status_is_code(struct view text)
{
	struct view rest = text;
	struct view class = view_cut(&rest, '.');
	struct view subject = view_cut(&rest, '.');

	return class.len == 1 && view_find(VIEW("245"), class.data[0]) < 3 &&
	       is_number(subject) && is_number(rest);
}

const char *status_in_words(struct view status, unsigned code)
{
	struct view detail = view_from(status, 2);

	for (size_t i = 0; i < ARRAY_LEN(meanings); i++)
		if (status_is_code(status) && view_eq(detail, view_z(meanings[i].detail)))
			return meanings[i].words;
	if (code == 0)
		return "The host could not be reached.";
	return code < 500 ? "The host does not take it for now." : "The host refused it.";
}
