"""Keeps the members of the classes what the Hub's groups say."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from ..contract.people import Role
from .people import GroupRoles

log = logging.getLogger(__name__)


class Groups(Protocol):
    """Where the groups come from."""

    async def read(self) -> dict[str, list[str]]:
        """The user names of each group."""


SaveMembers = Callable[[Mapping[str, Mapping[str, Role]]], Awaitable[None]]


class Roster:
    """Reads the groups again where what is stored is older than `max_age_s` seconds."""

    def __init__(
        self, groups: Groups, roles: GroupRoles, save: SaveMembers, max_age_s: float
    ) -> None:
        self._groups = groups
        self._roles = roles
        self._save = save
        self._max_age_s = max_age_s
        self._read_at = float("-inf")
        self._lock = asyncio.Lock()

    async def refresh(self) -> None:
        """Bring the members up to date; where the Hub is away, what is stored stays."""
        async with self._lock:
            if time.monotonic() - self._read_at < self._max_age_s:
                return
            try:
                await self._save(self._roles.members_of(await self._groups.read()))
            except Exception:
                log.exception("The classes' members are those read last")
            self._read_at = time.monotonic()
