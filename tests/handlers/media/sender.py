"""A server of files, and an image to send."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from PIL import Image


def drawn(size: tuple[int, int] = (200, 100), shape: str = "PNG", **options: object) -> bytes:
    """An image: left half red, right half blue."""
    image = Image.new("RGB", size, (255, 0, 0))
    image.paste((0, 0, 255), (size[0] // 2, 0, *size))
    out = io.BytesIO()
    image.save(out, shape, **options)
    return out.getvalue()


class Sender:
    """Answers by path: what is in `files` with 200, all else with 404; counts what was asked."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[int, bytes, dict[str, str]]] = {}
        self.asked: list[str] = []
        sender = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                sender.asked.append(self.path)
                status, body, headers = sender.files.get(self.path, (404, b"", {}))
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(body))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def put(self, path: str, body: bytes, status: int = 200, **headers: str) -> str:
        """Send this from now on; its address."""
        self.files[path] = (status, body, headers)
        return self.at(path)

    def at(self, path: str) -> str:
        """The address of a path."""
        return f"http://127.0.0.1:{self._server.server_address[1]}{path}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def sending() -> Iterator[Sender]:
    """A sender while the block runs."""
    sender = Sender()
    try:
        yield sender
    finally:
        sender.close()
