"""Commands that serve: a repository, or the sample one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.allocation import begin_again
from api.console import DataOption, JsonOption, emit, err, settings_for
from api.settings import Settings

HostOption = Annotated[str | None, typer.Option(help="Address to listen on.")]
PortOption = Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")]
WorkersOption = Annotated[
    str | None,
    typer.Option(help="Shipped services to work for, with commas; auto: all that are registered."),
]


def serve(
    data: DataOption = None,
    host: HostOption = None,
    port: PortOption = None,
    workers: WorkersOption = None,
    json: JsonOption = False,
) -> None:
    """Serve the repository: pages, PIDs, SPARQL, search, ingest."""
    begin_again()
    from api.bootstrap import announcement, chosen_port
    from api.bootstrap import serve as run

    port = chosen_port(settings_for(data, host=host, port=port), port)
    settings = settings_for(data, host=host, port=port, workers=workers)

    def ready(settings: Settings, first: str | None) -> None:
        if json:
            emit(announcement(settings, first))
            return
        told = [f"Ready at {settings.base}/   data in {settings.data}   stop with Ctrl-C"]
        if settings.doip_port:
            told.append(f"Native DOIP at {settings.doip_host}:{settings.doip_port} over TLS")
        if first:
            told.append(f"Token for writing, shown only now: {first}")
        err.print("\n".join(told))  # at once: who waits for the first line reads them all

    run(settings, ready)


def demo(
    data: Annotated[Path, typer.Option("--data", help="Folder of the demo.")] = Path("demo-data"),
    host: HostOption = None,
    port: PortOption = None,
    workers: WorkersOption = None,
    reset: Annotated[bool, typer.Option("--reset", help="Begin anew.")] = False,
    json: JsonOption = False,
) -> None:
    """Serve the sample repository: invented collections with eight months of history."""
    begin_again()
    from api.demo.show import show

    show(data, host, port, reset, workers, json=json)
