#!/usr/bin/env python3
"""
The disk fails the server: full, read-only, a database that is locked or damaged. Calls go on; what cannot be made durable
is refused, with the reason; with the disk back everything that was handed over is written.

Full and read-only need a file system of their own: the program runs itself again in a mount namespace, where that is
allowed.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from lib.daemon import OpenGate, Refused
from lib.phones import Phone, World
from lib.tap import Failure, case, check, check_equal, note, run_cases
from lib.util import tail, wait_for

OWN_MOUNTS = "OPENGATE_OWN_MOUNTS"
DISK_MIB = 100  # the writer's queue takes 64


def mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True, capture_output=True)


@contextmanager
def small_disk(gate: OpenGate) -> Iterator[None]:
    data = gate.dir / "data"
    data.mkdir(exist_ok=True)
    mount("-t", "tmpfs", "-o", f"size={DISK_MIB}m", "none", str(data))
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(data)], check=False)
        shutil.rmtree(gate.dir, ignore_errors=True)


def fill(gate: OpenGate) -> None:
    """To the last block."""
    with open(gate.dir / "data/filler", "wb", buffering=0) as filler:
        for size in (1 << 20, 4096, 1):
            try:
                while filler.write(b"x" * size):
                    pass
            except OSError:
                continue


def refused(gate: OpenGate, index: int, *words: str) -> str:
    try:
        gate.add_line(index)
    except Refused as answer:
        said = str(answer)
        check(any(word in said.lower() for word in words), f"it does not say why: {said}")
        return said
    raise Failure("it was provisioned")


def two_phones(gate: OpenGate, world: World, first: int = 0) -> tuple[Phone, Phone]:
    phones = tuple(Phone(world, gate.add_line(first + i), gate.port) for i in range(2))
    for phone in phones:
        phone.register()
    world.wait("both to register", lambda: all(p.registered for p in phones))
    return phones[0], phones[1]


def talk(world: World, phones: tuple[Phone, Phone]):
    call = phones[0].call(phones[1].line.number)
    world.wait("the call to be answered", lambda: call.state == "answered" and call.media and call.media.received)
    return call


def starts_not(gate: OpenGate, *words: str) -> None:
    """It ends at once and says why, in one line."""
    gate.launch()
    assert gate.process
    check(gate.process.wait() == 1, "exit status")
    said = tail(gate.process.output(), 1)
    gate.process = None
    check(any(word in said for word in words), f"it does not say why: {said}")
    check("opengate.db" in said or str(gate.dir / "data") in said, f"it does not say where: {said}")


def with_mounts(name: str):
    def register(function):
        if OWN_MOUNTS in os.environ:
            case(name)(function)
        else:
            case(name + " # SKIP no mount namespace can be made here")(lambda: None)
        return function

    return register


@with_mounts("a full disk: calls go on, provisioning is refused, nothing is lost when there is room again")
def _() -> None:
    gate = OpenGate()
    with small_disk(gate), gate, World() as world:
        gate.add_customer()
        phones = two_phones(gate, world)
        first = talk(world, phones)
        fill(gate)
        refused(gate, 9, "full", "space", "limit")
        second = talk(world, phones)
        check_equal(len(gate.calls()), 2, "calls")
        check_equal(gate.stop(signal.SIGKILL), -signal.SIGKILL, "exit status")
        gate.start()
        check_equal(len(gate.calls()), 2, "calls after the restart on the full disk")
        with world.lock:
            before = first.media.received
        world.wait("sound to go on", lambda: first.media.received > before)
        with world.lock:
            second.bye()
        gate.wait_calls(1)
        (gate.dir / "data/filler").unlink(missing_ok=True)
        wait_for("provisioning to work again", lambda: provision(gate, 9))
        with world.lock:
            first.bye()
        check_equal(len(gate.wait_records(2)), 2, "records")


def provision(gate: OpenGate, index: int) -> bool:
    try:
        gate.add_line(index)
        return True
    except Refused:
        return False


@with_mounts("a read-only file system: it does not start and says so")
def _() -> None:
    gate = OpenGate()
    with small_disk(gate):
        mount("-o", "remount,ro", str(gate.dir / "data"))
        starts_not(gate, "not writable", "read-only", "Read-only")
        mount("-o", "remount,rw", str(gate.dir / "data"))
        with gate:
            gate.add_customer()


@case("a database that another program locks: calls go on, their records come when it lets go")
def _() -> None:
    with OpenGate() as gate, World() as world:
        gate.add_customer()
        phones = two_phones(gate, world)
        call = talk(world, phones)
        other = sqlite3.connect(gate.dir / "data/opengate.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            with world.lock:
                call.bye()
            gate.wait_calls(0)
            again = talk(world, phones)
            refused(gate, 9, "lock", "busy", "again")
        finally:
            other.execute("ROLLBACK")
            other.close()
        with world.lock:
            again.bye()
        check_equal(len(gate.wait_records(2)), 2, "records")
        check(provision(gate, 10), "provisioning does not work again")


@case("killed while the database was locked: the records are there after the start")
def _() -> None:
    with OpenGate() as gate, World() as world:
        gate.add_customer()
        phones = two_phones(gate, world)
        call = talk(world, phones)
        other = sqlite3.connect(gate.dir / "data/opengate.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with world.lock:
            call.bye()
        gate.wait_calls(0)
        check_equal(gate.stop(signal.SIGKILL), -signal.SIGKILL, "exit status")
        other.execute("ROLLBACK")
        other.close()
        gate.start()
        check_equal(len(gate.records()), 1, "records")


@case("a damaged database: it does not start and says which file")
def _() -> None:
    gate = OpenGate()
    with gate:
        gate.add_customer()
    # the context has ended it in good order; its data are put back and hurt
    gate = OpenGate()
    (gate.dir / "data").mkdir()
    (gate.dir / "data/opengate.db").write_bytes(b"SQLite format 3\0" + os.urandom(65536))
    starts_not(gate, "damaged", "not a database", "malformed")
    shutil.rmtree(gate.dir)


@case("a damaged call file: it is put aside and told of, the server starts")
def _() -> None:
    with OpenGate(shards=1) as gate, World() as world:
        gate.add_customer()
        phones = two_phones(gate, world)
        talk(world, phones)
        check_equal(gate.stop(signal.SIGKILL), -signal.SIGKILL, "exit status")
        path = gate.dir / "data/calls-0.og"
        path.write_bytes(os.urandom(4096))
        gate.start()
        check_equal(gate.calls(), [], "calls")
        check(path.with_name("calls-0.og.unread").exists(), "it was not put aside")
        check("calls-0.og" in gate.log(), "it was not told of")
        call = phones[0].call(phones[1].line.number)
        world.wait("a new call", lambda: call.state == "answered")
        with world.lock:
            call.bye()
        gate.wait_calls(0)


if __name__ == "__main__":
    if OWN_MOUNTS not in os.environ and shutil.which("unshare"):
        probe = subprocess.run(["unshare", "-m", "true"], capture_output=True)
        if probe.returncode == 0:
            os.environ[OWN_MOUNTS] = "1"
            os.execvp("unshare", ["unshare", "-m", "--propagation", "private", sys.executable, *sys.argv])
    note("own mounts" if OWN_MOUNTS in os.environ else "no own mounts")
    sys.exit(run_cases())
