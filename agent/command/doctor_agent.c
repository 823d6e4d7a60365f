/* What the running agent says of itself, and its ports as a client of this host sees them. */
#include "agent/command/findings.h"

#include "agent/control/client.h"
#include "agent/database/data_directory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	CONNECT_MS = 3000,
	FEW_DAYS = 14,
};

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static long long number_of(const json_t *object, const char *name)
{
	return (long long)json_integer_value(json_object_get(object, name));
}

/* -- the agent -- */

static void say_silent(struct findings *f, const struct setting *setting, int outcome)
{
	bool locked = false;
	int r = data_directory_is_locked(setting->data, &locked);

	if (outcome == CONTROL_E_DENIED)
		finding_say(f, FINDING_WARN, "agent",
				"run this as root, or as the user that it runs as",
				"it takes no requests of this user");
	else if (r == 0 && locked)
		finding_say(f, FINDING_FAIL, "agent",
				"restart it; `journalctl -u posthus` says more. Is "
				"--control "
				"the socket that it was started with?",
				"one has the data directory, and none answers at %s",
				setting->control);
	else
		finding_say(f, FINDING_WARN, "agent",
				"`systemctl start posthus`, or `posthus run`: it says "
				"why "
				"where it cannot",
				"none answers at %s", setting->control);
}

static void look_at_objects(struct findings *f, const json_t *status)
{
	size_t unhappy = json_array_size(json_object_get(status, "objects"));

	if (number_of(status, "generation") == 0)
		finding_say(f, FINDING_WARN, "state",
				"`posthus plan`, then `posthus apply`",
				"none was applied yet");
	else if (json_is_true(json_object_get(status, "ready")))
		finding_say(f, FINDING_OK, "state", NULL,
				"generation %lld, everything is ready",
				number_of(status, "generation"));
	else
		finding_say(f, FINDING_FAIL, "state",
				"`posthus status` says which and why",
				"%zu objects are not ready, %lld steps are held", unhappy,
				number_of(status, "held"));
}

static void look_at_sandbox(struct findings *f, const json_t *status)
{
	const json_t *sandbox = json_object_get(status, "sandbox");
	const char *without = text_of(sandbox, "without");

	if (!json_is_object(sandbox))
		finding_say(f, FINDING_WARN, "sandbox", "restart it with this version",
				"the agent does not say");
	else if (*without)
		finding_say(f, FINDING_WARN, "sandbox",
				"a newer kernel has all of it; `sandbox:` in agent.yaml "
				"says "
				"what is wanted",
				"%s: %s", text_of(sandbox, "level"), without);
	else
		finding_say(f, FINDING_OK, "sandbox", NULL, "%s",
				text_of(sandbox, "level"));
}

static void look_at_keys(struct findings *f, const json_t *status)
{
	const json_t *keys = json_object_get(status, "keys");

	if (!json_is_object(keys))
		finding_say(f, FINDING_WARN, "keys", "restart it with this version",
				"the agent does not say whether they are locked");
	else if (json_is_true(json_object_get(keys, "locked")))
		finding_say(f, FINDING_OK, "keys", NULL,
				"%lld bytes of memory, locked: none reaches the swap",
				number_of(keys, "bytes"));
	else
		finding_say(f, FINDING_WARN, "keys",
				"raise LimitMEMLOCK= of the unit (RLIMIT_MEMLOCK, "
				"`ulimit -l`) and restart the agent",
				"%lld bytes of memory could not all be locked: keys may "
				"reach the swap",
				number_of(keys, "bytes"));
}

static void look_at_mail(struct findings *f, const json_t *runtime)
{
	long long damaged = number_of(runtime, "damaged");
	long long quarantined = number_of(runtime, "quarantined");

	if (json_is_true(json_object_get(runtime, "accepting")))
		finding_say(f, FINDING_OK, "accepting", NULL,
				"mail is accepted; %lld wait for their mailbox",
				number_of(runtime, "waiting"));
	else
		finding_say(f, FINDING_FAIL, "accepting",
				"look at the disk (`dmesg`, room), then restart the "
				"agent; "
				"nothing accepted is lost",
				"mail is refused since a write failed");
	if (damaged)
		finding_say(f, FINDING_FAIL, "intake",
				"`posthus log --grep event=intake.recovered`; keep a "
				"copy of "
				"DATA/intake, and look at the disk",
				"%lld places of the intake log could not be read at the "
				"start",
				damaged);
	else
		finding_say(f, FINDING_OK, "intake", NULL,
				"whole when the agent started");
	if (quarantined)
		finding_say(f, FINDING_FAIL, "accounts",
				"`posthus status` names them, and what to do with each",
				"%lld set apart: their files are damaged, older than is "
				"remembered, or gone",
				quarantined);
	else
		finding_say(f, FINDING_OK, "accounts", NULL,
				"none that was opened is damaged or an old copy");
}

static void look_at_certificates(struct findings *f, const json_t *status)
{
	const json_t *certificate;
	size_t i;

	json_array_foreach (json_object_get(status, "certificates"), i, certificate) {
		long long days = number_of(certificate, "days_left");

		finding_say(f,
				days < 0          ? FINDING_FAIL
				: days < FEW_DAYS ? FINDING_WARN
						  : FINDING_OK,
				"certificate",
				days < FEW_DAYS ? "renew it; `posthus reconcile` or "
						  "SIGHUP "
						  "reads the new files"
						: NULL,
				"%s lasts until %s, %lld days",
				text_of(certificate, "name"),
				text_of(certificate, "not_after"), days);
	}
}

void doctor_look_at_audit(struct findings *f, const json_t *audit)
{
	if (json_is_true(json_object_get(audit, "whole")))
		finding_say(f, FINDING_OK, "audit", NULL, "whole: %lld rows",
				number_of(audit, "rows"));
	else
		finding_say(f, FINDING_FAIL, "audit",
				"`posthus audit verify` says where; compare it with a "
				"backup",
				"the chain does not hold: it was changed from outside");
}

/* -- its ports -- */

static int connect_within(int fd, const struct addrinfo *to)
{
	struct pollfd wait = { .fd = fd, .events = POLLOUT };
	int failed = 0;
	socklen_t len = sizeof(failed);

	if (connect(fd, to->ai_addr, to->ai_addrlen) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	if (poll(&wait, 1, CONNECT_MS) != 1)
		return ETIMEDOUT;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &len) ? errno : failed;
}

static int try_connect(const char *address, long long port)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM };
	struct addrinfo *to;
	char number[24];
	int fd, failed;

	snprintf(number, sizeof(number), "%lld", port);
	if (getaddrinfo(address, number, &hints, &to))
		return EINVAL;
	fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	failed = fd < 0 ? errno : connect_within(fd, to);
	if (fd >= 0)
		close(fd);
	freeaddrinfo(to);
	return failed;
}

/* A port on every address is tried on the loopback one. */
static const char *address_to_try(const char *address)
{
	if (!*address || strcmp(address, "0.0.0.0") == 0)
		return "127.0.0.1";
	return strcmp(address, "::") == 0 ? "::1" : address;
}

static void look_at_ports(struct findings *f, const json_t *runtime)
{
	const json_t *listeners = json_object_get(runtime, "listeners"), *listener;
	size_t i, open = 0;

	json_array_foreach (listeners, i, listener) {
		const char *address = address_to_try(text_of(listener, "address"));
		int failed = try_connect(address, number_of(listener, "port"));

		open += !failed;
		if (failed)
			finding_say(f, FINDING_FAIL, "ports",
					"is a firewall in the way? `ss -ltn` shows who "
					"listens",
					"%s at %s:%lld: %s", text_of(listener, "service"),
					address, number_of(listener, "port"),
					strerror(failed));
	}
	if (json_array_size(listeners) == 0)
		finding_say(f, FINDING_WARN, "ports",
				"`posthus apply` opens those of the state",
				"none is open");
	else if (open == json_array_size(listeners))
		finding_say(f, FINDING_OK, "ports", NULL, "all %zu answer from this host",
				open);
}

/* -- all of it -- */

void doctor_look_at_status(struct findings *f, const json_t *status)
{
	const json_t *runtime = json_object_get(status, "runtime");

	look_at_objects(f, status);
	look_at_sandbox(f, status);
	look_at_keys(f, status);
	look_at_ports(f, runtime);
	look_at_mail(f, runtime);
	look_at_certificates(f, status);
}

/* An answer, or NULL: it was there a moment ago. */
static json_t *ask(const struct setting *setting, const char *target)
{
	struct control_reply reply;

	if (control_call(setting->control, "GET", target, NULL, &reply))
		return NULL;
	return reply.body;
}

static const char *host_name(const struct setting *setting)
{
	json_t *hosts = ask(setting, "/v1/objects?object=host");
	const json_t *host = json_array_get(json_object_get(hosts, "items"), 0);
	const char *name = text_of(json_object_get(host, "spec"), "name");

	name = *name ? arena_copy_z(setting->arena, view_z(name)) : NULL;
	json_decref(hosts);
	return name;
}

void doctor_look_at_agent(struct findings *f, const struct setting *setting,
		struct doctor_host *out)
{
	struct control_reply reply;
	json_t *audit;
	int r = control_call(setting->control, "GET", "/v1/status", NULL, &reply);

	*out = (struct doctor_host){ .served = r == 0 };
	if (r) {
		say_silent(f, setting, r);
		return;
	}
	finding_say(f, FINDING_OK, "agent", NULL, "it answers at %s", setting->control);
	doctor_look_at_status(f, reply.body);
	json_decref(reply.body);
	audit = ask(setting, "/v1/audit");
	doctor_look_at_audit(f, audit);
	json_decref(audit);
	out->name = host_name(setting);
}
