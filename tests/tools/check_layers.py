#!/usr/bin/env python3
"""Checks that the rooms of src/ include each other only as docs/layers.txt allows. Speaks TAP.

    check_layers.py SOURCE_ROOT
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

LINE = re.compile(r"^(?P<room>[a-z0-9_]+):(?P<below>[ a-z0-9_]*)$")
INCLUDE = re.compile(r'^\s*#\s*include\s*"(?P<path>[^"]+)"')


def read_layers(text: str) -> tuple[dict[str, set[str]], list[str]]:
    """The rooms in order, each with what it may include; and what is wrong with the file itself."""
    rooms: dict[str, set[str]] = {}
    faults = []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.split("#")[0].rstrip()
        if not line:
            continue
        match = LINE.match(line)
        if not match:
            faults.append(f"docs/layers.txt:{number}: not of the form 'room: room room': {line}")
            continue
        room, below = match["room"], set(match["below"].split())
        if room in rooms:
            faults.append(f"docs/layers.txt:{number}: room '{room}' is listed twice")
        for other in sorted(below - rooms.keys()):
            faults.append(f"docs/layers.txt:{number}: '{room}' names '{other}', which does not stand above it")
        rooms[room] = below
    return rooms, faults


def included(path: Path) -> list[tuple[int, str]]:
    lines = path.read_text(errors="replace").splitlines()
    return [(n, m["path"]) for n, line in enumerate(lines, 1) if (m := INCLUDE.match(line))]


def check_include(room: str, target: str, rooms: dict[str, set[str]]) -> str | None:
    """Why this room may not include that header, or None."""
    if "/" not in target:
        return f'include "{target}" does not name its room'
    other = target.split("/")[0]
    if other == room:
        return None
    if target.endswith("_priv.h"):
        return f'"{target}" is private to its room'
    if other not in rooms:
        return f'"{target}" belongs to no room'
    if other not in rooms[room]:
        return f'"{target}": docs/layers.txt does not let {room} include {other}'
    return None


def check_room(src: Path, room: str, rooms: dict[str, set[str]]) -> list[str]:
    faults = []
    for path in sorted((src / room).rglob("*.[ch]")):
        for number, target in included(path):
            why = check_include(room, target, rooms)
            if why:
                faults.append(f"{path.relative_to(src.parent)}:{number}: {why}")
            elif not (src / target).is_file():
                faults.append(f'{path.relative_to(src.parent)}:{number}: there is no "{target}"')
    return faults


def main() -> int:
    root = Path(sys.argv[1])
    src = root / "src"
    rooms, faults = read_layers((root / "docs" / "layers.txt").read_text())
    cases = [("docs/layers.txt reads from the ground up", faults)]
    present = sorted(p.name for p in src.iterdir() if p.is_dir())
    strangers = [f"src/{name}: not listed in docs/layers.txt" for name in present if name not in rooms]
    loose = [f"src/{p.name}: belongs into a room" for p in src.iterdir() if p.is_file()]
    cases.append(("every directory of src is a listed room", strangers + loose))
    for room in rooms:
        if room in present:
            cases.append((f"{room} includes only what it may", check_room(src, room, rooms)))

    print(f"1..{len(cases)}")
    failed = False
    for number, (name, found) in enumerate(cases, 1):
        print(f"{'not ok' if found else 'ok'} {number} - {name}")
        for fault in found:
            print(f"# {fault}")
        failed = failed or bool(found)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
