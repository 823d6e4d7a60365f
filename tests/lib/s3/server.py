#!/usr/bin/env python3
"""A bucket of S3 in a folder, with faults: for tests, on loopback. It checks each signature by itself.

    server.py PORT FOLDER ACCESS SECRET [CERTIFICATE KEY]

PUT /-/faults with JSON says what goes wrong from then on: {"503": 5} every fifth request is answered 503 SlowDown; "reset"
ends the connection without an answer, "half" in the middle of one, "hang" answers nothing for as long as the client waits;
"page": N lists so many objects a page; "circle", "cut", "foreign", "endless" spoil listings; "redirect" sends elsewhere;
"keep" lets nothing be deleted. GET /-/count says how many requests there were, and of which kind.
A bucket is named by the path, or by the host, BUCKET.localhost."""
import hashlib
import hmac
import json
import os
import socket
import ssl
import struct
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.sax.saxutils import escape

FOLDER, ACCESS, SECRET = sys.argv[2:5]
faults, counts, lock = {}, {}, threading.Lock()
stopping = threading.Event()


def sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def expected(handler, body):
    """The signature that the request should have; None where it has none of that form."""
    field = handler.headers.get("Authorization", "")
    if not field.startswith("AWS4-HMAC-SHA256 "):
        return None
    parts = dict(p.strip().split("=", 1) for p in field.split(" ", 1)[1].split(","))
    access, scope = parts["Credential"].split("/", 1)
    day, region, service, _ = scope.split("/")
    path, _, query = handler.path.partition("?")
    pairs = sorted(urllib.parse.parse_qsl(query, keep_blank_values=True))
    names = parts["SignedHeaders"].split(";")
    if not {"host", "x-amz-date", "x-amz-content-sha256"} <= set(names):
        return None
    said = handler.headers["x-amz-content-sha256"]
    if said != hashlib.sha256(body).hexdigest():
        return None
    canonical = "\n".join([
        handler.command, urllib.parse.quote(urllib.parse.unquote(path), safe="/-._~"),
        "&".join(f"{urllib.parse.quote(k, safe='-._~')}={urllib.parse.quote(v, safe='-._~')}" for k, v in pairs),
        "".join(f"{n}:{' '.join(handler.headers[n].split())}\n" for n in names), ";".join(names), said])
    text = "\n".join(["AWS4-HMAC-SHA256", handler.headers["x-amz-date"], scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = sign(sign(sign(sign(("AWS4" + SECRET).encode(), day), region), service), "aws4_request")
    return access == ACCESS and sign(key, text).hex() == parts["Signature"]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", fields=(), half=False):
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[:len(body) // 2] if half else body)
        if half:
            self.end()

    def end(self):
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)

    def refuse(self, status, code):
        self.answer(status, f"<?xml version=\"1.0\"?><Error><Code>{code}</Code></Error>".encode())

    def turn(self, what):
        """Whether it is this request's turn to go wrong."""
        return faults.get(what) and counts["all"] % faults[what] == 0

    def handle_one(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/-/faults":
            faults.clear()
            faults.update(json.loads(body))
            return self.answer(200)
        if self.path == "/-/count":
            return self.answer(200, json.dumps(counts).encode())
        with lock:
            for kind in ("all", self.command):
                counts[kind] = counts.get(kind, 0) + 1
            wrong = next((f for f in ("503", "reset", "hang") if self.turn(f)), None)
            half = self.turn("half")
            if wrong:
                counts[wrong] = counts.get(wrong, 0) + 1
        if wrong == "503":
            return self.refuse(503, "SlowDown")
        if wrong == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return self.end()
        if wrong == "hang":
            self.connection.settimeout(60)
            try:
                self.connection.recv(1)  # until the client goes
            except OSError:
                pass
            self.close_connection = True
            return None
        if faults.get("redirect"):
            return self.answer(307, b"", [("Location", "http://127.0.0.1:1/elsewhere")])
        if not expected(self, body):
            return self.refuse(403, "SignatureDoesNotMatch")
        return self.serve(body, half)

    def serve(self, body, half):
        path, _, query = self.path.partition("?")
        named, dot, _ = self.headers["Host"].partition(".localhost:")
        bucket, _, key = (f"{named}{urllib.parse.unquote(path)}" if dot else urllib.parse.unquote(path)[1:]).partition("/")
        if not os.path.isdir(os.path.join(FOLDER, bucket)) or not bucket:
            return self.refuse(404, "NoSuchBucket")
        if not key:
            return self.list(bucket, dict(urllib.parse.parse_qsl(query)), half)
        place = os.path.join(FOLDER, bucket, key.replace("/", "%2F"))
        if self.command == "PUT":
            with open(place + ".part", "wb") as file:
                file.write(body)
            os.rename(place + ".part", place)
            return self.answer(200, half=half)
        if self.command == "DELETE":
            if faults.get("keep"):
                return self.refuse(403, "AccessDenied")
            if os.path.exists(place):
                os.unlink(place)
            return self.answer(204)
        if not os.path.exists(place):
            return self.refuse(404, "NoSuchKey")
        with open(place, "rb") as file:
            data = file.read()
        range_ = self.headers.get("Range")
        if range_:
            first, _, last = range_.split("=")[1].partition("-")
            if int(first) >= len(data):
                return self.refuse(416, "InvalidRange")
            return self.answer(206, data[int(first):int(last) + 1 if last else None], half=half)
        return self.answer(200, data, half=half)

    def list(self, bucket, query, half):
        prefix = query.get("prefix", "")
        keys = sorted(k for k in (n.replace("%2F", "/") for n in os.listdir(os.path.join(FOLDER, bucket)))
                      if k.startswith(prefix) and not k.endswith(".part"))
        page = faults.get("page", int(query.get("max-keys", 1000)))
        first = int(query["continuation-token"].split("=")[1]) if "continuation-token" in query else 0
        if faults.get("circle"):
            first = 0
        if faults.get("endless"):
            keys, page = [], 1
        rows = "".join(
            f"<Contents><Key>{escape(k)}</Key><Size>{os.path.getsize(os.path.join(FOLDER, bucket, k.replace('/', '%2F')))}</Size></Contents>"
            for k in keys[first:first + page])
        if faults.get("foreign"):
            rows = "<Contents><Key>etc/passwd</Key><Size>1</Size></Contents>"
        more = faults.get("circle") or faults.get("endless") or first + page < len(keys)
        token = "same=0" if faults.get("circle") else f"a+b/=={first + page}".replace("==", "c=")
        if faults.get("endless"):
            token = f"n={counts['all']}"
        text = (f"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                f"<Name>{bucket}</Name><IsTruncated>{'true' if more else 'false'}</IsTruncated>"
                + (f"<NextContinuationToken>{escape(token)}</NextContinuationToken>" if more and not faults.get("cut") else "")
                + rows + "</ListBucketResult>").encode()
        return self.answer(200, text, [("Content-Type", "application/xml")], half)

    do_GET = do_PUT = do_DELETE = do_HEAD = handle_one


def main():
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
    server.daemon_threads = True
    if len(sys.argv) > 6:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[5], sys.argv[6])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
