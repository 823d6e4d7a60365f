/* Text within HTML and XML: in elements and in quoted attributes. */
#ifndef AGENT_MARKUP_H
#define AGENT_MARKUP_H

#include "runtime/base/buf.h"

/* Adds it with & < > " ' written as references, and what is no character of XML (control
 * characters, bad UTF-8) as U+FFFD. */
void markup_add(struct buf *out, struct view text);

#endif
