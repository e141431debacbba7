#!/usr/bin/env python3
"""
Everything at once, for the thread sanitizer's eyes and for the answers: four shards full of calls from one source,
people who ask the API all the time, provisioning, reloads of the configuration, calls that are hung up from outside,
and in the end a drain while calls are up.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

from lib.daemon import Line, OpenGate, Refused
from lib.network import isolate
from lib.sipp import Sipp, callers
from lib.stage import callee
from lib.tap import Failure, case, check, check_equal, note, run_cases
from lib.util import wait_for

CALLS, RATE, AT_ONCE = 300, 30, 40
PHONES = 4
SHARDS = 4


class Bystander(threading.Thread):
    """Does one thing over and over until the block ends; what it raises fails the test there."""

    def __init__(self, what: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self.what, self.over, self.times, self.error = what, threading.Event(), 0, None

    def run(self) -> None:
        while not self.over.wait(0.02):
            try:
                self.what()
            except Exception as error:
                self.error = error
                return
            self.times += 1

    def __enter__(self) -> Bystander:
        self.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.over.set()
        self.join()
        if self.error and not kind:
            raise self.error


def ask_about_calls(gate: OpenGate) -> None:
    for call in gate.calls()[:2]:
        try:
            gate.text("trace", call["id"])
        except Refused as refused:
            note(str(refused))  # its ladder may have given way
    gate.metrics()


def ask_about_the_rest(gate: OpenGate) -> None:
    check(gate.json("status")["shards"] == SHARDS, "status names other shards")
    gate.registrations()
    gate.records(limit=20)
    gate.text("number", "list")


def provision(gate: OpenGate) -> None:
    """A number of its own comes, is changed and goes."""
    line = gate.add_line(100)
    gate.text("number", "set", line.number, "--channels", "5", "--policy", "fork")
    gate.text("number", "password", line.number, "--sip", "--yes")
    gate.text("number", "remove", line.number)


class Reloads:
    """SIGHUP with another log level and other limits each time, and with a mistake now and then."""

    def __init__(self, gate: OpenGate) -> None:
        self.gate, self.count = gate, 0

    def __call__(self) -> None:
        self.count += 1
        self.gate.settings["log_level"] = ("info", "warning")[self.count % 2]
        self.gate.settings["sip_ring_limit_s"] = 100 + self.count % 7
        self.gate.settings["media_timeout_s"] = -1 if self.count % 5 == 0 else 60 + self.count % 4
        self.gate.write_config()
        self.gate.process.signal(signal.SIGHUP)
        time.sleep(0.2)


def every_pair(lines: list[Line]) -> list[list[str]]:
    calling, called = lines[:PHONES], lines[PHONES:]
    return callers([(calling[i % PHONES], called[(i // PHONES) % PHONES].number) for i in range(PHONES * PHONES)])


@case("calls on four shards while others ask, provision and reload: every call goes well, every answer comes")
def _() -> None:
    with OpenGate(shards=SHARDS, media_ports=1600) as gate, ExitStack() as stack:
        lines = gate.add_lines(2 * PHONES, "--channels", "32")
        for line in lines[PHONES:]:
            stack.enter_context(callee(gate, "callee_load", [line]))
        jobs = (
            lambda: ask_about_calls(gate), lambda: ask_about_the_rest(gate), lambda: provision(gate), Reloads(gate)
        )
        with ExitStack() as company:
            crowd = [company.enter_context(Bystander(job)) for job in jobs]
            with Sipp(
                "caller_load", gate.ports.block(2), ("127.0.0.1", gate.port), rows=every_pair(lines), calls=CALLS, rate=RATE,
                at_once=AT_ONCE,
            ) as caller:
                caller.wait()
                check_equal((caller.succeeded(), caller.failed()), (CALLS, 0), "calls that went well, that failed")
        note(f"rounds of asking, asking, provisioning, reloading: {[b.times for b in crowd]}")
        check(all(b.times for b in crowd), "somebody never came to an end with his first round")
        gate.wait_calls(0)
        check_equal(len(gate.wait_records(CALLS)), CALLS, "call records")


def hang_up_one(gate: OpenGate) -> bool:
    """False: it was over before the word came."""
    call = wait_for("a call that is up", lambda: next((c for c in gate.calls() if c["state"] == "answered"), None))
    try:
        gate.text("calls", "hangup", call["id"])
    except Failure:
        return False
    return True


@case("a drain while calls are up and others ask")
def _() -> None:
    with OpenGate(shards=SHARDS, media_ports=800, shutdown_grace_s=30) as gate, ExitStack() as stack:
        lines = gate.add_lines(2 * PHONES, "--channels", "32")
        for line in lines[PHONES:]:
            stack.enter_context(callee(gate, "callee_hangs_up_late", [line]))
        count = 2 * PHONES
        caller = stack.enter_context(
            Sipp(
                "caller_hung_up_on", gate.ports.block(2), ("127.0.0.1", gate.port), rows=every_pair(lines), calls=count,
                rate=20,
            )
        )
        wait_for("the calls to be up", lambda: [c["state"] for c in gate.calls()] == ["answered"] * count)
        check(hang_up_one(gate), "no call could be hung up")
        process = gate.process
        process.signal(signal.SIGTERM)
        while process.running():
            gate.knock()
        caller.wait()
        check_equal(process.wait(), 0, "exit status after the drain")
        gate.process = None
        gate.start()
        ended_by = sorted(r["ended_by"] for r in gate.records())
        check_equal(ended_by, ["callee"] * (count - 1) + ["server"], "ended_by of the calls")


if __name__ == "__main__":
    isolate()
    sys.exit(run_cases())
