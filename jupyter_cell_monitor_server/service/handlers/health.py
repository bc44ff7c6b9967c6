"""`GET /health`: whether the service lives, and whether it can store."""

from ..readiness import REASONS
from .base import BaseHandler


class HealthHandler(BaseHandler):
    """For everybody: it tells nothing about anybody."""

    async def prepare(self) -> None:
        """No login."""

    async def get(self) -> None:
        """503 while not ready, with the reasons."""
        reasons = await self.state.readiness.reasons(is_stopping=self.state.stopping)
        reason = next((text for word, text in REASONS.items() if word in reasons), None)
        self.set_status(503 if reason else 200)
        if reason:
            self.on_refusal("not_ready")
        self.write_json(
            {"live": True, "ready": reason is None, "reason": reason, "reasons": reasons}
        )
