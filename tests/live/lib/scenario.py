"""
SIPp scenarios as lists of steps. A Script knows which side it plays, counts CSeq and remembers which message opened
the present transaction, so that an ACK or CANCEL carries the right branch; `xml()` is what SIPp reads.

Keys of a row (lib.sipp.callers): [field0] account, [field1] credentials, [field2] number dialled.
"""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

AUDIO = ("audio", "RTP/AVP 0 8 101", ("a=rtpmap:0 PCMU/8000", "a=rtpmap:8 PCMA/8000", "a=rtpmap:101 telephone-event/8000"))
# A caller's or callee's own port, which must never be seen on the other side.
CALLER_MEDIA_PORT = 19998
CALLEE_MEDIA_PORT = 19996


# SIPp takes a port of its own for each call; play() then sends from it.
OWN_MEDIA_PORT = "[rtpstream_audio_port]"


def sdp(port: int | str, direction: str = "sendrecv", version: int = 1) -> list[str]:
    kind, formats, attributes = AUDIO
    return [
        "v=0",
        f"o=phone 4711 {version} IN IP[local_ip_type] [local_ip]",
        "s=-",
        "c=IN IP[media_ip_type] [media_ip]",
        "t=0 0",
        f"m={kind} {port} {formats}",
        *attributes,
        f"a={direction}",
    ]


class Script:
    """Common to both sides: messages as steps, checks of what is received."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.steps: list[str] = []
        self.cseq = 0
        self.opened_at = 0  # step of the request whose branch ACK and CANCEL repeat
        self.variables = 0
        self.unread: list[str] = []
        # A response may come while SIPp is still about to send: it is then passed over instead of ending the call.
        self.overlaps = False

    # --- building blocks
    def _step(self, element: str) -> None:
        self.steps.append(element)

    def send(self, lines: list[str], body: list[str] | None = None, retransmit: bool = False) -> None:
        head = list(lines)
        if body:
            head.append("Content-Type: application/sdp")
        head.append("Content-Length: [len]")
        text = "\n".join([*head, "", *(body or [])])
        attribute = ' retrans="500"' if retransmit else ""
        self._step(f"<send{attribute}><![CDATA[\n\n{text}\n\n]]></send>")

    def pause(self, ms: int) -> None:
        self._step(f'<pause milliseconds="{ms}"/>')

    def play(self) -> None:
        """Sound from OWN_MEDIA_PORT, until the call is over (the file is lib.sipp's)."""
        self._step('<nop><action><exec rtp_stream="sound.ul,-1,0"/></action></nop>')

    def _receive(self, what: str, attributes: str, checks: tuple[tuple[str, bool], ...]) -> None:
        actions = "".join(self._check(pattern, wanted) for pattern, wanted in checks)
        action = f"<action>{actions}</action>" if actions else ""
        self._step(f"<recv {what}{attributes}>{action}</recv>")

    def _check(self, pattern: str, wanted: bool) -> str:
        """The whole message must (not) match."""
        self.variables += 1
        name = f"seen{self.variables}"
        self.unread.append(name)
        word = "check_it" if wanted else "check_it_inverse"
        return f'<ereg regexp={quoteattr(pattern)} search_in="msg" {word}="true" assign_to="{name}"/>'

    def response(
        self, code: int, *, optional: bool = False, auth: bool = False, routes: bool = False, has: str = "", lacks: str = ""
    ) -> None:
        attributes = (
            (' optional="true"' if optional else "") + (' auth="true"' if auth else "") + (' rrs="true"' if routes else "")
        )
        self._receive(f'response="{code}"', attributes, self._checks(has, lacks))

    def request(self, method: str, *, has: str = "", lacks: str = "", routes: bool = False) -> None:
        self._receive(f'request="{method}"', ' rrs="true"' if routes else "", self._checks(has, lacks))

    @staticmethod
    def _checks(has: str, lacks: str) -> tuple[tuple[str, bool], ...]:
        return ((has, True),) * bool(has) + ((lacks, False),) * bool(lacks)

    def reply(
        self, code: int, phrase: str, body: list[str] | None = None, more: tuple[str, ...] = (), until_ack: bool = False
    ) -> None:
        """To the request received last. A final answer to INVITE is repeated until its ACK comes."""
        tag = ";tag=[pid]T[call_number]" if self.to_needs_tag() and code > 100 else ""
        self.send(
            [
                f"SIP/2.0 {code} {phrase}",
                "[last_Via:]",
                "[last_From:]",
                f"[last_To:]{tag}",
                "[last_Call-ID:]",
                "[last_CSeq:]",
                "Contact: <sip:[local_ip]:[local_port];transport=[transport]>",
                *more,
            ],
            body,
            until_ack,
        )

    def to_needs_tag(self) -> bool:
        raise NotImplementedError

    def xml(self) -> str:
        reference = f'<Reference variables="{",".join(self.unread)}"/>' if self.unread else ""
        steps = "\n".join(self.steps)
        return (
            '<?xml version="1.0" encoding="utf-8"?>\n'
            f"<scenario name={quoteattr(escape(self.name))}>\n{steps}\n{reference}\n</scenario>\n"
        )


class Caller(Script):
    """Calls [field2] as account [field0]."""

    def to_needs_tag(self) -> bool:
        return False  # requests of the callee carry our tag already

    def _head(self, method: str, uri: str, cseq: str, branch: str, to_tag: bool, more: tuple[str, ...]) -> list[str]:
        return [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/[transport] [local_ip]:[local_port];branch={branch};rport",
            "Max-Forwards: 70",
            "From: \"claimed\" <sip:[field0]@[domain]>;tag=[pid]F[call_number]",
            f"To: <sip:[field2]@[domain]>{'[peer_tag_param]' if to_tag else ''}",
            "Call-ID: [call_id]",
            f"CSeq: {cseq}",
            "Contact: <sip:[field0]@[local_ip]:[local_port];transport=[transport]>",
            *more,
        ]

    def _branch_of(self, step: int) -> str:
        """SIPp makes a branch of the step's number; an offset repeats an earlier one."""
        back = len(self.steps) - step
        return f"[branch-{back}]" if back else "[branch]"

    def invite(self, body: list[str] | None, *, credentials: bool = False, retransmit: bool = True) -> None:
        self.cseq += 1
        self.opened_at = len(self.steps)
        more = ("[field1]",) if credentials else ()
        head = self._head("INVITE", "sip:[field2]@[domain]", f"{self.cseq} INVITE", "[branch]", False, more)
        self.send(head, body, retransmit=retransmit)

    def authenticated_invite(self, body: list[str] | None, *, retransmit: bool = True) -> None:
        self.invite(body)
        self.response(100, optional=True)
        self.response(407, auth=True)
        self.ack_refusal()
        self.invite(body, credentials=True, retransmit=retransmit)

    def reinvite(self, body: list[str] | None) -> None:
        self.cseq += 1
        self.opened_at = len(self.steps)
        self.send(self._head("INVITE", "[next_url]", f"{self.cseq} INVITE", "[branch]", True, ("[routes]",)), body, True)

    def ack_refusal(self) -> None:
        """Part of the transaction: same branch and URI."""
        branch = self._branch_of(self.opened_at)
        self.send(self._head("ACK", "sip:[field2]@[domain]", f"{self.cseq} ACK", branch, True, ()))

    def ack(self, body: list[str] | None = None) -> None:
        self.send(self._head("ACK", "[next_url]", f"{self.cseq} ACK", "[branch]", True, ("[routes]",)), body)

    def cancel(self, retransmit: bool = True) -> None:
        branch = self._branch_of(self.opened_at)
        head = self._head("CANCEL", "sip:[field2]@[domain]", f"{self.cseq} CANCEL", branch, False, ())
        self.send(head, retransmit=retransmit)

    def in_dialog(self, method: str, body: list[str] | None = None, more: tuple[str, ...] = ()) -> None:
        self.cseq += 1
        self.send(
            self._head(method, "[next_url]", f"{self.cseq} {method}", "[branch]", True, ("[routes]", *more)), body, True
        )

    def bye(self) -> None:
        self.in_dialog("BYE")
        self.response(200)

    def progress(self) -> None:
        """What may come before the answer."""
        self.response(100, optional=True)
        self.response(180, optional=True)
        self.response(181, optional=True)
        self.response(183, optional=True)

    def answered(self, *, has: str = "m=audio", lacks: str = "") -> None:
        self.progress()
        self.response(200, routes=True, has=has, lacks=lacks)


class Callee(Script):
    """Whatever is called at this socket."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._in_dialog = False

    def to_needs_tag(self) -> bool:
        return not self._in_dialog

    def invited(self, *, has: str = "", lacks: str = "") -> None:
        """The first INVITE; what is needed to send requests of our own is kept."""
        actions = "".join(self._check(pattern, wanted) for pattern, wanted in self._checks(has, lacks))
        keep = (
            '<ereg regexp="sip:[^&gt;]*" search_in="hdr" header="Contact:" check_it="true" assign_to="peer"/>'
            + "".join(
                f'<ereg regexp=".*" search_in="hdr" header="{header}:" check_it="true" assign_to="{header.lower()}"/>'
                for header in ("Via", "From", "To", "CSeq")
            )
        )
        self.unread += ["peer", "via", "from", "to", "cseq"]
        self._step(f'<recv request="INVITE"><action>{keep}{actions}</action></recv>')

    def again(self, method: str, **checks: str) -> None:
        """A request within the dialog."""
        self._in_dialog = True
        self.request(method, **checks)

    def ring(self, ms: int = 0) -> None:
        self.reply(180, "Ringing")
        if ms:
            self.pause(ms)

    def answer(self, body: list[str] | None = None, *, ack_has: str = "") -> None:
        self.reply(200, "OK", body if body is not None else sdp(CALLEE_MEDIA_PORT), until_ack=True)
        self.request("ACK", has=ack_has)

    def refuse(self, code: int, phrase: str, more: tuple[str, ...] = ()) -> None:
        self.reply(code, phrase, more=more, until_ack=True)
        self.request("ACK")

    def ended_by_peer(self) -> None:
        self.again("BYE")
        self.reply(200, "OK")

    def bye(self) -> None:
        self.cseq += 1
        self.send(
            [
                "BYE [$peer] SIP/2.0",
                "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport",
                "Max-Forwards: 70",
                "From:[$to];tag=[pid]T[call_number]",
                "To:[$from]",
                "Call-ID: [call_id]",
                f"CSeq: {self.cseq} BYE",
            ],
            retransmit=True,
        )
        self.response(200)
