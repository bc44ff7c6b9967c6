"""`GET /openapi.json`: what this API takes and answers."""

from functools import lru_cache

import msgspec

from ..openapi import document
from .base import BaseHandler
from .described import API


class OpenApiHandler(BaseHandler):
    """For everybody: it tells nothing about anybody."""

    async def prepare(self) -> None:
        """No login."""

    async def get(self) -> None:
        """The document of this release."""
        self.set_header("Content-Type", "application/json")
        self.write(_document(self.state.prefix + "api/v1", self.state.me.version))


@lru_cache(maxsize=1)
def _document(base: str, version: str) -> bytes:
    """The document of one service, made when it is first asked for."""
    return msgspec.json.encode(document(API, base=base, version=version))
