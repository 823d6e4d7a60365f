#include "agent/provider/tsig.h"

enum {
	HEADER = 12,
	TYPE_TSIG = 250,
	CLASS_ANY = 255,
	FUDGE = 300, /* seconds (RFC 8945, 10) */
	BADSIG = 16,
	BADKEY = 17,
	BADTIME = 18,
	BADTRUNC = 22,
	LONGEST_MESSAGE = 65535,
	LONGEST_NAME = 255,
};

/* clang-format off */
static const char *const words[HMAC_HASHES] = {
	[HMAC_SHA256] = "hmac-sha256",
	[HMAC_SHA384] = "hmac-sha384",
	[HMAC_SHA512] = "hmac-sha512",
};
/* clang-format on */

bool tsig_hash(struct view word, enum hmac_hash *out)
{
	for (size_t i = 0; i < HMAC_HASHES; i++) {
		if (!view_eq(word, view_z(words[i])))
			continue;
		*out = (enum hmac_hash)i;
		return true;
	}
	return false;
}

/* -- octets -- */

static void add_number(struct buf *out, uint64_t number, size_t octets)
{
	while (octets--)
		buf_add_byte(out, (char)(number >> 8 * octets));
}

static uint64_t read_number(struct view bytes, size_t at, size_t octets)
{
	uint64_t number = 0;

	while (octets--)
		number = number << 8 | (unsigned char)bytes.data[at++];
	return number;
}

static bool add_name(struct buf *out, struct view name)
{
	size_t before = out->len;

	while (name.len) {
		struct view label = view_cut(&name, '.');

		if (label.len == 0 || label.len > 63)
			return false;
		buf_add_byte(out, (char)label.len);
		for (size_t i = 0; i < label.len; i++)
			buf_add_byte(out, byte_lower(label.data[i]));
	}
	buf_add_byte(out, '\0');
	return out->len - before <= LONGEST_NAME;
}

/* RFC 8945, 4.3.3: what of the record is signed. */
static bool add_variables(struct buf *out, const struct tsig_key *key, uint64_t time,
		uint64_t fudge, uint64_t error, struct view other)
{
	bool fits = add_name(out, key->name);

	add_number(out, CLASS_ANY, 2);
	add_number(out, 0, 4);
	fits = add_name(out, view_z(words[key->hash])) && fits;
	add_number(out, time, 6);
	add_number(out, fudge, 2);
	add_number(out, error, 2);
	add_number(out, other.len, 2);
	buf_add(out, other);
	return fits;
}

/* -- requests -- */

static void add_record(struct buf *message, const struct tsig_key *key, walltime now,
		const struct tsig_mac *mac)
{
	size_t id = (size_t)read_number(buf_view(message), 0, 2);
	CLEANUP(buf_free) struct buf data = BUF_NULL(512);

	(void)add_name(&data, view_z(words[key->hash]));
	add_number(&data, (uint64_t)now, 6);
	add_number(&data, FUDGE, 2);
	add_number(&data, mac->len, 2);
	buf_add(&data, view_of(mac->bytes, mac->len));
	add_number(&data, id, 2);
	add_number(&data, 0, 4); /* no error, nothing else */
	(void)add_name(message, key->name);
	add_number(message, TYPE_TSIG, 2);
	add_number(message, CLASS_ANY, 2);
	add_number(message, 0, 4);
	add_number(message, data.len, 2);
	buf_add(message, buf_view(&data));
}

bool tsig_sign(struct buf *message, const struct tsig_key *key, walltime now,
		struct tsig_mac *mac_out)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(LONGEST_MESSAGE + 1024);
	uint64_t additional;

	if (message->len < HEADER)
		return false;
	buf_add(&text, buf_view(message));
	if (!add_variables(&text, key, (uint64_t)now, FUDGE, 0, VIEW_NULL) ||
			buf_failed(&text))
		return false;
	mac_out->len = hmac_sha2(key->hash, key->secret, buf_view(&text), mac_out->bytes);
	add_record(message, key, now, mac_out);
	if (buf_failed(message))
		return false;
	additional = read_number(buf_view(message), 10, 2) + 1;
	message->data[10] = (char)(additional >> 8);
	message->data[11] = (char)additional;
	return true;
}

/* -- replies -- */

struct walk {
	struct view message;
	size_t at;
	bool broken;
};

static uint64_t take_number(struct walk *w, size_t octets)
{
	if (w->broken || octets > w->message.len - w->at) {
		w->broken = true;
		return 0;
	}
	w->at += octets;
	return read_number(w->message, w->at - octets, octets);
}

static struct view take_bytes(struct walk *w, size_t len)
{
	if (w->broken || len > w->message.len - w->at) {
		w->broken = true;
		return VIEW_NULL;
	}
	w->at += len;
	return view_sub(w->message, w->at - len, len);
}

static void skip_name(struct walk *w)
{
	uint64_t label;

	while (!w->broken && (label = take_number(w, 1)) != 0) {
		if ((label & 0xc0) == 0xc0) {
			take_number(w, 1);
			return;
		}
		if (label > 63)
			w->broken = true;
		else
			take_bytes(w, (size_t)label);
	}
}

static void skip_record(struct walk *w)
{
	skip_name(w);
	take_bytes(w, 8);
	take_bytes(w, (size_t)take_number(w, 2));
}

/* Where the last record begins; it is the signature, or there is none. */
static bool find_last(struct view message, size_t *out)
{
	struct walk w = { message, HEADER, message.len < HEADER };
	uint64_t questions = w.broken ? 0 : read_number(message, 4, 2), records = 0;

	for (size_t i = 6; i < HEADER && !w.broken; i += 2)
		records += read_number(message, i, 2);
	if (w.broken || read_number(message, 10, 2) == 0)
		return false;
	for (uint64_t i = 0; i < questions && !w.broken; i++) {
		skip_name(&w);
		take_bytes(&w, 4);
	}
	for (uint64_t i = 1; i < records && !w.broken; i++)
		skip_record(&w);
	*out = w.at;
	return !w.broken;
}

struct signature {
	struct view name, algorithm; /* in wire form, not compressed */
	uint64_t time, fudge, id, error;
	struct view mac, other;
};

static struct view take_name(struct walk *w)
{
	size_t at = w->at;

	skip_name(w);
	return w->broken ? VIEW_NULL : view_sub(w->message, at, w->at - at);
}

static bool read_signature(struct view message, size_t at, struct signature *out)
{
	struct walk w = { message, at, false };

	out->name = take_name(&w);
	if (take_number(&w, 2) != TYPE_TSIG || take_number(&w, 2) != CLASS_ANY)
		return false;
	if (take_number(&w, 4) != 0 || take_number(&w, 2) != message.len - w.at ||
			w.broken)
		return false;
	out->algorithm = take_name(&w);
	out->time = take_number(&w, 6);
	out->fudge = take_number(&w, 2);
	out->mac = take_bytes(&w, (size_t)take_number(&w, 2));
	out->id = take_number(&w, 2);
	out->error = take_number(&w, 2);
	out->other = take_bytes(&w, (size_t)take_number(&w, 2));
	return !w.broken && w.at == message.len;
}

static bool is_name(struct view wire, struct view name)
{
	CLEANUP(buf_free) struct buf own = BUF_NULL(2 * LONGEST_NAME);

	return add_name(&own, name) && view_eq_nocase(wire, buf_view(&own));
}

/* RFC 8945, 5.3: the request's signature, the reply as it was before it was signed, and the
 * record's variables. */
static bool is_signed(struct view reply, size_t at, const struct signature *s,
		const struct tsig_key *key, const struct tsig_mac *request)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(2 * LONGEST_MESSAGE);
	uint64_t additional = read_number(reply, 10, 2) - 1;
	unsigned char mac[HMAC_MOST];
	size_t len;

	add_number(&text, request->len, 2);
	buf_add(&text, view_of(request->bytes, request->len));
	add_number(&text, s->id, 2);
	buf_add(&text, view_sub(reply, 2, 8));
	add_number(&text, additional, 2);
	buf_add(&text, view_sub(reply, HEADER, at - HEADER));
	if (!add_variables(&text, key, s->time, s->fudge, s->error, s->other) ||
			buf_failed(&text))
		return false;
	len = hmac_sha2(key->hash, key->secret, buf_view(&text), mac);
	return view_eq_secret(s->mac, view_of(mac, len));
}

int tsig_verify(struct view reply, const struct tsig_key *key,
		const struct tsig_mac *request, walltime now)
{
	struct signature s = { 0 };
	uint64_t apart;
	size_t at;

	if (!find_last(reply, &at) || !read_signature(reply, at, &s))
		return TSIG_E_UNSIGNED;
	/* These come without a signature (RFC 8945, 5.2): they can only refuse. */
	if (s.error == BADKEY || s.error == BADSIG || s.error == BADTRUNC)
		return TSIG_E_REFUSED;
	if (!is_name(s.name, key->name) ||
			!is_name(s.algorithm, view_z(words[key->hash])) ||
			!is_signed(reply, at, &s, key, request))
		return TSIG_E_FORGED;
	apart = s.time > (uint64_t)now ? s.time - (uint64_t)now : (uint64_t)now - s.time;
	return s.error == BADTIME || apart > s.fudge ? TSIG_E_TIME : TSIG_OK;
}
