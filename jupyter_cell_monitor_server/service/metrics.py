"""What the service counts, as Prometheus text. Numbers only: no name of anybody is in it."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from ..contract.results import EventResult

CONTENT_TYPE = CONTENT_TYPE_LATEST
KEPT = ("quarantined", "id_conflict")
TRANSACTION_S = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """One service's figures, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._events = self._counter(
            "events", "Events by type and by what became of them.", "type", "status"
        )
        self._quarantined = self._counter(
            "quarantined_events", "Events that were not stored, but kept for the administrator."
        )
        self._refused = self._counter(
            "refused_requests", "Requests that were refused because of a bound.", "reason"
        )
        self._hub_questions = self._counter(
            "hub_questions", "Questions to the Hub who somebody is, by their outcome.", "outcome"
        )
        self._transactions = Histogram(
            "cell_monitor_transaction_seconds",
            "How long a transaction that stores events took.",
            buckets=TRANSACTION_S,
            registry=self._registry,
        )

    def event(self, event_type: str, result: EventResult) -> None:
        """One event was answered."""
        self._events.labels(event_type, result.status).inc()
        if result.code in KEPT:
            self._quarantined.inc()

    def refused(self, reason: str) -> None:
        """One request was refused."""
        self._refused.labels(reason).inc()

    def hub_question(self, outcome: str) -> None:
        """One question to the Hub ended."""
        self._hub_questions.labels(outcome).inc()

    def transaction(self, seconds: float) -> None:
        """One transaction ended, well or not."""
        self._transactions.observe(seconds)

    def watch(self, name: str, help_: str, read: Callable[[], float]) -> None:
        """Show a value that is read whenever somebody looks."""
        Gauge(f"cell_monitor_{name}", help_, registry=self._registry).set_function(read)

    def text(self) -> bytes:
        """All figures in Prometheus' text format."""
        return generate_latest(self._registry)

    def _counter(self, name: str, help_: str, *labels: str) -> Counter:
        return Counter(f"cell_monitor_{name}", help_, labels, registry=self._registry)
