"""Gives out cursors: the place of each change in its channel's order of commits."""

from collections.abc import Iterable

from sqlalchemy import Connection

from .rows import find, insert_new, update
from .tables import channels


class Cursors:
    """The cursors of one transaction.

    On PostgreSQL a channel's row stays locked until the commit, so that another replica gets
    its cursors after this transaction's; SQLite has one writer at a time. Channels are locked
    in the order of their names, and a student's before a class's, so that no two wait for
    each other.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._newest: dict[str, int] = {}
        self._moved: set[str] = set()

    def lock(self, names: Iterable[str]) -> None:
        """Make ready to give out cursors of these channels."""
        wanted = [(name,) for name in sorted(set(names) - self._newest.keys())]
        found = self._locked(wanted)
        missing = [name for name in wanted if name[0] not in found]
        if missing:
            new = [{"channel": name, "cursor": 0} for (name,) in missing]
            insert_new(self._connection, channels, new)
            found |= self._locked(missing)
        self._newest |= found

    def _locked(self, names: Iterable[tuple[str]]) -> dict[str, int]:
        rows = find(self._connection, channels, ("channel",), names, lock=True)
        return {row["channel"]: row["cursor"] for row in rows}

    def next(self, channel: str) -> int:
        """The next cursor of a locked channel, from 1."""
        self._newest[channel] += 1
        self._moved.add(channel)
        return self._newest[channel]

    def save(self) -> None:
        """Store the newest cursors."""
        rows = [{"channel": name, "cursor": self._newest[name]} for name in sorted(self._moved)]
        update(self._connection, channels, rows)
