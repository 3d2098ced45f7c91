"""The index of the commands: how each is called, where it is written, what it is for.

The command line and its help are made from this, so that a command waits for no module but its
own. What a command is for is the first line of its docstring, and kept equal to it by a test.
"""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """One command: its name, its function in a module of this folder, and what it is for."""

    name: str
    at: str
    says: str


GROUPS: dict[str, str] = {
    "annotations": "Annotations: listed, reviewed, accepted, rejected.",
    "identity": "Decide harvests that paused because identifiers changed.",
    "instants": "Past states of the graph that are kept.",
    "time": "Questions across time: what changed, who changed most.",
    "config": "The settings and where each came from.",
    "definitions": "What records are judged by: profiles, types, attributes.",
    "media": "The files behind media: fetched, checked.",
    "mas": "Machine-annotation services, their jobs and workers.",
    "mas model": "Models of services, their training sets.",
    "pids": "DOIs at DataCite: minted, waiting, refused.",
    "token": "Tokens for those who write.",
    "webhooks": "Who is told of changes.",
}
"""Group → what its commands are about; a group within another comes after that one."""

COMMANDS: dict[str, tuple[Entry, ...]] = {
    "": (
        Entry("serve", "serving.serve",
              "Serve the repository: pages, PIDs, SPARQL, search, ingest."),
        Entry("demo", "serving.demo",
              "Serve the sample repository: invented collections with eight months of history."),
        Entry("datacite-double", "double.datacite_double",
              "Run a double of DataCite: the REST API, doi.org and Handles, with memory. Not "
              "the world's."),
        Entry("ingest", "ingest.ingest",
              "Take in Darwin Core archives or tables: every specimen and medium becomes an "
              "object."),
        Entry("import", "ingest.import_log",
              "Read a log with its own recorded times into an empty repository, hashes checked."),
        Entry("follow", "follow.follow",
              "Keep this repository the mirror of another one, or a SPARQL store in step with it."),
        Entry("verify", "verify.verify",
              "Check events, hashes, tables, tree, signed checkpoints, and projections by a "
              "rebuild."),
        Entry("verify-citation", "verify.verify_citation",
              "Check a citation offline, from any copy; says what was checked and what was not."),
        Entry("checkpoint", "verify.checkpoint",
              "Sign the log as it is now, and print the checkpoint: keep it, or give it to "
              "others."),
        Entry("show", "versions.show",
              "The document of an object: now, at a version, or at a moment."),
        Entry("cite", "cite.cite",
              "Cite an object: the version in force, or the one that is named."),
        Entry("history", "versions.history",
              "Everything that happened to an object, oldest first."),
        Entry("diff", "versions.diff", "What changed between two versions of an object."),
        Entry("sparql", "read.sparql",
              "Ask the graph, now or at an instant; beside a running server too."),
        Entry("search", "read.search", "Find specimens by words and facets, now or as it was."),
        Entry("changes", "feeds.changes",
              "Every public change, in the order in which it was recorded; as /changes tells it."),
        Entry("status", "keep.status",
              "Head of the log, lag of each projection, counts of objects."),
        Entry("rebuild", "keep.rebuild", "Make a projection anew from the log."),
        Entry("export", "export.export",
              "Write the graph, the documents of active objects or the log, which can be "
              "imported again."),
        Entry("tombstone", "objects.tombstone",
              "Withdraw an object; its PID keeps resolving, to its tombstone."),
        Entry("merge", "objects.merge",
              "Withdraw an object in favour of another; its identifiers lead on to that one."),
        Entry("split", "objects.split",
              "Withdraw an object that turned out to be several; its PID leads on to them."),
        Entry("restore", "objects.restore",
              "Bring a tombstoned object back under its PID, as it was before."),
        Entry("erase", "objects.erase",
              "Destroy for ever what versions of an object say, with the records they were "
              "made from."),
        Entry("annotate", "annotate.annotate",
              "Say the same of many objects, or what a table says of each: preview, run, undo."),
        Entry("corrections", "corrections.corrections",
              "Write the accepted changes of a source system's objects as a package for its "
              "keepers."),
    ),
    "annotations": (
        Entry("list", "annotations.list_",
              "Annotations by what they say and where they are in their life, the newest first."),
        Entry("show", "annotations.show",
              "One annotation: what it proposes of what, by whom, and what became of it."),
        Entry("queue", "annotations.queue", "What waits for a decision, the most urgent first."),
        Entry("accept", "annotations.accept",
              "Approve proposed changes; each is carried out as a new version of its object."),
        Entry("reject", "annotations.reject", "Decide against proposed changes, with a reason."),
        Entry("settle", "annotations.settle",
              "End conflicts of accepted changes with their source."),
        Entry("withdraw", "annotations.withdraw",
              "Take annotations back; of accepted ones also their change."),
    ),
    "identity": (
        Entry("list", "ingest.identity_list", "Harvests that paused, and what was decided."),
        Entry("show", "ingest.identity_show", "The pairs proposed for a paused harvest."),
        Entry("approve", "ingest.identity_approve",
              "Keep the PIDs of the proposed pairs, and take the harvest in."),
        Entry("reject", "ingest.identity_reject",
              "Leave the harvest out, or take its unknown records in as new specimens."),
    ),
    "instants": (
        Entry("list", "instants.list_instants",
              "The states that are kept: rungs for good, instants as long as there is room."),
        Entry("make", "instants.make",
              "Keep the state at a moment as a rung, so that questions near it are answered soon."),
        Entry("thin", "instants.thin",
              "Remove rungs that the policy does not keep (see the settings `instants_…`)."),
    ),
    "time": (
        Entry("changed", "time.changed",
              "Which objects changed a term: old and new value, when and by whom."),
        Entry("busiest", "time.busiest", "Who or what changed most."),
        Entry("series", "time.series",
              "Counts over time: how the holdings grew, or how many changes there were."),
        Entry("held", "time.held",
              "First and last time that a value was held, and by which objects."),
        Entry("terms", "time.terms", "Every term that ever changed, the most changed first."),
    ),
    "config": (
        Entry("show", "config.show", "Each setting, its value and where it came from."),
    ),
    "definitions": (
        Entry("list", "definitions.list_",
              "The definitions that stand: profiles, types, attributes and operations."),
        Entry("revise", "definitions.revise",
              "Give a definition a new version; records issued from then on are judged by it."),
    ),
    "media": (
        Entry("check", "media.check", "Fetch files anew, to see whether their links still hold."),
        Entry("fetch", "media.fetch",
              "Fetch the files that are not here yet; what is met is recorded where it is news."),
        Entry("status", "media.status", "How many files are here, and how the last fetches ended."),
    ),
    "mas": (
        Entry("register", "mas.register", "Register a service, or revise the one of its name."),
        Entry("list", "mas.list_", "The services there are and how their jobs stand."),
        Entry("show", "mas.show", "One service, its document included."),
        Entry("retire", "mas.retire", "Withdraw a service; what it made stays, its jobs end."),
        Entry("jobs", "mas.jobs", "Jobs, newest first; or one job with its log."),
        Entry("dead", "mas.dead",
              "Dead letters: jobs that are not tried again of themselves, and why."),
        Entry("retry", "mas.retry", "Take up dead letters again; their attempts count anew."),
        Entry("request", "mas.request", "Ask a service to work on an object."),
        Entry("backfill", "mas.backfill",
              "Jobs for all objects that a query gives, of a source system, or all."),
        Entry("run", "mas.run",
              "Dispatch jobs without a server: make them, hand them over, take the answers."),
        Entry("enable", "services.enable",
              "Register services that ship and their models, so that jobs are made for them."),
        Entry("services", "services.services",
              "The services that ship and the models that are configured."),
        Entry("evaluate", "models.evaluate",
              "Record how many of a model's suggestions curators accepted, as an evaluation of "
              "it."),
        Entry("new", "work.new",
              "Make a service to begin with: a folder that runs, with a test that passes."),
        Entry("status", "work.status", "Services, who works for them, and how their jobs stand."),
        Entry("work", "work.work",
              "Work for a machine-annotation service: take its jobs, bring its answers."),
        Entry("bridge-env", "bridge.bridge_env",
              "Print the environment of a service that works over RabbitMQ or HTTP, its "
              "secrets included."),
    ),
    "mas model": (
        Entry("register", "models.register",
              "Register a model, a training set or an evaluation, or revise the one that it "
              "describes."),
        Entry("list", "models.list_", "Models, training sets and evaluations."),
    ),
    "pids": (
        Entry("status", "pids.status",
              "How many DOIs stand where, what waits, and what DataCite said last."),
        Entry("list", "pids.list_", "DOIs that wait to be sent or were refused, and why."),
        Entry("retry", "pids.retry", "Send dead letters again."),
        Entry("request-version", "pids.request_version",
              "Ask for a DOI of one version, so that it can be cited by it."),
        Entry("run", "pids.run",
              "Mint without a server: send what waits to DataCite, and confirm it in the log."),
    ),
    "token": (
        Entry("create", "tokens.create", "Make a token; it is shown once."),
        Entry("list", "tokens.list_", "The tokens there are, without their text."),
        Entry("revoke", "tokens.revoke", "Forget a token."),
    ),
    "webhooks": (
        Entry("list", "feeds.webhooks_list", "Who is told of changes, and how far each has got."),
        Entry("add", "feeds.webhooks_add",
              "Subscribe an address to changes; its secret is shown once. A running server sends."),
        Entry("remove", "feeds.webhooks_remove", "End a subscription."),
        Entry("deliveries", "feeds.webhooks_deliveries",
              "The newest messages of a subscription, and what became of them."),
        Entry("retry", "feeds.webhooks_retry",
              "Send dead letters again, and enable the subscription."),
    ),
}  # fmt: skip
"""Group (none: the program itself) → its commands, in the order in which the help lists them."""
