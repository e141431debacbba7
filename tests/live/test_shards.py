#!/usr/bin/env python3
"""
Four shards and traffic that comes from a single source, as from a trunk: the kernel hands it all to one socket, and
the calls still live on their own shards. Phones on ports of their own answer on whatever shard they land.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack

from lib.daemon import OpenGate
from lib.sipp import Sipp, callers
from lib.stage import callee
from lib.tap import add_case, check_equal, note, run_cases

CALLS, RATE = 200, 25
PHONES = 4


def many_calls(gate: OpenGate, lines: list, transport: str, script: str, answering: str) -> None:
    calling, called = lines[:PHONES], lines[PHONES:]
    known = len(gate.records())
    rows = callers([(calling[i % PHONES], called[(i // PHONES) % PHONES].number) for i in range(PHONES * PHONES)])
    try:
        with ExitStack() as stack:
            phones = [stack.enter_context(callee(gate, answering, [line])) for line in called]
            with Sipp(
                script, gate.ports.block(2), ("127.0.0.1", gate.port), transport=transport, rows=rows, calls=CALLS, rate=RATE
            ) as caller:
                caller.wait()
                check_equal((caller.succeeded(), caller.failed()), (CALLS, 0), "calls that went well, that failed")
            for phone in phones:
                phone.wait_succeeded(CALLS // PHONES - PHONES)
            gate.wait_calls(0)
    except Exception:
        note(gate.ladders())
        raise
    check_equal(len(gate.wait_records(known + CALLS)), known + CALLS, "call records")


def main() -> int:
    with OpenGate(shards=4, media_ports=1600) as gate:
        lines = gate.add_lines(2 * PHONES, "--channels", "32")
        for transport in ("udp", "tcp"):
            for what, script, answering in (
                ("calls", "caller_basic", "callee_basic"),
                ("calls ended by the phone", "caller_hung_up_on", "callee_hangs_up"),
                ("holds", "caller_hold", "callee_hold"),
                ("cancelled calls", "caller_cancel_after_180", "callee_cancelled"),
            ):
                add_case(
                    f"4 shards, one {transport} source: {CALLS} {what}",
                    lambda t=transport, s=script, a=answering: many_calls(gate, lines, t, s, a),
                )
        return run_cases()


if __name__ == "__main__":
    sys.exit(main())
