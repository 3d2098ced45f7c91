"""What holds for every service that ships: how it describes itself, and how it is enabled."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from eventstore.application import DigitalObjects
from fdo.agent import Agent
from fdo.errors import InvalidDocument, NotFound
from handlers.mas.services import Service, services
from handlers.services import SERVICES, available, described, make
from handlers.services.enabling import enable
from handlers.services.runtime import ModelRefused, release, sha256_of
from ontologies.schemas import explain
from tests.handlers.services.onnx_bytes import mean_of_colours
from tests.handlers.services.test_names import COLUMNS, TAXA

BY = Agent("urn:example:steward", "Steward")


@pytest.fixture
def objects(tmp_path: Path) -> DigitalObjects:
    (tmp_path / "taxa.csv").write_text(",".join(COLUMNS) + TAXA, encoding="utf-8")
    (tmp_path / "services.toml").write_text('[names]\nchecklist = "taxa.csv"\n')
    return DigitalObjects(tmp_path, durability="normal")


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_that_ships_is_enabled_once(
    name: str, objects: DigitalObjects, tmp_path: Path
) -> None:
    first = enable(objects, name, tmp_path, BY)
    document = first.service.document
    assert explain("machine-annotation-service", document) == []
    assert document["schema:name"] == name and first.provider
    assert "What it cannot do" in document["schema:description"]
    assert document["col:autoAccept"] is False
    for pid in first.models:
        model = objects.log.latest(pid).document
        assert explain("ml-model", model) == []
        assert model["fair4ml:modelRisksBiasLimitations"] and model["schema:license"]
    assert document.get("col:model") == (first.models[0].iri if first.models else None)
    before = objects.log.position()
    again = enable(objects, name, tmp_path, BY)
    assert (again.service.pid, again.models) == (first.service.pid, first.models)
    assert objects.log.position() == before
    assert [one.name for one in services(objects.log)] == [name]


def test_the_models_of_a_service_are_those_of_the_installed_files(
    objects: DigitalObjects, tmp_path: Path
) -> None:
    from handlers.services.text_lines import weights

    made = enable(objects, "label-ocr", tmp_path, BY)
    said = [objects.log.latest(pid).document["col:sha256"] for pid in made.models]
    assert said == [sha256_of(file) for file in weights()]
    service = Service.of(made.service.document)
    assert service.model == made.models[0].iri and service.gpu == "optional"
    assert service.triggers == ("registered", "changed", "annotated", "request")


def test_a_model_that_is_described_wrongly_is_refused(
    objects: DigitalObjects, tmp_path: Path
) -> None:
    model = mean_of_colours()
    (tmp_path / "model.onnx").write_bytes(model)
    (tmp_path / "services.toml").write_text(
        f"""[classifier.colour]\nfile = "model.onnx"\nsha256 = "{hashlib.sha256(model).hexdigest()}"
        labels = ["red", "green", "blue"]\nlicense = "whatever I like"\n"""
    )
    with pytest.raises(InvalidDocument, match="license"):
        enable(objects, "colour", tmp_path, BY)


def test_an_unknown_service_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="label-ocr"):
        make("label-reader", tmp_path)


def test_every_service_is_described(tmp_path: Path) -> None:
    told = {name: (does, lacks) for name, does, lacks in described(tmp_path)}
    assert set(told) == set(SERVICES) == set(available(tmp_path))
    assert all(does and not lacks for does, lacks in told.values())


def test_a_package_that_is_not_there_is_named() -> None:
    with pytest.raises(ModelRefused, match=r"requirements-mas\.lock"):
        release("no-such-package-anywhere")


def test_the_program_runs_without_the_packages_of_the_services() -> None:
    asked = (
        "import sys; sys.modules.update(dict.fromkeys(['numpy', 'cv2', 'rapidocr', 'onnxruntime',"
        "'zxingcpp', 'py3langid', 'nameparser', 'shapely', 'faiss']));"
        "import api.cli, handlers.services, handlers.services.options, pkgutil, api.commands;"
        "[__import__(f'api.commands.{one.name}')"
        " for one in pkgutil.iter_modules(api.commands.__path__)]"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
