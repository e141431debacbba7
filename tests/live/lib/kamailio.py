"""Kamailio as a trunk: tests/live/kamailio_trunk.cfg, filled in and run."""

from __future__ import annotations

import shutil
import socket
import tempfile
from pathlib import Path

from lib.util import Process, wait_for

HERE = Path(__file__).resolve().parents[1]
MODULES = "/usr/lib/x86_64-linux-gnu/kamailio/modules"
USER, PASSWORD, REALM = "opengate", "carrier-secret", "carrier.example"


class Kamailio:
    """A proxy on 127.0.0.1:port between OpenGate at port `gate` and gateways at port `behind`."""

    def __init__(self, port: int, gate: int, behind: int, expires_s: int = 8) -> None:
        self.port = port
        self.dir = Path(tempfile.mkdtemp(prefix="opengate-kamailio-"))
        text = (HERE / "kamailio_trunk.cfg").read_text()
        for word, value in (
            ("PORT", port), ("GATE", gate), ("BEHIND", behind), ("REALM", REALM), ("PASSWORD", PASSWORD),
            ("MODULES", MODULES), ("EXPIRES", expires_s),
        ):  # fmt: skip
            text = text.replace(word, str(value))
        (self.dir / "kamailio.cfg").write_text(text)
        self.process: Process | None = None

    def __enter__(self) -> Kamailio:
        self.start()
        return self

    def start(self) -> None:
        command = ["kamailio", "-f", str(self.dir / "kamailio.cfg"), "-DD", "-E", "-m", "32", "-M", "8"]
        command += ["-Y", str(self.dir), "-P", str(self.dir / "pid")]
        self.process = Process(command, self.dir / "log", cwd=self.dir)
        wait_for("Kamailio", self._answers)

    def stop(self) -> None:
        if self.process:
            self.process.end()
        self.process = None

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            probe.settimeout(0.2)
            port = probe.getsockname()[1]
            lines = [
                f"OPTIONS sip:127.0.0.1:{self.port} SIP/2.0",
                f"Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKprobe",
                "Max-Forwards: 70", "From: <sip:probe@127.0.0.1>;tag=1", f"To: <sip:127.0.0.1:{self.port}>",
                "Call-ID: probe", "CSeq: 1 OPTIONS", "Content-Length: 0", "", "",
            ]  # fmt: skip
            try:
                probe.sendto("\r\n".join(lines).encode(), ("127.0.0.1", self.port))
                return probe.recv(2000).startswith(b"SIP/2.0 200")
            except OSError:
                return False
