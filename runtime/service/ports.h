/* The listeners that a configuration asks for, and how they follow it.
 *
 * prepare() binds what is new and changes nothing that is served; commit() then serves
 * what is new and closes what is gone, or abandon() goes back. Listeners that both
 * configurations have are not touched. One thread. */
#ifndef SERVICE_PORTS_H
#define SERVICE_PORTS_H

#include "runtime/configuration.h"

struct ports;
struct service;

MUST_USE struct ports *ports_new(struct service *s);
/* Closes what is left. No connection that came through them is left. NULL is fine. */
void ports_free(struct ports *ports);

/* Returns a negative errno where one cannot be bound; *failed_out is then the one (its
 * address borrowed from `host`) and all is as before. A port whose address or protocol
 * changes is closed first, for a moment, since its successor could not be bound beside it.
 */
MUST_USE int ports_prepare(struct ports *ports, const struct host_spec *host,
		const struct listener_spec **failed_out);
void ports_commit(struct ports *ports);
void ports_abandon(struct ports *ports);

/* Closes all; connections stay. */
void ports_close(struct ports *ports);

size_t ports_count(const struct ports *ports);
/* `number_out` is the real one where any was asked for. The address is a view into
 * `ports`, until the next commit. */
void ports_at(const struct ports *ports, size_t i, struct listener_spec *out);

#endif
