#!/usr/bin/env python3
"""Calls from a trusted source need no password; from anywhere else, and for REGISTER, they do."""

from __future__ import annotations

import random
import sys

from lib.daemon import DOMAIN, Line, OpenGate
from lib.sip import Client
from lib.tap import add_case, check_equal, run_cases
from lib.util import wait_for

TRUSTED, STRANGER = "127.0.0.2", "127.0.0.3"


def request(client: Client, method: str, uri: str, user: str, more: list[str]) -> int:
    """The code of the final response; an INVITE's is acknowledged."""
    branch, call_id, tag = (f"{random.getrandbits(64):x}" for _ in range(3))
    head = [
        f"Via: SIP/2.0/UDP {client.local[0]}:{client.local[1]};branch=z9hG4bK{branch};rport",
        "Max-Forwards: 70",
        f"From: <sip:{user}@{DOMAIN}>;tag={tag}",
        f"Call-ID: {call_id}",
    ]
    lines = [f"{method} {uri} SIP/2.0", *head, f"To: <{uri}>", f"CSeq: 1 {method}"]
    contact = f"Contact: <sip:pbx@{client.local[0]}:{client.local[1]}>"
    client.send("\r\n".join([*lines, contact, *more, "Content-Length: 0", "", ""]))
    answer = client.final()
    if method == "INVITE":
        to = answer.headers("To")[0]
        lines = [f"ACK {uri} SIP/2.0", *head, f"To: {to}", "CSeq: 1 ACK", "Content-Length: 0", "", ""]
        client.send("\r\n".join(lines))
    return answer.code


def invite(gate: OpenGate, host: str, called: Line, user: str, *more: str) -> int:
    with Client("udp", (host, 0), ("127.0.0.1", gate.port)) as client:
        return request(client, "INVITE", f"sip:{called.number}@{DOMAIN}", user, list(more))


def call_of(gate: OpenGate, caller: Line, called: Line, user: str, *more: str) -> None:
    """The called phone is not registered: 480 says that the caller was believed, and the record says who he is."""
    known = len(gate.records(caller))
    check_equal(invite(gate, TRUSTED, called, user, *more), 480, f"INVITE of {user} {more}")
    records = wait_for("the call record", lambda: (r := gate.records(caller)) and len(r) > known and r)
    check_equal((records[0]["from"], records[0]["to"]), (caller.number, called.number), "the record")


def refused_register(gate: OpenGate, line: Line) -> None:
    with Client("udp", (TRUSTED, 0), ("127.0.0.1", gate.port)) as client:
        check_equal(request(client, "REGISTER", f"sip:{DOMAIN}", line.account, []), 401, "REGISTER without a password")


def main() -> int:
    with OpenGate(sip_trusted=[f"{TRUSTED}/32"], ipv6=False) as gate:
        caller, other, called = gate.add_lines(3)
        abroad = "+81" + other.number[1:]

        def code(wanted: int, host: str, user: str, *more: str):
            return lambda: check_equal(invite(gate, host, called, user, *more), wanted, "the final response")

        add_case("the number in From", lambda: call_of(gate, caller, called, caller.number))
        add_case(
            "P-Asserted-Identity comes before From",
            lambda: call_of(gate, other, called, caller.number, f"P-Asserted-Identity: <sip:{other.number}@pbx.example>"),
        )
        add_case(
            "P-Asserted-Identity as a tel: URI, the second of two",
            lambda: call_of(
                gate, other, called, "anonymous", f"P-Asserted-Identity: <sip:front-desk@pbx.example>, <tel:{abroad}>"
            ),
        )
        add_case("a number that is not ours is refused", code(403, TRUSTED, "0312345678"))
        add_case("an account is not a number", code(403, TRUSTED, caller.account))
        add_case(
            "an asserted number that is not ours is refused, whatever From says",
            code(403, TRUSTED, caller.number, "P-Asserted-Identity: <tel:+81312345678>"),
        )
        add_case("another source is asked for its password", code(407, STRANGER, caller.number))
        add_case(
            "another source's P-Asserted-Identity changes nothing",
            code(407, STRANGER, caller.number, f"P-Asserted-Identity: <sip:{caller.number}@{DOMAIN}>"),
        )
        add_case("REGISTER is asked for its password from everywhere", lambda: refused_register(gate, caller))
        return run_cases()


if __name__ == "__main__":
    sys.exit(main())
