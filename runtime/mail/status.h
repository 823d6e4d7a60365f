/* Enhanced status codes (RFC 3463) and what they mean, in words for people. */
#ifndef MAIL_STATUS_H
#define MAIL_STATUS_H

#include "runtime/base/view.h"

/* "5.1.1": class 2, 4 or 5, then two numbers of at most three digits. */
MUST_USE bool status_is_code(struct view text);

/* One sentence that says what a failure of that status is, and what a sender can do about
 * it; never NULL. Where the status says nothing, `code` (of the reply; 0: no host spoke)
 * decides. */
const char *status_in_words(struct view status, unsigned code);

#endif
