"""Pages in a real browser: their main content is there, and nothing is asked of other hosts."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.scenarios.browser import CHROMIUM, QUIET
from tests.scenarios.program import Server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not here (.ci/debian.txt)"),
]


def visit(address: str, folder: Path) -> tuple[str, set[str]]:
    """(the page as the browser holds it, the addresses that the page made it ask for)."""
    log = folder / "net.json"
    done = subprocess.run(
        [str(CHROMIUM), *QUIET, "--virtual-time-budget=5000",
         f"--user-data-dir={folder / 'profile'}", f"--log-net-log={log}", "--dump-dom", address],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    text = log.read_text(errors="replace")
    try:
        events = json.loads(text)["events"]
    except ValueError:  # a log that was cut off at the end
        events = json.loads(text.rstrip().rstrip(",") + "]}")["events"]
    asked = [event["params"] for event in events if "url" in (event.get("params") or ())]
    page = address.split("/", 3)[:3]  # the browser itself asks its maker for things; pages must not
    return done.stdout, {
        str(each["url"]) for each in asked if each.get("initiator") == "/".join(page)
    }


@pytest.fixture(scope="module")
def orchid(demo: Server) -> dict[str, object]:
    """A specimen with several versions."""
    items = demo.client.get("/api/search?limit=200").json()["items"]
    return next(item for item in items if item["version"] > 2)


def test_the_pages_show_their_content_without_other_hosts(demo: Server, orchid, tmp_path):
    path = str(orchid["pid"]).removeprefix("https://doi.org/")
    everything: set[str] = set()
    pages = {
        "/": ["Collectome", "specimens"],
        f"/{path}": [str(orchid["name"]).split()[0], path],
        "/search?discipline=Botany": ["Botany", "<form"],
        "/sparql": ["<textarea", "Query"],
        "/time": ["Across time", "series?by=discipline", "<table"],
    }
    for number, (page, words) in enumerate(pages.items()):
        shown, asked = visit(demo.base + page, tmp_path / str(number))
        for word in words:
            assert word in shown, (page, word, shown[:2000])
        assert not {each for each in asked if not each.startswith(demo.base + "/")}, page
        everything |= asked
    assert any(each.endswith(".css") for each in everything)
