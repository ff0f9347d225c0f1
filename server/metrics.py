"""What a node tells Prometheus, read off when asked: nothing is counted on the hot path twice."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from server.realtime.node import Realtime


class NodeCollector(Collector):
    """The figures of one node, labelled with its id: nodes share a port, so a scrape meets any."""

    def __init__(self, realtime: Realtime) -> None:
        self._realtime = realtime

    def collect(self) -> Iterable[Metric]:
        realtime, hub = self._realtime, self._realtime.hub
        counts = hub.counts
        for name, text, value in (
            ("parlance_sockets", "Open sockets", len(realtime.clients)),
            ("parlance_users", "Users with a socket here", len(hub.users())),
            ("parlance_topics", "Channels live on this node", hub.topic_count),
        ):
            gauge = GaugeMetricFamily(name, text, labels=["node"])
            gauge.add_metric([realtime.node], value)
            yield gauge
        for name, text, value in (
            ("parlance_events", "Durable events told", counts.told),
            ("parlance_deliveries", "Pushes of durable events to sockets", counts.deliveries),
            ("parlance_holes", "Holes filled from the store", counts.holes),
            ("parlance_slow_closed", "Sockets closed as too slow", realtime.slow_closed),
        ):
            counter = CounterMetricFamily(name, text, labels=["node"])
            counter.add_metric([realtime.node], value)
            yield counter


def render(realtime: Realtime) -> bytes:
    """The text exposition format of Prometheus."""
    registry = CollectorRegistry()
    registry.register(NodeCollector(realtime))
    return generate_latest(registry)
