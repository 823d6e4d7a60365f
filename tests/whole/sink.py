#!/usr/bin/env python3
"""Another host, by aiosmtpd: what it takes goes to a file, one JSON object a line.

sink.py [ADDRESS:]PORT FILE [CHAIN KEY]: with a certificate it offers STARTTLS, or with SINK_IMPLICIT in the
environment speaks TLS from the first byte; with SINK_LOGIN=user:password nobody else may send. The local part
of a recipient says what it answers:
  no-such…    550 5.1.1 to RCPT
  full…       452 4.2.2 to RCPT
  later…      451 4.7.1 to RCPT, twice; then it takes it
  lost…       it takes the message and closes without an answer, once; then it takes it
  spam…       554 5.7.1 to the message
  others      it takes it"""
import asyncio
import json
import os
import ssl
import sys
import time

from aiosmtpd.smtp import SMTP, AuthResult

address, _, port = ("127.0.0.1:" + sys.argv[1]).rpartition(":")
address, path = address.rpartition(":")[2], sys.argv[2]
login = os.environ.get("SINK_LOGIN", "")
implicit = os.environ.get("SINK_IMPLICIT", "") != ""
seen = {}


def times(what):
    seen[what] = seen.get(what, 0) + 1
    return seen[what]


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("no-such"):
            return "550 5.1.1 No such user here"
        if address.startswith("full"):
            return "452 4.2.2 Mailbox full"
        if address.startswith("later") and times(address) <= 2:
            return "451 4.7.1 Greylisted, come back"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server, session, envelope):
        if any(r.startswith("spam") for r in envelope.rcpt_tos):
            return "554 5.7.1 We do not like it"
        line = json.dumps({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "at": time.time(),
            "helo": session.host_name,
            "tls": session.ssl is not None or implicit,
            "login": getattr(session, "who", None),
            "utf8": bool(getattr(envelope, "smtp_utf8", False)),
            "message": envelope.original_content.decode("utf-8", "replace"),
        })
        with open(path, "a") as f:
            f.write(line + "\n")
            f.flush()
            os.fsync(f.fileno())
        lost = [r for r in envelope.rcpt_tos if r.startswith("lost")]
        if lost and times(lost[0]) == 1:
            server.transport.abort()
            return "250 2.0.0 unheard"
        return "250 2.0.0 Taken"


def log_in(server, session, envelope, mechanism, data):
    if f"{data.login.decode()}:{data.password.decode()}" != login:
        return AuthResult(success=False, handled=False)
    session.who = data.login.decode()
    return AuthResult(success=True)


async def main():
    tls = None
    if len(sys.argv) > 3:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(sys.argv[3], sys.argv[4])
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(Handler(), hostname="mx.elsewhere.example", enable_SMTPUTF8=True,
                     tls_context=None if implicit else tls, auth_require_tls=False,
                     auth_required=bool(login), authenticator=log_in if login else None),
        address, int(port), ssl=tls if implicit else None)
    print("ready", flush=True)
    async with server:
        await server.serve_forever()


asyncio.run(main())
