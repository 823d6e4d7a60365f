/* What this server itself writes to people: to whom it goes, and how it gets into the intake
 * log, from where it goes on like any other message. */
#ifndef SERVICE_LETTER_H
#define SERVICE_LETTER_H

#include "runtime/base/arena.h"
#include "runtime/configuration.h"

struct intake_recipient; /* store/intake.h */
struct service;

/* Who gets what is written to that address: the accounts and addresses elsewhere behind it,
 * or the address itself where that is elsewhere. NULL, and a count of 0: nobody takes it. In the arena. */
struct intake_recipient *letter_addressees(const struct configuration *c,
		struct view address, struct arena *arena, size_t *count_out);

enum letter_outcome {
	LETTER_OK = 0,
	LETTER_E_NOBODY = 1, /* none of those takes mail */
	LETTER_E_LATER,      /* the disk does not take it now */
};

/* To addresses; or, without any, to an account, whatever its state's aliases say. */
struct letter_order {
	const struct view *to;
	size_t to_count;
	const unsigned char *account; /* ACCOUNT_UID_SIZE; where there is no `to` */
	struct view subject, text;    /* as of mail/letter.h */
	struct view unique;
	/* Of a test: ENVID in xtext, by which sending knows it; it comes from postmaster, who
	 * hears of its failure. Empty: from nobody. */
	struct view test;
};

/* From the null sender: nothing comes back of it. Waits for the disk: it is durable when this
 * returns LETTER_OK. Whom of several nobody takes mail for does not hinder the others. */
MUST_USE int letter_send(struct service *s, const struct letter_order *order);

#endif
