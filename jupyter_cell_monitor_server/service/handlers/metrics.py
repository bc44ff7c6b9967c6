"""`GET /metrics`: what the service has counted."""

from ..metrics import CONTENT_TYPE
from .base import BaseHandler


class MetricsHandler(BaseHandler):
    """For everybody: numbers that name nobody."""

    async def prepare(self) -> None:
        """No login."""

    async def get(self) -> None:
        """Prometheus' text format."""
        self.set_header("Content-Type", CONTENT_TYPE)
        self.write(self.state.metrics.text())
