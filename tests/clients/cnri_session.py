"""What cnri-doip-client reads and writes of a repository over HTTP, as one JSON object.

python cnri_session.py ADDRESS PID TOKEN
"""

import hashlib
import json
import sys

import cnri_doip_client as doip

ADDRESS, PID, TOKEN = sys.argv[1:4]


def main() -> None:
    client = doip.StandardDoipClient(ADDRESS)
    writer = doip.StandardDoipClient(ADDRESS, authentication=doip.TokenAuthenticationInfo(TOKEN))
    found: dict[str, object] = {}
    found["hello"] = client.hello().to_dict()
    found["operations"] = client.list_operations(PID)
    read = client.retrieve(PID)
    found["object"] = read.to_dict()
    data = client.retrieve_element_bytes(PID, "turtle").read()
    found["sha256"] = hashlib.sha256(data).hexdigest()
    part = client.retrieve_partial_element_bytes(PID, "turtle", 4, 8).read()
    found["range"] = part == data[4:9]
    found["search"] = list(client.search_ids("carex"))
    with client.search("carex") as results:
        found["full"] = [one.id for one in results]
    found["unknown"] = client.retrieve("10.5072/AAA-AAA-AAA")
    read.attributes["content"]["ods:specimenName"] = "Carex cnrii"
    found["updated"] = writer.update(read).to_dict()
    writer.delete(PID)
    found["gone"] = client.retrieve(PID)
    print(json.dumps(found))


main()
