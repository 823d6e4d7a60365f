#!/usr/bin/env bash
# A recipient of a state's secrets comes and another goes: `posthus reseal` seals all of them anew, and changes nothing else.
. "$(dirname "$0")/lib.sh"

agent_new
for who in anna bo; do age-keygen -o "$work/$who" 2>/dev/null; done
host=$(posthus key show | sed -n 's/^recipient //p')
mkdir -p "$home/state/more"
recipients() { printf 'version: 1\nsecrets: {recipients: {host/mail: %s, %s: %s}}\n' "$host" "$1" "$(age-keygen -y "$work/$1")" >"$home/state/recipients.yaml"; }
sealed() { # PLACE ENDPOINT SECRET: by age, for the host and anna
	printf '%s\nto: %s\n%s' "$@" | age -r "$host" -r "$(age-keygen -y "$work/anna")" | base64 -w 0
}
recipients anna
one=$(sealed issuer/le/eab.key https://acme.example:443 first-secret)
two=$(sealed relay/out/password submission://relay.example:587 second-secret)
cat >"$home/state/main.yaml" <<-YAML
	version: 1
	hosts: {mail: {name: mail.a.example}}   # ours
	domains: {a.example: {}}
	users: {anna@a.example: {roles: [admin]}}
	issuers: {le: {acme: "https://acme.example/dir", eab: {id: k, key: {sealed: "$one"}}}}   # the first
YAML
cat >"$home/state/more/relays.yaml" <<-YAML
	version: 1
	# How mail goes out.
	relays:
	  out:
	    host: relay.example
	    user: u
	    password:
	      sealed: |-
	$(echo "$two" | fold -w 76 | sed 's/^/        /')
	    # and that was the relay
	    port: 587
YAML
yes '# a long history of the relay' | head -n 200 >>"$home/state/more/relays.yaml"
check "the state is right" "$POSTHUS" validate "$home/state"
cp -r "$home/state" "$work/before"
same() { diff -r "$work/before" "$home/state"; }
refuse "who is no recipient opens nothing" 3 "is not sealed for the key" "$POSTHUS" reseal --identity "$work/bo" "$home/state"
check "… and nothing is changed" same
recipients bo
cp "$home/state/recipients.yaml" "$work/before/"
sed "s|$one|${one:0:400}AAAA${one:404}|" "$work/before/main.yaml" >"$home/state/main.yaml"
cp "$home/state/main.yaml" "$work/before/"
refuse "one that is damaged stops all of them" 3 "main.yaml:5:" "$POSTHUS" reseal --identity "$work/anna" "$home/state"
check "… and nothing is changed" same
sed -i "s|sealed: \"[^\"]*\"|sealed: \"$one\"|" "$home/state/main.yaml" "$work/before/main.yaml"
check "reseal by the host's own key" posthus reseal "$home/state"
check "the state is right as before" "$POSTHUS" validate "$home/state"
opens() { # WHO: prints all that this key opens
	python3 - "$home/state" <<-'PY' | while read -r value; do echo "$value" | base64 -d | age -d -i "$work/$1" 2>/dev/null | tail -n 1; echo; done
		import sys, yaml, pathlib
		def walk(x):
		    if isinstance(x, dict):
		        for k, v in x.items():
		            if k == "sealed": print("".join(v.split()))
		            else: walk(v)
		for f in sorted(pathlib.Path(sys.argv[1]).rglob("*.yaml")): walk(yaml.safe_load(f.read_text()))
	PY
}
new_opens() { [ "$(opens bo | grep -c 'first-secret\|second-secret')" = 2 ]; }
old_does_not() { [ "$(opens anna | grep -c secret)" = 0 ]; }
check "who came opens them" new_opens
check "who left does not" old_does_not
only_values() {
	diff <(sed "s|sealed: .*|sealed|; /^ \{8\}[A-Za-z0-9+\/=]*$/d" "$work/before/main.yaml" "$work/before/more/relays.yaml") \
		<(sed "s|sealed: .*|sealed|" "$home/state/main.yaml" "$home/state/more/relays.yaml")
	# shellcheck disable=SC2181
	[ $? = 0 ] && grep -q '}}}}   # the first$' "$home/state/main.yaml"
}
check "comments and all else are as they were" only_values
check "again, by a key of age's" "$POSTHUS" reseal --identity "$work/bo" "$home/state"
check "who came opens them still" new_opens
half() { # the second file is too long for the limit: it is as it was, and the first is whole
	cp -r "$home/state" "$work/whole"
	! bash -c "trap '' XFSZ; ulimit -f 3; exec $POSTHUS reseal --identity $work/bo $home/state" || return 1
	cmp "$work/whole/more/relays.yaml" "$home/state/more/relays.yaml" && ! cmp -s "$work/whole/main.yaml" "$home/state/main.yaml" &&
		new_opens && "$POSTHUS" validate "$home/state"
}
check "a disk that fails half-way leaves every file whole" half
no_left() { [ "$(find "$home/state" -type f | wc -l)" = 3 ]; }
check "nothing else lies about" no_left
finish
