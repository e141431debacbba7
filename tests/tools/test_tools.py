#!/usr/bin/env python3
"""The checkers and the test runner are checked themselves: what must be found is planted and looked for."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "live"))

from lib.tap import case, check, check_equal, run_cases  # noqa: E402


def load_runner():
    loader = importlib.machinery.SourceFileLoader("run_tests", str(ROOT / "tools" / "run-tests"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("run_tests", loader))
    sys.modules["run_tests"] = module
    loader.exec_module(module)
    return module


runner = load_runner()


def layers_output(layers: str, files: dict[str, str]) -> tuple[int, str]:
    """check_layers.py over a made-up tree."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "docs").mkdir()
        (root / "docs" / "layers.txt").write_text(layers)
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        done = subprocess.run(
            [sys.executable, str(ROOT / "tests" / "tools" / "check_layers.py"), name],
            stdout=subprocess.PIPE,
            text=True,
        )
        return done.returncode, done.stdout


LAYERS = "base:\nsip: base\ntxn: base sip\n"
GOOD = {
    "src/base/slice.h": "",
    "src/sip/msg.h": '#include "base/slice.h"\n',
    "src/sip/msg_priv.h": "",
    "src/sip/msg.c": '#include "sip/msg.h"\n#include "sip/msg_priv.h"\n',
    "src/txn/txn.h": '#include "sip/msg.h"\n',
}


def check_fault(files: dict[str, str], words: str, layers: str = LAYERS) -> None:
    status, output = layers_output(layers, GOOD | files)
    check(status == 1 and words in output, f"wanted a fault with '{words}', exit {status}:\n{output}")


@case("layers: a good tree passes")
def _() -> None:
    status, output = layers_output(LAYERS, GOOD)
    check(status == 0 and "not ok" not in output, output)


@case("layers: a forbidden edge is found")
def _() -> None:
    check_fault({"src/sip/bad.c": '#include "txn/txn.h"\n'}, "does not let sip include txn")


@case("layers: a private header that leaves its room is found")
def _() -> None:
    check_fault({"src/txn/bad.c": '#include "sip/msg_priv.h"\n'}, "is private to its room")


@case("layers: an include that names no room is found")
def _() -> None:
    check_fault({"src/sip/bad.c": '#include "msg.h"\n'}, "does not name its room")


@case("layers: a header that is not there is found")
def _() -> None:
    check_fault({"src/sip/bad.c": '#include "base/none.h"\n'}, 'there is no "base/none.h"')


@case("layers: a room that is not listed is found")
def _() -> None:
    check_fault({"src/stray/a.c": ""}, "src/stray: not listed")


@case("layers: a cycle is found")
def _() -> None:
    check_fault({}, "which does not stand above it", layers="base: sip\nsip: base\ntxn: base sip\n")


def counted(output: str):
    outcome = runner.Outcome()
    runner.count_cases(output, outcome)
    return outcome.passed, outcome.failed, outcome.skipped


@case("runner: cases are counted over several plans")
def _() -> None:
    text = "TAP version 13\n1..2\nok 1 - a\nnot ok 2 - b\n# why\n1..2\nok 1 # SKIP c\nok 2 - d\nnoise ok\n"
    check_equal(counted(text), (2, 1, 1), "passed, failed, skipped")


@case("runner: a case that did not run is a failure")
def _() -> None:
    check_equal(counted("1..3\nok 1 - a\nok 2 - b\n"), (2, 1, 0), "passed, failed, skipped")


@case("runner: silence is a failure")
def _() -> None:
    check_equal(counted(""), (0, 1, 0), "passed, failed, skipped")


def run_shell(script: str, timeout_s: float = 60, tap: bool = True):
    with tempfile.TemporaryDirectory() as name:
        program = runner.Program(Path(name), "a/b", [], ["sh", "-c", script], {}, None, timeout_s, True, tap)
        return runner.run(program)


@case("runner: a bad exit status after good cases is a failure")
def _() -> None:
    outcome = run_shell("echo 1..1; echo ok 1; exit 23")
    check_equal((outcome.passed, outcome.failed), (1, 1), "passed, failed")
    check("23" in outcome.notes[0], outcome.notes[0])


@case("runner: a program that hangs is ended and is a failure")
def _() -> None:
    outcome = run_shell("echo 1..1; echo ok 1; sleep 100", timeout_s=0.2)
    check("not finished" in " ".join(outcome.notes), str(outcome.notes))


@case("runner: a program without TAP is one case")
def _() -> None:
    check_equal((run_shell("exit 0", tap=False).passed, run_shell("exit 1", tap=False).failed), (1, 1), "good, bad")


if __name__ == "__main__":
    sys.exit(run_cases())
