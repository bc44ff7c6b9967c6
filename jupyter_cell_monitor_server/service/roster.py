"""Keeps the members of the classes what the Hub's groups say."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from ..contract.people import Role
from .people import GroupRoles

log = logging.getLogger(__name__)
PATIENCE_S = 2.0


class Groups(Protocol):
    """Where the groups come from."""

    async def read(self) -> dict[str, list[str]]:
        """The user names of each group."""


SaveMembers = Callable[[Mapping[str, Mapping[str, Role]]], Awaitable[None]]


class Roster:
    """Reads the groups again where what is stored is older than `max_age_s` seconds.

    Nobody waits for a slow Hub for longer than `patience_s` seconds.
    """

    def __init__(
        self,
        groups: Groups,
        roles: GroupRoles,
        save: SaveMembers,
        max_age_s: float,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._groups = groups
        self._roles = roles
        self._save = save
        self._max_age_s = max_age_s
        self._patience_s = patience_s
        self._read_at = float("-inf")
        self._reading: asyncio.Task[None] | None = None

    async def refresh(self) -> None:
        """Bring the members up to date; where the Hub is slow or away, what is stored stays."""
        if self._reading is None:
            if time.monotonic() - self._read_at < self._max_age_s:
                return
            self._reading = asyncio.create_task(self._read())
        await asyncio.wait([self._reading], timeout=self._patience_s)

    async def close(self) -> None:
        """Read nothing more."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self) -> None:
        try:
            await self._save(self._roles.members_of(await self._groups.read()))
        except Exception:
            log.exception("The classes' members are those read last")
        finally:
            self._read_at = time.monotonic()
            self._reading = None
