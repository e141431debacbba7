#!/usr/bin/env python3
"""
Two softphones call each other through the server, each plays a sound of its own, and what the other hears must be
that sound: over UDP and TCP, IPv4 and IPv6, and from one to the other; with every codec that the phones have; through
a hold; and the keys that are pressed arrive.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lib.audio import compare, mono_8k
from lib.baresip import RTP_PORTS, Phone
from lib.daemon import Line, OpenGate
from lib.network import isolate
from lib.talk import (
    HEARD_MIN_MS, Sounds, call_up, check_both_heard, check_heard, check_record, fresh_record, hang_up, known_records, talk,
)
from lib.tap import add_case, check, check_equal, note, run_cases
from lib.util import wait_for
from lib.wire import Earphone

V4, V6 = "127.0.0.1", "::1"
WAYS = [
    ("udp", V4, "udp", V4),
    ("tcp", V4, "tcp", V4),
    ("udp", V6, "udp", V6),
    ("tcp", V6, "tcp", V6),
    ("udp", V4, "udp", V6),
    ("udp", V4, "tcp", V6),
    ("tcp", V6, "udp", V4),
    ("tcp", V4, "udp", V6),
]
HOLD_S = 3
DIGITS = "1590*#"


@contextmanager
def phones(
    gate: OpenGate, sounds: Sounds, lines: tuple[Line, Line], way: tuple[str, str, str, str] = WAYS[0], **options: str
) -> Iterator[tuple[Phone, Phone]]:
    with (
        Phone(lines[0], gate.port, gate.ports, sounds.of_caller, way[1], way[0], **options) as caller,
        Phone(lines[1], gate.port, gate.ports, sounds.of_callee, way[3], way[2], **options) as callee,
    ):
        try:
            yield caller, callee
        except Exception:
            note(gate.ladders())
            raise


def call_over(gate: OpenGate, sounds: Sounds, lines: tuple[Line, Line], way: tuple[str, str, str, str]) -> None:
    known = known_records(gate)
    with phones(gate, sounds, lines, way) as (caller, callee):
        talk(caller, callee)
        check_both_heard(caller, callee, sounds)
    check_record(fresh_record(gate, known), *lines)


def alaw_only(gate: OpenGate, sounds: Sounds, lines: tuple[Line, Line]) -> None:
    known = known_records(gate)
    with phones(gate, sounds, lines, codec="pcma/8000/1") as (caller, callee):
        talk(caller, callee)
        check_both_heard(caller, callee, sounds)
    record = fresh_record(gate, known)
    check_equal(record["codec"], "PCMA", "record: codec")
    check_record(record, *lines)


def opus(gate: OpenGate, sounds: Sounds, lines: tuple[Line, Line]) -> None:
    """The codec itself changes every sample; that it is this sound and no other is what can be told."""
    known = known_records(gate)
    with phones(gate, sounds, lines, codec="opus/48000/2") as (caller, callee):
        talk(caller, callee)
        for who, played, phone in (("callee", sounds.of_caller, callee), ("caller", sounds.of_callee, caller)):
            heard = mono_8k(phone.recording())
            seen = compare(played, heard, least=0.8)
            other = compare(sounds.of_caller if phone is caller else sounds.of_callee, heard, least=0.8)
            note(f"{who} heard: {seen}; of its own sound: {other}")
            check(seen.heard_ms >= HEARD_MIN_MS and seen.share >= 0.9, f"{who} heard something else than was played: {seen}")
            check(other.share <= 0.1, f"{who} heard itself: {other}")
    record = fresh_record(gate, known)
    check_equal(record["codec"].lower(), "opus", "record: codec")
    check_record(record, *lines)


def listen_for(seconds: float, directory: Path, phones: dict[str, Phone]) -> dict[str, Path]:
    """What reaches each of the phones meanwhile (baresip's own recording ends with the first hold)."""
    phones_ears = {who: Earphone(range(p.rtp_first, p.rtp_first + RTP_PORTS)) for who, p in phones.items()}
    for ear in phones_ears.values():
        ear.start()
    time.sleep(seconds)
    return {who: ear.stop(directory / f"{who}.wav") for who, ear in phones_ears.items()}


def hold(gate: OpenGate, sounds: Sounds, lines: tuple[Line, Line]) -> None:
    """Held, nothing is heard and the call stays; resumed, everything is. The pause is nobody's loss."""
    known = known_records(gate)
    played = {"callee": sounds.of_caller, "caller": sounds.of_callee}
    with phones(gate, sounds, lines) as (caller, callee), tempfile.TemporaryDirectory() as name:
        ears = {"callee": callee, "caller": caller}
        call_up(caller, callee)
        for who, sound in listen_for(2, Path(name), ears).items():
            check_heard(f"{who} before the hold", compare(played[who], sound), 1200)
        caller.command("hold")
        wait_for("the call to be held", lambda: [c for c in gate.calls() if c["held"]])
        time.sleep(0.2)  # what was under way
        for who, sound in listen_for(HOLD_S, Path(name), ears).items():
            check(sound.stat().st_size < 1000, f"{who} heard something while the call was held")
        check(gate.calls()[0]["held"], "it is not held any more")
        caller.command("resume")
        wait_for("the call to be resumed", lambda: [c for c in gate.calls() if not c["held"]])
        for who, sound in listen_for(3, Path(name), ears).items():
            check_heard(f"{who} after the hold", compare(played[who], sound), 2000)
        hang_up(caller, callee)
    quality = fresh_record(gate, known)["quality"]
    note(str(quality))
    for direction in ("a_to_b", "b_to_a"):
        check(quality[direction]["longest_gap_ms"] < HOLD_S * 1000, f"{direction}: the hold counts as a gap")
        check(quality[direction]["lost"] <= 2, f"{direction}: {quality[direction]['lost']} lost")


def digits(gate: OpenGate, sounds: Sounds, lines: tuple[Line, Line]) -> None:
    """Keys pressed on either side, as RFC 4733 events."""
    with phones(gate, sounds, lines) as (caller, callee):
        call_up(caller, callee)
        for presser, hearer in ((caller, callee), (callee, caller)):
            for count, digit in enumerate(DIGITS, 1):
                presser.command("sndcode", digit)
                wait_for(f"{hearer} to hear {digit}", lambda: len(hearer.digits()) >= count)
            check_equal(hearer.digits(), DIGITS, f"digits that {hearer} heard")
        hang_up(caller, callee)


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
        for name, function in (
            ("phones that know A-law only", alaw_only),
            ("phones that speak Opus", opus),
            ("hold and resume", hold),
            ("keys that are pressed", digits),
        ):
            add_case(name, lambda f=function: f(gate, sounds, lines))
        add_case("no call is left", lambda: gate.wait_calls(0) and None)
        return run_cases()


if __name__ == "__main__":
    isolate()
    sys.exit(main())
