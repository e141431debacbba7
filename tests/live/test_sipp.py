#!/usr/bin/env python3
"""SIPp plays both phones of a call: hold, late offer, CANCEL at every point, several devices, refusals."""

from __future__ import annotations

import sys
from contextlib import ExitStack

from lib.daemon import Line, OpenGate
from lib.sipp import Sipp, callers
from lib.stage import call, callee, play
from lib.tap import add_case, check, check_equal, note, run_cases
from lib.util import wait_for

REPEATS = 3

# What happens, caller's scenario, callee's scenario, and what the call record must say: code, reason, ended_by.
CALLS = [
    ("a call", "caller_basic", "callee_basic", (200, "normal", "caller")),
    ("a call that the callee ends", "caller_hung_up_on", "callee_hangs_up", (200, "normal", "callee")),
    ("hold and resume by re-INVITE", "caller_hold", "callee_hold", (200, "normal", "caller")),
    ("a late offer", "caller_late_offer", "callee_late_offer", (200, "normal", "caller")),
    ("INFO and OPTIONS in the dialog", "caller_info_options", "callee_info_options", (200, "normal", "caller")),
    ("CANCEL before 100", "caller_cancel_at_once", "callee_cancelled", (487, "cancelled", "caller")),
    ("CANCEL before the phone says anything", "caller_cancel_at_once", "callee_slow_cancelled", (487, "cancelled", "caller")),
    ("CANCEL after 100", "caller_cancel_after_100", "callee_slow_cancelled", (487, "cancelled", "caller")),
    ("CANCEL after 180", "caller_cancel_after_180", "callee_cancelled", (487, "cancelled", "caller")),
    ("CANCEL crossed by the phone's 200", "caller_cancel_after_180", "callee_answers_cancel", (487, "cancelled", "caller")),
    ("CANCEL after the 200", "caller_cancel_after_200", "callee_basic", (200, "normal", "caller")),
    ("busy", "caller_486", "callee_busy", (486, "busy", "callee")),
    ("declined", "caller_603", "callee_declines", (603, "declined", "callee")),
    ("no answer by the phone", "caller_480", "callee_unavailable", (480, "no_answer", "callee")),
    ("a redirection to who has no number", "caller_480", "callee_moved", (480, "redirected", "callee")),
]


def check_records(gate: OpenGate, known: set[str], count: int, wanted: tuple[int, str, str]) -> None:
    fresh = wait_for(
        f"{count} call records", lambda: (r := [r for r in gate.records() if r["id"] not in known]) and len(r) >= count and r
    )
    check_equal(len(fresh), count, "call records")
    for record in fresh:
        seen = (record["sip_code"], record["reason"], record["ended_by"])
        check_equal(seen, wanted, "record: sip_code, reason, ended_by")


def known_records(gate: OpenGate) -> set[str]:
    return {r["id"] for r in gate.records()}


def one_call(gate: OpenGate, lines: list[Line], transport: str, row: tuple) -> None:
    _, caller_script, callee_script, wanted = row
    known = known_records(gate)
    keys = {"moved_to": "somebody"}
    play(gate, lines[0], lines[1], caller_script, callee_script, transport=transport, calls=REPEATS, keys=keys)
    check_records(gate, known, REPEATS, wanted)


def refused(gate: OpenGate, lines: list[Line], dialled: str, code: int, reason: str) -> None:
    """The server itself says no."""
    known = known_records(gate)
    call(gate, f"caller_{code}", lines[0], dialled)
    check_records(gate, known, 1, (code, reason, "server"))


def ring_limit(gate: OpenGate, lines: list[Line]) -> None:
    """Nobody picks up: the server gives up (sip.ring_limit_s) and the phone is cancelled."""
    known = known_records(gate)
    play(gate, lines[0], lines[1], "caller_480", "callee_cancelled")
    check_records(gate, known, 1, (480, "no_answer", "server"))


def channel_limit(gate: OpenGate, lines: list[Line]) -> None:
    """A number with two channels that has two calls up: the next one is refused, and works when those are over."""
    gate.text("number", "set", lines[3].number, "--channels", "2")
    with ExitStack() as stack:
        stack.enter_context(callee(gate, "callee_hangs_up_late", [lines[1]]))
        rows = callers([(lines[3], lines[1].number)])
        first = Sipp("caller_hung_up_on", gate.ports.block(2), ("127.0.0.1", gate.port), rows=rows, calls=2)
        stack.enter_context(first)
        gate.wait_calls(2)
        call(gate, "caller_503", lines[3], lines[1].number)
        first.wait()
        gate.wait_calls(0)
    play(gate, lines[3], lines[1], "caller_basic", "callee_basic")


def three_devices(gate: OpenGate, lines: list[Line]) -> None:
    """A number that lets all its devices ring: one answers, the two others are cancelled."""
    forked = lines[4]
    gate.text("number", "set", forked.number, "--policy", "fork")
    known = known_records(gate)
    try:
        with ExitStack() as stack:
            phones = [
                stack.enter_context(callee(gate, script, [forked], instance=f"00000000-0000-4000-8000-00000000000{i}"))
                for i, script in enumerate(("callee_cancelled", "callee_answers_slowly", "callee_cancelled"))
            ]
            check_equal(len(gate.registrations(forked)), 3, "registrations")
            call(gate, "caller_basic", lines[0], forked.number, calls=REPEATS)
            for phone in phones:
                phone.wait_succeeded(REPEATS)
            gate.wait_calls(0)
    except Exception:
        note(gate.ladders())
        raise
    check_records(gate, known, REPEATS, (200, "normal", "caller"))


def newest_device(gate: OpenGate, lines: list[Line]) -> None:
    """The default: the device that registered last replaces the one before, and only that one rings."""
    called = lines[5]
    with (
        callee(gate, "callee_basic", [called], instance="00000000-0000-4000-8000-000000000001") as old,
        callee(gate, "callee_basic", [called], instance="00000000-0000-4000-8000-000000000002") as new,
    ):
        check_equal(len(gate.registrations(called)), 1, "registrations")
        call(gate, "caller_basic", lines[0], called.number)
        new.wait_succeeded(1)
        check_equal(old.succeeded() + old.failed(), 0, "calls at the replaced device")


def identity(gate: OpenGate) -> None:
    """The scenarios claim another display name; the records know who it was (the ladder shows what the phone got)."""
    record = gate.records(limit=1)[0]
    check(record["from"].startswith("0501"), f"record: from {record['from']}")


def main() -> int:
    with OpenGate(sip_ring_limit_s=10) as gate:
        lines = gate.add_lines(6)
        for transport in ("udp", "tcp"):
            for row in CALLS:
                add_case(f"{transport}: {row[0]}", lambda t=transport, row=row: one_call(gate, lines, t, row))
        add_case("three devices ring, one answers", lambda: three_devices(gate, lines))
        add_case("the newest device replaces the older", lambda: newest_device(gate, lines))
        add_case("nobody answers: the ring limit", lambda: ring_limit(gate, lines))
        add_case("the channel limit", lambda: channel_limit(gate, lines))
        add_case("an unallocated number", lambda: refused(gate, lines, "05019999999", 404, "unallocated_number"))
        add_case("a phone that is not registered", lambda: refused(gate, lines, lines[2].number, 480, "not_registered"))
        add_case("the caller is known by its number", lambda: identity(gate))
        add_case("no call is left", lambda: gate.wait_calls(0) and None)
        return run_cases()


if __name__ == "__main__":
    sys.exit(main())
