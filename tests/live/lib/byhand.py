"""A phone that says only what it is told, message by message, over UDP: for what SIPp and softphones never do."""

from __future__ import annotations

import random
import re
import socket
import time
import uuid

from lib.daemon import DOMAIN, Line, OpenGate
from lib.sip import Client, Registration
from lib.tap import Failure, check, check_equal

LIMIT_S = 10


def token() -> str:
    return f"{random.getrandbits(48):012x}"


class Message:
    def __init__(self, text: str) -> None:
        head, _, self.body = text.partition("\r\n\r\n")
        self.lines = head.split("\r\n")
        self.text = text
        first = self.lines[0].split(" ")
        self.code = int(first[1]) if first[0] == "SIP/2.0" else 0
        self.method = "" if self.code else first[0]
        self.uri = "" if self.code else first[1]

    def all(self, name: str) -> list[str]:
        wanted = name.lower() + ":"
        return [line[len(wanted) :].strip() for line in self.lines if line.lower().startswith(wanted)]

    def get(self, name: str) -> str:
        return (self.all(name) or [""])[0]

    def tag(self, name: str) -> str:
        match = re.search(r";tag=([^;>]+)", self.get(name))
        return match[1] if match else ""

    @property
    def cseq(self) -> tuple[int, str]:
        number, method = self.get("CSeq").split()
        return int(number), method

    @property
    def key(self) -> tuple:
        """Equal for a repetition of the same message."""
        return (self.lines[0], self.get("Via"), self.get("CSeq"), self.tag("To"), self.get("RSeq"), self.body)

    def contact(self) -> str:
        match = re.search(r"<([^>]+)>", self.get("Contact"))
        return match[1] if match else ""

    def media_port(self, stream: int = 0) -> int:
        return int(re.findall(r"^m=\S+ (\d+)", self.body, re.M)[stream])


def sdp(port: int, *more: str, version: int = 1, host: str = "127.0.0.1", direction: str = "sendrecv") -> str:
    lines = [
        "v=0", f"o=puppet 7 {version} IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0",
        f"m=audio {port} RTP/AVP 8 101", "a=rtpmap:8 PCMA/8000", "a=rtpmap:101 telephone-event/8000", f"a={direction}",
        *more,
    ]  # fmt: skip
    return "\r\n".join(lines) + "\r\n"


class Puppet:
    """One socket. What arrives is looked at in order; repetitions are passed over unless asked for."""

    def __init__(self, gate: OpenGate, host: str) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.host, self.port = self.socket.getsockname()
        self.server = ("127.0.0.1", gate.port)
        self.socket.connect(self.server)
        self.seen: set[tuple] = set()

    def __enter__(self) -> Puppet:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def register(self, gate: OpenGate, line: Line) -> None:
        """From the puppet's own socket, so that its flow is where calls come."""
        client = Client.__new__(Client)
        client.transport, client.server, client.local = "udp", self.server, (self.host, self.port)
        client.socket = self.socket
        self.socket.settimeout(LIMIT_S)
        contact, instance = f"sip:{line.account}@{self.host}:{self.port}", str(uuid.uuid4())
        registration = Registration(client, DOMAIN, line.account, line.password, contact, instance)
        check_equal(registration.register().code, 200, "REGISTER")

    def send(self, text: str) -> None:
        self.socket.send(text.encode(errors="surrogateescape"))

    def receive(self, limit_s: float = LIMIT_S, repeats: bool = False) -> Message | None:
        """The next message; None: nothing came."""
        end = time.monotonic() + limit_s
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                message = Message(self.socket.recv(65535).decode(errors="surrogateescape"))
            except TimeoutError:
                return None
            if message.code == 100 or message.method == "OPTIONS" and not message.tag("To"):
                continue
            if message.key in self.seen and not repeats:
                continue
            self.seen.add(message.key)
            return message
        return None

    def expect(self, wanted: str | int, of: str = "", repeats: bool = False) -> Message:
        """The next message must be that request, or that response (to a request `of`)."""
        message = self.receive(repeats=repeats)
        if message is None:
            raise Failure(f"{wanted} {of} did not come")
        got = message.code or message.method
        if got != wanted or (of and message.cseq[1] != of):
            raise Failure(f"wanted {wanted} {of}, got:\n{message.text}")
        return message

    def nothing(self, why: str, limit_s: float = 0.4) -> None:
        message = self.receive(limit_s)
        check(message is None, f"{why}: got\n{message.text if message else None}")

    def via(self) -> str:
        return f"Via: SIP/2.0/UDP {self.host}:{self.port};branch=z9hG4bK{token()};rport"

    def reply(self, request: Message, code: int, *headers: str, tag: str = "", body: str = "", phrase: str = "X") -> None:
        to = request.get("To") + (f";tag={tag}" if tag and not request.tag("To") else "")
        lines = [f"SIP/2.0 {code} {phrase}", *[f"Via: {v}" for v in request.all("Via")]]
        lines += [f"Record-Route: {r}" for r in request.all("Record-Route")]
        lines += [f"From: {request.get('From')}", f"To: {to}"]
        lines += [f"Call-ID: {request.get('Call-ID')}", f"CSeq: {request.get('CSeq')}"]
        if 100 < code < 300:
            lines.append(f"Contact: <sip:puppet@{self.host}:{self.port}>")
        self._finish(lines, headers, body)

    def ack_refusal(self, response: Message) -> None:
        """ACK to a final response other than 2xx: of the INVITE's own transaction (RFC 3261 §17.1.1.3)."""
        lines = ["ACK sip:opengate SIP/2.0", f"Via: {response.get('Via')}", "Max-Forwards: 70"]
        lines += [f"{name}: {response.get(name)}" for name in ("From", "To", "Call-ID")]
        self._finish([*lines, f"CSeq: {response.cseq[0]} ACK"], (), "")

    def request(self, method: str, uri: str, fields: list[str], headers: tuple[str, ...] = (), body: str = "") -> str:
        return self._finish([f"{method} {uri} SIP/2.0", self.via(), "Max-Forwards: 70", *fields], headers, body)

    def _finish(self, lines: list[str], headers: tuple[str, ...], body: str) -> str:
        lines = [*lines, *headers]
        if body and not any(h.lower().startswith("content-type") for h in headers):
            lines.append("Content-Type: application/sdp")
        text = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]) + body
        self.send(text)
        return text


class Outgoing:
    """The calling side of a call. The puppet's address must be one that the server trusts."""

    def __init__(self, phone: Puppet, caller: Line, number: str) -> None:
        self.phone, self.call_id, self.tag, self.cseq = phone, token(), token(), 0
        self.uri = f"sip:{number}@{DOMAIN}"
        self.from_, self.to = f"<sip:{caller.number}@{DOMAIN}>;tag={self.tag}", f"<{self.uri}>"
        self.target, self.branch = self.uri, ""

    def request(self, method: str, *headers: str, body: str = "", cseq: int = 0, to: str = "", target: str = "") -> int:
        """Within the dialog of the last response that was taken with `meet`, or opening one. Its CSeq."""
        if not cseq:
            self.cseq += 1
        number = cseq or self.cseq
        fields = [
            f"From: {self.from_}", f"To: {to or self.to}", f"Call-ID: {self.call_id}", f"CSeq: {number} {method}",
        ]  # fmt: skip
        if method in ("INVITE", "UPDATE"):
            fields.append(f"Contact: <sip:puppet@{self.phone.host}:{self.phone.port}>")
        text = self.phone.request(method, target or self.target, fields, headers, body)
        if method == "INVITE":
            self.last_invite = text
        return number

    def invite(self, *headers: str, body: str = "") -> None:
        self.invite_cseq = self.request("INVITE", *headers, body=body)

    def meet(self, response: Message) -> Message:
        self.to = response.get("To")
        self.target = response.contact() or self.target
        return response

    def prack(self, response: Message, *headers: str, body: str = "") -> None:
        rack = f"RAck: {response.get('RSeq')} {response.get('CSeq')}"
        self.request("PRACK", rack, *headers, body=body, to=response.get("To"), target=response.contact())

    def ack(self, response: Message, body: str = "") -> None:
        self.meet(response)
        self.request("ACK", body=body, cseq=response.cseq[0])

    def refused(self, code: int) -> Message:
        """The INVITE's final response, acknowledged as such."""
        response = self.phone.expect(code, "INVITE")
        self.phone.ack_refusal(response)
        return response

    def bye(self, *headers: str) -> None:
        self.request("BYE", *headers)


class Incoming:
    """The called side: of an INVITE that came."""

    def __init__(self, phone: Puppet, invite: Message | None = None, tag: str = "") -> None:
        self.phone, self.invite = phone, invite or phone.expect("INVITE")
        self.tag, self.cseq = tag or token(), 0

    def reply(self, code: int, *headers: str, body: str = "", tag: str = "") -> None:
        self.phone.reply(self.invite, code, *headers, tag=tag or self.tag, body=body)

    def request(self, method: str, *headers: str, body: str = "") -> None:
        self.cseq += 1
        fields = [
            f"From: {self.invite.get('To')};tag={self.tag}", f"To: {self.invite.get('From')}",
            f"Call-ID: {self.invite.get('Call-ID')}", f"CSeq: {self.cseq} {method}",
        ]  # fmt: skip
        if method in ("INVITE", "UPDATE"):
            fields.append(f"Contact: <sip:puppet@{self.phone.host}:{self.phone.port}>")
        self.phone.request(method, self.invite.contact(), fields, headers, body)

    def ack(self, response: Message, body: str = "") -> None:
        fields = [
            f"From: {self.invite.get('To')};tag={self.tag}", f"To: {self.invite.get('From')}",
            f"Call-ID: {self.invite.get('Call-ID')}", f"CSeq: {response.cseq[0]} ACK",
        ]  # fmt: skip
        self.phone.request("ACK", response.contact(), fields, (), body)
