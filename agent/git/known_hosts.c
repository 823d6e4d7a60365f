#include "agent/git/known_hosts.h"

#include "agent/git/pattern.h"
#include "runtime/base/base64.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>
#include <stdio.h>

enum {
	SSH_PORT = 22,
	NAME_MAX_ = 300, /* "[NAME]:PORT" */
	SALT_SIZE = 20,  /* SHA-1 */
	KEY_TEXT_MAX = 16 * 1024,
};

#define HASHED VIEW("|1|")

/* "|1|SALT|HMAC-SHA1(SALT, NAME)", both in base64. */
static bool is_hash_of(struct view text, struct view name)
{
	CLEANUP(buf_free)
	struct buf salt = BUF_NULL(SALT_SIZE), hash = BUF_NULL(SALT_SIZE);
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	text = view_from(text, HASHED.len);
	if (!base64_decode(&salt, view_cut(&text, '|')) || !base64_decode(&hash, text) ||
			salt.len != SALT_SIZE || hash.len != SALT_SIZE)
		return false;
	return HMAC(EVP_sha1(), salt.data, (int)salt.len,
			       (const unsigned char *)name.data, name.len, mac, &len) &&
	       len == hash.len && memcmp(mac, hash.data, len) == 0;
}

static bool names_host(struct view patterns, struct view name)
{
	if (view_starts(patterns, HASHED))
		return is_hash_of(patterns, name);
	return pattern_list_has(patterns, name);
}

static struct view take_word(struct view *line)
{
	size_t end = 0;
	struct view word;

	*line = view_trim(*line);
	while (end < line->len && line->data[end] != ' ' && line->data[end] != '\t')
		end++;
	word = view_sub(*line, 0, end);
	*line = view_from(*line, end);
	return word;
}

static bool is_key(struct view text, struct view key)
{
	CLEANUP(buf_free) struct buf blob = BUF_NULL(KEY_TEXT_MAX);

	return base64_decode(&blob, text) && view_eq(buf_view(&blob), key);
}

enum known_host known_hosts_find(
		struct view list, struct view host, uint16_t port, struct view key)
{
	char text[NAME_MAX_];
	int len = port == SSH_PORT ? snprintf(text, sizeof(text), "%.*s", VIEW_ARG(host))
				   : snprintf(text, sizeof(text), "[%.*s]:%u",
						     VIEW_ARG(host), port);
	struct view name = view_of(text, (size_t)len);
	enum known_host found = HOST_UNKNOWN;

	if (len < 0 || (size_t)len >= sizeof(text))
		return HOST_UNKNOWN;
	while (list.data) {
		struct view line = view_cut(&list, '\n');
		struct view word = take_word(&line);
		struct view marker = VIEW_NULL;

		if (word.len && word.data[0] == '@') {
			marker = word;
			word = take_word(&line);
		}
		if (word.len == 0 || word.data[0] == '#' || !names_host(word, name))
			continue;
		(void)take_word(&line); /* its type stands in the blob */
		if (view_eq(marker, VIEW("@revoked")) && is_key(take_word(&line), key))
			return HOST_REVOKED;
		if (marker.len)
			continue;
		if (is_key(take_word(&line), key))
			found = HOST_KNOWN;
		else if (found == HOST_UNKNOWN)
			found = HOST_CHANGED;
	}
	return found;
}
