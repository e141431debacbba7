#!/usr/bin/env python3
"""Our numbering plan beside the metadata of libphonenumber: every Japanese prefix, every country.

PLAN_ASK in the environment names the program that asks our plan.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "live"))

from lib.tap import add_case, check, check_equal, note, run_cases  # noqa: E402

# What libphonenumber calls a number of Japan, and our class for it.
CLASSES = {
    "FIXED_LINE": "geographic",
    "MOBILE": "mobile",
    "VOIP": "ip_phone",
    "TOLL_FREE": "freephone",
    "UAN": "navi_dial",
    "PREMIUM_RATE": "navi_dial",
    "PAGER": "m2m",
}

# Known differences: which numbers, what libphonenumber says, what we say, and why.
JAPAN = [
    (r"00\d+", "TOLL_FREE", "carrier_select", "0037, 0066, 0077, 0088: freephone of one carrier, reached by its 00XY code"),
    (r"060\d{7}", "PERSONAL_NUMBER", "*", "060 with ten digits: the personal numbers have ended, 060 is for mobiles now"),
    (r"0(?!0)[1-9]\d{8}", "-", "geographic", "no list of assigned area codes here: whether one exists the network says"),
    (r"0[78]0[1-9]\d{6}|0[5692]0\d{7}", "-", "*", "too short for its class"),
    (r"0\d{10}", "-", "geographic", "one digit too many"),
    (r"01[78]0\d{6,7}|0570\d{6,7}|0990\d{6,7}|0120\d{6,7}|0800\d{6,7}", "-", "*", "refused class; free blocks in it are not told apart"),
    (r"091\d+", "*", "designated", "designated by a carrier, not for callers from elsewhere"),
    (r"00\d+", "-", "carrier_select", "00XY codes"),
    (r"0[3-9]00\d+|0[34]0\d+", "-", "unknown", "no exchange, or no number of the class, begins with 0"),
]
# Country of the metadata, ours, why.
COUNTRIES = {
    "GG": ("GB", "Guernsey shares 44 and its ranges with the United Kingdom"),
    "JE": ("GB", "Jersey shares 44"),
    "YT": ("RE", "Mayotte shares 262"),
    "TA": ("SH", "Tristan da Cunha shares 290"),
}


def install() -> None:
    """The metadata, as the lock file names it."""
    if (HERE / "node_modules" / "libphonenumber-js" / "package.json").exists():
        return
    check(shutil.which("npm"), "npm is not installed: tools/install-deps test")
    done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=HERE, capture_output=True, text=True, timeout=240)
    check(done.returncode == 0, f"npm ci: {done.stderr.strip()}")


def lines_of(command: list[str], questions: list[str]) -> list[list[str]]:
    done = subprocess.run(
        command, input="\n".join(questions) + "\n", capture_output=True, text=True, timeout=240, cwd=HERE, check=True
    )
    return [line.split("\t") for line in done.stdout.splitlines()]


def japanese_numbers() -> list[str]:
    """Every prefix of six digits, with ten and with eleven digits in all; abroad (010) is another question."""
    prefixes = [f"0{n:05d}" for n in range(100000)]
    return [p + tail for p in prefixes if not p.startswith("010") for tail in ("2345", "23456")]


def known_difference(number: str, theirs: str, ours: str) -> str | None:
    for pattern, said, meant, why in JAPAN:
        if re.fullmatch(pattern, number) and said in ("*", theirs) and meant in ("*", ours):
            return why
    return None


def japan(plan_ask: str) -> None:
    numbers = japanese_numbers()
    theirs = lines_of(["node", "ask.mjs"], numbers)
    ours = lines_of([plan_ask], numbers)
    check_equal(len(theirs), len(numbers), "answers of libphonenumber")
    check_equal(len(ours), len(numbers), "answers of the plan")
    agreed, known, unknown = Counter(), Counter(), []
    for (number, _, kind), (_, our_class, reason, e164, _) in zip(theirs, ours):
        agrees = CLASSES.get(kind) == our_class
        if agrees and our_class in ("geographic", "mobile", "ip_phone"):
            agrees = reason == "" and e164 == "+81" + number[1:]
        if agrees:
            agreed[kind] += 1
        elif why := known_difference(number, kind, our_class):
            known[why] += 1
        else:
            unknown.append(f"{number}: libphonenumber {kind}, plan {our_class} {reason}")
    note(f"{sum(agreed.values())} of {len(numbers)} agree: {dict(agreed)}")
    check(all(agreed[kind] > 0 for kind in CLASSES), f"a kind was never met: {dict(agreed)}")
    unused = [why for *_, why in JAPAN if not known[why]]
    check(not unused, f"known differences that do not exist any more: {unused}")
    check(not unknown, f"{len(unknown)} differences, the first: {unknown[:5]}")


def countries(plan_ask: str) -> None:
    theirs = lines_of(["node", "ask.mjs"], ["countries"])
    check(len(theirs) > 200, f"only {len(theirs)} countries")
    ours = lines_of([plan_ask], [number for number, _, _ in theirs])
    wrong, seen = [], set()
    for (number, country, _), (_, our_class, reason, e164, our_country) in zip(theirs, ours):
        if country == "JP":
            check_equal(our_class, "mobile", number)
            continue
        seen.add(country)
        wanted = COUNTRIES[country][0] if country in COUNTRIES else country
        if our_country != wanted or reason or e164 != number:
            wrong.append(f"{number}: {country}, plan {our_country} {reason}")
    check_equal(set(COUNTRIES) - seen, set(), "known differences of countries that were not asked")
    check(not wrong, f"{len(wrong)} countries differ: {wrong}")


def main() -> int:
    plan_ask = os.environ["PLAN_ASK"]
    os.environ["NO_UPDATE_NOTIFIER"] = "1"
    add_case("the metadata is there", install)
    add_case("every Japanese prefix", lambda: japan(plan_ask))
    add_case("every country", lambda: countries(plan_ask))
    return run_cases()


if __name__ == "__main__":
    sys.exit(main())
