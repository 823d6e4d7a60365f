/* The agent's sandbox: everything below its data directory, the folder of its socket and those
 * that its file lets a state write to; and to read what its file names. */
#include "agent/command/confine.h"

#include "agent/command/command.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/sandbox.h"
#include "runtime/mail/charset.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Read by libraries: the time zone, names and their resolvers, whom TLS and DNSSEC trust,
 * the processors, memory. */
static const char *const always[] = { "/etc/localtime", "/usr/share/zoneinfo",
	"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/host.conf",
	"/etc/gai.conf", "/etc/services", "/etc/ssl/certs", "/etc/ssl/openssl.cnf",
	"/usr/lib/ssl", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates",
	"/run/systemd/resolve", "/usr/share/dns", "/dev/null", "/dev/urandom",
	"/proc/self", "/proc/meminfo", "/proc/sys/vm/overcommit_memory",
	"/sys/devices/system/cpu" };

static const char *folder_of(struct arena *arena, struct view path)
{
	return dirname((char *)arena_copy_z(arena, path));
}

/* A folder itself; of a file the folder that it lies in: editors and renewals put another
 * file in its place. */
static const char *to_read(struct arena *arena, struct view path)
{
	const char *text = arena_copy_z(arena, path);
	struct stat st;

	if (stat(text, &st) == 0 && S_ISDIR(st.st_mode))
		return text;
	return folder_of(arena, path);
}

/* What a repository is trusted by, read anew at each fetch. */
static void add_git(struct arena *arena, const struct agent_file *file, const char **read,
		size_t *count)
{
	const struct view files[] = { file->git.known_hosts, file->git.authority,
		file->git.identity.form == SECRET_HOST_FILE ? file->git.identity.name
							    : VIEW_NULL,
		file->git.webhook.form == SECRET_HOST_FILE ? file->git.webhook.name
							   : VIEW_NULL };

	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		if (files[i].len)
			read[(*count)++] = to_read(arena, files[i]);
	for (size_t i = 0; i < file->operator_count; i++)
		if (file->operators[i].keys.len)
			read[(*count)++] = to_read(arena, file->operators[i].keys);
}

static void fill(const struct setting *setting, struct sandbox_options *out)
{
	struct arena *arena = setting->arena;
	const struct agent_file *file = &setting->file;
	size_t most = ARRAY_LEN(always) + setting->state_count + file->host_file_count +
		      file->operator_count + 8;
	const char *roots = getenv("SSL_CERT_FILE"); /* net/tls_trust.h */
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	const char **read = arena_array(arena, most, sizeof(*read));
	const char **write = arena_array(arena, 2 + file->write_count, sizeof(*write));

	write[out->write_count++] = setting->data;
	write[out->write_count++] = folder_of(arena, view_z(setting->control));
	for (size_t i = 0; i < file->write_count; i++)
		write[out->write_count++] = arena_copy_z(arena, file->write[i]);
	for (size_t i = 0; i < ARRAY_LEN(always); i++)
		read[out->read_count++] = always[i];
	for (size_t i = 0; i < setting->state_count; i++)
		read[out->read_count++] = to_read(arena, view_z(setting->state[i]));
	for (size_t i = 0; i < file->host_file_count; i++)
		read[out->read_count++] = to_read(arena, file->host_files[i]);
	if (credentials && *credentials)
		read[out->read_count++] = credentials;
	if (file->anchors.len)
		read[out->read_count++] = to_read(arena, file->anchors);
	if (file->authorities.len)
		read[out->read_count++] = to_read(arena, file->authorities);
	add_git(arena, file, read, &out->read_count);
	if (roots && *roots)
		read[out->read_count++] = to_read(arena, view_z(roots));
	out->read = read;
	out->write = write;
}

enum exit_code confine(const struct setting *setting, struct agent *agent)
{
	enum sandbox_wish wish = setting->file.sandbox;
	struct sandbox_options options = { 0 };
	struct sandbox_level level;
	int r;

	if (wish == SANDBOX_OFF) {
		log_event(LOG_WARN, "agent.sandbox", log_text("level", "off"),
				log_text("reason", "agent.yaml"));
		agent_confined(agent, "off", "agent.yaml says `sandbox: off`");
		return EXIT_FINE;
	}
	/* Converters are libraries of their own: none is loaded later. */
	(void)charset_preload();
	fill(setting, &options);
	r = sandbox_enter(&options, &level);
	if (r) {
		say_error("`sandbox: off` in agent.yaml starts without one",
				"the sandbox cannot be entered: %s", strerror(-r));
		return EXIT_ERROR;
	}
	agent_confined(agent, sandbox_word(&level), level.without);
	log_event(level.without ? LOG_WARN : LOG_INFO, "agent.sandbox",
			log_text("level", sandbox_word(&level)),
			log_number("landlock", level.landlock),
			log_text("without", level.without ? level.without : "nothing"));
	if (!level.without || wish == SANDBOX_BEST)
		return EXIT_FINE;
	say_error("`sandbox: best` in agent.yaml starts with what there is",
			"agent.yaml requires the whole sandbox, and %s", level.without);
	return EXIT_ERROR;
}
