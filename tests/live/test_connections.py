#!/usr/bin/env python3
"""Connections of strangers, over the kernel's own sockets: too much at once, too many, and peers that do not read."""

from __future__ import annotations

import random
import select
import socket
import sys

from lib.daemon import DOMAIN, OpenGate
from lib.sip import Client
from lib.tap import Failure, add_case, check, check_equal, run_cases
from lib.util import LIMIT_S, host_port, wait_for

PER_SOURCE = 6


def options(transport: str, sent_by: str, number: int = 1, length: int = 0, body: str = "") -> str:
    lines = [
        f"OPTIONS sip:{DOMAIN} SIP/2.0",
        f"Via: SIP/2.0/{transport} {sent_by};branch=z9hG4bK{random.getrandbits(64):x};rport",
        f"From: <sip:a@{DOMAIN}>;tag=1",
        f"To: <sip:{DOMAIN}>",
        f"Call-ID: {random.getrandbits(64):x}",
        f"CSeq: {number} OPTIONS",
        "Max-Forwards: 70",
        f"Content-Length: {length}",
    ]
    return "\r\n".join(lines) + "\r\n\r\n" + body


def connect(gate: OpenGate) -> Client:
    return Client("tcp", ("127.0.0.1", 0), ("127.0.0.1", gate.port))


def is_closed(sock: socket.socket) -> bool:
    """Whatever still comes is read; then the end."""
    while True:
        ready, _, _ = select.select([sock], [], [], LIMIT_S)
        if not ready:
            raise Failure("the connection stays open")
        try:
            if not sock.recv(65536):
                return True
        except ConnectionResetError:
            return True


def answered(client: Client, number: int) -> None:
    client.send(options("TCP", "127.0.0.1", number))
    check_equal(client.receive().code, 200, "OPTIONS")


def too_large(gate: OpenGate) -> None:
    with connect(gate) as other, connect(gate) as client:
        answered(other, 1)
        client.send(options("TCP", "127.0.0.1", 2, 70000, "x" * 1000))
        check_equal(client.receive().code, 513, "70,000 bytes")
        check(is_closed(client.socket), "closed afterwards")
        answered(other, 3)


def no_length(gate: OpenGate) -> None:
    with connect(gate) as client:
        client.send(options("TCP", "127.0.0.1", 4).replace("Content-Length: 0\r\n", ""))
        check_equal(client.receive().code, 400, "no Content-Length")
        check(is_closed(client.socket), "closed afterwards")


def rubbish(gate: OpenGate) -> None:
    with connect(gate) as client:
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        check(is_closed(client.socket), "closed")


def too_many(gate: OpenGate) -> None:
    clients = [connect(gate) for _ in range(PER_SOURCE)]
    try:
        for i, client in enumerate(clients):
            answered(client, 10 + i)
        with connect(gate) as late:
            check(is_closed(late.socket), "one too many")
        wait_for("a word about it in the log", lambda: "too many connections from this source" in gate.log())
        clients.pop().socket.close()
        wait_for("room for another", lambda: gate.json("status")["connections"] == PER_SOURCE - 1)
        clients.append(connect(gate))
        answered(clients[-1], 30)
    finally:
        for client in clients:
            client.socket.close()


def does_not_read(gate: OpenGate) -> None:
    """Requests without end, and not one answer taken: the server ends it."""
    with connect(gate) as client:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.socket.settimeout(LIMIT_S)
        try:
            for number in range(1000, 200000):
                client.send(options("TCP", "127.0.0.1", number))
        except OSError as error:
            check(not isinstance(error, TimeoutError), "the server neither reads nor closes")
        else:
            raise Failure("200,000 answers were kept for a peer that does not read")
    with connect(gate) as client:
        answered(client, 5)


def pong(gate: OpenGate) -> None:
    with connect(gate) as client:
        client.send("\r\n\r\n")
        check_equal(client.socket.recv(10), b"\r\n", "pong")
        client.send("\r\n")
        client.send("\r\n")
        check_equal(client.socket.recv(10), b"\r\n", "pong for a ping in two pieces")


def via_of(gate: OpenGate, transport: str, host: str) -> None:
    """received and rport say where the request came from (RFC 3261 18.2.1, RFC 3581)."""
    with Client(transport, (host, 0), (host, gate.port)) as client:
        client.send(options(transport.upper(), "phone.invalid", 7))
        via = client.receive().headers("Via")[0]
        check(f"received={host}" in via and f"rport={client.local[1]}" in via, via)
        client.send(options(transport.upper(), host_port(*client.local), 8))
        check(f"rport={client.local[1]}" in client.receive().headers("Via")[0], "rport")


def main() -> int:
    with OpenGate(shards=1, sip_connections_per_source=PER_SOURCE) as gate:
        for what, case in (
            ("a message above 64 KiB: 513, then the end", too_large),
            ("no Content-Length: 400, then the end", no_length),
            ("no SIP at all: the end", rubbish),
            ("more connections than one source may have", too_many),
            ("a peer that does not read", does_not_read),
            ("ping and pong", pong),
        ):
            add_case(what, lambda c=case: c(gate))
        for host in gate.hosts:
            for transport in ("udp", "tcp"):
                add_case(f"received and rport, {transport} from {host}", lambda t=transport, h=host: via_of(gate, t, h))
        return run_cases()


if __name__ == "__main__":
    sys.exit(main())
