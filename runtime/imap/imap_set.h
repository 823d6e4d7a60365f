/* Sets of UIDs as IMAP writes them: "1:3,7". */
#ifndef IMAP_SET_H
#define IMAP_SET_H

#include "runtime/base/buf.h"
#include "runtime/base/uid_set.h"

void imap_set_add(struct buf *out, const struct uid_set *set);

#endif
