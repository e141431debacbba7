"""opengated in a directory of its own, and opengatectl beside it."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib.network import Space
from lib.tap import Failure, check, note
from lib.util import Ports, Process, host_port, tail, wait_for

DOMAIN = "kmus.sip.example.jp"
CUSTOMER = "C9000013"


def build_root() -> Path:
    if "OPENGATE_BUILD" not in os.environ:
        raise SystemExit("OPENGATE_BUILD must name the build directory (tools/run-tests sets it)")
    return Path(os.environ["OPENGATE_BUILD"])


def sanitized() -> bool:
    """The build under test carries sanitizers, or runs in valgrind: load tests make fewer calls."""
    return os.environ.get("OPENGATE_SANITIZE", "none") != "none" or "OPENGATE_VALGRIND" in os.environ


def valgrind(directory: Path) -> list[str]:
    """What stands in front of the server's command when OPENGATE_VALGRIND is set; it writes findings alone."""
    if "OPENGATE_VALGRIND" not in os.environ:
        return []
    told = ["--leak-check=full", "--errors-for-leak-kinds=definite,possible", "--error-exitcode=99", "--fair-sched=yes"]
    return ["valgrind", "-q", *told, f"--log-file={directory}/sanitizer.%p"]


def program(name: str) -> str:
    for place in ("src/main", "cli", "."):
        path = build_root() / place / name
        if path.is_file():
            return str(path)
    raise SystemExit(f"there is no {name} in {build_root()}")


@dataclass(frozen=True)
class Line:
    """A subscriber's number with its account."""

    number: str
    account: str
    password: str


class Refused(Failure):
    """opengatectl said no."""


class OpenGate:
    """
    The server with fresh data on free ports. As a context manager it starts, and at the end it must stop on SIGTERM
    with status 0 and nothing from the sanitizers.
    """

    def __init__(
        self,
        shards: int | str = "auto",
        media_ports: int = 400,
        ipv6: bool = True,
        hosts: list[str] | None = None,
        space: Space | None = None,
        **settings: Any,
    ) -> None:
        self.dir = Path(tempfile.mkdtemp(prefix="opengate-live-"))
        self.ports = Ports()
        self.port = self.ports.block(2)
        self.media_first = self.ports.block(media_ports)
        self.media_last = self.media_first + media_ports - 1
        self.hosts = hosts or ["127.0.0.1"] + (["::1"] if ipv6 else [])
        self.space = space
        self.shards = shards
        self.settings = settings
        self.config = self.dir / "opengate.yaml"
        self.process: Process | None = None
        self.runs = 0
        self.expect_exit = 0
        self.write_config()

    # --- configuration
    def write_config(self) -> None:
        """JSON is YAML. Settings are dotted keys without the dots: sip_ring_limit_s -> sip.ring_limit_s."""
        listen = [f"{kind}:{host_port(host, self.port)}" for host in self.hosts for kind in ("udp", "tcp")]
        config: dict[str, Any] = {
            "data_dir": str(self.dir / "data"),
            "sip": {"domain": DOMAIN, "listen": listen},
            "media": {"address": self.hosts, "ports": f"{self.media_first}-{self.media_last}"},
            "http": {"socket": str(self.dir / "api.sock"), "listen": "off"},
            "shards": self.shards,
        }
        for name, value in self.settings.items():
            section, _, key = name.partition("_")
            if section in ("sip", "dns", "media", "announcements", "http", "log", "trace", "trunk", "numbers", "records"):
                config.setdefault(section, {})[key] = value
            else:
                config[name] = value
        # Whole at any moment: opengatectl may be reading it.
        fresh = self.config.with_suffix(".new")
        fresh.write_text(json.dumps(config, indent=1) + "\n")
        fresh.replace(self.config)

    # --- life
    def __enter__(self) -> OpenGate:
        try:
            self.start()
        except BaseException:
            self._end(failed=True)
            raise
        return self

    def __exit__(self, kind: object, error: object, _: object) -> None:
        self._end(failed=kind is not None)

    def start(self) -> None:
        self.launch()
        wait_for("the server to answer", self._answers)

    def launch(self) -> None:
        """Starts it and does not wait."""
        self.runs += 1
        env = dict(os.environ)
        for tool in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
            env[tool] = ":".join(filter(None, [env.get(tool, ""), f"log_path={self.dir}/sanitizer"]))
        command = [program("opengated"), "--config", str(self.config)]
        command = valgrind(self.dir) + command
        command = self.space.command(command) if self.space else command
        self.process = Process(command, self.dir / "opengated.log", env=env, cwd=self.dir)

    def _answers(self) -> bool:
        assert self.process
        if not self.process.running():
            raise Failure(f"opengated ended with {self.process.child.returncode}:\n{tail(self.process.output())}")
        return self._ctl("status").returncode == 0

    def stop(self, number: int = signal.SIGTERM, limit_s: float = 60) -> int:
        """Signals and waits; the exit status."""
        assert self.process
        self.process.signal(number)
        status = self.process.wait(limit_s)
        self.process = None
        return status

    def sanitizer_reports(self) -> str:
        """Empty when there is nothing: valgrind makes its file in any case."""
        return "\n".join(p.read_text(errors="replace") for p in sorted(self.dir.glob("sanitizer.*"))).strip()

    def _end(self, failed: bool) -> None:
        try:
            status = self.stop() if self.process and self.process.running() else None
            ended = self.process.child.returncode if self.process else status
            reports = self.sanitizer_reports()
            if failed:
                note(f"opengated said:\n{tail(self.log(), 80)}")
            if reports:
                note(reports)
            if failed:
                return
            check(ended == self.expect_exit, f"opengated ended with {ended}:\n{tail(self.log())}")
            check(not reports, "the sanitizers found something (above)")
        finally:
            if self.process:
                self.process.end()
            if not os.environ.get("OPENGATE_KEEP"):
                shutil.rmtree(self.dir, ignore_errors=True)

    def log(self) -> str:
        path = self.dir / "opengated.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def memory_kib(self) -> int:
        """Resident set of the server (VmRSS)."""
        assert self.process
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        raise Failure("no VmRSS")

    def descriptors(self) -> int:
        assert self.process
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def metrics(self) -> dict[str, float]:
        """What the server counts, by name."""
        door = http.client.HTTPConnection("localhost")
        door.sock = socket.socket(socket.AF_UNIX)
        door.sock.settimeout(60)
        door.sock.connect(str(self.dir / "api.sock"))
        door.request("GET", "/metrics")
        lines = door.getresponse().read().decode().splitlines()
        door.close()
        return {name: float(value) for name, _, value in (row.rpartition(" ") for row in lines if row[:1] != "#")}

    def database_bytes(self) -> int:
        """As the database sees itself, with what is still in its log."""
        with closing(sqlite3.connect(f"file:{self.dir}/data/opengate.db?mode=ro", uri=True)) as db:
            return db.execute("PRAGMA page_count").fetchone()[0] * db.execute("PRAGMA page_size").fetchone()[0]

    # --- opengatectl
    def _ctl(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program("opengatectl"), "--config", str(self.config), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
        )

    def knock(self) -> int:
        """Asks for the status; the exit status, whatever it is (a server that is about to end may be gone)."""
        return self._ctl("status").returncode

    def text(self, *words: str) -> str:
        done = self._ctl(*words)
        if done.returncode:
            raise Refused(f"opengatectl {' '.join(words)}: exit {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def json(self, *words: str) -> Any:
        return json.loads(self.text(*words, "--json") or "null")

    def rows(self, *words: str) -> list[dict[str, Any]]:
        """A command whose answer is a list."""
        told = self.json(*words)
        if isinstance(told, dict):
            told = next((v for v in told.values() if isinstance(v, list)), [told])
        return told

    def add_customer(self) -> None:
        self.text("customer", "add", "--code", CUSTOMER, "--name", "Live Test")

    def add_line(self, index: int, *settings: str) -> Line:
        """Number 0501000NNNN with account 1000NNNN; settings go to `number set`."""
        line = make_line(index)
        self.text(
            "number", "add", line.number, "--customer", CUSTOMER, "--account", line.account, "--password", line.password
        )
        if settings:
            self.text("number", "set", line.number, *settings)
        return line

    def add_lines(self, count: int, *settings: str) -> list[Line]:
        self.add_customer()
        return [self.add_line(i, *settings) for i in range(count)]

    def registrations(self, line: Line | None = None) -> list[dict[str, Any]]:
        return self.rows("registrations", *([line.number] if line else []))

    def wait_registered(self, line: Line, count: int = 1) -> list[dict[str, Any]]:
        def enough() -> list[dict[str, Any]]:
            found = self.registrations(line)
            return found if len(found) >= count else []

        return wait_for(f"{count} registration(s) of {line.number}", enough)

    def calls(self) -> list[dict[str, Any]]:
        return self.rows("calls")

    def wait_calls(self, count: int, limit_s: float = 60) -> list[dict[str, Any]]:
        return wait_for(f"{count} live calls", lambda: (c := self.calls(), len(c) == count)[1] and (c or [{}]), limit_s)

    def records(self, line: Line | None = None, limit: int = 100000) -> list[dict[str, Any]]:
        return self.rows("records", *([line.number] if line else []), "--limit", str(limit))

    def wait_records(self, count: int, line: Line | None = None) -> list[dict[str, Any]]:
        def enough() -> list[dict[str, Any]]:
            found = self.records(line)
            return found if len(found) >= count else []

        return wait_for(f"{count} call record(s)", enough)

    def ladders(self) -> str:
        """Of the latest few calls, for a failure report."""
        try:
            return "\n".join(self.text("trace", r["id"]) for r in self.records(limit=3))
        except Failure as failure:
            return str(failure)


def make_line(index: int) -> Line:
    return Line(number=f"0501{index:07d}", account=f"{10000000 + index}", password=f"secret-{index}")
