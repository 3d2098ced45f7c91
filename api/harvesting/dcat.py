"""The catalogue of datasets in DCAT 3: what there is, who holds it, and by which services.

Datasets bear their PID as name. What belongs to this server and not to a dataset (the catalogue,
the services, the ways to get at a dataset) is named by addresses of the server. No node is
blank; only terms of `ontologies.catalogues` and Dublin Core are used.

https://www.w3.org/TR/vocab-dcat-3/
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from pyoxigraph import Triple

from api.harvesting.datasets import Dataset
from api.harvesting.oai.sets import SetSpec
from api.triples import linked, typed, valued, worded
from fdo.catalogue import OBJECT_TYPES
from fdo.representations.lexical import is_iri
from ontologies.catalogues import term
from ontologies.terms import iri

_MEDIA_TYPES = "https://www.iana.org/assignments/media-types/"
_WKT = "http://www.opengis.net/ont/geosparql#wktLiteral"


@dataclass(frozen=True, slots=True)
class Service:
    """One way in which programs ask this server (DCAT 6.8)."""

    path: str
    title: str
    standard: str
    description: str
    """Where the endpoint describes itself."""


SERVICES: tuple[Service, ...] = (
    Service("/sparql", "SPARQL 1.1", "http://www.w3.org/TR/sparql11-protocol/",
            "/.well-known/void"),
    Service("/oai", "OAI-PMH 2.0", "http://www.openarchives.org/OAI/2.0/openarchivesprotocol.htm",
            "/oai?verb=Identify"),
    Service("/ldes", "Linked Data Event Streams", "https://w3id.org/ldes/specification", "/ldes"),
    Service("/api/search", "Search", "https://spec.openapis.org/oas/v3.1.0", "/openapi.json"),
    Service("/api/export", "Exports, at any instant", "https://spec.openapis.org/oas/v3.1.0",
            "/openapi.json"),
    Service("/doip", "Digital Object Interface Protocol 2.0 over HTTP",
            "https://hdl.handle.net/0.DOIP/DOIPV2.0", "/doip"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Access:
    """How one dataset is had by one of the services."""

    name: str
    service: str
    title: str
    address: str
    media_type: str
    whole: bool = False
    """Whether all of the dataset is at that address, as one file."""


def accesses(base: str, dataset: Dataset) -> list[Access]:
    """The ways to get at a dataset, with the addresses to begin at."""
    spec = str(SetSpec(str(dataset.pid)))
    listed = {"verb": "ListRecords", "metadataPrefix": "oai_dc", "set": spec}
    exported = {"format": "ntriples", "source-system": str(dataset.pid)}
    query = f"SELECT ?object {{ ?object <{iri('ods:sourceSystemID')}> <{dataset.pid.iri}> }}"
    return [
        Access("oai", "/oai", "Metadata by OAI-PMH", f"{base}/oai?{urlencode(listed)}",
               "text/xml"),
        Access("ldes", "/ldes", "Every version, as an event stream",
               f"{base}/ldes/dataset/{dataset.pid}", "text/turtle"),
        Access("export", "/api/export", "All of it as triples",
               f"{base}/api/export?{urlencode(exported)}", "application/n-triples", whole=True),
        Access("search", "/api/search", "Specimens, as JSON",
               f"{base}/api/search?{urlencode({'source': dataset.pid.iri})}", "application/json"),
        Access("sparql", "/sparql", "Objects by SPARQL",
               f"{base}/sparql?{urlencode({'query': query})}", "application/sparql-results+json"),
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """One page of the catalogue: some of its datasets."""

    number: int
    total: int
    datasets: Sequence[Dataset]
    more: bool


def catalogue(base: str, title: str, part: Part) -> Iterator[Triple]:
    """The catalogue with the datasets of one page."""
    name = catalogue_name(base)
    yield typed(name, term("dcat:Catalog"))
    yield worded(name, term("dcterms:title"), title)
    yield worded(name, term("dcterms:description"),
                 f"The datasets of {title}: one for each source system.", "en")  # fmt: skip
    yield linked(name, term("foaf:homepage"), f"{base}/")
    yield from _organisation(f"{base}/#repository", title)
    yield linked(name, term("dcterms:publisher"), f"{base}/#repository")
    yield linked(name, term("rdfs:seeAlso"), f"{base}/.well-known/void")
    yield valued(name, term("hydra:totalItems"), part.total)
    for one in SERVICES:
        yield linked(name, term("dcat:service"), base + one.path)
        yield from _service(base, one, part.datasets)
    for found in part.datasets:
        yield linked(name, term("dcat:dataset"), found.pid.iri)
        yield from described(base, found)
    yield from _pages(base, part)


def catalogue_name(base: str) -> str:
    """The name of the catalogue of a server."""
    return f"{base}/catalogue#catalogue"


def described(base: str, dataset: Dataset) -> Iterator[Triple]:
    """One dataset, with its extent, its numbers and the ways to get at it."""
    name, profile = dataset.pid.iri, dataset.profile
    yield typed(name, term("dcat:Dataset"))
    yield typed(name, term("void:Dataset"))
    yield worded(name, term("dcterms:title"), dataset.name)
    if dataset.description:
        yield worded(name, term("dcterms:description"), dataset.description)
    yield worded(name, term("dcterms:identifier"), name)
    yield valued(name, term("dcterms:issued"), dataset.issued, "dateTime")
    yield valued(name, term("dcterms:modified"), dataset.modified, "dateTime")
    yield worded(name, term("dcat:version"), str(dataset.version))
    yield linked(name, term("dcat:hasCurrentVersion"), dataset.pid.version_iri(dataset.version))
    yield linked(name, term("dcat:landingPage"), f"{base}/{dataset.pid}")
    yield linked(name, term("void:sparqlEndpoint"), f"{base}/sparql")
    for organisation, known_as in sorted(profile.organisations):
        if is_iri(organisation):
            yield linked(name, term("dcterms:publisher"), organisation)
            yield from _organisation(organisation, known_as or organisation)
    for licence in filter(is_iri, sorted(profile.licences)):
        yield linked(name, term("dcterms:license"), licence)
    for word in sorted(profile.disciplines):
        yield worded(name, term("dcat:keyword"), word)
    yield from _extent(f"{base}/{dataset.pid}", dataset)
    yield from _counts(f"{base}/{dataset.pid}", dataset)
    for access in accesses(base, dataset):
        yield from _distribution(base, dataset, access)


def _service(base: str, one: Service, datasets: Sequence[Dataset]) -> Iterator[Triple]:
    name = base + one.path
    yield typed(name, term("dcat:DataService"))
    yield worded(name, term("dcterms:title"), one.title, "en")
    yield linked(name, term("dcat:endpointURL"), name)
    yield linked(name, term("dcat:endpointDescription"), base + one.description)
    yield linked(name, term("dcterms:conformsTo"), one.standard)
    for dataset in datasets:
        yield linked(name, term("dcat:servesDataset"), dataset.pid.iri)


def _distribution(base: str, dataset: Dataset, access: Access) -> Iterator[Triple]:
    name = f"{base}/{dataset.pid}#{access.name}"
    yield linked(dataset.pid.iri, term("dcat:distribution"), name)
    yield typed(name, term("dcat:Distribution"))
    yield worded(name, term("dcterms:title"), access.title, "en")
    yield linked(name, term("dcat:accessURL"), access.address)
    if access.whole:
        yield linked(name, term("dcat:downloadURL"), access.address)
        yield linked(dataset.pid.iri, term("void:dataDump"), access.address)
    yield linked(name, term("dcat:accessService"), base + access.service)
    yield linked(name, term("dcat:mediaType"), _MEDIA_TYPES + access.media_type)
    for licence in filter(is_iri, sorted(dataset.profile.licences)):
        yield linked(name, term("dcterms:license"), licence)


def _extent(page: str, dataset: Dataset) -> Iterator[Triple]:
    """Where and when its specimens were collected (DCAT 6.6.9, 6.6.11)."""
    if box := dataset.profile.box:
        west, south, east, north = box
        corners = ((west, south), (east, south), (east, north), (west, north), (west, south))
        ring = ", ".join(f"{x:g} {y:g}" for x, y in corners)
        place = f"{page}#place"
        yield linked(dataset.pid.iri, term("dcterms:spatial"), place)
        yield typed(place, term("dcterms:Location"))
        yield valued(place, term("dcat:bbox"), f"POLYGON (({ring}))", _WKT)
    if days := dataset.profile.days:
        period = f"{page}#period"
        yield linked(dataset.pid.iri, term("dcterms:temporal"), period)
        yield typed(period, term("dcterms:PeriodOfTime"))
        for which, day in zip(("dcat:startDate", "dcat:endDate"), days, strict=True):
            yield valued(period, term(which), f"{day // 10000:04d}", "gYear")


def _counts(page: str, dataset: Dataset) -> Iterator[Triple]:
    """How many objects, and of which class (VoID 4.5)."""
    yield valued(dataset.pid.iri, term("void:entities"), dataset.total)
    for kind, number in sorted(dataset.objects.items()):
        part = f"{page}#{kind}"
        yield linked(dataset.pid.iri, term("void:classPartition"), part)
        yield linked(part, term("void:class"), iri(OBJECT_TYPES[kind].rdf_type))
        yield valued(part, term("void:entities"), number)


def _organisation(name: str, known_as: str) -> Iterator[Triple]:
    yield typed(name, term("foaf:Organization"))
    yield worded(name, term("foaf:name"), known_as)


def _pages(base: str, part: Part) -> Iterator[Triple]:
    """Where the other datasets are (Hydra)."""
    if part.number == 1 and not part.more:
        return
    name = page_address(base, part.number)
    yield typed(name, term("hydra:PartialCollectionView"))
    if part.more:
        yield linked(name, term("hydra:next"), page_address(base, part.number + 1))
    if part.number > 1:
        yield linked(name, term("hydra:previous"), page_address(base, part.number - 1))


def page_address(base: str, number: int) -> str:
    """The address of a page of the catalogue."""
    return f"{base}/catalogue" if number == 1 else f"{base}/catalogue?page={number}"
