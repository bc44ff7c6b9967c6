"""The bus: carries announced updates to whoever follows their channel."""

from collections.abc import Callable
from typing import NamedTuple, Protocol


class Announcement(NamedTuple):
    """An update as it travels: `message` is its JSON text."""

    channel: str
    cursor: int
    message: str


Follower = Callable[[Announcement], None]


class Bus(Protocol):
    """What every bus does. A follower must not block and must not raise."""

    def follow(self, channel: str, follower: Follower) -> None:
        """Call the follower with each announcement of the channel, in the order of cursors."""

    def leave(self, channel: str, follower: Follower) -> None:
        """Call it no more."""

    def is_followed(self, channel: str) -> bool:
        """Whether an announcement of this channel would reach anybody."""

    async def publish(self, announcements: list[Announcement]) -> None:
        """Hand announcements to their followers."""
