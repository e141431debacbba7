"""Every function of src/ and cli/ that others may call is called (or its address taken) by the product itself.

    check_unused.py ROOT

What only tests call is dead weight that looks alive. Reads texts, not binaries: inlining would hide who calls whom. One
line of TAP a room.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path

# name: why nothing of ours calls it (yet).
EXCEPTIONS: dict[str, str] = {
    "addr_host_text": "what writes addresses by hand took its last caller away",
    "event_stream_add_reader": "the simulation reads events one by one",
    "index_count": "tests look into it",
    "pool_name": "a person with a debugger looks into it",
    "replica_file_cells_used": "tests look into it",
    "shard_check": "the simulation's look at what must hold",
    "sounds_files": "tests look into it",
    "trunks_places": "the simulation counts the places that are taken",
    "writer_binding_put": "the shortest way to hand one over; tests need no other",
    "writer_gather_for": "tests do not wait",
}

COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
TEXT = re.compile(r'"(?:\\.|[^"\\\n])*"')
WORD = re.compile(r"\b[a-z_][a-z0-9_]*\b")
# A definition or declaration begins at the line's begin and its name stands in front of the first bracket.
HEAD = re.compile(r"^(?!static\b(?! inline)|#|typedef\b|return\b|else\b)[a-z_][^;{}()#=]*?\b(\w+)\((?=[^;{}]*[;{])", re.M)
MACRO = re.compile(r"^#.*(?:\\\n.*)*", re.M)


def code_of(path: Path) -> str:
    return TEXT.sub('""', COMMENT.sub(" ", path.read_text()))


def main() -> int:
    root = Path(sys.argv[1])
    used: Counter[str] = Counter()
    heads: Counter[str] = Counter()
    room_of: dict[str, str] = {}
    for path in sorted(p for top in ("src", "cli") for p in (root / top).rglob("*.[ch]")):
        code = code_of(path)
        used.update(WORD.findall(code))
        for name in HEAD.findall(MACRO.sub("", code)):
            heads[name] += 1
            room = path.relative_to(root).parts
            room_of.setdefault(name, room[1] if room[0] == "src" else "cli")
    dead = {n for n in heads if used[n] <= heads[n] and n != "main"}
    rooms = sorted(set(room_of.values()))
    print(f"1..{len(rooms) + 1}")
    bad = 0
    for number, room in enumerate(rooms, 1):
        found = sorted(n for n in dead - EXCEPTIONS.keys() if room_of[n] == room)
        bad += bool(found)
        print(f"{'not ok' if found else 'ok'} {number} - {room} has no function that nothing calls")
        for name in found:
            print(f"# {name}: called by tests only, or by nobody")
    stale = sorted(n for n in EXCEPTIONS if n not in dead)
    print(f"{'not ok' if stale else 'ok'} {len(rooms) + 1} - what is excepted is still so")
    for name in stale:
        print(f"# {name} is called now, or is no more")
    return 1 if bad or stale else 0


if __name__ == "__main__":
    sys.exit(main())
