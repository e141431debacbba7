#!/usr/bin/env python3
"""Checks docs/rfc.md: every test that it names exists, and only what is not done has none. Speaks TAP.

    check_rfc.py SOURCE_ROOT
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

NOT_DONE = re.compile(r"^no\b", re.IGNORECASE)


def rows(text: str) -> list[list[str]]:
    """The cells of all table rows, without heads and rules."""
    found = [[c.strip() for c in line.strip().strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    return [r for r in found if r[-1] != "shown by" and not set("".join(r)) <= {"-"}]


def path_of(root: Path, name: str) -> Path:
    if name.startswith("scenarios/"):
        return root / "tests" / "sim" / f"{name}.txt"
    return root / "tests" / name


def complaints(root: Path, text: str) -> tuple[list[str], list[str]]:
    missing, unshown = [], []
    for row in rows(text):
        if len(row) != 4:
            unshown.append(f"{row[0]}: {len(row)} columns, four are wanted")
            continue
        names = [n for n in row[3].split(", ") if n]
        missing += [f"{row[0]}: there is no {n}" for n in names if not path_of(root, n).is_file()]
        if not names and not NOT_DONE.match(row[2]):
            unshown.append(f"{row[0]}: nothing shows it")
    return missing, unshown


def main() -> int:
    root = Path(sys.argv[1])
    text = (root / "docs" / "rfc.md").read_text()
    missing, unshown = complaints(root, text)
    cases = [
        ("docs/rfc.md has rows", [] if len(rows(text)) > 50 else ["its tables were not found"]),
        ("every test that docs/rfc.md names exists", missing),
        ("what is done is shown by a test", unshown),
    ]
    print(f"1..{len(cases)}")
    for number, (name, faults) in enumerate(cases, 1):
        print(f"{'not ok' if faults else 'ok'} {number} - {name}")
        for fault in faults:
            print(f"# {fault}")
    return 1 if any(faults for _, faults in cases) else 0


if __name__ == "__main__":
    sys.exit(main())
