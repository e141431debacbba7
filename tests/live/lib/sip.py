"""A few requests by hand: REGISTER with digest, for phones whose calls SIPp plays."""

from __future__ import annotations

import hashlib
import random
import re
import socket

from lib.tap import Failure, check
from lib.util import host_port


class Response:
    def __init__(self, text: str) -> None:
        head, _, self.body = text.partition("\r\n\r\n")
        self.lines = head.split("\r\n")
        match = re.match(r"SIP/2\.0 (\d{3})", self.lines[0])
        if not match:
            raise Failure(f"not a SIP response: {self.lines[0]!r}")
        self.code = int(match[1])

    def headers(self, name: str) -> list[str]:
        wanted = name.lower() + ":"
        return [line[len(wanted) :].strip() for line in self.lines if line.lower().startswith(wanted)]


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def challenge_fields(value: str) -> dict[str, str]:
    return {key.lower(): quoted or bare for key, quoted, bare in re.findall(r'(\w+)=(?:"([^"]*)"|([^",\s]+))', value)}


def credentials(challenges: list[str], method: str, uri: str, user: str, password: str) -> str:
    """The answer to the first challenge that is MD5 (RFC 7616, qop=auth)."""
    for value in challenges:
        asked = challenge_fields(value)
        if asked.get("algorithm", "MD5").upper() != "MD5":
            continue
        cnonce, count = f"{random.getrandbits(64):016x}", "00000001"
        ha1 = _md5(f"{user}:{asked['realm']}:{password}")
        ha2 = _md5(f"{method}:{uri}")
        response = _md5(f"{ha1}:{asked['nonce']}:{count}:{cnonce}:auth:{ha2}")
        return (
            f'Digest username="{user}", realm="{asked["realm"]}", nonce="{asked["nonce"]}", uri="{uri}", '
            f'response="{response}", algorithm=MD5, qop=auth, nc={count}, cnonce="{cnonce}"'
        )
    raise Failure(f"no MD5 challenge among {challenges}")


class Client:
    """One socket that asks the server. transport: "udp" or "tcp"."""

    def __init__(self, transport: str, local: tuple[str, int], server: tuple[str, int]) -> None:
        self.transport, self.server = transport, server
        family = socket.AF_INET6 if ":" in local[0] else socket.AF_INET
        kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
        self.socket = socket.socket(family, kind)
        self.socket.settimeout(10)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(local)
        self.socket.connect(server)
        self.local = self.socket.getsockname()[:2]

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, text: str) -> None:
        self.socket.sendall(text.encode())

    def receive(self) -> Response:
        """One response: a datagram, or what Content-Length says of a stream."""
        if self.transport == "udp":
            return Response(self.socket.recv(65535).decode())
        data = b""
        while b"\r\n\r\n" not in data:
            got = self.socket.recv(1)
            check(got, "the server closed the connection")
            data += got
        length = Response(data.decode()).headers("Content-Length")
        rest = int(length[0]) if length else 0
        while rest:
            got = self.socket.recv(rest)
            check(got, "the server closed the connection")
            data, rest = data + got, rest - len(got)
        return Response(data.decode())

    def final(self) -> Response:
        response = self.receive()
        while response.code < 200:
            response = self.receive()
        return response


class Registration:
    """A phone's REGISTERs: one Call-ID, rising CSeq."""

    def __init__(self, client: Client, domain: str, user: str, password: str, contact: str, instance: str = "") -> None:
        self.client, self.domain, self.user, self.password = client, domain, user, password
        self.contact, self.instance = contact, instance
        self.call_id, self.tag = f"{random.getrandbits(64):x}", f"{random.getrandbits(32):x}"
        self.cseq = 0

    def _request(self, expires: int, authorization: str) -> str:
        self.cseq += 1
        instance = f';+sip.instance="<urn:uuid:{self.instance}>"' if self.instance else ""
        lines = [
            f"REGISTER sip:{self.domain} SIP/2.0",
            f"Via: SIP/2.0/{self.client.transport.upper()} {host_port(*self.client.local)}"
            f";branch=z9hG4bK{random.getrandbits(64):x};rport",
            "Max-Forwards: 70",
            f"From: <sip:{self.user}@{self.domain}>;tag={self.tag}",
            f"To: <sip:{self.user}@{self.domain}>",
            f"Call-ID: {self.call_id}",
            f"CSeq: {self.cseq} REGISTER",
            f"Contact: <{self.contact}>{instance}",
            f"Expires: {expires}",
            "User-Agent: live-test",
            *([f"Authorization: {authorization}"] if authorization else []),
            "Content-Length: 0",
        ]
        return "\r\n".join(lines) + "\r\n\r\n"

    def register(self, expires: int = 3600) -> Response:
        """The final response to REGISTER, after the challenge."""
        self.client.send(self._request(expires, ""))
        asked = self.client.final()
        if asked.code != 401:
            return asked
        uri = f"sip:{self.domain}"
        answer = credentials(asked.headers("WWW-Authenticate"), "REGISTER", uri, self.user, self.password)
        self.client.send(self._request(expires, answer))
        return self.client.final()
