"""Pages as people use them: by eye in light and dark, on a telephone, by keyboard, on paper.

axe-core is the judge of what a program can judge (WCAG 2.1 AA and its own best practices); that
the way from a search to a decision can be gone with keys alone is gone here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.scenarios.browser import (
    CHROMIUM,
    CONTROL,
    DRIVER,
    END,
    ENTER,
    MISSING,
    SPACE,
    TAB,
    Browser,
)
from tests.scenarios.node_clients import library
from tests.scenarios.program import Server, collectome, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None or DRIVER is None, reason=MISSING),
]

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
JUDGE = """
const [rules, done] = arguments;
document.querySelectorAll("details").forEach(one => one.open = true);
document.querySelectorAll("tbody").forEach(  // the rows of a table are alike, and may be hundreds
    one => [...one.rows].slice(8).forEach(row => row.remove()));
axe.run(document, {runOnly: rules, resultTypes: ["violations"]}).then(
    found => done(found.violations.map(one => one.id + ": " + one.nodes[0].html)),
    why => done([String(why)]));
"""
FOCUSED = """
const at = document.activeElement, style = getComputedStyle(at), box = at.getBoundingClientRect();
const label = at.labels && at.labels.length ? at.labels[0].innerText : "";
return {words: (at.getAttribute("aria-label") || label || at.innerText || "").trim(),
        name: at.name || "", tag: at.tagName,
        seen: box.width > 0 && box.left >= 0 && style.outlineStyle != "none"};
"""


@pytest.fixture(scope="module")
def museum(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The demo; tests here write to it."""
    with Server("demo", tmp_path_factory.mktemp("museum") / "data") as server:
        yield server


def pages(server: Server) -> list[str]:
    """A page of every kind; of objects one of each type and state."""
    shown: dict[tuple[str, str], str] = {}
    rows = server.client.get("/changes?limit=1000&format=json").json()["events"]
    for row in rows:
        path = str(row["pid"]).split("/", 3)[3]
        shown[row["type"], row["status"]] = f"/{path}"
    orchid = server.client.get("/api/search?q=incarnata").json()["items"][0]["pid"]
    orchid = "/" + str(orchid).removeprefix("https://doi.org/")
    sheet = next(
        one["dwc:relatedResourceID"].removeprefix("https://doi.org")
        for one in server.client.get(orchid).json()["ods:hasEntityRelationships"]
        if one["dwc:relationshipOfResource"] == "hasDigitalMedia"
    )
    return [
        "/", "/search", "/search?q=nothing-at-all", "/review", "/mas", "/models", "/annotations/",
        "/annotations/batches", f"/annotations/batches?pid={orchid[1:]}", "/catalogue", "/pids",
        "/similar", "/statistics", "/sign-in", "/feeds", "/changes", "/ldes", "/ldes/all", "/time",
        "/api/time/changed?since=2026-03-01&format=html", "/api/time/held?format=html", "/sparql",
        "/sparql?query=SELECT+*+WHERE+%7B%3Fs+%3Fp+%3Fo%7D+LIMIT+5", "/sparql?query=SELECT",
        "/vocab", "/contexts", "/schemas", "/shapes", "/problems", "/problems/not-found",
        "/api/conformance", "/nowhere", f"{orchid}?format=nothing", orchid, sheet, *shown.values(),
        *(f"{orchid}{part}" for part in (
            "/1", "/versions", "/history", "/diff?from=1&to=2", "/record", "/conformance",
            "/verbatim", "/cite", "/annotations/",
        )),
    ]  # fmt: skip


@pytest.mark.parametrize(("dark", "width"), [(False, 1280), (True, 375)], ids=["desk", "phone"])
def test_no_page_keeps_anybody_out_nor_leaves_the_screen(
    museum: Server, dark: bool, width: int
) -> None:
    judge = library("axe-core", "axe.min.js") + "; window.axe = axe;"
    found = []
    with Browser(dark=dark, width=width) as browser:
        for page in pages(museum):
            browser.visit(museum.base + page)
            if browser.run("return document.documentElement.scrollWidth") > width:
                found.append(f"{page} is wider than the screen")
            browser.run(judge)
            found += [f"{page} {one}" for one in browser.later(JUDGE, list(RULES))]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_printed_record_is_black_on_white_with_its_citation_and_without_forms(
    museum: Server, dark: bool
) -> None:
    with Browser(dark=dark) as browser:
        browser.colours(dark=dark, printing=True)
        browser.visit(museum.base + next(one for one in pages(museum) if one.endswith("/versions"))
                      .removesuffix("/versions"))  # fmt: skip
        assert re.search(r"version \d+\..*hash://sha256/", browser.text, re.S)
        unseen = browser.run(
            'return [...document.querySelectorAll("header, footer, form")].every('
            "one => one.offsetParent === null)"
        )
        assert unseen
        colours = browser.run(
            "const one = getComputedStyle(document.body); return [one.color, one.backgroundColor]"
        )
        assert colours == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]


# ── by keyboard ──────────────────────────────────────────────────────────────────────────


def go_to(browser: Browser, words: str) -> None:
    """Press Tab until what bears these words has the focus; it is seen wherever it is."""
    passed = []
    for _ in range(400):
        browser.press(TAB)
        at = browser.run(FOCUSED)
        passed.append(at["words"])
        if at["tag"] == "BODY":  # past the last and not yet at the first
            continue
        assert at["seen"], f"{at} has a focus that nobody sees"
        if words in at["words"]:
            return
    pytest.fail(f"{words!r} is not reached on {browser.address}: {passed[:60]}")


def press_on(browser: Browser, words: str) -> None:
    """Go to a link or a button, and press it."""
    before = browser.address, browser.run("return performance.timeOrigin")
    go_to(browser, words)
    browser.press(ENTER)
    until(lambda: (browser.address, browser.run("return performance.timeOrigin")) != before)
    until(lambda: browser.run("return document.readyState") == "complete")


def test_from_a_search_to_a_decision_by_keyboard_alone(museum: Server) -> None:
    made = collectome("token", "create", "keys", "--role", "curator", "--json", data=museum.data)
    with Browser() as browser:
        browser.visit(museum.base + "/")
        browser.press(TAB)
        assert browser.run(FOCUSED)["words"] == "Skip to the content"
        browser.press(ENTER)
        go_to(browser, "Search names")
        assert browser.run(FOCUSED)["name"] == "q", "the link leads past the navigation"
        browser.write("incarnata")
        browser.press(ENTER)
        until(lambda: "Search" in browser.title)
        press_on(browser, "Dactylorhiza")
        assert browser.title.startswith("Dactylorhiza")

        press_on(browser, "Annotate this object")
        press_on(browser, "Sign in with the token")
        go_to(browser, "Token")
        browser.write(str(made.said["token"]))
        browser.press(ENTER)
        until(lambda: "Many annotations" in browser.title)
        go_to(browser, "CSV with a header")
        browser.press(CONTROL + END)
        browser.write("country,Estonia (by keyboard)")
        press_on(browser, "Show what it would change")
        until(lambda: "Record them" in browser.text)
        press_on(browser, "Record them")
        until(lambda: "1 created" in browser.text)

        press_on(browser, "Review")
        until(lambda: "by keyboard" in browser.text)
        rows = browser.run(
            'return [...document.querySelectorAll("tbody tr")].map(one => one.innerText)'
        )
        mine = next(n for n, row in enumerate(rows) if "by keyboard" in row)
        for _ in range(mine + 1):
            go_to(browser, "Choose ")
        browser.press(SPACE)
        go_to(browser, "Reason")
        browser.write("It stands on the label.")
        press_on(browser, "Decide")
        until(lambda: browser.title.startswith("Decided"))
        assert "1 done, 0 refused" in browser.text
