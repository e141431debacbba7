#!/usr/bin/env python3
"""Whatever keeps opengated from starting is told in one line that says what is wrong and how to mend it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from lib.daemon import DOMAIN, OpenGate, program
from lib.tap import add_case, case, check, check_equal, run_cases
from lib.util import Ports, wait_for

GOOD = f"""\
data_dir: @DIR@/data
sip: {{domain: {DOMAIN}, listen: "udp:127.0.0.1:@PORT@"}}
media: {{address: 127.0.0.1, ports: 50000-50099}}
shards: 1
"""
NOBODY = 65534


AS_ROOT = os.geteuid() == 0
PUBLIC = tempfile.TemporaryDirectory()


def public_program() -> str:
    """A copy that anybody may run, wherever the build is."""
    os.chmod(PUBLIC.name, 0o755)
    path = Path(PUBLIC.name) / "opengated"
    if not path.exists():
        shutil.copy(program("opengated"), path)
    return str(path)


def run(*words: str, powerless: bool = False) -> tuple[int, str, str]:
    """powerless: as a user for whom file modes count."""
    other = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if powerless and AS_ROOT else {}
    done = subprocess.run(
        [public_program() if other else program("opengated"), *words],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, **other,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def check_line(seen: str, pattern: str) -> None:
    check_equal(len(seen.splitlines()), 1, f"lines of {seen!r}")
    check(re.search(pattern, seen), f"wanted /{pattern}/, seen {seen!r}")
    check(seen.startswith("opengated: "), seen)


@dataclass
class Mistake:
    """A configuration; what must be said of it. Rows below a line: their own number."""

    text: str
    said: str
    name: str = ""


def with_line(more: str) -> str:
    return GOOD + more + "\n"


def instead(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


CHECKED = [
    Mistake("", r"sip\.domain: is missing"),
    Mistake("sip: [", r":2: not valid YAML: .*; look for"),
    Mistake("sip: {domain: 'a\n", r":\d: not valid YAML"),
    Mistake("sip: \xff\n", r"og\.yaml: not UTF-8 text"),
    Mistake("- a\n", r":1: must hold \"key: value\" lines"),
    Mistake("hello\n", r":1: must hold"),
    Mistake(with_line("shard: 2"), r":5: shard: unknown key; did you mean shards\?"),
    Mistake(instead("domain:", "domian:"), r":2: sip\.domian: unknown key; did you mean sip\.domain\?"),
    Mistake(with_line("colour: red"), r":5: colour: unknown key; opengated --help-config lists all keys"),
    Mistake(with_line("domain: x"), r":5: domain: unknown key; did you mean sip\.domain\?"),
    Mistake(with_line("shards: 2"), r":5: shards: stands in line 4 already; leave one of the two out"),
    Mistake(instead("shards: 1", "shards: 0"), r":4: shards: \"0\" is neither auto nor a number from 1 to 64"),
    Mistake(instead("shards: 1", "shards: many"), r":4: shards: \"many\" is neither auto nor a number"),
    Mistake(instead("shards: 1", "shards: [1, 2]"), r":4: shards: takes one value, not a list"),
    Mistake(instead("shards: 1", "shards: {a: 1}"), r":4: shards: takes one value, not keys of its own"),
    Mistake(instead(DOMAIN, "'a b'"), r":2: sip\.domain: \"a b\" is not a host name"),
    Mistake(instead(DOMAIN, "x" * 70), r":2: sip\.domain: must have 1 to 63 characters"),
    Mistake(instead('"udp:127.0.0.1:@PORT@"', "[]"), r":2: sip\.listen: is an empty list; write at least one value"),
    Mistake(instead("udp:", "tls:"), r":2: sip\.listen: tls is not offered by this version; use udp: or tcp:"),
    Mistake(instead("udp:", "sctp:"), r":2: sip\.listen: .* does not begin with udp: or tcp:"),
    Mistake(instead("127.0.0.1:@PORT@", "localhost:5060"), r":2: sip\.listen: .*names are not looked up here"),
    Mistake(instead("127.0.0.1:@PORT@", "127.0.0.1:99999"), r":2: sip\.listen: .* is not ADDRESS:PORT"),
    Mistake(instead('"udp:127.0.0.1:@PORT@"', '["udp:127.0.0.1:9", "udp:127.0.0.1:9"]'), r":2: sip\.listen: names .* twice"),
    Mistake(instead("address: 127.0.0.1", "address: 0.0.0.0"), r":3: media\.address: 0\.0\.0\.0 is not an address that phones"),
    Mistake(instead("address: 127.0.0.1", "address: here"), r":3: media\.address: \"here\" is not an IP address"),
    Mistake(instead("address: 127.0.0.1", "address: [127.0.0.1, 127.0.0.2]"), r"has two IPv4 addresses; leave one"),
    Mistake(instead("address: 127.0.0.1, ", ""), r"media\.address: is missing"),
    Mistake(instead("50000-50099", "50099-50000"), r":3: media\.ports: .* ends before it begins; write 50000-50099"),
    Mistake(instead("50000-50099", "80-90"), r":3: media\.ports: 80-90 leaves the range 1024-65535"),
    Mistake(instead("50000-50099", "50000"), r":3: media\.ports: \"50000\" is not FIRST-LAST"),
    Mistake(instead("50000-50099", "50000-50003"), r":3: media\.ports: .* too few for 1 shards; give at least 8"),
    Mistake(with_line("http: {listen: 8080}"), r":5: http\.listen: .* is not ADDRESS:PORT"),
    Mistake(with_line(f"http: {{socket: /{'x' * 120}}}"), r":5: http\.socket: is longer than 103 bytes; use a shorter path"),
    Mistake(with_line("http: {socket: ''}"), r":5: http\.socket: is empty; write a path or leave the key out"),
    Mistake(instead("@DIR@/data", "/" + "d" * 300), r":1: data_dir: is longer than 255 bytes; use a shorter path"),
    Mistake(instead("@DIR@/data", "/" + "d" * 150), r":1: data_dir: is too long for a Unix socket below it; give http\.socket"),
    Mistake(with_line("log: {level: loud}"), r":5: log\.level: \"loud\" is none of trace, info, warning, error"),
    Mistake(with_line("shutdown_grace_s: soon"), r":5: shutdown_grace_s: \"soon\" is not a whole number from 0 to 86400"),
    Mistake(with_line("shutdown_grace_s: -1"), r":5: shutdown_grace_s: \"-1\" is not a whole number"),
    Mistake(instead(f"domain: {DOMAIN}", f"domain: {DOMAIN}, calls_max: 0"), r":2: sip\.calls_max: \"0\" is not a whole number from 1"),
    Mistake(instead(f"domain: {DOMAIN}", f"domain: {DOMAIN}, digest: sha1"), r":2: sip\.digest: \"sha1\" is none of md5, sha-256, both"),
    Mistake(instead(f"domain: {DOMAIN}", f"domain: {DOMAIN}, expires: {{min: 7300}}"), r":2: sip\.expires\.min: 7300 is above sip\.expires\.max"),
    Mistake(instead(f"domain: {DOMAIN}", f"domain: {DOMAIN}, expires: {{default: 30}}"), r"sip\.expires\.default: 30 is not between"),
]


def filled(text: str, directory: str) -> str:
    return text.replace("@DIR@", directory).replace("@PORT@", str(Ports().block(2)))


def check_config(mistake: Mistake) -> None:
    """--check-config and the start say the same."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "og.yaml"
        path.write_bytes(filled(mistake.text, directory).encode("latin-1"))
        for words in (["--check-config"], []):
            status, out, said = run("--config", str(path), *words)
            check_equal((status, out), (1, ""), f"{words}: exit status and output")
            check_line(said, mistake.said)


for number, one in enumerate(CHECKED, 1):
    add_case(f"configuration {number}: {one.said}", lambda one=one: check_config(one))


@case("a good configuration is called good")
def _() -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "og.yaml"
        path.write_text(filled(GOOD, directory))
        check_equal(run("--config", str(path), "--check-config"), (0, f"{path}: good\n", ""), "the check")
        check_equal([p.name for p in Path(directory).iterdir()], ["og.yaml"], "files made by the check")


USAGE = [
    ([], r"which configuration\? Give --config FILE"),
    (["--config"], r"--config needs a value: --config FILE"),
    (["--confg", "x"], r"there is no option --confg; did you mean --config\?"),
    (["--verbose"], r"there is no option --verbose; see opengated --help"),
    (["-x"], r"there is no option -x"),
    (["--config", "x", "y"], r"\"y\" is too much; see opengated --help"),
    (["--check-config"], r"which configuration"),
]


@case("wrong usage is one line and exit status 2")
def _() -> None:
    for words, said in USAGE:
        status, out, err = run(*words)
        check_equal((status, out), (2, ""), str(words))
        check_line(err, said)


@case("--help, --version, --help-config")
def _() -> None:
    for word, begin in (("--help", "usage: opengated"), ("--version", "opengated "), ("--help-config", "data_dir (default")):
        status, out, err = run(word)
        check_equal((status, err), (0, ""), word)
        check(out.startswith(begin), out)


@case("a configuration that cannot be read")
def _() -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "og.yaml"
        status, _, said = run("--config", str(path))
        check_equal(status, 1, "exit status")
        check_line(said, r"og\.yaml: there is no such file; give the path with --config FILE")
        check_line(run("--config", directory)[2], r"Is a directory")
        path.write_text(filled(GOOD, directory))
        path.chmod(0)
        os.chmod(directory, 0o755)
        check_line(run("--config", str(path), powerless=True)[2], r"Permission denied; let this user read it")


# --- what only the start can find. Each prepares a directory and returns what must be said.


def start(prepare: Callable[[Path, ExitStack], str], text: str = GOOD, powerless: bool = False) -> None:
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        os.chmod(directory, 0o755)
        path = Path(directory) / "og.yaml"
        path.write_text(filled(text, directory))
        said = prepare(Path(directory), stack)
        status, out, err = run("--config", str(path), powerless=powerless)
        check_equal((status, out), (1, ""), f"exit status and output ({err})")
        check_line(err, said)


def occupy(directory: Path, stack: ExitStack, kind: int) -> int:
    """A port that is taken by this test, written into the file in place of its last one."""
    taken = stack.enter_context(socket.socket(socket.AF_INET, kind))
    taken.bind(("127.0.0.1", 0))
    if kind == socket.SOCK_STREAM:
        taken.listen()
    port = taken.getsockname()[1]
    path = directory / "og.yaml"
    path.write_text(re.sub(r'127\.0\.0\.1:\d+(?="}\n(?!.*127\.0\.0\.1:))', f"127.0.0.1:{port}", path.read_text(), flags=re.DOTALL))
    return port


def starts(name: str, text: str = GOOD, powerless: bool = False) -> Callable:
    def register(prepare: Callable[[Path, ExitStack], str]) -> None:
        add_case(f"start: {name}", lambda: start(prepare, text, powerless))

    return register


@starts("the UDP port is taken")
def _(directory: Path, stack: ExitStack) -> str:
    port = occupy(directory, stack, socket.SOCK_DGRAM)
    return rf"sip\.listen udp:127\.0\.0\.1:{port}: another program uses this port; stop it or choose another"


@starts("the TCP port is taken", GOOD.replace("udp:", "tcp:"))
def _(directory: Path, stack: ExitStack) -> str:
    port = occupy(directory, stack, socket.SOCK_STREAM)
    return rf"sip\.listen tcp:127\.0\.0\.1:{port}: another program uses this port"


@starts("the SIP address is not of this host", GOOD.replace("udp:127.0.0.1:@PORT@", "udp:192.0.2.1:5060"))
def _(directory: Path, stack: ExitStack) -> str:
    return r"sip\.listen udp:192\.0\.2\.1:5060: this host has no such address; write one that 'ip address' shows"


@starts("the media address is not of this host", GOOD.replace("address: 127.0.0.1", "address: 192.0.2.1"))
def _(directory: Path, stack: ExitStack) -> str:
    return r"media\.address 192\.0\.2\.1: this host has no such address"


@starts("the HTTP address is not of this host", GOOD + 'http: {listen: "192.0.2.1:8080"}\n')
def _(directory: Path, stack: ExitStack) -> str:
    return r"http\.listen 192\.0\.2\.1:8080: this host has no such address; write one that it has, or \"off\""


@starts("the HTTP port is taken", GOOD + 'http: {listen: "127.0.0.1:@PORT@"}\n')
def _(directory: Path, stack: ExitStack) -> str:
    port = occupy(directory, stack, socket.SOCK_STREAM)
    return rf"http\.listen 127\.0\.0\.1:{port}: another program uses this port; choose another, or \"off\""


@starts("data_dir is a file")
def _(directory: Path, stack: ExitStack) -> str:
    (directory / "data").write_text("x")
    return r"data_dir .*/data is not writable \(Not a directory\): create it for this user or choose another"


@starts("data_dir may not be made", GOOD, True)
def _(directory: Path, stack: ExitStack) -> str:
    directory.chmod(0o555)
    stack.callback(directory.chmod, 0o755)
    return r"data_dir .*/data is not writable \(Permission denied\): create it for this user or choose another"


@starts("data_dir may not be written", GOOD, True)
def _(directory: Path, stack: ExitStack) -> str:
    (directory / "data").mkdir()
    (directory / "data").chmod(0o555)
    return r"data_dir .*/data is not writable \(Permission denied\)"


@starts("the database is damaged")
def _(directory: Path, stack: ExitStack) -> str:
    (directory / "data").mkdir()
    (directory / "data" / "opengate.db").write_bytes(b"SQLite format 3\0" + os.urandom(8192))
    return r"opengate\.db is damaged\. Stop the server, keep a copy of the file, and restore the last backup"


@starts("the database is of another program")
def _(directory: Path, stack: ExitStack) -> str:
    (directory / "data").mkdir()
    with sqlite3.connect(directory / "data" / "opengate.db") as db:
        db.execute("CREATE TABLE other(x)")
    db.close()
    return r"is the database of another program\. Name another file"


@starts("the database is from a newer version")
def _(directory: Path, stack: ExitStack) -> str:
    (directory / "data").mkdir()
    with sqlite3.connect(directory / "data" / "opengate.db") as db:
        db.execute(f"PRAGMA application_id = {0x4F474154}")
        db.execute("PRAGMA user_version = 9999")
    db.close()
    return r"was made by a newer version \(schema 9999, this one knows \d+\)\. Install that version again"


@starts("another program holds the database")
def _(directory: Path, stack: ExitStack) -> str:
    (directory / "data").mkdir()
    db = sqlite3.connect(directory / "data" / "opengate.db")
    stack.callback(db.close)
    db.execute("BEGIN EXCLUSIVE")
    return r"Another program holds the database .*\. End it, then try again"


@starts("a file stands where the API's socket shall be")
def _(directory: Path, stack: ExitStack) -> str:
    (directory / "data").mkdir()
    (directory / "data" / "api.sock").write_text("precious")
    stack.callback(lambda: check_equal((directory / "data" / "api.sock").read_text(), "precious", "the file"))
    return r"http\.socket .*/api\.sock cannot be opened: something that is no socket stands there"


@starts("another program answers at the API's socket")
def _(directory: Path, stack: ExitStack) -> str:
    (directory / "data").mkdir()
    server = stack.enter_context(socket.socket(socket.AF_UNIX))
    server.bind(str(directory / "data" / "api.sock"))
    server.listen()
    return r"http\.socket .*/api\.sock cannot be opened: another program answers there; stop it or choose another path"


@starts("the directory of the API's socket does not exist", GOOD + "http: {socket: @DIR@/none/api.sock}\n")
def _(directory: Path, stack: ExitStack) -> str:
    return r"http\.socket .*/none/api\.sock cannot be opened: its directory does not exist; make it"


@case("a second server on the same data, and one on the same socket")
def _() -> None:
    with OpenGate() as gate, tempfile.TemporaryDirectory() as directory:
        config = json.loads(gate.config.read_text())
        config["sip"]["listen"] = [f"udp:127.0.0.1:{gate.ports.block(2)}"]
        other = Path(directory) / "og.yaml"
        other.write_text(json.dumps(config))
        check_line(run("--config", str(other))[2], r"another opengated uses data_dir .*: stop it first or choose another directory")
        config["data_dir"] = directory + "/data"
        other.write_text(json.dumps(config))
        check_line(run("--config", str(other))[2], r"api\.sock cannot be opened: another program answers there")
        gate.text("status")


@case("a socket left over from a kill is no obstacle")
def _() -> None:
    with OpenGate() as gate:
        check_equal(gate.stop(signal.SIGKILL), -signal.SIGKILL, "exit status")
        check((gate.dir / "api.sock").exists(), "the socket is gone after a kill")
        gate.start()
        gate.text("status")


@case("too few descriptors for the configured calls are a warning")
def _() -> None:
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        path = Path(directory) / "og.yaml"
        path.write_text(filled(GOOD, directory))
        log = stack.enter_context((Path(directory) / "log").open("w"))
        os.chmod(directory, 0o777)
        # Root might raise the limit again.
        child = subprocess.Popen(
            ["sh", "-c", 'ulimit -n 1000 && exec "$0" --config "$1"', public_program(), str(path)],
            stderr=log, stdin=subprocess.DEVNULL, user=NOBODY if AS_ROOT else None,
        )  # fmt: skip
        stack.callback(child.kill)
        seen = wait_for("the warning", lambda: re.search(r".*LimitNOFILE.*", (Path(directory) / "log").read_text()))
        check("warning" in seen[0] and "1000 are allowed, enough for 186 calls" in seen[0], seen[0])
        child.send_signal(signal.SIGTERM)
        check_equal(child.wait(60), 0, "exit status")


@case("the service manager is told: ready, reloading, ready, stopping")
def _() -> None:
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        manager = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        manager.settimeout(60)
        manager.bind(directory + "/notify")
        path = Path(directory) / "og.yaml"
        path.write_text(filled(GOOD, directory))
        child = subprocess.Popen(
            [program("opengated"), "--config", str(path)], env=os.environ | {"NOTIFY_SOCKET": directory + "/notify"},
            stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        stack.callback(child.kill)
        check_equal(manager.recv(4096), b"READY=1", "after the start")
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(directory + "/data/api.sock")  # it is ready indeed
        child.send_signal(signal.SIGHUP)
        check(re.fullmatch(rb"RELOADING=1\nMONOTONIC_USEC=\d+", manager.recv(4096)), "no RELOADING")
        check_equal(manager.recv(4096), b"READY=1", "after the reload")
        child.send_signal(signal.SIGTERM)
        check_equal(manager.recv(4096), b"STOPPING=1", "at the end")
        check_equal(child.wait(60), 0, "exit status")


if __name__ == "__main__":
    sys.exit(run_cases())
