"""What models run on: chosen by what the build offers, and told as it really is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from handlers.services import __main__ as saying
from handlers.services import runtime
from handlers.services.runtime import CPU, CUDA, preferred, providers, session, used
from tests.handlers.services.onnx_bytes import mean_of_colours

pytest.importorskip("onnxruntime", reason="the packages of requirements-mas.lock are absent")


@dataclass
class Loaded:
    """A session of ONNX Runtime as far as it tells what it runs on."""

    runs_on: list[str]

    def get_providers(self) -> list[str]:
        return self.runs_on


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
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(mean_of_colours())
    monkeypatch.setattr(runtime, "providers", lambda: [CUDA, CPU])  # as a build for GPUs says
    loaded = session(file)
    assert used([loaded]) == (CUDA if CUDA in providers() else CPU)


def test_it_is_said_what_models_run_on(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("rapidocr", reason="the packages of requirements-mas.lock are absent")
    code = saying.main()
    said = capsys.readouterr().out
    assert f"run on {CUDA if code == 0 else CPU}" in said
    assert code == 0 or "No GPU is used" in said
