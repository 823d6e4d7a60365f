/* What is computed once from a message when it is filed: how IMAP tells it, and the header
 * fields that search asks for, decoded and folded. */
#ifndef STORE_MESSAGE_FACTS_H
#define STORE_MESSAGE_FACTS_H

#include "runtime/base/arena.h"
#include "runtime/mail/message.h"

enum fact_text {
	FACT_SUBJECT,
	FACT_FROM,
	FACT_TO,
	FACT_CC,
	FACT_BCC,
	FACT_TEXTS,
};

struct message_facts {
	uint64_t size;
	struct view envelope, body, bodystructure; /* as IMAP sends them */
	struct view parts;                         /* message_pack */
	bool has_date;
	int64_t sent_day;              /* of the Date field in its own zone */
	struct view texts[FACT_TEXTS]; /* data is NULL where the field is absent */
};

/* What is made lives in the arena. */
void message_facts_make(struct arena *arena, const struct message *message,
		struct message_facts *out);

/* The value of a field as search compares it: unfolded, decoded, folded in case. */
struct view field_text(struct arena *arena, struct view value);

#endif
