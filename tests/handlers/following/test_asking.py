"""Asking a source that is slow, away, too generous or leads elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from fdo.errors import Refused, Unavailable
from handlers.following import asking
from handlers.following.asking import (
    Away,
    Source,
    SourceRefuses,
    good_address,
    patiently,
    seconds_of,
)

Answer = Callable[[BaseHTTPRequestHandler], None]


def sends(status: int, body: bytes = b"", length: int | None = None, **headers: str) -> Answer:
    """An answer; `length` is announced where it is not that of the body."""

    def answer(to: BaseHTTPRequestHandler) -> None:
        to.send_response(status)
        to.send_header("content-length", str(len(body) if length is None else length))
        for name, value in headers.items():
            to.send_header(name.replace("_", "-"), value)
        to.end_headers()
        to.wfile.write(body)

    return answer


class Odd:
    """A server that answers as it is told, one answer after the other, the last for ever."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("content-length", 0)))
                outer.asked.append(self.path)
                answers = outer.answers
                (answers.pop(0) if len(answers) > 1 else answers[0])(self)

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, format: str, *args: object) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def odd() -> Iterator[Odd]:
    made = Odd()
    threading.Thread(target=made.server.serve_forever, args=(0.01,), daemon=True).start()
    yield made
    made.server.shutdown()
    made.server.server_close()


def asked(odd: Odd, *answers: Answer) -> bytes:
    odd.answers = list(answers)
    return Source(f"{odd.address}/base/").get("/changes", {"since": 3}, "text/plain")


def test_the_question_goes_below_the_address(odd: Odd) -> None:
    assert asked(odd, sends(200, b"found")) == b"found"
    assert odd.asked == ["/base/changes?since=3"]


def test_a_redirect_within_the_source_is_followed(odd: Odd) -> None:
    assert asked(odd, sends(307, location="/there"), sends(200, b"found")) == b"found"
    assert odd.asked[-1] == "/there"


@pytest.mark.parametrize(
    "place", ["http://localhost:1/", "https://127.0.0.1/", "//10.0.0.1/", "file:///etc/passwd"]
)
def test_a_redirect_out_of_the_source_is_not(odd: Odd, place: str) -> None:
    with pytest.raises(SourceRefuses, match="another server"):
        asked(odd, sends(302, location=place))
    assert len(odd.asked) == 1


def test_a_circle_of_redirects_ends(odd: Odd) -> None:
    with pytest.raises(SourceRefuses, match="circle"):
        asked(odd, sends(302, location="/again"))


def test_more_than_is_taken_is_not_taken(odd: Odd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "MAX_BODY", asking.MEBIBYTE)
    with pytest.raises(SourceRefuses, match="more than 1 MiB"):
        asked(odd, sends(200, b"x" * (asking.MEBIBYTE + 1)))


def test_an_answer_that_breaks_off_or_drips_is_asked_for_again(
    odd: Odd, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Away):
        asked(odd, sends(200, b"half", length=8))
    monkeypatch.setattr(asking, "MAX_SECONDS", -1.0)
    with pytest.raises(Away, match="too slow"):
        asked(odd, sends(200, b"drop"))


def test_a_refusal_tells_its_reason(odd: Odd) -> None:
    with pytest.raises(SourceRefuses, match="answers 400: No such event") as refused:
        asked(odd, sends(400, b'{"detail": "No such event."}'))
    assert refused.value.details["status"] == 400


def test_what_is_no_number_of_seconds_is_passed_over() -> None:
    assert [seconds_of(text) for text in ("7", "9" * 400, "\u00b2", "-1", "soon", "")] == [
        7, 600, None, None, None, None,
    ]  # fmt: skip


def test_a_busy_source_is_asked_again_when_it_says_so(odd: Odd) -> None:
    odd.answers = [sends(503, retry_after="7"), sends(429), sends(200, b"found")]
    source, pauses = Source(odd.address), list[float]()
    found = patiently(lambda: source.get("/", {}, "text/plain"), sleep=pauses.append)
    assert found == b"found"
    assert pauses[0] >= 7 and 0 <= pauses[1] <= asking.FIRST_PAUSE_S * 4


def test_pauses_grow_to_a_minute_and_end_after_the_attempts() -> None:
    def away() -> None:
        raise Away("Nobody there.")

    pauses: list[float] = []
    with pytest.raises(Unavailable, match="Nothing is lost"):
        patiently(away, attempts=40, sleep=pauses.append)
    assert len(pauses) == 39 and max(pauses) <= asking.LONGEST_PAUSE_S
    assert max(pauses[20:]) > 10


@pytest.mark.parametrize(
    "address",
    ["file:///etc/passwd", "http://", "http://a:b@host", "http://host/?x=1", "http://host/#a", "x"],
)
def test_an_address_is_plain_http(address: str) -> None:
    with pytest.raises(Refused):
        good_address(address)
    assert good_address("https://host/path/") == "https://host/path"
