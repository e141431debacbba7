"""Every unit test again with allocation n failing: alone, and with all that follow it (wrap.h, told.c).

    run_units.py [--all] [--only TEXT] [--samples N] PROGRAM...

A test may then fail: what it wanted was not to be had, and its first assertion that says so ends it. It must not crash,
hang, leak or be found at fault by a sanitizer; a crash within the test's own source is the test's own way of failing.
Of many allocations, samples fail, spread evenly (OPENGATE_OOM_ALL=1 or --all: each one). One line of TAP a program.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

SANITIZER_EXIT = 77
LEAK_EXIT = 99
PATIENCE_S = 120
BUDGET_S = 4  # of one program, unless all is asked for: one that takes long has fewer samples
# ASan's report of a crash: the frames of the C library and of the wrap stand above the one to blame.
FRAME = re.compile(r"^\s+#\d+ \S+ in (\S+) (\S+)", re.M)


@dataclass
class Played:
    code: int | None
    asked: int = 0
    failed: bool = False
    text: str = ""


@dataclass
class Verdict:
    name: str
    tried: int = 0
    asked: int = 0
    faults: list[str] = field(default_factory=list)


def environment(what: str, fd: int) -> dict[str, str]:
    env = dict(os.environ)
    ours = f"exitcode={SANITIZER_EXIT}:detect_leaks=1:strict_string_checks=1"
    for name in ("segv", "sigbus", "sigfpe", "sigill", "abort"):
        ours += f":handle_{name}=2"
    env["ASAN_OPTIONS"] = env["UBSAN_OPTIONS"] = ours + ":print_stacktrace=1"
    env["CMOCKA_MESSAGE_OUTPUT"] = "TAP"
    env["OPENGATE_OOM"] = what
    env["OPENGATE_OOM_FD"] = str(fd)
    return env


def play(program: str, mode: str, n: int) -> Played:
    mine, theirs = os.pipe()
    try:
        done = subprocess.run(
            [program], env=environment(f"{mode}:{n}", theirs), pass_fds=[theirs], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE_S, check=False,
        )
        played = Played(done.returncode, text=done.stdout.decode(errors="replace"))
    except subprocess.TimeoutExpired as e:
        played = Played(None, text=(e.stdout or b"").decode(errors="replace"))
    os.close(theirs)
    with os.fdopen(mine) as report:
        for word in report.read().splitlines()[:1]:
            _, asked, _, failed = word.split()
            played.asked, played.failed = int(asked), failed == "1"
    return played


def of_the_test_itself(text: str) -> bool:
    """It crashed by a pointer that was not there, in its own source or in what it called with that."""
    if not re.search(r"AddressSanitizer: (SEGV|ILL)|runtime error: .*null pointer", text):
        return False
    for _, where in FRAME.findall(text):
        if where.startswith(("../src/", "../cli/")):
            return False
        if "/tests/unit/" in where:
            return True
    return False


def fault_of(played: Played) -> str:
    if played.code is None:
        return f"not finished after {PATIENCE_S} s"
    if played.code in (0, LEAK_EXIT) and "LeakSanitizer" not in played.text:
        return ""
    if "LeakSanitizer" in played.text:
        return "leaks"
    if played.code < 0 or "Sanitizer" in played.text or "runtime error" in played.text:
        return "" if of_the_test_itself(played.text) else "crashes"
    return "" if played.failed else f"fails without a cause (exit status {played.code})"


def samples(count: int, most: int) -> list[int]:
    """The first ones, when all is still being made, and the rest evenly."""
    if count <= most:
        return list(range(1, count + 1))
    return sorted({1 + i * (count - 1) // (most - 1) for i in range(most)})


def judge(program: str, most: int) -> Verdict:
    began = time.monotonic()
    whole = play(program, "one", 0)
    took_s = time.monotonic() - began
    if most != sys.maxsize:
        most = max(2, min(most, int(BUDGET_S / took_s / 2)))
    verdict = Verdict(Path(program).name, asked=whole.asked)
    if whole.code != 0:
        verdict.faults.append(f"with all its memory: {fault_of(whole)}\n{whole.text}")
    for n in samples(whole.asked, most):
        for mode in ("one", "from"):
            played = play(program, mode, n)
            verdict.tried += 1
            fault = fault_of(played)
            if fault:
                verdict.faults.append(f"OPENGATE_OOM={mode}:{n}: {fault}\n{played.text}")
    return verdict


def tell(number: int, verdict: Verdict) -> None:
    word = "not ok" if verdict.faults else "ok"
    print(f"{word} {number} - {verdict.name}: {verdict.tried} runs, {verdict.asked} allocations", flush=True)
    for fault in verdict.faults[:3]:
        print("\n".join("# " + line for line in fault.splitlines()[:80]))
    for fault in verdict.faults[3:]:
        print("# and " + fault.splitlines()[0])


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("--all", action="store_true", default=bool(os.environ.get("OPENGATE_OOM_ALL")))
    ask.add_argument("--only", default="")
    ask.add_argument("--samples", type=int, default=8, help="of each program, so many allocations fail")
    ask.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    ask.add_argument("program", nargs="+")
    args = ask.parse_args()
    programs = [p for p in args.program if args.only in p]
    most = sys.maxsize if args.all else args.samples
    bad = 0
    with tempfile.TemporaryDirectory() as left, concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        os.environ["TMPDIR"] = left
        os.chmod(left, 0o1777)  # some tests are somebody else for a while
        for number, verdict in enumerate(pool.map(lambda p: judge(p, most), programs), 1):
            tell(number, verdict)
            bad += bool(verdict.faults)
    print(f"1..{len(programs)}")
    return 1 if bad or not programs else 0


if __name__ == "__main__":
    sys.exit(main())
