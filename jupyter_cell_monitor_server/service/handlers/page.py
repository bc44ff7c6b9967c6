"""The teacher page: its HTML, its files, and the Hub's login."""

from html import escape
from pathlib import Path
from typing import Any

from jupyterhub.services.auth import HubOAuthCallbackHandler
from tornado.web import HTTPError, StaticFileHandler

from .answers import Answers, ApiError
from .base import BaseHandler

PAGE = Path(__file__).parent.parent / "page"


class PageHandler(BaseHandler):
    """Any address of the page; its script shows what belongs there."""

    async def refuse_stranger(self) -> None:
        """Send a stranger to the Hub's login."""
        self.redirect(self.get_login_url())

    async def get(self) -> None:
        """The page, told where it is served."""
        try:
            html = (PAGE / "index.html").read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise ApiError(500, "internal", "The teacher page is not built.") from error
        # Asking for the token sets the cookie that the page's requests answer with.
        _ = self.xsrf_token
        prefix, hub_prefix = escape(self.state.prefix), escape(self.state.hub_prefix)
        html = html.replace("./assets/", f"{prefix}static/assets/")
        html = html.replace("__CELL_MONITOR_PREFIX__", prefix)
        html = html.replace("__CELL_MONITOR_HUB_PREFIX__", hub_prefix)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(html)


class SlashHandler(BaseHandler):
    """The page's address as people type it."""

    async def prepare(self) -> None:
        """No login: the page asks for it."""

    async def get(self) -> None:
        """Lead to the page."""
        self.redirect(self.state.prefix)


class AssetHandler(Answers, StaticFileHandler):
    """The page's files. Their names hold a hash: they never change."""

    def set_extra_headers(self, _path: str) -> None:
        """Let browsers keep them."""
        self.set_header("Cache-Control", "public, max-age=31536000, immutable")


class CallbackHandler(Answers, HubOAuthCallbackHandler):
    """The end of the Hub's login."""

    def initialize(self, hub_auth: Any) -> None:
        """Use the service's own `HubOAuth`."""
        self.hub_auth = hub_auth

    def get_current_user(self) -> None:
        """Nobody: the base class would ask the Hub and block."""
        return

    async def get(self) -> None:
        """Finish the login; where its state is stale, begin again."""
        try:
            await HubOAuthCallbackHandler.get(self)
        except HTTPError as error:
            if error.status_code not in {400, 403}:
                raise
            self.redirect(self.hub_auth.base_url)
