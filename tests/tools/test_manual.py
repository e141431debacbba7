#!/usr/bin/env python3
"""The manual, the documents, the unit and the completions say what the programs say of themselves."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "live"))

from lib.daemon import build_root, program  # noqa: E402
from lib.tap import case, check, check_equal, note, run_cases  # noqa: E402

PAGES = ("opengated.8", "opengatectl.1", "opengate.yaml.5")
MARKUP = re.compile(r"\\f[BIRP]|\\")


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(w) for w in words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)


def page(name: str) -> str:
    return (build_root() / "docs" / "man" / name).read_text()


def plain(name: str) -> str:
    return MARKUP.sub("", page(name))


def commands() -> dict:
    return json.loads(run(program("opengatectl"), "__commands").stdout)


def config_keys() -> list[str]:
    lines = run(program("opengated"), "--help-config").stdout.splitlines()
    return [line.split()[0] for line in lines if line and not line.startswith(" ")]


@case("the pages are good roff")
def _() -> None:
    for name in PAGES:
        done = run("groff", "-man", "-ww", "-z", "-Tutf8", build_root() / "docs" / "man" / name)
        check_equal((done.returncode, done.stdout + done.stderr), (0, ""), name)
        check("@" not in page(name), f"{name}: a mark was not filled in")


@case("opengated(8) has the options that --help has")
def _() -> None:
    told = set(re.findall(r"^  (--[a-z-]+)", run(program("opengated"), "--help").stdout, re.MULTILINE))
    options = plain("opengated.8").partition(".SH OPTIONS")[2].partition(".SH SIGNALS")[0]
    check_equal(set(re.findall(r"^\.BI? (--[a-z-]+)", options, re.MULTILINE)), told, "options")
    check(len(told) >= 5, f"--help tells {told}")


@case("opengatectl(1) and operations.md have every command, opengatectl(1) every flag")
def _() -> None:
    text, operations = plain("opengatectl.1"), (ROOT / "docs" / "operations.md").read_text()
    told = commands()
    check(len(told["commands"]) > 15, "commands are missing")
    for command in told["commands"]:
        title = " ".join(filter(None, [command["name"], command["operands"]]))
        check(f".SS {title}\n" in text, f"opengatectl(1) lacks {title}")
        group, _, word = command["name"].partition(" ")
        rows = (r for r in operations.splitlines() if r.startswith(f"| `{group}"))
        row = next((r for r in rows if (word or group) in r), None)
        check(row, f"operations.md lacks {title}")
        for flag in command["flags"]:
            check(f'"{flag["name"]} "' in text or f".B {flag['name']}" in text, f"opengatectl(1) lacks {flag['name']}")


@case("opengate.yaml(5) has every announcement, and operations.md none that there is not")
def _() -> None:
    text, operations = plain("opengate.yaml.5"), (ROOT / "docs" / "operations.md").read_text()
    names = {n for n in run(program("opengated"), "--help-announcements").stdout.splitlines() if not n.startswith(" ")}
    check(len(names) > 20 and "emergency_not_available" in names, f"names are missing: {names}")
    for name in names:
        check(f".B {name}\n" in text, f"opengate.yaml(5) lacks {name}")
    used = set(re.findall(r"(\w+)\.wav", operations)) - {"CAUSE", "OUT"}
    spoken = {n for n in used if n.startswith("digit_") or n == "forwarding"}  # no refusals
    check_equal(used - spoken - names, set(), "unknown names in operations.md")


@case("opengate.yaml(5) and operations.md have every key")
def _() -> None:
    text, operations = plain("opengate.yaml.5"), (ROOT / "docs" / "operations.md").read_text()
    keys = config_keys()
    check(len(keys) > 15, "keys are missing")
    for key in keys:
        check(f'"{key} "' in text, f"opengate.yaml(5) lacks {key}")
        section, _, last = key.rpartition(".")
        check(f"`{key}`" in operations or f"`.{last}`" in operations, f"operations.md lacks {key}")


@case("help for every command")
def _() -> None:
    for command in commands()["commands"]:
        words = command["name"].split()
        for done in (run(program("opengatectl"), *words, "--help"), run(program("opengatectl"), "help", *words)):
            check_equal((done.returncode, done.stderr), (0, ""), command["name"])
            check(done.stdout.startswith(f"usage: opengatectl {command['name']}"), done.stdout)
            for flag in command["flags"]:
                check(flag["name"] in done.stdout, f"{command['name']} --help lacks {flag['name']}")


@case("the systemd unit is good")
def _() -> None:
    unit = (build_root() / "etc" / "opengated.service").read_text()
    for word in ("Type=notify", "ExecReload=", "StateDirectory=", "ProtectSystem=strict", "LimitNOFILE=", "KillMode="):
        check(f"\n{word}" in unit, f"the unit lacks {word}")
    check(re.search(r"^ExecStart=/\S+/opengated --config /etc/opengate/opengate.yaml$", unit, re.MULTILINE), "ExecStart")
    if not shutil.which("systemd-analyze"):
        note("systemd-analyze is not here: only the plain check was made")
        return
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory) / "opengated.service"
        unit = re.sub(r"(?<=[ =])/\S+/opengated(?= )", program("opengated"), unit)
        copy.write_text(re.sub(r"^Documentation=.*\n", "", unit, flags=re.MULTILINE))
        done = run("systemd-analyze", "verify", copy)
        check_equal((done.returncode, done.stdout + done.stderr), (0, ""), "systemd-analyze verify")


BASH = r"""
source /dev/stdin <<<"$(%(ctl)s completion bash)"
COMP_WORDS=(%(words)s) COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_opengatectl; printf '%%s\n' "${COMPREPLY[@]}"
"""
ZSH = r"""
compdef() { : }
compadd() { print -rl -- "${words_found[@]}" }
_files() { print -r -- files }
source <(%(ctl)s completion zsh)
words=(%(words)s) CURRENT=${#words}
_opengatectl
"""


def completed(shell: str, *words: str) -> set[str]:
    ctl = program("opengatectl")
    script = (BASH if shell == "bash" else ZSH) % {"ctl": ctl, "words": " ".join(f"'{w}'" for w in (ctl, *words))}
    done = run(shell, *(["-f"] if shell == "zsh" else ["--norc"]), "-c", script)
    check_equal(done.stderr, "", f"{shell} {words}")
    return set(filter(None, done.stdout.splitlines()))


def completions(shell: str) -> None:
    groups = {c["name"].split()[0] for c in commands()["commands"]}
    check_equal(completed(shell, ""), groups | {"help"}, "commands")
    check_equal(completed(shell, "re"), {"registrations", "records"}, "commands that begin with re")
    check_equal(completed(shell, "number", "s"), {"show", "set", "suspend"}, "second words")
    check("--policy" in completed(shell, "number", "set", "05010000014", "--"), "flags")
    check_equal(completed(shell, "number", "set", "0", "--policy", ""), {"newest", "fork", "reject"}, "values")
    check_equal(completed(shell, "number", "set", "0", "--international", "o"), {"on", "off"}, "a switch")
    check_equal(completed(shell, "forward", ""), {"show", "set", "targets", "simulate"}, "forwarding")
    check_equal(completed(shell, "forward", "set", "0", "no"), {"no-answer", "not-registered"}, "kinds of forwarding")
    check_equal(completed(shell, "forward", "set", "0", "busy", "o"), {"on", "off"}, "the third operand")
    check_equal(completed(shell, "forward", "targets", "0", ""), {"1", "2", "3", "4", "5"}, "rows")
    check_equal(completed(shell, "forward", "simulate", "0", "--state", "b"), {"busy"}, "states")
    check_equal(completed(shell, "help", "numb"), {"number"}, "help")
    check_equal(completed(shell, "completion", ""), {"bash", "zsh"}, "shells")


@case("completion in bash")
def _() -> None:
    completions("bash")


@case("completion in zsh")
def _() -> None:
    completions("zsh")


if __name__ == "__main__":
    sys.exit(run_cases())
