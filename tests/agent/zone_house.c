#include "tests/agent/zone_house.h"

static struct allowed_credential credential;
static struct agent_file machine;

int zone_house_setup(void **state)
{
	struct world *w;
	int r;

	fake_zone_reset();
	r = world_setup(state);
	w = *state;
	house_close(w->house);
	agent_file_defaults(&machine);
	credential = (struct allowed_credential){ VIEW("pdns"),
		VIEW("dns/main/api_key") };
	machine.credentials = &credential;
	machine.credential_count = 1;
	w->house->file = &machine;
	house_open(w->house);
	return r;
}

void zone_house_apply_result(
		struct world *w, const char *sections, struct agent_result *out)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(HOUSE_TEXT);

	house_state(&text, sections);
	house_apply(w->house, buf_view(&text), out);
}

void zone_house_apply(struct world *w, const char *sections)
{
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	CLEANUP(buf_free) struct buf text = BUF_NULL(HOUSE_TEXT);

	zone_house_apply_result(w, sections, &result);
	house_print(&result, &text);
	if (result.code != EXIT_FINE)
		fail_msg("not applied:\n%.*s", VIEW_ARG(buf_view(&text)));
}
