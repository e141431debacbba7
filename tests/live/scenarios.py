#!/usr/bin/env python3
"""
The SIPp scenarios of the live tests, by name. `scenarios.py NAME` prints one as XML, `scenarios.py` the names.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from lib.scenario import CALLEE_MEDIA_PORT, CALLER_MEDIA_PORT, OWN_MEDIA_PORT, Callee, Caller, Script, sdp

SCENARIOS: dict[str, Callable[[], Script]] = {}
TALK_MS = 300
# The relay stands between: neither side sees the other's media port, Call-ID or host part of a Contact.
HIDDEN_CALLER = f"m=audio {CALLER_MEDIA_PORT}|claimed"
HIDDEN_CALLEE = f"m=audio {CALLEE_MEDIA_PORT}"


def scenario(name: str):
    def register(fill: Callable[[], Script]) -> Callable[[], Script]:
        SCENARIOS[name] = fill
        return fill

    return register


def _caller(name: str, offer: list[str] | None = None) -> Caller:
    script = Caller(name)
    script.authenticated_invite(offer if offer is not None else sdp(CALLER_MEDIA_PORT))
    return script


def _callee(name: str, **checks: str) -> Callee:
    script = Callee(name)
    script.invited(**(checks or {"has": "m=audio", "lacks": HIDDEN_CALLER}))
    return script


# --- a plain call
@scenario("caller_basic")
def _() -> Script:
    script = _caller("INVITE, talk, BYE")
    script.answered(lacks=HIDDEN_CALLEE)
    script.ack()
    script.pause(TALK_MS)
    script.bye()
    return script


@scenario("callee_basic")
def _() -> Script:
    script = _callee("ring, answer, be hung up on")
    script.ring()
    script.answer()
    script.ended_by_peer()
    return script


@scenario("caller_hung_up_on")
def _() -> Script:
    script = _caller("INVITE, talk, the callee says BYE")
    script.answered()
    script.ack()
    script.request("BYE")
    script.reply(200, "OK")
    return script


@scenario("callee_hangs_up")
def _() -> Script:
    script = _callee("ring, answer, BYE")
    script.ring()
    script.answer()
    script.pause(TALK_MS)
    script.bye()
    return script


@scenario("callee_hangs_up_late")
def _() -> Script:
    script = _callee("ring, answer, BYE after a while")
    script.answer()
    script.pause(5000)
    script.bye()
    return script


# --- hold and resume
@scenario("caller_hold")
def _() -> Script:
    script = _caller("hold, then resume, by re-INVITE")
    script.answered()
    script.ack()
    for version, direction, mirrored in ((2, "sendonly", "recvonly"), (3, "sendrecv", "sendrecv")):
        script.pause(TALK_MS)
        script.reinvite(sdp(CALLER_MEDIA_PORT, direction, version))
        script.response(100, optional=True)
        script.response(200, routes=True, has=f"a={mirrored}", lacks=HIDDEN_CALLEE)
        script.ack()
    script.pause(TALK_MS)
    script.bye()
    return script


@scenario("callee_hold")
def _() -> Script:
    script = _callee("be held, be resumed")
    script.ring()
    script.answer()
    for version, direction, mirrored in ((2, "sendonly", "recvonly"), (3, "sendrecv", "sendrecv")):
        script.again("INVITE", has=f"a={direction}", lacks=HIDDEN_CALLER)
        script.answer(sdp(CALLEE_MEDIA_PORT, mirrored, version))
    script.ended_by_peer()
    return script


# --- the offer in the 200, the answer in the ACK
@scenario("caller_late_offer")
def _() -> Script:
    script = Caller("INVITE without offer")
    script.authenticated_invite(None)
    script.answered(has="m=audio", lacks=HIDDEN_CALLEE)
    script.ack(sdp(CALLER_MEDIA_PORT))
    script.pause(TALK_MS)
    script.bye()
    return script


@scenario("callee_late_offer")
def _() -> Script:
    script = _callee("offer in the 200", lacks="m=audio")
    script.ring()
    script.answer(ack_has="m=audio")
    script.ended_by_peer()
    return script


# --- requests within the dialog
@scenario("caller_info_options")
def _() -> Script:
    script = _caller("INFO and OPTIONS during the call")
    script.answered()
    script.ack()
    script.in_dialog("INFO")
    script.response(200)
    script.in_dialog("OPTIONS")
    script.response(200)
    script.bye()
    return script


@scenario("callee_info_options")
def _() -> Script:
    """OPTIONS may be answered by the server itself or passed on."""
    script = _callee("answer INFO; OPTIONS likewise when it is passed on")
    script.ring()
    script.answer()
    script.again("INFO")
    script.reply(200, "OK")
    script.steps.append('<recv request="OPTIONS" optional="true" next="options"/>')
    script.request("BYE")
    script.steps.append('<nop next="bye"/>')
    script.steps.append('<label id="options"/>')
    script.reply(200, "OK")
    script.request("BYE")
    script.steps.append('<label id="bye"/>')
    script.reply(200, "OK")
    return script


# --- CANCEL at every point
def _cancelled(script: Caller) -> Script:
    script.cancel()
    script.response(100, optional=True)
    script.response(180, optional=True)
    script.response(200)
    script.response(180, optional=True)
    script.response(487)
    script.ack_refusal()
    return script


@scenario("caller_cancel_at_once")
def _() -> Script:
    """CANCEL on the heels of INVITE, before any 100."""
    script = Caller("CANCEL before 100")
    script.overlaps = True
    # SIPp goes on at once only from a message that it would not repeat.
    script.authenticated_invite(sdp(CALLER_MEDIA_PORT), retransmit=False)
    return _cancelled(script)


@scenario("caller_cancel_after_100")
def _() -> Script:
    script = _caller("CANCEL after 100")
    script.response(100)
    return _cancelled(script)


@scenario("caller_cancel_after_180")
def _() -> Script:
    script = _caller("CANCEL after 180")
    script.response(100, optional=True)
    script.response(180)
    return _cancelled(script)


@scenario("caller_cancel_after_200")
def _() -> Script:
    """Too late: the call is up, CANCEL changes nothing (RFC 3261 §9.2), and then ends in the ordinary way."""
    script = _caller("CANCEL crosses the 200")
    script.answered()
    script.cancel()
    script.response(200)
    # [next_url] must be the Contact of the INVITE's 200, not of the CANCEL's: only that one is taken (rrs).
    script.ack()
    script.bye()
    return script


@scenario("callee_cancelled")
def _() -> Script:
    script = _callee("ring, be cancelled")
    script.ring()
    return _is_cancelled(script)


def _is_cancelled(script: Callee) -> Callee:
    """The CANCEL gets its 200; the INVITE's 487 is sent by its own Via and CSeq, kept before."""
    script.request("CANCEL")
    script.reply(200, "OK")
    script.send(_kept_reply("487 Request Terminated"), retransmit=True)
    script.request("ACK")
    return script


def _kept_reply(status: str) -> list[str]:
    """To the INVITE, when another request was received since."""
    return [
        f"SIP/2.0 {status}",
        "Via:[$via]",
        "From:[$from]",
        "To:[$to];tag=[pid]T[call_number]",
        "[last_Call-ID:]",
        "CSeq:[$cseq]",
        "Contact: <sip:[local_ip]:[local_port];transport=[transport]>",
    ]


@scenario("callee_slow_cancelled")
def _() -> Script:
    """Says nothing at first: the server may CANCEL only once a provisional response has come (RFC 3261 §9.1)."""
    script = _callee("silent, then ring, be cancelled")
    script.pause(1200)
    script.ring()
    return _is_cancelled(script)


@scenario("callee_answers_cancel")
def _() -> Script:
    """Picks up at the moment the CANCEL arrives: the server must ACK and hang up."""
    script = _callee("the 200 crosses the CANCEL")
    script.ring()
    script.request("CANCEL")
    script.send(_kept_reply("200 OK"), sdp(CALLEE_MEDIA_PORT), retransmit=True)
    script.request("ACK")
    script.request("BYE")
    script._in_dialog = True
    script.reply(200, "OK")
    return script


# --- calls that come to nothing
def _refused(name: str, code: int, *before: int) -> Script:
    script = _caller(name)
    script.progress()
    script.response(code)
    script.ack_refusal()
    return script


_REFUSALS = {
    403: "not allowed", 404: "not found", 408: "timeout", 480: "no answer", 482: "loop", 486: "busy", 503: "no channel", 603: "declined",
}  # fmt: skip
for _code, _word in _REFUSALS.items():
    SCENARIOS[f"caller_{_code}"] = lambda code=_code, word=_word: _refused(word, code)


@scenario("caller_turned_away")
def _() -> Script:
    """A server that is about to stop does not even ask who calls."""
    script = Caller("refused before the challenge")
    script.invite(sdp(CALLER_MEDIA_PORT))
    script.progress()
    script.response(503, has="Retry-After:")
    script.ack_refusal()
    return script


@scenario("callee_busy")
def _() -> Script:
    script = _callee("busy")
    script.refuse(486, "Busy Here")
    return script


@scenario("callee_declines")
def _() -> Script:
    script = _callee("ring, decline")
    script.ring(200)
    script.refuse(603, "Decline")
    return script


@scenario("callee_unavailable")
def _() -> Script:
    script = _callee("ring, give up")
    script.ring(200)
    script.refuse(480, "Temporarily Unavailable")
    return script


@scenario("callee_moved")
def _() -> Script:
    script = _callee("moved to [moved_to]")
    script.refuse(302, "Moved Temporarily", more=("Contact: <sip:[moved_to]@[domain]>",))
    return script


@scenario("callee_answers_slowly")
def _() -> Script:
    script = _callee("ring for a while, answer")
    script.ring(800)
    script.answer()
    script.ended_by_peer()
    return script


# --- the telephone network behind a proxy that records its route
ROUTE = ("[last_Record-Route:]",)


@scenario("network_callee")
def _() -> Script:
    script = _callee("a subscriber of the network: the number in From and P-Asserted-Identity, ring, answer, be hung up on",
                     has="P-Asserted-Identity: <sip:.8150[0-9]*@", lacks=HIDDEN_CALLER)  # fmt: skip
    script.reply(180, "Ringing", more=ROUTE)
    script.reply(200, "OK", sdp(CALLEE_MEDIA_PORT), more=ROUTE, until_ack=True)
    script.request("ACK")
    script.ended_by_peer()
    return script


@scenario("network_caller")
def _() -> Script:
    script = Caller("a subscriber of the network calls")
    script.invite(sdp(CALLER_MEDIA_PORT))
    script.answered(lacks=HIDDEN_CALLEE)
    script.ack()
    script.pause(TALK_MS)
    script.bye()
    return script


@scenario("network_stranger")
def _() -> Script:
    script = Caller("from an address that is no trunk's")
    script.invite(sdp(CALLER_MEDIA_PORT))
    script.response(100, optional=True)
    script.response(407)
    script.ack_refusal()
    return script


# --- load: as a phone does it, short, with sound both ways
@scenario("caller_load")
def _() -> Script:
    script = _caller("load", sdp(OWN_MEDIA_PORT))
    script.answered()
    script.ack()
    script.play()
    script.pause(200)
    script.bye()
    return script


@scenario("callee_load")
def _() -> Script:
    script = _callee("load", has="m=audio")
    script.ring()
    script.answer(sdp(OWN_MEDIA_PORT))
    script.play()
    script.ended_by_peer()
    return script


if __name__ == "__main__":
    for name in sys.argv[1:] or sorted(SCENARIOS):
        print(SCENARIOS[name]().xml() if sys.argv[1:] else name)
