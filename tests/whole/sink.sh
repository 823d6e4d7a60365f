# shellcheck shell=bash
# Sourced by the scripts that send, behind lib.sh: another host, $SINK of this one (sink.py, aiosmtpd).

sink_pid=
# await COMMAND…: until it is so
await() {
	local i
	for i in $(seq 300); do "$@" && return; read -r -t 0.1 <> <(:); done
	return 1
}
# sink_start [ADDRESS:PORT] [CHAIN KEY]
sink_start() {
	local at=$SINK
	case ${1-} in *:*) at=$1; shift ;; esac
	: >"$home/sink.out"
	python3 "$root/tests/whole/sink.py" "$at" "$home/sink" "$@" >"$home/sink.out" 2>"$home/sink.err" &
	sink_pid=$!
	await grep -q ready "$home/sink.out"
}
sink_stop() { kill "$sink_pid"; wait "$sink_pid" 2>/dev/null; }
names_pid=
# names_start ZONE: knot on 127.0.0.1, port $NAMES, with that zone from stdin: its records, below the SOA, NS and ns; after
# packages.sh
names_start() {
	local knot
	knot=$(packages_unpack knot)
	mkdir -p "$home/names"
	{
		printf '$ORIGIN %s.\n$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n' "$1"
		cat
	} >"$home/names/$1.zone"
	cat >"$home/names/knot.conf" <<-CONF
		server:
		  rundir: "$home/names"
		  listen: 127.0.0.1@$NAMES
		database:
		  storage: "$home/names"
		zone:
		  - domain: $1
		    storage: "$home/names"
		    zonefile-sync: -1
	CONF
	"$knot/usr/sbin/knotd" -c "$home/names/knot.conf" >"$home/names/log" 2>&1 &
	names_pid=$!
	await grep -q "$1.*loaded" "$home/names/log"
}
queued() { [ "$(posthus queue list -o json | python3 -c 'import json,sys; print(len(json.load(sys.stdin)["messages"]))')" = "$1" ]; }
# arrived SUBJECT [EXPRESSION]: once at the sink, and there the expression holds of it
arrived() {
	python3 - "$home/sink" "$@" <<-'PY'
		import email, json, sys
		got = [json.loads(l) for l in open(sys.argv[1])]
		got = [m for m in got if email.message_from_string(m["message"])["Subject"] == sys.argv[2]]
		if len(got) != 1:
		    sys.exit(f"{len(got)} copies")
		m, e = got[0], email.message_from_string(got[0]["message"])
		sys.exit(0 if eval(sys.argv[3] if len(sys.argv) > 3 else "True") else f"not so of {m}")
	PY
}
