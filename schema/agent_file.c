#include "schema/agent_file.h"

#include "runtime/base/limit.h"
#include "schema/check.h"
#include "schema/join.h"
#include "schema/name.h"

static struct view text_at(struct value *values, const char *path)
{
	const struct value *value = value_at(values, path);

	return value ? value->text : VIEW_NULL;
}

static struct view *texts_at(struct arena *arena, struct value *values, const char *path,
		size_t *count_out)
{
	const struct value *list = value_at(values, path);
	struct view *texts;
	size_t count = 0;

	for (const struct value *v = list ? list->first : NULL; v; v = v->next)
		count++;
	texts = arena_array(arena, count, sizeof(*texts));
	*count_out = 0;
	for (const struct value *v = list ? list->first : NULL; v; v = v->next)
		texts[(*count_out)++] = v->text;
	return texts;
}

enum {
	DNS_PORT = 53
};

/* -- who may what -- */

static size_t count_of(const struct value *list)
{
	size_t count = 0;

	for (const struct value *v = list ? list->first : NULL; v; v = v->next)
		count++;
	return count;
}

static void take_denied(
		struct check *c, const struct value *deny, struct connect_rules *out)
{
	out->denied = arena_array(c->arena, count_of(deny), sizeof(*out->denied));
	if (!deny)
		return;
	out->deny_private = out->deny_loopback = out->deny_link_local = false;
	for (const struct value *v = deny->first; v; v = v->next)
		if (!v->word)
			out->deny_count += network_parse(
					v->text, &out->denied[out->deny_count]);
		else if (view_eq(v->text, VIEW("private")))
			out->deny_private = true;
		else if (view_eq(v->text, VIEW("loopback")))
			out->deny_loopback = true;
		else
			out->deny_link_local = true;
}

static void take_excepted(
		struct check *c, const struct value *except, struct connect_rules *out)
{
	out->excepts = arena_array(c->arena, count_of(except), sizeof(*out->excepts));
	for (const struct value *v = except ? except->first : NULL; v; v = v->next) {
		struct connect_except *one = &out->excepts[out->except_count];
		struct desired_listen endpoint = { 0 };
		struct diagnostic *item;
		const char *why;

		if (endpoint_parse(c->arena, v->text, &endpoint, &why) == NAME_OK &&
				endpoint.address.len &&
				network_parse(endpoint.address, &one->address)) {
			one->port = endpoint.port;
			out->except_count++;
			continue;
		}
		item = complain(c, BAD_ENDPOINT, v->node,
				"an address and a port are wanted");
		help(c, item, "write `\"127.0.0.1:8081\"`");
	}
}

static void take_allowed(struct check *c, struct agent_file *out)
{
	const struct value *credentials = value_at(c->root, "allow.credentials");

	out->write = texts_at(c->arena, c->root, "allow.write", &out->write_count);
	out->credentials = arena_array(
			c->arena, count_of(credentials), sizeof(*out->credentials));
	for (const struct value *v = credentials ? credentials->first : NULL; v;
			v = v->next)
		out->credentials[out->credential_count++] =
				(struct allowed_credential){ v->key, v->text };
	take_denied(c, value_at(c->root, "allow.connect.deny"), &out->connect);
	take_excepted(c, value_at(c->root, "allow.connect.except"), &out->connect);
}

void agent_file_defaults(struct agent_file *out)
{
	const struct field *data = table_field(&agent_table, VIEW("data"));

	*out = (struct agent_file){ .data = view_z(data->fallback),
		.name_server_port = DNS_PORT };
	out->connect.deny_private = true;
	out->connect.deny_loopback = true;
	out->connect.deny_link_local = true;
}

/* -- a repository -- */

enum {
	POLL_SECONDS = 60,
	TIMEOUT_SECONDS = 60,
};

/* A secret of the machine; none where it is not said. */
static struct desired_secret secret_at(
		struct arena *arena, struct value *values, const char *path)
{
	struct view credential = text_at(
			values, arena_printf(arena, "%s.credential%c", path, 0).data);
	struct view file = text_at(
			values, arena_printf(arena, "%s.host_file%c", path, 0).data);

	if (credential.len)
		return (struct desired_secret){ SECRET_CREDENTIAL, credential };
	if (file.len)
		return (struct desired_secret){ SECRET_HOST_FILE, file };
	return (struct desired_secret){ 0 };
}

static void take_git(struct arena *arena, struct value *values, struct git_settings *out)
{
	const struct value *poll = value_at(values, "state.git.poll");
	const struct value *timeout = value_at(values, "state.git.timeout");
	const struct value *mode = value_at(values, "state.git.mode");

	out->url = text_at(values, "state.git.url");
	out->branch = text_at(values, "state.git.branch");
	if (out->branch.len == 0)
		out->branch = VIEW("main");
	out->paths = texts_at(arena, values, "state.git.path", &out->path_count);
	out->poll = nstime_seconds(poll ? poll->number : POLL_SECONDS);
	out->timeout = nstime_seconds(timeout ? timeout->number : TIMEOUT_SECONDS);
	out->mode = mode ? (uint64_t)mode->number : 0;
	out->known_hosts = text_at(values, "state.git.known_hosts");
	out->authority = text_at(values, "state.git.authority");
	out->identity = secret_at(arena, values, "state.git.identity");
	out->webhook = secret_at(arena, values, "state.git.webhook.secret");
}

static void check_git(struct check *c)
{
	const struct value *git = value_at(c->root, "state.git");
	struct view url = text_at(c->root, "state.git.url");
	bool ssh = view_starts(url, VIEW("ssh://"));
	struct diagnostic *item;

	if (!git)
		return;
	if (!ssh && !view_starts(url, VIEW("https://"))) {
		item = complain(c, BAD_URL, value_at(c->root, "state.git.url")->node,
				"a repository is fetched by ssh or https");
		help(c, item, "write `ssh://git@forge.example/mail.git`, or https://");
	}
	if (ssh && !text_at(c->root, "state.git.known_hosts").len) {
		item = complain_key(c, MISSING_FIELD, git->node,
				"`known_hosts` is missing: the forge has to show that it "
				"is "
				"the one");
		help(c, item,
				"write what `ssh-keyscan HOST` prints into a file, "
				"compare it "
				"with what the forge publishes, and name the file");
	}
	for (const struct value *v = value_at(c->root, "trust")
						     ? value_at(c->root, "trust")->first
						     : NULL;
			v; v = v->next)
		if (text_at(v->first, "keys").len)
			return;
	item = complain_key(c, MISSING_FIELD, git->node,
			"nobody of `trust` has `keys`: no commit could be trusted");
	help(c, item, "`trust: {anna: {keys: signers/anna, may: [\"*\"]}}`");
}

static void fill(struct arena *arena, struct value *values, struct agent_file *out)
{
	const struct value *watch = value_at(values, "watch");
	const struct value *sandbox = value_at(values, "sandbox");
	const struct value *user = value_at(values, "user");
	const struct value *port = value_at(values, "resolver.port");
	struct view data = text_at(values, "data");
	struct view credential = text_at(values, "master_key.credential");
	struct view file = text_at(values, "master_key.host_file");

	out->host = text_at(values, "host");
	if (data.len)
		out->data = data;
	out->control = text_at(values, "control");
	if (credential.len) {
		out->master_key_kind = MASTER_KEY_CREDENTIAL;
		out->master_key = credential;
	} else if (file.len) {
		out->master_key_kind = MASTER_KEY_HOST_FILE;
		out->master_key = file;
	}
	out->watch = watch && watch->number;
	out->user = user ? user->text : VIEW_NULL;
	out->sandbox = sandbox ? (enum sandbox_wish)sandbox->number : SANDBOX_BEST;
	out->state_paths = texts_at(arena, values, "state.path", &out->state_path_count);
	take_git(arena, values, &out->git);
	out->name_servers = texts_at(
			arena, values, "resolver.servers", &out->name_server_count);
	if (port)
		out->name_server_port = (uint64_t)port->number;
	out->anchors = text_at(values, "resolver.anchors");
	out->authorities = text_at(values, "authorities");
	out->host_files = texts_at(
			arena, values, "allow.host_files", &out->host_file_count);
}

int agent_file_read(struct diagnostics *d, struct agent_file *out)
{
	static const struct check_options no_options = { 0 };
	struct check c = {
		.arena = d->arena,
		.tree = d->arena,
		.scratch = d->arena,
		.d = d,
		.options = &no_options,
		.root_table = &agent_table,
	};
	struct node *root;

	diagnostics_init(&c.not_served, d->arena, d->sources);
	root = join_files(d->arena, d->arena, &agent_table, d, &c.incomplete);
	shape_state(&c, root);
	agent_file_defaults(out);
	trusted_take(&c, out);
	take_allowed(&c, out);
	check_git(&c);
	diagnostics_move(d, &c.not_served);
	diagnostics_deinit(&c.not_served);
	diagnostics_sort(d);
	if (d->errors)
		return AGENT_FILE_E_INVALID;
	fill(d->arena, c.root, out);
	return AGENT_FILE_OK;
}
