"""Command of bridges: mas bridge-env."""

from __future__ import annotations

from typing import Annotated

import typer

from api.console import DataOption, JsonOption, emit, out, settings_for
from api.settings import Settings, secret_values
from eventstore.log import Log
from fdo.errors import NotFound, Refused
from handlers.mas.services import Service, services

Named = Annotated[str, typer.Argument(help="PID, topic or name of the service.")]


def bridge_env(service: Named, data: DataOption = None, json: JsonOption = False) -> None:
    """Print the environment of a service that works over RabbitMQ or HTTP, its secrets included."""
    from api.repository import Repository

    settings = settings_for(data)
    repository = Repository(settings, must_exist=True)
    try:
        found = _environment(_named(repository.log, service), settings)
    finally:
        repository.objects.close()
    if json:
        emit(found)
        return
    for name, value in found.items():
        if "\n" in value or "\r" in value:
            raise Refused(f"{name} has several lines, which such a file cannot hold; use --json.")
        out.print(f"{name}={value}")


def _named(log: Log, name: str) -> Service:
    wanted = name.strip().upper()
    for service in services(log):
        if wanted in (str(service.pid), service.pid.iri.upper(), service.topic.upper(),
                      service.name.upper()):  # fmt: skip
            return service
    raise NotFound(f"There is no machine-annotation service {name!r}; see `collectome mas list`.")


def _environment(service: Service, settings: Settings) -> dict[str, str]:
    from handlers.bridges.environment import Broker, of_http, of_rabbitmq
    from handlers.bridges.tickets import Tickets
    from handlers.mas.secrets import Secrets

    secret = Secrets(secret_values(settings))
    if service.queue == "http":
        return of_http(service, settings.base, Tickets.of(settings.data), secret)
    if service.queue != "rabbitmq":
        raise Refused(
            f"{service.name} takes its work from our own queue: `collectome mas work` runs it. "
            "Services with col:queue rabbitmq or http have an environment."
        )
    url = settings.rabbitmq_url.get_secret_value()
    if not url:
        raise Refused("RabbitMQ is not named; set FDO_RABBITMQ_URL.")
    password = settings.rabbitmq_service_password.get_secret_value()
    broker = Broker.of(
        url,
        host=settings.rabbitmq_service_host,
        user=settings.rabbitmq_service_user,
        password=password,
    )
    return of_rabbitmq(service, broker, settings.base, secret)
