#include "runtime/imap/imap_set.h"

void imap_set_add(struct buf *out, const struct uid_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		if (i)
			buf_add_byte(out, ',');
		buf_add_u64(out, set->ranges[i].first);
		if (set->ranges[i].last != set->ranges[i].first) {
			buf_add_byte(out, ':');
			buf_add_u64(out, set->ranges[i].last);
		}
	}
}
