#!/usr/bin/env bash
# What lies on the disk: nothing that a reader without the key could read, and nothing that a flipped byte could change unseen.
. "$(dirname "$0")/lib.sh"

agent_new
agent_state "$root/tests/whole/states/mail.yaml"
agent_start || exit 1
check "apply" posthus apply --wait
marker=MARKER-$$-$RANDOM-not-to-be-found
secret=password-$$-$RANDOM-neither
printf '%s\n' "$secret" | posthus account passwd anna >/dev/null
printf 'plainpass\n' | posthus account passwd bo >/dev/null

send() {
	local size=$1 to=$2
	python3 - "$size" "$to" "$marker" >"$work/m.eml" <<-'PY'
		import sys
		size, to, marker = int(sys.argv[1]), sys.argv[2], sys.argv[3]
		sys.stdout.write(f"From: x@elsewhere.example\r\nTo: {to}\r\nSubject: {marker}\r\n\r\n")
		sys.stdout.write(f"{marker}\r\n" * (size // len(marker) + 1))
	PY
	curl -sS --url "smtp://127.0.0.1:$SMTP" --mail-from x@elsewhere.example --mail-rcpt "$to" -T "$work/m.eml"
}
check "a small message" send 100 anna@org.example
check "a large one, past what is buffered" send 3000000 anna@org.example
check "one for bo" send 100 bo@org.example
check "all of it is filed" agent_filed

nowhere() { ! grep -rlaF -- "$1" "$home/data"; }
check "the mailed marker is in no file" nowhere "$marker"
check "nor the addresses" nowhere anna@org.example
check "nor the password" nowhere "$secret"
for encoded in "$(printf %s "$marker" | base64 | cut -c1-20)" "$(printf %s "$secret" | base64 | cut -c1-20)"; do
	check "nor either in base64" nowhere "$encoded"
done
check "nor the password in the log" bash -c "! grep -F '$secret' '$home/log'"
modes() { [ -z "$(find "$home/data" -type f ! -perm 600 -o -type d ! -perm 700)" ]; }
check "files are 0600, directories 0700" modes

key_of() { posthus key account "$1"; }
check "the key of an account can be exported" key_of anna
file=$(key_of anna | sed -n 's/^file //p')
[ -f "$file" ] && ok "and names the file" || bad "and names the file: $file"
agent_stop

# One byte of one page, not the first: the account is set apart, the others go on.
size=$(stat -c %s "$file")
python3 - "$file" $((size / 2)) <<'PY'
import sys
with open(sys.argv[1], "r+b") as f:
    f.seek(int(sys.argv[2])); b = f.read(1); f.seek(int(sys.argv[2])); f.write(bytes([b[0] ^ 1]))
PY
agent_start
imap() { curl -sS --insecure --max-time 30 --user "$1:$2" "imaps://127.0.0.1:$IMAPS/INBOX;MAILINDEX=1"; }
damaged() { for i in 1 2; do curl -sS --insecure --max-time 30 --user "anna@org.example:$secret" "imaps://127.0.0.1:$IMAPS/INBOX" -X "FETCH $i BODY.PEEK[]" 2>&1 >"$work/got" || return 0; grep -q "$marker" "$work/got" || return 0; done; return 1; }
check "K01 a flipped byte is detected" damaged
check "and the other account goes on" imap bo@org.example plainpass
check "and takes mail" send 100 bo@org.example
finish
