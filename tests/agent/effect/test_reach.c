#include "agent/effect/reach.h"
#include "schema/agent_file.h"
#include "tests/lib/test.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* As a name or a spelling of an address leads to it. */
static struct sockaddr_storage resolve(const char *host, const char *port)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM };
	struct sockaddr_storage address = { 0 };
	struct addrinfo *found;

	if (getaddrinfo(host, port, &hints, &found))
		fail_msg("%s does not resolve", host);
	memcpy(&address, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return address;
}

static const struct {
	const char *host;
	enum reach reach;
} cases[] = {
	{ "127.0.0.1", REACH_LOOPBACK },
	{ "127.255.255.254", REACH_LOOPBACK },
	{ "::1", REACH_LOOPBACK },
	{ "::ffff:127.0.0.1", REACH_LOOPBACK },
	{ "64:ff9b::127.0.0.1", REACH_LOOPBACK },
	{ "64:ff9b::7f00:1", REACH_LOOPBACK },
	{ "2002:7f00:1::", REACH_LOOPBACK },
	{ "::127.0.0.1", REACH_LOOPBACK },
	/* spellings that inet_aton takes */
	{ "0177.0.0.1", REACH_LOOPBACK },
	{ "0x7f.1", REACH_LOOPBACK },
	{ "0x7f000001", REACH_LOOPBACK },
	{ "2130706433", REACH_LOOPBACK },
	{ "127.1", REACH_LOOPBACK },
	{ "0xa9fea9fe", REACH_LINK_LOCAL },
	{ "169.254.169.254", REACH_LINK_LOCAL },
	{ "::ffff:169.254.169.254", REACH_LINK_LOCAL },
	{ "64:ff9b::a9fe:a9fe", REACH_LINK_LOCAL },
	{ "2002:a9fe:a9fe::1", REACH_LINK_LOCAL },
	{ "fe80::1", REACH_LINK_LOCAL },
	{ "febf:ffff::1", REACH_LINK_LOCAL },
	{ "10.0.0.1", REACH_PRIVATE },
	{ "012.0.0.1", REACH_PRIVATE },
	{ "172.16.0.1", REACH_PRIVATE },
	{ "172.31.255.255", REACH_PRIVATE },
	{ "172.32.0.1", REACH_PUBLIC },
	{ "192.168.1.1", REACH_PRIVATE },
	{ "100.64.0.1", REACH_PRIVATE },
	{ "100.127.255.255", REACH_PRIVATE },
	{ "100.128.0.1", REACH_PUBLIC },
	{ "198.18.0.1", REACH_PRIVATE },
	{ "::ffff:10.1.2.3", REACH_PRIVATE },
	{ "64:ff9b:1::1", REACH_PRIVATE },
	{ "fc00::1", REACH_PRIVATE },
	{ "fdff::1", REACH_PRIVATE },
	{ "fec0::1", REACH_PRIVATE },
	{ "0.0.0.0", REACH_NOWHERE },
	{ "0", REACH_NOWHERE },
	{ "0.1.2.3", REACH_NOWHERE },
	{ "::", REACH_NOWHERE },
	{ "::ffff:0.0.0.0", REACH_NOWHERE },
	{ "64:ff9b::", REACH_NOWHERE },
	{ "224.0.0.1", REACH_NOWHERE },
	{ "239.255.255.255", REACH_NOWHERE },
	{ "255.255.255.255", REACH_NOWHERE },
	{ "240.0.0.1", REACH_NOWHERE },
	{ "ff02::1", REACH_NOWHERE },
	{ "2001::1", REACH_NOWHERE },
	{ "2001:db8::1", REACH_NOWHERE },
	{ "100::1", REACH_NOWHERE },
	{ "192.0.2.1", REACH_NOWHERE },
	{ "9.9.9.9", REACH_PUBLIC },
	{ "64:ff9b::9.9.9.9", REACH_PUBLIC },
	{ "2002:909:909::1", REACH_PUBLIC },
	{ "2620:fe::fe", REACH_PUBLIC },
};

static void G16_an_address_is_what_it_leads_to(void **state)
{
	struct agent_file file;

	(void)state;
	agent_file_defaults(&file);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct sockaddr_storage address = resolve(cases[i].host, "443");

		if (reach_of(&address) != cases[i].reach)
			fail_msg("%s is %s, not %s", cases[i].host,
					reach_name(reach_of(&address)),
					reach_name(cases[i].reach));
		if (reach_allowed(&file, &address) != (cases[i].reach == REACH_PUBLIC))
			fail_msg("%s", cases[i].host);
	}
}

/* Reads agent.yaml. */
static int read_file(struct arena *arena, const char *text, struct agent_file *out)
{
	const struct source_file file = { VIEW("agent.yaml"), view_z(text) };
	struct diagnostics d;
	int r;

	diagnostics_init(&d, arena, sources_new(arena, &file, 1));
	r = agent_file_read(&d, out);
	diagnostics_deinit(&d);
	return r;
}

static bool allows(const struct agent_file *file, const char *host, const char *port)
{
	const struct sockaddr_storage address = resolve(host, port);

	return reach_allowed(file, &address);
}

static void G16_the_machine_says_what_is_excepted(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct agent_file file;

	(void)state;
	assert_int_equal(read_file(arena,
					 "allow: {connect: {except: [\"127.0.0.1:8081\", "
					 "\"[::1]:53\", \"0.0.0.0:80\"]}}\n",
					 &file),
			0);
	assert_true(allows(&file, "127.0.0.1", "8081"));
	assert_true(allows(&file, "::ffff:127.0.0.1", "8081"));
	assert_true(allows(&file, "::1", "53"));
	assert_false(allows(&file, "127.0.0.1", "8082"));
	assert_false(allows(&file, "127.0.0.2", "8081"));
	assert_false(allows(&file, "64:ff9b::127.0.0.1", "8081"));
	assert_false(allows(&file, "10.0.0.1", "8081"));
	/* nobody is nowhere */
	assert_false(allows(&file, "0.0.0.0", "80"));

	assert_int_equal(read_file(arena,
					 "allow: {connect: {deny: [loopback, "
					 "9.9.9.0/24, 2620:fe::/32]}}\n",
					 &file),
			0);
	assert_true(allows(&file, "10.0.0.1", "443"));
	assert_false(allows(&file, "127.0.0.1", "443"));
	assert_false(allows(&file, "9.9.9.9", "443"));
	assert_false(allows(&file, "64:ff9b::9.9.9.9", "443"));
	assert_false(allows(&file, "2620:fe::fe", "443"));
	assert_true(allows(&file, "8.8.8.8", "443"));

	assert_int_equal(read_file(arena, "allow: {connect: {except: [8081]}}\n", &file),
			AGENT_FILE_E_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(G16_an_address_is_what_it_leads_to),
		cmocka_unit_test(G16_the_machine_says_what_is_excepted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
