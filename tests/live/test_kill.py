#!/usr/bin/env python3
"""
kill -9 of the server: calls go on, calls that were being set up end, records are complete, nothing is left over.

OPENGATE_KILL_CALLS and OPENGATE_KILL_ROUNDS: how many answered calls are there at a time, how often it is killed.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import sqlite3
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from lib.audio import compare, write_known_sound
from lib.baresip import Phone as Softphone
from lib.daemon import Line, OpenGate, sanitized
from lib.phones import Call, Phone, World
from lib.tap import case, check, check_equal, note, run_cases
from lib.util import wait_for

CALLS = int(os.environ.get("OPENGATE_KILL_CALLS", "12"))
ROUNDS = int(os.environ.get("OPENGATE_KILL_ROUNDS", "3"))
KILLED = -signal.SIGKILL


@dataclass
class Town:
    """Callers and called phones in pairs, at one server."""

    gate: OpenGate
    world: World
    callers: list[Phone] = field(default_factory=list)
    called: list[Phone] = field(default_factory=list)
    made: int = 0  # calls that must have a record

    def settle(self, count: int, transports: tuple[str, ...] = ("udp",), answers: str = "at once") -> None:
        self.gate.add_customer()
        for i in range(count):
            transport = transports[i % len(transports)]
            self.callers.append(self.phone(2 * i, transport, "at once"))
            self.called.append(self.phone(2 * i + 1, transport, answers))
        everybody = self.callers + self.called
        for phone in everybody:
            phone.register()
        self.world.wait("all phones to register", lambda: all(p.registered for p in everybody))

    def phone(self, index: int, transport: str, answers: str) -> Phone:
        line = self.gate.add_line(index, "--channels", "4")
        return Phone(self.world, line, self.gate.port, transport, answers)

    def dial(self, index: int) -> Call:
        self.made += 1
        return self.callers[index].call(self.called[index].line.number)

    def talk(self, count: int) -> list[Call]:
        calls = [self.dial(i % len(self.callers)) for i in range(count)]
        self.world.wait("all calls to be answered", lambda: all(c.state == "answered" for c in calls), 120)
        self.world.wait("sound in all calls", lambda: self.sound_in(calls))
        return calls

    def other(self, call: Call) -> Call:
        """The leg at the phone that was called: the one that hears this one."""
        phone = next(p for p in self.called if p.line.number == call.number)
        assert call.media
        ssrc = call.media.ssrc
        return next(c for c in phone.calls.values() if c.media and c.media.heard_ssrc == ssrc)

    def sound_in(self, calls: list[Call]) -> bool:
        heard_by = {c.media.heard_ssrc for p in self.called for c in p.calls.values() if c.media}
        return all(heard(c) and c.media.ssrc in heard_by for c in calls)

    def kill(self) -> None:
        check_equal(self.gate.stop(signal.SIGKILL), KILLED, "exit status")

    def restart(self) -> None:
        self.kill()
        self.gate.start()

    def nothing_left(self) -> None:
        def empty() -> bool:
            status = self.gate.json("status")
            return (status["calls"], status["channels_held"], status["media_endpoints"]) == (0, 0, 0)

        wait_for("no call, channel or port to be left", empty)


def heard(call: Call) -> int:
    return call.media.received if call.media else 0


def sound_goes_on(town: Town, calls: list[Call]) -> None:
    sides = [c for call in calls for c in (call, town.other(call))]
    with town.world.lock:
        before = [heard(c) for c in sides]
    town.world.wait("sound to go on", lambda: all(heard(c) > b + 1 for c, b in zip(sides, before)))


def record_is_whole(record: dict, sent: int) -> None:
    check_equal(record["sip_code"], 200, "record: sip_code")
    check(record["answered_at"] and record["ended_at"], f"record without times: {record}")
    for direction in ("a_to_b", "b_to_a"):
        packets = record["quality"][direction]["packets"]
        check(0 < packets <= sent + 5, f"{direction}: {packets} packets, the phone sent {sent}: {record}")


@case("one call: it goes on, both hear, each side may hang up, the record is whole")
def _() -> None:
    with OpenGate() as gate, World() as world:
        town = Town(gate, world)
        town.settle(1)
        for side in ("caller", "callee"):
            call = town.talk(1)[0]
            time.sleep(1.2)  # the figures are kept once a second
            told = gate.calls()
            town.restart()
            again = gate.calls()
            check_equal([c["id"] for c in again], [c["id"] for c in told], "calls after the restart")
            check_equal(again[0]["state"], "answered", "state")
            check_equal(gate.json("status")["channels_held"], 1, "channels held")
            sound_goes_on(town, [call])
            other = town.other(call)
            with world.lock:
                (call if side == "caller" else other).bye()
            world.wait("the other side to hear of it", lambda: (other if side == "caller" else call).state == "ended")
            town.nothing_left()
            record = gate.wait_records(town.made)[0]
            check_equal(record["ended_by"], side, "ended_by")
            assert call.media
            record_is_whole(record, call.media.sent)
            packets = record["quality"]["a_to_b"]["packets"]
            check(packets >= call.media.sent // 2, f"{packets} packets counted, {call.media.sent} sent")


@case("re-INVITE (hold and resume) and INFO of either side after the restart")
def _() -> None:
    with OpenGate() as gate, World() as world:
        town = Town(gate, world)
        town.settle(1)
        call = town.talk(1)[0]
        other = town.other(call)
        for side in (call, other, call):
            town.restart()
            with world.lock:
                side.finals.clear()
                side.reinvite("sendonly")
            world.wait("the hold to be answered", lambda: side.finals == [200])
            check_equal(gate.calls()[0]["held"], True, "held")
            town.restart()
            check_equal(gate.calls()[0]["held"], True, "held after the restart")
            with world.lock:
                side.reinvite("sendrecv")
            world.wait("the resumption to be answered", lambda: side.finals == [200, 200])
            with world.lock:
                side.info()
            world.wait("INFO to be answered", lambda: side.finals == [200, 200, 200])
            sound_goes_on(town, [call])
        with world.lock:
            call.bye()
        world.wait("the callee to hear of it", lambda: other.state == "ended")
        town.nothing_left()


@case("calls being set up: CANCEL to the phones, 503 to the callers, records, no channel held")
def _() -> None:
    with OpenGate() as gate, World() as world:
        town = Town(gate, world)
        town.settle(4, answers="never")
        calls = [town.dial(i) for i in range(4)]
        world.wait("all to ring", lambda: all(c.state == "ringing" for c in calls))
        town.restart()
        world.wait("all callers to be told", lambda: all(c.state == "ended" for c in calls))
        world.wait("all phones to be cancelled", lambda: all(p.cancelled == 1 for p in town.called))
        check_equal([c.code for c in calls], [503] * 4, "codes")
        check(all("41" in c.reason for c in calls), f"reasons: {[c.reason for c in calls]}")
        town.nothing_left()
        records = gate.wait_records(4)
        check_equal([(r["sip_code"], r["reason"]) for r in records], [(503, "server_restarted")] * 4, "records")
        check(all(r["ringing_at"] for r in records), "records without the time of ringing")


@case("phones over TCP: calls go on over new connections, whoever speaks first")
def _() -> None:
    with OpenGate() as gate, World() as world:
        town = Town(gate, world)
        town.settle(2, transports=("tcp",))
        calls = town.talk(2)
        town.restart()
        check_equal(len(gate.calls()), 2, "calls after the restart")
        sound_goes_on(town, calls)
        others = [town.other(c) for c in calls]
        town.talk(2)  # the phones have not registered again: they are reached at their Contacts
        with world.lock:  # the callee must be reached at its Contact, then the caller
            calls[0].bye()
            others[1].bye()
        world.wait("the others to hear of it", lambda: others[0].state == "ended" and calls[1].state == "ended")
        with world.lock:
            for call in [c for p in town.callers for c in p.calls.values()]:
                call.bye()
        town.nothing_left()
        check_equal(len(gate.wait_records(4)), 4, "records")


@case("a relay port that another program took meanwhile is waited for")
def _() -> None:
    with OpenGate() as gate, World() as world:
        town = Town(gate, world)
        town.settle(1)
        call = town.talk(1)[0]
        assert call.media and call.media.remote
        town.kill()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thief:
            thief.bind(call.media.remote)
            gate.start()
            check_equal(len(gate.calls()), 1, "calls while the port is taken")
        sound_goes_on(town, [call])
        with world.lock:
            call.bye()
        town.nothing_left()


@case("killed again while it starts")
def _() -> None:
    with OpenGate() as gate, World() as world:
        town = Town(gate, world)
        town.settle(3)
        calls = town.talk(6)
        for delay in (0.0, 0.002, 0.01, 0.05):
            town.kill()
            gate.launch()
            time.sleep(delay)
        town.restart()
        check_equal(len(gate.calls()), 6, "calls after the restart")
        sound_goes_on(town, calls)
        with world.lock:
            for call in calls:
                call.bye()
        town.nothing_left()
        check_equal(len(gate.wait_records(6)), 6, "records")


@case("the number of shards changes meanwhile: 1, 4, 3, 1")
def _() -> None:
    with OpenGate(shards=4) as gate, World() as world:
        town = Town(gate, world)
        town.settle(6)
        calls = town.talk(12)
        for shards in (1, 3, 4):
            gate.shards = shards
            gate.write_config()
            town.restart()
            check_equal(len(gate.calls()), 12, f"calls with {shards} shards")
            sound_goes_on(town, calls)
            with world.lock:
                for call in calls:
                    call.finals.clear()
                    call.reinvite()
            world.wait("re-INVITEs to be answered", lambda: all(c.finals == [200] for c in calls))
        others = [town.other(c) for c in calls]
        with world.lock:
            for call in calls[:6]:
                call.bye()
            for other in others[6:]:
                other.bye()
        world.wait("everybody to hear of it", lambda: all(c.state == "ended" for c in calls + others))
        town.nothing_left()
        check_equal(len(gate.wait_records(12)), 12, "records")


@case("SIGUSR2 stops at once and keeps the calls")
def _() -> None:
    with OpenGate() as gate, World() as world:
        town = Town(gate, world)
        town.settle(2)
        calls = town.talk(4)
        check_equal(gate.stop(signal.SIGUSR2), 0, "exit status")
        gate.start()
        check_equal(len(gate.calls()), 4, "calls after the upgrade")
        sound_goes_on(town, calls)
        with world.lock:
            for call in calls:
                call.bye()
        town.nothing_left()
        check_equal(len(gate.wait_records(4)), 4, "records")


@case("registrations that were answered are there after a kill at any moment")
def _() -> None:
    with OpenGate() as gate, World() as world:
        gate.add_customer()
        phones = [Phone(world, gate.add_line(i), gate.port) for i in range(60)]
        for first in range(0, 60, 10):
            assert gate.process
            process = gate.process
            # in the very moment when one of them has its 200
            phones[first + random.randrange(10)].on_registered = lambda: process.signal(signal.SIGKILL)
            for phone in phones[first : first + 10]:
                phone.register()
            check_equal(process.wait(), KILLED, "exit status")
            with world.lock:
                done = {p.line.number for p in phones if p.registered}
            gate.start()
            there = {r["number"] for r in gate.registrations()}
            check(done <= there, f"{len(done - there)} of {len(done)} answered registrations are lost: {done - there}")


@case("killed while another program locked the database: the records are there after the start")
def _() -> None:
    with OpenGate() as gate, World() as world:
        town = Town(gate, world)
        town.settle(1)
        call = town.talk(1)[0]
        other = sqlite3.connect(gate.dir / "data/opengate.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with world.lock:
            call.bye()
        town.nothing_left()
        town.kill()
        other.execute("ROLLBACK")
        other.close()
        gate.start()
        check_equal(len(gate.records()), 1, "records")


@case("a call file that is none is put aside and told of; the server starts")
def _() -> None:
    with OpenGate(shards=1) as gate, World() as world:
        town = Town(gate, world)
        town.settle(1)
        town.talk(1)
        town.kill()
        path = gate.dir / "data/calls-0.og"
        path.write_bytes(os.urandom(4096))
        gate.start()
        check_equal(gate.calls(), [], "calls")
        check(path.with_name("calls-0.og.unread").exists(), "it was not put aside")
        wait_for("it to be told of", lambda: "calls-0.og" in gate.log())  # the log gathers for a moment
        call = town.callers[0].call(town.called[0].line.number)
        world.wait("a new call to be answered", lambda: call.state == "answered")
        with world.lock:
            call.bye()
        town.nothing_left()


@case("two softphones hear each other on, over UDP and TCP, and hang up")
def _() -> None:
    with tempfile.TemporaryDirectory() as directory, OpenGate() as gate:
        sounds = [Path(directory) / "caller.wav", Path(directory) / "callee.wav"]
        for i, sound in enumerate(sounds):
            write_known_sound(sound, i + 1, 30.0)
        lines = gate.add_lines(2)
        for transport in ("udp", "tcp"):
            with (
                Softphone(lines[0], gate.port, gate.ports, sounds[0], transport=transport) as caller,
                Softphone(lines[1], gate.port, gate.ports, sounds[1], transport=transport) as callee,
            ):
                caller.wait_registered()
                callee.wait_registered()
                caller.dial(lines[1].number)
                callee.wait_event("CALL_ESTABLISHED")
                time.sleep(3)
                check_equal(gate.stop(signal.SIGKILL), KILLED, "exit status")
                gate.start()
                time.sleep(4)
                check_equal(len(gate.calls()), 1, "calls after the restart")
                caller.hang_up()
                callee.wait_event("CALL_CLOSED")
                gate.wait_calls(0)
                for who, phone, sound in (("callee", callee, sounds[0]), ("caller", caller, sounds[1])):
                    seen = compare(sound, phone.recording())
                    note(f"{transport}: {who} heard: {seen}")
                    check(seen.heard_ms >= 5000, f"{who} heard only {seen.heard_ms} ms of sound")
                    check(seen.share >= 0.9, f"{who} heard something else than was played: {seen}")


class Churn:
    """Some calls end and others begin all the time, also at the very moment of the kill."""

    def __init__(self, town: Town, calls: list[Call]) -> None:
        self.town, self.steady = town, calls
        self.passing: list[Call] = []
        self.running = True
        with town.world.lock:
            self._act()

    def _act(self) -> None:
        if not self.running:
            return
        answered = [c for c in self.passing if c.state == "answered"]
        if len(answered) > 2:
            random.choice(answered).bye()
        if len(self.passing) - sum(c.state == "ended" for c in self.passing) < 6:
            self.passing.append(self.town.dial(random.randrange(len(self.town.callers))))
        self.town.world.after(random.uniform(0.02, 0.2), self._act)


@case(f"{CALLS} answered calls with media, killed {ROUNDS} times at random moments: none lost, no record lost, nothing left")
def _() -> None:
    pairs = max(CALLS // 2, 3)
    with OpenGate(media_ports=4 * (CALLS + 40), trace_memory_mb=4) as gate, World() as world:
        town = Town(gate, world)
        town.settle(pairs, transports=("udp", "udp", "udp", "tcp"))
        calls = town.talk(CALLS)
        ids = {c["id"] for c in gate.calls()}
        churn = Churn(town, calls)
        for round in range(ROUNDS):
            time.sleep(random.uniform(0.2, 2.0))
            town.restart()
            now = {c["id"] for c in gate.calls()}
            check(ids <= now, f"round {round}: {len(ids - now)} calls are gone: {ids - now}")
            sound_goes_on(town, calls)
        churn.running = False
        left = [c for c in churn.passing if c.state != "ended"]
        try:
            world.wait("the passing calls to be decided", lambda: all(c.state in ("answered", "ended") for c in left))
        finally:
            note("\n".join(str(c) for c in left if c.state not in ("answered", "ended")))
        with world.lock:
            for call in calls + left:
                (call if random.random() < 0.5 or call in left else town.other(call)).bye()
        world.wait("everybody to hear of it", lambda: all(c.state == "ended" for c in calls))
        town.nothing_left()
        records = {r["id"]: r for r in gate.records()}
        lost = ids - records.keys()
        check(not lost, f"{len(lost)} records are lost: {lost}")
        for call_id in ids:
            check_equal(records[call_id]["reason"], "normal", "reason")
            check(records[call_id]["quality"]["a_to_b"]["packets"] > 0, f"no figures: {records[call_id]}")
        note(f"{len(records)} records of {town.made} calls, {sum(c.state == 'ended' for c in churn.passing)} passing ones")


@case("two channels: a third call is refused and told which calls hold them, also after kill -9")
def _() -> None:
    with OpenGate() as gate, World() as world:
        town = Town(gate, world)
        town.settle(1)
        gate.text("number", "set", town.callers[0].line.number, "--channels", "2")
        calls = town.talk(2)
        for killed in (False, True):
            if killed:
                town.restart()
            holders = sorted(c["id"] for c in gate.calls() if c["channel"])
            check_equal((len(holders), gate.json("status")["channels_held"]), (2, 2), "channels held")
            third = town.dial(0)
            world.wait("the third call to be refused", lambda: third.state == "ended")
            check_equal(third.code, 503, "answer")
            record = gate.wait_records(1 + killed)[0]
            check_equal((record["sip_code"], record["reason"]), (503, "channel_limit"), "record")
            check_equal(sorted(record["detail"].split()), holders, "who holds the channels, by the record")
            ladder = gate.text("trace", record["id"])
            check(all(holder in ladder for holder in holders), f"the ladder does not name them: {ladder}")
        with world.lock:
            for call in calls:
                call.bye()
        world.wait("everybody to hear of it", lambda: all(c.state == "ended" for c in calls))
        town.nothing_left()


if __name__ == "__main__":
    sys.exit(run_cases())
