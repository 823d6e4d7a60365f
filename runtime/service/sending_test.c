/* A test of sending: a message that an operator wrote to see where it goes. What happens to
 * it on its way is a line of the log each, in plain words, under the name of the test. */
#include "runtime/service/sending_work.h"

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/crypto/random.h"
#include "runtime/mail/address.h"
#include "runtime/mail/status.h"
#include "runtime/net/ip.h"
#include "runtime/net/tls_session.h"
#include "runtime/service/letter.h"
#include "runtime/service/service.h"
#include "runtime/store/intake.h"

#include <stdarg.h>
#include <stdio.h>

enum {
	TEXT_MAX = 1000,
	UNIQUE_BYTES = 12
};

/* -- beginning one -- */

static void watch(struct sending *s, struct view test)
{
	pthread_mutex_lock(&s->lock);
	snprintf(s->tests[s->next_test], sizeof(s->tests[0]), "%.*s", VIEW_ARG(test));
	s->next_test = (s->next_test + 1) % SENDING_TESTS;
	pthread_mutex_unlock(&s->lock);
}

/* In the form in which the configuration knows addresses. */
static int read_target(struct sending *s, struct arena *arena, struct view *to)
{
	CLEANUP(configuration_unrefp)
	struct configuration *c = service_configuration(s->service);
	struct intake_recipient *all;
	struct address address;
	size_t count;

	if (address_parse(arena, *to, &address) != ADDRESS_OK ||
			!address_normalise(arena, address.local, address.domain, to))
		return SENDING_E_ADDRESS;
	all = letter_addressees(c, *to, arena, &count);
	for (size_t i = 0; i < count; i++)
		if (!intake_leads_out(&all[i]))
			return SENDING_E_HERE;
	return count ? 0 : SENDING_E_HERE;
}

int sending_test(struct sending *s, struct view to, char name[SENDING_TEST_NAME])
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct letter_order order = { .to = &to,
		.to_count = 1,
		.subject = VIEW("A test message"),
		.text = VIEW("This is a test: the operator of a mail server wanted to "
			     "see "
			     "whether its mail\narrives here. Nothing has to be done.\n"),
		.unique = random_name(arena, UNIQUE_BYTES) };
	int r = read_target(s, arena, &to);

	if (r)
		return r;
	order.test = arena_printf(arena, "test.%.*s", VIEW_ARG(order.unique));
	watch(s, order.test);
	r = letter_send(s->service, &order);
	if (r)
		return r < 0 ? fault(r) : SENDING_E_LATER;
	snprintf(name, SENDING_TEST_NAME, "%.*s", VIEW_ARG(order.test));
	return 0;
}

/* -- telling -- */

/* Only what this process was asked to watch: an ENVID is a stranger's word. */
void attempt_see_test(struct attempt *a)
{
	struct sending *s = a->sending;

	if (!a->message.envid.len)
		return;
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < SENDING_TESTS; i++)
		if (view_eq(a->message.envid, view_z(s->tests[i])))
			a->test = a->message.envid;
	pthread_mutex_unlock(&s->lock);
}

void attempt_tell(const struct attempt *a, const char *step, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list words;

	if (!a || !a->test.len)
		return;
	va_start(words, format);
	vsnprintf(text, sizeof(text), format, words);
	va_end(words);
	log_event(LOG_INFO, "sending.test", log_view("test", a->test),
			log_text("step", step), log_text("text", text));
}

/* -- where it goes -- */

void attempt_tell_hosts(const struct attempt *a, const struct mx_list *list)
{
	attempt_tell(a, "mx",
			"%.*s has %zu host%s for its mail%s:", VIEW_ARG(a->route.host),
			list->count, list->count == 1 ? "" : "s",
			list->secure ? ", and DNSSEC says so" : ", without DNSSEC");
	for (size_t i = 0; i < a->host_count; i++)
		attempt_tell(a, "mx", "  %zu. %.*s", i + 1, VIEW_ARG(a->hosts[i].name));
	if (a->host_count < list->count)
		attempt_tell(a, "mx",
				"  %zu more that its policy (MTA-STS) does not name",
				list->count - a->host_count);
}

void attempt_tell_addresses(const struct attempt *a, const struct host *host)
{
	char text[INET6_ADDRSTRLEN];

	for (size_t i = 0; i < host->count; i++) {
		ip_print(&host->addresses[i], text);
		attempt_tell(a, "address", "%.*s is at %s", VIEW_ARG(host->name), text);
	}
}

void attempt_tell_dial(const struct attempt *a, const struct host *host,
		const struct sockaddr_storage *to)
{
	char text[INET6_ADDRSTRLEN];

	ip_print(to, text);
	attempt_tell(a, "connect", "Connecting to %.*s, %s, port %u",
			VIEW_ARG(host->name), text, a->route.port);
}

/* -- what was said -- */

void attempt_tell_transcript(const struct attempt *a, struct view transcript)
{
	while (transcript.len) {
		struct view line = view_cut(&transcript, '\n');
		bool heard = view_starts(line, VIEW("S: "));

		line = view_from(line, strlen("S: "));
		attempt_tell(a, heard ? "heard" : "said", "%s %.*s", heard ? "<" : ">",
				VIEW_ARG(line));
	}
}

void attempt_tell_security(const struct attempt *a, const struct tls_facts *tls,
		enum security security)
{
	if (!tls->version)
		attempt_tell(a, "tls", "Not encrypted: everyone on the way can read it.");
	else
		attempt_tell(a, "tls", "Encrypted by %s, %s; its certificate is %s.",
				tls->version, tls->cipher,
				security == SECURITY_PINNED
						? "one that the DNS names (DANE)"
				: tls->trusted && tls->named
						? "for its name, from an authority "
						  "that is trusted"
				: tls->trusted ? "trusted, but for another name: fine, "
						 "since nobody asked for more"
					       : "from no authority that is trusted: "
						 "fine, since nobody asked for more");
}

/* What each recipient met. */
void attempt_tell_result(const struct attempt *a, size_t n,
		const struct smtp_result *result, struct view host)
{
	const char *verdict = smtp_verdict_name(result->verdict);

	if (result->verdict == SMTP_DELIVERED)
		attempt_tell(a, verdict,
				"%.*s has taken it for %.*s. Whether it lies in the "
				"inbox or with the spam only its reader sees.",
				VIEW_ARG(host), VIEW_ARG(a->to[n]->address));
	else if (result->code)
		attempt_tell(a, verdict, "%.*s: %u %.*s %.*s. %s",
				VIEW_ARG(a->to[n]->address), result->code,
				VIEW_ARG(result->status), VIEW_ARG(result->text),
				status_in_words(result->status, result->code));
	else
		attempt_tell(a, verdict, "%.*s: %.*s. %s", VIEW_ARG(a->to[n]->address),
				VIEW_ARG(result->text),
				status_in_words(result->status, result->code));
}

/* Refused or lost before any host spoke. */
void attempt_tell_unreachable(const struct attempt *a, const struct dial_failure *failure)
{
	attempt_tell(a, "failed", "No connection: %s.", failure->reason);
	if (failure->stage == DIAL_CONNECT && a->route.port == 25)
		attempt_tell(a, "failed",
				"Where this is so with every host, the network lets no "
				"mail "
				"out on port 25: `posthus doctor` says what to do.");
}
