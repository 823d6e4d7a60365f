#include "runtime/dns/mx.h"

#include <arpa/inet.h>
#include <netinet/in.h>

enum {
	MOST_RECORDS = 1000 /* that an answer has, LIMIT_DNS_RECORDS */
};

/* RFC 7505, 4.2, has 556 5.1.10; RFC 5321, 5.1, RFC 3463 the others. */
static const struct mx_reply replies[] = {
	[MX_FAILED] = { 451, "4.4.3", "the DNS does not say where mail for it goes" },
	[MX_NO_DOMAIN] = { 550, "5.1.2", "there is no such domain" },
	[MX_NULL] = { 556, "5.1.10", "the domain takes no mail" },
	[MX_LOOP] = { 550, "5.4.6",
			"mail for the domain leads back here, where it is not at home" },
	[MX_NO_HOST] = { 550, "5.4.4", "the domain names no host that takes its mail" },
};

const struct mx_reply *mx_reply(enum mx_outcome outcome)
{
	return &replies[outcome];
}

/* splitmix64 */
static uint64_t draw(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

/* "192.0.2.1" is written where a name belongs, and could be looked up as one. */
static bool is_all_digits(struct view label)
{
	for (size_t i = 0; i < label.len; i++)
		if (!byte_is_digit(label.data[i]))
			return false;
	return true;
}

static bool can_be_host(struct view name)
{
	size_t dot = view_find_last(name, '.');
	struct view last = dot < name.len ? view_from(name, dot + 1) : name;

	return name_is_host(name) && !is_all_digits(last);
}

/* One of a list that is kept sorted; what is beyond its end falls off. */
static void insert(struct mx_list *list, const struct mx_host *host)
{
	size_t at = list->count;

	while (at > 0 && host->preference < list->hosts[at - 1].preference)
		at--;
	if (list->count == MX_HOSTS) {
		list->left_out++;
		if (at == MX_HOSTS)
			return;
		list->count--;
	}
	memmove(&list->hosts[at + 1], &list->hosts[at],
			(list->count - at) * sizeof(list->hosts[0]));
	list->hosts[at] = *host;
	list->count++;
}

/* In an order that the seed draws, which the sorting keeps among equals. */
static void insert_all(struct mx_list *list, const struct dns_answer *answer,
		uint64_t seed, unsigned below)
{
	size_t order[MOST_RECORDS];
	size_t count = answer->count < ARRAY_LEN(order) ? answer->count
							: ARRAY_LEN(order);

	list->left_out += (unsigned)(answer->count - count);
	for (size_t i = 0; i < count; i++) {
		size_t with = (size_t)(draw(&seed) % (i + 1));

		order[i] = order[with];
		order[with] = i;
	}
	for (size_t i = 0; i < count; i++) {
		const struct dns_record *record = &answer->records[order[i]];
		const struct mx_host host = { record->name, record->preference };

		if (record->preference >= below)
			continue;
		if (can_be_host(record->name))
			insert(list, &host);
		else
			list->left_out++;
	}
}

/* The preference from which on all is cut: the best at which we stand ourselves. */
static unsigned own_preference(const struct dns_answer *answer, struct view own)
{
	unsigned best = UINT32_MAX;

	for (size_t i = 0; i < answer->count; i++)
		if (view_eq_nocase(answer->records[i].name, own) &&
				answer->records[i].preference < best)
			best = answer->records[i].preference;
	return best;
}

/* RFC 7505, 3: the one record, for the root. */
static bool is_null(const struct dns_answer *answer)
{
	return answer->count == 1 && answer->records[0].name.len == 0;
}

static enum mx_outcome of_itself(
		struct view domain, struct view own, struct mx_list *list)
{
	if (view_eq_nocase(domain, own))
		return MX_LOOP;
	if (!can_be_host(domain))
		return MX_NO_HOST;
	list->hosts[0] = (struct mx_host){ domain, 0 };
	list->count = 1;
	list->implicit = true;
	return MX_OK;
}

enum mx_outcome mx_list(const struct dns_answer *answer, struct view domain,
		struct view own, uint64_t seed, struct mx_list *out)
{
	struct mx_list list = { .secure = answer->secure };
	unsigned below;
	enum mx_outcome outcome = MX_OK;

	if (dns_answer_failed(answer))
		return MX_FAILED;
	if (answer->status == DNS_NXDOMAIN)
		return MX_NO_DOMAIN;
	if (is_null(answer))
		return MX_NULL;
	if (answer->status == DNS_NODATA) {
		outcome = of_itself(domain, own, &list);
	} else {
		below = own_preference(answer, own);
		insert_all(&list, answer, seed, below);
		if (list.count == 0)
			outcome = below == UINT32_MAX ? MX_NO_HOST : MX_LOOP;
	}
	if (outcome == MX_OK)
		*out = list;
	return outcome;
}

static void add_four(
		struct sockaddr_storage *out, const unsigned char *address, uint16_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };

	memcpy(&at.sin_addr, address, sizeof(at.sin_addr));
	memcpy(out, &at, sizeof(at));
}

static void add_six(
		struct sockaddr_storage *out, const unsigned char *address, uint16_t port)
{
	struct sockaddr_in6 at = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	memcpy(&at.sin6_addr, address, sizeof(at.sin6_addr));
	memcpy(out, &at, sizeof(at));
}

void mx_addresses(const struct dns_answer *answer, enum dns_type type, uint16_t port,
		struct sockaddr_storage out[MX_ADDRESSES], size_t *count)
{
	for (size_t i = 0; i < answer->count && *count < MX_ADDRESSES; i++) {
		struct sockaddr_storage *at = &out[(*count)++];

		*at = (struct sockaddr_storage){ 0 };
		if (type == DNS_A)
			add_four(at, answer->records[i].address, port);
		else
			add_six(at, answer->records[i].address, port);
	}
}
