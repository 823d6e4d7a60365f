# shellcheck shell=bash
# Sourced behind lib.sh: a forge on loopback, and somebody who works there.
#
#   forge_new             behind agent_new: a bare repository $forge/mail.git, a clone $forge/work with a first state that
#                         is not committed yet, keys of anna, bo, eve, the host and the agent; nothing runs
#   sshd_start HOSTKEY    OpenSSH's sshd with git-shell at $SSH_URL, and sftp for keys without a command; sshd_stop
#   https_start           git-http-backend behind nginx with TLS 1.3 alone, at $HTTPS, below /closed/ for a token; https_stop
#   configure URL [MORE [TRUST]]    what agent.yaml says of it; anna may all
#   work WORD…            git, in the clone
#   commit MESSAGE [OPTION…]        all that has changed, signed by the clone's key, and pushed
#   signs NAME            whose key that is
#   sync                  posthus git sync
#   await COMMAND…        until it is so, ten seconds at most
# shellcheck source=tests/packages.sh
. "$root/tests/packages.sh"

# await COMMAND…: until it is so
await() {
	local i
	for i in $(seq 100); do "$@" && return; read -r -t 0.1 <> <(:); done
	return 1
}
answers() { timeout 1 bash -c "exec 3<>/dev/tcp/127.0.0.1/$1" 2>/dev/null; }

work() { git -C "$forge/work" "$@"; }
commit() {
	local message=$1
	shift
	work add -A && work commit -q "${@:--S}" -m "$message" && work push -q -f origin HEAD:main
}
user_add() { echo "users: {$1@a.example: {}}" >"$forge/work/common/$1.yaml"; }
head_id() { work rev-parse HEAD; }
signs() { work config user.signingkey "$forge/$1"; }
sync() { posthus git sync "$@"; }

forge_new() {
	read -r SSH HTTPS < <(free_ports 2)
	export GIT_CONFIG_GLOBAL=$home/gitconfig GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0
	git config --global safe.directory '*'
	git config --global init.defaultBranch main
	git config --global gpg.format ssh
	git config --global user.name Anna
	git config --global user.email anna@a.example
	forge=$home/forge
	mkdir -p "$forge/run"
	for name in host other deploy anna bo eve; do ssh-keygen -q -t ed25519 -N '' -C "$name" -f "$forge/$name"; done
	echo "command=\"git-shell -c \\\"\$SSH_ORIGINAL_COMMAND\\\"\" $(cat "$forge/deploy.pub")" >"$forge/authorized"
	echo "[127.0.0.1]:$SSH $(cut -d' ' -f1,2 "$forge/host.pub")" >"$home/known_hosts"
	echo "anna@a.example namespaces=\"git\" $(cut -d' ' -f1,2 "$forge/anna.pub")" >"$home/signers"
	git init -q --bare "$forge/mail.git"
	git init -q "$forge/work"
	work remote add origin "$forge/mail.git"
	work config user.signingkey "$forge/anna"
	mkdir -p "$forge/work/common"
	SMTP_PORT=$SMTP IMAPS_PORT=$IMAPS
	cat >"$forge/work/common/mail.yaml" <<-STATE
		version: 1
		hosts: {mail: {name: mail.a.example, listen: {smtp: "127.0.0.1:$SMTP_PORT", submission: off, submissions: off, imaps: "127.0.0.1:$IMAPS_PORT", metrics: off}}}
		domains: {a.example: {dns: none}}
		users: {anna@a.example: {roles: [admin]}}
	STATE
	SSH_URL=ssh://root@127.0.0.1:$SSH$forge/mail.git
	BY_SSH="identity: {host_file: $forge/deploy}, known_hosts: known_hosts"
}

configure() { # URL [MORE [TRUST]]
	sed -i '/^state:/d; /^trust:/d' "$home/agent.yaml"
	cat >>"$home/agent.yaml" <<-YAML
		state: {git: {url: "$1", path: [common], poll: 1h, timeout: 4s, ${2-}}}
		trust: {anna: {keys: signers, may: ["*"]}${3+, $3}}
	YAML
}
# sshd wants a user of its own, that a machine without it does not have: a list of users of its own says so
sshd_start() { # HOSTKEY
	local unpacked wrapper name
	unpacked=$(packages_unpack openssh-server)
	wrapper=$(packages_unpack libnss-wrapper)
	mkdir -p /run/sshd
	cat >"$forge/sshd_config" <<-CONF
		Port $SSH
		ListenAddress 127.0.0.1
		HostKey $forge/$1
		PidFile none
		AuthorizedKeysFile $forge/authorized
		StrictModes no
		Subsystem sftp internal-sftp
		UsePAM no
		PasswordAuthentication no
		PermitRootLogin yes
		LogLevel ERROR
	CONF
	# where it is not one program but three
	for name in session auth; do
		[ ! -e "$unpacked/usr/lib/openssh/sshd-$name" ] || echo "Sshd${name^}Path $unpacked/usr/lib/openssh/sshd-$name" >>"$forge/sshd_config"
	done
	{ grep -v '^sshd:' /etc/passwd; echo 'sshd:x:99:65534::/run/sshd:/usr/sbin/nologin'; } >"$forge/passwd"
	LD_PRELOAD=$(find "$wrapper" -name 'libnss_wrapper.so*' -type f | head -n 1) NSS_WRAPPER_PASSWD=$forge/passwd NSS_WRAPPER_GROUP=/etc/group \
		"$unpacked/usr/sbin/sshd" -D -e -f "$forge/sshd_config" >>"$forge/sshd.log" 2>&1 </dev/null &
	sshd_pid=$!
	await answers "$SSH" || cat "$forge/sshd.log"
}
sshd_stop() {
	kill "$sshd_pid"
	wait "$sshd_pid" 2>/dev/null
}

https_start() {
	local nginx fcgi
	nginx=$(packages_unpack nginx)
	fcgi=$(packages_unpack fcgiwrap)
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$forge/tls.key" -out "$home/forge.pem" -days 2 -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost 2>/dev/null
	cat >"$forge/nginx.conf" <<-CONF
		daemon off; pid $forge/run/pid; error_log $forge/nginx.log; worker_processes 1; user root;
		events {}
		http {
			access_log off;
			client_body_temp_path $forge/run/b; proxy_temp_path $forge/run/p; fastcgi_temp_path $forge/run/f;
			uwsgi_temp_path $forge/run/u; scgi_temp_path $forge/run/s;
			server {
				listen 127.0.0.1:$HTTPS ssl;
				ssl_certificate $home/forge.pem; ssl_certificate_key $forge/tls.key; ssl_protocols TLSv1.3;
				location /moved/ { return 302 https://localhost:$HTTPS/mail.git/info/refs?service=git-upload-pack; }
				location /closed/ {
					if (\$http_authorization != "Basic $(printf %s "git:a token of the forge" | base64 -w 0)") { return 401; }
					rewrite ^/closed(.*) \$1 last;
				}
				location / {
					fastcgi_pass unix:$forge/run/fcgi;
					fastcgi_param SCRIPT_FILENAME /usr/lib/git-core/git-http-backend;
					fastcgi_param GIT_HTTP_EXPORT_ALL ""; fastcgi_param GIT_PROJECT_ROOT $forge;
					fastcgi_param GIT_CONFIG_GLOBAL $GIT_CONFIG_GLOBAL;
					fastcgi_param PATH_INFO \$uri; fastcgi_param QUERY_STRING \$query_string;
					fastcgi_param REQUEST_METHOD \$request_method; fastcgi_param CONTENT_TYPE \$content_type;
					fastcgi_param CONTENT_LENGTH \$content_length; fastcgi_param REMOTE_USER "";
				}
			}
		}
	CONF
	"$fcgi/usr/sbin/fcgiwrap" -s "unix:$forge/run/fcgi" >"$forge/fcgi.log" 2>&1 </dev/null &
	fcgi_pid=$!
	"$nginx/usr/sbin/nginx" -e "$forge/nginx.log" -c "$forge/nginx.conf" >>"$forge/nginx.log" 2>&1 </dev/null &
	nginx_pid=$!
	await answers "$HTTPS"
}
https_stop() {
	kill "$nginx_pid" "$fcgi_pid"
	wait "$nginx_pid" "$fcgi_pid" 2>/dev/null
}
