"""What OpenGate is measured beside: Kamailio, rtpengine, a bare loop; and the CPU time of any of them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from lib.daemon import DOMAIN, program
from lib.tap import Failure
from lib.util import Process, wait_for

HERE = Path(__file__).resolve().parent
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
KAMAILIO_MODULES = "/usr/lib/x86_64-linux-gnu/kamailio/modules/"
# Callers at ports from here on are asked for their password by Kamailio.
AUTH_PORT = 8200


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the name; [] when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    parents = {int(p.name): _stat(int(p.name)) for p in Path("/proc").iterdir() if p.name.isdigit()}
    found = [pid]
    for one in found:
        found += [child for child, stat in parents.items() if stat and int(stat[1]) == one]
    return found


def cpu_s(pids: list[int]) -> float:
    """User and system time of these processes, all threads."""
    stats = [_stat(pid) for pid in pids]
    return sum(int(s[11]) + int(s[12]) for s in stats if s) * TICK_S


def rss_kib(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise Failure(f"process {pid} has no VmRSS")


class Peer:
    """A server of somebody else's, in a directory of its own."""

    def __init__(self, name: str, port: int) -> None:
        self.name, self.port = name, port
        self.dir = Path(tempfile.mkdtemp(prefix="opengate-bench-"))
        self.process: Process | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def answers(self) -> bool:
        raise NotImplementedError

    def __enter__(self) -> Peer:
        self.process = Process(self.command(), self.dir / "log", cwd=self.dir)
        try:
            wait_for(f"{self.name} to answer", self._up)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _up(self) -> bool:
        assert self.process
        if not self.process.running():
            raise Failure(f"{self.name} ended:\n{self.process.output()}")
        return self.answers()

    def __exit__(self, *_: object) -> None:
        assert self.process
        self.process.end()
        shutil.rmtree(self.dir, ignore_errors=True)

    def cpu(self) -> float:
        assert self.process
        return cpu_s(family(self.process.pid))


class Kamailio(Peer):
    def __init__(self, port: int, workers: int) -> None:
        super().__init__(f"Kamailio, {workers} worker{'s' if workers > 1 else ''}", port)
        self.workers = workers

    def command(self) -> list[str]:
        text = (HERE / "kamailio.cfg").read_text()
        for word, value in (
            ("WORKERS", str(self.workers)),
            ("ADDRESS", f"127.0.0.1:{self.port}"),
            ("AUTH_PORT", str(AUTH_PORT)),
            ("DOMAIN", DOMAIN),
            ("MODULES", KAMAILIO_MODULES),
        ):
            text = text.replace(word, value)
        config = self.dir / "kamailio.cfg"
        config.write_text(text)
        tuning = ["-x", "tlsf", "-X", "tlsf", "-m", "1024", "-M", "64"]
        return ["kamailio", "-f", str(config), "-DD", "-E", *tuning, "-Y", str(self.dir), "-P", str(self.dir / "pid")]

    def answers(self) -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            probe.settimeout(0.2)
            port = probe.getsockname()[1]
            head = [
                f"OPTIONS sip:127.0.0.1:{self.port} SIP/2.0",
                f"Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKprobe",
                "Max-Forwards: 70",
                "From: <sip:probe@127.0.0.1>;tag=1",
                f"To: <sip:127.0.0.1:{self.port}>",
                "Call-ID: probe",
                "CSeq: 1 OPTIONS",
                "Content-Length: 0",
                "",
                "",
            ]
            try:
                probe.sendto("\r\n".join(head).encode(), ("127.0.0.1", self.port))
                return bool(probe.recv(4096))
            except OSError:
                return False


def _bencode(value: object) -> bytes:
    if isinstance(value, dict):
        return b"d" + b"".join(_bencode(k) + _bencode(v) for k, v in sorted(value.items())) + b"e"
    text = str(value).encode()
    return b"%d:%s" % (len(text), text)


def _bdecode(data: bytes, at: int = 0) -> tuple[object, int]:
    if data[at : at + 1] == b"d":
        result: dict[str, object] = {}
        at += 1
        while data[at : at + 1] != b"e":
            key, at = _bdecode(data, at)
            result[str(key)], at = _bdecode(data, at)
        return result, at + 1
    if data[at : at + 1] == b"l":
        items = []
        at += 1
        while data[at : at + 1] != b"e":
            item, at = _bdecode(data, at)
            items.append(item)
        return items, at + 1
    if data[at : at + 1] == b"i":
        end = data.index(b"e", at)
        return int(data[at + 1 : end]), end + 1
    colon = data.index(b":", at)
    end = colon + 1 + int(data[at:colon])
    return data[colon + 1 : end].decode(), end


def _sdp(port: int) -> str:
    lines = ["v=0", "o=phone 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0", f"m=audio {port} RTP/AVP 0"]
    return "\r\n".join([*lines, "a=rtpmap:0 PCMU/8000", "a=sendrecv", ""])


def _media_port(sdp: str) -> int:
    return next(int(line.split()[1]) for line in sdp.splitlines() if line.startswith("m="))


class Rtpengine(Peer):
    """Forwarding in user space (table -1), told over its ng protocol: bencode over UDP."""

    def __init__(self, port: int, first: int, last: int) -> None:
        super().__init__("rtpengine", port)
        self.first, self.last = first, last
        self.asked = 0

    def command(self) -> list[str]:
        options = ["--table=-1", "--interface=127.0.0.1", f"--listen-ng=127.0.0.1:{self.port}", "--log-level=3"]
        ports = [f"--port-min={self.first}", f"--port-max={self.last}"]
        return ["rtpengine", "--foreground", "--log-stderr", "--config-file=none", *options, *ports]

    def ask(self, **words: str) -> dict[str, object]:
        self.asked += 1
        cookie = f"{self.asked}"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ng:
            ng.settimeout(2)
            request = {k.replace("_", "-"): v for k, v in words.items()}
            ng.sendto(cookie.encode() + b" " + _bencode(request), ("127.0.0.1", self.port))
            answer, _ = _bdecode(ng.recv(65536).partition(b" ")[2])
        assert isinstance(answer, dict)
        return answer

    def answers(self) -> bool:
        try:
            return self.ask(command="ping").get("result") == "pong"
        except OSError:
            return False

    def call(self, index: int, a_port: int, b_port: int) -> list[tuple[int, int]]:
        """A two-way call; who sends where: (own port, relay's port) of both phones."""
        who = {"call_id": f"bench-{index}", "from_tag": f"a{index}"}
        for_b = self.ask(command="offer", sdp=_sdp(a_port), **who)
        for_a = self.ask(command="answer", sdp=_sdp(b_port), to_tag=f"b{index}", **who)
        if "ok" not in (for_b.get("result"), for_a.get("result")):
            raise Failure(f"rtpengine: {for_b} {for_a}")
        return [(a_port, _media_port(str(for_a["sdp"]))), (b_port, _media_port(str(for_b["sdp"])))]


class BareRelay:
    """tests/bench/bare_relay.c: the floor."""

    def __init__(self, pairs: int) -> None:
        self.child = subprocess.Popen(
            [bench_program("bench_bare_relay"), str(pairs)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.child.stdout
        self.ports = [int(self.child.stdout.readline()) for _ in range(2 * pairs)]

    def __enter__(self) -> BareRelay:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.child.stdin
        self.child.stdin.close()
        self.child.wait(10)

    def cpu(self) -> float:
        return cpu_s([self.child.pid])


def bench_program(name: str) -> str:
    return program(f"tests/bench/{name}")
