"""What doipy reads and writes of a repository, as one JSON object.

python doipy_session.py PORT PID TOKEN     in a folder of its own, where it leaves files
"""

import hashlib
import json
import sys
from pathlib import Path

from doip_sdk import send_request
from doipy import create, delete, hello, list_operations, retrieve, search, update_metadata

PORT, PID, TOKEN = int(sys.argv[1]), sys.argv[2], sys.argv[3]
HOST = "127.0.0.1"


def asked(operation: str, **attributes: object) -> dict:
    """An operation for which doipy has no function, through its own library."""
    message = {"targetId": PID, "operationId": operation, "attributes": attributes}
    return json.loads(send_request(HOST, PORT, [message]).content[0])


def main() -> None:
    found: dict[str, object] = {}
    found["hello"] = hello("service", HOST, PORT)[0]
    found["operations"] = list_operations(PID, HOST, PORT)[0]
    found["object"] = retrieve(PID, HOST, PORT)[0]
    (told,) = retrieve(PID, HOST, PORT, file="turtle")
    data = Path(told["attributes"]["filename"]).read_bytes()
    found["element"] = {**told, "sha256": hashlib.sha256(data).hexdigest()}
    found["first"] = asked("0.DOIP/Op.Retrieve", version=1)
    found["versions"] = asked("20.DOIP/Op.Versions.Get")
    found["search"] = search("service", HOST, PORT, "carex")[0]
    found["unknown"] = retrieve("10.5072/AAA-AAA-AAA", HOST, PORT)[0]
    found["refused"] = delete(PID, HOST, PORT, token="fdo_wrong")[0]
    content = found["object"]["output"]["attributes"]["content"]
    copy = {**content, "ods:physicalSpecimenID": "made by doipy"}
    found["created"] = create("service", HOST, PORT, "specimen", metadata=copy, token=TOKEN)
    changed = {"ods:specimenName": "Carex doipyi"}
    found["updated"] = update_metadata(PID, HOST, PORT, changed, token=TOKEN)[0]
    found["deleted"] = delete(PID, HOST, PORT, token=TOKEN)[0]
    found["gone"] = retrieve(PID, HOST, PORT)[0]
    print(json.dumps(found))


main()
