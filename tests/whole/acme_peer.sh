# shellcheck shell=bash
# Sourced behind lib.sh: Debian's pebble as the issuer of certificates, pebble-challtestsrv as the DNS that it asks.
#
#   issuer_start NAME [VARIABLE=VALUE…]   starts one; its directory is $NAME_directory, its process $NAME_pid; "eab" among the values asks
#                                         for a binding to the account `kid-1`
#   issuer_stop NAME
#   $authority                            the certificate that signed theirs; $HTTP and $HTTPS are where they look
issuers_pids=()
authority=

issuers_prepare() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout "$work/issuer-key.pem" -out "$work/issuer.pem" 2>/dev/null
	authority=$work/issuer.pem
	read -r HTTP HTTPS issuers_dns issuers_api < <(free_ports 4)
	pebble-challtestsrv -management "127.0.0.1:$issuers_api" -dns01 "127.0.0.1:$issuers_dns" -http01 "" -https01 "" -tlsalpn01 "" \
		-defaultIPv4 127.0.0.1 -defaultIPv6 "" >"$work/names.log" 2>&1 &
	issuers_pids+=($!)
}

issuer_start() {
	local name=$1 port management eab=false keys=''
	shift
	if [ "${1:-}" = eab ]; then
		shift
		eab=true keys=',"externalAccountMACKeys":{"kid-1":"zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"}'
	fi
	read -r port management < <(free_ports 2)
	cat >"$work/$name.json" <<-JSON
		{"pebble": {"listenAddress": "127.0.0.1:$port", "managementListenAddress": "127.0.0.1:$management", "certificate": "$work/issuer.pem",
		 "privateKey": "$work/issuer-key.pem", "httpPort": $HTTP, "tlsPort": $HTTPS, "ocspResponderURL": "",
		 "externalAccountBindingRequired": $eab$keys}}
	JSON
	env "$@" pebble -strict -config "$work/$name.json" -dnsserver "127.0.0.1:$issuers_dns" >"$work/$name.log" 2>&1 &
	issuers_pids+=($!)
	printf -v "${name}_pid" %s $!
	printf -v "${name}_directory" %s "https://localhost:$port/dir"
	curl -s --retry 100 --retry-delay 1 --retry-connrefused --retry-max-time 30 --cacert "$authority" "https://localhost:$port/dir" >/dev/null
}

issuer_stop() {
	local pid=${1}_pid
	kill "${!pid}" 2>/dev/null
	wait "${!pid}" 2>/dev/null
}

issuers_stop() {
	kill "${issuers_pids[@]}" 2>/dev/null
	wait "${issuers_pids[@]}" 2>/dev/null
}
