#include "agent/control/form.h"

#include "runtime/base/base64.h"

static void decode(struct view value, struct buf *out)
{
	for (size_t i = 0; i < value.len; i++) {
		char byte = value.data[i];

		if (byte == '+')
			byte = ' ';
		else if (byte == '%' && hex_decode(view_sub(value, i + 1, 2), &byte, 1))
			i += 2;
		buf_add_byte(out, byte);
	}
}

void form_value(struct view form, const char *name, struct buf *out)
{
	while (form.len) {
		struct view value = view_cut(&form, '&');

		if (view_eq(view_cut(&value, '='), view_z(name))) {
			decode(value, out);
			return;
		}
	}
}
