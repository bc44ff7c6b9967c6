"""The OpenAPI 3.1 document, from declared operations and the contract's structs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ..contract.problems import PROBLEM_TYPE
from .openapi_schemas import Json, ref, schemas

Who = Literal["anyone", "person", "teacher"]
TOKEN, LOGIN = "hub_token", "hub_login"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query argument, or a header or a part of the path."""

    name: str
    description: str
    schema: Json
    where: Literal["query", "path", "header"] = "query"
    is_required: bool = False

    def described(self) -> Json:
        """As the document has it."""
        return {
            "name": self.name,
            "in": self.where,
            "description": self.description,
            "required": self.is_required or self.where == "path",
            "schema": self.schema,
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered with one status. `schema` is a struct, or a schema that is ready."""

    description: str
    schema: type | Json | None = None
    media_type: str = "application/json"

    def described(self) -> Json:
        """As the document has it."""
        if self.schema is None:
            return {"description": self.description}
        schema = self.schema if isinstance(self.schema, dict) else ref(self.schema.__name__)
        return {"description": self.description, "content": {self.media_type: {"schema": schema}}}


@dataclass(frozen=True, slots=True)
class ProblemAnswer:
    """A status that is answered with a problem document."""

    description: str
    example: Json
    has_retry_after: bool = False
    has_allow: bool = False

    def described(self) -> Json:
        """As the document has it."""
        content = {"schema": ref("Problem"), "examples": {"example": {"value": self.example}}}
        answer: Json = {"description": self.description, "content": {PROBLEM_TYPE: content}}
        if self.has_retry_after:
            answer["headers"] = {"Retry-After": _RETRY_AFTER}
        if self.has_allow:
            answer["headers"] = {"Allow": _ALLOW}
        return answer


_RETRY_AFTER: Json = {
    "description": "Seconds to wait before the request is sent again.",
    "required": True,
    "schema": {"type": "integer", "minimum": 1},
}
_ALLOW: Json = {
    "description": "The methods that this route knows.",
    "required": True,
    "schema": {"type": "string"},
}


@dataclass(frozen=True, slots=True)
class Body:
    """What a request holds; `examples` by their names."""

    description: str
    schema: Json
    examples: Mapping[str, Json]

    def described(self) -> Json:
        """As the document has it."""
        examples = {name: {"value": value} for name, value in self.examples.items()}
        content = {"application/json": {"schema": self.schema, "examples": examples}}
        return {"description": self.description, "required": True, "content": content}


@dataclass(frozen=True, slots=True)
class Operation:
    """One route with one method. `problems` are the statuses that are problem documents."""

    method: Literal["get", "post", "put", "patch", "delete"]
    path: str
    who: Who
    summary: str
    answers: Mapping[int, Answer]
    problems: Sequence[int] = ()
    parameters: Sequence[Parameter] = ()
    body: Body | None = None
    description: str = ""

    def described(self, teach_scope: str) -> Json:
        """As the document has it."""
        answers: Json = {str(status): answer.described() for status, answer in self.answers.items()}
        answers |= {
            str(status): {"$ref": f"#/components/responses/{status}"} for status in self.problems
        }
        roles = [teach_scope] if self.who == "teacher" else []
        described: Json = {
            "operationId": operation_id(self.method, self.path),
            "summary": self.summary,
            "security": [] if self.who == "anyone" else [{TOKEN: roles}, {LOGIN: roles}],
            "responses": dict(sorted(answers.items())),
        }
        if self.description:
            described["description"] = self.description
        if self.parameters:
            described["parameters"] = [parameter.described() for parameter in self.parameters]
        if self.body is not None:
            described["requestBody"] = self.body.described()
        return described


@dataclass(frozen=True, slots=True)
class Api:
    """All that is described: operations, problem answers by status, structs taken and given."""

    operations: Sequence[Operation]
    problems: Mapping[int, ProblemAnswer]
    taken: Sequence[type]
    given: Sequence[type]
    more_schemas: Mapping[str, Json] = field(default_factory=dict)
    teach_scope: str = ""


def operation_id(method: str, path: str) -> str:
    """A name for an operation: `get_classes_class_id_errors`."""
    return "_".join([method, *filter(None, path.translate(_NO_NAME).split("_"))])


_NO_NAME = str.maketrans("/{}.-", "_____")


def document(api: Api, *, base: str, version: str) -> Json:
    """The whole document. `base` is the address that the paths begin at."""
    paths: dict[str, Json] = {}
    for operation in api.operations:
        described = operation.described(api.teach_scope)
        paths.setdefault(operation.path, {})[operation.method] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Jupyter Cell Monitor",
            "version": version,
            "description": "Records the cells that students run and shows them to their teacher.",
            "license": {"name": "BSD-3-Clause", "identifier": "BSD-3-Clause"},
        },
        "servers": [{"url": base}],
        "paths": paths,
        "components": {
            "schemas": _schemas(api),
            "responses": {str(s): answer.described() for s, answer in api.problems.items()},
            "securitySchemes": _SECURITY,
        },
    }


def _schemas(api: Api) -> dict[str, Json]:
    found = schemas(api.taken, _given(api))
    return found | {n: found.get(n, {}) | more for n, more in api.more_schemas.items()}


def _given(api: Api) -> Iterable[type]:
    found = list(api.given)
    for operation in api.operations:
        found += [a.schema for a in operation.answers.values() if isinstance(a.schema, type)]
    return dict.fromkeys(found)


_SECURITY: Json = {
    TOKEN: {
        "type": "http",
        "scheme": "bearer",
        "description": "A token of the Hub, as `Authorization: Bearer …` or `token …`.",
    },
    LOGIN: {
        "type": "apiKey",
        "in": "cookie",
        "name": "service-cell-monitor",
        "description": "The login of the teacher page by the Hub. A request with it carries the "
        "page's `_xsrf` cookie as the header `X-XSRFToken` too.",
    },
}
