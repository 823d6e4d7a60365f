#include "tests/runtime/service/house.h"

#include "runtime/base/error.h"
#include "runtime/crypto/password.h"
#include "tests/lib/test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BUILDER                                                                          \
	"$6$abcdefgh$8Iq8TGgzC4OgfMQCkbmLOQ7Hr2Ef."                                      \
	"PgAqnpCQsiHMnIpldI6EGfVM5qvoHuXvnIqbnz1inKvQS/4oDr68dZL81"

static void committed(void *state, struct intake_message *message)
{
	struct house *house = state;

	pthread_mutex_lock(&house->lock);
	assert(house->arrived_count < ARRAY_LEN(house->arrived));
	house->arrived[house->arrived_count++] = message;
	pthread_cond_broadcast(&house->change);
	pthread_mutex_unlock(&house->lock);
}

static struct account_spec account(
		enum person who, const char *address, const char *password)
{
	return (struct account_spec){
		.uid = { who },
		.address = view_z(address),
		.password = view_z(password),
		.quota = 1000000,
		.protocols = PROTOCOL_IMAP | PROTOCOL_SMTP,
	};
}

/* Of PHONE, OLD and MAILER (house.h). */
static const struct app_password_spec *app_passwords(void)
{
	static struct app_password_spec specs[] = {
		{ { "phone", 5 }, PROTOCOL_IMAP | PROTOCOL_SMTP, .salt = "house" },
		{ { "old", 3 }, PROTOCOL_IMAP | PROTOCOL_SMTP, 1, .salt = "house" },
		{ { "mailer", 6 }, PROTOCOL_SMTP, .salt = "house" },
	};
	static const char *const passwords[] = { PHONE, OLD, MAILER };

	for (size_t i = 0; i < ARRAY_LEN(specs); i++) {
		CLEANUP(secret_free)
		struct secret password = secret_copy(view_z(passwords[i]));

		app_password_verifier(&password, specs[i].salt, &specs[i].verifier);
	}
	return specs;
}

static struct configuration *configuration(
		uint64_t revocation, const struct signing_spec *signings, size_t count)
{
	const struct host_spec host = { .name = VIEW("mail.example.org"),
		.message_size = 1000000 };
	const struct view team[] = { VIEW("alice@example.org"), VIEW("bob@example.org") };
	const struct view away[] = { VIEW("alice@example.net") };
	const struct view far[] = { VIEW("gil@far.test") };
	const struct view round[] = { VIEW("back@example.org") };
	const struct view back[] = { VIEW("round@example.org") };
	struct secret wonderland = secret_copy(VIEW("wonderland"));
	char hash[PASSWORD_HASH_TEXT];
	struct account_spec people[PEOPLE];
	/* clang-format off */
	const struct route_spec routes[] = {
		{ VIEW("alice"),      ROUTE_ACCOUNT, .account = { ALICE } },
		{ VIEW("bob"),        ROUTE_ACCOUNT, .account = { BOB } },
		{ VIEW("carol"),      ROUTE_ACCOUNT, .account = { CAROL } },
		{ VIEW("dan"),        ROUTE_ACCOUNT, .account = { DAN } },
		{ VIEW("eve"),        ROUTE_ACCOUNT, .account = { EVE } },
		{ VIEW("fred"),       ROUTE_ACCOUNT, .account = { FRED } },
		{ VIEW("gil"),        ROUTE_ACCOUNT, .account = { GIL } },
		{ VIEW("postmaster"), ROUTE_ACCOUNT, .account = { ALICE } },
		{ VIEW("team"),       ROUTE_ALIAS,   .targets = team, .target_count = 2 },
		{ VIEW("away"),       ROUTE_ALIAS,   .targets = away, .target_count = 1 },
		{ VIEW("round"),      ROUTE_ALIAS,   .targets = round, .target_count = 1 },
		{ VIEW("back"),       ROUTE_ALIAS,   .targets = back, .target_count = 1 },
		{ VIEW("closed"),     ROUTE_REJECT,  .text = VIEW("Write to team\r\n250 instead") },
		{ VIEW("void"),       ROUTE_DISCARD },
	};
	/* clang-format on */
	const struct domain_spec domain = { VIEW("example.org"), .subaddress = '+',
		.accounts = people, .account_count = PEOPLE, .routes = routes,
		.route_count = ARRAY_LEN(routes), .signings = signings,
		.signing_count = count };
	struct configuration *c = configuration_new(&host, NULL);

	password_hash(&wonderland, hash);
	secret_free(&wonderland);
	people[0] = account(ALICE, "alice@example.org", hash);
	people[0].revocation = revocation;
	people[0].app_passwords = app_passwords();
	people[0].app_password_count = 3;
	people[1] = account(BOB, "bob@example.org", BUILDER);
	people[2] = account(CAROL, "carol@example.org", hash);
	people[2].state = ACCOUNT_DISABLED;
	people[2].disabled_since = clock_wall() - 100000;
	people[3] = account(DAN, "dan@example.org", hash);
	people[3].state = ACCOUNT_DISABLED;
	people[3].disabled_since = clock_wall() - 60;
	people[4] = account(EVE, "eve@example.org", hash);
	people[4].protocols = PROTOCOL_IMAP;
	people[5] = account(FRED, "fred@example.org", "");
	people[5].app_passwords = app_passwords();
	people[5].app_password_count = 1;
	people[6] = account(GIL, "gil@example.org", "");
	people[6].forward = far;
	people[6].forward_count = 1;
	configuration_add_domain(c, &domain);
	return c;
}

static void configure(struct house *house, uint64_t revocation)
{
	CLEANUP(configuration_unrefp)
	struct configuration *next = configuration(revocation, NULL, 0);

	configuration_unref(service_swap(house->service, next));
}

void house_sign(struct house *house, const struct signing_spec *signings, size_t count)
{
	CLEANUP(configuration_unrefp)
	struct configuration *next = configuration(1, signings, count);

	configuration_unref(service_swap(house->service, next));
}

void house_revoke_alice(struct house *house)
{
	configure(house, 2);
}

struct house *house_new(void)
{
	struct house *house = xcalloc(1, sizeof(*house));

	key_random(&house->key);
	strcpy(house->folder, "/tmp/house.XXXXXX");
	assert_non_null(mkdtemp(house->folder));
	pthread_mutex_init(&house->lock, NULL);
	pthread_cond_init(&house->change, NULL);
	house->service = service_new(&(struct service_options){ .data = house->folder,
			.os = os_real(),
			.loops = 2,
			.workers = 3 });
	configure(house, 1);
	assert_int_equal(intake_open(&(struct intake_options){ .os = os_real(),
						     .folder = house->folder,
						     .key = &house->key,
						     .budget = 1 << 20,
						     .segment_size = 1 << 20,
						     .committed = committed,
						     .state = house },
					 &house->intake),
			0);
	service_set_intake(house->service, house->intake);
	service_set_srs_key(house->service, &house->key);
	return house;
}

static void remove_folder(const char *folder)
{
	DIR *d = opendir(folder);
	struct dirent *entry;

	assert_non_null(d);
	while ((entry = readdir(d))) {
		char path[400];

		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (entry->d_name[0] != '.')
			assert_int_equal(unlink(path), 0);
	}
	closedir(d);
	assert_int_equal(rmdir(folder), 0);
}

void house_free(struct house *house)
{
	for (size_t i = 0; i < house->arrived_count; i++)
		intake_filed(house->intake, house->arrived[i]);
	service_set_intake(house->service, NULL);
	intake_close(house->intake);
	service_free(house->service);
	remove_folder(house->folder);
	pthread_cond_destroy(&house->change);
	pthread_mutex_destroy(&house->lock);
	free(house);
}

struct intake_message *house_await_message(struct house *house)
{
	struct intake_message *message;

	pthread_mutex_lock(&house->lock);
	while (house->taken == house->arrived_count)
		pthread_cond_wait(&house->change, &house->lock);
	message = house->arrived[house->taken++];
	pthread_mutex_unlock(&house->lock);
	return message;
}

bool house_is_quiet(struct house *house)
{
	bool quiet;

	pthread_mutex_lock(&house->lock);
	quiet = house->taken == house->arrived_count;
	pthread_mutex_unlock(&house->lock);
	return quiet;
}
