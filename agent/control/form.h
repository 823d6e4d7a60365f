/* What a form of a page sends: `password=a+b%21&again=…` (application/x-www-form-urlencoded). */
#ifndef AGENT_CONTROL_FORM_H
#define AGENT_CONTROL_FORM_H

#include "runtime/base/buf.h"

/* Adds the first value of that name, decoded: the + is a blank, and %XX a byte. Nothing where it
 * is not there. What is longer than `out` may be, it says (buf_failed). */
void form_value(struct view form, const char *name, struct buf *out);

#endif
