"""Giving the metrics away: once as text, as a file for node_exporter, or to whoever asks on a port."""

from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest, start_http_server
from prometheus_client.registry import Collector

from warehouse.publish.durable import write_text


def registry_of(collector: Collector) -> CollectorRegistry:
    """A registry of this collector alone: nothing about the Python process."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    return registry


def exposition(collector: Collector) -> str:
    """The text that Prometheus reads."""
    return generate_latest(registry_of(collector)).decode()


def write_textfile(file: Path, collector: Collector) -> None:
    """Write the file whole, for every user: node_exporter is one of its own, and never sees half.  Raises OSError."""
    write_text(file, exposition(collector), mode=0o644)


def serve(collector: Collector, address: str, port: int) -> None:
    """Answer `/metrics` until the process is ended.  Raises OSError where the port is taken."""
    server, thread = start_http_server(port, address, registry_of(collector))
    try:
        thread.join()
    finally:
        server.shutdown()
