"""The service's OpenAPI document, and validators of its schemas."""

from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from jupyter_cell_monitor_server.service.handlers.described import API
from jupyter_cell_monitor_server.service.openapi import document

from .app import PREFIX

Json = dict[str, Any]


def the_document() -> Json:
    """As the service of these tests answers it."""
    return document(API, base=PREFIX + "api/v1", version="1.2.3")


def validator(schema: Json, found: Json | None = None) -> Draft202012Validator:
    """A validator of a schema of the document, its references resolved, its formats checked."""
    components = (found or the_document())["components"]
    return Draft202012Validator(
        {**schema, "components": components}, format_checker=FormatChecker()
    )


def named(name: str, found: Json | None = None) -> Draft202012Validator:
    """A validator of the schema with this name."""
    return validator({"$ref": f"#/components/schemas/{name}"}, found)
