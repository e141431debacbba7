#!/usr/bin/env python3
"""
Broken datagrams by the thousand (storm/), SIP, SDP and RTP, from phones with good credentials, while other phones
register and call: no crash, their calls go well, and afterwards nothing is left.

`make storm` does it with a million; memory is compared there: a storm of a fifth goes before, so that every pool and
buffer has seen its worst.
"""

from __future__ import annotations

import json
import os
import sys

from lib.daemon import DOMAIN, OpenGate, build_root, sanitized
from lib.sip import Client, Registration
from lib.stage import call, callee
from lib.tap import case, check, check_equal, note, run_cases
from lib.util import Process, wait_for

DATAGRAMS = int(os.environ.get("OPENGATE_STORM_DATAGRAMS", "50000"))
RATE = int(os.environ.get("OPENGATE_STORM_RATE", "1500" if sanitized() else "4000"))
SEED = os.environ.get("OPENGATE_STORM_SEED", "1")
PHONES = 8
MEMORY_FROM = 1_000_000
GROWTH_MAX_KIB = 8192
# Pools and buffers keep what they once needed. A storm that saw more transactions at a time may leave more behind.
TRANSACTION_KIB = 2
NOTHING_LEFT = ("calls", "channels_held", "media_endpoints", "transactions")


def storm(gate: OpenGate, lines: list, datagrams: int, seed: str) -> Process:
    phones = [f"{line.account}:{line.password}:{line.number}" for line in lines]
    numbers = [str(n) for n in (datagrams, RATE)]
    media = [str(gate.media_first), str(gate.media_last)]
    command = [str(build_root() / "tests/live/storm"), str(gate.port), DOMAIN, *numbers, seed, *media, *phones]
    return Process(command, gate.dir / f"storm-{seed}.log")


def register_once(gate: OpenGate, line) -> None:
    with Client("udp", ("127.0.0.1", 0), ("127.0.0.1", gate.port)) as client:
        contact = f"sip:{line.account}@127.0.0.1:{client.local[1]}"
        registration = Registration(client, DOMAIN, line.account, line.password, contact)
        check_equal(registration.register(60).code, 200, "REGISTER meanwhile")
        check_equal(registration.register(0).code, 200, "its end")


def call_meanwhile(gate: OpenGate, bad: Process, caller, called) -> tuple[int, int]:
    """
    As long as the storm lasts, and once more behind it: everybody else's telephone works. How many calls, and the
    most transactions that were seen.
    """
    calls, peak = 0, 0
    while True:
        last = not bad.running()
        register_once(gate, caller)
        call(gate, "caller_basic", caller, called.number)
        calls, peak = calls + 1, max(peak, gate.json("status")["transactions"])
        if last:
            return calls, peak


def weather(gate: OpenGate, lines: list, datagrams: int, seed: str) -> tuple[int, int]:
    """One storm from beginning to end; the resident memory when all is over, and the most transactions."""
    bad = storm(gate, lines[2:], datagrams, seed)
    try:
        with callee(gate, "callee_basic", [lines[1]], limit_s=1800) as phone:
            calls, peak = call_meanwhile(gate, bad, lines[0], lines[1])
            phone.wait_succeeded(calls)
    finally:
        bad.end()
    told = bad.output().strip().splitlines()
    check_equal(bad.child.returncode, 0, f"the storm's exit status ({told[-3:]})")
    counts = json.loads(told[-1])
    note(f"{counts}; {calls} calls meanwhile; at most {peak} transactions")
    check(counts["broken"] >= datagrams, f"not all was sent: {counts}")
    check(counts["connected"] > 0 and counts["requests"] > 0, f"the storm's own calls never came about: {counts}")
    calm(gate)
    return gate.memory_kib(), peak


def calm(gate: OpenGate) -> None:
    """
    What was left hanging ends by itself, but for calls on hold and calls that agreed on no stream at all: those may
    wait for ever, and are ended here.
    """

    def nothing_left() -> bool:
        status = gate.json("status")
        for one in gate.calls():
            if one["held"] or (one["state"] == "answered" and status["media_endpoints"] == 0):
                gate.text("calls", "hangup", one["id"])
        status = gate.json("status")
        return all(status[key] == 0 for key in NOTHING_LEFT)

    try:
        wait_for(f"{', '.join(NOTHING_LEFT)} to be 0", nothing_left, limit_s=240, poll_s=0.5)
    except Exception:
        note(json.dumps(gate.json("status")))
        note(json.dumps(gate.calls()[:3]))
        raise
    # All of it can still be told: what is no UTF-8 in a message must not break an answer.
    gate.registrations()
    gate.records(limit=1000)


@case(f"{DATAGRAMS} broken datagrams: no crash, calls go on, nothing is left")
def _() -> None:
    # Ports of the relay for all calls that the channels allow; what is left hanging ends soon. Where memory is compared
    # there is one shard: which of several gets how much is for the kernel to say, and each keeps its own worst.
    with OpenGate(
        shards="auto" if DATAGRAMS < MEMORY_FROM else 1,
        media_ports=2400,
        trace_memory_mb=1,
        media_timeout_s=10,
        sip_ring_limit_s=10,
        log_level="warning",
    ) as gate:
        lines = gate.add_lines(PHONES + 2, "--channels", "16")
        if DATAGRAMS < MEMORY_FROM:
            weather(gate, lines, DATAGRAMS, SEED)
            return
        before, peak_before = weather(gate, lines, DATAGRAMS // 5, SEED + "0")
        after, peak_after = weather(gate, lines, DATAGRAMS, SEED)
        allowed = GROWTH_MAX_KIB + max(0, peak_after - peak_before) * TRANSACTION_KIB
        note(f"VmRSS {before} KiB after {DATAGRAMS // 5}, {after} KiB after {DATAGRAMS} more")
        check(after - before <= allowed, f"memory grew from {before} to {after} KiB")


if __name__ == "__main__":
    sys.exit(run_cases())
