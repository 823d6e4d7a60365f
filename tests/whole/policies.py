#!/usr/bin/env python3
"""A web server for the policies of MTA-STS: policies.py ADDRESS CHAIN KEY FILE. What it is asked for goes to
FILE, a line each. The name says what it answers: sts-redirect…, sts-large…, sts-html…, else a policy that
names the host mx (or none-of-them) of plain.example."""
import http.server
import ssl
import sys


class Policies(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        name = self.headers["Host"].removeprefix("mta-sts.").split(".")[0]
        with open(sys.argv[4], "a") as f:
            f.write(f"{self.headers['Host']}{self.path}\n")
        mx = {"stsnone": "none-of-them", "stsname": "mx2", "stsstripped": "bare"}.get(name, "mx")
        body = f"version: STSv1\r\nmode: enforce\r\nmx: {mx}.plain.example\r\nmax_age: 86400\r\n"
        kind = "text/plain"
        if name == "stslarge":
            body = body.replace("mx.plain", "nobody") + "x: y\r\n" * 20000
        if name == "stshtml":
            body, kind = body.replace("mx.plain", "nobody"), "text/html"
        self.send_response(302 if name == "stsredirect" else 200)
        if name == "stsredirect":
            self.send_header("Location", "https://mta-sts.sts.plain.example/.well-known/mta-sts.txt")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer((sys.argv[1], 443), Policies)
tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
tls.load_cert_chain(sys.argv[2], sys.argv[3])
server.socket = tls.wrap_socket(server.socket, server_side=True)
print("ready", flush=True)
server.serve_forever()
