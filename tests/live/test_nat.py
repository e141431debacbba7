#!/usr/bin/env python3
"""
A softphone at home behind a router that translates addresses and lets nothing in, another at the office: each calls
the other and both hear. The phone at home knows nothing of the router; its SDP and Contact name a private address.
"""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from lib.baresip import Phone
from lib.daemon import Line, OpenGate
from lib.network import HOME, OFFICE, ROUTER, SERVER, Network, isolate
from lib.talk import TALK_S, Sounds, call_up, check_both_heard, check_record, fresh_record, hang_up, known_records
from lib.tap import add_case, check, check_equal, note, run_cases


def check_registration(gate: OpenGate, home: Phone) -> None:
    """What is known of the phone at home: where it says it is, and where it really comes from."""
    seen = gate.registrations(home.line)[0]
    note(f"contact {seen['contact']}, source {seen['source']}")
    check(HOME in seen["contact"], f"contact {seen['contact']}")
    host, _, port = seen["source"].rpartition(":")
    check_equal(host, ROUTER, "source")
    check(int(port) != home.sip_port, f"the router did not change the port {port}")
    check(seen["nat"], f"it is not known to be behind NAT: {seen}")


def call(gate: OpenGate, sounds: Sounds, lines: tuple[Line, Line], network: Network, transport: str, from_home: bool) -> None:
    known = known_records(gate)
    with ExitStack() as stack:

        def phone(line: Line, at_home: bool, sound: Path) -> Phone:
            return stack.enter_context(
                Phone(
                    line, gate.port, gate.ports, sound, HOME if at_home else OFFICE, transport, server_host=SERVER,
                    space=network.home if at_home else network.office,
                )
            )

        caller = phone(lines[0], from_home, sounds.of_caller)
        callee = phone(lines[1], not from_home, sounds.of_callee)
        try:
            call_up(caller, callee)
            check_registration(gate, caller if from_home else callee)
            time.sleep(TALK_S)
            media = gate.calls()[0]["media"]["a_to_b" if from_home else "b_to_a"]
            check(media["source"].startswith(ROUTER + ":"), f"the home's media comes from {media['source']}")
            hang_up(caller, callee)
            check_both_heard(caller, callee, sounds)
        except Exception:
            note(gate.ladders())
            raise
    check_record(fresh_record(gate, known), *lines)


def main() -> int:
    with tempfile.TemporaryDirectory() as directory, Network() as network:
        with OpenGate(hosts=[SERVER], space=network.carrier) as gate:
            sounds = Sounds(Path(directory))
            lines = tuple(gate.add_lines(2))
            for transport in ("udp", "tcp"):
                for from_home in (True, False):
                    add_case(
                        f"{transport}: {'from home to the office' if from_home else 'from the office to the home'}",
                        lambda t=transport, f=from_home: call(gate, sounds, lines, network, t, f),
                    )
            return run_cases()


if __name__ == "__main__":
    isolate()
    sys.exit(main())
