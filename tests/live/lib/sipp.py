"""SIPp as caller or callee: a scenario of tests/live/scenarios.py, run and its counters read."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from lib.daemon import DOMAIN, Line
from lib.tap import Failure, check
from lib.util import Process, host_port, tail, wait_for
from scenarios import SCENARIOS

TRANSPORTS = {"udp": "u1", "tcp": "t1"}


def callers(pairs: Iterable[tuple[Line, str]]) -> list[list[str]]:
    """Rows for the caller scenarios: account, credentials, number to dial."""
    rows = []
    for line, dialled in pairs:
        secret = f"[authentication username={line.account} password={line.password}]"
        rows.append([line.account, secret, dialled])
    return rows


class Sipp:
    """
    One SIPp process. calls 0: it stays until it is ended (a callee). remote: where requests go; a callee answers
    where they came from.
    """

    def __init__(
        self,
        scenario: str,
        local_port: int,
        remote: tuple[str, int] | None = None,
        *,
        host: str = "127.0.0.1",
        transport: str = "udp",
        rows: list[list[str]] | None = None,
        calls: int = 1,
        rate: float = 10,
        at_once: int = 10000,
        media_port: int = 0,
        keys: dict[str, str] | None = None,
        limit_s: int = 120,
    ) -> None:
        self.name = scenario
        self.dir = Path(tempfile.mkdtemp(prefix="opengate-sipp-"))
        script = SCENARIOS[scenario]()
        (self.dir / "scenario.xml").write_text(script.xml())
        (self.dir / "sound.ul").write_bytes(bytes(range(256)) * 32)
        command = ["sipp", "-sf", str(self.dir / "scenario.xml"), "-i", host, "-mi", host, "-p", str(local_port)]
        command += ["-t", TRANSPORTS[transport], "-nostdin"]
        command += ["-default_behaviors", "all,-bye,-abortunexp" if script.overlaps else "all,-bye"]
        command += ["-trace_err", "-error_file", str(self.dir / "errors"), "-trace_stat", "-fd", "1"]
        command += ["-stf", str(self.dir / "stat.csv"), "-buff_size", "4194304", "-max_socket", "1000"]
        if calls:
            command += ["-m", str(calls), "-timeout", str(limit_s), "-timeout_error"]
        if rows:
            (self.dir / "rows.csv").write_text("SEQUENTIAL\n" + "".join(";".join(row) + "\n" for row in rows))
            command += ["-inf", str(self.dir / "rows.csv")]
        if media_port:
            command += ["-mp", str(media_port)]
        for key, value in ({"domain": DOMAIN} | (keys or {})).items():
            command += ["-key", key, value]
        if remote:
            command += ["-r", str(rate), "-l", str(at_once), host_port(*remote)]
        self.limit_s = limit_s
        self.process = Process(command, self.dir / "log", cwd=self.dir)

    def __enter__(self) -> Sipp:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.end()
        shutil.rmtree(self.dir, ignore_errors=True)

    def counters(self) -> dict[str, int]:
        """The latest line of the statistics file."""
        path = self.dir / "stat.csv"
        lines = path.read_text(errors="replace").splitlines() if path.exists() else []
        if len(lines) < 2:
            return {}
        names, last = lines[0].split(";"), lines[-1].split(";")
        return {name: int(value) for name, value in zip(names, last) if value.isdigit()}

    def succeeded(self) -> int:
        return self.counters().get("SuccessfulCall(C)", 0)

    def failed(self) -> int:
        return self.counters().get("FailedCall(C)", 0)

    def report(self) -> str:
        errors = self.dir / "errors"
        text = errors.read_text(errors="replace") if errors.exists() else ""
        screen = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", self.process.output())
        return f"--- {self.name}: errors\n{text[:4000]}\n--- {self.name}: screen\n{tail(screen, 60)}"

    def wait(self) -> None:
        """Until SIPp ends by itself; every call must have gone as the scenario says."""
        status = self.process.wait(self.limit_s + 30)
        check(status == 0, f"sipp {self.name} ended with {status}\n{self.report()}")

    def wait_succeeded(self, count: int) -> None:
        """A callee: until so many calls went as the scenario says, and none did not."""

        def done() -> bool:
            check(self.failed() == 0, f"sipp {self.name}: {self.failed()} failed calls\n{self.report()}")
            check(self.process.running() or self.process.child.returncode == 0, self.report())
            return self.succeeded() >= count

        try:
            wait_for(f"{count} good calls at {self.name}", done, limit_s=self.limit_s, poll_s=0.2)
        except Failure as failure:
            raise Failure(f"{failure}\n{self.report()}") from None
