"""Keeps one note on its volume. What comes in goes through a temporary file, as an upload does."""

import os
import shutil
import signal
import sys
import tempfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NOTE = "/data/note"


class Notes(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        note = b""
        if self.path == "/note" and os.path.exists(NOTE):
            with open(NOTE, "rb") as file:
                note = file.read()
        self.answer(note)

    def do_POST(self) -> None:
        with tempfile.NamedTemporaryFile(delete=False) as upload:
            upload.write(self.rfile.read(int(self.headers["Content-Length"])))
        shutil.move(upload.name, NOTE)
        self.answer(b"kept")

    def answer(self, body: bytes) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
ThreadingHTTPServer(("", 8000), Notes).serve_forever()
