"""A receiver of webhooks that shares no code with the sender: Python's own HTTP server, and its own HMAC.

Says one JSON line for each request it gets, once it has read it, and behaves as the path says:

    /ok          204
    /fail/N      500 to the first N requests of this path, then 200
    /refuse      400 with a page of text
    /redirect    302 to /ok
    /hang        reads the request and never answers
    /drop        closes the connection without an answer

The first line says the port. The secret comes in RECEIVER_SECRET.
"""

import argparse
import base64
import collections
import hashlib
import hmac
import http.server
import json
import os
import ssl
import sys
import threading
import time

SECRET = base64.b64decode(os.environ["RECEIVER_SECRET"].removeprefix("whsec_"))
# As the convention's libraries have it.
TOLERANCE_S = 300

lock = threading.Lock()
counts = collections.Counter()


def say(line):
    with lock:
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


def verified(headers, body):
    signed = headers.get("webhook-signature")
    if signed is None:
        return None
    number, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
    if abs(time.time() - int(timestamp)) > TOLERANCE_S:
        return False
    digest = hmac.new(SECRET, f"{number}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return hmac.compare_digest(signed, "v1," + base64.b64encode(digest).decode())


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, text="", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with lock:
            counts[self.path] += 1
            count = counts[self.path]
        say(
            {
                "path": self.path,
                "id": self.headers.get("webhook-id"),
                "type": self.headers.get("Content-Type"),
                "verified": verified(self.headers, body),
                "body": body.decode(),
            }
        )
        match self.path.strip("/").split("/"):
            case ["ok"]:
                self.answer(204)
            case ["fail", times]:
                self.answer(500 if count <= int(times) else 200, "not now")
            case ["refuse"]:
                self.answer(400, "<p>no such\nchannel</p>" * 1000)
            case ["redirect"]:
                self.answer(302, Location="/ok")
            case ["hang"]:
                threading.Event().wait()
            case ["drop"]:
                self.close_connection = True
                self.connection.close()
            case _:
                self.answer(404)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--certificate")
    given = parser.parse_args()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if given.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(given.certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    say({"port": server.server_address[1]})
    threading.Thread(target=server.serve_forever, daemon=True).start()
    # Ends with whoever started it.
    sys.stdin.read()
    os._exit(0)


main()
