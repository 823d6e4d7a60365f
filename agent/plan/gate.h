/* The gates: what a state may take away in one go, and what must be approved first.
 *
 * A slip of a path or a bad merge makes many objects vanish at once. More disabled users
 * than a tenth (and more than one), or all of them, and more removals of other objects of
 * a kind than a tenth (and more than five), are held back together; the rest goes on. The
 * numbers are those of the policy that was last applied, and so is its list of what no
 * change removes: that is held whatever is approved. */
#ifndef AGENT_GATE_H
#define AGENT_GATE_H

#include "agent/plan/rules.h"

/* Marks what is held, and says why in the plan. */
void gate_hold(const struct observation *o, const struct rules *rules, struct plan *plan);

#endif
