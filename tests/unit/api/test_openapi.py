#!/usr/bin/env python3
"""docs/openapi.yaml says what the table of routes says: the same addresses, parameters, fields, permissions.

    test_openapi.py PRINT_ROUTES OPENAPI_YAML
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import yaml

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "live"))

from lib.tap import case, check, check_equal, run_cases  # noqa: E402

PRINT_ROUTES, OPENAPI = sys.argv[1:3]
del sys.argv[1:]
METHODS = ("get", "post", "put", "patch", "delete")

document = yaml.safe_load(Path(OPENAPI).read_text(encoding="ascii"))
routes = {
    (route["method"], route["path"]): route
    for route in map(json.loads, subprocess.run([PRINT_ROUTES], check=True, capture_output=True, text=True).stdout.splitlines())
}
operations = {
    (method.upper(), path): operation | {"parameters": item.get("parameters", []) + operation.get("parameters", [])}
    for path, item in document["paths"].items()
    for method, operation in item.items()
    if method in METHODS
}


def resolve(part: dict) -> dict:
    while "$ref" in part:
        target = document
        for word in part["$ref"].removeprefix("#/").split("/"):
            target = target[word]
        part = target
    return part


def references(part: object) -> list[str]:
    if isinstance(part, dict):
        return [part["$ref"]] if "$ref" in part else [r for v in part.values() for r in references(v)]
    return [r for v in part for r in references(v)] if isinstance(part, list) else []


@case("every route is described, and nothing else")
def _() -> None:
    check_equal(sorted(operations.keys() - routes.keys()), [], "described but not there")
    check_equal(sorted(routes.keys() - operations.keys()), [], "there but not described")


@case("what is open without the unix socket")
def _() -> None:
    for key, route in routes.items():
        check_equal(operations[key].get("security") == [], route["open"], f"{key}: open")


@case("parameters are those that the routes take")
def _() -> None:
    for key, route in routes.items():
        described = [resolve(p) for p in operations[key]["parameters"]]
        names = sorted(p["name"] for p in described if p["in"] == "query")
        check_equal(names, sorted(route["query"]), f"{key}: query parameters")
        check_equal([p["name"] for p in described if p["in"] == "path"], ["id"] if "{id}" in key[1] else [], f"{key}: path")


@case("bodies have the fields that the routes take, with their types")
def _() -> None:
    for key, route in routes.items():
        content = operations[key].get("requestBody", {}).get("content", {})
        wanted = ["text/csv"] if route["csv"] else ["application/json"] if route["body"] is not None else []
        check_equal(list(content), wanted, f"{key}: body")
        if route["body"] is None:
            continue
        schema = resolve(content["application/json"]["schema"])
        check_equal(schema["additionalProperties"], False, f"{key}: additionalProperties")
        described = {
            name: {
                "type": (field := resolve(part)).get("type", "string"),
                "required": name in schema.get("required", []),
            }
            for name, part in schema["properties"].items()
        }
        for part in schema["properties"].values():
            field = resolve(part)
            check("type" in field or all(isinstance(v, str) for v in field["enum"]), f"{key}: a field without type")
        check_equal(described, route["body"], f"{key}: fields")


@case("schemas are good JSON schemas, references lead somewhere, examples fit")
def _() -> None:
    for reference in references(document):
        resolve({"$ref": reference})
    for name, schema in document["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        check(schema.get("type") != "object" or "properties" in schema, f"{name} has no properties")
        for example in schema.get("examples", []):
            validator = jsonschema.Draft202012Validator({"$ref": f"#/components/schemas/{name}"} | document)
            validator.validate(example)
    for key, operation in operations.items():
        for media in operation.get("requestBody", {}).get("content", {}).values():
            check("example" in media, f"{key}: the body has no example")
            jsonschema.Draft202012Validator(media["schema"] | {"components": document["components"]}).validate(media["example"])


@case("every operation has a name of its own, a summary and an answer for refusals")
def _() -> None:
    names = [o["operationId"] for o in operations.values()]
    check_equal(len(set(names)), len(operations), "names")
    for key, operation in operations.items():
        check(operation["summary"] and operation["tags"], f"{key}: no summary or tag")
        check("default" in operation["responses"] or operation.get("security") == [], f"{key}: refusals are not described")


if __name__ == "__main__":
    sys.exit(run_cases())
