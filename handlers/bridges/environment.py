"""What a service is started with: the variables of DiSSCo's contract, or those of ours for HTTP.

RABBITMQ_EXCHANGE and RABBITMQ_ROUTING_KEY are left out on purpose: services read the same two for
results and for failures, so that with them failures would go to the queue of results. The
contract has no variable for port and virtual host: they are 5672 and `/`.
"""

from __future__ import annotations

from dataclasses import dataclass

import pika

from fdo.errors import Refused
from handlers.bridges import RUNNING
from handlers.bridges.http import Secret, signing_secret
from handlers.bridges.rabbitmq import queue_of
from handlers.bridges.tickets import Tickets
from handlers.mas.services import Service

_PORT, _HOST = 5672, "/"


@dataclass(frozen=True, slots=True)
class Broker:
    """RabbitMQ as services see it."""

    host: str
    user: str
    password: str

    @classmethod
    def of(cls, url: str, *, host: str = "", user: str = "", password: str = "") -> Broker:
        """The broker of a URL, seen from elsewhere where a host or an account is named; Refused
        where the contract has no words for it."""
        found = pika.URLParameters(url)
        if found.port != _PORT or found.virtual_host != _HOST:
            raise Refused(
                f"Services for DiSSCo connect to port {_PORT} and virtual host {_HOST}; FDO_"
                f"RABBITMQ_URL names {found.port} and {found.virtual_host}. Let RabbitMQ listen "
                "there, or start such services behind a port that leads to it."
            )
        known = found.credentials
        return cls(host or found.host, user or known.username, password or known.password)


def of_rabbitmq(service: Service, broker: Broker, base: str, secret: Secret) -> dict[str, str]:
    """The variables of the contract, the service's own first; Refused where a secret of it has no
    value."""
    return {
        **_own(service, secret),
        "MAS_NAME": service.name,
        "MAS_ID": str(service.pid),
        "RABBITMQ_HOST": broker.host,
        "RABBITMQ_USER": broker.user,
        "RABBITMQ_PASSWORD": broker.password,
        "RABBITMQ_QUEUE": queue_of(service.topic),
        "RUNNING_ENDPOINT": f"{base}{RUNNING}",
    }


def of_http(service: Service, base: str, tickets: Tickets, secret: Secret) -> dict[str, str]:
    """What a service over HTTP has to know: under which secret it is called, or where it asks for
    work."""
    known = {**_own(service, secret), "MAS_NAME": service.name, "MAS_ID": str(service.pid)}
    if service.endpoint is None:
        return {**known, "LEASE_ENDPOINT": f"{base}/api/mas/{service.pid}/jobs/lease"}
    return {**known, "WEBHOOK_SECRET": signing_secret(service, tickets, secret)}


def _own(service: Service, secret: Secret) -> dict[str, str]:
    own = dict(service.variables)
    for variable, name in service.secrets.items():
        value = secret(name)
        if value is None:
            raise Refused(
                f"{service.name} wants the secret {name!r} as {variable}, and there is none; "
                "docs/how-to/connect-a-dissco-service.md says where secrets are kept."
            )
        own[variable] = value
    return own
