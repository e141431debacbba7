"""A small TAP producer: cases are functions, a failure is an exception, its text becomes the diagnostics."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable

_cases: list[tuple[str, Callable[[], None]]] = []


class Failure(AssertionError):
    """A check that did not hold; its text is for people, no traceback is needed."""


def case(name: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Registers a function as a test case."""

    def register(function: Callable[[], None]) -> Callable[[], None]:
        _cases.append((name, function))
        return function

    return register


def add_case(name: str, function: Callable[[], None]) -> None:
    _cases.append((name, function))


def check(holds: object, text: str) -> None:
    if not holds:
        raise Failure(text)


def check_equal(seen: object, wanted: object, what: str) -> None:
    check(seen == wanted, f"{what}: wanted {wanted!r}, seen {seen!r}")


def note(text: str) -> None:
    """A diagnostic line that is no failure: a number measured, a choice made."""
    for line in str(text).splitlines():
        print(f"# {line}", flush=True)


def _run(function: Callable[[], None]) -> bool:
    try:
        function()
        return True
    except Failure as failure:
        note(str(failure))
    except Exception:
        note(traceback.format_exc())
    return False


def run_cases() -> int:
    """Runs all registered cases, or those whose name contains an argument of the command line."""
    wanted = sys.argv[1:]
    cases = [c for c in _cases if not wanted or any(w in c[0] for w in wanted)]
    print(f"1..{len(cases)}", flush=True)
    failed = 0
    for number, (name, function) in enumerate(cases, 1):
        good = _run(function)
        failed += not good
        print(f"{'ok' if good else 'not ok'} {number} - {name}", flush=True)
    return 1 if failed or not cases else 0
