"""Who is asking: from a Hub token or login to a `Person`. Never blocks the loop."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
from jupyterhub.services.auth import HubOAuth
from tornado.httpclient import AsyncHTTPClient
from tornado.web import HTTPError, RequestHandler

from .people import GroupRoles, Person

TEACH_SCOPE = "custom:cell-monitor:teach"
_PAGE = 200
log = logging.getLogger(__name__)


class HubUnavailable(Exception):
    """The Hub did not say in time who this is."""


class NotAllowed(Exception):
    """The Hub knows this user, but does not let them use this service."""


class HeaderOAuth(HubOAuth):
    """HubOAuth that takes no token from a URL: URLs end up in logs."""

    def _get_token_url(self, _handler: RequestHandler) -> str:
        return ""


class Identity:
    """Asks the Hub who somebody is. `timeout_s` bounds each question."""

    def __init__(self, hub_auth: HubOAuth, roles: GroupRoles, timeout_s: float) -> None:
        self.hub_auth = hub_auth
        self._roles = roles
        self._timeout_s = timeout_s

    async def person_of(self, handler: RequestHandler) -> Person | None:
        """The person behind a request; None without a valid token or login.

        Raises `HubUnavailable` or `NotAllowed`.
        """
        try:
            model = await asyncio.wait_for(
                self.hub_auth.get_user(handler, sync=False), self._timeout_s
            )
        except TimeoutError as error:
            raise HubUnavailable("The Hub did not answer in time.") from error
        except HTTPError as error:
            if error.status_code >= 500:
                raise HubUnavailable(str(error.log_message)) from error
            raise
        return None if model is None else self._person(model)

    async def recheck(self, handler: RequestHandler) -> Person | None:
        """The same for a connection that has been open for long: the Hub is asked again."""
        token = self.hub_auth.get_token(handler)
        if not token:
            return None
        question = self.hub_auth.user_for_token(
            token,
            use_cache=False,
            session_id=self.hub_auth.get_session_id(handler),
            sync=False,
        )
        try:
            model = await asyncio.wait_for(question, self._timeout_s)
        except (TimeoutError, HTTPError) as error:
            raise HubUnavailable("The Hub did not say who this is.") from error
        return None if model is None else self._person(model)

    def _person(self, model: Mapping[str, Any]) -> Person:
        scopes = set(model.get("scopes", ()))
        allowed = self.hub_auth.check_scopes(self.hub_auth.access_scopes, model)
        if model.get("kind", "user") != "user" or not allowed:
            raise NotAllowed(f"{model.get('name')} may not use this service.")
        return Person(
            name=model["name"],
            classes=self._roles.classes_of(model.get("groups", ())),
            may_teach=TEACH_SCOPE in scopes,
        )


class HubGroups:
    """Reads the Hub's groups with the service's own token."""

    def __init__(self, api_url: str, api_token: str, timeout_s: float) -> None:
        self._url = api_url.rstrip("/") + "/groups"
        self._headers = {
            "Authorization": f"token {api_token}",
            "Accept": "application/jupyterhub-pagination+json",
        }
        self._timeout_s = timeout_s
        self._client = AsyncHTTPClient(force_instance=True)

    async def read(self) -> dict[str, list[str]]:
        """The user names of each group. Raises `HubUnavailable`."""
        groups: dict[str, list[str]] = {}
        offset: int | None = 0
        while offset is not None:
            page = await self._page(offset)
            groups |= {item["name"]: item.get("users", []) for item in page["items"]}
            following = page["_pagination"].get("next")
            offset = following["offset"] if following else None
        return groups

    async def _page(self, offset: int) -> dict[str, Any]:
        url = f"{self._url}?{urlencode({'offset': offset, 'limit': _PAGE})}"
        try:
            answer = await self._client.fetch(
                url, headers=self._headers, request_timeout=self._timeout_s
            )
        except Exception as error:
            raise HubUnavailable(f"The Hub's groups cannot be read: {error}") from error
        page: dict[str, Any] = msgspec.json.decode(answer.body)
        return page

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
