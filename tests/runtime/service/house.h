/* A service with one domain, example.org, and an intake log, for the tests of what runs
 * on them. Its people:
 *
 *   alice   logs in by "wonderland" (Argon2id)    bob    by "builder" (sha512-crypt)
 *   carol   left the state long ago               dan    left a minute ago
 *   eve     by "wonderland", IMAP only            fred   has no password
 *   alice has the app passwords PHONE, OLD (expired) and MAILER (submission alone), fred PHONE
 *   team → alice, bob     closed: rejected     void: discarded     away → elsewhere
 *   gil     sends all on to gil@far.test, and keeps nothing */
#ifndef TESTS_SERVICE_HOUSE_H
#define TESTS_SERVICE_HOUSE_H

#include "runtime/configuration.h"
#include "runtime/crypto/key.h"
#include "runtime/service/service.h"
#include "runtime/store/intake.h"

#include <pthread.h>

enum person {
	ALICE = 1,
	BOB,
	CAROL,
	DAN,
	EVE,
	FRED,
	GIL,
	PEOPLE = GIL,
};

#define PHONE  "00000-00000-00000-00000-000001"
#define OLD    "00000-00000-00000-00000-000002"
#define MAILER "00000-00000-00000-00000-000003"

struct house {
	struct service *service;
	struct intake *intake;
	struct key key; /* of the intake log */
	char folder[64];
	pthread_mutex_t lock;
	pthread_cond_t change;
	struct intake_message *arrived[16];
	size_t arrived_count, taken;
};

struct house *house_new(void);
/* The service ends; every listener and session has ended. */
void house_free(struct house *house);
/* Everything as house_new made it, but for alice's revocation number. */
void house_revoke_alice(struct house *house);
/* example.org signs with these from now on. */
void house_sign(struct house *house, const struct signing_spec *signings, size_t count);
/* The next message that was committed; lives until house_free. */
struct intake_message *house_await_message(struct house *house);
/* True where nothing was committed but what was awaited. */
bool house_is_quiet(struct house *house);

#endif
