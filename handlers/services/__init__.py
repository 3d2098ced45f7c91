"""The annotation services that ship: each a module, each without the network.

    label-ocr          printed text of images             label_ocr
    barcodes           codes, and whether they fit        barcodes
    image-embedding    vectors, to find similar images    embedding
    image-quality      sharpness, exposure, scale         image_quality
    coordinates        places that cannot be              coordinates
    names, label-names names against a checklist          names
    language           language of labels                 language
    (configured)       a model of your own, as ONNX       classifier

What they need (the group `mas`: ONNX Runtime, OpenCV …) is imported when a service is made, so
that the program runs without it. Options come from `services.toml` in the data folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from fdo.errors import CollectomeError, NotFound, Unavailable
from handlers.queueing.kit import Service
from handlers.services.options import Options, read

Factory = Callable[[Options], Service]


def _label_ocr(_: Options) -> Service:
    from handlers.services.label_ocr import LabelOcr

    return LabelOcr()


def _barcodes(_: Options) -> Service:
    from handlers.services.barcodes import Barcodes

    return Barcodes()


def _image_embedding(options: Options) -> Service:
    from handlers.services.embedding import ImageEmbedding

    return ImageEmbedding(*options.embedding)


def _image_quality(_: Options) -> Service:
    from handlers.services.image_quality import ImageQuality

    return ImageQuality()


def _coordinates(_: Options) -> Service:
    from handlers.services.coordinates import Coordinates

    return Coordinates()


def _names(options: Options) -> Service:
    from handlers.services.names import Names

    return Names(options.file("names", "checklist"))


def _label_names(options: Options) -> Service:
    from handlers.services.names import LabelNames

    return LabelNames(options.file("names", "checklist"))


def _language(_: Options) -> Service:
    from handlers.services.language import Language

    return Language()


SERVICES: dict[str, Factory] = {
    "barcodes": _barcodes,
    "coordinates": _coordinates,
    "image-embedding": _image_embedding,
    "image-quality": _image_quality,
    "label-names": _label_names,
    "label-ocr": _label_ocr,
    "language": _language,
    "names": _names,
}


@contextmanager
def packages_at_hand() -> Iterator[None]:
    """Around what makes and loads a service: an absent package is told with the way to it."""
    try:
        yield
    except ImportError as missing:
        raise Unavailable(
            f"A package that the service needs is not installed ({missing}). Those of the services "
            "that ship are installed by `./run mas services`, or by pip install --no-deps "
            "--require-hashes -r requirements-mas.lock."
        ) from missing


def available(folder: Path) -> list[str]:
    """The services that can be had with this data folder: shipped, and models configured."""
    return sorted((*SERVICES, *read(folder).classifiers))


def make(
    name: str, folder: Path, embedding: tuple[Path | None, str | None] = (None, None)
) -> Service:
    """The service of this name, not loaded yet; NotFound when there is none. `embedding` is the
    model, and its SHA-256, by which images are described; the settings name it, since who asks
    for similar images needs the same."""
    options = replace(read(folder), embedding=embedding)
    if name in SERVICES:
        return SERVICES[name](options)
    if name in options.classifiers:
        from handlers.services.classifier import Classifier

        return Classifier(name, options.classifiers[name])
    raise NotFound(
        f"No shipped service is called {name!r}; there are {', '.join(available(folder))}. A "
        f"model of your own is configured in {options.place}."
    )


def described(folder: Path) -> Iterator[tuple[str, str, str]]:
    """(name, description, what it lacks here) of each service."""
    for name in available(folder):
        try:
            yield name, str(make(name, folder).describe()["schema:description"]), ""
        except (ImportError, CollectomeError) as lacking:
            yield name, "", f"Not to be had here: {lacking}"
