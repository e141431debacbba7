#!/usr/bin/env python3
"""Checks that C is formatted as .clang-format says and that shell scripts pass shellcheck. Speaks TAP.

    check_format.py SOURCE_ROOT
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

C_DIRECTORIES = ("src", "cli", "tests")
SCRIPT_DIRECTORIES = ("tools", ".ci")


def c_files(root: Path) -> list[str]:
    found = [p for d in C_DIRECTORIES for p in (root / d).rglob("*.[ch]")]
    return sorted(str(p.relative_to(root)) for p in found)


def shell_scripts(root: Path) -> list[str]:
    files = [p for d in SCRIPT_DIRECTORIES for p in (root / d).iterdir() if p.is_file()]
    return sorted(str(p.relative_to(root)) for p in files if p.read_bytes().startswith(b"#!/usr/bin/env bash"))


def complaints(root: Path, command: list[str], files: list[str]) -> str:
    """What the tool says against the files; empty when nothing."""
    if not files:
        return "no files were found"
    try:
        done = subprocess.run([*command, *files], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    except FileNotFoundError:
        return f"{command[0]} is not installed: tools/install-deps test"
    return done.stdout if done.returncode else ""


def main() -> int:
    root = Path(sys.argv[1])
    cases = [
        (
            "C is formatted (clang-format -i FILE mends it)",
            complaints(root, ["clang-format", "--dry-run", "-Werror"], c_files(root)),
        ),
        ("shell scripts pass shellcheck", complaints(root, ["shellcheck"], shell_scripts(root))),
    ]
    print(f"1..{len(cases)}")
    for number, (name, text) in enumerate(cases, 1):
        print(f"{'not ok' if text else 'ok'} {number} - {name}")
        for line in text.splitlines():
            print(f"# {line}")
    return 1 if any(text for _, text in cases) else 0


if __name__ == "__main__":
    sys.exit(main())
