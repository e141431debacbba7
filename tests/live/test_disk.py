#!/usr/bin/env python3
"""
A disk that is full, a disk that cannot be written, a database that somebody else holds: phones register and call as
ever, nothing that was acknowledged is lost, what cannot be kept is refused with a reason, and all is well once the
disk is.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from lib.daemon import CUSTOMER, OpenGate, Refused, make_line, program
from lib.network import isolate
from lib.phones import Phone, World
from lib.stage import call, callee
from lib.tap import Failure, case, check, check_equal, note, run_cases
from lib.util import wait_for

# Room for the queue of what waits to be written, which is reserved at the start, and some more.
DISK = "size=96m"
CALLS = 5


@contextmanager
def small_disk(gate: OpenGate) -> Iterator[Path]:
    """The data directory on a disk of its own."""
    data = gate.dir / "data"
    data.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", DISK, "tmpfs", str(data)], check=True, timeout=60)
    try:
        yield data
    finally:
        subprocess.run(["umount", "-l", str(data)], check=True, timeout=60)


def fill(data: Path) -> Path:
    """To the last byte."""
    ballast = data / "ballast"
    with ballast.open("wb", buffering=0) as out:
        for size in (1 << 20, 512):
            try:
                while out.write(b"x" * size):
                    pass
            except OSError:
                pass
    check_equal(os.statvfs(data).f_bavail, 0, "blocks left on the disk")
    return ballast


def refusal_of(gate: OpenGate, *words: str) -> str:
    try:
        gate.text(*words)
    except Refused as refused:
        note(str(refused))
        return str(refused)
    raise Failure(f"opengatectl {' '.join(words)} was not refused")


def add_words(index: int) -> tuple[str, ...]:
    line = make_line(index)
    return ("number", "add", line.number, "--customer", CUSTOMER, "--account", line.account, "--password", line.password)


@case("a full disk: calls go on, provisioning is refused, and what waited is written when there is room again")
def _() -> None:
    gate = OpenGate()
    with small_disk(gate) as data, gate:
        lines = gate.add_lines(2)
        with callee(gate, "callee_basic", [lines[1]]) as phone:
            call(gate, "caller_basic", lines[0], lines[1].number)
            gate.wait_records(1)
            ballast = fill(data)
            call(gate, "caller_basic", lines[0], lines[1].number, calls=CALLS)
            phone.wait_succeeded(1 + CALLS)
            wait_for("word of the failure", lambda: "full" in gate.log())
            refusal_of(gate, *add_words(7))
            check_equal([n["number"] for n in gate.rows("number", "list")], [l.number for l in lines], "numbers")
            check_equal(len(gate.registrations(lines[1])), 1, "registrations")
            ballast.unlink()
            check_equal(len(gate.wait_records(1 + CALLS)), 1 + CALLS, "call records")
            gate.text(*add_words(7))
            check_equal(gate.stop(signal.SIGKILL), -signal.SIGKILL, "exit status")
            gate.start()
            check_equal(len(gate.rows("number", "list")), 3, "numbers after a kill")
            check_equal(len(gate.records()), 1 + CALLS, "call records after a kill")
            check_equal(len(gate.registrations(lines[1])), 1, "registrations after a kill")


@case("a stop while the disk is full keeps what waits for the next start")
def _() -> None:
    gate = OpenGate()
    with small_disk(gate) as data, gate:
        lines = gate.add_lines(2)
        with callee(gate, "callee_basic", [lines[1]]):
            ballast = fill(data)
            call(gate, "caller_basic", lines[0], lines[1].number)
            check_equal(gate.stop(), 0, "exit status")
            ballast.unlink()
            gate.start()
            check_equal(len(gate.rows("number", "list")), 2, "numbers")
            check_equal([r["sip_code"] for r in gate.wait_records(1)], [200], "call records")


def limit_files(gate: OpenGate, limit: str) -> None:
    assert gate.process
    subprocess.run(["prlimit", "--pid", str(gate.process.pid), f"--fsize={limit}:unlimited"], check=True, timeout=60)


@case("a limit of file sizes (ulimit -f) does not end the server")
def _() -> None:
    with OpenGate() as gate:
        lines = gate.add_lines(2)
        with callee(gate, "callee_basic", [lines[1]]) as phone:
            limit_files(gate, "4096")
            call(gate, "caller_basic", lines[0], lines[1].number, calls=CALLS)
            phone.wait_succeeded(CALLS)
            refusal_of(gate, *add_words(7))
            limit_files(gate, "unlimited")
            check_equal(len(gate.wait_records(CALLS)), CALLS, "call records")


def start_fails(gate: OpenGate) -> str:
    done = subprocess.run(
        [program("opengated"), "--config", str(gate.config)], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
    )
    said = (done.stdout + done.stderr).strip()
    note(said)
    check_equal(done.returncode, 1, "exit status")
    check_equal(len(said.splitlines()), 1, "lines said")
    return said


@case("no room to begin with")
def _() -> None:
    gate = OpenGate()
    with small_disk(gate) as data:
        ballast = fill(data)
        check(str(data) in start_fails(gate), "it does not name the directory")
        ballast.unlink()
        with gate:
            gate.add_lines(1)


@case("a disk that cannot be written")
def _() -> None:
    gate = OpenGate()
    with small_disk(gate) as data:
        gate.start()
        gate.add_lines(1)
        check_equal(gate.stop(), 0, "exit status")
        subprocess.run(["mount", "-o", "remount,ro", str(data)], check=True, timeout=60)
        check(str(data) in start_fails(gate), "it does not name the directory")
        subprocess.run(["mount", "-o", "remount,rw", str(data)], check=True, timeout=60)
        with gate:
            check_equal(len(gate.rows("number", "list")), 1, "numbers")


@case("a database that another program keeps locked: calls go on, and their records come afterwards")
def _() -> None:
    with OpenGate() as gate:
        lines = gate.add_lines(2)
        with callee(gate, "callee_basic", [lines[1]]) as phone:
            with closing(sqlite3.connect(gate.dir / "data" / "opengate.db", isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                call(gate, "caller_basic", lines[0], lines[1].number, calls=CALLS)
                phone.wait_succeeded(CALLS)
                refusal_of(gate, *add_words(7))
                check_equal(len(gate.records()), 0, "call records meanwhile")
                other.execute("ROLLBACK")
            check_equal(len(gate.wait_records(CALLS)), CALLS, "call records")
            gate.text(*add_words(7))


@case("kill -9 with calls going on while the disk is full: they go on, and their records come")
def _() -> None:
    gate = OpenGate()
    with small_disk(gate) as data, gate, World() as world:
        gate.add_customer()
        phones = [Phone(world, gate.add_line(i), gate.port) for i in range(2)]
        for phone in phones:
            phone.register()
        world.wait("both to register", lambda: all(p.registered for p in phones))
        calls = [phones[0].call(phones[1].line.number) for _ in range(2)]
        world.wait("both calls to be heard", lambda: all(c.media and c.media.received for c in calls))
        ballast = fill(data)
        check_equal(gate.stop(signal.SIGKILL), -signal.SIGKILL, "exit status")
        gate.start()
        check_equal(len(gate.calls()), 2, "calls after the restart")
        with world.lock:
            before = [c.media.received for c in calls]
        world.wait("sound to go on", lambda: all(c.media.received > b for c, b in zip(calls, before)))
        with world.lock:
            calls[0].bye()
        gate.wait_calls(1)
        ballast.unlink()
        with world.lock:
            calls[1].bye()
        check_equal(len(gate.wait_records(2)), 2, "records")


@case("a database that is damaged is refused, not mended or replaced")
def _() -> None:
    gate = OpenGate()
    with gate:
        gate.add_lines(1)
    gate.dir.mkdir()
    gate.write_config()
    data = gate.dir / "data"
    data.mkdir()
    (data / "opengate.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 8176)
    before = (data / "opengate.db").read_bytes()
    said = start_fails(gate)
    check("opengate.db" in said, "it does not name the file")
    check_equal((data / "opengate.db").read_bytes(), before, "the file")
    subprocess.run(["rm", "-r", str(gate.dir)], check=True, timeout=60)


if __name__ == "__main__":
    isolate()
    sys.exit(run_cases())
