#!/usr/bin/env python3
"""
Many calls with sound, as fast as the machine takes them up to a rate: none fails, each has its record with what was
heard, memory stays flat, and at the end everything that the server counts is back to what it was.

SIPp opens no more than AT_ONCE calls at a time, so that a machine that is busy with something else makes the run
slower, not the sockets overflow.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import ExitStack
from dataclasses import dataclass

from lib.daemon import Line, OpenGate, sanitized
from lib.sipp import Sipp, callers
from lib.stage import callee
from lib.tap import case, check, check_equal, note, run_cases
from lib.util import wait_for

CALLS = int(os.environ.get("OPENGATE_LOAD_CALLS", "1000" if sanitized() else "10000"))
RATE = float(os.environ.get("OPENGATE_LOAD_RATE", "50" if sanitized() else "150"))
AT_ONCE = 80
CALLERS, CALLED = 8, 8
LIMIT_S = 1800
# A leak of a hundred bytes a call would show in the second half of 10,000.
GROWTH_MAX_KIB = 512
KIB_PER_TRANSACTION = 2
# SQLite keeps the pages that it wrote (up to 32 MiB), each with its own bookkeeping.
KIB_PER_DATABASE_KIB = 1.35
# What is held while calls are, and must be given back when they are over.
HELD = ("calls_live", "calls_kept", "legs", "channels_held", "media_endpoints", "server_transactions", "client_transactions")


@dataclass
class Sample:
    calls: int
    rss_kib: int
    database_kib: int
    transactions: int  # those of ended calls stay for 32 s (RFC 3261, RFC 6026)


class Watch(threading.Thread):
    """Looks at the server every second."""

    def __init__(self, gate: OpenGate) -> None:
        super().__init__(daemon=True)
        self.gate, self.samples, self.over = gate, [], threading.Event()

    def look(self) -> None:
        m = self.gate.metrics()
        transactions = m["opengate_server_transactions"] + m["opengate_client_transactions"]
        self.samples.append(
            Sample(
                int(m["opengate_calls_total"]), self.gate.memory_kib(), self.gate.database_bytes() // 1024, int(transactions)
            )
        )

    def run(self) -> None:
        while not self.over.wait(1):
            self.look()

    def __enter__(self) -> Watch:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.join()


def check_flat(samples: list[Sample]) -> None:
    """The second half of the calls against the first, less what is known to grow."""
    halves = [s for s in samples if s.calls <= CALLS // 2], [s for s in samples if s.calls > CALLS // 2]
    check(all(halves), f"too few samples: {samples}")
    rss, transactions, database = (
        [max(getattr(s, name) for s in half) for half in halves] for name in ("rss_kib", "transactions", "database_kib")
    )
    known = int(
        KIB_PER_DATABASE_KIB * (database[1] - database[0]) + KIB_PER_TRANSACTION * max(0, transactions[1] - transactions[0])
    )
    note(
        f"the first half of the calls and the second: VmRSS {rss} KiB, database {database} KiB, "
        f"transactions at most {transactions}; growth {rss[1] - rss[0]} KiB, {known} KiB of it known"
    )
    # A sanitizer holds freed memory back on purpose; there the leak checker looks instead, at the end.
    if not sanitized():
        check(rss[1] - rss[0] <= known + GROWTH_MAX_KIB, f"memory grew from {rss[0]} to {rss[1]} KiB")


def held(gate: OpenGate) -> dict[str, int]:
    m = gate.metrics()
    return {name: int(m[f"opengate_{name}"]) for name in HELD}


def check_nothing_held(gate: OpenGate, before: dict[str, float], descriptors: int) -> None:
    nothing = dict.fromkeys(HELD, 0)
    wait_for("all that calls held", lambda: held(gate) == nothing, limit_s=120)
    after = gate.metrics()
    for name in ("opengate_timers", "opengate_buffer_bytes"):
        check_equal(after[name], before[name], name)
    for name in ("opengate_calls_total", "opengate_calls_answered_total"):
        check_equal(after[name] - before[name], CALLS, name)
    check_equal(after["opengate_inbox_full_total"], 0, "opengate_inbox_full_total")
    # Port pairs stay open for the next calls; the connection of our last question may still be closing.
    most = descriptors + 2 * int(after["opengate_media_pairs_ready"])
    wait_for(f"no more than {most} descriptors", lambda: gate.descriptors() <= most)


def check_call_records(gate: OpenGate) -> None:
    records = gate.wait_records(CALLS)
    check_equal(len(records), CALLS, "call records")
    check_equal(len({r["id"] for r in records}), CALLS, "different ids among them")
    bad = [r for r in records if (r["sip_code"], r["reason"], r["ended_by"]) != (200, "normal", "caller")]
    check(not bad, f"{len(bad)} records are not of answered calls; the first: {bad[:1]}")
    for direction in ("a_to_b", "b_to_a"):
        mute = [r for r in records if r["quality"][direction]["packets"] == 0]
        check(not mute, f"{len(mute)} records say that nothing was heard {direction}; the first: {mute[:1]}")


def every_pair(lines: list[Line]) -> list[list[str]]:
    calling, called = lines[:CALLERS], lines[CALLERS:]
    return callers([(calling[i % CALLERS], called[(i // CALLERS) % CALLED].number) for i in range(CALLERS * CALLED)])


def make_calls(gate: OpenGate, phone: Sipp, rows: list[list[str]]) -> list[Sample]:
    port = gate.ports.block(2)
    with Watch(gate) as watch, Sipp(
        "caller_load", port, ("127.0.0.1", gate.port), rows=rows, calls=CALLS, rate=RATE, at_once=AT_ONCE, limit_s=LIMIT_S
    ) as caller:
        caller.wait()
        check_equal((caller.succeeded(), caller.failed()), (CALLS, 0), "calls that went well, that failed")
    phone.wait_succeeded(CALLS)
    watch.look()
    return watch.samples


@case(f"{CALLS} calls: none fails, each has its record and its media figures, memory is flat, nothing is held")
def _() -> None:
    # Ladders fill their share of memory first; a small share is full long before half of the calls.
    with OpenGate(media_ports=4000, trace_memory_mb=1, log_level="warning") as gate, ExitStack() as stack:
        lines = gate.add_lines(CALLERS + CALLED, "--channels", "32")
        phone = stack.enter_context(callee(gate, "callee_load", lines[CALLERS:], limit_s=LIMIT_S))
        wait_for("the transactions of the registrations to be over", lambda: not any(held(gate).values()), limit_s=120)
        before, descriptors = gate.metrics(), gate.descriptors()
        samples = make_calls(gate, phone, every_pair(lines))
        check_call_records(gate)
        check_nothing_held(gate, before, descriptors)
        check_flat(samples)


if __name__ == "__main__":
    sys.exit(run_cases())
