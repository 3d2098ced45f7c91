#!/usr/bin/env python3
"""Check a citation with its proof file and the sealed document; nothing but Python is needed.

    python verify_citation.py PROOF.json DOCUMENT.sealed [PUBLIC-KEY] [CITATION]

PROOF.json is …/{version}/proof and DOCUMENT.sealed …/{version}/sealed, saved when it was cited.
Without PUBLIC-KEY (from /api/log/keys) the key in the proof file is taken at its word.
"""

# Compact on purpose, so that a stranger can read all of it:
# fmt: off
# ruff: noqa
import base64, datetime, hashlib, json, re, sys

def check(good, why):
    good or sys.exit(f"NOT VERIFIED: {why}")

def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

P, Q = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493  # Ed25519 (RFC 8032, 5.1)
D = -121665 * pow(121666, -1, P) % P

def point(data):
    y = int.from_bytes(data, "little") & 2**255 - 1
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x * pow(2, (P - 1) // 4, P) % P if (x * x - square) % P else x
    good = y < P and (x * x - square) % P == 0 and (x != 0 or data[31] < 128)
    check(good, "a key or signature is no point of the curve")
    return (x if x & 1 == data[31] >> 7 else P - x), y

def add(a, b):
    t = D * a[0] * a[1] * b[0] * b[1]
    return ((a[0] * b[1] + a[1] * b[0]) * pow(1 + t, -1, P) % P,
            (a[1] * b[1] + a[0] * b[0]) * pow(1 - t, -1, P) % P)

def times(n, a):
    return (0, 1) if n == 0 else add(times(n - 1, a), a) if n & 1 else times(n >> 1, add(a, a))

def signed(key, text, blob):
    r, s = blob[:32], int.from_bytes(blob[32:], "little")
    h = int.from_bytes(hashlib.sha512(r + key + text).digest(), "little") % Q
    base = point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    return len(blob) == 64 and s < Q and times(s, base) == add(point(r), times(h, point(key)))

def signed_by(vkey, note):  # C2SP signed-note
    check(vkey.count("+") > 1, f"this is not the whole public key of a log: {vkey}")
    (name, number, key), (text, _, tail) = vkey.split("+", 2), note.rpartition("\n\n")
    blobs = [base64.b64decode(line.split()[2]) for line in tail.splitlines()]
    return text.startswith(name + "\n") and any(
        signed(base64.b64decode(key)[1:], f"{text}\n".encode(), blob[4:])
        for blob in blobs if blob[:4].hex() == number)

def root(leaf, index, size, path):  # RFC 9162, 2.1.3
    check((size > 1) == bool(path), "the event is not in the checkpoint")
    if size == 1:
        return leaf
    half = 1 << (size - 1).bit_length() - 1
    if index < half:
        return sha(b"\1", root(leaf, index, half, path[:-1]), path[-1])
    return sha(b"\1", path[-1], root(leaf, index - half, size - half, path[:-1]))

def cited_in(text):  # the first citation: object, version, time and hash of its document
    found = re.search(
        r"(?:https?://(?:dx\.)?(?:doi\.org|hdl\.handle\.net)/|doi:|hdl:|(?<![\dA-Za-z./-]))"
        r"(\d\d(?:\.[\dA-Za-z]+)+/(?:[\dA-Za-z]{3}-){2}[\dA-Za-z]{3})/([1-9]\d{0,8})"
        r"[\s,;>]*\(?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)\)?"
        r"[\s,;<]*hash://sha256/([\dA-Fa-f]{64})(?![\dA-Fa-f])", text, re.ASCII)
    return found and (found[1].upper(), found[2], found[3], found[4].lower())

if len(sys.argv) < 3:
    sys.exit(__doc__)
proof, sealed = json.load(open(sys.argv[1], encoding="utf-8")), open(sys.argv[2], "rb").read()
given = [one for one in sys.argv[3:] if one.startswith("collectome/")]
cited = " ".join(one for one in sys.argv[3:] if one not in given) or proof["citation"]
want, said = cited_in(cited), cited_in(proof["citation"])
check(want and want == said, f"this proof file is of another citation: {proof['citation']!r}")
check(sha(sealed).hex() == want[3], f"the document has the hash {sha(sealed).hex()}")
pid, _, version, at, _, _, meta = json.loads(proof["envelope"])
moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=at)
stated = pid, str(version), f"{moment.isoformat(timespec='microseconds')}Z", meta["commitment"]
check(stated == want, "the recorded event says something else")
origin, size, top = proof["checkpoint"].split("\n")[:3]
inside = type(proof["index"]) is int and 0 <= proof["index"] < int(size)
check(inside, f"a log of {size} events has none at {proof['index']!r}")
path, leaf = [*map(base64.b64decode, proof["path"])], sha(b"\0", proof["envelope"].encode())
found = root(leaf, proof["index"], int(size), path)
check(found == base64.b64decode(top), "the event is not in the checkpoint")
trusted = given or list(proof["keys"])
for note in proof["rotations"]:  # a trusted key may announce the next one
    announced = re.findall(r"^next-key (\S+)$", note.rpartition("\n\n")[0], re.M)
    trusted += announced if any(signed_by(key, note) for key in trusted) else []
check(any(signed_by(key, proof["checkpoint"]) for key in trusted), "no trusted key signed it")
print(f"VERIFIED: {want[0]}\n  event {proof['index'] + 1} of {size} in {origin!r}")
if not given:
    print("  NOT CHECKED: whether the key is the log's own; give the one that the log publishes")
