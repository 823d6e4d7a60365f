/* The key of port 25 in a signed zone, and another in its place: nobody is shown a key that he
 * cannot have read of (RFC 7671, 8.1). */
#include "agent/inside.h"
#include "runtime/base/base64.h"
#include "runtime/crypto/certificate.h"
#include "tests/agent/zone_house.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define TLSA "_25._tcp.mail.a.example"
#define TTL  300

static char folder[] = "/tmp/posthus-tls-key.XXXXXX";
static char chain_path[64], key_path[64];
static struct agent_file machine;
static struct view paths[2];

static void write_file(const char *path, struct view text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text.data, 1, text.len, f), text.len);
	assert_int_equal(fclose(f), 0);
}

/* Another certificate in the files; its key's digest, as the record has it. */
static void renew_files(struct world *w, struct buf *digest_out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(buf_free) struct buf chain = BUF_NULL(CERTIFICATE_MAX);
	CLEANUP(secret_free) struct secret key = SECRET_NULL;
	const struct view name = VIEW("mail.a.example");
	struct certificate_facts facts;

	assert_int_equal(
			certificate_self_sign(&name, 1, w->house->now, 365, &chain, &key),
			0);
	assert_int_equal(certificate_read(arena, buf_view(&chain), &facts), 0);
	buf_clear(digest_out);
	hex_add(digest_out, view_of(facts.key_digest, sizeof(facts.key_digest)));
	write_file(chain_path, buf_view(&chain));
	write_file(key_path, secret_expose(&key));
}

static int set_up(void **state)
{
	struct world *w;
	int r = zone_house_setup(state);

	w = *state;
	snprintf(chain_path, sizeof(chain_path), "%s/chain.pem", folder);
	snprintf(key_path, sizeof(key_path), "%s/key.pem", folder);
	house_close(w->house);
	machine = *w->house->file;
	paths[0] = view_z(chain_path);
	paths[1] = view_z(key_path);
	machine.host_files = paths;
	machine.host_file_count = 2;
	w->house->file = &machine;
	house_open(w->house);
	return r;
}

static void apply_files(struct world *w)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(HOUSE_TEXT);

	buf_addf(&text,
			ZONE_PROVIDER
			"certs: {auto: {files: {chain: %s, key: {host_file: %s}}}}\n"
			"domains: {a.example: {dns: {provider: main, except: [srv, "
			"dmarc, "
			"tls-rpt, a, caa, dkim, mx]}}, " ZONE_USER "%c",
			chain_path, key_path, '\0');
	zone_house_apply(w, text.data);
}

static void look(struct world *w, int seconds)
{
	CLEANUP(agent_result_free) struct agent_result result = { 0 };

	world_pass(w, seconds);
	assert_int_equal(agent_reconcile(w->house->agent, RECONCILE_SIGNAL, &result), 0);
	world_turn(w);
}

static bool is_said(const struct buf *digest)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(FAKE_TEXT);

	fake_zone_at_provider(TLSA, "TLSA", &text);
	return view_find_view(buf_view(&text), buf_view(digest)) < text.len;
}

static bool is_served(struct world *w, const struct buf *digest)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(buf_free) struct buf text = BUF_NULL(2 * CERTIFICATE_FINGERPRINT);
	CLEANUP(statement_done) struct statement *s = NULL;
	struct certificate_facts facts;

	assert_int_equal(database_prepare(w->house->agent->db,
					 "SELECT chain FROM certificate", &s),
			0);
	assert_int_equal(statement_step(s), DATABASE_ROW);
	assert_int_equal(certificate_read(arena, column_view(s, 0), &facts), 0);
	hex_add(&text, view_of(facts.key_digest, sizeof(facts.key_digest)));
	return view_eq(buf_view(&text), buf_view(digest));
}

static void T07_a_new_key_is_said_before_it_is_shown(void **state)
{
	struct world *w = *state;
	CLEANUP(buf_free) struct buf old = BUF_NULL(128);
	CLEANUP(buf_free) struct buf new = BUF_NULL(128);

	fake_zone_put("a.example", "DNSKEY", TTL,
			"257 3 13 "
			"mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+"
			"KkxLbxILfDLUT0rAK9iUzy1L53eKGQ==");
	renew_files(w, &old);
	apply_files(w);
	look(w, 1);
	assert_true(is_said(&old));
	assert_true(is_served(w, &old));

	renew_files(w, &new);
	look(w, 1);
	look(w, 1);
	assert_true(is_said(&old) && is_said(&new));
	assert_true(is_served(w, &old));
	look(w, 1);
	look(w, 2 * TTL - 10);
	assert_true(is_served(w, &old));
	look(w, 10);
	assert_true(is_served(w, &new));
	look(w, 1);
	assert_true(is_said(&new));
	assert_false(is_said(&old));
}

static void in_a_zone_that_is_not_signed_nothing_is_said(void **state)
{
	struct world *w = *state;
	CLEANUP(buf_free) struct buf old = BUF_NULL(128);

	renew_files(w, &old);
	apply_files(w);
	look(w, 1);
	assert_false(is_said(&old));
	assert_string_equal(world_condition(w, "record/" TLSA "/TLSA", "Ready", "status"),
			"True");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(T07_a_new_key_is_said_before_it_is_shown,
				set_up, world_teardown),
		cmocka_unit_test_setup_teardown(
				in_a_zone_that_is_not_signed_nothing_is_said, set_up,
				world_teardown),
	};
	int failed;

	if (!mkdtemp(folder))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(chain_path);
	unlink(key_path);
	rmdir(folder);
	return failed;
}
