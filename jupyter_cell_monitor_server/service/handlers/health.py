"""`GET /health`: whether the service lives, and whether it can store."""

from ..db.engine import DatabaseUnavailable
from .base import BaseHandler


class HealthHandler(BaseHandler):
    """For everybody: it tells nothing about anybody."""

    async def prepare(self) -> None:
        """No login."""

    async def get(self) -> None:
        """503 while not ready, with the reason."""
        reason = await self._why_not()
        self.set_status(503 if reason else 200)
        self.write_json({"live": True, "ready": reason is None, "reason": reason})

    async def _why_not(self) -> str | None:
        if self.state.stopping:
            return "The service is stopping."
        try:
            await self.state.store.ping()
        except DatabaseUnavailable:
            return "The database is not available."
        return None
