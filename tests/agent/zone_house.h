/* A world with zones: a machine that lets a state use the provider's key, and states of what a
 * zone of ours says beside an own user. The zones are tests/lib/fake_zone. */
#ifndef TESTS_AGENT_ZONE_HOUSE_H
#define TESTS_AGENT_ZONE_HOUSE_H

#include "tests/agent/world.h"
#include "tests/lib/fake_zone/fake_zone.h"

/* Only what a test is about is ours. */
#define ZONE_ONLY "except: [srv, dmarc, tls-rpt, a, caa, dkim]"
#define ZONE_PROVIDER                                                                    \
	"dns: {main: {type: powerdns, url: \"http://127.0.0.1:8081\", "                  \
	"api_key: {credential: pdns}}}\n"
#define ZONE_USER                                                                        \
	"b.example: {dns: none}}\n"                                                      \
	"users: {anna@b.example: {roles: [admin]}}\n"
#define ZONE_MANAGED(rest)                                                               \
	ZONE_PROVIDER "domains: {a.example: {dns: {provider: main, " ZONE_ONLY "}" rest  \
		      "}, " ZONE_USER
#define ZONE_NONE ZONE_PROVIDER "domains: {" ZONE_USER

/* For cmocka: *state is a struct world; the zones are empty. */
int zone_house_setup(void **state);

/* Applies a state with these sections. */
void zone_house_apply_result(
		struct world *w, const char *sections, struct agent_result *out);
/* It must go well. */
void zone_house_apply(struct world *w, const char *sections);

#endif
