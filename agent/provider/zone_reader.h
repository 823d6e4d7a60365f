/* The records of a zone file's text, one after the other, with the bytes that each one is
 * made of. Not for other floors. */
#ifndef AGENT_PROVIDER_ZONE_READER_H
#define AGENT_PROVIDER_ZONE_READER_H

#include "agent/provider/rrset_inside.h"
#include "agent/provider/zone_text.h"

enum {
	MOST_WORDS = 8, /* that are looked at: name, TTL, class, type, SOA's first three */
};

struct word {
	struct view text;
	size_t at; /* in the whole text */
};

/* A record with all of its lines, a directive, or what says nothing. */
struct entry {
	struct view bytes; /* with its line end */
	struct view flat;  /* on one line, without comments and parentheses */
	struct word words[MOST_WORDS];
	size_t word_count;
	size_t line;
	bool indented; /* its name is that of the record before */
};

/* Cuts the text into entries. */
struct cutter {
	struct view text;
	size_t at, line;
	char *flat; /* as long as the text: an entry's is no longer than its bytes */
	/* of the entry */
	struct entry *entry;
	bool quoted, in_word, nested;
};

struct zone_reader {
	struct cutter cutter;
	struct arena *arena;
	ldns_rdf *apex, *origin, *owner; /* of the record; NULL: none yet */
	uint32_t ttl;                    /* of what says none */
	const struct rrset *asked;
	ldns_rdf *asked_name;
	bool has_soa;
	/* of the entry */
	struct entry entry;
	bool is_record, is_asked, is_soa;
	struct view data; /* of a record: behind its type */
	size_t type_at;   /* which word is the type */
	uint32_t own_ttl;
	struct view value; /* of what is asked for */
};

/* Views borrow the text, or live in `arena`. False: the zone has no name. */
MUST_USE bool zone_reader_init(struct zone_reader *r, struct view text, struct view zone,
		const struct rrset *asked, struct arena *arena);
void zone_reader_deinit(struct zone_reader *r);
/* The next entry; false at the end. *outcome is one of zone_text.h. */
MUST_USE bool zone_reader_next(struct zone_reader *r, int *outcome);

#endif
