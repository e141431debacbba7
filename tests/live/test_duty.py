#!/usr/bin/env python3
"""
A back-to-back user agent's duty, clause by clause: the phones are puppets that say what real ones say only sometimes.
Reliable provisional responses (RFC 3262), UPDATE (RFC 3311), one answer in each dialog (RFC 3261 §13.2.1), refused
offers (§14.1), crossing messages, session timers (RFC 4028).
"""

from __future__ import annotations

import re
import sys

from lib.daemon import Line, OpenGate
from lib.byhand import Incoming, Message, Outgoing, Puppet, sdp
from lib.tap import add_case, check, check_equal, run_cases

TRUSTED = "127.0.0.2"




class Stage:
    """A trusted caller, a called phone, and a number on which two phones ring."""

    def __init__(self, gate: OpenGate, a: Puppet, b: Puppet, c: Puppet, d: Puppet, lines: list[Line]) -> None:
        self.gate, self.a, self.b, self.c, self.d = gate, a, b, c, d
        self.caller, self.called, self.forked = lines

    def call(self, *headers: str, body: str = "", **settings: str) -> Outgoing:
        out = Outgoing(self.a, self.caller, settings.get("to", self.called.number))
        out.invite(*headers, body=body)
        return out

    def over(self) -> None:
        """No call is left, and nobody was told anything that he was not to hear."""
        self.gate.wait_calls(0)
        for phone in (self.a, self.b, self.c, self.d):
            phone.seen.clear()
            phone.nothing("after the call", 0.05)


RELIABLE = ("Require: 100rel", "Allow: INVITE, ACK, CANCEL, BYE, PRACK, UPDATE")


def rseq(number: int) -> str:
    return f"RSeq: {number}"


def talk(s: Stage, *caller: str, callee: tuple[str, ...] = ()) -> tuple[Outgoing, Incoming, Message]:
    """An answered call, and the caller's 200."""
    out = s.call(*caller, body=sdp(4000))
    inc = Incoming(s.b)
    inc.reply(200, *callee, body=sdp(5000))
    s.b.expect("ACK")
    ok = s.a.expect(200, "INVITE")
    out.ack(ok)
    return out, inc, ok


def hang_up(s: Stage, out: Outgoing, inc: Incoming) -> None:
    out.bye()
    s.a.expect(200, "BYE")
    s.b.reply(s.b.expect("BYE"), 200)
    s.over()


def strange_codec(s: Stage) -> None:
    """What a phone calls its codec need not be text, and is shown all the same."""
    out = s.call(body=sdp(4000))
    inc = Incoming(s.b)
    inc.reply(200, body=sdp(5000).replace("PCMA", "\udcff\udcfe"))
    s.b.expect("ACK")
    out.ack(s.a.expect(200, "INVITE"))
    calls = s.gate.json("calls")
    check_equal([c["media"]["codec"] for c in calls], ["??"], "codec")
    hang_up(s, out, inc)


# --- reliable provisional responses


def reliable_both_ways(s: Stage) -> None:
    """Both phones know 100rel: the caller's PRACK goes on as the phone's, its 200 comes back."""
    out = s.call("Supported: 100rel", body=sdp(4000))
    inc = Incoming(s.b)
    check("100rel" in inc.invite.text, "the phone is told that we know PRACK")
    inc.reply(183, *RELIABLE, rseq(70), body=sdp(5000))
    ringing = s.a.expect(183, "INVITE")
    check_equal(ringing.get("Require"), "100rel", "Require")
    check(ringing.media_port() not in (0, 5000), "the relay stands between")
    s.b.nothing("the phone's PRACK waits for the caller's")
    out.prack(ringing)
    prack = s.b.expect("PRACK")
    check_equal(prack.get("RAck"), f"70 {inc.invite.cseq[0]} INVITE", "RAck")
    s.b.reply(prack, 200)
    s.a.expect(200, "PRACK")
    inc.reply(200)
    s.b.expect("ACK")
    ok = s.a.expect(200, "INVITE")
    check_equal(ok.body, "", "the answer is not repeated")
    check_equal(ok.tag("To"), ringing.tag("To"), "one dialog")
    out.ack(ok)
    hang_up(s, out, inc)


def reliable_phone_plain_caller(s: Stage) -> None:
    """The caller does not know PRACK: we acknowledge, and the 200 brings the caller the answer."""
    out = s.call(body=sdp(4000))
    inc = Incoming(s.b)
    inc.reply(183, *RELIABLE, rseq(1), body=sdp(5000))
    s.b.reply(s.b.expect("PRACK"), 200)
    ringing = s.a.expect(183, "INVITE")
    check_equal((ringing.get("Require"), ringing.get("RSeq")), ("", ""), "not reliable for the caller")
    inc.reply(180, *RELIABLE, rseq(3))
    s.b.nothing("a response out of order is not acknowledged")
    inc.reply(180, *RELIABLE, rseq(2))
    s.b.reply(s.b.expect("PRACK"), 200)
    s.a.expect(180, "INVITE")
    inc.reply(200)
    s.b.expect("ACK")
    ok = s.a.expect(200, "INVITE")
    check_equal(ok.body, ringing.body, "the same answer as in the 183")
    out.ack(ok)
    hang_up(s, out, inc)


def plain_phone_strict_caller(s: Stage) -> None:
    """The caller requires 100rel: all that it hears of ringing is reliable, and the 200 waits for its PRACK."""
    out = s.call("Require: 100rel", body=sdp(4000))
    inc = Incoming(s.b)
    inc.reply(183, body=sdp(5000))
    ringing = s.a.expect(183, "INVITE")
    check(ringing.get("RSeq") != "", "reliable")
    inc.reply(200, body=sdp(5000))
    s.a.nothing("the 200 waits for the PRACK (RFC 3262 §3)", 0.3)
    check_equal(s.a.expect(183, "INVITE", repeats=True).get("RSeq"), ringing.get("RSeq"), "repeated")
    out.prack(ringing)
    s.a.expect(200, "PRACK")
    ok = s.a.expect(200, "INVITE")
    s.b.expect("ACK")
    out.ack(ok)
    hang_up(s, out, inc)


def strict_caller_gives_up(s: Stage) -> None:
    """CANCEL while the phone's 200 waits for the PRACK: the phone has answered, and gets ACK and BYE."""
    out = s.call("Require: 100rel", body=sdp(4000))
    inc = Incoming(s.b)
    inc.reply(183, body=sdp(5000))
    s.a.expect(183, "INVITE")
    inc.reply(200, body=sdp(5000))
    s.a.nothing("the 200 waits", 0.2)
    cancel(s, out)
    out.refused(487)
    s.b.expect("ACK")
    s.b.reply(s.b.expect("BYE"), 200)
    s.over()


def cancel(s: Stage, out: Outgoing, *headers: str) -> None:
    invite = out.last_invite
    s.a.send(invite.replace("INVITE sip", "CANCEL sip", 1).replace(f"{out.invite_cseq} INVITE", f"{out.invite_cseq} CANCEL")
             .split("Contact:")[0] + "".join(h + "\r\n" for h in headers) + "Content-Length: 0\r\n\r\n")  # fmt: skip
    s.a.expect(200, "CANCEL")


def offer_in_reliable(s: Stage) -> None:
    """No offer in the INVITE: it comes in the reliable 183, its answer goes with the PRACK (RFC 3262 §5)."""
    out = s.call("Supported: 100rel")
    inc = Incoming(s.b)
    inc.reply(183, *RELIABLE, rseq(9), body=sdp(5000))
    ringing = s.a.expect(183, "INVITE")
    check(ringing.media_port() != 5000, "the offer passes the relay")
    out.prack(ringing, body=sdp(4000))
    prack = s.b.expect("PRACK")
    check(prack.media_port() not in (0, 4000), "the answer passes the relay")
    s.b.reply(prack, 200)
    s.a.expect(200, "PRACK")
    inc.reply(200)
    check_equal(s.b.expect("ACK").body, "", "no second answer")
    ok = s.a.expect(200, "INVITE")
    check_equal(ok.body, "", "no second offer")
    out.ack(ok)
    hang_up(s, out, inc)


def late_offer_plain_caller(s: Stage) -> None:
    """A caller without offer and without PRACK: the phone is not invited to make its offer in a 183."""
    out = s.call()
    inc = Incoming(s.b)
    check("100rel" not in inc.invite.get("Supported"), "Supported has no 100rel")
    inc.reply(200, body=sdp(5000))
    ok = s.a.expect(200, "INVITE")
    out.ack(ok, body=sdp(4000))
    check(s.b.expect("ACK").media_port() not in (0, 4000), "the answer passes the relay")
    hang_up(s, out, inc)


def offer_in_prack(s: Stage) -> None:
    """A second offer rides on the PRACK, its answer on the 200."""
    out = s.call("Supported: 100rel", body=sdp(4000))
    inc = Incoming(s.b)
    inc.reply(183, *RELIABLE, rseq(5), body=sdp(5000))
    ringing = s.a.expect(183, "INVITE")
    out.prack(ringing, body=sdp(4000, version=2, direction="sendonly"))
    prack = s.b.expect("PRACK")
    check("a=sendonly" in prack.body, "the offer")
    s.b.reply(prack, 200, body=sdp(5000, version=2, direction="recvonly"))
    check("a=recvonly" in s.a.expect(200, "PRACK").body, "the answer")
    inc.reply(200)
    s.b.expect("ACK")
    out.ack(s.a.expect(200, "INVITE"))
    hang_up(s, out, inc)


def wrong_rack(s: Stage) -> None:
    """A PRACK that matches nothing: 481 (RFC 3262 §3)."""
    out = s.call("Supported: 100rel", body=sdp(4000))
    inc = Incoming(s.b)
    inc.reply(183, *RELIABLE, rseq(5), body=sdp(5000))
    ringing = s.a.expect(183, "INVITE")
    out.request("PRACK", "RAck: 1 1 INVITE", to=ringing.get("To"), target=ringing.contact())
    s.a.expect(481, "PRACK")
    out.prack(ringing)
    s.b.reply(s.b.expect("PRACK"), 200)
    s.a.expect(200, "PRACK")
    inc.reply(486)
    s.b.expect("ACK")
    out.refused(486)
    s.over()


def prack_after_answer(s: Stage) -> None:
    """A reliable 180 has nothing to lose: the 200 does not wait for its PRACK, which is answered all the same."""
    out = s.call("Supported: 100rel", body=sdp(4000))
    inc = Incoming(s.b)
    inc.reply(180, *RELIABLE, rseq(5))
    ringing = s.a.expect(180, "INVITE")
    inc.reply(200, body=sdp(5000))
    s.b.expect("ACK")
    ok = s.a.expect(200, "INVITE")
    out.ack(ok)
    out.prack(ringing)
    s.a.expect(200, "PRACK")
    s.b.nothing("it comes too late for the phone", 0.1)
    hang_up(s, out, inc)


def reliable_unasked(s: Stage) -> None:
    """Where we did not say that we know PRACK a phone's Require is not listened to."""
    out = s.call()
    inc = Incoming(s.b)
    inc.reply(183, *RELIABLE, rseq(5), body=sdp(5000))
    check_equal(s.a.expect(183, "INVITE").body, "", "nobody could answer the offer")
    s.b.nothing("no PRACK")
    inc.reply(486)
    s.b.expect("ACK")
    out.refused(486)
    s.over()


def early_bye(s: Stage) -> None:
    """The caller may end an early dialog by BYE (RFC 3261 §15): 200 to it, 487 to its INVITE, CANCEL to the phone."""
    out = s.call(body=sdp(4000))
    inc = Incoming(s.b)
    inc.reply(180)
    out.meet(s.a.expect(180, "INVITE"))
    out.bye("Reason: Q.850;cause=31")
    s.a.expect(200, "BYE")
    out.refused(487)
    stop = s.b.expect("CANCEL")
    check_equal(stop.get("Reason"), "Q.850;cause=31", "Reason")
    s.b.reply(stop, 200)
    inc.reply(487)
    s.b.expect("ACK")
    s.over()


# --- UPDATE


def early_update(s: Stage) -> None:
    """Once the first offer is answered for good, either side may change the session before the answer."""
    out = s.call("Supported: 100rel", "Allow: UPDATE, PRACK", body=sdp(4000))
    inc = Incoming(s.b)
    inc.reply(183, *RELIABLE, rseq(5), body=sdp(5000))
    ringing = s.a.expect(183, "INVITE")
    out.request("UPDATE", body=sdp(4000, version=2), to=ringing.get("To"), target=ringing.contact())
    check(s.a.expect(500, "UPDATE").get("Retry-After") != "", "too early: the answer is not acknowledged yet")
    out.prack(ringing)
    s.b.reply(s.b.expect("PRACK"), 200)
    s.a.expect(200, "PRACK")
    out.request("UPDATE", body=sdp(4000, version=2, direction="inactive"), to=ringing.get("To"), target=ringing.contact())
    update = s.b.expect("UPDATE")
    check("a=inactive" in update.body, "the caller's offer")
    s.b.reply(update, 200, body=sdp(5000, version=2, direction="inactive"))
    check("a=inactive" in s.a.expect(200, "UPDATE").body, "the phone's answer")
    inc.request("UPDATE", body=sdp(5000, version=3))
    update = s.a.expect("UPDATE")
    check_equal(update.tag("From"), ringing.tag("To"), "in the caller's early dialog")
    s.a.reply(update, 200, body=sdp(4000, version=3))
    s.b.expect(200, "UPDATE")
    out.request("UPDATE", to=ringing.get("To"), target=ringing.contact())
    s.a.expect(200, "UPDATE")
    s.b.nothing("an UPDATE without offer concerns one leg")
    inc.reply(200)
    s.b.expect("ACK")
    out.ack(s.a.expect(200, "INVITE"))
    hang_up(s, out, inc)


def update_becomes_reinvite(s: Stage) -> None:
    """A phone without UPDATE gets the caller's as a re-INVITE."""
    out, inc, _ = talk(s)
    out.request("UPDATE", body=sdp(4000, version=2, direction="sendonly"))
    again = s.b.expect("INVITE")
    check("a=sendonly" in again.body, "the offer")
    s.b.reply(again, 200, body=sdp(5000, version=2, direction="recvonly"))
    s.b.expect("ACK")
    check("a=recvonly" in s.a.expect(200, "UPDATE").body, "the answer")
    hang_up(s, out, inc)


# --- one answer in each dialog


def two_phones_early_media(s: Stage) -> None:
    """One phone plays early media, the other answers: the caller hears of two dialogs, each with one answer."""
    out = s.call(body=sdp(4000), to=s.forked.number)
    one, two = Incoming(s.c), Incoming(s.d)
    one.reply(183, body=sdp(5000))
    early = s.a.expect(183, "INVITE")
    two.reply(180)
    ringing = s.a.expect(180, "INVITE")
    check(early.tag("To") != ringing.tag("To"), "an early dialog for each phone")
    two.reply(200, body=sdp(6000))
    s.d.expect("ACK")
    ok = s.a.expect(200, "INVITE")
    check_equal(ok.tag("To"), ringing.tag("To"), "the dialog of the phone that answered")
    out.ack(ok)
    s.c.reply(s.c.expect("CANCEL"), 200)
    one.reply(487)
    s.c.expect("ACK")
    out.bye()
    s.a.expect(200, "BYE")
    s.d.reply(s.d.expect("BYE"), 200)
    s.over()


def early_media_of_two(s: Stage) -> None:
    """Both phones play early media; the first one answers, in the dialog and with the words that the caller knows."""
    out = s.call(body=sdp(4000), to=s.forked.number)
    one, two = Incoming(s.c), Incoming(s.d)
    one.reply(183, body=sdp(5000))
    first = s.a.expect(183, "INVITE")
    two.reply(183, body=sdp(6000, direction="sendonly"))
    s.a.expect(183, "INVITE")
    one.reply(200, body=sdp(5000))
    s.c.expect("ACK")
    ok = s.a.expect(200, "INVITE")
    check_equal((ok.tag("To"), ok.body), (first.tag("To"), first.body), "as in the 183")
    out.ack(ok)
    s.d.reply(s.d.expect("CANCEL"), 200)
    two.reply(487)
    s.d.expect("ACK")
    out.bye()
    s.a.expect(200, "BYE")
    s.c.reply(s.c.expect("BYE"), 200)
    s.over()


def refused_stream(s: Stage) -> None:
    """What one phone's early answer refuses the other one may still take."""
    video = "m=video 4002 RTP/AVP 99", "a=rtpmap:99 H264/90000"
    out = s.call(body=sdp(4000, *video), to=s.forked.number)
    one, two = Incoming(s.c), Incoming(s.d)
    one.reply(183, body=sdp(5000, "m=video 0 RTP/AVP 99"))
    check_equal(s.a.expect(183, "INVITE").media_port(1), 0, "the first phone takes no video")
    two.reply(200, body=sdp(6000, "m=video 6002 RTP/AVP 99", "a=rtpmap:99 H264/90000"))
    s.d.expect("ACK")
    ok = s.a.expect(200, "INVITE")
    check(ok.media_port(1) not in (0, 6002), "the second one does")
    out.ack(ok)
    s.c.reply(s.c.expect("CANCEL"), 200)
    one.reply(487)
    s.c.expect("ACK")
    out.bye()
    s.a.expect(200, "BYE")
    s.d.reply(s.d.expect("BYE"), 200)
    s.over()


def other_answer_in_200(s: Stage) -> None:
    """A phone whose 200 says something else than its 183 did: for the caller that is another dialog."""
    out = s.call(body=sdp(4000))
    inc = Incoming(s.b)
    inc.reply(183, body=sdp(5000))
    early = s.a.expect(183, "INVITE")
    inc.reply(200, body=sdp(5000, version=2, direction="sendonly"))
    s.b.expect("ACK")
    ok = s.a.expect(200, "INVITE")
    check(ok.tag("To") != early.tag("To"), "another dialog")
    check("a=sendonly" in ok.body, "with the phone's last word")
    out.ack(ok)
    hang_up(s, out, inc)


def forked_behind_proxy(s: Stage) -> None:
    """One INVITE of ours, two To-tags: a proxy has forked it. Each is a dialog for the caller; the second 2xx is
    acknowledged and ended."""
    out = s.call(body=sdp(4000))
    inc = Incoming(s.b)
    inc.reply(183, *RELIABLE, rseq(4), body=sdp(5000), tag="one")
    prack = s.b.expect("PRACK")
    check_equal(prack.tag("To"), "one", "PRACK to the first")
    s.b.reply(prack, 200)
    first = s.a.expect(183, "INVITE")
    inc.reply(183, *RELIABLE, rseq(900), body=sdp(6000), tag="two")
    prack = s.b.expect("PRACK")
    check_equal((prack.tag("To"), prack.get("RAck").split()[0]), ("two", "900"), "PRACK to the second")
    s.b.reply(prack, 200)
    second = s.a.expect(183, "INVITE")
    check(first.tag("To") != second.tag("To"), "two early dialogs")
    inc.tag = "one"
    inc.reply(200, body=sdp(5000), tag="one")
    check_equal(s.b.expect("ACK").tag("To"), "one", "ACK")
    ok = s.a.expect(200, "INVITE")
    check(ok.tag("To") != second.tag("To"), "not the dialog of the second")
    out.ack(ok)
    inc.reply(200, body=sdp(6000), tag="two")
    check_equal(s.b.expect("ACK").tag("To"), "two", "the second one is acknowledged")
    bye = s.b.expect("BYE")
    check_equal(bye.tag("To"), "two", "and ended")
    s.b.reply(bye, 200)
    hang_up(s, out, inc)


def answer_with_fewer_streams(s: Stage) -> None:
    """A phone that leaves out what it refuses: the caller gets as many m= lines as it offered (RFC 3264 §6)."""
    out = s.call(body=sdp(4000, "m=video 4002 RTP/AVP 99", "a=rtpmap:99 H264/90000"))
    inc = Incoming(s.b)
    inc.reply(200, body=sdp(5000))
    s.b.expect("ACK")
    ok = s.a.expect(200, "INVITE")
    check_equal(ok.media_port(1), 0, "the video is refused")
    out.ack(ok)
    hang_up(s, out, inc)


# --- refused and crossing offers


def refused_reinvite(s: Stage) -> None:
    """A refused re-INVITE changes nothing: the next offer names the same relay ports (RFC 3261 §14.1)."""
    out, inc, ok = talk(s)
    port = inc.invite.media_port()
    out.request("INVITE", body=sdp(4000, "m=video 4002 RTP/AVP 99", "a=rtpmap:99 H264/90000", version=2))
    again = s.b.expect("INVITE")
    s.b.reply(again, 488)
    s.b.expect("ACK")
    no = s.a.expect(488, "INVITE")
    s.a.ack_refusal(no)
    out.request("INVITE", body=sdp(4000, version=3))
    again = s.b.expect("INVITE")
    check_equal(again.media_port(), port, "the port that the phone knows")
    s.b.reply(again, 200, body=sdp(5000))
    s.b.expect("ACK")
    last = s.a.expect(200, "INVITE")
    check_equal(last.media_port(), ok.media_port(), "the port that the caller knows")
    out.ack(last)
    hang_up(s, out, inc)


def lost_ack(s: Stage) -> None:
    """The 2xx to a re-INVITE comes again, when the exchange is long over: our ACK comes again too."""
    out, inc, _ = talk(s)
    out.request("INVITE", body=sdp(4000, version=2))
    again = s.b.expect("INVITE")
    s.b.reply(again, 200, body=sdp(5000, version=2))
    ack = s.b.expect("ACK")
    out.ack(s.a.expect(200, "INVITE"))
    s.b.reply(again, 200, body=sdp(5000, version=2))
    repeated = s.b.expect("ACK", repeats=True)
    same = [re.sub(r"branch=\w+", "branch", a.text) for a in (repeated, ack)]  # a branch of its own: §8.1.1.7
    check_equal(same[0], same[1], "the same ACK")
    hang_up(s, out, inc)


def glare(s: Stage) -> None:
    """Offers from both sides at once: 491. A second offer of the same side before the first is answered: 500."""
    out, inc, _ = talk(s)
    out.request("INVITE", body=sdp(4000, version=2))
    again = s.b.expect("INVITE")
    inc.request("INVITE", body=sdp(5000, version=2))
    s.b.ack_refusal(s.b.expect(491, "INVITE"))
    out.request("INVITE", body=sdp(4000, version=3))
    no = s.a.expect(500, "INVITE")
    check(no.get("Retry-After") != "", "Retry-After (RFC 3261 §14.2)")
    s.a.ack_refusal(no)
    s.b.reply(again, 491)
    s.b.expect("ACK")
    no = s.a.expect(491, "INVITE")
    s.a.ack_refusal(no)
    hang_up(s, out, inc)


def bye_crosses_reinvite(s: Stage) -> None:
    """The call ends while a re-INVITE is out: who asked hears 487 at once (RFC 3261 §15.1.2)."""
    out, inc, _ = talk(s)
    out.request("INVITE", body=sdp(4000, version=2))
    again = s.b.expect("INVITE")
    inc.request("BYE", 'Reason: SIP;cause=410;text="gone"')
    s.b.expect(200, "BYE")
    bye = s.a.expect("BYE")
    check_equal(bye.get("Reason"), 'SIP;cause=410;text="gone"', "Reason goes on")
    no = s.a.expect(487, "INVITE")
    s.a.ack_refusal(no)
    s.a.reply(bye, 200)
    s.b.reply(again, 487)
    s.b.expect("ACK")
    s.over()


def reinvite_cancelled(s: Stage) -> None:
    """CANCEL of a re-INVITE: the phone's too; the call goes on."""
    out, inc, _ = talk(s)
    out.invite(body=sdp(4000, version=2))
    again = s.b.expect("INVITE")
    s.b.reply(again, 180)
    cancel(s, out)
    s.b.reply(s.b.expect("CANCEL"), 200)
    s.b.reply(again, 487)
    s.b.expect("ACK")
    no = s.a.expect(487, "INVITE")
    s.a.ack_refusal(no)
    hang_up(s, out, inc)


def reason_of_cancel(s: Stage) -> None:
    """A caller's CANCEL says why; the phone hears it."""
    out = s.call(body=sdp(4000))
    inc = Incoming(s.b)
    inc.reply(180)
    s.a.expect(180, "INVITE")
    cancel(s, out, 'Reason: SIP;cause=200;text="Call completed elsewhere"')
    stop = s.b.expect("CANCEL")
    check_equal(stop.get("Reason"), 'SIP;cause=200;text="Call completed elsewhere"', "Reason")
    s.b.reply(stop, 200)
    inc.reply(487)
    s.b.expect("ACK")
    out.refused(487)
    s.over()


def hops(s: Stage) -> None:
    """Max-Forwards is counted down within the call too."""
    out, inc, _ = talk(s)
    check_equal(inc.invite.get("Max-Forwards"), "69", "of the INVITE")
    out.request("INFO", "Content-Type: application/dtmf-relay", body="Signal=1\r\n")
    info = s.b.expect("INFO")
    check_equal((info.get("Max-Forwards"), info.get("Content-Type")), ("69", "application/dtmf-relay"), "of the INFO")
    s.b.reply(info, 200)
    s.a.expect(200, "INFO")
    hang_up(s, out, inc)


# --- session timers


def session_timer(s: Stage) -> None:
    """Each leg agrees on its own: the caller's 300 s, the phone's 1,000."""
    out, inc, ok = talk(
        s, "Supported: timer", "Session-Expires: 300", callee=("Require: timer", "Session-Expires: 1000;refresher=uas")
    )
    check_equal(inc.invite.get("Session-Expires"), "1800", "what we propose to the phone")
    check_equal(ok.get("Session-Expires"), "300;refresher=uac", "what the caller gets")
    check_equal(ok.get("Require"), "timer", "Require")
    out.request("UPDATE", "Supported: timer", "Session-Expires: 300;refresher=uac")
    check_equal(s.a.expect(200, "UPDATE").get("Session-Expires"), "300;refresher=uac", "a refresh")
    s.b.nothing("a refresh concerns one leg")
    out.request("INVITE", "Supported: timer", "Session-Expires: 300;refresher=uac", body=sdp(4000))
    again = s.b.expect("INVITE")
    check_equal(again.get("Session-Expires"), "1000;refresher=uas", "the phone's own timer goes on")
    s.b.reply(again, 200, "Require: timer", "Session-Expires: 1000;refresher=uas", body=sdp(5000))
    s.b.expect("ACK")
    out.ack(s.a.expect(200, "INVITE"))
    hang_up(s, out, inc)


def session_too_short(s: Stage) -> None:
    """422 from us to a caller in a hurry; and 422 from a phone, after which we ask again."""
    out = s.call("Supported: timer", "Session-Expires: 60", body=sdp(4000))
    check_equal(out.refused(422).get("Min-SE"), "90", "Min-SE")
    s.over()
    out = s.call(body=sdp(4000))
    inc = Incoming(s.b)
    inc.reply(422, "Min-SE: 2000")
    s.b.expect("ACK")
    again = Incoming(s.b)
    check_equal((again.invite.get("Session-Expires"), again.invite.get("Min-SE")), ("2000", "2000"), "asked again")
    check_equal(again.invite.get("Call-ID"), inc.invite.get("Call-ID"), "Call-ID")
    check(again.invite.cseq[0] > inc.invite.cseq[0], "CSeq")
    again.reply(200, body=sdp(5000))
    s.b.expect("ACK")
    out.ack(s.a.expect(200, "INVITE"))
    hang_up(s, out, again)


SCENARIOS = [
    strange_codec, reliable_both_ways, reliable_phone_plain_caller, plain_phone_strict_caller, strict_caller_gives_up,
    offer_in_reliable, late_offer_plain_caller, offer_in_prack, wrong_rack, prack_after_answer, reliable_unasked,
    early_bye, early_update, update_becomes_reinvite, early_media_of_two,
    two_phones_early_media, refused_stream, other_answer_in_200, forked_behind_proxy, answer_with_fewer_streams,
    refused_reinvite, lost_ack, glare, bye_crosses_reinvite, reinvite_cancelled, reason_of_cancel, hops, session_timer,
    session_too_short,
]  # fmt: skip


def main() -> int:
    with OpenGate(sip_trusted=[f"{TRUSTED}/32"], ipv6=False) as gate:
        lines = gate.add_lines(3, "--channels", "8")
        gate.text("number", "set", lines[2].number, "--policy", "fork")
        with Puppet(gate, TRUSTED) as a, Puppet(gate, "127.0.0.1") as b, Puppet(gate, "127.0.0.1") as c:
            with Puppet(gate, "127.0.0.1") as d:
                stage = Stage(gate, a, b, c, d, lines)
                b.register(gate, lines[1])
                c.register(gate, lines[2])
                d.register(gate, lines[2])
                for scenario in SCENARIOS:
                    if len(sys.argv) < 2 or scenario.__name__ in sys.argv[1:]:
                        add_case(scenario.__doc__.split("\n")[0], lambda play=scenario: play(stage))
                return run_cases()


if __name__ == "__main__":
    sys.exit(main())
