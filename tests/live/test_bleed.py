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
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from lib.audio import compare, write_known_sound
from lib.baresip import Phone
from lib.daemon import Line, OpenGate
from lib.network import isolate
from lib.sip import Client, Registration, credentials
from lib.tap import add_case, case, check, check_equal, note, run_cases
from lib.util import host_port, wait_for

MEDIA_PORTS = 64
V4, V6 = "127.0.0.1", "::1"
STRANGERS = ("127.0.0.2", "127.0.0.3", "127.1.2.3")
STRANGER6 = "2001:db8::66"
ROUNDS = 20
MARK = b"INJECTED"


def rtp(sequence: int, ssrc: int) -> bytes:
    return struct.pack("!BBHII", 0x80, 0, sequence & 0xFFFF, sequence * 160, ssrc) + MARK * 20


def rtcp(ssrc: int) -> bytes:
    """An empty receiver report."""
    return struct.pack("!BBHI", 0x80, 201, 1, ssrc)


def stun() -> bytes:
    """A binding request (RFC 8489)."""
    return struct.pack("!HHI", 1, 0, 0x2112A442) + random.randbytes(12)


@dataclass
class Prey:
    """A stream that a stranger knows all about."""

    ssrc: int
    sequence: int


class Sprayer:
    """Sockets of strangers; everything that may come to a media port is sent to each from each, what comes back counted."""

    def __init__(self, hosts: tuple[str, ...], ports: range, server: str = V4, prey: tuple[Prey, ...] = ()) -> None:
        self.ports, self.server, self.prey, self.sent, self.received = ports, server, prey, 0, 0
        self.sockets = [udp_socket(host) for host in hosts]

    def packets(self, port: int) -> list[bytes]:
        ssrc = random.getrandbits(32)
        media = [rtp(random.getrandbits(16), ssrc), rtcp(ssrc), MARK + random.randbytes(40), stun(), b""]
        return media + [rtp(p.sequence + port, p.ssrc) for p in self.prey] + [rtcp(p.ssrc) for p in self.prey]

    def spray(self) -> None:
        for one in self.sockets:
            for port in self.ports:
                for packet in self.packets(port):
                    try:
                        one.sendto(packet, (self.server, port))
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


def udp_socket(host: str, port: int = 0) -> socket.socket:
    one = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    one.setblocking(False)
    one.bind((host, port))
    return one


def all_ports(gate: OpenGate) -> range:
    return range(gate.media_first, gate.media_last + 1)


def spray_for_a_while(gate: OpenGate, hosts: tuple[str, ...]) -> Sprayer:
    sprayer = Sprayer(hosts, all_ports(gate))
    for _ in range(2 * ROUNDS):
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


def relay_port(sdp: str) -> int:
    return int(sdp.split("m=audio ")[1].split()[0])


class BarePhone:
    """A phone by hand whose media sockets see every single packet."""

    def __init__(self, gate: OpenGate, line: Line, host: str = V4) -> None:
        self.gate, self.line, self.host = gate, line, host
        self.client = Client("udp", (host, gate.ports.block(2)), (host, gate.port))
        self.at = host_port(*self.client.local)
        port = gate.ports.block(2)
        self.rtp, self.rtcp = udp_socket(host, port), udp_socket(host, port + 1)
        self.packets: list[bytes] = []
        self.said: set[bytes] = set()
        self.stream = Prey(random.getrandbits(32), random.getrandbits(16))
        contact = f"sip:{line.account}@{self.at}"
        done = Registration(self.client, "kmus.sip.example.jp", line.account, line.password, contact).register()
        check_equal(done.code, 200, "REGISTER")

    def collect(self) -> None:
        for one in (self.rtp, self.rtcp):
            while True:
                try:
                    self.packets.append(one.recv(2048))
                except OSError:
                    break

    def sdp(self) -> str:
        port = self.rtp.getsockname()[1]
        where = f"IN IP{6 if ':' in self.host else 4} {self.host}"
        return (
            f"v=0\r\no=- 1 1 {where}\r\ns=-\r\nc={where}\r\nt=0 0\r\n"
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
        self.relay = relay_port(answer.body)
        self._send_ack(2, self.target, self.to, f"z9hG4bK{random.getrandbits(64):x}")

    def answer(self) -> None:
        """Takes the INVITE that comes, and its ACK."""
        invite = self.client.socket.recv(65535).decode()
        head, _, body = invite.partition("\r\n\r\n")
        wanted = ("via:", "from:", "to:", "call-id:", "cseq:", "record-route:")
        lines = [line + (";tag=2" if line.lower().startswith("to:") else "") for line in head.split("\r\n")
                 if line.lower().startswith(wanted)]
        self.relay = relay_port(body)
        sdp = self.sdp()
        self.client.send(
            "\r\n".join(
                ["SIP/2.0 200 OK", *lines, f"Contact: <sip:{self.line.account}@{self.at}>", "Content-Type: application/sdp",
                 f"Content-Length: {len(sdp)}", "", sdp]
            )
        )
        ack = self.client.socket.recv(65535).decode()
        check(ack.startswith("ACK "), f"no ACK but {ack[:60]}")

    def say(self) -> None:
        """An RTP packet, each unlike any other, and now and then RTCP."""
        self.stream.sequence = self.stream.sequence + 1 & 0xFFFF
        packet = rtp(self.stream.sequence, self.stream.ssrc).replace(MARK * 20, random.randbytes(160))
        self.said.add(packet)
        self.rtp.sendto(packet, (self.host, self.relay))
        if self.stream.sequence % 10 == 0:
            report = rtcp(self.stream.ssrc) + random.randbytes(24)
            self.said.add(report)
            self.rtcp.sendto(report, (self.host, self.relay + 1))

    def _request(self, method: str, uri: str, cseq: int, to: str, branch: str, more: str = "", body: str = "") -> None:
        host = self.at
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


def talk_under_spray(a: BarePhone, b: BarePhone, sprayers: list[Sprayer]) -> None:
    for _ in range(ROUNDS):
        for sprayer in sprayers:
            sprayer.spray()
            for phone in (a, b):
                phone.say()
                phone.collect()


def check_heard_only(phone: BarePhone, other: BarePhone) -> None:
    """Every packet is one that the other one sent, and nearly all of those came."""
    strange = [p for p in phone.packets if p not in other.said]
    check(not strange, f"{phone.host}: {len(strange)} packets that the other did not send, the first {strange[:1]}")
    check(len(phone.packets) >= 0.9 * len(other.said), f"{phone.host}: {len(phone.packets)} packets of {len(other.said)}")


def between(hosts: tuple[str, str]) -> None:
    with OpenGate(media_ports=MEDIA_PORTS, shards=2) as gate:
        lines = gate.add_lines(2)
        a, b = (BarePhone(gate, line, host) for line, host in zip(lines, hosts))
        a.invite(lines[1].number)
        b.answer()
        a.call_up()
        for _ in range(20):  # until both are known by their RTP and by their RTCP
            for phone in (a, b):
                phone.say()
                time.sleep(0.01)
                phone.collect()
        prey = (a.stream, b.stream)
        sprayers = [
            Sprayer(STRANGERS, all_ports(gate), V4, prey),
            Sprayer((STRANGER6,), all_ports(gate), V6, prey),
            # The phone's own host, another port: all but the phone's own stream going on, which may have moved there.
            Sprayer((V4, V4), all_ports(gate), V4),
            Sprayer((V6,), all_ports(gate), V6),
        ]
        talk_under_spray(a, b, sprayers)
        time.sleep(0.5)
        for sprayer in sprayers:
            sprayer.collect()
            sprayer.close()
        a.collect()
        b.collect()
        note(f"{[s.sent for s in sprayers]} packets sprayed; {len(a.packets)} and {len(b.packets)} heard by the phones")
        check_equal([s.received for s in sprayers], [0] * len(sprayers), "packets that strangers got")
        check_heard_only(a, b)
        check_heard_only(b, a)
        a.bye()
        a.close()
        b.close()
        refused = gate.wait_records(1)[0]["quality"]
        note(str(refused))
        check(all(q["refused"] > 0 for q in refused.values()), "nothing was refused")


for _hosts in ((V4, V4), (V6, V6), (V4, V6)):
    add_case(
        f"{_hosts[0]} talks to {_hosts[1]} under spray of every kind at every port: each hears the other alone",
        lambda h=_hosts: between(h),
    )


def main() -> int:
    subprocess.run(["ip", "addr", "add", f"{STRANGER6}/128", "dev", "lo", "nodad"], check=True, timeout=60)
    return run_cases()


if __name__ == "__main__":
    isolate()
    sys.exit(main())
