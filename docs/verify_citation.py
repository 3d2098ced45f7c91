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

def fail(why):
    sys.exit(f"NOT VERIFIED: {why}")

def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

P = 2**255 - 19  # Ed25519 (RFC 8032, 5.1.7)
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P

def point(data):
    y = int.from_bytes(data, "little") & 2**255 - 1
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - square) % P or (x == 0 and data[31] >> 7):
        fail("a key or signature is no point of the curve")
    return (P - x if x & 1 != data[31] >> 7 else x), y

def add(a, b):
    (x, y), (u, v) = a, b
    t = D * x * y * u * v
    return (x * v + u * y) * pow(1 + t, -1, P) % P, (y * v + x * u) * pow(1 - t, -1, P) % P

def times(n, a):
    found = (0, 1)
    while n:
        found, a, n = add(found, a) if n & 1 else found, add(a, a), n >> 1
    return found

def signed(key, text, blob):
    r, s = blob[:32], int.from_bytes(blob[32:], "little")
    h = int.from_bytes(hashlib.sha512(r + key + text).digest(), "little") % Q
    base = point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    return len(blob) == 64 and s < Q and times(s, base) == add(point(r), times(h, point(key)))

def signed_by(vkey, note):
    text, _, tail = note.rpartition("\n\n")
    if vkey.count("+") < 2:
        fail("this is not the whole public key of a log: " + vkey)
    name, number, key = vkey.split("+", 2)
    key = base64.b64decode(key)[1:]
    blobs = [base64.b64decode(line.split()[2]) for line in tail.splitlines()]
    return text.startswith(name + "\n") and any(
        b[:4].hex() == number and signed(key, (text + "\n").encode(), b[4:]) for b in blobs)

if len(sys.argv) < 3:
    sys.exit(__doc__)
proof, sealed = json.load(open(sys.argv[1], encoding="utf-8")), open(sys.argv[2], "rb").read()
more = sys.argv[3:]
trusted = [one for one in more if one.startswith("collectome/")] or list(proof["keys"])
cited = " ".join([one for one in more if not one.startswith("collectome/")] or [proof["citation"]])
form = r"([0-9.]+/[-0-9A-Z]{11})/(\d+)[\s(,;>]+([-0-9T:.]+Z)[\s),;<]+hash://sha256/([0-9a-f]{64})"
want, said = re.search(form, cited), re.search(form, proof["citation"])
if not want or not said or want.groups() != said.groups():
    fail(f"this proof file is of another citation: {proof['citation']!r}")
if sha(sealed).hex() != want[4]:
    fail("the document has the hash " + sha(sealed).hex())
pid, _, version, at, _, _, meta = json.loads(proof["envelope"])
moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=at)
moment = moment.isoformat(timespec="microseconds") + "Z"
if (pid, str(version), moment, meta["commitment"]) != want.groups():
    fail("the recorded event says something else")
origin, size, root = proof["checkpoint"].split("\n")[:3]
node, last, found = proof["index"], int(size) - 1, sha(b"\0", proof["envelope"].encode())
if type(node) is not int or not 0 <= node <= last:
    fail(f"a log of {size} events has none at {node!r}")
for other in map(base64.b64decode, proof["path"]):  # RFC 9162, 2.1.3.2
    if node & 1 or node == last:
        found = sha(b"\1", other, found)
        while not node & 1 and node:
            node, last = node >> 1, last >> 1
    else:
        found = sha(b"\1", found, other)
    node, last = node >> 1, last >> 1
if last or found != base64.b64decode(root):
    fail("the event is not in the checkpoint")
for note in proof["rotations"]:  # a trusted key may announce the next one
    announced = re.findall(r"^next-key (\S+)$", note.rpartition("\n\n")[0], re.M)
    trusted += announced if any(signed_by(key, note) for key in trusted) else []
if not any(signed_by(key, proof["checkpoint"]) for key in trusted):
    fail("no trusted key signed the checkpoint")
print(f"VERIFIED: {want[0]}\n  event {proof['index'] + 1} of {size} in {origin!r}")
if not any(one.startswith("collectome/") for one in more):
    print("  NOT CHECKED: whether the key is the log's own; give the one that the log publishes")
