#include "agent/command/recovery_page.h"

#include "agent/backup/vault.h"
#include "agent/control/client.h"
#include "agent/database/text.h"
#include "agent/git/allowed_signers.h"
#include "runtime/base/error.h"
#include "runtime/base/os.h"
#include "runtime/crypto/master_key.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	SHORT_TEXT = 256,
};

/* The lines that `posthus restore --kit FILE` reads, each alone. */
static void print_secrets(const struct recovery_page *page)
{
	CLEANUP(secret_free) struct secret code = SECRET_NULL, key = SECRET_NULL;

	recovery_code_write(page->code, &code);
	master_key_write(page->master_key, &key);
	printf("The recovery code, which opens backups and the kit on the disk (%s):\n\n"
	       "  %.*s\n\n"
	       "The master key, for who keeps this page as a file:\n\n  %.*s\n",
			page->kit->recipient, VIEW_ARG(secret_expose(&code)),
			VIEW_ARG(secret_expose(&key)));
}

/* -- where things are -- */

static void print_host(const struct setting *setting)
{
	char name[SHORT_TEXT] = "";

	gethostname(name, sizeof(name) - 1);
	printf("Recovery kit of the mail server %s%s%.*s\n", name,
			setting->file.host.len ? ", host " : "",
			VIEW_ARG(setting->file.host));
}

static bool print_places(const json_t *items)
{
	const json_t *item;
	bool any = false;
	size_t i;

	json_array_foreach (items, i, item) {
		const json_t *to = json_object_get(
				json_object_get(item, "last_applied"), "to");
		CLEANUP(freep) char *text = to ? json_dumps(to, JSON_COMPACT) : NULL;

		if (text)
			printf("  backup %s\n", text);
		any |= text != NULL;
	}
	return any;
}

/* By which a restore tells this host's backups from what somebody put in their place. */
static void print_vault(const struct secret *master_key)
{
	unsigned char own[VAULT_KEY];
	CLEANUP(key_wipe) struct key master, backup;

	memcpy(master.bytes, secret_expose(master_key).data, KEY_SIZE);
	key_derive(&master, PURPOSE_BACKUP, &backup);
	vault_public_key_of(&backup, own);
	fputs("  vault ", stdout);
	for (size_t i = 0; i < sizeof(own); i++)
		printf("%02x", own[i]);
	putchar('\n');
}

/* As the agent has them, where one runs. */
static void print_backups(const struct setting *setting, const struct secret *master_key)
{
	struct control_reply reply = { 0 };

	puts("Backups lie here:\n");
	if (control_call(setting->control, "GET", "/v1/objects?object=backup", NULL,
			    &reply) != 0 ||
			!print_places(json_object_get(reply.body, "items")))
		puts("  "
		     "________________________________________________________________");
	json_decref(reply.body);
	print_vault(master_key);
	puts("\nA login there that reads and cannot write:\n\n"
	     "  ________________________________________________________________\n");
}

static void print_signers_of(struct view name, const char *path, struct arena *arena)
{
	CLEANUP(freep) char *text = NULL;
	struct allowed_signers list = { 0 };
	struct allowed_signers_error error;
	size_t len = 0;

	if (os_read_file(os_real(), path, ALLOWED_SIGNERS_TEXT_MAX, &text, &len) ||
			allowed_signers_read(view_of(text, len), arena, &list, &error)) {
		printf("  %.*s: %s cannot be read\n", VIEW_ARG(name), path);
		return;
	}
	for (size_t i = 0; i < list.count; i++) {
		struct view fingerprint = ssh_key_fingerprint(&list.items[i].key, arena);

		printf("  %.*s  %.*s\n", VIEW_ARG(name), VIEW_ARG(fingerprint));
	}
}

static void print_source(const struct setting *setting)
{
	const struct agent_file *file = &setting->file;
	bool titled = false;

	if (file->git.url.len)
		printf("The state comes from:\n\n  %.*s\n\n", VIEW_ARG(file->git.url));
	for (size_t i = 0; i < file->operator_count; i++) {
		const struct trusted *person = &file->operators[i];

		if (!person->keys.len)
			continue;
		if (!titled)
			puts("signed by one of these:\n");
		titled = true;
		print_signers_of(person->name, arena_copy_z(setting->arena, person->keys),
				setting->arena);
	}
	if (titled)
		putchar('\n');
}

void recovery_page_print(const struct recovery_page *page)
{
	CLEANUP(buf_free) struct buf day = BUF_NULL(SHORT_TEXT);

	text_add_day(&day, page->kit->made_at);
	print_host(page->setting);
	printf("of %.*s. Keep it away from the server: whoever has this page and a disk "
	       "or "
	       "a backup\nof the server reads its mail.\n\n",
			VIEW_ARG(buf_view(&day)));
	print_secrets(page);
	print_backups(page->setting, page->master_key);
	print_source(page->setting);
	printf("The server is gone; on a new machine with posthus:\n\n"
	       "  posthus restore --kit FILE --to %s\n"
	       "  posthus run\n\n"
	       "The disk is there, and its master key is not:\n\n"
	       "  posthus recovery open /etc/posthus/master.key --data %s\n"
	       "  posthus run\n\n"
	       "Twice a year prove that this page is good: posthus recovery check\n",
			page->setting->data, page->setting->data);
}
