"""What models run on: chosen by what the build offers, and told as it really is."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from handlers.services import __main__ as saying
from handlers.services import label_ocr, runtime, text_lines
from handlers.services.label_ocr import LabelOcr
from handlers.services.runtime import CPU, CUDA, preferred, providers, session, used
from tests.handlers.services.drawn import label, medium, png
from tests.handlers.services.onnx_bytes import mean_of_colours

pytest.importorskip("onnxruntime", reason="the packages of requirements-mas.lock are absent")
pytest.importorskip("rapidocr", reason="the packages of requirements-mas.lock are absent")

NOTICE = "runs on the CPU, though the ONNX Runtime here is one for GPUs"
RED = png(Image.new("RGB", (40, 30), "#f00"))


@dataclass
class Loaded:
    """A session of ONNX Runtime as far as it tells what it runs on."""

    runs_on: list[str]

    def get_providers(self) -> list[str]:
        return self.runs_on


@dataclass
class Failing:
    """A session that says it runs on a GPU until it runs, as one whose GPU fails in a run: ONNX
    Runtime makes it anew for the CPU then, and goes on."""

    real: Any
    runs_on: list[str] = field(default_factory=lambda: [CUDA, CPU])

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def get_providers(self) -> list[str]:
        return self.runs_on

    def run(self, *asked: Any) -> Any:
        self.runs_on = [CPU]
        return self.real.run(*asked)


@pytest.fixture
def promised(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a GPU whose ONNX Runtime says that it has one."""
    if CUDA in providers():
        # where it keeps what it promises, what a broken promise leads to cannot be seen
        pytest.skip("the ONNX Runtime that is installed here is one for GPUs")
    for module in (runtime, text_lines):
        monkeypatch.setattr(module, "providers", lambda: [CUDA, CPU])
    monkeypatch.setattr(label_ocr, "reader", cache(text_lines.Reader))


def of_ones_own(name: str, folder: Path) -> Any:
    """A service by a model that the test wrote."""
    model = mean_of_colours()
    sha256 = hashlib.sha256(model).hexdigest()
    file = folder / "model.onnx"
    file.write_bytes(model)
    if name == "image-embedding":
        from handlers.services.embedding import ImageEmbedding

        return ImageEmbedding(file, sha256)
    from handlers.services.classifier import Classifier
    from handlers.services.options import Model

    return Classifier(name, Model(file, sha256, ("red", "green", "blue"), threshold=0.3))


@pytest.mark.parametrize(
    ("there", "chosen"),
    [
        (["AzureExecutionProvider", CPU], [CPU]),
        (["TensorrtExecutionProvider", CUDA, CPU], [CUDA, CPU]),
        ([], [CPU]),
    ],
)
def test_a_gpu_is_taken_where_the_build_has_it(there: list[str], chosen: list[str]) -> None:
    assert preferred(there) == chosen


def test_what_is_told_is_what_was_loaded() -> None:
    gpu, fallen_back = Loaded([CUDA, CPU]), Loaded([CPU])
    assert used([gpu, gpu]) == CUDA
    assert used([gpu, fallen_back]) == CPU  # one model on the CPU, and it is no GPU service


@pytest.mark.filterwarnings("ignore:Specified provider:UserWarning")
def test_a_build_for_gpus_without_one_falls_back_and_says_so(
    tmp_path: Path, promised: None, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(mean_of_colours())
    assert used([session(file)]) == CPU
    assert f"model.onnx {NOTICE}" in caplog.text


@pytest.mark.filterwarnings("ignore:Specified provider:UserWarning")
@pytest.mark.parametrize("name", ["colours", "image-embedding"])
def test_an_answer_names_what_a_model_ran_on_not_what_was_promised(
    name: str, tmp_path: Path, promised: None, caplog: pytest.LogCaptureFixture
) -> None:
    service = of_ones_own(name, tmp_path)
    assert service.load() == CPU
    (answer,) = service.annotate([medium(RED)])
    assert answer.annotations and answer.meta["executionProvider"] == CPU
    assert NOTICE in caplog.text


@pytest.mark.parametrize("name", ["colours", "image-embedding"])
def test_a_gpu_that_fails_in_a_run_is_not_named_for_what_the_cpu_did(
    name: str, tmp_path: Path
) -> None:
    service = of_ones_own(name, tmp_path)
    service.load()
    if name == "image-embedding":
        service._embedder._model = Failing(service._embedder._model)
    else:
        service._session = Failing(service._session)
    assert service.load() == CUDA
    (answer,) = service.annotate([medium(RED)])
    assert answer.annotations and answer.meta["executionProvider"] == CPU == service.load()


def test_labels_are_read_on_the_cpu_where_a_gpu_was_promised_or_fails(
    promised: None, caplog: pytest.LogCaptureFixture
) -> None:
    """Read as on a CPU, too: two lines at once, not those of a GPU."""
    service = LabelOcr()
    assert service.load() == CPU and f"label-ocr {NOTICE}" in caplog.text
    reader = label_ocr.reader()
    engine = reader._engine
    told = engine.cfg.EngineConfig.onnxruntime
    assert (told.use_cuda, told.cuda_ep_cfg.cudnn_conv_algo_search) == (True, "DEFAULT")
    assert reader.batch == text_lines.BATCH_CPU
    for part in (engine.text_det, engine.text_cls, engine.text_rec):
        part.session.session = Failing(part.session.session)
    assert (service.load(), reader.batch) == (CUDA, text_lines.BATCH_GPU)
    (answer,) = service.annotate([medium(png(label(["HOLOTYPE"])))])
    assert answer.annotations and answer.meta["executionProvider"] == CPU
    assert reader.batch == text_lines.BATCH_CPU


def test_it_is_said_what_models_run_on(capsys: pytest.CaptureFixture[str]) -> None:
    code = saying.main()
    said = capsys.readouterr().out
    assert f"run on {CUDA if code == 0 else CPU}" in said
    assert code == 0 or "No GPU is used" in said
