"""What workers and the dispatcher find in their environment, and what not."""

from __future__ import annotations

import pytest

from api.mas.surroundings import bare, of_a_worker
from api.settings import InvalidSettings, Settings, read_settings

HERE = {
    "CUDA_VISIBLE_DEVICES": "0",
    "HOME": "/home/x",
    "LANG": "de_DE.UTF-8",
    "LC_ALL": "C",
    "OMP_NUM_THREADS": "2",
    "ORT_LOGGING_LEVEL": "3",
    "PATH": "/bin",
    "TMPDIR": "/tmp",
}
BROKER = {"FDO_NATS_URL": "nats://n.example", "FDO_NATS_PASSWORD": "p", "fdo_nats_user": "mas"}
SECRET = {
    "AWS_SECRET_ACCESS_KEY": "x",
    "FDO_DATACITE_PASSWORD": "x",
    "FDO_RABBITMQ_URL": "amqp://x:y@z/",
    "FDO_SECRET_OCR_KEY": "x",
    "FDO_STORE_AUTHORIZATION": "x",
    "GITHUB_TOKEN": "x",
    "HTTPS_PROXY": "http://me:x@proxy.example",
}


def test_a_worker_gets_what_it_runs_by_and_its_broker() -> None:
    assert of_a_worker(HERE | BROKER | SECRET) == HERE | BROKER


def test_the_dispatcher_gets_no_setting_at_all() -> None:
    assert bare(HERE | BROKER | SECRET) == HERE


def test_what_a_service_of_ones_own_needs_is_named() -> None:
    mine = {"OCR_KEY": "k", "MODEL_HOME": "m", "MODEL_SIZE": "s"}
    assert of_a_worker(mine | SECRET, "OCR_KEY,MODEL_*") == mine
    assert of_a_worker(mine | SECRET, "MODEL_") == {}


@pytest.mark.parametrize("named", ["*", "A B", "A,,B", "9A", "A*B"])
def test_not_everything_can_be_named_at_once(named: str) -> None:
    with pytest.raises(InvalidSettings, match="workers_environment"):
        read_settings(workers_environment=named)


def test_every_setting_that_is_a_secret_stays_with_the_server() -> None:
    """But for the password of the broker, at which a worker works."""
    secret = {
        f"FDO_{name.upper()}": "x"
        for name, field in Settings.model_fields.items()
        if "Secret" in str(field.annotation)
    }
    assert len(secret) > 3
    assert set(of_a_worker(secret)) == {"FDO_NATS_PASSWORD"}
