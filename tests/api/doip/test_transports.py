"""What belongs to one transport alone: HTTP's forms, and the manners of a native connection."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import stat
import time

import pytest
from cryptography import x509

from api.doip.certificate import own_certificate, tls_context
from api.settings import InvalidSettings, Settings
from tests.api.documents import a_specimen
from tests.api.doip.spoken import Line, heard

RETRIEVE = "0.DOIP/Op.Retrieve"


@pytest.fixture
def oak(repository):
    return str(repository.register("specimen", a_specimen("DH-1")))


# ── HTTP ─────────────────────────────────────────────────────────────────────────────────


def test_every_answer_has_the_first_segment_in_a_header_of_ascii(browser, oak, repository):
    repository.tombstone(repository.objects.log.event(1).pid, "Æten by beetles.\r\nX: y")
    for path, status in (
        ("/doip", 400),
        ("/doip?operationId=0.DOIP/Op.Hello&targetId=service", 200),
        ("/doip?operationId=0.DOIP/Op.Fly&targetId=service", 400),
        (f"/doip?operationId={RETRIEVE}&targetId=10.5072/AAA-AAA-AAA", 404),
        (f"/doip?operationId={RETRIEVE}&targetId={oak}", 410),
        (f"/doip?operationId=0.DOIP/Op.Delete&targetId={oak}", 405),
        (f"/doip?operationId={RETRIEVE}&targetId={oak}&attributes=x", 400),
        (f"/doip?operationId={RETRIEVE}&targetId={oak}&targetId=x", 400),
        (f"/doip?operationId=0.DOIP/Op.Hello&targetId=service&requestId={'r' * 9000}", 200),
        (f"/doip?operationId={'F' * 9000}&targetId={oak}&{'x' * 9000}=1", 400),
    ):
        sent = browser.get(path)
        assert sent.status_code == status, path
        assert sent.headers["doip-response"].isascii()
        assert len(sent.headers["doip-response"]) < 4096
        assert json.loads(sent.headers["doip-response"])["status"].startswith("0.DOIP/Status.")
        assert sent.headers["access-control-expose-headers"] == "Doip-Response"
    unnamed = browser.request("POST", f"/doip?operationId=0.DOIP/Op.Delete&targetId={oak}")
    assert unnamed.status_code == 401
    assert unnamed.headers["www-authenticate"].startswith("Bearer")


def test_get_and_head_change_nothing(browser, oak, curator):
    who = {"authorization": f"Bearer {curator}"}
    for method in ("GET", "HEAD"):
        path = f"/doip?operationId=0.DOIP/Op.Delete&targetId={oak}"
        refused = browser.request(method, path, headers=who)
        assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    assert browser.get(f"/doip/{RETRIEVE}?targetId={oak}").status_code == 200
    assert browser.request("POST", path, headers=who).status_code == 200


def test_attributes_may_stand_alone_and_the_operation_in_the_path(browser, oak):
    whole = browser.get(f"/{oak}?format=turtle").content
    for path in (
        f"/doip?operationId={RETRIEVE}&targetId={oak}&element=turtle&range=4-8",
        f"/doip/{RETRIEVE}?targetId={oak}&attributes.element=turtle&attributes.range=4-8",
        f'/doip/{RETRIEVE}?targetId={oak}&attributes={{"element":"turtle"}}&range=4-8',
    ):
        assert browser.get(path).content == whole[4:9], path
    said = browser.get(f"/doip/{RETRIEVE}?targetId={oak}&requestId=7")
    assert json.loads(said.headers["doip-response"])["requestId"] == "7"


def test_input_may_be_multipart_and_the_token_in_any_of_its_forms(browser, curator):
    doip = base64.b64encode(json.dumps({"token": curator}).encode()).decode()
    body = (
        b'--x\r\nContent-Disposition: form-data; name="part-0"\r\n'
        b"Content-Type: application/json; charset=UTF-8\r\n\r\n"
        b'{"type": "dragon", "attributes": {"content": {}}}\r\n--x--\r\n'
    )
    for header in (f"Bearer {curator}", f"Doip {doip}"):
        sent = browser.request(
            "POST", "/doip?operationId=0.DOIP/Op.Create&targetId=service", content=body,
            headers={"authorization": header, "content-type": "multipart/mixed; boundary=x"},
        )  # fmt: skip
        assert "dragon" in heard(sent).object["message"]
    for header in ("Basic eDp5", "Doip !", "Doip e30="):
        sent = browser.request(
            "POST", "/doip?operationId=0.DOIP/Op.Create&targetId=service", content=body,
            headers={"authorization": header, "content-type": "multipart/mixed; boundary=x"},
        )  # fmt: skip
        assert heard(sent).status == "102", header


def test_bytes_of_elements_are_refused_and_said_so(browser, curator):
    body = b"--x\r\nContent-Type: application/json\r\n\r\n"
    body += b'{"type":"specimen","attributes":{"content":{}}}\r\n'
    body += b'--x\r\nContent-Type: application/json\r\n\r\n{"id":"file"}\r\n'
    body += b"--x\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n--x--\r\n"
    sent = browser.request(
        "POST", "/doip?operationId=0.DOIP/Op.Create&targetId=service", content=body,
        headers={"authorization": f"Bearer {curator}",
                 "content-type": "multipart/mixed; boundary=x"},
    )  # fmt: skip
    assert "elements" in heard(sent).object["message"]


def test_a_body_that_is_too_large_is_refused_in_the_form_of_doip(browser, curator):
    sent = browser.request(
        "POST", "/doip?operationId=0.DOIP/Op.Create&targetId=service", content=b"x" * 1_100_000
    )
    assert sent.status_code == 413
    assert heard(sent).attributes["problem"] == "too-large"


# ── native ───────────────────────────────────────────────────────────────────────────────


def test_one_connection_takes_many_questions_and_bytes(line, oak, curator):
    for _ in range(3):
        assert line.ask(oak, RETRIEVE).status == "001"
    line.say([])  # asks nothing
    first = {"targetId": "service", "operationId": "0.DOIP/Op.Create", "requestId": 5,
             "authentication": {"token": curator}}  # fmt: skip
    given = {"type": "specimen", "attributes": {"content": {}}}
    line.say([first, given, {"id": "f"}, b"\x00\n#\n@" * 300])
    said = line.hear()
    assert said.first["requestId"] == "5"
    assert "elements" in said.object["message"]
    assert line.ask(oak, RETRIEVE).status == "001"


@pytest.mark.parametrize(
    "first",
    [[], "x", {}, {"targetId": "service"}, {"targetId": 5, "operationId": "x"},
     {"targetId": "service", "operationId": "0.DOIP/Op.Hello", "attributes": []}],
)  # fmt: skip
def test_a_first_segment_that_is_none_is_refused_and_the_line_stays_open(line, oak, first):
    line.say([first])
    assert line.hear().status == "101"
    assert line.ask(oak, RETRIEVE).status == "001"


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\n#\n", b"@\nx\n", b'"' + b"x" * 2_000_000])
def test_broken_frames_are_answered_and_end_the_connection(line, data):
    try:
        line.socket.sendall(data)
    except (ConnectionError, ssl.SSLError):
        return  # it hung up while more came than it takes
    assert line.hear().status == "101"
    assert line.file.read(1) == b""


def test_only_so_many_connections_are_open_and_an_idle_one_is_closed(native):
    lines = [Line(native.port, host) for host in ("127.0.0.1", "127.0.0.2") for _ in range(2)]
    for each in lines:
        assert each.ask("service", "0.DOIP/Op.Hello").status == "001"
    with pytest.raises((AssertionError, ConnectionError, ssl.SSLError)):
        Line(native.port, "127.0.0.3").ask("service", "0.DOIP/Op.Hello")
    lines.pop().close()
    with pytest.raises((AssertionError, ConnectionError, ssl.SSLError)):  # half are theirs
        Line(native.port, "127.0.0.1").ask("service", "0.DOIP/Op.Hello")
    end = time.monotonic() + 5
    while True:
        try:
            other = Line(native.port, "127.0.0.3")
            assert other.ask("service", "0.DOIP/Op.Hello").status == "001"
            break
        except (AssertionError, ConnectionError, ssl.SSLError):
            assert time.monotonic() < end
            time.sleep(0.05)
    assert lines[0].file.read(1) == b""  # after idle_s
    for each in lines:
        each.close()


def test_who_speaks_no_tls_is_not_heard_and_harms_nobody(native, line, oak):
    with socket.create_connection(("127.0.0.1", native.port), timeout=5) as bare:
        bare.sendall(b'{"targetId": "service"}\n#\n#\n')
        with pytest.raises((ConnectionError, AssertionError)):
            assert bare.recv(100).startswith(b"{")
    assert line.ask(oak, RETRIEVE).status == "001"


# ── its certificate ──────────────────────────────────────────────────────────────────────


def test_a_certificate_is_made_once_and_its_key_is_the_owners(tmp_path):
    certificate, key = own_certificate(tmp_path, "127.0.0.1")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    before = certificate.read_bytes()
    assert own_certificate(tmp_path, "127.0.0.1")[0].read_bytes() == before
    read = x509.load_pem_x509_certificate(before)
    names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    named, _ = own_certificate(tmp_path, "doip.example.org")
    assert named.read_bytes() == before  # who wants another removes it first


def test_a_certificate_of_ones_own_is_taken_and_a_wrong_one_named(tmp_path):
    certificate, key = own_certificate(tmp_path, "doip.example.org")
    given = {"data": tmp_path / "other", "doip_certificate": certificate, "doip_key": key}
    assert tls_context(Settings(**given)).cert_store_stats()["x509"] == 0
    with pytest.raises(InvalidSettings, match="together"):
        tls_context(Settings(**{**given, "doip_key": None}))
    (tmp_path / "empty").write_text("")
    with pytest.raises(InvalidSettings, match="doip_certificate"):
        tls_context(Settings(**{**given, "doip_certificate": tmp_path / "empty"}))
