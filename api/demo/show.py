"""`collectome demo`: the sample repository, opened in seconds and served."""

from __future__ import annotations

import gzip
import shutil
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import orjson

from api.bootstrap import announcement, chosen_port, serve
from api.console import emit, err, out, progress, settings_for
from api.datacite_double import Account, DoubleServer
from api.demo import LOG
from api.demo.pictures import lay
from api.mas.workers import AUTO
from api.media.routes import media_files
from api.repository import Projection, Repository
from api.settings import Settings
from eventstore.application import LOG_FILE
from eventstore.transfer import read_log
from fdo.errors import Refused
from handlers.lease import lease_is_held

DOUBLE = "datacite-double.sqlite"
"""Where the demo's DataCite remembers what was registered, in the folder of the demo."""
QUERIES = (
    (
        "How many specimens from each country?",
        "PREFIX dwc: <http://rs.tdwg.org/dwc/terms/>\n"
        "SELECT ?country (COUNT(*) AS ?specimens) WHERE { ?place dwc:country ?country }\n"
        "GROUP BY ?country ORDER BY DESC(?specimens)",
    ),
    (
        "Which specimens did harvests change most often?",
        "PREFIX prov: <http://www.w3.org/ns/prov#>\n"
        "SELECT ?specimen (COUNT(*) AS ?revisions) WHERE {\n"
        "  GRAPH <urn:collectome:graph:provenance> {\n"
        "    ?version prov:wasRevisionOf ?before ; prov:specializationOf ?specimen } }\n"
        "GROUP BY ?specimen ORDER BY DESC(?revisions) LIMIT 10",
    ),
    (
        "What would lift which specimens: those still below MIDS level 2",
        "PREFIX ods: <http://rs.dissco.eu/opends/terms/>\n"
        "PREFIX col: <urn:collectome:vocab:>\n"
        "SELECT ?specimen ?name ?level WHERE {\n"
        "  ?specimen ods:specimenName ?name .\n"
        "  GRAPH <urn:collectome:graph:records> { ?specimen col:midsLevel ?level }\n"
        "  FILTER (?level < 2) } ORDER BY ?level LIMIT 10",
    ),
)


def show(
    data: Path,
    host: str | None,
    port: int | None,
    reset: bool,
    workers: str | None = None,
    *,
    json: bool = False,
) -> None:
    """Make the demo's repository where there is none, and serve it until Ctrl-C. A port that was
    named and is taken is refused before anything is made or thrown away."""
    started = time.perf_counter()
    settings = settings_for(data, host=host, port=port)
    port = chosen_port(settings, port)
    if reset and (data / LOG_FILE).exists():
        _only_the_demo(settings)
        shutil.rmtree(data)
    given = {
        "host": host,
        "port": port,
        # of services that are enabled later: at first there are none, and nothing is started
        "workers": workers or settings.workers or AUTO,
    }
    _fill(settings_for(data, **given), quiet=json)

    def ready(settings: Settings, first: str | None) -> None:
        if json:
            emit(announcement(settings, first))
        else:
            _welcome(settings, first, time.perf_counter() - started)

    with _agency(settings) as datacite:
        serve(settings_for(data, **given, **datacite), ready)


@contextmanager
def _agency(settings: Settings) -> Iterator[dict[str, str]]:
    """A double of DataCite for as long as the demo runs, unless a DataCite is named already; the
    settings that lead there."""
    if settings.datacite_url:
        yield {}
        return
    account = Account(prefixes=(settings.doi_prefix,))
    with DoubleServer(settings.data / DOUBLE, account) as double:
        yield {
            "datacite_url": double.url,
            "datacite_username": account.username,
            "datacite_password": account.password,
        }


def _only_the_demo(settings: Settings) -> None:
    """Refuse to throw away a repository that did not begin as the demo."""
    repository = Repository(settings)
    with gzip.open(LOG, "rb") as lines:
        known = orjson.loads(next(iter(lines)))["log"]
    if repository.log.position() and repository.log.id != known:
        raise Refused(
            f"{settings.data} holds a repository of its own, not the demo; --reset would destroy "
            "it. Name another folder with --data."
        )
    if lease_is_held(settings.data):
        raise Refused(f"A server is running on {settings.data}; stop it before --reset.")
    repository.close()


def _fill(settings: Settings, *, quiet: bool) -> None:
    """Import the demo's log where there is none, and lay its images where they are not: an earlier
    start may have been cut off before either."""
    repository = Repository(settings)
    if repository.log.position():
        _lay_images(settings, repository)
        repository.close()
        return
    with Projection(settings.data) as projection, progress(quiet) as bars:
        with gzip.open(LOG, "rb") as lines:
            read_log(repository.objects, lines)
        _lay_images(settings, repository)
        head = repository.log.position()
        bar = bars.add_task("Replaying eight months of harvests", total=head)
        projection.wait(head, lambda at, _: bars.update(bar, completed=at))
    repository.close()


def _lay_images(settings: Settings, repository: Repository) -> None:
    with closing(media_files(settings, repository.objects)) as files:
        lay(repository.objects, files)


def _welcome(settings: Settings, first: str | None, seconds: float) -> None:
    repository = Repository(settings)
    counts = repository.log.counts()
    specimens, media = (sum(counts.get(kind, {}).values()) for kind in ("specimen", "media"))
    head = repository.log.position()
    base = settings.base
    example = next(
        (h.pid for h in repository.log.heads(limit=1000) if h.type == "specimen" and h.version > 2),
        None,
    )
    out.print(
        f"\nReady in {seconds:.0f} s — {specimens} specimens · {media} media · {head} events "
        f"· last {repository.log.recorded_at(head)}"
    )
    out.print(f"  Web       {base}/")
    if example:
        out.print(f"  A PID     {base}/{example}   its history {base}/{example}/history")
    out.print(f"  SPARQL    {base}/sparql   Search {base}/search   API {base}/openapi.json")
    out.print(f"  Time      {base}/time   Feeds {base}/feeds   Review {base}/review")
    out.print(f"  DOIs      {base}/api/pids   registered at a double of DataCite only")
    out.print(f"  Data      {settings.data}   Stop: Ctrl-C   Begin anew: ./run demo --reset")
    if first:
        out.print(f"  Token     {first}   (for writing; shown only now)")
    out.print("  Not for production: test prefixes, no TLS\n\nThree questions to copy:")
    for title, query in QUERIES:
        out.print(f"\n# {title}")
        ask = f"curl -s -H 'Accept: text/csv' '{base}/sparql' --data-urlencode"
        out.print(f"{ask} \\")
        out.print(f"'query={query}'")
    out.print("")
    repository.close()
    err.file.flush()
