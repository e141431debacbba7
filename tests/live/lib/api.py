"""The HTTP API over the unix socket. Every answer is held against docs/openapi.yaml."""

from __future__ import annotations

import http.client
import json
import re
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from lib.tap import Failure, check

OPENAPI = Path(__file__).resolve().parents[3] / "docs" / "openapi.yaml"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


class Contract:
    """The operations of the file, and which of them have answered well."""

    def __init__(self) -> None:
        self.document = yaml.safe_load(OPENAPI.read_text())
        self.answered: set[tuple[str, str]] = set()

    def operations(self) -> set[tuple[str, str]]:
        methods = ("get", "post", "put", "patch", "delete")
        return {(m.upper(), path) for path, item in self.document["paths"].items() for m in item if m in methods}

    def _find(self, method: str, path: str) -> tuple[str, dict[str, Any]] | None:
        for template, item in self.document["paths"].items():
            pattern = re.escape(template).replace(r"\{id\}", "[^/]+")
            if re.fullmatch(pattern, path) and method.lower() in item:
                return template, item[method.lower()]
        return None

    def _schema(self, operation: dict[str, Any] | None, status: int, kind: str) -> dict[str, Any]:
        refused = {"$ref": "#/components/responses/Refused"}
        answer = (operation or {}).get("responses", {})
        answer = answer.get(str(status)) or answer.get("default") or (refused if status >= 400 else None)
        check(answer, f"status {status} is not described")
        if "$ref" in answer:
            answer = self.document["components"]["responses"][answer["$ref"].split("/")[-1]]
        check(kind in answer["content"], f"{kind} is not described for {status}: {list(answer['content'])}")
        return answer["content"][kind]["schema"]

    def check(self, method: str, path: str, answer: Answer) -> None:
        if method == "HEAD":
            return
        found = self._find(method, path.split("?")[0])
        schema = self._schema(found and found[1], answer.status, answer.kind)
        body = answer.json if answer.kind == "application/json" else answer.text
        try:
            jsonschema.Draft202012Validator(schema | {"components": self.document["components"]}).validate(body)
            check_times(body)
        except (jsonschema.ValidationError, Failure) as error:
            raise Failure(f"{method} {path}: the answer is not as described: {str(error)[:800]}") from None
        if found and answer.status < 300:
            self.answered.add((method, found[0]))


def check_times(part: Any, name: str = "") -> None:
    if isinstance(part, dict):
        for key, value in part.items():
            check_times(value, key)
    elif isinstance(part, list):
        for value in part:
            check_times(value)
    elif name.endswith("_at") and part is not None:
        check(TIME.fullmatch(part), f"{name}: {part}")


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def kind(self) -> str:
        return self.headers.get("content-type", "").split(";")[0]

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        return self.json["error"]


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("opengate", timeout=timeout)
        self.path = path

    def connect(self) -> None:
        self.sock = connect(self.path, self.timeout)


def connect(path: str | Path, timeout: float = 60) -> socket.socket:
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(timeout)
    client.connect(str(path))
    return client


class Api:
    """place: the unix socket, or (host, port)."""

    contract = Contract()

    def __init__(self, place: str | Path | tuple[str, int]) -> None:
        self.place = place

    def ask(
        self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, timeout: float = 120
    ) -> Answer:
        """body goes as JSON; raw as it stands."""
        if isinstance(self.place, tuple):
            connection: http.client.HTTPConnection = http.client.HTTPConnection(*self.place, timeout=timeout)
        else:
            connection = _Connection(str(self.place), timeout)
        try:
            connection.request(method, path, body=json.dumps(body).encode() if body is not None else raw)
            response = connection.getresponse()
            answer = Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()
        self.contract.check(method, path, answer)
        return answer

    def good(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        answer = self.ask(method, path, body, **options)
        check(answer.status < 300, f"{method} {path}: {answer.status} {answer.body[:300]!r}")
        return answer.json if answer.kind == "application/json" else answer.text

    def refused(self, status: int, code: str, method: str, path: str, body: Any = None, **options: Any) -> dict[str, Any]:
        answer = self.ask(method, path, body, **options)
        seen = (answer.status, answer.json.get("error", {}).get("code") if answer.kind == "application/json" else None)
        check(seen == (status, code), f"{method} {path} {body}: wanted {(status, code)}, seen {answer.status} {answer.body[:300]!r}")
        check("password" not in answer.text or "secret" not in answer.text, "a secret was repeated")
        return answer.error
