# shellcheck shell=bash
# Sourced by the scripts here, after tests/whole/lib.sh: serve_bench runs posthus with forty users, as the peers have them, and
# away@bench.test, whose mail leads to the port SINK.
serve_bench() {
	agent_new
	read -r SINK < <(free_ports 1)
	sed -i "s/^allow: {/&connect: {except: [\"127.0.0.1:$SINK\"]}, /" "$home/agent.yaml"
	hash=$(openssl passwd -6 -salt benchsalt benchpass)
	{
		cat <<-YAML
			version: 1
			hosts:
			  mail:
			    name: mail.bench.test
			    listen: {smtp: "127.0.0.1:$SMTP", imaps: "127.0.0.1:$IMAPS", submission: off, submissions: off}
			    limits: {connections: 50000, connections_per_ip: 50000, connections_per_network: 50000}
			certs: none
			relays: {sink: {host: 127.0.0.1, port: $SINK}}
			destinations: {sink.test: {send_via: sink}}
			domains: {bench.test: {}}
			aliases: {away@bench.test: away@sink.test}
			users:
		YAML
		for i in $(seq 0 39); do echo "  u$i@bench.test: {id: u$i, password: {hash: \"$hash\"}}"; done
	} >"$home/state/mail.yaml"
	agent_start && posthus apply >/dev/null
}
