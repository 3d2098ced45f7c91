"""How jobs stand, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from eventstore.log import Log
from handlers.mas.services import services
from handlers.mas.store import Store


class JobMeasures(Collector):
    """Jobs by service and state, jobs that were not made, and transports that are down."""

    def __init__(self, log: Log, store: Store) -> None:
        self._log, self._store = log, store

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The measures now; none before there was a service."""
        if not self._store.there:
            return
        names = {str(one.pid): one.name for one in services(self._log)}
        jobs = GaugeMetricFamily(
            "collectome_mas_jobs", "Jobs of annotation services.", labels=("service", "state")
        )
        for pid, states in self._store.counts().items():
            for state, number in states.items():
                jobs.add_metric((names.get(pid, pid), state), number)
        refused = GaugeMetricFamily(
            "collectome_mas_refused_jobs",
            "Jobs that were not made, so that services do not follow one another without end.",
            labels=("service", "reason"),
        )
        for pid, name in names.items():
            for reason, number in self._store.refusals(pid).items():
                refused.add_metric((name, reason), number)
        troubles = GaugeMetricFamily(
            "collectome_mas_troubles", "Transports and services that get no jobs now."
        )
        troubles.add_metric((), len(self._store.troubles()))
        yield from (jobs, refused, troubles)
