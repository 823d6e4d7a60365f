#include "tests/runtime/service/model/truth.h"

#include "runtime/base/error.h"
#include "runtime/imap/imap_op.h"
#include "tests/runtime/service/model/dice.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	HEAD_MAX = 200,
	LARGE = 400 * 1000, /* read in chunks */
	MIDDLE = 70 * 1000, /* a few fill a batch */
};

void truth_init(struct truth *t)
{
	static const char *const names[] = { "INBOX", "Drafts", "Sent", "Trash", "Junk",
		"Archive" };

	*t = (struct truth){ 0 };
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		truth_create(t, names[i])->floor = 0;
}

void truth_free(struct truth *t)
{
	for (size_t i = 0; i < t->count; i++) {
		free(t->boxes[i]->messages);
		free(t->boxes[i]->gone);
		free(t->boxes[i]);
	}
	free(t->boxes);
}

/* -- texts -- */

unsigned truth_new_number(void)
{
	static unsigned number;

	return ++number;
}

unsigned truth_word(unsigned number)
{
	return number % TRUTH_WORDS;
}

static size_t filling(unsigned number)
{
	if (number % 500 == 0)
		return LARGE;
	if (number % 50 == 1)
		return MIDDLE;
	return number % 300;
}

/* Up to the first line of the body; every fourth text is encoded. */
static int write_head(char *out, size_t size, unsigned number)
{
	bool encoded = number % 4 == 3;

	return snprintf(out, size,
			"From: a@example.net\r\nSubject: s%u\r\n%s\r\n%sord%u\r\n",
			number,
			encoded ? "Content-Transfer-Encoding: quoted-printable\r\n" : "",
			encoded ? "=77" : "w", truth_word(number));
}

static void add_filling(struct buf *out, unsigned number)
{
	for (size_t left = filling(number); left;) {
		size_t len = left < 70 ? left : 70;
		char *line = buf_room(out, len + 2);

		memset(line, 'a' + (int)((number + left) % 26), len);
		memcpy(line + len, "\r\n", 2);
		buf_grown(out, len + 2);
		left -= len;
	}
}

void truth_text(struct buf *out, unsigned number)
{
	char head[HEAD_MAX];

	write_head(head, sizeof(head), number);
	buf_add_z(out, head);
	add_filling(out, number);
}

void truth_body(struct buf *out, unsigned number)
{
	buf_addf(out, "word%u\r\n", truth_word(number));
	add_filling(out, number);
}

uint64_t truth_size(const struct truth_message *m)
{
	size_t left = filling(m->number);
	size_t head = (size_t)write_head(NULL, 0, m->number);

	return view_z(m->above).len + head + left + 2 * ((left + 69) / 70);
}

/* -- mailboxes -- */

struct truth_box *truth_find(const struct truth *t, const char *name)
{
	for (size_t i = 0; i < t->there; i++)
		if (strcmp(t->boxes[i]->name, name) == 0)
			return t->boxes[i];
	return NULL;
}

static bool is_below(const char *name, const char *above)
{
	size_t len = strlen(above);

	return strncmp(name, above, len) == 0 && name[len] == '/';
}

bool truth_has_below(const struct truth *t, const char *name)
{
	for (size_t i = 0; i < t->there; i++)
		if (is_below(t->boxes[i]->name, name))
			return true;
	return false;
}

struct truth_box *truth_any(const struct truth *t)
{
	return t->boxes[dice((uint32_t)t->there)];
}

/* Those that are there stand first. */
struct truth_box *truth_create(struct truth *t, const char *name)
{
	struct truth_box *box = xcalloc(1, sizeof(*box));

	array_grow(&t->boxes, &t->capacity, t->count + 1, sizeof(*t->boxes));
	snprintf(box->name, sizeof(box->name), "%s", name);
	box->there = true;
	box->uidnext = 1;
	box->floor = t->uidvalidity;
	t->boxes[t->count++] = t->boxes[t->there];
	t->boxes[t->there++] = box;
	return box;
}

bool truth_delete(struct truth *t, const char *name)
{
	struct truth_box *box = truth_find(t, name);

	if (!box || strcmp(name, "INBOX") == 0)
		return false;
	box->there = false;
	for (size_t i = 0; i < t->there; i++) {
		if (t->boxes[i] != box)
			continue;
		t->boxes[i] = t->boxes[--t->there];
		t->boxes[t->there] = box;
	}
	return true;
}

static void move_inbox(struct truth *t, const char *to)
{
	struct truth_box *inbox = truth_find(t, "INBOX"), *box = truth_create(t, to);

	for (size_t i = 0; i < inbox->count; i++)
		(void)truth_add(t, box, &inbox->messages[i]);
	while (inbox->count)
		truth_remove(t, inbox, inbox->messages[inbox->count - 1].uid);
}

static void new_name(
		char out[TRUTH_NAME], const char *name, const char *from, const char *to)
{
	snprintf(out, TRUTH_NAME, "%s%s", to, name + strlen(from));
}

static bool moves(const struct truth_box *box, const char *from)
{
	return strcmp(box->name, from) == 0 || is_below(box->name, from);
}

bool truth_rename(struct truth *t, const char *from, const char *to)
{
	bool any = false;

	if (truth_find(t, to) || is_below(to, from))
		return false;
	if (strcmp(from, "INBOX") == 0) {
		move_inbox(t, to);
		return true;
	}
	for (size_t i = 0; i < t->there; i++) {
		char name[TRUTH_NAME];

		if (!moves(t->boxes[i], from))
			continue;
		any = true;
		new_name(name, t->boxes[i]->name, from, to);
		if (truth_find(t, name))
			return false;
	}
	for (size_t i = 0; i < t->there; i++) {
		char name[TRUTH_NAME];

		if (!moves(t->boxes[i], from))
			continue;
		new_name(name, t->boxes[i]->name, from, to);
		memcpy(t->boxes[i]->name, name, TRUTH_NAME);
	}
	return any;
}

bool truth_validity(struct truth *t, struct truth_box *box, uint64_t value)
{
	if (box->uidvalidity)
		return value == box->uidvalidity;
	if (value <= box->floor || value > UINT32_MAX)
		return false;
	for (size_t i = 0; i < t->count; i++)
		if (t->boxes[i]->uidvalidity == value)
			return false;
	box->uidvalidity = (uint32_t)value;
	if (t->uidvalidity < value)
		t->uidvalidity = (uint32_t)value;
	return true;
}

/* -- messages -- */

size_t truth_below(const struct truth_box *box, uint64_t uid)
{
	size_t low = 0, high = box->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (box->messages[middle].uid < uid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct truth_message *truth_message(const struct truth_box *box, uint32_t uid)
{
	size_t at = truth_below(box, uid);

	return at < box->count && box->messages[at].uid == uid ? &box->messages[at]
							       : NULL;
}

bool truth_modseq(struct truth *t, uint64_t modseq)
{
	t->low = t->high;
	t->high = modseq;
	return modseq >= t->low;
}

static void stamp(const struct truth *t, struct truth_message *m)
{
	m->modseq = 0;
	m->low = t->low;
	m->high = t->high;
}

void truth_flags(const struct truth *t, struct truth_message *m, unsigned flags)
{
	if (m->flags == flags)
		return;
	m->flags = flags;
	stamp(t, m);
}

bool truth_message_modseq(struct truth_message *m, uint64_t modseq)
{
	if (m->modseq)
		return modseq == m->modseq;
	m->modseq = modseq;
	return m->low < modseq && modseq <= m->high;
}

int truth_later(const struct truth_message *m, uint64_t modseq)
{
	if (m->modseq)
		return m->modseq > modseq;
	if (m->low >= modseq)
		return 1;
	return m->high <= modseq ? 0 : -1;
}

uint64_t truth_gone(const struct truth_box *box, uint32_t uid)
{
	for (size_t i = box->gone_count; i-- > 0;)
		if (box->gone[i].uid == uid)
			return box->gone[i].high;
	return 0;
}

uint64_t truth_box_size(const struct truth_box *box)
{
	uint64_t size = 0;

	for (size_t i = 0; i < box->count; i++)
		size += truth_size(&box->messages[i]);
	return size;
}

/* `m` may be of the same mailbox. */
struct truth_message *truth_add(
		struct truth *t, struct truth_box *box, const struct truth_message *m)
{
	struct truth_message copy = *m;

	array_grow(&box->messages, &box->capacity, box->count + 1,
			sizeof(*box->messages));
	copy.uid = box->uidnext++;
	stamp(t, &copy);
	box->messages[box->count] = copy;
	return &box->messages[box->count++];
}

void truth_remove(struct truth *t, struct truth_box *box, uint32_t uid)
{
	size_t at = truth_below(box, uid);

	array_grow(&box->gone, &box->gone_capacity, box->gone_count + 1,
			sizeof(*box->gone));
	box->gone[box->gone_count++] = (struct truth_tombstone){ uid, t->high };
	memmove(&box->messages[at], &box->messages[at + 1],
			(--box->count - at) * sizeof(*box->messages));
}

size_t truth_unseen(const struct truth_box *box)
{
	size_t n = 0;

	for (size_t i = 0; i < box->count; i++)
		n += !(box->messages[i].flags & IMAP_FLAG_SEEN);
	return n;
}
