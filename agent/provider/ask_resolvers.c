#include "agent/effect/reach.h"
#include "agent/provider/ask_inside.h"
#include "runtime/base/network.h"
#include "runtime/crypto/random.h"
#include "schema/agent_file.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <unistd.h>

enum {
	DNS_PORT = 53,
	LONGEST_RESOLV_CONF = 16384,
	QUERY_MAX = 512,
};

#define RESOLVER_PATIENCE (4 * NS_PER_S)

/* -- addresses -- */

static bool address_of(struct view text, uint16_t port, struct sockaddr_storage *out)
{
	struct sockaddr_in *four = (struct sockaddr_in *)out;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;
	struct network address;

	if (!network_parse(text, &address) || address.bits != (address.six ? 128 : 32))
		return false;
	memset(out, 0, sizeof(*out));
	if (address.six) {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons(port);
		memcpy(&six->sin6_addr, address.bytes, 16);
	} else {
		four->sin_family = AF_INET;
		four->sin_port = htons(port);
		memcpy(&four->sin_addr, address.bytes, 4);
	}
	return true;
}

static uint16_t server_port(const struct ask *ask)
{
	return ask->file->name_server_port ? (uint16_t)ask->file->name_server_port
					   : DNS_PORT;
}

static struct view read_resolv_conf(struct arena *arena)
{
	char *text = arena_alloc(arena, LONGEST_RESOLV_CONF);
	int fd = open("/etc/resolv.conf", O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? 0 : read(fd, text, LONGEST_RESOLV_CONF);

	if (fd >= 0)
		close(fd);
	return view_of(text, len > 0 ? (size_t)len : 0);
}

static size_t list_resolvers(
		const struct ask *ask, struct sockaddr_storage out[ASK_RESOLVERS])
{
	const struct agent_file *file = ask->file;
	struct view text;
	size_t count = 0;

	for (size_t i = 0; i < file->name_server_count && count < ASK_RESOLVERS; i++)
		count += address_of(file->name_servers[i], server_port(ask), &out[count]);
	if (file->name_server_count)
		return count;
	text = read_resolv_conf(ask->arena);
	while (text.len && count < ASK_RESOLVERS) {
		struct view line = view_cut(&text, '\n');

		if (view_starts(line, VIEW("nameserver")))
			count += address_of(view_trim(view_from(line, 10)), DNS_PORT,
					&out[count]);
	}
	return count;
}

/* The operator named it as a resolver, or lets a state lead us there. */
static bool is_allowed(const struct ask *ask, struct view text,
		const struct sockaddr_storage *address)
{
	for (size_t i = 0; i < ask->file->name_server_count; i++)
		if (view_eq(ask->file->name_servers[i], text))
			return true;
	return reach_allowed(ask->file, address);
}

/* -- one question -- */

struct asking asking_of(const struct ask *ask)
{
	return (struct asking){ ask, ask->arena,
		clock_now() + (ask->patience ? ask->patience
					     : nstime_seconds(ASK_SECONDS)) };
}

static bool is_over(const struct asking *a)
{
	return clock_now() >= a->deadline ||
	       (a->ask->stopping && atomic_load(a->ask->stopping));
}

void asking_go(const struct asking *a, struct exchange *exchanges, size_t count,
		nstime patience)
{
	const struct exchange_options options = { a->arena,
		nstime_min(patience, a->deadline - clock_now()), a->ask->stopping };

	exchange_all(exchanges, count, &options);
}

bool asking_question(const struct asking *a, struct question *question, struct view *out)
{
	CLEANUP(buf_free) struct buf query = BUF_NULL(QUERY_MAX);

	random_bytes(&question->id, sizeof(question->id));
	if (!question_write(question, &query))
		return false;
	*out = arena_copy(a->arena, buf_view(&query));
	return true;
}

/* -- through the resolvers -- */

/* What a delegation says stands in the authority section (RFC 1034, 4.3.2). */
static int read_set(const struct reply *reply, const struct question *question,
		struct arena *arena, struct rrset *out)
{
	int r = reply_set(
			reply, REPLY_ANSWER, arena, question->name, question->type, out);

	if (!r && !out->count && view_eq(question->type, VIEW("NS")))
		r = reply_set(reply, REPLY_AUTHORITY, arena, question->name,
				question->type, out);
	return r;
}

enum finding asking_read(const struct asking *a, const struct reply *reply,
		const struct question *question, struct rrset *out)
{
	bool knows = reply->authoritative || reply->recursive;

	if (reply->code == REPLY_NXDOMAIN)
		return knows ? FOUND_NOTHING : NOT_FOUND;
	if (reply->code != REPLY_NOERROR || read_set(reply, question, a->arena, out))
		return NOT_FOUND;
	if (out->count)
		return FOUND;
	return knows ? FOUND_NOTHING : NOT_FOUND;
}

enum finding asking_find(const struct asking *a, struct view name, struct view type,
		struct rrset *out)
{
	struct sockaddr_storage resolvers[ASK_RESOLVERS];
	size_t count = list_resolvers(a->ask, resolvers);
	enum finding finding = NOT_FOUND;

	for (size_t i = 0; i < count && finding == NOT_FOUND && !is_over(a); i++) {
		struct question question = { name, type, .recursive = true };
		struct exchange exchange = { .to = resolvers[i] };
		CLEANUP(reply_deinit) struct reply reply = { 0 };

		if (!asking_question(a, &question, &exchange.query))
			return NOT_FOUND;
		asking_go(a, &exchange, 1, RESOLVER_PATIENCE);
		if (exchange.outcome == EXCHANGE_ANSWERED &&
				!reply_read(exchange.reply, &question, &reply))
			finding = asking_read(a, &reply, &question, out);
	}
	return finding;
}

bool asking_server(const struct asking *a, struct view name, struct view address,
		struct ask_server *out)
{
	out->name = name;
	out->address = address;
	if (!address_of(address, server_port(a->ask), &out->to))
		return false;
	out->allowed = is_allowed(a->ask, address, &out->to);
	return true;
}
