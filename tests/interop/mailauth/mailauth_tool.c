/* Our DKIM and SPF on the command line, for the judges; messages come on standard input,
 * lines end in CRLF.
 *
 *   mailauth_tool key rsa|ed25519 FILE                 makes a key, prints its record
 *   mailauth_tool sign NOW DOMAIN SELECTOR FILE …      prints the fields to put on top
 *   mailauth_tool verify NOW ZONE                      prints a line for each signature
 *   mailauth_tool spf ZONE CLIENT HELO LOCAL DOMAIN    prints the result, and on another
 *                                                      line the explanation
 *
 * ZONE is a file as tests/lib/zone.h describes it. */
#include "runtime/base/error.h"
#include "runtime/mailauth/dkim_key.h"
#include "runtime/mailauth/dkim_sign.h"
#include "runtime/mailauth/dkim_verify.h"
#include "runtime/mailauth/spf.h"
#include "tests/lib/zone.h"

#include <stdio.h>
#include <stdlib.h>

static void read_all(FILE *in, struct buf *out)
{
	char *room;
	size_t len;

	if (!in)
		die("no such file");
	do {
		room = buf_room(out, 4096);
		if (!room)
			die("the input is too long");
		len = fread(room, 1, 4096, in);
		buf_grown(out, len);
	} while (len);
	if (in != stdin)
		fclose(in);
}

static void print(struct view bytes)
{
	fwrite(bytes.data, 1, bytes.len, stdout);
}

static int make_key(const char *algorithm, const char *path)
{
	CLEANUP(signing_key_freep) struct signing_key *key = NULL;
	CLEANUP(secret_free) struct secret pem = SECRET_NULL;
	CLEANUP(buf_free) struct buf record = BUF_NULL(4096);
	FILE *out = fopen(path, "w");
	struct view text;

	if (!out ||
			signing_key_generate(
					strcmp(algorithm, "rsa") ? KEY_ED25519 : KEY_RSA,
					&key) ||
			signing_key_write(key, &pem) || dkim_key_print(key, &record))
		die("no key");
	text = secret_expose(&pem);
	fwrite(text.data, 1, text.len, out);
	print(buf_view(&record));
	return fclose(out);
}

static struct signing_key *read_key(const char *path)
{
	CLEANUP(buf_wipe) struct buf text = BUF_NULL(1 << 16);
	CLEANUP(secret_free) struct secret pem = SECRET_NULL;
	struct signing_key *key;

	read_all(fopen(path, "r"), &text);
	pem = secret_copy(buf_view(&text));
	if (signing_key_read(&pem, &key))
		die("%s is no key", path);
	return key;
}

static int sign(char **argv, int argc, struct view message)
{
	struct dkim_signer signers[DKIM_SIGNERS_MAX];
	struct signing_key *keys[DKIM_SIGNERS_MAX];
	CLEANUP(buf_free) struct buf out = BUF_NULL(DKIM_FIELDS_MAX);
	CLEANUP(dkim_sign_freep) struct dkim_sign *s = NULL;
	size_t count = 0;
	int r;

	for (int i = 2; i + 1 < argc && count < DKIM_SIGNERS_MAX; i += 2) {
		keys[count] = read_key(argv[i + 1]);
		signers[count] = (struct dkim_signer){ view_z(argv[1]), view_z(argv[i]),
			keys[count] };
		count++;
	}
	s = dkim_sign_new(signers, count, atoll(argv[0]), 0);
	dkim_sign_feed(s, message);
	r = dkim_sign_finish(s, &out);
	print(buf_view(&out));
	while (count)
		signing_key_free(keys[--count]);
	return r;
}

static int verify(char **argv, struct view message)
{
	CLEANUP(buf_free) struct buf zone = BUF_NULL(1 << 20);
	CLEANUP(dkim_verify_freep)
	struct dkim_verify *v = dkim_verify_new(atoll(argv[0]));
	const struct dkim_result *result;
	struct op *op;

	read_all(fopen(argv[1], "r"), &zone);
	dkim_verify_feed(v, message);
	dkim_verify_finish(v);
	while ((op = dkim_verify_next_op(v))) {
		zone_answer(buf_view(&zone), dns_lookup_of(op));
		dkim_verify_answer(v, op);
	}
	result = dkim_verify_result(v);
	for (size_t i = 0; i < result->count; i++)
		printf("%s %.*s%s%s\n", dkim_code_name(result->verdicts[i].code),
				VIEW_ARG(result->verdicts[i].selector),
				result->verdicts[i].reason ? " " : "",
				result->verdicts[i].reason ? result->verdicts[i].reason
							   : "");
	return 0;
}

static int check_spf(char **argv)
{
	struct spf_request request = { .identity = SPF_MAIL_FROM,
		.helo = view_z(argv[2]),
		.local = view_z(argv[3]),
		.domain = view_z(argv[4]),
		.receiver = VIEW("receiver.example"),
		.now = 1700000000 };
	CLEANUP(buf_free) struct buf zone = BUF_NULL(1 << 20);
	CLEANUP(spf_check_freep) struct spf_check *check = NULL;
	const struct spf_result *result;
	struct op *op;

	if (!network_parse(view_z(argv[1]), &request.client))
		die("%s is no address", argv[1]);
	read_all(fopen(argv[0], "r"), &zone);
	check = spf_check_new(&request, 0);
	while ((op = spf_check_next_op(check))) {
		zone_answer(buf_view(&zone), dns_lookup_of(op));
		spf_check_answer(check, op, 0);
	}
	result = spf_check_result(check);
	printf("%s\n%.*s\n", spf_code_name(result->code), VIEW_ARG(result->explanation));
	return 0;
}

int main(int argc, char **argv)
{
	CLEANUP(buf_free) struct buf message = BUF_NULL(1 << 26);

	if (argc == 4 && strcmp(argv[1], "key") == 0)
		return make_key(argv[2], argv[3]);
	if (argc == 7 && strcmp(argv[1], "spf") == 0)
		return check_spf(argv + 2);
	read_all(stdin, &message);
	if (argc >= 6 && strcmp(argv[1], "sign") == 0)
		return sign(argv + 2, argc - 2, buf_view(&message));
	if (argc == 4 && strcmp(argv[1], "verify") == 0)
		return verify(argv + 2, buf_view(&message));
	die("see the top of mailauth_tool.c");
}
