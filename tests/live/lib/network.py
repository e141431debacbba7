"""
A home behind a router that translates addresses, the carrier, and an office without such a router, each in a network
namespace of its own; nothing of the machine's own network is touched.

Programs that build it call isolate() first.

    home 192.168.7.2 --- 192.168.7.1 router 203.0.113.2 --- 203.0.113.1 carrier 198.51.100.1 --- 198.51.100.2 office
"""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import sys
from dataclasses import dataclass

from lib.tap import Failure, note

SERVER, OFFICE, ROUTER, HOME = "203.0.113.1", "198.51.100.2", "203.0.113.2", "192.168.7.2"
CLONE_NEWNET = 0x40000000
HOW = (
    "run it as root with CAP_SYS_ADMIN and CAP_NET_ADMIN (in a container: --privileged), or where user namespaces are "
    "allowed (sysctl kernel.unprivileged_userns_clone=1), on a kernel with veth and nf_tables"
)

# Other ports outside than inside, and nothing comes in that was not asked for.
RULES = """
table ip home {
	chain out { type nat hook postrouting priority srcnat; oifname "wan" masquerade random; }
	chain through {
		type filter hook forward priority filter; policy drop;
		iifname "lan" accept
		ct state established,related accept
	}
	chain in { type filter hook input priority filter; policy drop; }
}
"""


def isolate() -> None:
    """
    Starts the program again in a network of its own, where only lo is up: its ports are nobody else's, it may listen
    on the wire, and what it makes goes with it. Who is not root becomes root of a user namespace for that.
    """
    if os.environ.get("OPENGATE_ISOLATED"):
        return
    way = ["unshare", "--net", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    way += ["sh", "-c", 'mount -t tmpfs tmpfs /run && ip link set lo up && exec "$@"', "sh"]
    tried = subprocess.run([*way, "true"], capture_output=True, text=True, timeout=60)
    if tried.returncode:
        note(f"{tried.stderr.strip()}: this test needs a network namespace; {HOW}")
        print("1..1\nnot ok 1 - a network namespace", flush=True)
        sys.exit(1)
    os.environ["OPENGATE_ISOLATED"] = "1"
    os.execvp(way[0], [*way, sys.executable, *sys.argv])


def _run(*words: str, text: str = "") -> None:
    try:
        done = subprocess.run(words, input=text, capture_output=True, text=True, timeout=60)
    except FileNotFoundError:
        raise Failure(f"there is no program {words[0]}: tools/install-deps test") from None
    if done.returncode:
        raise Failure(f"{' '.join(words)}: {done.stderr.strip()}\nThis test makes network namespaces; {HOW}")


def _setns(fd: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


@dataclass(frozen=True)
class Space:
    """One network namespace."""

    name: str

    def command(self, words: list[str]) -> list[str]:
        """The same, run inside."""
        return ["ip", "netns", "exec", self.name, *words]

    def connect(self, address: tuple[str, int]) -> socket.socket:
        """A TCP connection from inside; its namespace stays with the socket."""
        mine = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        other = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        try:
            _setns(other)
            return socket.create_connection(address, timeout=5)
        finally:
            _setns(mine)
            os.close(mine)
            os.close(other)


class Network:
    def __init__(self) -> None:
        names = "home", "router", "carrier", "office"
        self.home, self.router, self.carrier, self.office = map(Space, names)
        self.spaces = self.home, self.router, self.carrier, self.office

    def __enter__(self) -> Network:
        try:
            self._build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for space in self.spaces:
            subprocess.run(["ip", "netns", "del", space.name], capture_output=True, timeout=60)

    def _build(self) -> None:
        for space in self.spaces:
            _run("ip", "netns", "add", space.name)
            _run("ip", "-n", space.name, "link", "set", "lo", "up")
        self._link(self.home, "eth0", HOME, self.router, "lan", "192.168.7.1")
        self._link(self.router, "wan", ROUTER, self.carrier, "eth0", SERVER)
        self._link(self.office, "eth0", OFFICE, self.carrier, "eth1", "198.51.100.1")
        _run("ip", "-n", self.home.name, "route", "add", "default", "via", "192.168.7.1")
        _run("ip", "-n", self.office.name, "route", "add", "default", "via", "198.51.100.1")
        _run(*self.router.command(["sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward"]))
        _run(*self.router.command(["nft", "-f", "-"]), text=RULES)

    @staticmethod
    def _link(a: Space, link_a: str, address_a: str, b: Space, link_b: str, address_b: str) -> None:
        _run("ip", "link", "add", link_a, "netns", a.name, "type", "veth", "peer", "name", link_b, "netns", b.name)
        for space, link, address in ((a, link_a, address_a), (b, link_b, address_b)):
            _run("ip", "-n", space.name, "addr", "add", f"{address}/24", "dev", link)
            _run("ip", "-n", space.name, "link", "set", link, "up")
