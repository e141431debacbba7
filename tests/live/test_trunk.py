#!/usr/bin/env python3
"""
Kamailio as the telephone network: it asks for a password, records its route and keeps our registration for seconds;
SIPp plays who is behind it. Calls out and in, fail-over while calls run, the registration refreshed, a wrong source
refused.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from lib.daemon import Line, OpenGate
from lib.kamailio import PASSWORD, USER, Kamailio
from lib.sipp import Sipp, callers
from lib.stage import callee
from lib.tap import case, check, check_equal, note, run_cases
from lib.util import wait_for

TIMES = {"trunk_options_period_s": 1, "trunk_failures": 2, "trunk_answer_timeout_ms": 1000}


class Network:
    """OpenGate, a Kamailio as trunk, and SIPp behind it."""

    def __init__(self, gate: OpenGate, stack: ExitStack) -> None:
        self.gate = gate
        self.behind = gate.ports.block(2)
        self.proxy = stack.enter_context(Kamailio(gate.ports.block(2), gate.port, self.behind))
        self.secret = gate.dir / "carrier-secret"
        self.secret.write_text(PASSWORD + "\n")
        self.stack = stack

    def add(self, name: str, port: int, *settings: str) -> None:
        self.gate.json("trunk", "add", name, "--host", f"127.0.0.1:{port}", "--format", "plus", *settings)

    def account(self, flag: str) -> tuple[str, ...]:
        return (flag, USER, "--password-file", str(self.secret))

    def callee(self, scenario: str = "network_callee") -> Sipp:
        return self.stack.enter_context(Sipp(scenario, self.behind, calls=0))

    def state(self, name: str) -> dict[str, object]:
        return self.gate.json("trunk", "show", name)


@contextmanager
def network(**settings: object) -> Iterator[Network]:
    with ExitStack() as stack:
        gate = stack.enter_context(OpenGate(ipv6=False, **(TIMES | settings)))
        try:
            yield Network(gate, stack)
        except Exception:
            note(gate.ladders())
            raise


def caller(gate: OpenGate, line: Line, dialled: str, calls: int = 1, scenario: str = "caller_basic", **options: object) -> Sipp:
    return Sipp(
        scenario, gate.ports.block(2), ("127.0.0.1", gate.port), rows=callers([(line, dialled)]), calls=calls, **options
    )


def check_quiet(gate: OpenGate) -> None:
    gate.wait_calls(0)
    wait_for("no place on a trunk taken", lambda: all(t["calls"] == 0 for t in gate.json("trunk", "list")))


@case("calls out: a password where it is asked for, and the recorded route")
def _() -> None:
    with network() as net:
        gate = net.gate
        [line] = gate.add_lines(1)
        net.add("carrier", net.proxy.port, *net.account("--user"))
        phone = net.callee()
        with caller(gate, line, "0312345678", calls=5, at_once=1) as sipp:
            sipp.wait()
        phone.wait_succeeded(5)
        check_quiet(gate)
        records = gate.wait_records(5, line)
        for r in records:
            seen = (r["direction"], r["trunk"], r["sip_code"], r["to"], r["reason"])
            check_equal(seen, ("out", "carrier", 200, "0312345678", "normal"), "record")
        state = net.state("carrier")
        check_equal((state["attempts"], state["failures"], state["state"]), (5, 0, "up"), "counts")
        for text in (gate.log(), gate.ladders()):
            check(PASSWORD not in text, "the password is told")


@case("calls in: by the address they come from; a number that nobody has; a stranger")
def _() -> None:
    with network() as net, ExitStack() as stack:
        gate = net.gate
        [line] = gate.add_lines(1)
        net.add("carrier", net.proxy.port)
        phone = stack.enter_context(callee(gate, "callee_basic", [line]))

        def call_in(scenario: str, number: str, port: int) -> None:
            rows = [["0398765432", "", number]]
            with Sipp(scenario, gate.ports.block(2), ("127.0.0.1", port), rows=rows, calls=1) as sipp:
                sipp.wait()

        call_in("network_caller", "+81" + line.number[1:], net.proxy.port)
        phone.wait_succeeded(1)
        check_quiet(gate)
        [r] = gate.wait_records(1)
        check_equal((r["direction"], r["trunk"], r["from"], r["to"]), ("in", "carrier", "0398765432", line.number), "record")
        call_in("network_stranger", line.number, gate.port)
        check_equal(len(gate.records()), 1, "records after the stranger")


@case("fail-over while calls run: the proxy is stopped, calls in progress and new ones go on")
def _() -> None:
    with network() as net, ExitStack() as stack:
        gate = net.gate
        [line] = gate.add_lines(1, "--channels", "32")
        other_behind = gate.ports.block(2)
        other = stack.enter_context(Kamailio(gate.ports.block(2), gate.port, other_behind))
        net.add("first", net.proxy.port, *net.account("--user"), "--priority", "1")
        net.add("second", other.port, *net.account("--user"), "--priority", "2")
        first = net.callee()
        second = stack.enter_context(Sipp("network_callee", other_behind, calls=0))
        with caller(gate, line, "0312345678", calls=40, rate=5, at_once=20) as sipp:
            wait_for("calls by the first", lambda: first.succeeded() >= 5)
            net.proxy.stop()
            wait_for("the first trunk down", lambda: net.state("first")["state"] == "down")
            wait_for("calls by the second", lambda: second.succeeded() >= 5)
            sipp.process.wait(180)
        # What was between the two when the proxy died may fail, nothing else may.
        succeeded = sum(r["sip_code"] == 200 for r in gate.wait_records(40, line))
        check(succeeded >= 35, f"{succeeded} of 40 calls were answered")
        check_quiet(gate)
        net.proxy.start()
        wait_for("the first trunk up", lambda: net.state("first")["state"] == "up")
        for word in ("trunk is down", "trunk is up"):
            wait_for(f"'{word}' in the log", lambda word=word: word in gate.log())
        before = net.state("first")["attempts"]
        with caller(gate, line, "0312345678") as sipp:
            sipp.wait()
        check(net.state("first")["attempts"] > before, "the first one is tried again")


@case("a 503 of the network sends the call to the next trunk")
def _() -> None:
    # SIPp knows no OPTIONS.
    with network(trunk_options_period_s=0) as net, ExitStack() as stack:
        gate = net.gate
        [line] = gate.add_lines(1)
        other_behind = gate.ports.block(2)
        phone = stack.enter_context(Sipp("network_callee", other_behind, calls=0))
        net.add("first", net.proxy.port, *net.account("--user"), "--priority", "1")
        net.add("second", other_behind, "--priority", "2")
        with caller(gate, line, "09012345678") as sipp:
            sipp.wait()
        phone.wait_succeeded(1)
        [r] = gate.wait_records(1, line)
        check_equal((r["trunk"], r["sip_code"]), ("second", 200), "record")
        check_equal(net.state("first")["failures"], 1, "failures of the first")


@case("registered, refreshed before its time is over, and again after a restart")
def _() -> None:
    with network() as net:
        gate = net.gate
        net.add("carrier", net.proxy.port, *net.account("--register"))

        def until() -> str | None:
            state = net.state("carrier")
            return state["registration"] == "registered" and state["registered_until"]

        first = wait_for("a registration", until)
        second = wait_for("its refresh", lambda: (now := until()) != first and now)
        check(second > first, "later than the first")
        check_equal(net.state("carrier")["register_code"], 200, "code")
        check_equal(gate.metrics()['opengate_trunk_registered{trunk="carrier"}'], 1, "metric")
        gate.stop()
        gate.start()
        wait_for("the registration after a restart", until)
        # the state is there before the log has been written
        wait_for("it to be told", lambda: gate.log().count("registered at the trunk") >= 2)
        check_equal(gate.log().count("registered at the trunk"), 2, "told once for each start")


@case("a wrong password: the registration fails, the trunk is down, and calls are told so")
def _() -> None:
    with network() as net:
        gate = net.gate
        [line] = gate.add_lines(1)
        net.secret.write_text("another\n")
        net.add("carrier", net.proxy.port, *net.account("--register"))
        wait_for("the failure", lambda: net.state("carrier")["registration"] == "failed")
        state = net.state("carrier")
        check_equal((state["state"], state["reason"]), ("down", "registration_failed"), "state")
        with caller(gate, line, "0312345678", scenario="caller_503") as sipp:
            sipp.wait()
        [r] = gate.wait_records(1, line)
        check_equal((r["reason"], r["sip_code"]), ("no_trunk", 503), "record")


@case("110, 118 and 119 never reach the trunk; a call abroad needs the permission, and the guard's word")
def _() -> None:
    with network() as net:
        gate = net.gate
        [line] = gate.add_lines(1)
        net.add("carrier", net.proxy.port, *net.account("--user"))
        phone = net.callee()

        def refused(dialled: str) -> str:
            before = len(gate.records(line))
            with caller(gate, line, dialled, scenario="caller_403") as sipp:
                sipp.wait()
            return str(gate.wait_records(before + 1, line)[0]["reason"])

        gate.text("plan", "rule", "add", "--all", "--prefix", "1", "--allow")
        for emergency in ("110", "118", "119", "184110"):
            check_equal(refused(emergency), "emergency_not_available", emergency)
        check_equal(refused("010442012345678"), "international_not_permitted", "without the permission")
        gate.text("number", "set", line.number, "--international", "on")
        gate.text("guard", "set", "--new-country-days", "30")
        check_equal(refused("010442012345678"), "fraud_guard_new_country", "a country that is new")
        check_equal(refused("+442012345678"), "fraud_guard_new_country", "written otherwise")
        check_equal(net.state("carrier")["attempts"], 0, "what the trunk has seen")
        gate.text("guard", "release", line.number, "--country", "GB")
        with caller(gate, line, "010442012345678") as sipp:
            sipp.wait()
        phone.wait_succeeded(1)
        [r] = gate.wait_records(8, line)[:1]
        check_equal((r["to"], r["trunk"], r["sip_code"]), ("010442012345678", "carrier", 200), "record")
        check_quiet(gate)


@case("trunk test says whether it answers")
def _() -> None:
    with network() as net:
        net.add("carrier", net.proxy.port)
        net.add("nobody", net.gate.ports.block(2))
        check("answered OPTIONS with 200" in net.gate.text("trunk", "test", "carrier"), "an answer")
        try:
            net.gate.text("trunk", "test", "nobody")
        except Exception as refused:  # noqa: BLE001
            check("does not answer OPTIONS" in str(refused), str(refused))
        else:
            check(False, "nobody answers, and that is good")


if __name__ == "__main__":
    sys.exit(run_cases())
