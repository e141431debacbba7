"""Phones that say only what a test tells them, over the sockets that it tells them."""

from __future__ import annotations

import random
import re
import select
import socket

from lib.sip import credentials
from lib.tap import Failure, check
from lib.util import LIMIT_S, host_port


def sdp(port: int = 40000, padding: int = 0) -> str:
    """An offer or answer; padding: so many bytes more."""
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0", f"m=audio {port} RTP/AVP 0"]
    lines += ["a=x-padding:" + "p" * 60] * (padding // 73)
    return "\r\n".join(lines) + "\r\n"


class Message:
    def __init__(self, text: str, way: Way | None = None) -> None:
        head, _, self.body = text.partition("\r\n\r\n")
        self.text, self.way = text, way
        self.start, *self.lines = head.split("\r\n")
        answer = re.match(r"SIP/2\.0 (\d{3})", self.start)
        self.code = int(answer[1]) if answer else 0
        self.method = self.header("CSeq").split()[-1]

    def headers(self, name: str) -> list[str]:
        wanted = name.lower() + ":"
        return [line[len(wanted) :].strip() for line in self.lines if line.lower().startswith(wanted)]

    def header(self, name: str) -> str:
        found = self.headers(name)
        if not found:
            raise Failure(f"no {name} in\n{self.text}")
        return found[0]

    @property
    def uri(self) -> str:
        return self.start.split()[1]

    def target(self, name: str = "Contact") -> str:
        return re.sub(r".*<([^>]*)>.*", r"\1", self.header(name))

    def reply(self, code: int, *headers: str, tag: str = "", body: str = "") -> str:
        lines = [f"SIP/2.0 {code} Whatever"] + [f"Via: {v}" for v in self.headers("Via")]
        lines += [f"Record-Route: {r}" for r in self.headers("Record-Route")]
        to = self.header("To")
        lines += [f"From: {self.header('From')}", f"To: {to}{';tag=' + tag if tag and 'tag=' not in to else ''}"]
        lines += [f"Call-ID: {self.header('Call-ID')}", f"CSeq: {self.header('CSeq')}", *headers]
        return finish(lines, body)


def finish(lines: list[str], body: str) -> str:
    if body:
        lines = [*lines, "Content-Type: application/sdp"]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}"]) + "\r\n\r\n" + body


class Way:
    """One socket's messages: UDP (remote may be None: whoever sends), or one TCP connection."""

    def __init__(self, sock: socket.socket, remote: tuple[str, int] | None = None) -> None:
        self.socket, self.remote = sock, remote
        self.stream = sock.type == socket.SOCK_STREAM
        self.buffer = b""
        self.closed = False

    @property
    def local(self) -> tuple[str, int]:
        return self.socket.getsockname()[:2]

    def send(self, text: str) -> None:
        if self.stream:
            self.socket.sendall(text.encode())
        else:
            self.socket.sendto(text.encode(), self.remote)

    def take(self) -> Message | None:
        """One message out of what has arrived; None: nothing whole."""
        if not self.stream:
            data, self.remote = self.socket.recvfrom(65535)
            return Message(data.decode(), self)
        if not self.buffer or not self._whole():
            data = self.socket.recv(65535)
            self.closed = not data
            self.buffer += data
        n = self._whole()
        text, self.buffer = self.buffer[:n], self.buffer[n:]
        return Message(text.decode(), self) if n else None

    def _whole(self) -> int:
        head, gap, _ = self.buffer.partition(b"\r\n\r\n")
        if not gap:
            return 0
        length = re.search(rb"\r\nContent-Length: *(\d+)", head, re.IGNORECASE)
        n = len(head) + 4 + int(length[1] if length else 0)
        return n if len(self.buffer) >= n else 0


class Puppet:
    """Sockets and connections at 127.0.0.x; messages come from whichever has one."""

    def __init__(self) -> None:
        self.ways: list[Way] = []
        self.doors: list[socket.socket] = []
        self.seen: list[Message] = []

    def __enter__(self) -> Puppet:
        return self

    def __exit__(self, *_: object) -> None:
        for way in self.ways:
            way.socket.close()
        for door in self.doors:
            door.close()

    def udp(self, port: int, remote: tuple[str, int] | None = None, host: str = "127.0.0.1") -> Way:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind((host, port))
        way = Way(sock, remote)
        self.ways.append(way)
        return way

    def listen(self, port: int, host: str = "127.0.0.1") -> None:
        door = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind((host, port))
        door.listen()
        self.doors.append(door)

    def connect(self, remote: tuple[str, int]) -> Way:
        way = Way(socket.create_connection(remote, LIMIT_S))
        self.ways.append(way)
        return way

    def hang_up(self, way: Way) -> None:
        way.socket.close()
        self.ways.remove(way)

    def _ready(self, limit_s: float) -> list:
        for way in self.ways:
            if way.stream and way._whole():
                return [way]
        sockets = {w.socket: w for w in self.ways if not w.closed} | {d: d for d in self.doors}
        ready, _, _ = select.select(list(sockets), [], [], limit_s)
        return [sockets[s] for s in ready]

    def receive(self, what: str, limit_s: float = LIMIT_S) -> Message:
        """The next message that is `what`: a method, or a code ("200", "2xx" of any). Others are kept in `seen`."""
        while True:
            ready = self._ready(limit_s)
            if not ready:
                raise Failure(f"no {what} within {limit_s:.0f} s; heard " + repr([m.start for m in self.seen]))
            for one in ready:
                if isinstance(one, socket.socket):
                    self.ways.append(Way(one.accept()[0]))
                    continue
                message = one.take()
                if message is None:
                    continue
                self.seen.append(message)
                if what in (message.start.split()[0], str(message.code)) or (what == "final" and message.code >= 200):
                    return message


class Caller:
    """The dialog of one call that a puppet makes."""

    def __init__(self, puppet: Puppet, way: Way, line, domain: str, *, contact: str = "", routes: list[str] | None = None) -> None:
        self.puppet, self.way, self.line, self.domain = puppet, way, line, domain
        self.transport = "TCP" if way.stream else "UDP"
        self.contact = contact or f"sip:{line.account}@{host_port(*way.local)}"
        self.via = host_port(*way.local)
        self.routes = routes or []
        self.call_id, self.tag, self.cseq = f"{random.getrandbits(64):x}", f"{random.getrandbits(32):x}", 0
        self.answer: Message | None = None
        self.invited: tuple[str, str] = ("", "")

    def request(self, method: str, uri: str, to: str, *headers: str, body: str = "", branch: str = "", cseq: int = 0) -> str:
        if not cseq and method not in ("ACK", "CANCEL"):
            self.cseq += 1
        self.branch = branch or f"z9hG4bK{random.getrandbits(64):x}"
        lines = [f"{method} {uri} SIP/2.0", f"Via: SIP/2.0/{self.transport} {self.via};branch={self.branch};rport"]
        lines += [f"Record-Route: <{r}>" for r in self.routes if method == "INVITE"]
        lines += ["Max-Forwards: 70", f"From: <sip:{self.line.account}@{self.domain}>;tag={self.tag}", f"To: {to}"]
        lines += [f"Call-ID: {self.call_id}", f"CSeq: {self.cseq} {method}", f"Contact: <{self.contact}>", *headers]
        return finish(lines, body)

    def invite(self, dialled: str, body: str) -> None:
        """Sent, challenged, sent again; the answers are the puppet's to hear."""
        uri = f"sip:{dialled}@{self.domain}"
        self.way.send(self.request("INVITE", uri, f"<{uri}>", body=body))
        asked = self.puppet.receive("407")
        to = asked.header("To")
        self.way.send(self.request("ACK", uri, to, branch=self.branch))
        answer = credentials(asked.headers("Proxy-Authenticate"), "INVITE", uri, self.line.account, self.line.password)
        self.way.send(self.request("INVITE", uri, f"<{uri}>", f"Proxy-Authorization: {answer}", body=body))
        self.invited = (uri, self.branch)

    def cancel(self) -> None:
        uri, branch = self.invited
        self.way.send(self.request("CANCEL", uri, f"<{uri}>", branch=branch))

    def refused(self) -> Message:
        """The final response, acknowledged."""
        message = self.puppet.receive("final")
        while message.method != "INVITE":
            message = self.puppet.receive("final")
        check(message.code >= 300, f"answered {message.code}")
        uri, branch = self.invited
        self.way.send(self.request("ACK", uri, message.header("To"), branch=branch))
        return message

    def answered(self) -> Message:
        self.answer = self.puppet.receive("200")
        self.way.send(self.request("ACK", self.answer.target(), self.answer.header("To")))
        return self.answer

    def bye(self) -> None:
        assert self.answer
        self.way.send(self.request("BYE", self.answer.target(), self.answer.header("To")))
