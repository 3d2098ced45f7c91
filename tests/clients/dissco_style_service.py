"""A machine annotation service as they are written for DiSSCo, and nothing of ours in it.

Plain pika by the letter of the contract: it declares nothing, takes its work with `auto_ack` and
without a limit, says that it runs, and publishes openDS 0.4 annotations or a failure. It also does
what services in the field do: the type's URL in `@type` of the target, a JSON text in `oa:value`,
a path without `$`. It knows its environment only:

    MAS_NAME MAS_ID RABBITMQ_HOST RABBITMQ_USER RABBITMQ_PASSWORD RABBITMQ_QUEUE RUNNING_ENDPOINT
    SECONDS (its own: how long one job takes)
"""

import datetime
import json
import os
import sys
import time
import urllib.request

import pika


def run() -> None:
    """Work until somebody ends it."""
    credentials = pika.PlainCredentials(
        os.environ["RABBITMQ_USER"], os.environ["RABBITMQ_PASSWORD"]
    )
    connection = pika.BlockingConnection(
        pika.ConnectionParameters(os.environ["RABBITMQ_HOST"], credentials=credentials)
    )
    channel = connection.channel()
    channel.basic_consume(
        queue=os.environ["RABBITMQ_QUEUE"], on_message_callback=process, auto_ack=True
    )
    print("consuming", flush=True)
    channel.start_consuming()


def process(channel, method, properties, body: bytes) -> None:
    """One job."""
    message = json.loads(body.decode("utf-8"))
    job = message["jobId"]
    running = f"{os.environ.get('RUNNING_ENDPOINT')}/{os.environ.get('MAS_ID')}/{job}/running"
    urllib.request.urlopen(running, timeout=20).close()
    try:
        answer = {"jobId": job, **annotate(message["object"], message["batchingRequested"])}
    except Exception as error:
        failure = {"jobId": job, "errorMessage": str(error)}
        exchange = os.environ.get("RABBITMQ_EXCHANGE", "mas-annotation-failed-exchange")
        key = os.environ.get("RABBITMQ_ROUTING_KEY", "mas-annotation-failed")
        channel.basic_publish(exchange, key, json.dumps(failure).encode("utf-8"))
        print("failed", job, flush=True)
        return
    exchange = os.environ.get("RABBITMQ_EXCHANGE", "mas-annotation-exchange")
    key = os.environ.get("RABBITMQ_ROUTING_KEY", "mas-annotation")
    channel.basic_publish(exchange, key, json.dumps(answer).encode("utf-8"))
    print("answered", job, flush=True)


def annotate(specimen: dict, batching: bool) -> dict:
    """What is said of a specimen: its name decides what kind of answer that is."""
    time.sleep(float(os.environ.get("SECONDS", "0.05")))
    name = specimen.get("ods:specimenName", "")
    if name.startswith("Refused"):
        raise ValueError(f"{name} is in no list of names")
    if name.startswith("Nothing"):
        return {"annotations": []}
    answer: dict = {"annotations": [comment(specimen), edit(specimen)]}
    if batching:
        answer["annotations"][0]["ods:placeInBatch"] = 1
        field = {"inputField": "$['ods:specimenName']", "inputValue": name}
        answer["batchMetadata"] = [{"ods:placeInBatch": 1, "searchParams": [field]}]
        answer["batchId"] = "0f8fad5b-d9cb-469f-a165-70867728950e"
    return answer


def comment(specimen: dict) -> dict:
    """A remark on the whole specimen."""
    value = json.dumps({"length": len(specimen.get("ods:specimenName", ""))})
    selector = {"@type": "ods:ClassSelector", "ods:class": "$"}
    return annotation(specimen, "oa:commenting", selector, value)


def edit(specimen: dict) -> dict:
    """A proposal for a term, by a path without the leading `$`."""
    selector = {"@type": "ods:TermSelector", "ods:term": "['ods:specimenName']"}
    return annotation(specimen, "oa:editing", selector, specimen["ods:specimenName"] + " Mill.")


def annotation(specimen: dict, motivation: str, selector: dict, value: str) -> dict:
    """An annotation of openDS 0.4, as developers are told to make one."""
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    return {
        "@type": "oa:Annotation",
        "oa:motivation": motivation,
        "dcterms:creator": {
            "@type": "schema:SoftwareApplication",
            "@id": os.environ["MAS_ID"],
            "schema:name": os.environ["MAS_NAME"],
        },
        "dcterms:created": now,
        "oa:hasTarget": {
            "@id": specimen["@id"],
            "@type": specimen["ods:fdoType"],
            "dcterms:identifier": specimen["dcterms:identifier"],
            "ods:fdoType": specimen["ods:fdoType"],
            "oa:hasSelector": selector,
        },
        "oa:hasBody": {
            "@type": "oa:TextualBody",
            "oa:value": [value],
            "dcterms:references": "https://example.org/how-names-are-written",
            "ods:score": 0.87,
        },
    }


if __name__ == "__main__":
    try:
        run()
    except KeyboardInterrupt:
        sys.exit(0)
