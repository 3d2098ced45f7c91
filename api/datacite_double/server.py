"""The double on a port of this machine: in this process' thread, or as the process itself.

>>> with DoubleServer(folder / "datacite.sqlite") as double:      # doctest: +SKIP
...     client = DataCiteRESTClient("COLLECTOME.DEMO", "demo", "10.5072", url=double.url)
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
import time
from pathlib import Path

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.datacite_double.app import ABORT, Double
from api.datacite_double.faults import Plan
from api.datacite_double.limits import Limits
from api.datacite_double.rest import Account
from api.datacite_double.store import Line, Store
from fdo.errors import Unavailable

_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER of no time: closing sends a reset instead of a farewell."""


class _Resettable(HttpToolsProtocol):
    """HTTP whose connections can be reset, which ASGI has no word for."""

    def on_message_begin(self) -> None:
        """Tell the application how to reset the connection of this request."""
        super().on_message_begin()
        self.scope[ABORT] = self._reset  # type: ignore[literal-required] # a key of our own

    def _reset(self) -> None:
        socket_of = self.transport.get_extra_info("socket")
        if socket_of is not None:
            socket_of.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.transport.abort()


def serving(app: Double, host: str, port: int) -> uvicorn.Server:
    """The web server of a double, not yet running."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=_Resettable,
        loop="asyncio",
        lifespan="off",
        log_level="critical",  # a reset looks like a fault of the program to it,
        access_log=False,
        timeout_graceful_shutdown=2,
    )
    return uvicorn.Server(config)


class DoubleServer:
    """A double that runs in a thread from `start` to `stop`; on a free port unless one is
    named. What it has acknowledged is in its file."""

    def __init__(
        self,
        place: Path,
        account: Account | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        limits: Limits | None = None,
        plan: Plan | None = None,
        base_path: str = "",
    ) -> None:
        self.account = account or Account()
        self.store = Store(place)
        self.app = Double(self.store, self.account, limits=limits, plan=plan, base_path=base_path)
        self._base_path = base_path.rstrip("/")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # named as TCP, since asyncio lets small parts go at once only where it knows that
        self._socket = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((host, port))
        except OSError as error:
            raise Unavailable(f"Nothing can listen on {host}:{port}: {error.strerror}.") from error
        self._host = f"[{host}]" if ":" in host else host
        self.port = int(self._socket.getsockname()[1])
        self._server = serving(self.app, host, self.port)
        self._thread = threading.Thread(target=self._run, name="datacite-double", daemon=True)

    @property
    def url(self) -> str:
        """What clients call the address of the API, with a final slash."""
        return f"http://{self._host}:{self.port}{self._base_path}/"

    def break_by(self, plan: Plan) -> None:
        """Let requests from now on meet these faults."""
        self.app.plan = plan

    def journal(self, after: int = 0) -> list[Line]:
        """Who asked what, oldest first."""
        return self.store.journal(after, limit=1_000_000)

    def start(self) -> DoubleServer:
        """Serve from now on."""
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            time.sleep(0.005)
        return self

    def run(self) -> None:
        """Serve in this thread until Ctrl-C."""
        self._run()
        self.store.close()

    def stop(self) -> None:
        """Answer what was asked, then end."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join()
        self._socket.close()
        self.store.close()

    def __enter__(self) -> DoubleServer:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))
