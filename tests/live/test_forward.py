#!/usr/bin/env python3
"""
Call forwarding with real peers: SIPp plays caller, forwarder and target, Kamailio the telephone network. What
opengatectl sets is what happens, both parts are recorded, and a forwarded call outlives kill -9.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from lib.daemon import OpenGate, Refused
from lib.kamailio import PASSWORD, USER, Kamailio
from lib.phones import Phone, World
from lib.sipp import Sipp
from lib.stage import call, callee
from lib.tap import Failure, case, check, check_equal, note, run_cases
from lib.util import wait_for


class Town:
    """Somebody who calls, somebody who forwards, and where to."""

    def __init__(self, gate: OpenGate) -> None:
        self.gate = gate
        self.caller, self.forwarder, self.target = gate.add_lines(3)

    def set(self, kind: str, to: str, *more: str) -> None:
        self.gate.json("forward", "set", self.forwarder.number, kind, "on", "--to", to, *more)

    def records(self, count: int) -> list[dict]:
        self.gate.wait_calls(0)
        check_equal(self.gate.json("status")["channels_held"], 0, "channels held")
        return self.gate.wait_records(count)


@contextmanager
def town() -> Iterator[Town]:
    with OpenGate(ipv6=False) as gate:
        try:
            yield Town(gate)
        except Exception:
            note(gate.ladders())
            raise


def check_parts(records: list[dict], place: Town, kind: str, to: str, direction: str = "internal") -> None:
    """The caller's part and the forwarder's, linked."""
    parts = {r["from"]: r for r in records}
    first, second = parts[place.caller.number], parts[place.forwarder.number]
    seen = [(r["to"], r["forward"], r["sip_code"], r["direction"]) for r in (first, second)]
    check_equal(
        seen, [(place.forwarder.number, None, 200, "internal"), (to, kind, 200, direction)], "to, forward, code, direction"
    )
    check_equal(second["call"], first["id"], "the call that the forwarding is a part of")
    check(second["started_at"] >= first["started_at"] and second["answered_at"] == first["answered_at"], "times")
    listed = place.gate.rows("records", "--call", first["id"])
    check_equal({r["id"] for r in listed}, {first["id"], second["id"]}, "records of that call")


KINDS = [
    # the kind, what the forwarder's phone does (None: it is not registered), further settings
    ("unconditional", "callee_basic", ()),
    ("busy", "callee_busy", ()),
    ("no-answer", "callee_cancelled", ("--ring", "1")),
    ("not-registered", None, ()),
]


def forwards(kind: str, phone: str | None, settings: tuple[str, ...]) -> None:
    with town() as place, ExitStack() as stack:
        place.set(kind, place.target.number, *settings)
        forwarder = stack.enter_context(callee(place.gate, phone, [place.forwarder])) if phone else None
        target = stack.enter_context(callee(place.gate, "callee_basic", [place.target]))
        call(place.gate, "caller_basic", place.caller, place.forwarder.number)
        target.wait_succeeded(1)
        if forwarder and kind != "unconditional":
            forwarder.wait_succeeded(1)
        check_parts(place.records(2), place, kind.replace("-", "_"), place.target.number)


for row in KINDS:
    case(f"{row[0]}: SIPp's caller talks to the target")(lambda r=row: forwards(*r))


@case("302 of the telephone is followed")
def _() -> None:
    with town() as place, ExitStack() as stack:
        keys = {"moved_to": place.target.number}
        stack.enter_context(callee(place.gate, "callee_moved", [place.forwarder], keys=keys))
        target = stack.enter_context(callee(place.gate, "callee_basic", [place.target]))
        call(place.gate, "caller_basic", place.caller, place.forwarder.number)
        target.wait_succeeded(1)
        check_parts(place.records(2), place, "deflected", place.target.number)


@case("to the telephone network: Kamailio hears who forwarded")
def _() -> None:
    with town() as place, ExitStack() as stack:
        gate, behind = place.gate, place.gate.ports.block(2)
        proxy = stack.enter_context(Kamailio(gate.ports.block(2), gate.port, behind))
        secret = gate.dir / "carrier-secret"
        secret.write_text(PASSWORD + "\n")
        gate.json(
            "trunk", "add", "carrier", "--host", f"127.0.0.1:{proxy.port}", "--format", "plus",
            "--user", USER, "--password-file", str(secret),
        )  # fmt: skip
        place.set("busy", "0312345678")
        stack.enter_context(callee(gate, "callee_busy", [place.forwarder]))
        network = stack.enter_context(Sipp("network_callee", behind, calls=0))
        call(gate, "caller_basic", place.caller, place.forwarder.number)
        network.wait_succeeded(1)
        records = place.records(2)
        check_parts(records, place, "busy", "0312345678", "out")
        ladder = gate.text("trace", next(r["id"] for r in records if r["from"] == place.caller.number))
        check("call forwarded" in ladder or "forwarded" in ladder, f"the ladder says nothing of it: {ladder}")


@case("what cannot be a target is refused when it is set, and when the rules have changed since")
def _() -> None:
    with town() as place, ExitStack() as stack:
        for wrong in ("110", "0120000000", "00330312345678", "+12125550100", place.forwarder.number):
            try:
                place.set("unconditional", wrong)
            except Refused as refused:
                check("exit 1: " in str(refused), str(refused))
            else:
                raise Failure(f"{wrong} was taken as a target")
        stack.enter_context(callee(place.gate, "callee_basic", [place.target]))
        place.set("unconditional", place.target.number)
        place.gate.json("plan", "rule", "add", "--deny", "--prefix", place.target.number[:7], "--number", place.forwarder.number)
        call(place.gate, "caller_480", place.caller, place.forwarder.number)
        [record] = place.records(1)
        check_equal((record["reason"], record["sip_code"]), ("forwarding_not_permitted", 480), "record")


@case("a circle ends at once")
def _() -> None:
    with town() as place:
        place.set("unconditional", place.target.number)
        place.gate.json("forward", "set", place.target.number, "unconditional", "on", "--to", place.forwarder.number)
        call(place.gate, "caller_482", place.caller, place.forwarder.number)
        check_equal({r["reason"] for r in place.records(2)}, {"forwarding_loop"}, "reasons")


def kill(gate: OpenGate) -> None:
    check_equal(gate.stop(signal.SIGKILL), -signal.SIGKILL, "exit status")
    gate.start()


def phones(place: Town, world: World, answers: str) -> tuple[Phone, Phone]:
    caller = Phone(world, place.caller, place.gate.port, "udp", "at once")
    target = Phone(world, place.target, place.gate.port, "udp", answers)
    for phone in (caller, target):
        phone.register()
    world.wait("both phones to register", lambda: caller.registered and target.registered)
    return caller, target


@case("kill -9: an answered call that was forwarded goes on, with both channels")
def _() -> None:
    with town() as place, World() as world:
        gate = place.gate
        place.set("not-registered", place.target.number)
        caller, target = phones(place, world, "at once")
        talk = caller.call(place.forwarder.number)
        world.wait("the answer", lambda: talk.state == "answered")
        world.wait("sound", lambda: talk.media and talk.media.received > 5)
        check_equal(gate.json("status")["channels_held"], 2, "channels held")
        [shown] = gate.calls()
        check_equal((shown["to"], shown["forwarded_to"]), (place.forwarder.number, place.target.number), "the call as shown")
        kill(gate)
        check_equal(gate.calls()[0]["forwarded_to"], place.target.number, "the target after the restart")
        check_equal(gate.json("status")["channels_held"], 2, "channels held after the restart")
        with world.lock:
            before = talk.media.received
        world.wait("sound to go on", lambda: talk.media.received > before + 5)
        with world.lock:
            talk.bye()
        world.wait("the target to hear of it", lambda: all(c.state == "ended" for c in target.calls.values()))
        check_parts(place.records(2), place, "not_registered", place.target.number)


@case("kill -9 while the target rings: both parts are recorded, no channel stays held")
def _() -> None:
    with town() as place, World() as world:
        gate = place.gate
        place.set("not-registered", place.target.number)
        caller, target = phones(place, world, "never")
        talk = caller.call(place.forwarder.number)
        world.wait("the target to ring", lambda: talk.state == "ringing")
        kill(gate)
        world.wait("the caller to be told", lambda: talk.state == "ended")
        world.wait("the target to be cancelled", lambda: target.cancelled == 1)
        wait_for("no channel to be held", lambda: gate.json("status")["channels_held"] == 0)
        check_equal({r["reason"] for r in place.records(2)}, {"server_restarted"}, "reasons")


if __name__ == "__main__":
    sys.exit(run_cases())
