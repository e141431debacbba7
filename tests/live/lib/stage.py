"""What the SIPp tests share: lines that are registered at a SIPp callee, and a call or many from a SIPp caller."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from collections.abc import Iterator

from lib.daemon import DOMAIN, Line, OpenGate
from lib.sip import Client, Registration
from lib.sipp import Sipp, callers
from lib.tap import check_equal, note
from lib.util import host_port


def register_at(gate: OpenGate, line: Line, port: int, host: str = "127.0.0.1", instance: str = "") -> None:
    """From the very port where SIPp will answer, so that the flow leads to it."""
    contact = f"sip:{line.account}@{host_port(host, port)}"
    with Client("udp", (host, port), (host, gate.port)) as client:
        done = Registration(client, DOMAIN, line.account, line.password, contact, instance).register()
    check_equal(done.code, 200, f"REGISTER of {line.account}")


@contextmanager
def callee(gate: OpenGate, scenario: str, lines: list[Line], instance: str = "", **options) -> Iterator[Sipp]:
    """A SIPp that plays the phones of all these lines at one socket."""
    port = gate.ports.block(2)
    for line in lines:
        register_at(gate, line, port, instance=instance)
    with Sipp(scenario, port, calls=0, **options) as sipp:
        yield sipp


def call(gate: OpenGate, scenario: str, caller: Line, dialled: str, *, transport: str = "udp", calls: int = 1) -> None:
    """Calls one after the other; each must go as the scenario says."""
    port = gate.ports.block(2)
    rows = callers([(caller, dialled)])
    with Sipp(
        scenario, port, ("127.0.0.1", gate.port), transport=transport, rows=rows, calls=calls, at_once=1
    ) as sipp:
        sipp.wait()


def play(
    gate: OpenGate, caller: Line, called: Line, caller_script: str, callee_script: str, *, transport: str = "udp", calls: int = 1,
    **options,
) -> None:
    """Both sides, then an empty server; the ladders are told when something fails."""
    try:
        with ExitStack() as stack:
            phone = stack.enter_context(callee(gate, callee_script, [called], **options))
            call(gate, caller_script, caller, called.number, transport=transport, calls=calls)
            phone.wait_succeeded(calls)
            gate.wait_calls(0)
    except Exception:
        note(gate.ladders())
        raise
