#!/usr/bin/env python3
"""
Phones and proxies that are named, not numbered (RFC 3263), and requests too large for UDP (RFC 3261 18.1.1): the
server asks a name server that this test plays, tries one target after the other, and says why when nobody is there.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack

from lib.daemon import DOMAIN, Line, OpenGate
from lib.dns import A, NAPTR, SILENT, SRV, NameServer, srv_names
from lib.puppet import Caller, Message, Puppet, sdp
from lib.sip import Client, Registration
from lib.sipp import Sipp
from lib.stage import call
from lib.tap import add_case, check, check_equal, note, run_cases
from lib.util import wait_for

SHARDS = 2


class Bench:
    """The server, its name server, and lines 0 (calls) and 1 (is called)."""

    def __init__(self, gate: OpenGate, names: NameServer, lines: list[Line]) -> None:
        self.gate, self.names = gate, names
        self.caller, self.called = lines
        self.server = ("127.0.0.1", gate.port)

    def port(self) -> int:
        return self.gate.ports.block(2)

    def register(self, contact: str, transport: str = "tcp", port: int = 0, expires: int = 3600) -> None:
        """From a socket that is closed afterwards: over TCP the flow is gone with it."""
        with Client(transport, ("127.0.0.1", port), self.server) as client:
            phone = Registration(client, DOMAIN, self.called.account, self.called.password, contact)
            check_equal(phone.register(expires).code, 200, "REGISTER")
        if transport == "tcp":
            wait_for("the server to see that the connection has gone", self._flow_is_gone)

    def _flow_is_gone(self) -> bool:
        return all(r["reachable"] is False for r in self.gate.registrations(self.called))

    def record(self, known: int) -> dict:
        self.gate.wait_calls(0)
        return self.gate.wait_records(known + 1, self.called)[0]

    def events(self, call_id: str = "") -> list[str]:
        """Of that call's ladder, or the latest one's."""
        call_id = call_id or self.gate.records(limit=1)[0]["id"]
        return [e["event"] for e in self.gate.json("trace", call_id)["events"]]


def dial(bench: Bench, stack: ExitStack, body: str = sdp()) -> Caller:
    puppet = stack.enter_context(Puppet())
    dialog = Caller(puppet, puppet.udp(0, bench.server), bench.caller, DOMAIN)
    dialog.invite(bench.called.number, body)
    return dialog


def answer(message: Message, contact: str, *headers: str) -> None:
    assert message.way
    message.way.send(message.reply(200, f"Contact: <{contact}>", *headers, tag="callee", body=sdp(40002)))


def talk(dialog: Caller, phone: Puppet, port: int) -> tuple[Message, Message, Message]:
    """From the INVITE at the phone to the caller's BYE: INVITE, ACK, BYE as the phone saw them."""
    invite = phone.receive("INVITE")
    answer(invite, f"sip:callee@127.0.0.1:{port}")
    dialog.answered()
    ack = phone.receive("ACK")
    dialog.bye()
    bye = phone.receive("BYE")
    bye.way.send(bye.reply(200))
    return invite, ack, bye


# --- a phone whose connection has gone


def srv_failover(bench: Bench) -> None:
    dead, alive = bench.port(), bench.port()
    bench.names.add("_sip._tcp.phone.test", SRV, (20, 0, alive, "two.test"), (10, 0, dead, "one.test"))
    bench.names.add("one.test", A, "127.0.0.1")
    bench.names.add("two.test", A, "127.0.0.1")
    bench.register(f"sip:{bench.called.account}@phone.test;transport=tcp")
    with ExitStack() as stack:
        phone = stack.enter_context(Puppet())
        phone.listen(alive)
        talk(dial(bench, stack), phone, alive)
    bench.gate.wait_calls(0)
    check("_sip._tcp.phone.test" in srv_names(bench.names.asked), f"asked: {bench.names.asked}")
    seen = bench.events()
    check("LOCATED" in seen and "TARGET_FAILED" in seen, f"the ladder says {seen}")


def naptr_and_silence(bench: Bench) -> None:
    """NAPTR names UDP; the first host never says a word."""
    silent, alive = bench.port(), bench.port()
    bench.names.add("naptr.test", NAPTR, (10, 10, "s", "SIP+D2U", "_sip._udp.else.test"))
    bench.names.add("_sip._udp.else.test", SRV, (1, 0, silent, "one.test"), (2, 0, alive, "two.test"))
    bench.register(f"sip:{bench.called.account}@naptr.test")
    with ExitStack() as stack:
        stack.enter_context(Puppet()).udp(silent)
        stack.enter_context(Sipp("callee_basic", alive, calls=0))
        call(bench.gate, "caller_basic", bench.caller, bench.called.number)
    bench.gate.wait_calls(0)
    check("TARGET_FAILED" in bench.events(), "nothing in the ladder about the silent host")


def unavailable(bench: Bench) -> None:
    """A 503 sends the server on to the next host (RFC 3263 4.3)."""
    busy, alive = bench.port(), bench.port()
    bench.names.add("_sip._udp.heavy.test", SRV, (1, 0, busy, "one.test"), (2, 0, alive, "two.test"))
    bench.register(f"sip:{bench.called.account}@heavy.test;transport=udp")
    with ExitStack() as stack:
        first = stack.enter_context(Puppet())
        first.udp(busy)
        phone = stack.enter_context(Puppet())
        phone.udp(alive)
        dialog = dial(bench, stack)
        refused = first.receive("INVITE")
        refused.way.send(refused.reply(503, tag="no"))
        check_equal(first.receive("ACK").header("CSeq").split()[1], "ACK", "the 503 is acknowledged")
        talk(dialog, phone, alive)
    bench.gate.wait_calls(0)


def not_found(bench: Bench) -> None:
    known = len(bench.gate.records(bench.called))
    bench.register(f"sip:{bench.called.account}@nowhere.test")
    with ExitStack() as stack:
        refused = dial(bench, stack).refused()
    check_equal(refused.code, 480, "the caller hears")
    check("host name" in refused.header("Reason"), refused.text)
    record = bench.record(known)
    check_equal((record["sip_code"], record["reason"]), (480, "phone_address_not_found"), "the record says")
    check("LOCATE_FAILED" in bench.events(), "nothing in the ladder about the name")


def silent_names(bench: Bench) -> None:
    """A name server that says nothing: the call ends, and others go on meanwhile."""
    known = len(bench.gate.records(bench.called))
    bench.names.add("mute.test", A, SILENT)
    bench.register(f"sip:{bench.called.account}@mute.test:5060")
    with ExitStack() as stack:
        waiting = dial(bench, stack)
        bench.register(f"sip:{bench.called.account}@127.0.0.1:{(port := bench.port())}")
        with Sipp("callee_basic", port, calls=0):
            call(bench.gate, "caller_basic", bench.caller, bench.called.number)
        check_equal(waiting.refused().code, 480, "the caller hears")
    bench.gate.wait_calls(0)
    reasons = sorted(r["reason"] for r in bench.gate.wait_records(known + 2, bench.called)[:2])
    check_equal(reasons, ["normal", "phone_address_not_found"], "the records say")


def cancelled_while_asking(bench: Bench) -> None:
    known = len(bench.gate.records(bench.called))
    bench.names.add("mute2.test", A, SILENT)
    bench.register(f"sip:{bench.called.account}@mute2.test:5060")
    with ExitStack() as stack:
        dialog = dial(bench, stack)
        wait_for("the question", lambda: ("mute2.test", A) in bench.names.asked)
        dialog.cancel()
        check_equal(dialog.refused().code, 487, "the caller hears")
    check_equal(bench.record(known)["reason"], "cancelled", "the record says")


# --- within a dialog


def contact_of_invite(bench: Bench) -> None:
    """The caller's connection has gone; its Contact is a name; the callee hangs up."""
    port, away = bench.port(), bench.port()
    bench.names.add("home.test", A, "127.0.0.1")
    with ExitStack() as stack:
        caller, callee = stack.enter_context(Puppet()), stack.enter_context(Puppet())
        callee.udp(port)
        bench.register(f"sip:{bench.called.account}@127.0.0.1:{port}")
        way = caller.connect(bench.server)
        dialog = Caller(caller, way, bench.caller, DOMAIN, contact=f"sip:me@home.test:{away};transport=tcp")
        dialog.invite(bench.called.number, sdp())
        invite = callee.receive("INVITE")
        answer(invite, f"sip:callee@127.0.0.1:{port}")
        dialog.answered()
        callee.receive("ACK")
        caller.listen(away)
        caller.hang_up(way)
        hang_up(callee, invite)
        bye = caller.receive("BYE")
        bye.way.send(bye.reply(200))
    bench.gate.wait_calls(0)


def hang_up(callee: Puppet, invite: Message) -> None:
    """The callee's BYE, by hand."""
    target = invite.target()
    lines = [f"BYE {target} SIP/2.0", f"Via: SIP/2.0/UDP 127.0.0.1:{invite.way.local[1]};branch=z9hG4bKbye{id(invite)};rport"]
    lines += [f"From: {invite.header('To')};tag=callee", f"To: {invite.header('From')}", "Max-Forwards: 70"]
    lines += [f"Call-ID: {invite.header('Call-ID')}", "CSeq: 77 BYE", "Content-Length: 0"]
    invite.way.send("\r\n".join(lines) + "\r\n\r\n")


def route_set(bench: Bench, route: str, proxy_port: int) -> None:
    """A proxy in front of the caller: what follows goes to where the proxy listens, not to where it sent from."""
    port = bench.port()
    with ExitStack() as stack:
        caller, callee = stack.enter_context(Puppet()), stack.enter_context(Puppet())
        proxy = stack.enter_context(Puppet())
        proxy.udp(proxy_port)
        callee.udp(port)
        bench.register(f"sip:{bench.called.account}@127.0.0.1:{port}")
        way = caller.udp(0, bench.server)
        dialog = Caller(caller, way, bench.caller, DOMAIN, routes=[route])
        dialog.invite(bench.called.number, sdp())
        invite = callee.receive("INVITE")
        answer(invite, f"sip:callee@127.0.0.1:{port}")
        dialog.answered()
        callee.receive("ACK")
        hang_up(callee, invite)
        bye = proxy.receive("BYE")
        check_equal(bye.headers("Route"), [f"<{route}>"], "Route")
        check_equal(bye.uri, dialog.contact, "Request-URI")
        bye.way.send(bye.reply(200))
    bench.gate.wait_calls(0)


def numbered_route(bench: Bench) -> None:
    port = bench.port()
    route_set(bench, f"sip:127.0.0.1:{port};lr", port)


def named_route(bench: Bench) -> None:
    port = bench.port()
    bench.names.add("_sip._udp.proxy.test", SRV, (1, 1, port, "one.test"))
    route_set(bench, "sip:proxy.test;lr", port)


def route_of_answer(bench: Bench) -> None:
    """A proxy in front of the callee, known from the 200: ACK and BYE go to it, also after the phone has spoken itself."""
    port, proxy_port = bench.port(), bench.port()
    bench.names.add("edge.test", A, "127.0.0.1")
    with ExitStack() as stack:
        callee, proxy = stack.enter_context(Puppet()), stack.enter_context(Puppet())
        proxy.udp(proxy_port)
        callee.udp(port)
        bench.register(f"sip:{bench.called.account}@127.0.0.1:{port}")
        dialog = dial(bench, stack)
        invite = callee.receive("INVITE")
        route = f"sip:edge.test:{proxy_port};lr"
        answer(invite, f"sip:callee@127.0.0.1:{port}", f"Record-Route: <{route}>")
        dialog.answered()
        check_equal(proxy.receive("ACK").headers("Route"), [f"<{route}>"], "Route of the ACK")
        dialog.bye()
        bye = proxy.receive("BYE")
        check_equal(bye.headers("Route"), [f"<{route}>"], "Route of the BYE")
        bye.way.send(bye.reply(200))
        check_equal([m.start for m in callee.seen if m.method != "INVITE"], [], "nothing but the INVITE at the phone itself")
    bench.gate.wait_calls(0)


def lost_route(bench: Bench) -> None:
    """The proxy's name leads nowhere: back to where its messages come from."""
    port = bench.port()
    with ExitStack() as stack:
        caller, callee = stack.enter_context(Puppet()), stack.enter_context(Puppet())
        callee.udp(port)
        bench.register(f"sip:{bench.called.account}@127.0.0.1:{port}")
        dialog = Caller(caller, caller.udp(0, bench.server), bench.caller, DOMAIN, routes=["sip:no-proxy.test;lr"])
        dialog.invite(bench.called.number, sdp())
        invite = callee.receive("INVITE")
        answer(invite, f"sip:callee@127.0.0.1:{port}")
        dialog.answered()
        callee.receive("ACK")
        hang_up(callee, invite)
        bye = caller.receive("BYE")
        bye.way.send(bye.reply(200))
    bench.gate.wait_calls(0)


def response_comes_back(bench: Bench) -> None:
    """The connection of the INVITE has gone before the answer; where it came from nobody listens; its Via is a name."""
    port, away = bench.port(), bench.port()
    bench.names.add("via.test", A, "127.0.0.2")
    with ExitStack() as stack:
        caller, callee = stack.enter_context(Puppet()), stack.enter_context(Puppet())
        callee.udp(port)
        bench.register(f"sip:{bench.called.account}@127.0.0.1:{port}")
        way = caller.connect(bench.server)
        dialog = Caller(caller, way, bench.caller, DOMAIN)
        dialog.via = f"via.test:{away}"
        dialog.invite(bench.called.number, sdp())
        invite = callee.receive("INVITE")
        caller.receive("100")  # else it is what finds the connection gone
        caller.listen(away, "127.0.0.2")
        caller.hang_up(way)
        wait_for("the connection to go", lambda: bench.gate.json("status")["connections"] == 0)
        invite.way.send(invite.reply(486, tag="busy"))
        callee.receive("ACK")
        check_equal(caller.receive("486").method, "INVITE", "the response that came back")
    bench.gate.wait_calls(0)


# --- size


def large_invite(bench: Bench, tcp: bool, contact: str = "", times: int = 1) -> None:
    port = bench.port()
    with ExitStack() as stack:
        callee = stack.enter_context(Puppet())
        bench.register(contact.format(port) or f"sip:{bench.called.account}@127.0.0.1:{port}", "udp", port)
        callee.udp(port)
        if tcp:
            callee.listen(port)
        for _ in range(times):
            dialog = dial(bench, stack, sdp(padding=1500))
            invite, ack, bye = talk(dialog, callee, port)
            check(len(invite.text) > 1300, "the INVITE is large")
            wanted = "TCP" if tcp else "UDP"
            check(f"SIP/2.0/{wanted} " in invite.header("Via"), f"Via: {invite.header('Via')}")
            check_equal("transport=tcp" in invite.header("Contact"), tcp, "Contact names TCP")
            check_equal((ack.way.stream, bye.way.stream), (tcp, tcp), "ACK and BYE go the same way")
            bench.gate.wait_calls(0)


def large_over_tcp(bench: Bench) -> None:
    large_invite(bench, True)


def large_refused(bench: Bench) -> None:
    """Each shard learns it once."""
    calls = 3 * SHARDS
    large_invite(bench, False, times=calls)
    ladders = [bench.events(r["id"]) for r in bench.gate.records(bench.called, limit=calls)]
    tried = sum("TARGET_FAILED" in events for events in ladders)
    check(1 <= tried <= SHARDS, f"TCP was tried {tried} times in {calls} calls")


def large_udp_only(bench: Bench) -> None:
    large_invite(bench, False, contact="sip:phone@127.0.0.1:{};transport=udp")
    check("TARGET_FAILED" not in bench.events(), "TCP was tried although the Contact says UDP")


def large_behind_nat(bench: Bench) -> None:
    large_invite(bench, False, contact="sip:phone@192.168.7.7:{}")
    check("TARGET_FAILED" not in bench.events(), "TCP was tried towards a phone behind a NAT")


def large_and_mute(bench: Bench) -> None:
    """TCP is accepted but nobody speaks SIP there."""
    port = bench.port()
    with ExitStack() as stack:
        callee, mute = stack.enter_context(Puppet()), stack.enter_context(Puppet())
        bench.register(f"sip:{bench.called.account}@127.0.0.1:{port}", "udp", port)
        mute.listen(port)
        callee.udp(port)
        dialog = dial(bench, stack, sdp(padding=1500))
        invite, _, _ = talk(dialog, callee, port)
        check("SIP/2.0/UDP " in invite.header("Via"), f"Via: {invite.header('Via')}")
    bench.gate.wait_calls(0)


CASES = [
    ("a phone's Contact is a name: SRV, the second host answers", srv_failover),
    ("NAPTR; the first host is silent", naptr_and_silence),
    ("the first host says 503", unavailable),
    ("a name that does not exist", not_found),
    ("a name server that is silent holds nobody up", silent_names),
    ("CANCEL while the name is asked for", cancelled_while_asking),
    ("BYE to a caller whose Contact is a name", contact_of_invite),
    ("BYE goes to the proxy of the route set", numbered_route),
    ("the proxy is named", named_route),
    ("a proxy in front of the callee", route_of_answer),
    ("the proxy's name leads nowhere", lost_route),
    ("a response finds its way by the Via's name", response_comes_back),
    ("a large INVITE goes over TCP", large_over_tcp),
    ("a large INVITE stays on UDP where TCP is refused, which is remembered", large_refused),
    ("a large INVITE stays on UDP where the Contact says so", large_udp_only),
    ("a large INVITE stays on UDP behind a NAT", large_behind_nat),
    ("a large INVITE comes back to UDP when TCP stays mute", large_and_mute),
]


def told(bench: Bench, case) -> None:
    try:
        case(bench)
    except Exception:
        note(bench.gate.ladders())
        raise


def main() -> int:
    with NameServer() as names, OpenGate(shards=SHARDS, ipv6=False, dns_servers=names.address, sip_ping_period_s=0) as gate:
        bench = Bench(gate, names, gate.add_lines(2))
        for what, case in CASES:
            add_case(what, lambda c=case: told(bench, c))
        return run_cases()


if __name__ == "__main__":
    sys.exit(main())
