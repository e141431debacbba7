#!/usr/bin/env python3
"""Many calls at rate: none fails, memory stays flat, channels and calls are back to nothing at the end."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack

from lib.daemon import Line, OpenGate, sanitized
from lib.sipp import Sipp, callers
from lib.stage import callee
from lib.tap import case, check, check_equal, note, run_cases

CALLS = int(os.environ.get("OPENGATE_LOAD_CALLS", "1000" if sanitized() else "10000"))
RATE = float(os.environ.get("OPENGATE_LOAD_RATE", "40" if sanitized() else "150"))
WARM_UP = CALLS // 10
CALLERS, CALLED = 8, 8
# Caches of the C library and the database settle; a leak of a hundred bytes a call would show.
GROWTH_MAX_KIB = 4096


def run_calls(gate: OpenGate, phone: Sipp, rows: list[list[str]], count: int) -> None:
    before = phone.succeeded()
    with Sipp(
        "caller_load", gate.ports.block(2), ("127.0.0.1", gate.port), rows=rows, calls=count, rate=RATE, limit_s=600
    ) as caller:
        caller.wait()
        check_equal((caller.succeeded(), caller.failed()), (count, 0), "calls that went well, that failed")
    phone.wait_succeeded(before + count)


def every_pair(lines: list[Line]) -> list[list[str]]:
    calling, called = lines[:CALLERS], lines[CALLERS:]
    return callers([(calling[i % CALLERS], called[(i // CALLERS) % CALLED].number) for i in range(CALLERS * CALLED)])


@case(f"{CALLS} calls at {RATE:.0f} a second: none fails, memory is flat, nothing is left")
def _() -> None:
    with OpenGate(media_ports=4000) as gate, ExitStack() as stack:
        lines = gate.add_lines(CALLERS + CALLED, "--channels", "32")
        phone = stack.enter_context(callee(gate, "callee_load", lines[CALLERS:], limit_s=600))
        rows = every_pair(lines)
        run_calls(gate, phone, rows, WARM_UP)
        gate.wait_calls(0)
        warm_kib, warm_fds = gate.memory_kib(), gate.descriptors()
        run_calls(gate, phone, rows, CALLS)
        gate.wait_calls(0)
        kib, fds = gate.memory_kib(), gate.descriptors()
        note(f"VmRSS {warm_kib} KiB after {WARM_UP} calls, {kib} KiB after {CALLS} more; descriptors {warm_fds}, {fds}")
        # A sanitizer holds freed memory back on purpose; there the leak checker looks instead, at the end.
        check(sanitized() or kib - warm_kib <= GROWTH_MAX_KIB, f"memory grew from {warm_kib} to {kib} KiB")
        check(fds <= warm_fds + 8, f"descriptors grew from {warm_fds} to {fds}")
        check_equal(len(gate.wait_records(CALLS + WARM_UP)), CALLS + WARM_UP, "call records")
        bad = [r for r in gate.records(limit=CALLS + WARM_UP) if r["sip_code"] != 200]
        check(not bad, f"{len(bad)} records are not of answered calls; the first: {bad[:1]}")


if __name__ == "__main__":
    sys.exit(run_cases())
