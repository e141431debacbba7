#!/usr/bin/env python3
"""
Two softphones call each other through the server, each plays a sound of its own, and what the other hears must be
that sound: over UDP and TCP, IPv4 and IPv6, and from one to the other.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from lib.audio import Comparison, compare, write_known_sound
from lib.baresip import Phone
from lib.daemon import Line, OpenGate
from lib.tap import add_case, check, check_equal, note, run_cases
from lib.util import wait_for

SOUND_S = 30.0   # longer than any call here
TALK_S = 5
# A frame or two may be lost to the start of the phones' jitter buffers or to a busy machine, never a stretch.
MATCH_MIN = 0.9
HEARD_MIN_MS = 3000
SNR_MIN_DB = 30  # G.711 itself leaves about 38

V4, V6 = "127.0.0.1", "::1"
WAYS = [
    ("udp", V4, "udp", V4),
    ("tcp", V4, "tcp", V4),
    ("udp", V6, "udp", V6),
    ("tcp", V6, "tcp", V6),
    ("udp", V4, "udp", V6),
    ("tcp", V6, "udp", V4),
]


class Sounds:
    def __init__(self, directory: Path) -> None:
        self.of_caller, self.of_callee = directory / "caller.wav", directory / "callee.wav"
        write_known_sound(self.of_caller, 1, SOUND_S)
        write_known_sound(self.of_callee, 2, SOUND_S)


def check_heard(who: str, seen: Comparison) -> None:
    note(f"{who} heard: {seen}")
    check(seen.heard_ms >= HEARD_MIN_MS, f"{who} heard only {seen.heard_ms} ms of sound")
    check(seen.share >= MATCH_MIN, f"{who} heard something else than was played: {seen}")
    check(seen.snr_db >= SNR_MIN_DB, f"{who} heard it distorted: {seen}")


def check_quality(record: dict, direction: str) -> None:
    quality = record["quality"][direction]
    note(f"{direction}: {quality}")
    check(quality["packets"] > HEARD_MIN_MS / 20, f"{direction}: {quality['packets']} packets")
    check(quality["lost"] <= quality["packets"] // 50, f"{direction}: {quality['lost']} lost")
    check(3.5 <= quality["mos"] <= 4.5, f"{direction}: MOS {quality['mos']}")
    check(0 <= quality["jitter_ms"] < 100, f"{direction}: jitter {quality['jitter_ms']} ms")


def check_record(record: dict, caller: Line, callee: Line) -> None:
    check_equal((record["from"], record["to"]), (caller.number, callee.number), "record: from, to")
    check_equal(record["sip_code"], 200, "record: sip_code")
    check_equal(record["ended_by"], "caller", "record: ended_by")
    check(record["duration_s"] >= TALK_S - 1, f"record: duration_s {record['duration_s']}")
    check_quality(record, "a_to_b")
    check_quality(record, "b_to_a")


def talk(caller: Phone, callee: Phone) -> None:
    caller.wait_registered()
    callee.wait_registered()
    caller.dial(callee.line.number)
    caller.wait_event("CALL_ESTABLISHED")
    callee.wait_event("CALL_ESTABLISHED")
    time.sleep(TALK_S)
    caller.hang_up()
    callee.wait_event("CALL_CLOSED")


def call_over(gate: OpenGate, sounds: Sounds, lines: tuple[Line, Line], way: tuple[str, str, str, str]) -> None:
    known = {r["id"] for r in gate.records()}
    with (
        Phone(lines[0], gate.port, gate.ports, sounds.of_caller, way[1], way[0]) as caller,
        Phone(lines[1], gate.port, gate.ports, sounds.of_callee, way[3], way[2]) as callee,
    ):
        try:
            talk(caller, callee)
            check_heard("callee", compare(sounds.of_caller, callee.recording()))
            check_heard("caller", compare(sounds.of_callee, caller.recording()))
        except Exception:
            note(gate.ladders())
            raise
    fresh = wait_for("the call's record", lambda: [r for r in gate.records() if r["id"] not in known])
    check_equal(len(fresh), 1, "records of one call")
    check_record(fresh[0], *lines)


def ladder_shows_both_legs(gate: OpenGate) -> None:
    ladder = gate.text("trace", gate.records(limit=1)[0]["id"])
    for word in ("INVITE", "180", "200", "ACK", "BYE"):
        check(ladder.count(word) >= 2, f"the ladder shows {word} {ladder.count(word)} times:\n{ladder}")


def main() -> int:
    with tempfile.TemporaryDirectory() as directory, OpenGate() as gate:
        sounds = Sounds(Path(directory))
        lines = tuple(gate.add_lines(2))
        for way in WAYS:
            name = f"{way[0]} {way[1]} calls {way[2]} {way[3]}: each hears the other"
            add_case(name, lambda way=way: call_over(gate, sounds, lines, way))
        add_case("the ladder shows both legs", lambda: ladder_shows_both_legs(gate))
        add_case("no call is left", lambda: gate.wait_calls(0) and None)
        return run_cases()


if __name__ == "__main__":
    sys.exit(main())
