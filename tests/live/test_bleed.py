#!/usr/bin/env python3
"""
RTP bleed: while two phones talk, a stranger sends RTP to every port of the relay, from other sockets and other
addresses. It must get not one packet back, and not one of its packets may reach a phone.
"""

from __future__ import annotations

import random
import select
import socket
import struct
import sys
import tempfile
import time
from pathlib import Path

from lib.audio import compare, write_known_sound
from lib.baresip import Phone
from lib.daemon import OpenGate
from lib.sip import Client, Registration, credentials
from lib.tap import case, check, check_equal, note, run_cases
from lib.util import wait_for

MEDIA_PORTS = 64
STRANGERS = ("127.0.0.2", "127.0.0.3", "127.1.2.3")
ROUNDS = 40
MARK = b"INJECTED"


def rtp(sequence: int, ssrc: int) -> bytes:
    return struct.pack("!BBHII", 0x80, 0, sequence & 0xFFFF, sequence * 160, ssrc) + MARK * 20


def rtcp(ssrc: int) -> bytes:
    """An empty receiver report."""
    return struct.pack("!BBHI", 0x80, 201, 1, ssrc)


class Sprayer:
    """Sockets on strange addresses; every port of the relay is sent to from each, what comes back is counted."""

    def __init__(self, hosts: tuple[str, ...], ports: range) -> None:
        self.ports, self.sent, self.received = ports, 0, 0
        self.sockets = []
        for host in hosts:
            one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            one.setblocking(False)
            one.bind((host, 0))
            self.sockets.append(one)

    def spray(self) -> None:
        for one in self.sockets:
            sequence, ssrc = random.getrandbits(16), random.getrandbits(32)
            for port in self.ports:
                packet = rtp(sequence, ssrc) if port % 2 == 0 else rtcp(ssrc)
                try:
                    one.sendto(packet, ("127.0.0.1", port))
                    self.sent += 1
                except OSError:
                    pass  # the ICMP of a port that nobody listens on
        self.collect()

    def collect(self) -> None:
        while True:
            ready, _, _ = select.select(self.sockets, [], [], 0)
            if not ready:
                return
            for one in ready:
                try:
                    one.recv(2048)
                    self.received += 1
                except OSError:
                    pass

    def close(self) -> None:
        for one in self.sockets:
            one.close()


def spray_for_a_while(gate: OpenGate, hosts: tuple[str, ...]) -> Sprayer:
    sprayer = Sprayer(hosts, range(gate.media_first, gate.media_last + 1))
    for _ in range(ROUNDS):
        sprayer.spray()
        time.sleep(0.05)
    time.sleep(0.5)
    sprayer.collect()
    sprayer.close()
    note(f"{sprayer.sent} packets sprayed, {sprayer.received} came back")
    return sprayer


@case("two phones talk under spray: nothing leaks out, nothing gets in, the sound is whole")
def _() -> None:
    with tempfile.TemporaryDirectory() as name, OpenGate(media_ports=MEDIA_PORTS, ipv6=False) as gate:
        sounds = Path(name) / "caller.wav", Path(name) / "callee.wav"
        for seed, sound in enumerate(sounds):
            write_known_sound(sound, seed, 20)
        lines = gate.add_lines(2)
        with (
            Phone(lines[0], gate.port, gate.ports, sounds[0]) as caller,
            Phone(lines[1], gate.port, gate.ports, sounds[1]) as callee,
        ):
            caller.wait_registered()
            callee.wait_registered()
            caller.dial(callee.line.number)
            callee.wait_event("CALL_RTPESTAB")
            caller.wait_event("CALL_RTPESTAB")
            sprayer = spray_for_a_while(gate, STRANGERS)
            caller.hang_up()
            callee.wait_event("CALL_CLOSED")
            check_equal(sprayer.received, 0, "packets that the stranger got")
            for phone, sound in ((callee, sounds[0]), (caller, sounds[1])):
                seen = compare(sound, phone.recording())
                note(f"{phone} heard: {seen}")
                check(seen.share >= 0.9 and seen.heard_ms >= 1500, f"{phone} did not hear what was played: {seen}")
        quality = gate.wait_records(1)[0]["quality"]
        note(f"record: {quality}")


class BarePhone:
    """A phone by hand whose media sockets see every single packet."""

    def __init__(self, gate: OpenGate, line) -> None:
        self.gate, self.line = gate, line
        self.client = Client("udp", ("127.0.0.1", gate.ports.block(2)), ("127.0.0.1", gate.port))
        port = gate.ports.block(2)
        self.rtp, self.rtcp = self._socket(port), self._socket(port + 1)
        self.packets: list[bytes] = []
        contact = f"sip:{line.account}@127.0.0.1:{self.client.local[1]}"
        done = Registration(self.client, "kmus.sip.example.jp", line.account, line.password, contact).register()
        check_equal(done.code, 200, "REGISTER")

    @staticmethod
    def _socket(port: int) -> socket.socket:
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.setblocking(False)
        one.bind(("127.0.0.1", port))
        return one

    def collect(self) -> None:
        for one in (self.rtp, self.rtcp):
            while True:
                try:
                    self.packets.append(one.recv(2048))
                except OSError:
                    break

    def sdp(self) -> str:
        port = self.rtp.getsockname()[1]
        return (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
        )

    def invite(self, number: str) -> None:
        """INVITE, the challenge, INVITE again; the answer is for later (call_up)."""
        self.call_id, self.uri = f"{random.getrandbits(64):x}", f"sip:{number}@kmus.sip.example.jp"
        self._send_invite(1, "")
        asked = self.client.final()
        check_equal(asked.code, 407, "answer to INVITE without credentials")
        answer = credentials(
            asked.headers("Proxy-Authenticate"), "INVITE", self.uri, self.line.account, self.line.password
        )
        self._send_ack(1, self.uri, asked.headers("To")[0], self.branch)
        self._send_invite(2, answer)

    def call_up(self) -> None:
        answer = self.client.final()
        check_equal(answer.code, 200, "answer to INVITE")
        self.to = answer.headers("To")[0]
        self.target = answer.headers("Contact")[0].split("<")[1].split(">")[0]
        self._send_ack(2, self.target, self.to, f"z9hG4bK{random.getrandbits(64):x}")

    def _request(self, method: str, uri: str, cseq: int, to: str, branch: str, more: str = "", body: str = "") -> None:
        host = f"127.0.0.1:{self.client.local[1]}"
        kind = "Content-Type: application/sdp\r\n" if body else ""
        self.client.send(
            f"{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {host};branch={branch};rport\r\nMax-Forwards: 70\r\n"
            f"From: <sip:{self.line.account}@kmus.sip.example.jp>;tag=1\r\nTo: {to}\r\nCall-ID: {self.call_id}\r\n"
            f"CSeq: {cseq} {method}\r\nContact: <sip:{self.line.account}@{host}>\r\n{more}{kind}"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def _send_invite(self, cseq: int, authorization: str) -> None:
        self.branch = f"z9hG4bK{random.getrandbits(64):x}"
        more = f"Proxy-Authorization: {authorization}\r\n" if authorization else ""
        self._request("INVITE", self.uri, cseq, f"<{self.uri}>", self.branch, more, self.sdp())

    def _send_ack(self, cseq: int, uri: str, to: str, branch: str) -> None:
        self._request("ACK", uri, cseq, to, branch)

    def bye(self) -> None:
        self._request("BYE", self.target, 3, self.to, f"z9hG4bK{random.getrandbits(64):x}")
        check_equal(self.client.final().code, 200, "answer to BYE")

    def close(self) -> None:
        self.client.socket.close()
        self.rtp.close()
        self.rtcp.close()


def check_nothing_came(phone: BarePhone, sprayer: Sprayer) -> None:
    phone.collect()
    injected = [p for p in phone.packets if MARK in p]
    check_equal(sprayer.received, 0, "packets that the stranger got")
    check_equal(len(injected), 0, "the stranger's packets that reached the phone")


@case("before any media has come, a stranger cannot take its place")
def _() -> None:
    """The phone that calls sends nothing yet: its ports are all there is to learn from, and a stranger sends first."""
    with tempfile.TemporaryDirectory() as name, OpenGate(media_ports=MEDIA_PORTS, ipv6=False) as gate:
        sound = Path(name) / "callee.wav"
        write_known_sound(sound, 1, 20)
        lines = gate.add_lines(2)
        with Phone(lines[1], gate.port, gate.ports, sound) as callee:
            callee.wait_registered()
            phone = BarePhone(gate, lines[0])
            phone.invite(lines[1].number)
            phone.call_up()
            sprayer = spray_for_a_while(gate, STRANGERS)
            check_nothing_came(phone, sprayer)
            check(len(phone.packets) > 20, f"the phone itself got only {len(phone.packets)} packets")
            phone.bye()
            phone.close()
        gate.wait_calls(0)


@case("no port of the relay answers when no call is up")
def _() -> None:
    with OpenGate(media_ports=MEDIA_PORTS, ipv6=False) as gate:
        gate.add_lines(1)
        check_equal(spray_for_a_while(gate, STRANGERS + ("127.0.0.1",)).received, 0, "packets that came back")
        wait_for("the server still there", lambda: gate.text("status"))


if __name__ == "__main__":
    sys.exit(run_cases())
