"""What processes beside the server are told by their environment: what they need, and no secret.

A worker runs models and libraries of others, on images of strangers. Whoever reads its environment
(a library that reports a crash, one that was tampered with) finds there how to run here, and the
broker at which it works; not the passwords of DataCite and RabbitMQ, nor tokens, nor what services
keep secret. What a service of one's own needs beside that is named by `workers_environment`.

The dispatcher, and with it the broker that it starts, get less: all that concerns them is told over
a pipe.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SYSTEM: Final = frozenset({
    "HOME", "LANG", "LANGUAGE", "LOGNAME", "PATH", "PWD", "SHELL", "SSL_CERT_DIR", "SSL_CERT_FILE",
    "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "TZ", "USER", "VIRTUAL_ENV",
})  # fmt: skip
"""Where things are on this machine, and in which language it speaks."""
RUNNING: Final = (
    "CUDA_", "CUDNN_", "DYLD_", "GOMP_", "KMP_", "LC_", "LD_", "MALLOC_", "MKL_", "NUMEXPR_",
    "NVIDIA_", "OMP_", "OPENBLAS_", "OPENCV_", "ORT_", "PYTHON", "TORCH_", "XDG_",
)  # fmt: skip
"""How Python and what computes run here; also which GPU, and how many threads."""
WORKER: Final = ("FDO_EMBEDDING_", "FDO_NATS_")
"""Settings that a worker reads: its broker, which may ask for a password, and its model."""


def bare(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables by which a program runs on this machine at all."""
    return {
        name: value
        for name, value in environment.items()
        if name.upper() in SYSTEM or name.upper().startswith(RUNNING)
    }


def of_a_worker(environment: Mapping[str, str], further: str = "") -> dict[str, str]:
    """The variables that a worker gets; `further` names some more, with commas, and by a star at
    the end all that begin so."""
    named = [one for one in further.split(",") if one]
    begun = tuple(one.removesuffix("*") for one in named if one.endswith("*"))
    asked = {
        name: value
        for name, value in environment.items()
        if name.upper().startswith(WORKER) or name in named or (begun and name.startswith(begun))
    }
    return bare(environment) | asked
