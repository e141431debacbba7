#!/usr/bin/env python3
"""
make bench: what OpenGate costs beside its peers, in one run on one machine: CPU time (user and system, all threads and
processes, from /proc) for each unit of work. Figures, not tests: nothing fails here because the machine was busy.

    bench.py [PART ...]      parts: calls register media memory start flat; without any: all of them
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "live"))

from lib.daemon import DOMAIN, OpenGate  # noqa: E402
from lib.tap import Failure  # noqa: E402
from lib.util import Ports  # noqa: E402
from peers import AUTH_PORT, BareRelay, Kamailio, Rtpengine, bench_program, cpu_s, rss_kib  # noqa: E402

DESCRIPTORS = 250_000
ROUNDS, ROUND_S = 5, 3.0
CALL_RATE, CALL_RATE_BUSY, REGISTER_RATE = 1000, 3000, 3000
WARM_UP_CALLS, WARM_UP_RATE = 20_000, 3000
NUMBERS = 400
TALKS = 200
MEDIA_S = 5.0
STANDING_MOST = 10_000
TRANSACTIONS_S = 36
FLAT_NUMBERS = 4000  # 2,000 callers with 32 channels each
A_MILLION = 1_000_000


# --- what is printed


@dataclass
class Row:
    what: str
    value: str
    target: str = ""
    met: bool | None = None


@dataclass
class Table:
    title: str
    rows: list[Row] = field(default_factory=list)

    def add(self, what: str, value: str, target: str = "", met: bool | None = None) -> None:
        self.rows.append(Row(what, value, target, met))

    def print(self) -> None:
        print(f"\n{self.title}")
        for r in self.rows:
            word = "" if r.met is None else ("met" if r.met else "MISSED")
            print(f"  {r.what:<52} {r.value:>26}   {r.target:<34} {word}".rstrip(), flush=True)


def say(text: str) -> None:
    print(f"# {text}", file=sys.stderr, flush=True)


def us(samples: list[float]) -> str:
    return f"{statistics.median(samples):8.1f} us ({min(samples):.1f}-{max(samples):.1f})"


# --- the load


def load(what: str, port: int, *options: str) -> dict[str, float]:
    """Plays and returns the tally; a failure in it is an error of the run, not a figure."""
    command = [bench_program("load"), what, "--server", f"127.0.0.1:{port}", "--domain", DOMAIN, *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=300)
    tally = json.loads(done.stdout or "{}")
    if done.returncode:
        raise Failure(f"{' '.join(command)}: {tally}")
    return tally


class Gate(OpenGate):
    """OpenGate with subscribers from the beginning, trusting the caller's address."""

    def __init__(self, numbers: int, registered: int = 0, *, database: Path | None = None, **settings) -> None:
        super().__init__(media_ports=16, ipv6=False, sip_trusted=["127.0.0.1"], log_level="warning", **settings)
        # Clear of the ports that `load` and bench_media take.
        self.media_first, self.media_last = 33000, 65535
        self.settings["sip_ping_period_s"] = 0
        self.write_config()
        data = self.dir / "data"
        data.mkdir(mode=0o750)
        if database:
            shutil.copy(database, data / "opengate.db")
        else:
            fill(data / "opengate.db", numbers, registered)

    @property
    def pid(self) -> int:
        assert self.process
        return self.process.pid

    def cpu(self) -> float:
        return cpu_s([self.pid])


def fill(path: Path, numbers: int, registered: int = 0) -> None:
    subprocess.run([bench_program("bench_fill"), str(path), DOMAIN, str(numbers), str(registered)], check=True)


@dataclass
class Side:
    """A server under measurement, and its rounds."""

    name: str
    port: int
    cpu: Callable[[], float]
    samples: list[float] = field(default_factory=list)
    begun: float = 0.0
    done: float = 0.0

    def close_round(self) -> None:
        """CPU since the round began, what the server does after its last message included, over the units done."""
        if self.done:
            self.samples.append((self.cpu() - self.begun) / self.done * 1e6)
        self.done = 0

    def round(self, play: Callable[[int], dict[str, float]]) -> None:
        self.close_round()
        self.begun = self.cpu()
        self.done = play(self.port)["succeeded"]

    @property
    def median(self) -> float:
        return statistics.median(self.samples)


def interleave(sides: list[Side], play: Callable[[int], dict[str, float]], rounds: int = ROUNDS) -> None:
    for side in sides:
        side.samples = []
    for _ in range(rounds):
        for side in sides:
            side.round(play)
    time.sleep(ROUND_S)
    for side in sides:
        side.close_round()


def signalling_sides(stack: ExitStack, shards: list[int]) -> list[Side]:
    sides = []
    for count in shards:
        gate = stack.enter_context(Gate(NUMBERS, shards=count))
        sides.append(Side(f"OpenGate, {count} shard{'s' if count > 1 else ''}", gate.port, gate.cpu))
    for workers in (1, 2):
        kamailio = stack.enter_context(Kamailio(Ports().block(2), workers))
        sides.append(Side(kamailio.name, kamailio.port, kamailio.cpu))
    for side in sides:
        load("register", side.port, "--numbers", str(NUMBERS), "--count", str(NUMBERS))
    return sides


def compare(table: Table, sides: list[Side], factor: float | None) -> None:
    best = min(s.median for s in sides if s.name.startswith("Kamailio"))
    for side in sides:
        if side.name.startswith("OpenGate") and factor:
            share = side.median / best
            table.add(side.name, us(side.samples), f"<= {factor} x best Kamailio ({factor * best:.1f})", share <= factor)
        else:
            table.add(side.name, us(side.samples))


# --- the parts


def paced_calls(rate: int) -> list[str]:
    return ["--numbers", str(NUMBERS), "--seconds", str(ROUND_S), "--rate", str(rate), "--in-progress", "100"]


def part_calls() -> None:
    with ExitStack() as stack:
        sides = signalling_sides(stack, [1, 2])
        for side in sides:
            say(f"{side.name}: warming up by {WARM_UP_CALLS} calls")
            load("calls", side.port, "--numbers", str(NUMBERS), "--count", str(WARM_UP_CALLS), "--rate", str(WARM_UP_RATE))
        for rate in (CALL_RATE, CALL_RATE_BUSY):
            plain = paced_calls(rate)
            table = Table(f"A call, no digest, {rate} a second, at most 100 in progress: CPU time")
            interleave(sides, lambda port, plain=plain: load("calls", port, *plain))
            compare(table, sides, 0.5)
            table.print()
    with ExitStack() as stack:
        sides = authenticated_sides(stack)
        table = Table(f"A call with digest, {CALL_RATE} a second, 100 in progress: CPU time")
        interleave(sides, lambda port: load("calls", port, *paced_calls(CALL_RATE), "--auth", "--caller-port", str(AUTH_PORT)), 3)
        compare(table, sides, None)
        table.print()


def authenticated_sides(stack: ExitStack) -> list[Side]:
    """The same without trust."""
    gate = Gate(NUMBERS, shards=1)
    del gate.settings["sip_trusted"]
    gate.write_config()
    stack.enter_context(gate)
    kamailio = stack.enter_context(Kamailio(Ports().block(2), 1))
    sides = [Side("OpenGate, 1 shard", gate.port, gate.cpu), Side(kamailio.name, kamailio.port, kamailio.cpu)]
    for side in sides:
        load("register", side.port, "--numbers", str(NUMBERS), "--count", str(NUMBERS))
        warm = ["--count", "5000", "--rate", str(WARM_UP_RATE), "--auth", "--caller-port", str(AUTH_PORT)]
        load("calls", side.port, "--numbers", str(NUMBERS), *warm)
    return sides


def part_register() -> None:
    play = ["--numbers", str(NUMBERS), "--seconds", str(ROUND_S), "--rate", str(REGISTER_RATE)]
    with ExitStack() as stack:
        sides = signalling_sides(stack, [1, 2])
        for side in sides:
            load("register", side.port, "--numbers", str(NUMBERS), "--count", str(WARM_UP_CALLS), "--rate", "5000")
        table = Table(f"A REGISTER, challenge and answer, {REGISTER_RATE} a second (OpenGate: persisted): CPU time")
        interleave(sides, lambda port: load("register", port, *play))
        compare(table, sides, 0.6)
        table.print()


def talk(streams: str, cpu: Callable[[], float]) -> float:
    """Microseconds a packet; most must arrive."""
    begun = cpu()
    done = subprocess.run(
        [bench_program("bench_media"), str(MEDIA_S)], input=streams, stdout=subprocess.PIPE, text=True, check=True
    )
    spent, told = cpu() - begun, json.loads(done.stdout)
    if told["received"] < told["sent"] * 0.98:
        raise Failure(f"media was lost: {told}")
    return spent / told["sent"] * 1e6


class Standing:
    """Calls of `load` that stand until they are let go."""

    def __init__(self, port: int, count: int, *options: str, rate: int = 2000) -> None:
        command = [bench_program("load"), "calls", "--server", f"127.0.0.1:{port}", "--domain", DOMAIN, "--stay"]
        command += ["--count", str(count), "--in-progress", str(count), "--rate", str(rate), *options]
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.child.stdout
        told = json.loads(self.child.stdout.readline())
        lines = iter(self.child.stdout.readline, "\n")
        self.streams = "".join(lines)
        if told["standing"] != count:
            self.child.kill()
            raise Failure(f"of {count} calls {told['standing']} stand, {told['refused']} were refused")

    def __enter__(self) -> Standing:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.child.stdin
        self.child.stdin.close()
        self.child.wait(120)


def part_media() -> None:
    ours: list[float] = []
    theirs: list[float] = []
    floor: list[float] = []
    with ExitStack() as stack:
        gate = stack.enter_context(Gate(NUMBERS, shards=1))
        load("register", gate.port, "--numbers", str(NUMBERS), "--count", str(NUMBERS))
        calls = stack.enter_context(Standing(gate.port, TALKS, "--numbers", str(NUMBERS)))
        ports = Ports()
        engine = stack.enter_context(Rtpengine(ports.block(2), 14000, 18000))
        phones = [(2000 + 4 * i, 2002 + 4 * i) for i in range(TALKS)]
        engined = [pair for i, (a, b) in enumerate(phones) for pair in engine.call(i, a, b)]
        engined_text = "".join(f"{own} 127.0.0.1:{relay}\n" for own, relay in engined)
        bare = stack.enter_context(BareRelay(TALKS))
        own = [port for pair in phones for port in pair]
        bare_text = "".join(f"{own[i]} 127.0.0.1:{port}\n" for i, port in enumerate(bare.ports))
        talk(calls.streams, gate.cpu)
        talk(engined_text, engine.cpu)
        for _ in range(3):
            ours.append(talk(calls.streams, gate.cpu))
            theirs.append(talk(engined_text, engine.cpu))
            floor.append(talk(bare_text, bare.cpu))
    table = Table(f"An RTP packet, user space, {TALKS} two-way calls: CPU time")
    value, peer, least = (statistics.median(v) for v in (ours, theirs, floor))
    table.add("OpenGate", us(ours), f"<= 0.6 x rtpengine ({0.6 * peer:.1f})", value <= 0.6 * peer)
    table.add("", "", f"<= 1.3 x the bare loop ({1.3 * least:.1f})", value <= 1.3 * least)
    table.add("rtpengine, user space", us(theirs))
    table.add("bare epoll, recvmmsg, sendmmsg", us(floor))
    table.print()


def part_memory() -> None:
    """
    Each call takes four descriptors. Ladders have memory of their own (trace.memory_mb), which is kept small here, and a
    call stands for longer than its INVITE's transactions (half a minute).
    """
    table = Table("Memory: resident set")
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    standing = min(STANDING_MOST, (descriptors - 1000) // 4)
    with Gate(4 * standing // 32 + 2, shards=1, trace_memory_mb=1) as gate:
        numbers = ["--numbers", str(4 * standing // 32 + 2)]
        load("register", gate.port, *numbers, "--count", numbers[1])
        with Standing(gate.port, 1000, *numbers):
            time.sleep(TRANSACTIONS_S)
            few = rss_kib(gate.pid)
        with Standing(gate.port, standing, *numbers):
            time.sleep(TRANSACTIONS_S)
            many = rss_kib(gate.pid)
    a_call = (many - few) * 1024 / (standing - 1000)
    table.add(f"a call with media (1,000 to {standing:,} standing)", f"{a_call:.0f} bytes", "<= 8192", a_call <= 8192)
    table.print()


def started_in(gate: Gate) -> float:
    begun = time.monotonic()
    gate.__enter__()
    return time.monotonic() - begun


def part_start() -> None:
    table = Table("Start-up with 1,000,000 numbers (exec to the first answer)")
    say("writing 1,000,000 numbers and registrations")
    gate = Gate(A_MILLION, shards=2)
    try:
        alone = started_in(gate)
        bare_kib = rss_kib(gate.pid)
        gate.stop()
        fill(gate.dir / "data" / "opengate.db", 0, A_MILLION)
        seconds = started_in(gate)
        full_kib = rss_kib(gate.pid)
    finally:
        gate.__exit__(None, None, None)
    a_registration = (full_kib - bare_kib) * 1024 / A_MILLION
    table.add("numbers only", f"{alone:.1f} s")
    table.add("numbers and registrations", f"{seconds:.1f} s", "<= 3 s", seconds <= 3)
    table.add("memory of a registration", f"{a_registration:.0f} bytes", "<= 600", a_registration <= 600)
    table.add("memory of a number", f"{bare_kib * 1024 / A_MILLION:.0f} bytes")
    table.print()


def cost_per_call(gate: Gate, numbers: int, in_progress: int, *options: str) -> list[float]:
    """With so many standing, of other subscribers; these come and go."""
    side = Side("", gate.port, gate.cpu)
    with ExitStack() as stack:
        if in_progress > 10:
            others = ["--first", str(NUMBERS), "--numbers", str(FLAT_NUMBERS), "--callee-port", "8400"]
            load("register", gate.port, *others, "--count", str(FLAT_NUMBERS))
            standing = [*others, *options, "--caller-port", "8300"]
            stack.enter_context(Standing(gate.port, in_progress - 10, *standing, rate=4000))
        play = ["--numbers", str(numbers), *options, "--seconds", "3", "--rate", str(CALL_RATE), "--in-progress", "10"]
        load("calls", gate.port, *play)
        interleave([side], lambda port: load("calls", port, *play), 3)
    return side.samples


def flat_row(table: Table, what: str, samples: list[float], first: float) -> None:
    share = statistics.median(samples) / first
    table.add(what, us(samples), "within 20 % of the first row" if share != 1 else "", None if share == 1 else share <= 1.2)


def part_flat() -> None:
    table = Table(f"A call, no digest and no media, by the number of calls in progress: CPU time at {CALL_RATE} a second")
    first = 0.0
    with Gate(NUMBERS + FLAT_NUMBERS, shards=1, sip_calls_max=60000) as gate:
        load("register", gate.port, "--numbers", str(NUMBERS), "--count", str(NUMBERS))
        load("calls", gate.port, "--numbers", str(NUMBERS), "--no-sdp", "--count", "10000", "--rate", "2000")
        for standing in (10, 1000, 50_000):
            samples = cost_per_call(gate, NUMBERS, standing, "--no-sdp")
            first = first or statistics.median(samples)
            flat_row(table, f"{standing:,} calls in progress", samples, first)
    table.print()
    table = Table("The same with media, by the number of subscribers")
    first = 0.0
    for count in (10, 1000, A_MILLION):
        numbers = min(count, NUMBERS)
        with Gate(count, shards=1) as gate:
            load("register", gate.port, "--numbers", str(numbers), "--count", str(numbers))
            load("calls", gate.port, "--numbers", str(numbers), "--count", "5000", "--rate", "2000")
            samples = cost_per_call(gate, numbers, 10)
        first = first or statistics.median(samples)
        flat_row(table, f"{count:,} numbers", samples, first)
    table.print()


PARTS = {
    "calls": part_calls,
    "register": part_register,
    "media": part_media,
    "memory": part_memory,
    "start": part_start,
    "flat": part_flat,
}


def main() -> int:
    wanted = [name for word in sys.argv[1:] for name in word.replace(",", " ").split()] or list(PARTS)
    unknown = [name for name in wanted if name not in PARTS]
    if unknown:
        print(f"bench: no part is called {unknown[0]}; there are: {' '.join(PARTS)}", file=sys.stderr)
        return 2
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
    except (ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print(f"{os.cpu_count()} processors, {time.strftime('%Y-%m-%d %H:%M')}; median (least-most) of the rounds", flush=True)
    for name in wanted:
        PARTS[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main())
