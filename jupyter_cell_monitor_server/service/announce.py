"""After the commit: tells the bus. Logs what fails and never raises, for all is stored already."""

import logging
from collections.abc import Sequence

from ..contract.json_text import encode_json
from ..contract.updates import Update
from .bus import Announcement, Bus

log = logging.getLogger(__name__)


class Announcer:
    """Sends the updates of a transaction on their way."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def announce(self, updates: Sequence[Update]) -> None:
        """Publish each update that somebody follows once, in the order given."""
        try:
            await self._bus.publish(
                [
                    Announcement(u.channel, u.cursor, encode_json(u).decode())
                    for u in updates
                    if self._bus.is_followed(u.channel)
                ]
            )
        except Exception:
            log.exception("Updates could not be announced; followers catch up by their cursor")
