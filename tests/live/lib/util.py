"""Waiting for conditions, free ports, processes that never outlive a test."""

from __future__ import annotations

import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from lib.tap import Failure

T = TypeVar("T")

# Nothing here measures time: a wait ends when its condition holds; the limit only ends a test that has failed.
LIMIT_S = 60.0


def wait_for(what: str, condition: Callable[[], T | None], limit_s: float = LIMIT_S, poll_s: float = 0.05) -> T:
    """Polls until the condition gives something true, and returns that."""
    end = time.monotonic() + limit_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failure(f"still waiting for {what} after {limit_s:.0f} s")
        time.sleep(poll_s)


def _is_free(family: int, host: str, kind: int, port: int) -> bool:
    with socket.socket(family, kind) as probe:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


class Ports:
    """Hands out runs of free ports below the ephemeral range, from a random place on."""

    FIRST, LAST = 20000, 32000

    def __init__(self) -> None:
        self._next = random.randrange(self.FIRST, self.LAST, 100)

    def block(self, count: int) -> int:
        """The first of `count` neighbouring ports (even), free for UDP and TCP on both loopback addresses."""
        start = time.monotonic()
        while time.monotonic() - start < LIMIT_S:
            first = self._next + self._next % 2
            self._next = first + count
            if first + count > self.LAST:
                self._next = self.FIRST
                continue
            if all(self._port_is_free(p) for p in range(first, first + count)):
                return first
        raise Failure(f"no run of {count} free ports")

    @staticmethod
    def _port_is_free(port: int) -> bool:
        places = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
        kinds = (socket.SOCK_DGRAM, socket.SOCK_STREAM)
        return all(_is_free(family, host, kind, port) for family, host in places for kind in kinds)


def host_port(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Process:
    """A child with its output in a file; ended with the block that it was started in."""

    def __init__(self, command: list[str], log: Path, env: dict[str, str] | None = None, cwd: Path | None = None) -> None:
        self.command = command
        self.log = log
        with log.open("ab") as out:
            self.child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, env=env, cwd=cwd
            )

    @property
    def pid(self) -> int:
        return self.child.pid

    def running(self) -> bool:
        return self.child.poll() is None

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def signal(self, number: int) -> None:
        if self.running():
            self.child.send_signal(number)

    def wait(self, limit_s: float = LIMIT_S) -> int:
        try:
            return self.child.wait(limit_s)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.command[0]} did not end within {limit_s:.0f} s:\n{tail(self.output())}") from None

    def end(self) -> None:
        """Whatever state it is in."""
        self.signal(signal.SIGTERM)
        try:
            self.child.wait(10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()


def tail(text: str, lines: int = 60) -> str:
    return "\n".join(text.splitlines()[-lines:])
