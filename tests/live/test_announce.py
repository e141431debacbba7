#!/usr/bin/env python3
"""
What a caller hears of us: a refusal as a tone or in the operator's words, by a real softphone that records its early
media; *43 and *44; a folder whose files cannot be played; kill -9 in the middle of it.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lib.audio import RATE_HZ, compare, write_known_sound
from lib.baresip import Phone
from lib.daemon import Line, OpenGate, program
from lib.network import isolate
from lib.talk import Sounds, check_heard, fresh_record, known_records
from lib.tap import add_case, check, check_equal, note, run_cases
from lib.tones import stretches
from lib.util import wait_for

WORDS_S = 4.0
CADENCE_MS, SLACK_MS = 500, 60


@contextmanager
def phone(gate: OpenGate, line: Line, play: Path, **options: str) -> Iterator[Phone]:
    with Phone(line, gate.port, gate.ports, play, **options) as made:
        try:
            made.wait_registered()
            yield made
        except Exception:
            note(gate.ladders())
            raise


def dial_in_vain(caller: Phone, number: str) -> None:
    caller.dial(number)
    caller.wait_event("CALL_PROGRESS")
    caller.wait_event("CALL_CLOSED")


def busy_tone(gate: OpenGate, line: Line, sounds: Sounds, codec: str) -> None:
    """400 Hz, half a second on, half a second off, five times; then 403, and the record says why."""
    known = known_records(gate)
    with phone(gate, line, sounds.of_caller, codec=codec) as caller:
        dial_in_vain(caller, "0120000000")
        heard = stretches(caller.recording())
    note(", ".join(map(str, heard)))
    on, off = [s for s in heard if s.hz], [s for s in heard if not s.hz]
    check_equal([s.hz for s in on], [400] * 5, "frequencies")
    whole = on[1:-1] + off[1:-1]  # the phone's jitter buffer may take from the ends
    check(len(whole) >= 6, "too few whole periods")
    for s in whole:
        check(abs(s.ms - CADENCE_MS) <= SLACK_MS, f"a period of {s}")
    record = fresh_record(gate, known)
    check_equal((record["sip_code"], record["reason"]), (403, "freephone_not_available"), "record")


def in_words(gate: OpenGate, line: Line, sounds: Sounds, words: Path, codec: str) -> None:
    known = known_records(gate)
    with phone(gate, line, sounds.of_caller, codec=codec) as caller:
        dial_in_vain(caller, "184119")
        check_heard("caller", compare(words, caller.recording(), least=0.97), int(WORDS_S * 1000) - 500)
    record = fresh_record(gate, known)
    check_equal((record["sip_code"], record["reason"]), (403, "emergency_not_available"), "record")


def hung_up(gate: OpenGate, line: Line, sounds: Sounds) -> None:
    """The caller has heard enough: it ends at once, and the ports come back."""
    known = known_records(gate)
    with phone(gate, line, sounds.of_caller) as caller:
        caller.dial("110")
        caller.wait_event("CALL_PROGRESS")
        check_equal(len(gate.calls()), 1, "calls while it is told")
        caller.hang_up()
        caller.wait_event("CALL_CLOSED")
        gate.wait_calls(0)
    record = fresh_record(gate, known)
    check_equal((record["sip_code"], record["ended_by"]), (487, "caller"), "record")
    check_equal(record["reason"], "emergency_not_available", "record: reason")


def killed(gate: OpenGate, line: Line, sounds: Sounds) -> None:
    """kill -9 while it is told: the next start refuses the call, and one record is there."""
    known = known_records(gate)
    with phone(gate, line, sounds.of_caller) as caller:
        caller.dial("110")
        caller.wait_event("CALL_PROGRESS")
        gate.stop(signal.SIGKILL)
        gate.start()
        caller.wait_event("CALL_CLOSED")
        gate.wait_calls(0)
    record = fresh_record(gate, known)
    check_equal((record["sip_code"], record["reason"]), (403, "emergency_not_available"), "record")


def echo(gate: OpenGate, line: Line, sounds: Sounds) -> None:
    """*43: the caller hears itself."""
    known = known_records(gate)
    with phone(gate, line, sounds.of_caller) as caller:
        caller.dial("*43")
        caller.wait_event("CALL_ESTABLISHED")
        time.sleep(5)
        caller.hang_up()
        gate.wait_calls(0)
        caller.wait_event("CALL_CLOSED")
        check_heard("caller", compare(sounds.of_caller, caller.recording()))
    record = fresh_record(gate, known)
    check_equal((record["to"], record["sip_code"], record["ended_by"]), ("*43", 200, "caller"), "record")
    check(record["quality"]["a_to_b"]["packets"] > 100, f"record: {record['quality']}")


def quality(gate: OpenGate, line: Line, sounds: Sounds) -> None:
    """*44 on a good line: the caller hears itself, then five beeps, and is hung up on."""
    known = known_records(gate)
    with phone(gate, line, sounds.of_caller) as caller:
        caller.dial("*44")
        caller.wait_event("CALL_CLOSED")
        heard = stretches(caller.recording())
    beeps = [s for s in heard if s.hz == 1000 and s.ms >= 100]
    note(", ".join(map(str, heard[-12:])))
    check_equal(len(beeps), 5, "beeps")
    record = fresh_record(gate, known)
    check_equal((record["to"], record["reason"], record["ended_by"]), ("*44", "normal", "server"), "record")


def check_config(gate: OpenGate) -> subprocess.CompletedProcess[str]:
    return subprocess.run([program("opengated"), "--config", str(gate.config), "--check-config"], capture_output=True, text=True)


def bad_folder(folder: Path) -> None:
    """Told before anything is opened, with the path and the remedy."""
    gate = OpenGate(announcements_folder=str(folder))
    path = folder / "ja" / "bussy.wav"
    path.write_bytes(b"")
    for make, told in (
        (lambda: None, "did you mean busy.wav?"),
        (lambda: path.rename(folder / "ja" / "busy.wav"), "is no WAV file"),
        (lambda: write_stereo(folder / "ja" / "busy.wav"), "make it mono"),
    ):
        make()
        done = check_config(gate)
        note(done.stderr.strip())
        check_equal(done.returncode, 1, "exit status of --check-config")
        check(f"announcements.folder: {folder}/ja/bus" in done.stderr and told in done.stderr, "another complaint")
        started = subprocess.run([program("opengated"), "--config", str(gate.config)], capture_output=True, text=True)
        check_equal((started.returncode, started.stderr), (1, done.stderr), "a start with that folder")
    (folder / "ja" / "busy.wav").unlink()
    check_equal(check_config(gate).returncode, 0, "exit status without it")


def write_stereo(path: Path) -> None:
    with wave.open(str(path), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        out.writeframes(bytes(400))


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        folder = directory / "announcements"
        (folder / "ja").mkdir(parents=True)
        words = folder / "ja" / "emergency_not_available.wav"
        write_known_sound(words, 3, WORDS_S)
        sounds = Sounds(directory)
        with OpenGate(announcements_play="all", announcements_folder=str(folder)) as gate:
            (line,) = gate.add_lines(1)
            for codec in ("pcmu/8000/1", "pcma/8000/1"):
                law = codec[:4]
                add_case(f"the busy tone, {law}", lambda codec=codec: busy_tone(gate, line, sounds, codec))
                add_case(f"the operator's words, {law}", lambda codec=codec: in_words(gate, line, sounds, words, codec))
            add_case("hung up meanwhile", lambda: hung_up(gate, line, sounds))
            add_case("kill -9 meanwhile", lambda: killed(gate, line, sounds))
            add_case("*43", lambda: echo(gate, line, sounds))
            add_case("*44", lambda: quality(gate, line, sounds))
            add_case("a folder that cannot be used", lambda: bad_folder(folder))
            return run_cases()


if __name__ == "__main__":
    isolate()
    sys.exit(main())
