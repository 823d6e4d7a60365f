/* Makes a sealed value of a secret: offline, for whoever may write the state. */
#include "agent/command/seal.h"
#include "agent/command/offline.h"
#include "runtime/base/base64.h"
#include "runtime/base/buf.h"
#include "schema/sealed.h"
#include "schema/value.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	COLUMNS = 76
};

/* What is on the standard input, without one line end. */
static enum exit_code read_secret(struct buf *out)
{
	char piece[4096];
	ssize_t n;

	if (isatty(STDIN_FILENO))
		fputs("The secret, then the end of file (Ctrl-D): ", stderr);
	while ((n = read(STDIN_FILENO, piece, sizeof(piece))) > 0)
		buf_add(out, view_of(piece, (size_t)n));
	explicit_bzero(piece, sizeof(piece));
	if (out->len && out->data[out->len - 1] == '\n')
		buf_truncate(out, out->len - 1);
	if (out->len == 0 || buf_failed(out)) {
		say_error("it is read from the standard input: `posthus seal … <FILE`",
				out->len ? "the secret is longer than %d bytes"
					 : "there is no secret (at most %d bytes)",
				AGE_CLEAR_MAX);
		return EXIT_INVALID;
	}
	return EXIT_FINE;
}

static const struct desired_object *find(const struct desired *desired, struct view name)
{
	struct view rest = name;
	enum kind kind = kind_of(view_cut(&rest, '/'));

	return kind == KIND_NONE ? NULL : desired_find(desired, kind, rest);
}

/* The secret field at `path` below a table; NULL: there is none. */
static const struct field *field_at(const struct table *table, struct view path)
{
	struct view name = view_cut(&path, '.');
	const struct field *field = table_field(table, name);

	if (!field || field->type->kind != TYPE_RECORD)
		return NULL;
	if (field->type->table->secret)
		return path.len ? NULL : field;
	return field_at(field->type->table, path);
}

enum exit_code seal_recipients(
		const struct desired *desired, struct age_recipient *out, size_t *count)
{
	for (size_t i = 0; i < desired->recipient_count; i++) {
		const struct desired_recipient *r = &desired->recipients[i];

		if (*count == AGE_RECIPIENTS_MAX ||
				!age_recipient_read(r->recipient, &out[*count])) {
			say_error("`posthus key show` prints a host's, `age-keygen -y` "
				  "anybody's",
					"%.*s is no recipient of age's",
					VIEW_ARG(r->name));
			return EXIT_INVALID;
		}
		++*count;
	}
	if (*count)
		return EXIT_FINE;
	say_error("`secrets: {recipients: {host/mail1: age1…, recovery: age1…}}`; "
		  "`posthus "
		  "key show` prints a host's",
			"the state names nobody who could open it");
	return EXIT_INVALID;
}

static void print(struct view file)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(SEALED_MAX);
	struct view rest;

	base64_add(&text, file);
	fputs("{sealed: \"", stdout);
	for (rest = buf_view(&text); rest.len; rest = view_from(rest, COLUMNS))
		printf("%.*s", VIEW_ARG(rest.len > COLUMNS ? view_sub(rest, 0, COLUMNS)
							   : rest));
	puts("\"}");
}

static enum exit_code seal_it(const struct desired *desired,
		const struct desired_object *object, struct view path)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(buf_wipe) struct buf secret = BUF_NULL(AGE_CLEAR_MAX);
	CLEANUP(buf_wipe) struct buf text = BUF_NULL(2 * AGE_CLEAR_MAX);
	CLEANUP(secret_free) struct secret clear = SECRET_NULL;
	CLEANUP(buf_free) struct buf file = BUF_NULL(AGE_FILE_MAX);
	struct age_recipient recipients[AGE_RECIPIENTS_MAX];
	struct view endpoint = sealed_endpoint(arena, object, path);
	size_t count = 0;
	enum exit_code code = seal_recipients(desired, recipients, &count);

	if (code == EXIT_FINE)
		code = read_secret(&secret);
	if (code != EXIT_FINE)
		return code;
	buf_add(&text, sealed_place(arena, object, path));
	buf_add_byte(&text, '\n');
	if (endpoint.len)
		buf_addf(&text, "to: %.*s\n", VIEW_ARG(endpoint));
	buf_add(&text, buf_view(&secret));
	clear = secret_copy(buf_view(&text));
	if (age_seal(recipients, count, &clear, &file)) {
		say_error(NULL, "it cannot be sealed: a recipient is no key, or the "
				"secret "
				"too long");
		return EXIT_INVALID;
	}
	fprintf(stderr, "Sealed for %zu, as %.*s%s%.*s\n", count,
			VIEW_ARG(sealed_place(arena, object, path)),
			endpoint.len ? ", to be sent to " : "", VIEW_ARG(endpoint));
	print(buf_view(&file));
	return EXIT_FINE;
}

static int run(const struct words *words)
{
	CLEANUP(offline_deinit) struct offline_state state = { 0 };
	const char *path = words_option(words, "state");
	struct view name = view_z(words_operand(words, 0));
	struct view field = view_z(words_operand(words, 1));
	const struct desired_object *object;

	if (!path)
		path = "/etc/posthus/state";
	if (!offline_read(&path, 1, &state)) {
		offline_print(&state.checked.diagnostics, stderr);
		return EXIT_INVALID;
	}
	object = find(state.checked.desired, name);
	if (!object) {
		say_error("write it into the state first, with `{credential: later}` in "
			  "the "
			  "secret's place; its endpoint is sealed with it",
				"the state at %s has no %.*s", path, VIEW_ARG(name));
		return EXIT_INVALID;
	}
	if (!field_at(table_of_kind(object->kind), field)) {
		say_error("`posthus explain` lists the fields of its kind",
				"%.*s has no secret `%.*s`", VIEW_ARG(name),
				VIEW_ARG(field));
		return EXIT_INVALID;
	}
	return (int)seal_it(state.checked.desired, object, field);
}

static const struct option_row options[] = {
	{ "state", "PATH", "the state's file or folder; else /etc/posthus/state" },
};

const struct command command_seal = {
	.name = "seal",
	.operands = "KIND/NAME path.to.field",
	.least_operands = 2,
	.most_operands = 2,
	.summary = "Seal a secret, so that it can stand in the state",
	.help = "Reads the secret from the standard input and prints what to write in "
		"its "
		"place. It is sealed for\n"
		"those whom `secrets.recipients` names, for this one field, and for "
		"where the "
		"object sends it: pasted\n"
		"elsewhere, or sent elsewhere, it does not open. It is an age file: the "
		"age "
		"program reads it.",
	OPTIONS(options),
	.run = run,
};
