"""Jobs that killed every worker that took them: told to the dispatcher, kept as a letter, removed.

The broker stops delivering a message after as many times as its service may try, says so in an
advisory, and leaves the message where it is. Each step here may be repeated, and the advisory is
acknowledged last, so it does not matter where the power fails. A letter names job, object and
version and holds no document: the log has it, and an erasure reaches it there.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import nats.errors
import orjson
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from handlers.mas.results import Result
from handlers.queueing.intake import Intake
from handlers.queueing.pull import Pull
from handlers.queueing.streams import ADVISORIES, UNDERTAKER, dead_subject

_LOOK_S, _AGAIN_S = 5.0, 0.5


async def bury(connection: Client, js: JetStreamContext, intake: Intake) -> None:
    """Act on every advisory, until cancelled."""
    pull = Pull(connection, ADVISORIES, UNDERTAKER)
    while True:
        try:
            arrived = await pull.batch(64, 0.0, _LOOK_S)
        except nats.errors.NoRespondersError:  # a cluster that has no leader for it now
            await asyncio.sleep(_AGAIN_S)
            continue
        for said in arrived:
            await _one(js, intake, orjson.loads(said.data))
            await said.ack()


async def _one(js: JetStreamContext, intake: Intake, advisory: dict[str, Any]) -> None:
    stream, place = advisory["stream"], int(advisory["stream_seq"])
    try:
        message = await js.get_msg(stream, place)
    except NotFoundError:
        return  # it was answered after all, or is buried already
    try:
        said = orjson.loads(message.data or b"")
        job = str(said["jobId"])
    except (ValueError, TypeError, KeyError):
        said, job = {}, ""
    reason = (
        f"Its worker died or fell silent at each of {advisory['deliveries']} deliveries; the "
        "service may not survive this object."
    )
    letter = {
        "job": job,
        "object": (said.get("object") or {}).get("@id"),
        "version": said.get("version"),
        "reason": reason,
        "deliveries": advisory["deliveries"],
        "at": time.time(),
    }
    headers = {"Nats-Msg-Id": f"{stream}#{place}"}
    await js.publish(dead_subject(stream), orjson.dumps(letter), headers=headers)
    if job:
        await intake.take([Result(job, error=reason, final=True, ours=True)])
    await js.delete_msg(stream, place)
