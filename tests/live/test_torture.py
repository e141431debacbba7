#!/usr/bin/env python3
"""
The torture messages of RFC 4475 and RFC 5118 (tests/torture) at the server, over UDP and TCP. An answer is right when it
has the status that tests/torture/cases names; that none comes is known because the answer to a later request is there.
"""

from __future__ import annotations

import random
import re
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path

from lib.daemon import DOMAIN, Line, OpenGate
from lib.sip import Response, credentials
from lib.tap import add_case, check, check_equal, run_cases

TORTURE = Path(__file__).resolve().parent.parent / "torture"


@dataclass
class Case:
    name: str
    clause: str = ""
    wants: str = ""
    udp: str = ""
    tcp: str = ""
    auth: str = ""
    message: bytes = field(default=b"", repr=False)


def read_cases() -> list[Case]:
    cases: list[Case] = []
    for line in (TORTURE / "cases").read_text().splitlines():
        if line.startswith("["):
            cases.append(Case(line.strip("[]")))
        key, _, value = line.partition(" ")
        if cases and key in ("clause", "wants", "udp", "tcp", "auth"):
            setattr(cases[-1], key, value)
    for case in cases:
        case.message = (TORTURE / "messages" / case.name).read_bytes()
    return cases


def as_new(message: bytes) -> bytes:
    """The same under another Call-ID and branch: what comes over a second transport is no retransmission."""
    mark = f"n{random.getrandbits(48):x}".encode()
    head, end, body = message.partition(b"\r\n\r\n")
    head = re.sub(rb"(?im)^(call-id *: *[^\r]+)", rb"\g<1>" + mark, head, count=1)
    head = re.sub(rb"(?i)(branch *= *)z9hG4bK(?=[^\r;,])", rb"\g<1>z9hG4bK" + mark, head, count=1)
    return head + end + body


def last_question(call_id: str) -> bytes:
    """After its answer nothing more is to come for what was sent before."""
    return (
        f"OPTIONS sip:{DOMAIN} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{call_id}\r\n"
        f"From: <sip:last@example.com>;tag=1\r\nTo: <sip:{DOMAIN}>\r\nCall-ID: {call_id}\r\nCSeq: 1 OPTIONS\r\n"
        "Content-Length: 0\r\n\r\n"
    ).encode()


class Wire:
    """One socket; answers come whole, in order."""

    def __init__(self, transport: str, port: int) -> None:
        self.transport = transport
        kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
        self.socket = socket.socket(socket.AF_INET, kind)
        self.socket.settimeout(30)
        self.socket.connect(("127.0.0.1", port))
        self.data = b""

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def _from_stream(self) -> bytes:
        while True:
            head, end, rest = self.data.partition(b"\r\n\r\n")
            length = re.search(rb"(?im)^content-length: *(\d+)", head)
            if end and length and len(rest) >= int(length[1]):
                self.data = rest[int(length[1]) :]
                return head + end + rest[: int(length[1])]
            got = self.socket.recv(65535)
            if not got:
                return b""
            self.data += got

    def answer(self) -> Response | None:
        """None: the server has closed the connection."""
        data = self._from_stream() if self.transport == "tcp" else self.socket.recv(65535)
        return Response(data.decode(errors="replace")) if data else None

    def answers(self, message: bytes, close: bool = False) -> list[Response]:
        """The final ones to this message; the stream's end ends them too, which must happen only when it is wanted."""
        mine, found = f"last{random.getrandbits(48):x}", []
        self.socket.sendall(message)
        if not close:
            self.socket.sendall(last_question(mine))
        while True:
            answer = self.answer()
            if answer is None:
                check(close, "the server closed the connection")
                return found
            if mine in answer.headers("Call-ID"):
                return found
            if answer.code >= 200:
                found.append(answer)


def check_waits(wire: Wire, message: bytes, wanted: str) -> None:
    """Nothing is answered before the body is as long as was promised; then the answer is there."""
    head, end, body = message.partition(b"\r\n\r\n")
    promised = re.search(rb"(?im)^content-length: *(\d+)", head)
    wire.socket.sendall(message)
    if promised and int(promised[1]) > len(body):
        wire.socket.sendall(b"x" * (int(promised[1]) - len(body)))
    answer = wire.answer()
    check_equal(str(answer.code) if answer else "closed", wanted, "the answer")


def check_answer(case: Case, transport: str, port: int) -> None:
    wanted, _, more = getattr(case, transport).partition(" ")
    with Wire(transport, port) as wire:
        if "waits" in (wanted, more):
            check_waits(wire, as_new(case.message), more if wanted == "waits" else wanted)
            return
        found = wire.answers(as_new(case.message), close=more == "closed")
    codes = [str(a.code) for a in found]
    if wanted == "none":
        check_equal(codes, [], "answers")
        return
    check_equal(codes[:1], [wanted], "the answer")
    check(len(set(codes)) == 1, f"one answer was wanted, seen {codes}")
    check_what_it_says(found[0])


def check_what_it_says(answer: Response) -> None:
    """What a refusal must name (RFC 3261 §21.4)."""
    if answer.code == 420:
        check_equal(len(answer.headers("Unsupported")), 4, "Unsupported headers")
    if answer.code == 415:
        check_equal(answer.headers("Accept"), ["application/sdp"], "Accept")
    if answer.code in (405, 501):
        check(answer.headers("Allow"), "there is no Allow")


def authenticated(message: bytes, asked: Response, line: Line) -> bytes:
    """The request again, with credentials, as a transaction of its own."""
    method, uri = message.decode(errors="replace").split(" ")[:2]
    answer = credentials(asked.headers("WWW-Authenticate"), method, uri, line.account, line.password)
    again = re.sub(rb"branch=z9hG4bK", b"branch=z9hG4bKagain", message, count=1)
    start, _, rest = again.partition(b"\r\n")
    return start + f"\r\nAuthorization: {answer}\r\n".encode() + rest


def check_authenticated(case: Case, transport: str, port: int, line: Line) -> None:
    with Wire(transport, port) as wire:
        message = as_new(case.message)
        asked = wire.answers(message)
        check_equal([a.code for a in asked], [401], "the first answer")
        found = wire.answers(authenticated(message, asked[0], line))
    check_equal([str(a.code) for a in found], [case.auth], "the answer to good credentials")
    if case.auth == "200":
        check(found[0].headers("Contact"), "no contact is told")


def main() -> int:
    cases = read_cases()
    with OpenGate(shards=1) as gate:
        line = gate.add_lines(1)[0]
        for case in cases:
            for transport in ("udp", "tcp"):
                wanted = getattr(case, transport)
                add_case(
                    f"{case.clause} {case.name} over {transport}: {wanted}",
                    lambda c=case, t=transport: check_answer(c, t, gate.port),
                )
                if case.auth:
                    add_case(
                        f"{case.clause} {case.name} over {transport}, authenticated: {case.auth}",
                        lambda c=case, t=transport: check_authenticated(c, t, gate.port, line),
                    )
        return run_cases()


if __name__ == "__main__":
    sys.exit(main())
