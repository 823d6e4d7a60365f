/* OpenSSH's lists of patterns (ssh_config(5), PATTERNS): `*` and `?`, by commas; one with a
 * `!` before it takes out what others let in. Letters count as they are. */
#ifndef AGENT_GIT_PATTERN_H
#define AGENT_GIT_PATTERN_H

#include "runtime/base/view.h"

bool pattern_list_has(struct view patterns, struct view text);

#endif
