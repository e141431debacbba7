#!/usr/bin/env python3
"""The HTTP API: every operation answers as docs/openapi.yaml says, and bad requests do no harm."""

from __future__ import annotations

import re
import resource
import signal
import socket
import sys
import threading
from contextlib import ExitStack

from prometheus_client.parser import text_string_to_metric_families

from lib.api import OPENAPI, Api, connect
from lib.daemon import CUSTOMER, OpenGate, make_line, sanitized
from lib.sipp import Sipp, callers
from lib.stage import call, callee, register_at
from lib.tap import case, check, check_equal, note, run_cases
from lib.util import wait_for

MANY = 10000 if sanitized() else 100000


def api_of(gate: OpenGate) -> Api:
    return Api(gate.dir / "api.sock")


def csv(first: int, count: int, customer: str = CUSTOMER) -> bytes:
    lines = (f"0502{i:07d},{customer},{20000000 + i}" for i in range(first, first + count))
    return ("number,customer,account\n" + "\n".join(lines) + "\n").encode()


def walk_plan(api: Api, number: str) -> None:
    check(len(api.good("GET", "/api/v1/plan")["countries"]) > 200, "countries")
    judged = api.good("GET", f"/api/v1/plan/check?number={number}&dialled=0120-123456")
    check_equal((judged["allowed"], judged["decided_by"]), (False, "plan:0120"), "freephone")
    new = {"number": number, "prefix": "+81 120", "decision": "allow", "memo": "料金は別"}
    rule = api.good("POST", "/api/v1/plan/rules", new)
    check_equal(api.good("GET", f"/api/v1/plan/rules?number={number}")["rules"], [rule], "rules of the number")
    check_equal(api.good("GET", "/api/v1/plan/rules?customer=C7")["rules"], [], "rules of the customer")
    check_equal(api.good("GET", "/api/v1/plan")["rules"], [rule], "rules of the plan")
    judged = api.good("GET", f"/api/v1/plan/check?number={number}&dialled=0120-123456")
    check_equal((judged["decided_by"], judged["rule"]), (f"rule:{rule['id']}", rule), "freephone, opened")
    check_equal(api.good("DELETE", f"/api/v1/plan/rules/{rule['id']}"), {"removed": str(rule["id"])}, "removed")


def walk_screening(api: Api, number: str) -> None:
    path = f"/api/v1/numbers/{number}/screening"
    check_equal(api.good("GET", path)["blocked"], [], "block list")
    changed = api.good("PUT", path, {"reject_abroad": True, "block": [{"caller": "03-1234-5678", "memo": "勧誘"}]})
    check_equal([(b["caller"], b["memo"]) for b in changed["blocked"]], [("0312345678", "勧誘")], "block list")
    check_equal(api.good("GET", path), changed, "settings")
    error = api.refused(400, "invalid", "PUT", path, {"block": [{"caller": "119"}]})
    check("読み取れません" in error["message_ja"] and error["field"] == "block.1.caller", str(error))
    api.refused(404, "not_found", "PUT", path, {"unblock": ["0612345678"]})
    changed = api.good("PUT", path, {"reject_abroad": False, "unblock": ["0312345678"]})
    check_equal((changed["reject_abroad"], changed["blocked"]), (False, []), "settings")


def walk_forwarding(api: Api, number: str) -> None:
    path = f"/api/v1/numbers/{number}/forward"
    check_equal(api.good("GET", path)["ring_s"], 20, "ring time")
    target = {"row": 1, "digits": "03-1234-5678", "memo": "会社"}
    changed = api.good("PUT", path, {"targets": [target], "busy": {"on": True, "row": 1}, "ring_s": 5})
    check_equal(changed["targets"][0], target | {"digits": "0312345678"}, "target")
    changed = api.good("PUT", path, {"no_answer": {"on": True, "to": "0312345678"}})
    check_equal((changed["no_answer"]["row"], changed["busy"]["on"], changed["ring_s"]), (1, True, 5), "what stays")
    check_equal(api.good("GET", path), changed, "settings")
    error = api.refused(409, "conflict", "PUT", path, {"targets": [{"row": 1, "digits": ""}]})
    check("消去できません" in error["message_ja"] and error["field"] == "targets.1.digits", str(error))
    error = api.refused(400, "invalid", "PUT", path, {"unconditional": {"on": True, "to": "119"}})
    check_equal(error["field"], "unconditional.to", "field")
    simulated = api.good("GET", f"{path}/simulate?state=busy&from=0612345678")
    check_equal([s["step"] for s in simulated["steps"]], ["phones", "passed_over", "forward", "target", "channel"], "steps")
    check_equal((simulated["outcome"]["result"], simulated["outcome"]["number"]), ("network", "0312345678"), "outcome")
    check_equal(api.good("GET", f"{path}/simulate")["outcome"]["reason"], "not_registered", "no telephone")
    api.good("PUT", path, {"busy": {"on": False}, "no_answer": {"on": False}, "targets": [{"row": 1, "digits": ""}]})


def walk_permission(api: Api, number: str) -> None:
    api.good("PATCH", f"/api/v1/numbers/{number}", {"international": False})
    waiting = api.good("POST", "/api/v1/applications", {"number": number, "applied_by": "山田", "memo": "申込書"})
    check_equal(api.good("GET", f"/api/v1/applications?state=pending&number={number}")["applications"], [waiting], "waiting")
    check_equal(api.good("GET", f"/api/v1/applications/{waiting['id']}"), waiting, "the application")
    approved = api.good("POST", f"/api/v1/applications/{waiting['id']}/approve", {"reason": "確認済み"})
    check_equal((approved["state"], api.good("GET", f"/api/v1/numbers/{number}")["international"]), ("approved", True), "approved")
    api.good("POST", "/api/v1/applications", {"number": number, "applied_by": "山田", "kind": "suspend"})
    check_equal(api.good("GET", f"/api/v1/numbers/{number}")["international"], False, "suspended")
    again = api.good("POST", "/api/v1/applications", {"number": number, "applied_by": "山田"})
    api.good("POST", f"/api/v1/applications/{again['id']}/reject", {"reason": "署名がありません"})
    suspended = api.good("POST", f"/api/v1/numbers/{number}/suspend", {"reason": "未払い", "requester": "経理"})
    check_equal(suspended["suspension"]["reason"], "未払い", "suspension")
    api.good("POST", f"/api/v1/numbers/{number}/resume", {"requester": "経理"})
    actions = [e["action"] for e in api.good("GET", f"/api/v1/audit?object={number}&limit=6")["audit"]]
    wanted = ["number.resume", "number.suspend", "application.reject", "application.add", "application.suspend", "application.approve"]
    check_equal(actions, wanted, "audit")


def walk_provisioning(api: Api) -> None:
    made = api.good("POST", "/api/v1/customers", {"code": "C7", "name": "株式会社 例 🏢", "address": "東京都"})
    check(made["selfcare_password"], "no self-care password was made")
    check_equal(api.good("GET", "/api/v1/customers/C7")["name"], "株式会社 例 🏢", "name")
    given = api.good("POST", "/api/v1/customers", {"code": "C8", "name": "x", "selfcare_password": "given-secret"})
    check("selfcare_password" not in given, "a given password was answered")
    check_equal(api.good("PATCH", "/api/v1/customers/C8", {"address": "a"})["address"], "a", "address")
    check_equal(len(api.good("GET", "/api/v1/customers")["customers"]), 3, "customers")
    new = {"number": "０５０-７０００-００１４", "customer": "C7", "account": "70000012"}
    number = api.good("POST", "/api/v1/numbers", new)
    check_equal(number["number"], "05070000014", "number")
    check(number["password"] and number["option_password"], "passwords were not made")
    changes = {"channels": 32, "registration_policy": "fork", "international": True}
    changed = api.good("PATCH", "/api/v1/numbers/05070000014", changes)
    check_equal({k: changed[k] for k in changes}, changes, "what was changed")
    check_equal(api.good("GET", "/api/v1/numbers/%2B815070000014"), changed, "the number")
    check_equal(api.good("GET", "/api/v1/numbers?customer=C7")["numbers"], [changed], "numbers of C7")
    for kind, field in (("sip", "password"), ("option", "option_password")):
        renewed = api.good("POST", "/api/v1/numbers/05070000014/password", {"kind": kind})
        check(renewed[field] not in number.values(), "the same password again")
    api.refused(409, "conflict", "DELETE", "/api/v1/customers/C7")
    walk_plan(api, "05070000014")
    walk_forwarding(api, "05070000014")
    walk_screening(api, "05070000014")
    walk_permission(api, "05070000014")
    api.good("DELETE", "/api/v1/numbers/05070000014")
    api.good("DELETE", "/api/v1/customers/C7")
    api.refused(404, "not_found", "GET", "/api/v1/numbers/05070000014")


def walk_trunks(api: Api) -> None:
    new = {"name": "carrier-a", "host": "192.0.2.9:5070", "sources": ["192.0.2.0/24"], "register": "u", "password": "p-a-s-s"}
    made = api.good("POST", "/api/v1/trunks", new)
    check_equal((made["user"], made["registers"], made["has_password"]), ("u", True, True), "account")
    changed = api.good("PATCH", "/api/v1/trunks/carrier-a", {"register": "", "prefixes": ["+82", "03"], "trusted": False})
    check_equal((changed["registers"], changed["prefixes"], changed["user"]), (False, ["01082", "03"], "u"), "changed")
    check_equal(api.good("GET", "/api/v1/trunks/carrier-a")["host"], "192.0.2.9:5070", "host")
    check_equal([t["name"] for t in api.good("GET", "/api/v1/trunks")["trunks"]], ["carrier-a"], "names")
    api.good("POST", "/api/v1/trunks/carrier-a/test")
    api.good("GET", "/metrics")
    api.refused(409, "exists", "POST", "/api/v1/trunks", new)
    api.refused(409, "conflict", "POST", "/api/v1/trunks", {"name": "b", "host": "h", "password": "x"})
    api.refused(409, "conflict", "POST", "/api/v1/trunks", {"name": "b", "host": "h", "register": "u"})
    api.good("DELETE", "/api/v1/trunks/carrier-a")
    api.refused(404, "not_found", "GET", "/api/v1/trunks/carrier-a")


def walk_calls(gate: OpenGate, api: Api) -> None:
    lines = [gate.add_line(i) for i in range(2)]
    with ExitStack() as stack:
        stack.enter_context(callee(gate, "callee_hangs_up_late", [lines[1]]))
        rows = callers([(lines[0], lines[1].number)])
        first = Sipp("caller_hung_up_on", gate.ports.block(2), ("127.0.0.1", gate.port), rows=rows)
        stack.enter_context(first)
        check_equal(len(api.good("GET", f"/api/v1/registrations?number={lines[1].number}")["registrations"]), 1, "phones")
        live = wait_for("a call", lambda: [c for c in api.good("GET", "/api/v1/calls")["calls"] if c["answered_at"]])
        events = api.good("GET", f"/api/v1/trace/{live[0]['id']}")["events"]
        check(any(e.get("bytes", "").startswith("INVITE ") for e in events), "no INVITE in the ladder")
        check_equal(api.good("DELETE", f"/api/v1/calls/{live[0]['id']}"), {"ended": live[0]["id"]}, "hang-up")
        gate.wait_calls(0)
    records = api.good("GET", "/api/v1/records?since=1h&limit=5&number=" + lines[0].number)["records"]
    check_equal([(r["id"], r["ended_by"], r["sip_code"]) for r in records], [(live[0]["id"], "server", 200)], "records")
    check_equal(api.good("GET", f"/api/v1/records?call={live[0]['id']}")["records"], records, "records of the call")
    check_equal((records[0]["call"], records[0]["forward"]), (live[0]["id"], None), "a call by itself")
    check_equal(api.good("GET", "/api/v1/records?since=2100-01-01")["records"], [], "records of the future")


def walk_billing(api: Api, number: str) -> None:
    listed = api.good("POST", "/api/v1/prices?from=2026-01-01", raw=b"class,price,unit\non_net,1,60\n,8,180\n")
    check_equal(listed, {"from": "2026-01-01", "rows": 2}, "price list")
    check_equal(len(api.good("GET", "/api/v1/prices")["prices"]), 2, "prices")
    checked = api.good("GET", f"/api/v1/prices/check?number={number}&dialled=03-1234-5678&seconds=181")
    check_equal((checked["charge_yen"], checked["units"]), ("16", 2), "charge")
    wrong = api.refused(400, "bad_rows", "POST", "/api/v1/prices", raw=b"price,unit\nx,1\n")
    check_equal((wrong["rows"][0]["line"], wrong["rows"][0]["column"]), (2, "price"), "mistake")
    rows = api.good("GET", "/api/v1/records/export?format=json")["records"]
    check_equal([(r["charge_yen"], r["class"]) for r in rows], [("1", "ip_phone")], "records with what they cost")
    check_equal(len(api.good("GET", "/api/v1/records/export").splitlines()), 2, "lines of CSV")
    month = api.good("GET", "/api/v1/prices")["day"][:7]  # Japan's
    statement = api.good("GET", f"/api/v1/statements/{CUSTOMER}?month={month}")
    check_equal((statement["net_yen"], statement["tax_yen"]), (1, 0), "statement")
    check("total,,,,,,,1," in api.good("GET", f"/api/v1/statements/{CUSTOMER}?month={month}&format=csv"), "as CSV")
    check("合計" in api.good("GET", f"/api/v1/statements/{CUSTOMER}?month={month}&format=text"), "as text")
    api.good("POST", "/api/v1/records/prune", {"before": "2020-01-01"})
    wait_for("the deletion", lambda: not api.good("GET", "/api/v1/records/prune")["running"])


def walk_guard(api: Api, number: str) -> None:
    rules = api.good("PUT", "/api/v1/guard", {"number": number, "spend_yen": 5000, "action": "suspend", "holidays": "2026-12-31"})
    check_equal(api.good("GET", "/api/v1/guard"), rules, "rules")
    check_equal(api.good("GET", f"/api/v1/guard/{number}")["spend_limit_yen"], 5000, "limit")
    check_equal(api.good("POST", f"/api/v1/guard/{number}/release", {})["suspension"], None, "released")
    api.good("POST", f"/api/v1/guard/{number}/release", {"country": "US"})
    check_equal(api.good("PUT", "/api/v1/guard", {"number": number, "clear": True})["rules"], [], "cleared")


@case("every operation answers as described")
def _() -> None:
    with OpenGate() as gate:
        api = api_of(gate)
        gate.add_customer()
        walk_provisioning(api)
        walk_trunks(api)
        walk_calls(gate, api)
        walk_billing(api, make_line(0).number)
        walk_guard(api, make_line(0).number)
        check_equal(api.good("POST", "/api/v1/import", raw=csv(0, 3))["imported"], 3, "imported")
        check_equal(api.good("GET", "/api/v1/import")["phase"], "idle", "phase")
        check_equal(len(api.good("GET", "/api/v1/export").splitlines()), 6, "lines of the export")
        check_equal(api.good("GET", "/healthz"), "ok\n", "health")
        check_equal(api.good("GET", "/api/v1/openapi.yaml"), OPENAPI.read_text(), "description")
        check_equal(api.good("GET", "/api/v1/status")["numbers"], 5, "numbers")
        api.good("GET", "/metrics")
        check_equal(sorted(Api.contract.operations() - Api.contract.answered), [], "operations that never answered")


BAD_BODIES = [
    ("POST", "/api/v1/customers", b"", "syntax", None),
    ("POST", "/api/v1/customers", b"{", "syntax", None),
    ("POST", "/api/v1/customers", b"[]", "syntax", None),
    ("POST", "/api/v1/customers", b"{}", "missing", "code"),
    ("POST", "/api/v1/customers", b'{"code":"C1","name":"x","colour":1}', "unknown", "colour"),
    ("POST", "/api/v1/customers", b'{"code":1,"name":"x"}', "wrong_type", "code"),
    ("POST", "/api/v1/customers", b'{"code":"c1","name":"x"}', "invalid", "code"),
    ("POST", "/api/v1/customers", b'{"code":"C1","name":""}', "invalid", "name"),
    ("POST", "/api/v1/customers", b'{"code":"C1","name":"two\\nlines"}', "invalid", "name"),
    ("POST", "/api/v1/customers", b'{"code":"C1","name":"' + b"x" * 201 + b'"}', "invalid", "name"),
    ("POST", "/api/v1/customers", b'{"code":"C1","name":"x","address":"' + b"x" * 1001 + b'"}', "invalid", "address"),
    ("POST", "/api/v1/customers", b'{"code":"C1","name":"\xff"}', "syntax", None),
    ("POST", "/api/v1/customers", b'{"code":"C1","name":"x","selfcare_password":"short"}', "invalid", "selfcare_password"),
    ("POST", "/api/v1/customers", b"[" * 100000, "syntax", None),
    ("PATCH", f"/api/v1/customers/{CUSTOMER}", b'{"code":"C2"}', "unknown", "code"),
    ("PATCH", f"/api/v1/customers/{CUSTOMER}", b'{"name":null}', "wrong_type", "name"),
    ("POST", "/api/v1/numbers", b'{"number":"0501","customer":"C1","account":"10000012"}', "invalid", "number"),
    ("POST", "/api/v1/numbers", b'{"number":"05010000014","customer":"C1","account":"1"}', "invalid", "account"),
    ("POST", "/api/v1/numbers", b'{"number":"05010000014","customer":"C1","account":10000012}', "wrong_type", "account"),
    ("PATCH", "/api/v1/numbers/05010000000", b'{"channels":33}', "invalid", "channels"),
    ("PATCH", "/api/v1/numbers/05010000000", b'{"channels":9223372036854775807}', "invalid", "channels"),
    ("PATCH", "/api/v1/numbers/05010000000", b'{"channels":-9223372036854775808}', "invalid", "channels"),
    ("PATCH", "/api/v1/numbers/05010000000", b'{"channels":18446744073709551618}', "syntax", None),
    ("PATCH", "/api/v1/numbers/05010000000", b'{"channels":2.0}', "wrong_type", "channels"),
    ("PATCH", "/api/v1/numbers/05010000000", b'{"international":"yes"}', "wrong_type", "international"),
    ("PATCH", "/api/v1/numbers/05010000000", b'{"suspended":true}', "unknown", "suspended"),
    ("POST", "/api/v1/numbers/05010000000/suspend", b'{"reason":"x"}', "missing", "requester"),
    ("POST", "/api/v1/numbers/05010000000/suspend", b'{"reason":"","requester":"x"}', "missing", "reason"),
    ("POST", "/api/v1/numbers/05010000000/suspend", b'{"reason":"a\\nb","requester":"x"}', "invalid", "reason"),
    ("POST", "/api/v1/applications", b'{"number":"05010000000"}', "missing", "applied_by"),
    ("POST", "/api/v1/applications", b'{"number":"05010000000","applied_by":"x","kind":"y"}', "invalid", "kind"),
    ("PATCH", "/api/v1/numbers/05010000000", b'{"registration_policy":"all"}', "invalid", "registration_policy"),
    ("PATCH", "/api/v1/numbers/05010000000", b'{"password":"secret-secret"}', "unknown", "password"),
    ("POST", "/api/v1/numbers/05010000000/password", b'{"kind":"both"}', "invalid", "kind"),
    ("POST", "/api/v1/trunks", b'{"name":"a"}', "missing", "host"),
    ("POST", "/api/v1/trunks", b'{"name":"a b","host":"h"}', "invalid", "name"),
    ("POST", "/api/v1/trunks", b'{"name":"a","host":"h","sources":"192.0.2.1"}', "wrong_type", "sources"),
    ("POST", "/api/v1/trunks", b'{"name":"a","host":"h","sources":["192.0.2.1",1]}', "wrong_type", "sources"),
    ("POST", "/api/v1/trunks", b'{"name":"a","host":"h","sources":["::/0"]}', "invalid", "sources"),
    ("POST", "/api/v1/trunks", b'{"name":"a","host":"h","weight":0}', "invalid", "weight"),
    ("PUT", "/api/v1/numbers/05010000000/forward", b"{}", "missing", None),
    ("PUT", "/api/v1/numbers/05010000000/screening", b"{}", "missing", None),
    ("PUT", "/api/v1/numbers/05010000000/screening", b'{"reject_abroad":1}', "wrong_type", "reject_abroad"),
    ("PUT", "/api/v1/numbers/05010000000/screening", b'{"block":[1]}', "wrong_type", "block"),
    ("PUT", "/api/v1/numbers/05010000000/screening", b'{"inbound_limit":9223372036854775807}', "invalid", "inbound_limit"),
    ("PUT", "/api/v1/numbers/05010000000/forward", b'{"busy":true}', "wrong_type", "busy"),
    ("PUT", "/api/v1/numbers/05010000000/forward", b'{"targets":[1]}', "wrong_type", "targets"),
    ("PUT", "/api/v1/numbers/05010000000/forward", b'{"ring_s":9223372036854775807}', "invalid", "ring_s"),
    ("PUT", "/api/v1/numbers/05010000000/forward", b'{"busy":{"on":true,"row":-1}}', "invalid", "busy.row"),
    ("DELETE", "/api/v1/numbers/05010000000", b"{}", "invalid", None),
    ("POST", "/api/v1/import", b"", "invalid", None),
    ("POST", "/api/v1/import", b"number\n", "invalid", None),
    ("POST", "/api/v1/import", b"number,customer,account\n1,2,3\n", "bad_rows", None),
    ("POST", "/api/v1/import", b"\xff\xfen\x00u\x00", "invalid", None),
]


@case("what is wrong with a body is named, and nothing is changed")
def _() -> None:
    with OpenGate() as gate:
        api = api_of(gate)
        gate.add_lines(1)
        before = gate.json("number", "list"), gate.json("customer", "list")
        for method, path, body, code, field in BAD_BODIES:
            error = api.refused(400, code, method, path, raw=body)
            check_equal(error.get("field"), field, f"{path} {body[:60]!r}: field")
        check_equal((gate.json("number", "list"), gate.json("customer", "list")), before, "numbers and customers")


@case("addresses, methods, parameters and escapes")
def _() -> None:
    with OpenGate() as gate:
        api = api_of(gate)
        line = gate.add_lines(1)[0]
        for path in ("/", "/api", "/api/v1/", "/api/v1/numbers/", "/api/v1/nothing", "/api/v1/numbers/a/b", "/" + "x" * 2000):
            error = api.refused(404, "not_found", "GET", path)
            check("openapi.yaml" in error["hint"], str(error))
        for method, path, allow in (
            ("PUT", "/api/v1/numbers", {"GET", "POST"}),
            ("POST", f"/api/v1/numbers/{line.number}", {"GET", "PATCH", "DELETE"}),
            ("OPTIONS", "/api/v1/status", {"GET"}),
            ("POST", "/metrics", {"GET"}),
        ):
            answer = api.ask(method, path)
            check_equal((answer.status, set(answer.headers["allow"].split(", "))), (405, allow), f"{method} {path}")
        head = api.ask("HEAD", "/api/v1/status")
        check_equal((head.status, head.body), (200, b""), "HEAD")
        for spelling in ("050-1000-0000", "%EF%BC%90501000%2D0000", "+815010000000", "%2b81%205010000000", "tel:05010000000"):
            check_equal(api.good("GET", f"/api/v1/numbers/{spelling}")["number"], "05010000000", spelling)
        for path in ("05010000000%00", "05010000000%00x", "%zz", "0501000000%FF", "05010000000;x", "18405010000000", "%2e%2e"):
            api.refused(400, "invalid", "GET", f"/api/v1/numbers/{path}")
        api.refused(400, "invalid", "DELETE", f"/api/v1/customers/{CUSTOMER}%00")
        for query in ("limit=0", "limit=100001", "limit=x", "limit=-1", "limit=", "since=soon", "number=1", "call=1"):
            api.refused(400, "invalid", "GET", f"/api/v1/records?{query}")
        api.refused(400, "invalid", "GET", "/api/v1/numbers?limit=0")
        api.refused(400, "unknown", "GET", "/api/v1/records?limti=1")
        api.refused(400, "unknown", "GET", "/api/v1/status?pretty=1")
        api.refused(400, "invalid", "GET", "/api/v1/records?limit=%FF")
        api.refused(400, "invalid", "GET", "/api/v1/records?" + "&".join("limit=1" for _ in range(20)))
        check_equal(api.good("GET", "/api/v1/records?&limit=1&")["records"], [], "empty parameters")


@case("large, slow and broken requests do not keep others waiting")
def _() -> None:
    with OpenGate() as gate:
        api = api_of(gate)
        gate.add_lines(1)
        api.refused(413, "too_big", "POST", "/api/v1/customers", raw=b"{" + b" " * (2 << 20) + b"}")
        api.refused(413, "too_big", "POST", "/api/v1/import", raw=b"x" * ((64 << 20) + 1))
        open_ones = []
        for start in (b"", b"GET", b"GET /api/v1/status HTTP/1.1\r\n", b"POST /api/v1/import HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nnum"):
            for _ in range(20):
                client = connect(gate.dir / "api.sock")
                client.sendall(start)
                open_ones.append(client)
        api.good("GET", "/api/v1/status", timeout=20)
        for garbage in (b"\0" * 4096, b"GET / HTTP/9.9\r\n\r\n", b"\r\n" * 1000, b"GET " + b"/" * 70000 + b" HTTP/1.1\r\n\r\n"):
            with connect(gate.dir / "api.sock", 20) as client:
                client.sendall(garbage)
                client.shutdown(socket.SHUT_WR)
                try:
                    client.recv(4096)
                except OSError:
                    pass
        check_equal(api.good("GET", "/api/v1/status", timeout=20)["numbers"], 1, "numbers")
        for client in open_ones:
            client.close()


@case("the API answers when descriptors are beyond 1,023")
def _() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    with OpenGate(sip_connections_per_source=4000) as gate, ExitStack() as stack:
        for _ in range(1100):
            stack.enter_context(socket.create_connection(("127.0.0.1", gate.port)))
        wait_for("the connections", lambda: gate.descriptors() > 1100)
        api_of(gate).good("GET", "/api/v1/status", timeout=20)


@case("the TCP door shows health, metrics and the description, nothing else")
def _() -> None:
    gate = OpenGate()
    gate.settings["http_listen"] = f"127.0.0.1:{gate.ports.block(2)}"
    gate.write_config()
    with gate:
        gate.add_lines(1)
        api = Api(("127.0.0.1", int(gate.settings["http_listen"].split(":")[1])))
        for path in ("/healthz", "/metrics", "/api/v1/openapi.yaml"):
            api.good("GET", path)
        for method, path in sorted(Api.contract.operations()):
            if path.startswith("/api/v1/") and path != "/api/v1/openapi.yaml":
                api.refused(401, "unauthorized", method, path.replace("{id}", "05010000000"), raw=b"{}")
        check_equal(len(gate.json("number", "list")), 1, "numbers")


@case("metrics are well-formed, complete and move")
def _() -> None:
    with OpenGate() as gate:
        api = api_of(gate)
        lines = gate.add_lines(2)

        def values() -> dict[str, float]:
            text = api.good("GET", "/metrics")
            families = list(text_string_to_metric_families(text))
            for family in families:
                check(family.documentation and family.type in ("counter", "gauge"), f"{family.name}: HELP or TYPE")
                name = family.name + ("_total" if family.type == "counter" else "")
                check_equal([s.name for s in family.samples], [name], "samples")
            check_equal(len({f.name for f in families}), len(families), "names")
            check_equal(len(re.findall(r"^# HELP ", text, re.MULTILINE)), len(families), "HELP lines")
            return {s.name: s.value for f in families for s in f.samples}

        before = values()
        with callee(gate, "callee_basic", [lines[1]]) as phone:
            call(gate, "caller_basic", lines[0], lines[1].number)
            phone.wait_succeeded(1)
            gate.wait_records(1)
            after = values()
        moved = {k for k in after if after[k] > before[k]}
        wanted = {
            "opengate_calls_total", "opengate_calls_answered_total", "opengate_registers_total", "opengate_registrations",
            "opengate_messages_in_total", "opengate_messages_out_total", "opengate_store_written_total",
        }  # fmt: skip
        check(wanted <= moved, f"did not move: {wanted - moved}")
        check_equal(after["opengate_numbers"], 2, "numbers")
        check(after["process_open_fds"] > 5 and after["process_max_fds"] >= after["process_open_fds"], "descriptors")
        check(after["process_resident_memory_bytes"] > 1e6, "memory")


class Import(threading.Thread):
    """POST of a file on a thread of its own."""

    def __init__(self, gate: OpenGate, body: bytes) -> None:
        super().__init__(daemon=True)
        self.gate, self.body, self.answer, self.error = gate, body, None, None
        self.start()

    def run(self) -> None:
        try:
            self.answer = api_of(self.gate).ask("POST", "/api/v1/import", raw=self.body, timeout=300)
        except OSError as error:
            self.error = error


@case(f"an import of {MANY} rows keeps nobody waiting, and export gives it back")
def _() -> None:
    with OpenGate() as gate:
        api = api_of(gate)
        line = gate.add_lines(1)[0]
        memory = gate.memory_kib()
        running = Import(gate, csv(0, MANY))
        phases = set()
        asked = 0
        second = None
        while running.is_alive():
            phase = api.good("GET", "/api/v1/import")["phase"]
            phases.add(phase)
            api.good("GET", "/api/v1/status")
            if phase != "idle" and second is None:
                second = api.ask("POST", "/api/v1/import", raw=csv(0, 1))
                register_at(gate, line, gate.ports.block(2))
            if phase == "writing" and asked == 0:
                api.good("POST", "/api/v1/customers", {"code": "C5", "name": "during the writing"})
            asked += 1
        running.join()
        check(running.answer, f"no answer: {running.error}")
        check_equal((running.answer.status, running.answer.json["imported"]), (200, MANY), "answer")
        check_equal(len({p["password"] for p in running.answer.json["passwords"]}), MANY, "passwords made")
        check(second is not None and second.status == 409, f"a second import at the same time: {second}")
        check("writing" in phases and asked > 2, f"phases {phases}, {asked} questions in between")
        note(f"{asked} rounds of questions meanwhile; phases {sorted(phases)}; memory {memory} -> {gate.memory_kib()} KiB")
        check_equal(api.good("GET", "/api/v1/status")["numbers"], MANY + 1, "numbers")
        page = api.good("GET", "/api/v1/numbers?after=05020000009&limit=3")["numbers"]
        check_equal([n["number"] for n in page], ["05020000010", "05020000011", "05020000012"], "a page")
        check_equal(len(gate.json("number", "list", "--customer", CUSTOMER)), MANY + 1, "numbers, by pages")
        exported = api.good("GET", "/api/v1/export").splitlines()
        check_equal(len(exported), MANY + 2, "lines of the export")
        again = api.refused(400, "bad_rows", "POST", "/api/v1/import", raw="\n".join(exported).encode())
        check_equal(len(again["rows"]), MANY + 1, "rows refused the second time")


@case("changes that come while an import writes are done afterwards")
def _() -> None:
    with OpenGate() as gate:
        api = api_of(gate)
        gate.add_customer()
        running = Import(gate, csv(0, MANY))
        done = []
        while running.is_alive():
            done.append(api.ask("POST", "/api/v1/customers", {"code": f"C{len(done)}", "name": "x"}).status)
        running.join()
        check_equal((running.answer.status, set(done)), (200, {201}), "import, customers")
        check_equal(len(api.good("GET", "/api/v1/customers")["customers"]), len(done) + 1, "customers")


def broken_off(number: int, phase: str) -> None:
    """A signal in a phase of the import: all or nothing is there afterwards, in the file and in memory."""
    with OpenGate() as gate:
        api = api_of(gate)
        gate.add_customer()
        running = Import(gate, csv(0, MANY))
        wait_for(phase, lambda: not running.is_alive() or api.good("GET", "/api/v1/import")["phase"] == phase, poll_s=0.001)
        check_equal(gate.stop(number), 0 if number == signal.SIGTERM else -number, "exit status")
        running.join()
        gate.start()
        count = api.good("GET", "/api/v1/status")["numbers"]
        note(f"{phase}: {count} numbers; answer {running.answer and running.answer.status}")
        check(count in (0, MANY), f"{count} numbers of {MANY}")
        if running.answer:
            check_equal(count, MANY if running.answer.status == 200 else 0, "numbers, as the answer said")
        check_equal(len(api.good("GET", "/api/v1/export").splitlines()) - 1, count, "exported")
        api.good("POST", "/api/v1/numbers", {"number": "05010000014", "customer": CUSTOMER, "account": "10000012"})


for _number in (signal.SIGKILL, signal.SIGTERM):
    for _phase in ("checking", "writing"):

        @case(f"{_number.name} while an import is {_phase} leaves all or nothing")
        def _(number: signal.Signals = _number, phase: str = _phase) -> None:
            broken_off(number, phase)


@case("secrets are in no file, log, ladder or answer but the one that issues them")
def _() -> None:
    with OpenGate(log_level="trace") as gate:
        api = api_of(gate)
        given = {"sip": "giVen-sip-1", "option": "giVen-option-1", "selfcare": "giVen-selfcare-1", "csv": "giVen-csv-1"}
        made = [api.good("POST", "/api/v1/customers", {"code": CUSTOMER, "name": "x"})["selfcare_password"]]
        api.good("PATCH", f"/api/v1/customers/{CUSTOMER}", {"selfcare_password": given["selfcare"]})
        line = make_line(0)
        new = {"number": line.number, "customer": CUSTOMER, "account": line.account}
        api.good("POST", "/api/v1/numbers", new | {"password": line.password, "option_password": given["option"]})
        other = api.good("POST", "/api/v1/numbers", new | {"number": "05010000022", "account": "10000020"})
        made += [other["password"], other["option_password"]]
        made.append(api.good("POST", "/api/v1/numbers/05010000022/password", {"kind": "sip"})["password"])
        row = f"number,customer,account,password,option_password\n05010000030,{CUSTOMER},10000038,{given['csv']},{given['option']}x\n"
        api.good("POST", "/api/v1/import", raw=row.encode())
        api.refused(409, "exists", "POST", "/api/v1/numbers", new | {"password": given["sip"]})
        api.refused(400, "bad_rows", "POST", "/api/v1/import", raw=row.encode())
        for body in (f'{{"code":"C1","password":"{given["sip"]}"', f'{{"{given["sip"]}"'):
            api.refused(400, "syntax", "POST", "/api/v1/customers", raw=body.encode())
        register_at(gate, line, gate.ports.block(2))
        wrong = line.__class__(line.number, line.account, given["sip"])
        try:
            register_at(gate, wrong, gate.ports.block(2))
        except AssertionError:
            pass
        answers = "".join(gate.text(*words, "--json") for words in (("number", "list"), ("customer", "list"), ("registrations",), ("status",), ("records",)))
        answers += api.good("GET", "/metrics") + api.good("GET", "/api/v1/export")
        check_equal(gate.stop(), 0, "exit status")
        files = {str(p.relative_to(gate.dir)): p.read_bytes() for p in gate.dir.rglob("*") if p.is_file()}
        check(any(n.endswith(".db") for n in files) and len(gate.log()) > 1000, f"nothing to look through: {list(files)}")
        for secret in [*given.values(), *made, line.password]:
            check(secret not in answers, f"{secret} is in an answer")
            found = [name for name, data in files.items() if secret.encode() in data]
            check(not found, f"{secret} is in {found}")
        gate.start()


if __name__ == "__main__":
    sys.exit(run_cases())
