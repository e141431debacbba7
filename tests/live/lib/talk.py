"""Two softphones that talk, each with a sound of its own, and what must be true of that afterwards."""

from __future__ import annotations

import time
from pathlib import Path

from lib.audio import Comparison, compare, write_known_sound
from lib.baresip import Phone
from lib.daemon import Line, OpenGate
from lib.tap import check, check_equal, note
from lib.util import wait_for

SOUND_S = 30.0  # longer than any call here
TALK_S = 5
# A frame or two may be lost to the start of the phones' jitter buffers or to a busy machine, never a stretch.
MATCH_MIN = 0.9
HEARD_MIN_MS = 3000
SNR_MIN_DB = 30  # G.711 itself leaves about 38


class Sounds:
    def __init__(self, directory: Path) -> None:
        self.of_caller, self.of_callee = directory / "caller.wav", directory / "callee.wav"
        write_known_sound(self.of_caller, 1, SOUND_S)
        write_known_sound(self.of_callee, 2, SOUND_S)


def check_heard(who: object, seen: Comparison, least_ms: int = HEARD_MIN_MS) -> None:
    note(f"{who} heard: {seen}")
    check(seen.heard_ms >= least_ms, f"{who} heard only {seen.heard_ms} ms of sound")
    check(seen.share >= MATCH_MIN, f"{who} heard something else than was played: {seen}")
    check(seen.snr_db >= SNR_MIN_DB, f"{who} heard it distorted: {seen}")


def check_both_heard(caller: Phone, callee: Phone, sounds: Sounds) -> None:
    check_heard("callee", compare(sounds.of_caller, callee.recording()))
    check_heard("caller", compare(sounds.of_callee, caller.recording()))


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


def known_records(gate: OpenGate) -> set[str]:
    return {r["id"] for r in gate.records()}


def fresh_record(gate: OpenGate, known: set[str]) -> dict:
    """Of the one call since."""
    fresh = wait_for("the call's record", lambda: [r for r in gate.records() if r["id"] not in known])
    check_equal(len(fresh), 1, "records of one call")
    return fresh[0]


def call_up(caller: Phone, callee: Phone) -> None:
    caller.wait_registered()
    callee.wait_registered()
    caller.dial(callee.line.number)
    for phone in (caller, callee):
        phone.wait_event("CALL_ESTABLISHED")


def hang_up(caller: Phone, callee: Phone) -> None:
    caller.hang_up()
    callee.wait_event("CALL_CLOSED")


def talk(caller: Phone, callee: Phone) -> None:
    call_up(caller, callee)
    time.sleep(TALK_S)
    hang_up(caller, callee)
