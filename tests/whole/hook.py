#!/usr/bin/env python3
"""A program elsewhere that is told: what it is asked goes to a file, one JSON object a line.

hook.py PORT FILE [CHAIN KEY]: with a certificate it speaks TLS. /busy… answers 503 the first time, all else 204."""
import json
import os
import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

seen = set()


class Hook(BaseHTTPRequestHandler):
    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        busy = self.path.startswith("/busy") and self.path not in seen
        seen.add(self.path)
        with open(sys.argv[2], "a") as f:
            f.write(json.dumps({
                "method": self.command,
                "path": self.path,
                "busy": busy,
                "signature": self.headers.get("Posthus-Signature"),
                "body": body.decode("utf-8", "replace"),
            }) + "\n")
            f.flush()
            os.fsync(f.fileno())
        self.send_response(503 if busy else 204)
        self.end_headers()

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Hook)
if len(sys.argv) > 3:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(sys.argv[3], sys.argv[4])
    server.socket = tls.wrap_socket(server.socket, server_side=True)
print("ready", flush=True)
server.serve_forever()
