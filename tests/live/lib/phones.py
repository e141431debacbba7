"""
Many small phones in one thread: they register, call, answer, hold, hang up and send a little RTP. Requests are
repeated until they are answered, over UDP and TCP alike a phone outlives a server that is away for a while.
"""

from __future__ import annotations

import heapq
import itertools
import random
import re
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lib.daemon import DOMAIN, Line
from lib.sip import credentials
from lib.tap import Failure
from lib.util import host_port, wait_for

REPEAT_S = 0.5
HOST = "127.0.0.1"
TOKEN = "%012x"


def token() -> str:
    return TOKEN % random.getrandbits(48)


class Message:
    def __init__(self, text: str) -> None:
        head, _, self.body = text.partition("\r\n\r\n")
        self.first, *lines = head.split("\r\n")
        self.headers: list[tuple[str, str]] = []
        for line in lines:
            name, _, value = line.partition(":")
            self.headers.append((name.strip().lower(), value.strip()))
        words = self.first.split(" ", 2)
        self.code = int(words[1]) if words[0] == "SIP/2.0" else 0
        self.method = "" if self.code else words[0]

    def all(self, name: str) -> list[str]:
        return [v for n, v in self.headers if n == name.lower()]

    def get(self, name: str) -> str:
        return next(iter(self.all(name)), "")

    def tag(self, name: str) -> str:
        match = re.search(r";\s*tag=([^;>\s]+)", self.get(name))
        return match[1] if match else ""

    def cseq(self) -> tuple[int, str]:
        number, _, method = self.get("CSeq").partition(" ")
        return int(number), method.strip()

    def contact(self) -> str:
        match = re.search(r"<([^>]+)>", self.get("Contact"))
        return match[1] if match else self.get("Contact")

    def branch(self) -> str:
        match = re.search(r"branch=([^;,\s]+)", self.get("Via"))
        return match[1] if match else ""


class World:
    """The thread in which all phones live, its sockets and timers. Whoever calls a phone from outside holds `lock`."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.selector = selectors.DefaultSelector()
        self.timers: list[tuple[float, int, Callable[[], None]]] = []
        self.serial = itertools.count()
        self.phones: list[Phone] = []
        self.stopping = False
        self.error = ""
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> World:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping = True
        self.thread.join()
        for phone in self.phones:
            phone.close()

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        heapq.heappush(self.timers, (time.monotonic() + seconds, next(self.serial), act))

    def watch(self, one: socket.socket, act: Callable[[], None]) -> None:
        one.setblocking(False)
        self.selector.register(one, selectors.EVENT_READ, act)

    def forget(self, one: socket.socket) -> None:
        try:
            self.selector.unregister(one)
        except (KeyError, ValueError):
            pass
        one.close()

    def _run(self) -> None:
        try:
            while not self.stopping:
                self._turn()
        except Exception as error:  # a phone's mistake must fail the test, not hang it
            self.error = repr(error)
            raise

    def _turn(self) -> None:
        ready = self.selector.select(0.02)
        with self.lock:
            for key, _ in ready:
                key.data()
            now = time.monotonic()
            while self.timers and self.timers[0][0] <= now:
                heapq.heappop(self.timers)[2]()

    def wait(self, what: str, condition: Callable[[], Any], limit_s: float = 60) -> Any:
        def look() -> Any:
            if self.error:
                raise Failure(f"a phone failed: {self.error}")
            with self.lock:
                return condition()

        return wait_for(what, look, limit_s)


@dataclass
class Request:
    """One of ours that is not answered yet."""

    method: str
    text: str
    on_final: Callable[[Message], None]
    call: Call | None
    provisional: bool = False
    done: bool = False


@dataclass(eq=False)
class Call:
    phone: Phone
    caller: bool
    call_id: str
    local: str = ""  # From or To as we write it, with tag
    remote: str = ""
    target: str = ""
    state: str = "calling"  # "ringing", "answered", "ended"
    code: int = 0
    reason: str = ""
    cseq: int = 0
    invite: Message | None = None  # callee: the one to be answered
    invite_cseq: int = 0
    acked: bool = False
    media: Media | None = None
    log: list[str] = field(default_factory=list)
    number: str = ""
    finals: list[int] = field(default_factory=list)  # of our re-INVITEs and INFOs

    def __str__(self) -> str:
        return f"{'caller' if self.caller else 'callee'} {self.phone.line.number} {self.state} {self.code}: {self.log}"

    # --- acts, under the world's lock
    def answer(self) -> None:
        assert self.invite
        self.media = self.media or Media(self.phone.world, self.invite.body)
        self.state = "answered"
        self._repeat_answer(self.invite, self.media.sdp())

    def _repeat_answer(self, invite: Message, body: str) -> None:
        if self.acked or self.state != "answered":
            return
        self.phone.respond(invite, 200, self, body)
        self.phone.world.after(REPEAT_S, lambda: self._repeat_answer(invite, body))

    def bye(self) -> None:
        if self.state != "answered":
            return
        self.state = "ended"
        self._stop_media()
        self.request("BYE", "", lambda m: self.log.append(f"BYE {m.code}"))

    def reinvite(self, direction: str = "sendrecv") -> None:
        assert self.media
        self.request("INVITE", self.media.sdp(direction), self._reinvited)

    def info(self) -> None:
        self.request("INFO", "Signal=5\r\n", lambda m: self.finals.append(m.code), "application/dtmf-relay")

    def _reinvited(self, m: Message) -> None:
        self.phone.ack(self, m)
        self.finals.append(m.code)
        if m.code == 200:
            self.target = m.contact()
            assert self.media
            self.media.learn(m.body)

    def request(self, method: str, body: str, on_final: Callable[[Message], None], kind: str = "application/sdp") -> None:
        self.cseq += 1
        self.phone.send_request(method, self.target, self.local, self.remote, self.call_id, self.cseq, body, on_final, self, kind)

    def ended(self, why: str) -> None:
        self.log.append(why)
        self.state = "ended"
        self._stop_media()

    def _stop_media(self) -> None:
        if self.media:
            self.media.stop()


class Media:
    """A packet of RTP each period, and what comes in is counted."""

    PERIOD_S = 0.2

    def __init__(self, world: World, remote_sdp: str = "") -> None:
        self.world = world
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((HOST, 0))
        self.ssrc, self.sequence = random.getrandbits(32), random.getrandbits(15)
        self.sent = self.received = 0
        self.heard_ssrc = 0
        self.remote: tuple[str, int] | None = None
        self.running = True
        self.version = 0
        world.watch(self.socket, self._receive)
        self.learn(remote_sdp)
        self._send()

    def sdp(self, direction: str = "sendrecv") -> str:
        self.version += 1
        return (
            f"v=0\r\no=phone {self.ssrc} {self.version} IN IP4 {HOST}\r\ns=-\r\nc=IN IP4 {HOST}\r\nt=0 0\r\n"
            f"m=audio {self.socket.getsockname()[1]} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na={direction}\r\n"
        )

    def learn(self, sdp: str) -> None:
        match = re.search(r"m=audio (\d+)", sdp)
        if match:
            self.remote = (HOST, int(match[1]))

    def _receive(self) -> None:
        while True:
            try:
                packet = self.socket.recv(2048)
            except OSError:
                return
            self.received += 1
            self.heard_ssrc = struct.unpack("!I", packet[8:12])[0]

    def _send(self) -> None:
        if not self.running:
            return
        if self.remote:
            self.sequence = (self.sequence + 1) & 0xFFFF
            head = struct.pack("!BBHII", 0x80, 0, self.sequence, self.sequence * 1600 & 0xFFFFFFFF, self.ssrc)
            try:
                self.socket.sendto(head + bytes(160), self.remote)
                self.sent += 1
            except OSError:
                pass  # nobody listens there just now
        self.world.after(self.PERIOD_S, self._send)

    def stop(self) -> None:
        if self.running:
            self.running = False
            self.world.forget(self.socket)


class Phone:
    """
    answers: "at once", "never" (it rings) or "busy". transport: "udp" or "tcp"; over TCP it also listens, as its
    Contact says, and opens a new connection when the old one is gone.
    """

    def __init__(self, world: World, line: Line, server_port: int, transport: str = "udp", answers: str = "at once") -> None:
        self.world, self.line, self.transport, self.answers = world, line, transport, answers
        self.server = (HOST, server_port)
        self.calls: dict[str, Call] = {}
        self.pending: dict[tuple[str, str], Request] = {}
        self.registered = 0
        self.on_registered: Callable[[], None] = lambda: None
        self.cancelled = 0
        self.streams: dict[socket.socket, bytes] = {}
        self.way: socket.socket | None = None  # TCP: the connection to the server
        kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
        self.socket = socket.socket(socket.AF_INET, kind)
        self.socket.bind((HOST, 0))
        self.local = self.socket.getsockname()
        if transport == "tcp":
            self.socket.listen(8)
        with world.lock:
            world.watch(self.socket, self._datagram if transport == "udp" else self._accept)
            world.phones.append(self)

    def close(self) -> None:
        for call in self.calls.values():
            call._stop_media()
        for stream in list(self.streams):
            self.world.forget(stream)
        self.world.forget(self.socket)

    # --- the wire
    def _datagram(self) -> None:
        while True:
            try:
                data = self.socket.recv(65535)
            except OSError:
                return
            if data.strip():
                self._message(Message(data.decode(errors="replace")), None)

    def _accept(self) -> None:
        try:
            stream, _ = self.socket.accept()
        except OSError:
            return
        self._adopt(stream)

    def _adopt(self, stream: socket.socket) -> None:
        self.streams[stream] = b""
        self.world.watch(stream, lambda: self._stream(stream))

    def _stream(self, stream: socket.socket) -> None:
        try:
            data = stream.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.streams.pop(stream, None)
            self.world.forget(stream)
            if self.way is stream:
                self.way = None
            return
        data = self.streams[stream] + data
        while b"\r\n\r\n" in data:
            head, _, rest = data.partition(b"\r\n\r\n")
            length = re.search(rb"(?im)^(?:content-length|l)\s*:\s*(\d+)", head)
            size = int(length[1]) if length else 0
            if len(rest) < size:
                break
            data = rest[size:]
            if head.strip():
                text = head.lstrip().decode(errors="replace") + "\r\n\r\n" + rest[:size].decode(errors="replace")
                self._message(Message(text), stream)
        self.streams[stream] = data

    def _send(self, text: str, stream: socket.socket | None = None) -> None:
        try:
            if self.transport == "udp":
                self.socket.sendto(text.encode(), self.server)
                return
            if stream is None or stream not in self.streams:
                stream = self._connection()
            stream.sendall(text.encode())
        except OSError:
            pass  # the server is away; it is repeated

    def _connection(self) -> socket.socket:
        if self.way is None:
            way = socket.create_connection(self.server, timeout=1)
            self._adopt(way)
            self.way = way
        return self.way

    # --- requests
    def _contact(self) -> str:
        return f"<sip:{self.line.account}@{host_port(*self.local)}" + (";transport=tcp>" if self.transport == "tcp" else ">")

    def send_request(
        self, method: str, uri: str, local: str, remote: str, call_id: str, cseq: int, body: str,
        on_final: Callable[[Message], None], call: Call | None = None, kind: str = "application/sdp", more: str = "",
    ) -> Request:  # fmt: skip
        branch = "z9hG4bK" + token()
        text = self._text(method, uri, branch, local, remote, call_id, cseq, body, kind, more)
        request = Request(method, text, on_final, call)
        self.pending[branch, method] = request
        self._repeat(request)
        return request

    def _text(self, method, uri, branch, local, remote, call_id, cseq, body="", kind="application/sdp", more="") -> str:
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/{self.transport.upper()} {host_port(*self.local)};branch={branch};rport",
            "Max-Forwards: 70",
            f"From: {local}",
            f"To: {remote}",
            f"Call-ID: {call_id}",
            f"CSeq: {cseq} {method}",
            f"Contact: {self._contact()}",
            "User-Agent: small phone",
            *([more] if more else []),
            *([f"Content-Type: {kind}"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        return "\r\n".join(lines) + "\r\n\r\n" + body

    def _repeat(self, request: Request) -> None:
        """Also over TCP: a message that was in the server's hands when it was killed is gone."""
        if request.done or (request.method == "INVITE" and request.provisional):
            return
        self._send(request.text)
        self.world.after(REPEAT_S, lambda: self._repeat(request))

    def ack(self, call: Call, response: Message) -> None:
        cseq, _ = response.cseq()
        if response.code < 300:
            self._send(self._text("ACK", response.contact(), "z9hG4bK" + token(), call.local, response.get("To"), call.call_id, cseq))
            return
        text = self._text("ACK", call.target, response.branch(), response.get("From"), response.get("To"), call.call_id, cseq)
        self._send(text)

    # --- what a phone does, from outside
    def register(self) -> None:
        with self.world.lock:
            self._register(1, token(), token(), "")

    def _register(self, cseq: int, call_id: str, tag: str, authorization: str) -> None:
        aor = f"<sip:{self.line.account}@{DOMAIN}>"

        def final(m: Message) -> None:
            if m.code == 401 and not authorization:
                uri = f"sip:{DOMAIN}"
                answer = credentials(m.all("WWW-Authenticate"), "REGISTER", uri, self.line.account, self.line.password)
                self._register(cseq + 1, call_id, tag, f"Authorization: {answer}")
            elif m.code == 200:
                self.registered += 1
                self.on_registered()

        more = "Expires: 3600" + (f"\r\n{authorization}" if authorization else "")
        self.send_request("REGISTER", f"sip:{DOMAIN}", f"{aor};tag={tag}", aor, call_id, cseq, "", final, more=more)

    def call(self, number: str) -> Call:
        with self.world.lock:
            call = Call(self, True, token(), number=number)
            call.local = f"<sip:{self.line.account}@{DOMAIN}>;tag={token()}"
            call.remote = call.target = f"sip:{number}@{DOMAIN}"
            call.remote = f"<{call.remote}>"
            call.media = Media(self.world)
            self.calls[call.call_id] = call
            self._invite(call, "")
            return call

    def _invite(self, call: Call, authorization: str) -> None:
        assert call.media
        call.cseq += 1

        def final(m: Message) -> None:
            self._invited(call, m, bool(authorization))

        self.send_request(
            "INVITE", call.target, call.local, call.remote, call.call_id, call.cseq, call.media.sdp(), final, call, more=authorization
        )

    def _invited(self, call: Call, m: Message, authorized: bool) -> None:
        self.ack(call, m)
        call.code = m.code
        if m.code == 407 and not authorized:
            answer = credentials(m.all("Proxy-Authenticate"), "INVITE", call.target, self.line.account, self.line.password)
            self._invite(call, f"Proxy-Authorization: {answer}")
        elif m.code == 200:
            call.state, call.remote, call.target = "answered", m.get("To"), m.contact()
            assert call.media
            call.media.learn(m.body)
        else:
            call.reason = m.get("Reason")
            call.ended(f"refused {m.code}")

    # --- messages
    def _message(self, m: Message, stream: socket.socket | None) -> None:
        if m.code:
            self._response(m)
        else:
            self._request(m, stream)

    def _response(self, m: Message) -> None:
        request = self.pending.get((m.branch(), m.cseq()[1]))
        if not request:
            return
        if m.code < 200:
            request.provisional = True
            if request.call and m.code > 100 and request.call.state == "calling":
                request.call.state = "ringing"
            return
        if request.done:
            if request.method == "INVITE" and request.call:
                self.ack(request.call, m)
            return
        request.done = True
        request.on_final(m)

    def respond(self, m: Message, code: int, call: Call | None = None, body: str = "", stream: socket.socket | None = None) -> None:
        to = m.get("To")
        if code > 100 and not m.tag("To"):
            to += ";tag=" + (re.search(r"tag=(\S+)", call.local)[1] if call else token())
        lines = [f"SIP/2.0 {code} X"]
        lines += [f"Via: {v}" for v in m.all("Via")] + [f"Record-Route: {v}" for v in m.all("Record-Route")]
        lines += [f"From: {m.get('From')}", f"To: {to}", f"Call-ID: {m.get('Call-ID')}", f"CSeq: {m.get('CSeq')}"]
        lines += [f"Contact: {self._contact()}"] if code < 300 else []
        lines += ["Content-Type: application/sdp"] if body else []
        self._send("\r\n".join([*lines, f"Content-Length: {len(body)}"]) + "\r\n\r\n" + body, stream)

    def _request(self, m: Message, stream: socket.socket | None) -> None:
        call = self.calls.get(m.get("Call-ID"))
        if m.method == "OPTIONS":
            self.respond(m, 200, call, stream=stream)
        elif m.method == "INVITE" and call is None:
            self._called(m, stream)
        elif call is None:
            if m.method != "ACK":
                self.respond(m, 481, stream=stream)
        else:
            self._in_call(call, m, stream)

    def _called(self, m: Message, stream: socket.socket | None) -> None:
        call = Call(self, False, m.get("Call-ID"), state="ringing", invite=m)
        call.local, call.remote, call.target = f"{m.get('To')};tag={token()}", m.get("From"), m.contact()
        call.invite_cseq = m.cseq()[0]
        self.calls[call.call_id] = call
        if self.answers == "busy":
            call.ended("busy")
            self.respond(m, 486, call, stream=stream)
            return
        self.respond(m, 180, call, stream=stream)
        if self.answers == "at once":
            call.answer()

    def _in_call(self, call: Call, m: Message, stream: socket.socket | None) -> None:
        number, _ = m.cseq()
        if m.method == "ACK":
            call.acked = True
        elif m.method == "INVITE" and number == call.invite_cseq and not call.caller:
            if call.state == "ringing":
                self.respond(m, 180, call, stream=stream)
        elif m.method == "INVITE":
            assert call.media
            call.media.learn(m.body)
            call.target = m.contact()
            call.log.append("re-INVITE")
            self.respond(m, 200, call, call.media.sdp(), stream)
        elif m.method == "CANCEL":
            self.respond(m, 200, call, stream=stream)
            if call.state == "ringing" and call.invite:
                self.cancelled += 1
                call.ended("cancelled")
                self.respond(call.invite, 487, call, stream=stream)
        elif m.method == "BYE":
            self.respond(m, 200 if call.state == "answered" else 481, call, stream=stream)
            call.ended("BYE")
        else:
            call.log.append(m.method)
            self.respond(m, 200, call, stream=stream)
