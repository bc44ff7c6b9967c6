"""`GET /ws` as the OpenAPI document has it: the handshake, and the messages as schemas."""

from ...contract.updates import (
    DeliveryUpdate,
    ErrorAlert,
    ExecutionUpdate,
    Hello,
    NotebookUpdate,
    ProgressUpdate,
    Refused,
    SnapshotNeeded,
    Subscribe,
    Subscribed,
    Unsubscribe,
)
from ..openapi import Answer, Operation, Parameter
from ..openapi_schemas import Json, ref

GIVEN_BY_SOCKET = (
    Hello,
    Subscribed,
    SnapshotNeeded,
    Refused,
    ExecutionUpdate,
    ErrorAlert,
    ProgressUpdate,
    NotebookUpdate,
    DeliveryUpdate,
)
TAKEN_BY_SOCKET = (Subscribe, Unsubscribe)
SOCKET_SCHEMAS: dict[str, Json] = {
    "ServerMessage": {
        "description": "A text message of the service; `event` says which.",
        "oneOf": [ref(struct.__name__) for struct in GIVEN_BY_SOCKET],
    },
    "ClientMessage": {
        "description": "A text message to the service.",
        "oneOf": [ref(struct.__name__) for struct in TAKEN_BY_SOCKET],
    },
}


def _header(name: str, description: str, schema: Json) -> Parameter:
    return Parameter(name, description, schema, where="header", is_required=True)


SOCKET = Operation(
    "get",
    "/ws",
    "person",
    "The WebSocket that sends updates",
    {101: Answer("The socket is open: `ServerMessage` and `ClientMessage`, as JSON texts.")},
    (400, 401, 403, 405, 429, 503),
    (
        _header("Upgrade", "RFC 6455.", {"const": "websocket"}),
        _header("Connection", "RFC 6455; other words may stand beside it.", {"const": "Upgrade"}),
        _header("Sec-WebSocket-Version", "RFC 6455.", {"const": "13"}),
        _header(
            "Sec-WebSocket-Key",
            "RFC 6455: 16 random bytes in base64.",
            {"type": "string", "pattern": "^[A-Za-z0-9+/]{21}[AQgw]==$"},
        ),
    ),
    description="A login by cookie needs the page's own `Origin`, a token needs none. The first "
    "message is `Hello`. Whoever follows a channel gets each update once, in the order of cursors.",
)
