#!/usr/bin/env bash
# The records of a state, as others read them: a name server's own checker, and SPF's.
. "$(dirname "$0")/lib.sh"

state=$root/tests/agent/zone/records/whole.yaml
dns() { "$POSTHUS" dns records --state "$state" "$@"; }

# zone DOMAIN LINES: a whole zone around what is printed for one
zone() {
	printf '$TTL 300\n%s. IN SOA ns.%s. hostmaster.%s. 1 3600 900 604800 300\n%s. IN NS ns.%s.\nns.%s. IN A 192.0.2.53\n' "$1" "$1" "$1" "$1" "$1" "$1"
	cat "$2"
}

# Warnings count: a name outside of the zone is one, and a target without an address.
judged() {
	dns "$1" -o zone >"$work/$1.lines" && zone "$1" "$work/$1.lines" >"$work/$1.zone" &&
		named-checkzone -i local -k fail -m fail -M fail -r fail -S fail -W warn "$1" "$work/$1.zone" >"$work/judged" && cat "$work/judged" &&
		! grep -qiE 'warning|ignoring|error' "$work/judged"
}

check "named-checkzone takes the zone of a.example" judged a.example
check "and that of another domain" judged b.example
check "and that of a twin" judged c.example
check "and that of which somebody else keeps parts" judged e.example
dns a.example -o zone >"$work/lines"
count() { named-checkzone -D -i none a.example "$work/a.example.zone" 2>/dev/null | grep -c "$1"; }
[ "$(count '[[:space:]]MX[[:space:]]')" = 2 ] && ok "both exchangers are in it" || bad "the MX of a.example"
dns d.example -o zone >"$work/none" && [ ! -s "$work/none" ] && ok "nothing is said of a zone whose dns is none" || bad "d.example: $(cat "$work/none")"

# -- what other programs make of it

dns -o json >"$work/json"
check "SPF passes our hosts and no one else, says pyspf" python3 "$root/tests/whole/zone_spf.py" "$work/json"
same() {
	python3 - "$1" "$2" <<'PY'
import json, re, sys
records = [r for r in json.load(open(sys.argv[1]))["records"] if r["zone"] == "a.example"]
lines = [l for l in open(sys.argv[2]).read().splitlines() if not l.startswith(";")]
assert [f'{r["name"]}. {r["ttl"]} IN {r["type"]} {r["value"]}' for r in records] == lines
for r in records:
    assert (r["type"] == "TXT") == ("text" in r), r
    if "text" in r:
        assert "".join(re.findall(r'"([^"]*)"', r["value"])) == r["text"], r
    assert r["line"] > 0 and r["file"].endswith("whole.yaml") and r["why"], r
PY
}
check "JSON and zone file say the same" same "$work/json" "$work/lines"

# -- for people

dns a.example >"$work/text"
grep -q '^a\.example .*  TXT   v=spf1 ip4:203.0.113.10 ' "$work/text" && ok "the table has texts without quotes" || bad "the table: $(cat "$work/text")"
grep -q "who may send for it (.*whole.yaml:17)" "$work/text" && ok "with why, and the line that asks for it" || bad "the reasons"
dns | grep -qF 'ask your hoster to set the PTR of 203.0.113.10 to mail1.a.example (' && ok "the PTR is for the hoster" || bad "the PTR"
refuse "a domain that the state has not" 3 "the state has no domain z.example" dns z.example
refuse "another verb" 1 'there is no `posthus dns publish`' "$POSTHUS" dns publish --state "$state"
refuse "no state" 3 "add --state PATH" "$POSTHUS" dns records
sed 's/include:relay.example/include:/' "$state" >"$work/bad.yaml"
refuse "a term that others cannot read" 3 "error[\$.domains[a.example].spf.also[1]] BadSpf" "$POSTHUS" dns records --state "$work/bad.yaml"
sed 's/^  b.example: {}/  b.example: {records: {"@": {mx: 5 other.example}}}/' "$state" >"$work/beside.yaml"
refuse "a record that a computed one excludes" 3 "b.example cannot have the MX 5 other.example. beside the MX 10 mail1.a.example." "$POSTHUS" dns records --state "$work/beside.yaml"
finish
