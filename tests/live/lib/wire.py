"""What passes on the wire (lo of an isolated test, see lib.network.isolate), kept as sound."""

from __future__ import annotations

import socket
import struct
import threading
import wave
from pathlib import Path

from lib.audio import RATE_HZ

ETH_P_IP = 0x0800
IP_AT, UDP = 14, 17


def _linear(ulaw: int) -> int:
    """ITU-T G.711, mu-law."""
    code = ~ulaw & 0xFF
    size = (((code & 0x0F) << 3) + 0x84 << (code >> 4 & 7)) - 0x84
    return -size if code & 0x80 else size


LINEAR = [struct.pack("<h", _linear(code)) for code in range(256)]


class Earphone(threading.Thread):
    """Keeps the PCMU packets that are delivered to any of these UDP ports of IPv4, from start() to stop()."""

    def __init__(self, ports: range) -> None:
        super().__init__(daemon=True)
        self.ports, self.heard, self.over = ports, {}, threading.Event()
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_IP))
        self.socket.bind(("lo", 0))
        self.socket.settimeout(0.1)

    def run(self) -> None:
        while not self.over.is_set():
            try:
                frame, address = self.socket.recvfrom(4096)
            except TimeoutError:
                continue
            if address[2] != socket.PACKET_OUTGOING:  # lo shows each packet twice
                self._take(frame)

    def _take(self, frame: bytes) -> None:
        udp_at = IP_AT + (frame[IP_AT] & 15) * 4
        if frame[IP_AT + 9] != UDP or struct.unpack_from("!H", frame, udp_at + 2)[0] not in self.ports:
            return
        rtp = frame[udp_at + 8 :]
        if len(rtp) > 12 and rtp[0] == 0x80 and rtp[1] & 0x7F == 0:
            self.heard[struct.unpack_from("!H", rtp, 2)[0]] = rtp[12:]

    def stop(self, path: Path) -> Path:
        """The sound, in the order of the sequence numbers."""
        self.over.set()
        self.join()
        self.socket.close()
        first = next(iter(self.heard), 0)
        order = sorted(self.heard, key=lambda n: (n - first + 0x8000) & 0xFFFF)
        with wave.open(str(path), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(RATE_HZ)
            out.writeframes(b"".join(LINEAR[code] for number in order for code in self.heard[number]))
        return path
