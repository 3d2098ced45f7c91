"""What services are started with."""

from __future__ import annotations

import pytest

from fdo.errors import Refused
from handlers.bridges.environment import Broker, of_http, of_rabbitmq
from handlers.bridges.tickets import Tickets
from handlers.mas.secrets import Secrets
from tests.handlers.bridges.work import SERVICE, a_service

BASE = "https://repository.example"
BROKER = Broker.of("amqp://user:pass@rabbit.example:5672/%2F")
NONE = Secrets({})
TICKETS = Tickets(b"key")


def test_a_service_for_dissco_finds_the_variables_of_its_contract_and_no_others() -> None:
    assert of_rabbitmq(a_service("names"), BROKER, BASE, NONE) == {
        "MAS_NAME": "Naming",
        "MAS_ID": str(SERVICE),
        "RABBITMQ_HOST": "rabbit.example",
        "RABBITMQ_USER": "user",
        "RABBITMQ_PASSWORD": "pass",
        "RABBITMQ_QUEUE": "mas-names-queue",
        "RUNNING_ENDPOINT": f"{BASE}/api/mjr/v1",
    }


def test_its_own_variables_and_secrets_come_along_and_cannot_replace_ours() -> None:
    service = a_service(
        variables={"LEVEL": "2", "MAS_ID": "mine"}, secrets={"API_KEY": "reader-key"}
    )
    found = of_rabbitmq(service, BROKER, BASE, Secrets({"READER_KEY": "s3cret"}))
    assert (found["LEVEL"], found["API_KEY"], found["MAS_ID"]) == ("2", "s3cret", str(SERVICE))
    with pytest.raises(Refused, match="reader-key"):
        of_rabbitmq(service, BROKER, BASE, NONE)


def test_services_may_see_the_broker_elsewhere_and_with_an_account_of_their_own() -> None:
    url = "amqp://user:pass@127.0.0.1/"
    assert Broker.of(url, host="inside", user="mas", password="less") == Broker(
        "inside", "mas", "less"
    )


@pytest.mark.parametrize(
    "url", ["amqp://user:pass@host:5673/%2F", "amqp://user:pass@host:5672/other"]
)
def test_a_broker_that_the_contract_cannot_name_is_refused(url: str) -> None:
    with pytest.raises(Refused, match="5672"):
        Broker.of(url)


def test_a_service_over_http_is_told_its_secret_or_where_to_ask() -> None:
    called = a_service(queue="http", endpoint="https://reader.example/")
    assert of_http(called, BASE, TICKETS, NONE)["WEBHOOK_SECRET"] == TICKETS.signing_secret(
        str(SERVICE)
    )
    asking = of_http(a_service(queue="http"), BASE, TICKETS, NONE)
    assert asking["LEASE_ENDPOINT"] == f"{BASE}/api/mas/{SERVICE}/jobs/lease"
    assert "WEBHOOK_SECRET" not in asking
