"""The bus of a single service process."""

from . import Announcement, Follower


class MemoryBus:
    """Calls the followers in this process at once."""

    def __init__(self) -> None:
        self._followers: dict[str, list[Follower]] = {}

    def follow(self, channel: str, follower: Follower) -> None:
        """Call the follower with each announcement of the channel, in the order of cursors."""
        self._followers.setdefault(channel, []).append(follower)

    def leave(self, channel: str, follower: Follower) -> None:
        """Call it no more."""
        followers = self._followers.get(channel, [])
        if follower in followers:
            followers.remove(follower)
        if not followers:
            self._followers.pop(channel, None)

    def is_followed(self, channel: str) -> bool:
        """Whether an announcement of this channel would reach anybody."""
        return channel in self._followers

    async def publish(self, announcements: list[Announcement]) -> None:
        """Hand announcements to their followers."""
        for announcement in announcements:
            for follower in list(self._followers.get(announcement.channel, ())):
                follower(announcement)
