#!/usr/bin/env bash
# The state comes from a repository: OpenSSH's sshd with git-shell, and git-http-backend behind nginx with TLS 1.3
# alone; commits signed by git; what is refused, and that mail goes on meanwhile.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/packages.sh
. "$root/tests/packages.sh"

agent_new
read -r SSH HTTPS < <(free_ports 2)
export GIT_CONFIG_GLOBAL=$home/gitconfig GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0
git config --global safe.directory '*'
git config --global init.defaultBranch main
git config --global gpg.format ssh
git config --global user.name Anna
git config --global user.email anna@a.example

# await COMMAND…: until it is so
await() {
	local i
	for i in $(seq 100); do "$@" && return; read -r -t 0.1 <> <(:); done
	return 1
}
answers() { timeout 1 bash -c "exec 3<>/dev/tcp/127.0.0.1/$1" 2>/dev/null; }

# -- the forge --

forge=$home/forge
mkdir -p "$forge/run"
for name in host other deploy anna eve; do ssh-keygen -q -t ed25519 -N '' -C "$name" -f "$forge/$name"; done
echo "command=\"git-shell -c \\\"\$SSH_ORIGINAL_COMMAND\\\"\" $(cat "$forge/deploy.pub")" >"$forge/authorized"
echo "[127.0.0.1]:$SSH $(cut -d' ' -f1,2 "$forge/host.pub")" >"$home/known_hosts"
echo "anna@a.example namespaces=\"git\" $(cut -d' ' -f1,2 "$forge/anna.pub")" >"$home/signers"

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

git init -q --bare "$forge/mail.git"
git init -q "$forge/work"
work() { git -C "$forge/work" "$@"; }
work remote add origin "$forge/mail.git"
work config user.signingkey "$forge/anna"
mkdir -p "$forge/work/common" "$forge/work/elsewhere"
echo 'version: 2' >"$forge/work/elsewhere/not-read.yaml"
SMTP_PORT=$SMTP IMAPS_PORT=$IMAPS
cat >"$forge/work/common/mail.yaml" <<-STATE
	version: 1
	hosts: {mail: {name: mail.a.example, listen: {smtp: "127.0.0.1:$SMTP_PORT", submission: off, submissions: off, imaps: "127.0.0.1:$IMAPS_PORT", metrics: off}}}
	domains: {a.example: {dns: none}}
	users: {anna@a.example: {roles: [admin]}}
STATE
# commit MESSAGE [OPTION…]: all that has changed, and push it
commit() {
	local message=$1
	shift
	work add -A && work commit -q "${@:--S}" -m "$message" && work push -q -f origin HEAD:main
}
user_add() { echo "users: {$1@a.example: {}}" >"$forge/work/common/$1.yaml"; }
head_id() { work rev-parse HEAD; }

configure() { # URL [MORE]
	sed -i '/^state:/d; /^trust:/d' "$home/agent.yaml"
	cat >>"$home/agent.yaml" <<-YAML
		state: {git: {url: "$1", path: [common], poll: 1h, timeout: 4s, ${2-}}}
		trust: {anna: {keys: signers, may: ["*"]}}
	YAML
}
SSH_URL=ssh://root@127.0.0.1:$SSH$forge/mail.git
BY_SSH="identity: {host_file: $forge/deploy}, known_hosts: known_hosts"

# -- what agent.yaml may say --

configure git://127.0.0.1/mail.git
refuse "G04 git:// is refused" 3 "a repository is fetched by ssh or https" posthus run --config "$home/agent.yaml"
configure "file://$forge/mail.git"
refuse "G04 file:// is refused" 3 "BadUrl" posthus run --config "$home/agent.yaml"
configure "$SSH_URL"
refuse "ssh without known_hosts is refused" 3 "known_hosts" posthus run --config "$home/agent.yaml"

# -- by ssh --

sshd_start host
commit "the first state"
configure "$SSH_URL" "$BY_SSH"
agent_start || exit 1
sync() { posthus git sync "$@"; }
check "a signed commit becomes the state" await bash -c "$POSTHUS get user/anna@a.example --config $home/agent.yaml | grep -q anna"
says() { posthus git status >"$work/status"; grep -q -- "$1" "$work/status"; }
check "status says which commit, and who signed it" says "main@$(head_id | cut -c1-7)  signed by anna SHA256:"
check "status of all says so, too" bash -c "$POSTHUS status --config $home/agent.yaml | grep -q 'signed by anna'"
refuse "what the next commit would undo is refused" 5 "comes from a repository" posthus apply "$forge/work/common"

user_add bo
commit "add bo"
check "a push is taken at the next sync" sync
check "bo is there" posthus get user/bo@a.example
history_has() { posthus history | grep -q "by anna (commit $(head_id | cut -c1-7))"; }
check "history names the commit and its signer" history_has

written() { sha256sum "$home"/data/control.db*; }
before=$(written)
sync >/dev/null
unchanged() { [ "$before" = "$(written)" ]; }
check "a sync that finds nothing writes nothing" unchanged

# -- what is not trusted; anna's state stays --

good=$(head_id)
user_add mallory
commit "unsigned" --no-gpg-sign
refuse "G05 an unsigned commit is refused" 7 SignatureMissing sync
refuse "… and mallory is not there" 1 "there is no user" posthus get user/mallory@a.example
events() { [ "$(posthus events | grep -c SignatureMissing)" = 1 ]; }
sync >/dev/null
check "… and that is told once" events
work config user.signingkey "$forge/eve"
work reset -q --hard "$good"
user_add mallory
commit "by eve"
refuse "G05 a signer who is not listed is refused" 7 SignerNotAllowed sync
work config user.signingkey "$forge/anna"
work reset -q --hard "$good"
user_add mallory
commit "unsigned, below" --no-gpg-sign
user_add cy
commit "signed, on top"
refuse "G05 an unsigned commit below a signed one is refused" 7 SignatureMissing sync
work reset -q --hard "$good"
echo 'nonsense: 1' >"$forge/work/common/wrong.yaml"
commit "a state that is none"
refuse "a state with an error is refused with its place" 7 "common/wrong.yaml:1:1" sync
work reset -q --hard "$good"
ln -s /etc/passwd "$forge/work/common/link.yaml"
commit "a link"
refuse "G01 a symbolic link is refused" 7 "is a symbolic link" sync
work reset -q --hard "$good~1"
work push -q -f origin HEAD:main
refuse "G06 a rewind is refused" 7 NotDescendant sync
check "accept-rewind lets it" posthus git accept-rewind "$(head_id)"
check "… and it is taken" sync
bo_left() { posthus get user/bo@a.example -o json | grep -q '"disabled"'; }
check "bo has left, and what is his is kept" bo_left
work reset -q --hard "$good"
work push -q -f origin HEAD:main
check "forward again is no rewind" sync
check "history has it" history_has

# -- the forge is another, or gone; mail goes on --

sshd_stop
sshd_start other
refuse "G05 another host key is refused" 1 "PeerUntrusted" sync
sshd_stop
refuse "nobody answers: what was applied stays" 1 "ConnectionFailed" sync
python3 -c "
import socket, time
s = socket.create_server(('127.0.0.1', $SSH))
print('ready', flush=True)
kept = []
while True: kept.append(s.accept())
" >"$forge/hang.out" &
hang_pid=$!
await grep -q ready "$forge/hang.out"
sync >"$work/hanging" 2>&1 &
hanging=$!
hanging_mail() {
	local began=$SECONDS
	swaks --server 127.0.0.1 --port "$SMTP_PORT" --from x@elsewhere.invalid --to anna@a.example --silent 2 && [ $((SECONDS - began)) -lt 4 ]
}
check "G13 mail flows while a fetch hangs" hanging_mail
wait "$hanging"
timed_out() { grep -q Timeout "$work/hanging"; }
check "G13 a fetch that hangs ends at its time" timed_out
kill "$hang_pid"
wait "$hang_pid" 2>/dev/null
agent_stop

# -- by https, TLS 1.3 alone --

https_start
configure "https://localhost:$HTTPS/mail.git" "authority: forge.pem"
user_add dana
commit "add dana"
agent_start || exit 1
check "a commit comes by https" await bash -c "$POSTHUS get user/dana@a.example --config $home/agent.yaml | grep -q dana"
user_add eli
commit "add eli"
check "the next one, too" sync
check "eli is there" posthus get user/eli@a.example
agent_stop
configure "https://localhost:$HTTPS/mail.git"
agent_start || exit 1
refuse "G05 a certificate that nobody trusts is refused" 1 "PeerUntrusted" sync
agent_stop
configure "https://localhost:$HTTPS/moved/mail.git" "authority: forge.pem"
agent_start || exit 1
refuse "G04 a redirection is not followed" 1 "redirections are not followed" sync

kill "$nginx_pid" "$fcgi_pid"
finish
