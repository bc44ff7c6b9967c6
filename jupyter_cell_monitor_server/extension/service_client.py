"""The only code that calls the service, with the token of the Jupyter server's owner."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse
from tornado.httputil import HTTPHeaders
from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketClientConnection, WebSocketError, websocket_connect

TOKEN_VARIABLE = "JUPYTERHUB_API_TOKEN"
JSON_TYPES = ("application/json", "application/problem+json")
PING_INTERVAL_S = 30


class ServiceUnavailableError(Exception):
    """The service did not answer in time, or what answered was not the service."""


class AnswerTooLargeError(Exception):
    """The service's answer is larger than `max_response_bytes`."""


class LoginGoneError(Exception):
    """The service does not take the owner's token (any more)."""


@dataclass(frozen=True)
class Limits:
    """Bounds of the calls to the service; times in seconds, sizes in bytes."""

    connect_timeout_s: float
    request_timeout_s: float
    max_response_bytes: int
    max_requests: int


@dataclass(frozen=True)
class Answer:
    """What the service answered, as it came."""

    status: int
    content_type: str
    retry_after: str | None
    body: bytes


class ServiceClient:
    """Calls the service at `service_url`, e.g. `http://127.0.0.1:10101/services/cell-monitor/`."""

    def __init__(self, service_url: str, limits: Limits) -> None:
        self._api_url = service_url.rstrip("/") + "/api/v1/"
        self._limits = limits
        self._client: AsyncHTTPClient | None = None
        self._open_requests = 0

    async def fetch(
        self, method: str, route: str, query: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        """Call `route` and return its answer, whatever its status.

        Raises `ServiceUnavailableError` and `AnswerTooLargeError`.
        """
        if self._open_requests >= self._limits.max_requests:
            raise ServiceUnavailableError("too many requests at the same time")
        self._open_requests += 1
        try:
            return _read(await self._fetch(self._request(method, route, query, headers, body)))
        finally:
            self._open_requests -= 1

    def _request(
        self, method: str, route: str, query: str, headers: Mapping[str, str], body: bytes | None
    ) -> HTTPRequest:
        url = self._api_url + route
        return HTTPRequest(
            f"{url}?{query}" if query else url,
            method=method,
            headers=HTTPHeaders({**headers, **_authorization()}),
            body=body,
            connect_timeout=self._limits.connect_timeout_s,
            request_timeout=self._limits.request_timeout_s,
            follow_redirects=False,
            decompress_response=False,
        )

    async def _fetch(self, request: HTTPRequest) -> HTTPResponse:
        announced = _Announced()
        request.header_callback = announced.line
        try:
            return await self._http().fetch(request, raise_error=False)
        except (HTTPClientError, OSError, StreamClosedError) as error:
            if announced.body_bytes > self._limits.max_response_bytes:
                raise AnswerTooLargeError(
                    f"The service's answer has {announced.body_bytes} bytes."
                ) from error
            raise ServiceUnavailableError(str(error)) from error

    async def connect(self) -> WebSocketClientConnection:
        """Open the service's WebSocket as the owner.

        Raises `LoginGoneError` and `ServiceUnavailableError`.
        """
        request = HTTPRequest(
            "ws" + self._api_url.removeprefix("http") + "ws",
            headers=HTTPHeaders(_authorization()),
            connect_timeout=self._limits.connect_timeout_s,
            request_timeout=self._limits.request_timeout_s,
        )
        try:
            return await websocket_connect(
                request,
                ping_interval=PING_INTERVAL_S,
                max_message_size=self._limits.max_response_bytes,
            )
        except HTTPClientError as error:
            if error.code in (401, 403):
                raise LoginGoneError(str(error)) from error
            raise ServiceUnavailableError(str(error)) from error
        except (OSError, StreamClosedError, WebSocketError) as error:
            raise ServiceUnavailableError(str(error)) from error

    def close(self) -> None:
        """Close the connections. Requests that still run fail."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _http(self) -> AsyncHTTPClient:
        # Made at the first request, because it binds itself to the running loop.
        if self._client is None:
            self._client = AsyncHTTPClient(
                force_instance=True,
                max_clients=self._limits.max_requests,
                max_body_size=self._limits.max_response_bytes,
            )
        return self._client


class _Announced:
    """The size that an answer's head announces: Tornado only closes where it is too large."""

    def __init__(self) -> None:
        self.body_bytes = 0

    def line(self, line: str) -> None:
        name, _, value = line.partition(":")
        if name.lower() == "content-length" and value.strip().isdecimal():
            self.body_bytes = int(value)


def is_service_url(url: str) -> bool:
    """Whether `url` is an absolute http(s) address."""
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _authorization() -> dict[str, str]:
    # Read at each call, and never kept: what keeps nothing cannot leak it either.
    return {"Authorization": f"token {os.environ.get(TOKEN_VARIABLE, '')}"}


def _read(response: HTTPResponse) -> Answer:
    """The answer; only JSON comes from the service (the Hub's proxy answers HTML for one away)."""
    content_type = response.headers.get("Content-Type", "")
    if content_type.split(";")[0].strip().lower() not in JSON_TYPES:
        raise ServiceUnavailableError(f"an answer {response.code} of type {content_type!r}")
    return Answer(
        response.code, content_type, response.headers.get("Retry-After"), response.body or b""
    )
