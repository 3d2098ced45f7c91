"""Models as files: checked by hash, run by ONNX Runtime on the GPU where there is one.

What a model really ran on is asked of its session after it ran, not of the configuration: ONNX
Runtime goes on with the CPU by itself where CUDA cannot be loaded, and where it fails in a run.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from functools import cache
from importlib import metadata, util
from pathlib import Path
from typing import Any

from fdo.errors import CollectomeError

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"

log = logging.getLogger(__name__)


class ModelRefused(CollectomeError):
    """A file of weights is absent, not the one that was named, or no model."""


@cache
def sha256_of(file: Path) -> str:
    """SHA-256 of a file in hex; read once in the life of a process."""
    digest = hashlib.sha256()
    try:
        with file.open("rb") as opened:
            while part := opened.read(1 << 20):
                digest.update(part)
    except OSError as wrong:
        raise ModelRefused(f"The file {file.name} cannot be read: {wrong.strerror}.") from wrong
    return digest.hexdigest()


def inside(package: str, *path: str) -> Path:
    """A file inside an installed package, found without importing it."""
    found = util.find_spec(package)
    if found is None or found.origin is None:
        raise _absent(package)
    return Path(found.origin).parent.joinpath(*path)


def _absent(package: str) -> ModelRefused:
    return ModelRefused(
        f"The package {package} is not installed; the packages of the shipped services are listed "
        "in requirements-mas.lock."
    )


def release(*distributions: str) -> str:
    """`name version` of each installed distribution, for the record of an annotation."""
    try:
        return ", ".join(f"{name} {metadata.version(name)}" for name in distributions)
    except metadata.PackageNotFoundError as missing:
        raise _absent(str(missing.name)) from missing


@cache
def providers() -> list[str]:
    """What ONNX Runtime may use here, best first."""
    import onnxruntime

    found = preferred(onnxruntime.get_available_providers())
    if CUDA in found:
        onnxruntime.preload_dlls()  # CUDA and cuDNN that are installed as packages, where they are
    return found


def preferred(there: Sequence[str]) -> list[str]:
    """Of the providers that this build of ONNX Runtime has, those that we use, best first."""
    return [CUDA, CPU] if CUDA in there else [CPU]


def session(file: Path, expected: str | None = None, threads: int = 0) -> Any:
    """A model ready to run; ModelRefused when the file is not the one that was named."""
    import onnxruntime

    if expected is not None and sha256_of(file) != expected.lower():
        raise ModelRefused(
            f"{file.name} has the SHA-256 {sha256_of(file)}, not {expected} as configured; put "
            "the right file there, or correct the configuration."
        )
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads
    try:
        made = onnxruntime.InferenceSession(str(file), options, providers=providers())
    except Exception as wrong:  # ONNX Runtime's errors share no class of their own
        raise ModelRefused(f"{file.name} is no model that ONNX Runtime can run: {wrong}") from wrong
    tell_fallback(file.name, [made])
    return made


def used(sessions: Sequence[Any]) -> str:
    """The provider that these sessions really use; the CPU where one of them does."""
    first = {one.get_providers()[0] for one in sessions}
    return CUDA if first == {CUDA} else CPU


def tell_fallback(what: str, sessions: Sequence[Any]) -> None:
    """Say where models run on the CPU though this ONNX Runtime was made for GPUs."""
    if CUDA in providers() and used(sessions) == CPU:
        log.warning(
            "%s runs on the CPU, though the ONNX Runtime here is one for GPUs; `./run gpu` says "
            "what is missing.",
            what,
        )
