/* https for libgit2, by libcurl: its own TLS ends at 1.2 where it was built with mbedTLS 2,
 * and a forge may ask for 1.3. Only git's smart protocol (gitprotocol-http(5)) is spoken. */
#ifndef AGENT_GIT_FETCH_HTTPS_H
#define AGENT_GIT_FETCH_HTTPS_H

struct fetch;

/* Takes the scheme https over; before anything is fetched. `fetch` lives longer. */
int fetch_https_register(struct fetch *fetch);

#endif
