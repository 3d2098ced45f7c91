"""`collectome datacite-double`: DataCite on this machine, to try out what would be registered."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.console import JsonOption, emit, err, out
from fdo.errors import Refused


def datacite_double(
    file: Annotated[
        Path, typer.Option("--data", help="File in which it remembers what was registered.")
    ] = Path("datacite-double.sqlite"),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")
    ] = 8008,
    username: Annotated[str, typer.Option(help="Name of the repository.")] = "COLLECTOME.DEMO",
    password: Annotated[str, typer.Option(help="Password of the repository.")] = "demo",  # noqa: S107 - opens nothing but the double
    prefix: Annotated[
        list[str] | None, typer.Option(help="A prefix that the repository may use.")
    ] = None,
    domains: Annotated[
        str, typer.Option(help="Hosts to which DOIs may lead, with commas; `*` stands for any.")
    ] = "*",
    base_path: Annotated[str, typer.Option(help="Path before /dois, such as /datacite.")] = "",
    requests: Annotated[
        int | None,
        typer.Option(
            min=1, help="Requests an address may make in five minutes; DataCite's, if unnamed."
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Run a double of DataCite: the REST API, doi.org and Handles, with memory. Not the world's."""
    from api.datacite_double import Account, DoubleServer, Limits

    if file.is_dir():
        raise Refused(f"{file} is a folder; name a file with --data.")
    limits = None if requests is None else Limits(requests, requests, requests, requests)
    account = Account(
        username,
        password,
        tuple(prefix or ("10.5072",)),
        tuple(each.strip() for each in domains.split(",") if each.strip()),
    )
    double = DoubleServer(file, account, host=host, port=port, limits=limits, base_path=base_path)
    if json:
        emit({"url": double.url, "data": str(file), "username": username})
    else:
        out.print(f"DataCite double at {double.url}   data in {file}   stop with Ctrl-C")
        err.print("Nothing registered here is known to the world.")
    out.file.flush()
    double.run()
