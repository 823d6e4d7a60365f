#include "agent/git/pattern.h"

/* Without turning back further than the last star: linear for people, quadratic at worst. */
static bool matches(struct view text, struct view pattern)
{
	size_t t = 0, p = 0, star = SIZE_MAX, held = 0;

	while (t < text.len) {
		if (p < pattern.len && pattern.data[p] == '*') {
			star = p++;
			held = t;
		} else if (p < pattern.len &&
				(pattern.data[p] == '?' ||
						pattern.data[p] == text.data[t])) {
			p++;
			t++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			t = ++held;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.data[p] == '*')
		p++;
	return p == pattern.len;
}

bool pattern_list_has(struct view patterns, struct view text)
{
	bool has = false;

	while (patterns.len) {
		struct view pattern = view_trim(view_cut(&patterns, ','));

		if (pattern.len && pattern.data[0] == '!') {
			if (matches(text, view_from(pattern, 1)))
				return false;
		} else if (matches(text, pattern)) {
			has = true;
		}
	}
	return has;
}
