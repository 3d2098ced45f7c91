"""The transports there are: each made, and its packages loaded, when the first service uses it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fdo.errors import Unavailable
from handlers.mas.plan import Plan
from handlers.mas.results import Results
from handlers.mas.transport import Transport


def opened(name: str, plan: Plan, results: Results) -> Transport:
    """The transport of this name; Unavailable where it cannot be had now."""
    choices = plan.carriers.get(name, {})
    match name:
        case "nats":
            return _nats(plan, results, choices)
        case "rabbitmq":
            return _rabbitmq(results, choices)
        case "http":
            from handlers.bridges.http import Http

            private = bool(choices.get("allow_private"))
            return Http(plan.folder, plan.base, results.take, plan.secrets, allow_private=private)
    raise Unavailable(f"There is no transport named {name!r}.")


def _nats(plan: Plan, results: Results, choices: Mapping[str, Any]) -> Transport:
    from handlers.queueing.broker import STORE_MB
    from handlers.queueing.connection import Access
    from handlers.queueing.transport import NatsTransport

    said = choices.get
    access = Access.said(plan.folder, said("access", {}))
    return NatsTransport.over(
        access, results, store_mb=said("store_mb", STORE_MB), replicas=said("replicas", 1)
    )


def _rabbitmq(results: Results, choices: Mapping[str, Any]) -> Transport:
    from handlers.bridges.listening import Listening
    from handlers.bridges.rabbitmq import RabbitMQ

    url = choices.get("url")
    if not url:
        raise Unavailable("RabbitMQ is not named; set FDO_RABBITMQ_URL for services that use it.")

    class Bridge(RabbitMQ):
        """Jobs out, and answers back in by a thread beside."""

        def __init__(self, url: str) -> None:
            super().__init__(url)
            self._listening = Listening(url, results.take).start()

        def close(self) -> None:
            """End both."""
            self._listening.stop()
            super().close()

    return Bridge(url)
