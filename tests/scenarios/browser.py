"""A real browser in the hands of a test: Chromium, by the WebDriver protocol of the W3C.

    with Browser(dark=True, width=375) as browser:
        browser.visit(server.base + "/search")
        browser.press(TAB, TAB, ENTER)

Nothing is asked of it that a person could not do but to look at the page as a program: run a
script in it, resize its window, choose its colours.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from typing import Any

import httpx

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
MISSING = "chromium and chromedriver are not here (.ci/debian.txt)"
"""Why a test is skipped where `DRIVER` or `CHROMIUM` is None."""

TAB, ENTER, SPACE, CONTROL, END = "\ue004", "\ue007", " ", "\ue009", "\ue010"
"""Keys, as WebDriver (17.4.2) names them."""

QUIET = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip
"""Switches of a browser that asks nobody but the server under test."""

_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""The key of an element in answers (WebDriver, 12.1)."""


class Browser:
    """One window, with colours and a width."""

    def __init__(self, *, dark: bool = False, width: int = 1280) -> None:
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))
            port = held.getsockname()[1]
        self._driver = subprocess.Popen(
            [str(DRIVER), f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=150)
        self._wait()
        options: dict[str, Any] = {"binary": CHROMIUM, "args": list(QUIET)}
        always = {"goog:chromeOptions": options}
        made = self._http.post("/session", json={"capabilities": {"alwaysMatch": always}})
        made.raise_for_status()
        self._session = f"/session/{made.json()['value']['sessionId']}"
        self._do("POST", "/timeouts", {"script": 120_000})
        self.colours(dark=dark)
        self.wide(width)

    def _wait(self) -> None:
        end = time.monotonic() + 30
        while True:
            try:
                self._http.get("/status")
                return
            except httpx.TransportError:
                assert time.monotonic() < end, "chromedriver does not answer"
                time.sleep(0.05)

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._http.delete(self._session)
        finally:
            self._http.close()
            self._driver.terminate()
            self._driver.wait(timeout=30)

    # ── how it looks ─────────────────────────────────────────────────────────────────────

    def colours(self, *, dark: bool, printing: bool = False) -> None:
        """Prefer dark or light pages, on the screen or on paper."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        media = "print" if printing else "screen"
        self._chromium("Emulation.setEmulatedMedia", media=media, features=[scheme])

    def wide(self, width: int) -> None:
        """Make the window this wide, in CSS pixels."""
        self._chromium(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=900, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip

    # ── what is done with it ─────────────────────────────────────────────────────────────

    def visit(self, address: str) -> None:
        """Go there and wait for the page."""
        self._do("POST", "/url", {"url": address})

    def press(self, *keys: str) -> None:
        """Press these keys, one after the other; a key of several signs is held together."""
        actions: list[dict[str, str]] = []
        for chord in keys:
            actions += [{"type": "keyDown", "value": key} for key in chord]
            actions += [{"type": "keyUp", "value": key} for key in reversed(chord)]
        said = {"actions": [{"type": "key", "id": "keys", "actions": actions}]}
        self._do("POST", "/actions", said)

    def write(self, text: str) -> None:
        """Type a text."""
        self.press(*text)

    # ── what is seen of it ───────────────────────────────────────────────────────────────

    def run(self, script: str, *given: Any) -> Any:
        """What a script of the test returns in the page; `arguments` are `given`."""
        return self._do("POST", "/execute/sync", {"script": script, "args": list(given)})

    def later(self, script: str, *given: Any) -> Any:
        """The same for a script that answers by calling its last argument."""
        return self._do("POST", "/execute/async", {"script": script, "args": list(given)})

    @property
    def address(self) -> str:
        """Where it is."""
        return str(self._do("GET", "/url"))

    @property
    def title(self) -> str:
        """The title of the page."""
        return str(self._do("GET", "/title"))

    @property
    def text(self) -> str:
        """What a reader sees of the page."""
        found = self._do("POST", "/element", {"using": "css selector", "value": "body"})
        return str(self._do("GET", f"/element/{found[_ELEMENT]}/text"))

    def _do(self, method: str, path: str, said: dict[str, Any] | None = None) -> Any:
        answer = self._http.request(method, self._session + path, json=said)
        assert answer.status_code == 200, answer.text
        return answer.json()["value"]

    def _chromium(self, command: str, **given: Any) -> Any:
        return self._do("POST", "/goog/cdp/execute", {"cmd": command, "params": given})
