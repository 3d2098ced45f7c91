"""The settings: one frozen class, read once, each value with its source.

A value comes from the first of: an argument, an environment variable `FDO_…`, `.env` in the
working folder, `collectome.toml` in the data folder, the default. Lower folders receive plain
values; nobody else reads the environment.

>>> Settings(port=8001).base
'http://127.0.0.1:8001'
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from fdo.errors import CollectomeError

PREFIX = "FDO_"
FILE = "collectome.toml"
MASK = "••••"


class InvalidSettings(CollectomeError):
    """A setting has a value that it cannot have; the message names it and where it came from."""


class Settings(BaseSettings):
    """Every choice that whoever runs the repository can make."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        dotenv_filtering="match_prefix",
        frozen=True,
        extra="forbid",
        validate_default=True,
    )

    data: Path = Field(Path("data"), description="Folder of the log, its projections and tokens.")
    host: str = Field("127.0.0.1", description="Address on which the server listens.")
    port: int = Field(8000, ge=0, le=65535, description="Port of the server; 0 takes a free one.")
    public_base: str = Field(
        "",
        pattern=r"^$|^https?://[^\s?#@]+$",
        description="Public address of pages and links; empty: http://host:port. "
        "Names in RDF never contain it.",
    )
    title: str = Field("Collectome", min_length=1, description="Name shown on the pages.")
    contact_email: str = Field(
        "nobody@example.org",
        pattern=r"^[^\s@<>&]+@([^\s@<>&.]+\.)+[^\s@<>&.]+$",
        max_length=254,
        description="Address of the people who run this repository; OAI-PMH shows it.",
    )
    durability: Literal["full", "normal"] = Field(
        "full",
        description="full: an acknowledged event survives loss of power (fsync at each commit). "
        "normal: it survives the death of the process, but the last commits may be lost when "
        "the machine loses power.",
    )
    doi_prefix: str = Field(
        "10.5072", pattern=r"^10\.[0-9]{4,9}$", description="DOI prefix of specimens and media."
    )
    handle_prefix: str = Field(
        "20.5000.5072",
        pattern=r"^[0-9]{2}(\.[0-9A-Za-z]+)+$",
        description="Handle prefix of every other type of object; letters become upper case.",
    )
    sparql_workers: int = Field(
        2, ge=2, le=64, description="Processes that answer SPARQL: at least two, so that slow "
        "queries of one client leave one to the others.",
    )  # fmt: skip
    sparql_timeout_s: float = Field(
        30.0, gt=0, le=3600, description="Seconds after which a query is cancelled."
    )
    sparql_memory_mb: int = Field(
        1024, ge=64, description="Memory in MB at which a query is cancelled."
    )
    sparql_queue: int = Field(
        32, ge=0, description="Queries that may wait; more are answered 503 with Retry-After."
    )
    sparql_spool_mb: int = Field(
        256, ge=0, description="Disk in MB for answers that wait for slow clients, so that no "
        "query worker waits with them; one client has at most half of it.",
    )  # fmt: skip
    sparql_delivery_s: float = Field(
        600.0, gt=0, description="Seconds after which an answer is cut of which its client takes "
        "nothing, or whose worker stands still because there is no room left on disk (a quarter of "
        "a query's time, where others wait for the worker).",
    )  # fmt: skip
    sparql_time_per_minute_s: float = Field(
        60.0, ge=0, description="Seconds of query workers that one client may use a minute, with "
        "bursts of twice that; 0: no limit.",
    )  # fmt: skip
    sparql_errors_per_minute: int = Field(
        30, ge=0, description="Failed queries that one client may make a minute, with bursts of "
        "twice that; 0: no limit.",
    )  # fmt: skip
    client_address_header: str = Field(
        "", pattern=r"^[A-Za-z0-9-]*$", description="Header in which a trusted proxy names the "
        "client, such as X-Forwarded-For; its last entry counts. Empty: the address that "
        "connects.",
    )  # fmt: skip
    ingest_upload_mb: int = Field(
        2048, ge=1, description="Largest archive that may be uploaded or fetched, in MB."
    )
    ingest_expanded_mb: int = Field(
        65536, ge=1, description="Largest size of an archive's files once unpacked, in MB."
    )
    ingest_ratio: int = Field(
        200, ge=2, description="Largest ratio of unpacked to packed size (zip bombs)."
    )
    ingest_files: int = Field(1000, ge=1, description="Most files in one archive.")
    reports_days: int = Field(
        90, ge=1, description="Days for which the report of an ingest is kept; looked at when the "
        "next ingest or the server starts.",
    )  # fmt: skip
    reports_kept: int = Field(
        200, ge=1, description="Reports of ingests that are kept at most, the newest."
    )
    instants_budget_mb: int = Field(
        4096,
        ge=16,
        description="Disk for the states of past instants that somebody asked for, in MB; those "
        "not asked for longest make room.",
    )
    instants_every: int = Field(
        50_000, ge=1, description="Events after which a state of the graph is kept for good."
    )
    instants_hours: int = Field(
        24, ge=0, description="Hours for which one kept state an hour stays."
    )
    instants_days: int = Field(
        31, ge=0, description="Days for which one kept state a day stays; then one a month."
    )
    body_limit_kb: int = Field(
        1024, ge=16, description="Largest body of any request that is not an upload, in KB."
    )
    agent_batch_mb: int = Field(
        512, ge=1, description="Largest batch of annotations that an agent may post at once, in MB."
    )
    annotation_kb: int = Field(64, ge=1, description="Largest annotation, in KB.")
    annotation_parts: int = Field(
        100, ge=1, description="Most targets, and most bodies, of one annotation."
    )
    allow_private_hosts: bool = Field(
        False, description="Whether ingest may fetch from loopback and private addresses."
    )
    exports_at_once: int = Field(
        4, ge=1, le=64, description="Exports that are written over HTTP at the same time; more are "
        "answered 503.",
    )  # fmt: skip
    exports_least_kb_s: int = Field(
        32, ge=2, le=100_000, description="Kilobytes a second at which an export over HTTP must be "
        "taken; one that is taken more slowly for a minute is cut.",
    )  # fmt: skip
    live_streams: int = Field(
        100, ge=1, description="Streams of live changes that may be open; more are answered 503."
    )
    webhooks_allow_private: bool = Field(
        False, description="Whether webhooks may lead to loopback and private addresses."
    )
    checkpoint_every_s: float = Field(
        60.0, ge=1, le=86_400, description="Seconds between signed checkpoints of a log that "
        "grows.",
    )  # fmt: skip
    webhooks_retry_days: float = Field(
        3.0,
        gt=0,
        description="Days after which an undelivered message becomes a dead letter; "
        "a subscription without any success for so long is disabled.",
    )
    doip_port: int = Field(
        0, ge=0, le=65535, description="Port of native DOIP over TLS; 0: none. DOIP over HTTP is "
        "at /doip in any case.",
    )  # fmt: skip
    doip_host: str = Field("127.0.0.1", description="Address on which native DOIP listens.")
    doip_certificate: Path | None = Field(
        None, description="Certificate (PEM) of native DOIP; none: a self-signed one is made in "
        "the data folder.",
    )  # fmt: skip
    doip_key: Path | None = Field(None, description="Private key (PEM) of that certificate.")
    datacite_url: str = Field(
        "",
        pattern=r"^$|^https?://[^\s?#@]+$",
        description="Address of DataCite's REST API, https://api.datacite.org/ or "
        "https://api.test.datacite.org/, or of its double; empty: no DOI is minted.",
    )
    datacite_username: str = Field(
        "", description="Repository account at DataCite, as `PREFIX.NAME`."
    )
    datacite_password: SecretStr = Field(SecretStr(""), description="Its password.")
    datacite_requests_per_5min: int = Field(
        3000, ge=1, description="Requests that DataCite allows in five minutes from one address: "
        "3000 with credentials, 750 at its test system.",
    )  # fmt: skip
    nats_url: str = Field(
        "",
        pattern=r"^$|^(nats|tls)://[^\s@]+(,(nats|tls)://[^\s@]+)*$",
        description="Addresses of a NATS cluster with JetStream, with commas; empty: a broker of "
        "our own runs beside the server.",
    )
    nats_user: str = Field("", description="User at that cluster.")
    nats_password: SecretStr = Field(
        SecretStr(""), description="Its password, or a token where no user is named."
    )
    nats_credentials: Path | None = Field(
        None, description="File with token and key of a user of that cluster, as `nsc` writes it; "
        "instead of user and password.",
    )  # fmt: skip
    nats_ca: Path | None = Field(
        None, description="Certificate (PEM) of who signs those of that cluster, where addresses "
        "begin with tls://; none: those whom the system trusts.",
    )  # fmt: skip
    nats_certificate: Path | None = Field(
        None, description="Our own certificate (PEM), where that cluster asks for one."
    )
    nats_key: Path | None = Field(None, description="Private key (PEM) of that certificate.")
    nats_replicas: int = Field(
        1, ge=1, le=5, description="Servers of that cluster that keep each queue."
    )
    nats_store_mb: int = Field(
        1024, ge=64, description="Disk for the queues of our own broker, in MB."
    )
    rabbitmq_url: SecretStr = Field(
        SecretStr(""), description="AMQP address of the RabbitMQ of services written for DiSSCo, "
        "as amqp://USER:PASSWORD@HOST:5672/; empty: there are none.",
    )  # fmt: skip
    rabbitmq_service_host: str = Field(
        "", description="Host of that RabbitMQ as services see it; empty: that of the address."
    )
    rabbitmq_service_user: str = Field(
        "", description="Account that services are given there; empty: that of the address."
    )
    rabbitmq_service_password: SecretStr = Field(SecretStr(""), description="Its password.")
    mas: Literal["off", "on"] = Field(
        "on", description="off: no jobs are made for machine-annotation services, nor sent."
    )
    workers: str = Field(
        "",
        pattern=r"^$|^auto$|^[a-z][a-z0-9-]*(,[a-z][a-z0-9-]*)*$",
        description="Shipped services, with commas, for which the server keeps a worker each; "
        "auto: for all of them that are registered; empty: workers are started elsewhere.",
    )
    workers_environment: str = Field(
        "",
        pattern=r"^$|^[A-Za-z_][A-Za-z0-9_]*\*?(,[A-Za-z_][A-Za-z0-9_]*\*?)*$",
        description="Variables of the environment that workers are given beside those they need, "
        "with commas; a star at the end stands for any ending. No other secret reaches them so.",
    )
    mas_in_flight: int = Field(
        512, ge=1, le=100_000, description="Jobs that one queue of our own holds at most."
    )
    mas_jobs_per_cause: int = Field(
        100, ge=1, le=1_000_000, description="Jobs that may come of one event, through all "
        "services that follow one another; more are dead letters, which a person may take up.",
    )  # fmt: skip
    mas_auto_accept: bool = Field(
        False, description="Whether proposals may be approved at once, of services that are "
        "registered for it and sure enough.",
    )  # fmt: skip
    mas_allow_private: bool = Field(
        False, description="Whether services may be called at loopback and private addresses."
    )
    minting: Literal["off", "on"] = Field(
        "on", description="off: DOIs wait, also where datacite_url is set."
    )
    media_quota_mb: int = Field(
        10_240, ge=1, description="Disk for the files of media, in MB; those not asked for longest "
        "make room, and are fetched again when they are asked for.",
    )  # fmt: skip
    media_file_mb: int = Field(
        512, ge=1, description="Largest file of a medium that is fetched, in MB."
    )
    embedding_model: Path | None = Field(
        None, description="ONNX file of the model by which similar images are found; none: a "
        "descriptor of our own, without weights.",
    )  # fmt: skip
    embedding_sha256: str = Field(
        "", pattern=r"^$|^[0-9a-fA-F]{64}$", description="SHA-256 of that file; another one is "
        "refused.",
    )  # fmt: skip
    media_allow_private: bool = Field(
        False, description="Whether files of media may be fetched from loopback and private "
        "addresses.",
    )  # fmt: skip
    reject_profiles: Annotated[tuple[Literal["specimen", "media"], ...], NoDecode] = Field(
        (), description="Object types whose SHACL violations keep a record out, with commas: "
        "specimen, media.",
    )  # fmt: skip
    store_authorization: SecretStr | None = Field(
        None,
        description="Authorization for the store that `follow --sparql` keeps: `Bearer …`, "
        "`Basic …` or `user:password`.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="How much the server says of what it does."
    )

    @field_validator("handle_prefix")
    @classmethod
    def _one_form(cls, value: str) -> str:
        """Upper case, as PIDs are written and looked up; never a prefix of DOIs."""
        if value.startswith("10."):
            raise ValueError(
                "prefixes that begin with 10. are those of DOIs; give a Handle prefix, such as "
                "20.5000.5072"
            )
        return value.upper()

    @field_validator("reject_profiles", mode="before")
    @classmethod
    def _parted(cls, value: Any) -> Any:
        """Names as they stand in a variable: with commas, or as a JSON list."""
        if not isinstance(value, str):
            return value
        return tuple(part for part in re.split(r"[\s,\[\]'\"]+", value) if part)

    @property
    def base(self) -> str:
        """The public address without a final slash."""
        return (self.public_base or f"http://{_bracketed(self.host)}:{self.port}").rstrip("/")

    @property
    def prefixes(self) -> dict[str, str]:
        """Scheme → prefix of new PIDs."""
        return {"doi": self.doi_prefix, "handle": self.handle_prefix}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, environment, `.env`, then the file in the folder that these name."""
        del file_secret_settings
        before = (init_settings, env_settings, dotenv_settings)
        return (*before, TomlConfigSettingsSource(settings_cls, _toml_path(before)))


@dataclass(frozen=True, slots=True)
class Sourced:
    """One setting as `config show` prints it."""

    name: str
    value: str
    source: str
    description: str


def variables() -> dict[str, str]:
    """The environment, for those who start a process with a part of it."""
    return dict(os.environ)  # noqa: TID251 - this is the one module that may look


SECRETS = "secrets"
"""Folder, in that of the data, of files that each hold one secret."""
_SECRET = f"{PREFIX}SECRET_"


def secret_values(settings: Settings) -> dict[str, str]:
    """Name → value of what services keep secret: the variables `FDO_SECRET_…`, and the files in
    `secrets` in the data folder, which come first."""
    found = {
        name[len(_SECRET) :]: value
        for name, value in os.environ.items()  # noqa: TID251 - this is the one module that may look
        if name.upper().startswith(_SECRET)
    }
    folder = settings.data / SECRETS
    files = [one for one in folder.iterdir() if one.is_file()] if folder.is_dir() else []
    return found | {one.name: one.read_text(encoding="utf-8").strip() for one in files}


def read_settings(**arguments: Any) -> Settings:
    """The settings with these arguments (None: not given); InvalidSettings says what is wrong."""
    given = {name: value for name, value in arguments.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as wrong:
        lines = [
            f"{'.'.join(map(str, error['loc'])) or 'settings'}: {error['msg']}"
            for error in wrong.errors()
        ]
        raise InvalidSettings(
            f"{'; '.join(lines)}. `collectome config show` lists every setting."
        ) from wrong
    except (TOMLDecodeError, UnicodeDecodeError) as broken:
        raise InvalidSettings(
            f"{FILE} in the data folder, or .env, cannot be read: {broken}. In the first, text "
            "stands in quotes (TOML); both are UTF-8."
        ) from broken


def sources(settings: Settings, arguments: Mapping[str, Any] | None = None) -> list[Sourced]:
    """Each setting with its value and where that came from; secrets are masked.

    `arguments` are those that `read_settings` was given. A value that none of the other
    sources explains came from an argument as well.
    """
    given = {name for name, value in (arguments or {}).items() if value is not None}
    layers = _layers(settings)
    rows = []
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        found = next((label for label, layer in layers if name in layer), "default")
        if name in given or (found == "default" and value != field.get_default()):
            found = "argument"
        rows.append(Sourced(name, _shown(value), found, field.description or ""))
    return rows


def _layers(settings: Settings) -> list[tuple[str, Mapping[str, Any]]]:
    environment = {
        name.removeprefix(PREFIX).lower()
        for name in os.environ  # noqa: TID251 - this is the one module that may look
        if name.upper().startswith(PREFIX)
    }
    dotenv = DotEnvSettingsSource(Settings)()
    file = settings.data / FILE
    toml = TomlConfigSettingsSource(Settings, file)() if file.is_file() else {}
    return [
        ("environment", dict.fromkeys(environment)),
        (".env", dotenv),
        (str(file), toml),
    ]


def _toml_path(before: tuple[PydanticBaseSettingsSource, ...]) -> Path:
    for source in before:
        found = source().get("data")
        if found is not None:
            return Path(str(found)) / FILE
    return Path(str(Settings.model_fields["data"].default)) / FILE


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _shown(value: Any) -> str:
    if isinstance(value, SecretStr):
        return MASK
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "(none)"
    return "(none)" if value is None or value == "" else str(value)
