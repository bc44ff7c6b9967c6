"""Whether the service is ready, and why not: asked for by everybody, at any rate."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from .db.engine import DatabaseUnavailable

REASONS = {
    "stopping": "The service is stopping.",
    "database_away": "The database is not available.",
    "queue_full": "Too much waits to be stored.",
}
"""Why it is not ready, the weightiest first, and what is told of it."""
HUB_AWAY = "hub_away"
"""Told beside them: who is known is served on."""


class Readiness:
    """`ping` asks the database, and raises `DatabaseUnavailable` where it is away.

    It is asked once at a time and at most each `for_s` seconds, and may take `patience_s`.
    """

    def __init__(
        self,
        ping: Callable[[], Awaitable[None]],
        has_room: Callable[[], bool],
        is_hub_away: Callable[[], bool],
        patience_s: float = 2.0,
        for_s: float = 1.0,
    ) -> None:
        self._ping = ping
        self._has_room = has_room
        self._is_hub_away = is_hub_away
        self._patience_s = patience_s
        self._for_s = for_s
        self._asking: asyncio.Task[bool] | None = None
        self._asked_at_s = float("-inf")

    async def reasons(self, *, is_stopping: bool) -> list[str]:
        """Why it is not ready; empty where it is, but for `HUB_AWAY`."""
        found = {
            "stopping": is_stopping,
            "database_away": not await self._is_database_there(),
            "queue_full": not self._has_room(),
            HUB_AWAY: self._is_hub_away(),
        }
        return [reason for reason, holds in found.items() if holds]

    async def _is_database_there(self) -> bool:
        now_s = time.monotonic()
        done = self._asking is not None and self._asking.done()
        if self._asking is None or (done and now_s - self._asked_at_s >= self._for_s):
            self._asked_at_s = now_s
            self._asking = asyncio.create_task(self._ask())
        asking = self._asking
        await asyncio.wait([asking], timeout=self._asked_at_s + self._patience_s - now_s)
        return asking.done() and not asking.cancelled() and asking.result()

    async def _ask(self) -> bool:
        try:
            await self._ping()
        except DatabaseUnavailable:
            return False
        return True

    async def close(self) -> None:
        """Ask nothing more."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
