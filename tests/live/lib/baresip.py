"""A real softphone without a head: baresip, steered over its control socket, what it hears kept in a file."""

from __future__ import annotations

import json
import shutil
import socket
import tempfile
import threading
from pathlib import Path
from typing import Any

from lib.daemon import DOMAIN, Line
from lib.network import Space
from lib.tap import Failure, check
from lib.util import Ports, Process, host_port, tail, wait_for

MODULES_PATH = "/usr/lib/baresip/modules"
RTP_PORTS = 40


class Phone:
    """
    One baresip with one account. host: its own address, and unless server_host is given the server's as well;
    transport: "udp" or "tcp"; space: the network namespace that it lives in.
    registers: with the server; otherwise it only answers what comes to its address.
    """

    def __init__(
        self,
        line: Line,
        server_port: int,
        ports: Ports,
        play: Path,
        host: str = "127.0.0.1",
        transport: str = "udp",
        answers: bool = True,
        registers: bool = True,
        codec: str = "pcmu/8000/1",
        server_host: str = "",
        space: Space | None = None,
    ) -> None:
        self.line, self.host, self.transport, self.space = line, host, transport, space
        self.server_host = server_host or host
        self.dir = Path(tempfile.mkdtemp(prefix="opengate-phone-"))
        # baresip takes the port after its SIP port for TLS.
        self.sip_port = ports.block(4)
        self.control_port = self.sip_port + 2
        self.rtp_first = ports.block(RTP_PORTS)
        self.events: list[dict[str, Any]] = []
        self.arrived = threading.Condition()
        self._write_config(play)
        self._write_account(server_port, answers, registers, codec)
        command = ["baresip", "-v", "-f", str(self.dir)]
        self.process = Process(space.command(command) if space else command, self.dir / "log", cwd=self.dir)
        try:
            self.control = self._connect()
        except BaseException:
            self.process.end()
            raise
        threading.Thread(target=self._read, daemon=True).start()

    # --- set-up
    def _write_config(self, play: Path) -> None:
        """The player goes nowhere (a bridge without other end); sndfile keeps what the decoder gives."""
        modules = ["g711", "opus", "sndfile", "aufile", "aubridge"]
        lines = [
            "poll_method epoll",
            f"sip_listen {host_port(self.host, self.sip_port)}",
            f"net_interface {self.host}",
            f"ctrl_tcp_listen 127.0.0.1:{self.control_port}",
            f"rtp_ports {self.rtp_first}-{self.rtp_first + RTP_PORTS - 1}",
            f"audio_source aufile,{play}",
            "audio_player aubridge,nowhere",
            "audio_alert aubridge,silent",
            "ausrc_srate 8000",
            "auplay_srate 8000",
            "ausrc_channels 1",
            "auplay_channels 1",
            # Deep enough for a busy machine: what is measured is the path, not the scheduler.
            "jitter_buffer_delay 10-40",
            "call_max_calls 8",
            f"snd_path {self.dir}",
            f"module_path {MODULES_PATH}",
            *(f"module {m}.so" for m in modules),
            "module_tmp uuid.so",
            "module_tmp account.so",
            "module_app menu.so",
            "module_app ctrl_tcp.so",
        ]
        (self.dir / "config").write_text("\n".join(lines) + "\n")

    def _write_account(self, server_port: int, answers: bool, registers: bool, codec: str) -> None:
        server = f"sip:{host_port(self.server_host, server_port)};transport={self.transport}"
        parameters = [
            f'outbound="{server}"',
            f"auth_user={self.line.account}",
            f"auth_pass={self.line.password}",
            f"regint={3600 if registers else 0}",
            f"answermode={'auto' if answers else 'manual'}",
            f"audio_codecs={codec}",
        ]
        aor = f"<sip:{self.line.account}@{DOMAIN};transport={self.transport}>"
        (self.dir / "accounts").write_text(";".join([aor, *parameters]) + "\n")

    def _connect(self) -> socket.socket:
        def attempt() -> socket.socket | None:
            check(self.process.running(), f"baresip ended at once:\n{tail(self.process.output())}")
            try:
                address = "127.0.0.1", self.control_port
                return self.space.connect(address) if self.space else socket.create_connection(address, timeout=5)
            except OSError:
                return None

        control = wait_for("baresip's control socket", attempt)
        control.settimeout(None)
        return control

    # --- control: netstrings of JSON
    def _read(self) -> None:
        data = b""
        while True:
            try:
                got = self.control.recv(65536)
            except OSError:
                return
            if not got:
                return
            data += got
            while b":" in data:
                size, _, rest = data.partition(b":")
                length = int(size)
                if len(rest) < length + 1:
                    break
                with self.arrived:
                    self.events.append(json.loads(rest[:length]))
                    self.arrived.notify_all()
                data = rest[length + 1 :]

    def command(self, word: str, parameters: str = "") -> None:
        text = json.dumps({"command": word, "params": parameters, "token": word})
        self.control.sendall(f"{len(text)}:{text},".encode())

    def wait_event(self, kind: str, limit_s: float = 60, after: int = 0) -> dict[str, Any]:
        """The first event of that type from position `after` on; those before may be old calls'."""

        def found() -> dict[str, Any] | None:
            return next((e for e in self.events[after:] if e.get("type") == kind), None)

        with self.arrived:
            self.arrived.wait_for(found, limit_s)
            event = found()
        if not event:
            raise Failure(f"{self} saw no {kind}; it saw {self.seen(after)}:\n{tail(self.log(), 30)}")
        return event

    def seen(self, after: int = 0) -> list[str]:
        return [e.get("type", "response") for e in self.events[after:]]

    def log(self) -> str:
        return self.process.output()

    # --- acts
    def wait_registered(self) -> None:
        # It may have registered before its control socket was connected; then only its log tells.
        def registered() -> bool:
            return "REGISTER_OK" in self.seen() or "200 OK (OpenGate)" in self.log()

        wait_for(f"{self} to register", registered)

    def dial(self, number: str) -> None:
        self.command("dial", number)

    def hang_up(self) -> None:
        self.command("hangup")

    def digits(self) -> str:
        """The keys that the other side pressed."""
        return "".join(e["param"] for e in list(self.events) if e.get("type") == "CALL_DTMF_START")

    def recording(self) -> Path:
        """What was heard in the latest call; complete after CALL_CLOSED."""
        return wait_for("a recording", lambda: max(self.dir.glob("dump-*-dec.wav"), default=None))

    def __str__(self) -> str:
        return f"phone {self.line.number} ({self.transport} {self.host})"

    def __enter__(self) -> Phone:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.process.end()
        self.control.close()
        shutil.rmtree(self.dir, ignore_errors=True)
