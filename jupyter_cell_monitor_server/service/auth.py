"""Who is asking: from a Hub token or login to a `Person`. Never blocks the loop."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
from jupyterhub.services.auth import HubOAuth
from tornado.httpclient import AsyncHTTPClient
from tornado.web import HTTPError, RequestHandler

from .hub_questions import HubLimits, HubQuestions, HubUnavailable, Outcome
from .people import GroupRoles, Person

TEACH_SCOPE = "custom:cell-monitor:teach"
# Logins that have begun: each visit of a stranger begins one.
MAX_LOGINS = 10_000
_PAGE = 200
Model = dict[str, Any]


class NotAllowed(Exception):
    """The Hub knows this user, but does not let them use this service."""


class HeaderOAuth(HubOAuth):
    """HubOAuth that takes no token from a URL (URLs end up in logs) and asks through `questions`.

    `timeout_s` bounds each step of a login.
    """

    questions: HubQuestions[Model]

    def ask_within(self, limits: HubLimits, tell: Callable[[Outcome], None]) -> None:
        """Bound the questions to the Hub; `tell` hears how each ended."""
        self.timeout_s = limits.timeout_s
        self.questions = HubQuestions(self._ask, limits, tell)

    async def _ask(self, token: str) -> Model | None:
        model: Model | None = await super().user_for_token(token, use_cache=False, sync=False)
        if model is not None and not {"name", "scopes"} <= set(model):
            raise HubUnavailable("What answers is not the Hub.")
        return model

    def user_for_token(
        self, token: str, use_cache: bool = True, session_id: str = "", *, sync: bool = False
    ) -> Awaitable[Model | None]:
        """The Hub's user model, as the base class gives it. Raises `HubUnavailable`."""
        assert not sync, "a question to the Hub must not block the loop"
        return self.questions.about(token, session_id, ask_again=not use_cache)

    async def _token_for_code(self, code: str, code_verifier: str | None = None) -> str:
        try:
            async with asyncio.timeout(self.timeout_s):
                token: str = await super()._token_for_code(code, code_verifier)
        except (TimeoutError, HTTPError) as error:
            raise HubUnavailable(f"The Hub finished no login: {error}") from error
        return token

    def generate_state(self, next_url: str | None = None, **extra: Any) -> str:
        """The state of a login that begins; the oldest of too many is forgotten."""
        begun = self._oauth_states
        if len(begun.values) >= MAX_LOGINS:
            del begun[next(iter(begun.values))]
        state: str = super().generate_state(next_url, **extra)
        return state

    def _get_token_url(self, _handler: RequestHandler) -> str:
        return ""


class Identity:
    """Knows who somebody is."""

    def __init__(self, hub_auth: HeaderOAuth, roles: GroupRoles) -> None:
        self.hub_auth = hub_auth
        self._roles = roles

    async def person_of(self, handler: RequestHandler) -> Person | None:
        """The person behind a request; None without a valid token or login.

        Raises `HubUnavailable` or `NotAllowed`.
        """
        model = await self.hub_auth.get_user(handler, sync=False)
        return None if model is None else self._person(model)

    async def recheck(self, handler: RequestHandler) -> Person | None:
        """The same for a connection that has been open for long: the Hub is asked again."""
        token = self.hub_auth.get_token(handler)
        if not token:
            return None
        session = self.hub_auth.get_session_id(handler)
        model = await self.hub_auth.user_for_token(token, use_cache=False, session_id=session)
        return None if model is None else self._person(model)

    @property
    def is_hub_away(self) -> bool:
        """Whether the Hub did not answer when it was asked last."""
        return self.hub_auth.questions.is_away

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
