"""Which pages may open a socket."""

from urllib.parse import urlsplit

import pytest
from aiohttp import WSServerHandshakeError

from .app import Service


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://elsewhere.example"}])
async def test_a_token_needs_no_origin(service: Service, headers: dict[str, str]) -> None:
    """It comes from no page."""
    await (await service.socket("ai", **headers)).receive_json(timeout=60)


@pytest.mark.parametrize(
    ("forwarded", "origin", "is_open"),
    [
        ({}, "http://{}", True),
        ({}, "https://{}", False),
        ({}, "http://{}.example", False),
        ({}, "http://user@{}", False),
        ({}, "null", False),
        ({}, None, False),
        ({"X-Forwarded-Proto": "https,http"}, "https://{}", True),
        ({"X-Forwarded-Proto": ",http"}, "https://{}", False),
        ({"X-Forwarded-Proto": "https,http"}, "http://{}", False),
        ({"X-Scheme": "https", "X-Forwarded-Proto": "http"}, "https://{}", True),
    ],
)
async def test_a_cookie_needs_the_pages_own_origin(
    service: Service, forwarded: dict[str, str], origin: str | None, *, is_open: bool
) -> None:
    """Scheme, host and port, as the browser knows them before all proxies."""
    host = urlsplit(service.url).netloc
    headers = forwarded | ({"Origin": origin.format(host)} if origin else {})
    headers["Authorization"] = "cookie sensei"
    if is_open:
        await (await service.socket(**headers)).receive_json(timeout=60)
        return
    with pytest.raises(WSServerHandshakeError) as refused:
        await service.socket(**headers)
    assert refused.value.status == 403
