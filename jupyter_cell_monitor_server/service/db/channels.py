"""Gives out cursors: the place of each change in its channel's order of commits."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from .tables import channels

_CHUNK = 500


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
        wanted = sorted(set(names) - self._newest.keys())
        for start in range(0, len(wanted), _CHUNK):
            self._lock_chunk(wanted[start : start + _CHUNK])

    def _lock_chunk(self, names: Sequence[str]) -> None:
        query = (
            select(channels)
            .where(channels.c.channel.in_(names))
            .order_by(channels.c.channel)
            .with_for_update()
        )
        found: dict[str, int] = dict(self._connection.execute(query).all())
        missing = [name for name in names if name not in found]
        if missing:
            self._insert(missing)
            found |= dict(self._connection.execute(query).all())
        self._newest |= found

    def _insert(self, names: Sequence[str]) -> None:
        dialect = postgresql if self._connection.dialect.name == "postgresql" else sqlite
        statement = dialect.insert(channels).on_conflict_do_nothing()
        self._connection.execute(statement, [{"channel": name, "cursor": 0} for name in names])

    def next(self, channel: str) -> int:
        """The next cursor of a locked channel, from 1."""
        self._newest[channel] += 1
        self._moved.add(channel)
        return self._newest[channel]

    def save(self) -> None:
        """Store the newest cursors."""
        if self._moved:
            self._connection.execute(
                update(channels)
                .where(channels.c.channel == bindparam("of_channel"))
                .values(cursor=bindparam("newest")),
                [{"of_channel": c, "newest": self._newest[c]} for c in sorted(self._moved)],
            )
