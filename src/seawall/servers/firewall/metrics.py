"""What a firewall does can be counted without naming anybody or anything that was asked for."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Counters for one firewall, in the text format that Prometheus reads."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self._registry = registry
        self.requests = Counter(
            "seawall_requests_total",
            "Answered requests",
            ("room", "kind", "answer"),
            registry=registry,
        )
        self.decisions = Counter(
            "seawall_decisions_total",
            "Decisions about files that were asked for",
            ("room", "outcome", "mode"),
            registry=registry,
        )
        self.bytes = Counter("seawall_sent_bytes_total", "Bytes of files", ("room",), registry=registry)
        self.failures = Counter(
            "seawall_failures_total", "Answers that could not be given", ("room", "why"), registry=registry
        )
        self.stale = Counter(
            "seawall_stale_documents_total",
            "Documents of what a registry said before, while it was down or slow",
            ("room",),
            registry=registry,
        )
        self.limited = Counter("seawall_rate_limited_total", "Requests over the limit", registry=registry)
        self.seconds = Histogram(
            "seawall_made_seconds",
            "Seconds to make an answer that was not ready",
            ("room", "kind"),
            registry=registry,
            buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
        )
        self.waiting = Gauge("seawall_waiting", "Requests that wait for a worker", registry=registry)
        self.views = Gauge("seawall_views", "Finished documents in memory", registry=registry)
        self.view_bytes = Gauge("seawall_view_bytes", "Bytes of finished documents", registry=registry)
        self.generation = Gauge(
            "seawall_generation", "Changes of policy, advisories and verdicts", registry=registry
        )
        self.ready = Gauge("seawall_ready", "1 when it can decide", registry=registry)
        self.broken = Gauge(
            "seawall_settings_broken",
            "1 when changed settings, policy or advisories cannot be used and the old count",
            registry=registry,
        )
        self.backlog = Gauge("seawall_ledger_backlog", "Events not yet durable", registry=registry)
        self.ledger_failed = Gauge(
            "seawall_ledger_failed", "1 while the ledger cannot be written", registry=registry
        )
        self.ledger_tries = Gauge(
            "seawall_ledger_tries", "How often a ledger that had failed was opened again", registry=registry
        )
        self.ledger_resumed = Gauge(
            "seawall_ledger_resumed", "How often it could be written again then", registry=registry
        )

    def text(self) -> bytes:
        """All of it as Prometheus reads it."""
        return generate_latest(self._registry)
