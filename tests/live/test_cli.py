#!/usr/bin/env python3
"""opengatectl: the words of the contract, the habits of a Unix command, and what happens when things are wrong."""

from __future__ import annotations

import atexit
import csv
import io
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from lib.daemon import CUSTOMER, DOMAIN, OpenGate, program
from lib.sip import Client, Registration
from lib.sipp import Sipp, callers
from lib.stage import call, callee, play, register_at
from lib.tap import add_case, case, check, check_equal, run_cases
from lib.util import wait_for

CTL = program("opengatectl")


def ctl(gate: OpenGate | Path, *words: str, input: str | None = None, **options) -> subprocess.CompletedProcess[str]:
    config = gate if isinstance(gate, Path) else gate.config
    return subprocess.run(
        [CTL, "--config", str(config), *words],
        **({"input": input} if input is not None else {"stdin": subprocess.DEVNULL}),
        **({"stdout": subprocess.PIPE} | options),
        stderr=subprocess.PIPE, text=True, timeout=120,
    )  # fmt: skip


def check_said(done: subprocess.CompletedProcess[str], status: int, pattern: str, lines: int = 1) -> None:
    seen = f"exit {done.returncode}, stderr {done.stderr!r}"
    check_equal(done.returncode, status, f"exit status ({seen})")
    check(re.search(pattern, done.stderr), f"wanted /{pattern}/: {seen}")
    check_equal(len(done.stderr.splitlines()), lines, f"lines: {seen}")
    check(done.stderr.startswith("opengatectl: "), seen)
    check_equal(done.stdout or "", "", "standard output")


# --- the contract

NUMBER_FIELDS = {"number", "customer", "account", "channels", "international", "registration_policy", "suspended"}
REGISTRATION_FIELDS = {
    "number", "account", "contact", "source", "transport", "user_agent", "expires_at", "nat", "last_keepalive_at", "reachable",
}  # fmt: skip
CALL_FIELDS = {"id", "from", "to", "state", "started_at", "answered_at", "leg_a", "leg_b", "media"}
RECORD_FIELDS = {
    "id", "from", "to", "started_at", "answered_at", "ended_at", "duration_s", "sip_code", "reason", "ended_by", "quality",
}  # fmt: skip
QUALITY_FIELDS = {"packets", "lost", "jitter_ms", "mos"}


def has(row: dict, fields: set[str]) -> None:
    check(fields <= row.keys(), f"missing: {fields - row.keys()}")


@case("commands and fields of customers and numbers")
def _() -> None:
    with OpenGate() as gate:
        added = gate.json("customer", "add", "--code", CUSTOMER, "--name", "株式会社 例", "--selfcare-password", "given-secret")
        check_equal((added["code"], added["name"]), (CUSTOMER, "株式会社 例"), "customer")
        gate.json("customer", "set", CUSTOMER, "--name=Example", "--address", "Tokyo")
        check_equal(gate.json("customer", "show", CUSTOMER)["address"], "Tokyo", "address")
        check_equal([c["code"] for c in gate.json("customer", "list")], [CUSTOMER], "customers")
        number = gate.json("number", "add", "05010000014", "--customer", CUSTOMER, "--account", "10000012")
        has(number, NUMBER_FIELDS | {"password", "option_password"})
        given = gate.json(
            "number", "add", "050-1000-0022", "--customer", CUSTOMER, "--account", "１００００-０２０", "--password", "given-secret",
            "--option-password", "given-option", "--channels", "5", "--policy", "fork",
        )  # fmt: skip
        check("password" not in given and "option_password" not in given, "given passwords were shown")
        check_equal((given["number"], given["account"]), ("05010000022", "10000020"), "number, account")
        changed = gate.json("number", "set", "05010000014", "--international", "on", "--channels", "32")
        check_equal((changed["international"], changed["channels"]), (True, 32), "changed")
        shown = gate.json("number", "show", "０５０１０００００１４")
        check_equal(shown, changed, "number show")
        check_equal(gate.json("number", "list"), [shown, gate.json("number", "show", "+815010000022")], "number list")
        check_equal(gate.json("number", "list", "--customer", "C1"), [], "numbers of nobody")
        renewed = gate.json("number", "password", "05010000014", "--option")
        check(renewed["option_password"] != number["option_password"], "the same again")
        check(gate.json("number", "password", "05010000014", "--sip", "--yes")["password"] != number["password"], "the same again")
        for n in ("05010000014", "05010000022"):
            check_equal(gate.json("number", "remove", n), {"removed": n}, "removed")
        gate.json("customer", "remove", CUSTOMER)
        check_equal((gate.json("customer", "list"), gate.json("number", "list")), ([], []), "what is left")


@case("commands and fields of trunks; a password goes in by a file and never comes out")
def _() -> None:
    secret = "correct-horse-battery"
    with OpenGate() as gate:
        check_equal(gate.json("trunk", "list"), [], "trunks")
        (gate.dir / "secret").write_text(secret + "\n", encoding="utf-8")
        added = gate.json(
            "trunk", "add", "carrier-a", "--host", "192.0.2.9:5070", "--transport", "tcp", "--source", "192.0.2.0/24",
            "--source=2001:db8::/32", "--register", "user-1", "--password-file", str(gate.dir / "secret"), "--format", "plus",
            "--priority", "3", "--weight", "2", "--capacity", "100", "--prefix", "03", "--prefix", "+82",
        )  # fmt: skip
        wanted = {
            "host": "192.0.2.9:5070", "transport": "tcp", "sources": ["192.0.2.0/24", "2001:db8::/32"], "user": "user-1",
            "registers": True, "has_password": True, "format": "plus", "priority": 3, "weight": 2, "capacity": 100,
            "prefixes": ["03", "01082"], "trusted": True, "state": "up", "calls": 0,
        }  # fmt: skip
        check_equal({k: added[k] for k in wanted}, wanted, "added")
        changed = gate.json("trunk", "set", "carrier-a", "--prefix", "", "--capacity", "0", "--trusted", "off", "--host", "[2001:db8::9]")
        check_equal((changed["prefixes"], changed["capacity"], changed["trusted"]), ([], 0, False), "changed")
        check_equal((changed["host"], changed["has_password"], changed["priority"]), ("[2001:db8::9]", True, 3), "what stays")
        gate.stop()
        gate.start()
        shown = gate.json("trunk", "show", "carrier-a")
        check_equal((shown["host"], shown["has_password"], shown["user"]), ("[2001:db8::9]", True, "user-1"), "after a restart")
        check_equal([t["name"] for t in gate.json("trunk", "list")], ["carrier-a"], "list")
        check("carrier-a" in gate.text("trunk", "list"), "the table")
        for path in gate.dir.rglob("*"):
            if path.is_file() and path.name != "secret":
                check(secret.encode() not in path.read_bytes(), f"the password stands in {path.name}")
        for text in (gate.text("trunk", "show", "carrier-a"), json.dumps(shown), gate.log()):
            check(secret not in text, "the password is shown")
        check_equal(gate.json("trunk", "remove", "carrier-a"), {"removed": "carrier-a"}, "removed")
        check_said(ctl(gate, "trunk", "show", "carrier-a"), 1, "There is no trunk carrier-a")
        check_said(ctl(gate, "trunk", "test", "carrier-a"), 1, "There is no trunk carrier-a")


@case("commands and fields of registrations, calls, records and traces")
def _() -> None:
    with OpenGate() as gate, ExitStack() as stack:
        lines = gate.add_lines(2)
        stack.enter_context(callee(gate, "callee_hangs_up_late", [lines[1]]))
        for rows in (gate.json("registrations"), gate.json("registrations", lines[1].number)):
            check_equal(len(rows), 1, "registrations")
            has(rows[0], REGISTRATION_FIELDS)
        check_equal(gate.json("registrations", lines[0].number), [], "registrations of the other")
        calls = callers([(lines[0], lines[1].number)])
        stack.enter_context(Sipp("caller_hung_up_on", gate.ports.block(2), ("127.0.0.1", gate.port), rows=calls))
        live = wait_for("the call", lambda: [c for c in gate.json("calls") if c["state"] == "answered"])
        has(live[0], CALL_FIELDS)
        text = gate.text("trace", live[0]["id"])
        check("INVITE" in text and "200 OK" in text and "OpenGate" in text, text)
        gate.json("calls", "hangup", live[0]["id"])
        gate.wait_calls(0)
        records = gate.wait_records(1)
        has(records[0], RECORD_FIELDS)
        check_equal((records[0]["id"], records[0]["ended_by"]), (live[0]["id"], "server"), "record")
        if records[0]["quality"]:
            for direction in ("a_to_b", "b_to_a"):
                has(records[0]["quality"][direction], QUALITY_FIELDS)
        for since in ("2h", "7d", "2026-01-01", "2026-01-01T09:00:00+09:00", str(int(time.time()) - 3600)):
            check_equal(len(gate.json("records", lines[0].number, "--since", since, "--limit", "1")), 1, f"--since {since}")
        check_equal(gate.json("records", "--since", "2100-01-01"), [], "records of the future")
        check_equal(gate.json("status")["calls_total"], 1, "status")
        for words in (("registrations",), ("calls",), ("records",), ("number", "list"), ("customer", "list"), ("status",)):
            check(gate.text(*words).strip(), f"{words} prints nothing for people")


@case("calls abroad: applied for, approved, suspended; a number suspended and resumed; all of it audited, over a restart")
def _() -> None:
    with OpenGate() as gate:
        number = gate.add_lines(1)[0].number
        abroad = ("plan", "check", number, "+442079460000")
        check_equal(ctl(gate, *abroad).returncode, 1, "before")
        first = gate.json("application", "add", number, "--applied-by", "山田 花子", "--memo", "FAX")
        check_said(ctl(gate, "application", "add", number, "--applied-by", "x"), 1, "waits already; 'opengatectl application list --state pending'")
        check_equal(gate.json("application", "list", "--state", "pending"), [first], "waiting")
        gate.stop()
        gate.start()
        gate.json("application", "approve", str(first["id"]), "--reason", "checked")
        check_equal((ctl(gate, *abroad).returncode, gate.json("number", "show", number)["international"]), (0, True), "approved")
        gate.json("application", "suspend", number, "--applied-by", "山田 花子")
        gate.stop()
        gate.start()
        check_equal((ctl(gate, *abroad).returncode, gate.json("number", "show", number)["international"]), (1, False), "suspended")
        second = gate.json("application", "add", number, "--applied-by", "山田 花子")
        check_equal(gate.json("application", "reject", str(second["id"]), "--reason", "no signature")["state"], "rejected", "rejected")
        check("no signature" in gate.text("application", "list"), "the reason is not shown")
        gate.json("number", "suspend", number, "--reason", "未払い", "--requester", "経理")
        gate.stop()
        gate.start()
        shown = gate.json("number", "show", number)
        check_equal((shown["suspended"], shown["suspension"]["reason"], shown["suspension"]["requester"]), (True, "未払い", "経理"), "suspension")
        done = ctl(gate, "plan", "check", number, "0312345678")
        check_said_too = (done.returncode, done.stderr)
        check_equal(check_said_too, (1, "opengatectl: This number is suspended and cannot make calls\n"), "suspended line")
        check_equal(gate.json("number", "resume", number, "--requester", "経理")["suspension"], None, "resumed")
        actions = [e["action"] for e in gate.json("audit", number)]
        wanted = ["number.resume", "number.suspend", "application.reject", "application.add", "application.suspend", "application.approve", "application.add", "number.add"]
        check_equal(actions, wanted, "audit")
        check("requested by 経理: 未払い" in gate.text("audit", number, "--limit", "2"), "the audit lacks the reason")


@case("plan check explains; its exit status is the answer")
def _() -> None:
    with OpenGate() as gate:
        line = gate.add_lines(1)[0]

        def asked(dialled: str, status: int, *patterns: str) -> None:
            done = ctl(gate, "plan", "check", line.number, dialled)
            check_equal(done.returncode, status, f"{dialled}: {done.stdout} {done.stderr}")
            check_equal(len(done.stderr.splitlines()), status, f"{dialled}: lines on standard error: {done.stderr}")
            for pattern in patterns:
                check(re.search(pattern, done.stdout, re.MULTILINE), f"{dialled}: /{pattern}/ is not in {done.stdout}")

        asked("184 03-1234-5678", 0, r"^class +geographic \(固定電話", r"^E\.164 +\+81312345678", r"^caller id +184: .* not shown", r"^allowed +yes")
        asked("１８４－１１０", 1, r"^class +emergency", r"^decided by +plan:110 \(", r"^reason +Emergency", r"緊急通報", r"403, Q\.850 cause 21")
        asked("+44 20 7946 0000", 1, r"^country +United Kingdom \(", r"^decided by +permission", r"^reason +International calls")
        asked("+81 120-123456", 1, r"^decided by +plan:0120")
        asked("0033-010-1-202-555-0123", 1, r"^class +carrier_select")
        asked(line.number, 0, r"^leads to +a number of ours")
        answer = json.loads(ctl(gate, "plan", "check", "--json", line.number, "0120123456").stdout)
        check_equal((answer["allowed"], answer["refusal"]["reason"]), (False, "freephone_not_available"), "as JSON")
        shown = gate.text("plan", "show")
        check(re.search(r"^0120 +freephone ", shown, re.MULTILINE) and re.search(r"^1876 +JM +high ", shown, re.MULTILINE), shown)


PRICES = "class,country,price,unit,fee\non_net,,0.5,1,10\nmobile,,16,60,\n,US,9,60,\n"


def add_record(gate: OpenGate, line, started_ms: int, **more) -> None:
    """A call of the past, as if it had been made then."""
    record = {
        "id": started_ms << 22, "from_number": line.number, "to_number": "01012125551234", "dialled": "+1 212 555 1234",
        "customer": CUSTOMER, "started_at": started_ms, "ringing_at": 0, "answered_at": started_ms + 1000,
        "ended_at": started_ms + 62000, "sip_code": 200, "reason": "normal", "reason_text": "", "ended_by": "caller",
        "codec": "PCMU", "has_media": 0, "direction": "out", "trunk": "carrier",
    } | more  # fmt: skip
    with closing(sqlite3.connect(gate.dir / "data" / "opengate.db", timeout=20)) as db, db:
        columns = [row[1] for row in db.execute("PRAGMA table_info(record)")]
        values = [record.get(name, 0) for name in columns if name in record or name[:2] in ("a_", "b_")]
        names = [name for name in columns if name in record or name[:2] in ("a_", "b_")]
        db.execute(f"INSERT INTO record({', '.join(names)}) VALUES({', '.join('?' * len(names))})", values)
        db.execute("INSERT INTO record_party VALUES(1, ?, ?)", (line.number, record["id"]))
        db.execute("UPDATE channel_history SET at_ms = 0, channels = 5 WHERE number = ?", (line.number,))


@case("call forwarding: set, listed, simulated, kept over a restart, audited")
def _() -> None:
    with OpenGate() as gate:
        lines = gate.add_lines(2)
        number, other = lines[0].number, lines[1].number
        text = gate.text("forward", "show", number)
        check(re.search(r"^busy +話中時転送 +no +- +- +-$", text, re.MULTILINE), text)
        text = gate.text("forward", "targets", number, "2", "０９０－１２３４－５６７８", "--memo", "携帯")
        check(re.search(r"^2 +09012345678 +携帯$", text, re.MULTILINE), text)
        text = gate.text("forward", "set", number, "no-answer", "on", "--row", "2", "--ring", "7")
        check(re.search(r"^no-answer +不応答転送 +yes +2 +09012345678 +携帯$", text, re.MULTILINE) and "ring time 7 s" in text, text)
        shown = gate.json("forward", "set", number, "busy", "on", "--to", "+81 90 1234 5678")
        check_equal((shown["busy"]["on"], shown["busy"]["row"], shown["ring_s"]), (True, 2, 7), "the same number, the same row")
        shown = gate.json("forward", "set", number, "not_registered", "on", "--to", other)
        check_equal((shown["not_registered"]["row"], shown["not_registered"]["target"]), (1, other), "an empty row")
        check_said(ctl(gate, "forward", "targets", number, "2", "--clear"), 1, "Row 2 cannot be cleared: it is the target of busy forwarding")
        check_said(ctl(gate, "forward", "targets", number, "3", "0120-123456"), 1, "Row 3: Freephone numbers")
        check_said(ctl(gate, "forward", "set", number, "busy", "on", "--to", number), 1, "cannot be forwarded to itself; name another")
        check_said(ctl(gate, "forward", "set", number, "busy", "on", "--row", "4"), 1, "Row 4 holds no number; put a number into it")
        gate.json("forward", "targets", number, "2", "--memo", "mobile")
        gate.stop()
        gate.start()
        check_equal(gate.json("forward", "targets", number, "2"), {"row": 2, "digits": "09012345678", "memo": "mobile"}, "a row")
        check_equal(len(gate.json("forward", "targets", number)), 5, "rows")
        check("mobile" in gate.text("forward", "targets", number, "2"), "one row for people")

        done = ctl(gate, "forward", "simulate", number)
        check_equal(done.returncode, 1, done.stdout)
        check(f"Its not-registered forwarding applies: to {other}, row 1 of the list" in done.stdout, done.stdout)
        check("Its busy forwarding is on but does not apply: it needs a registered telephone" in done.stdout, done.stdout)
        check("無条件" not in done.stdout and "登録中の電話機はありません。" in done.stdout, done.stdout)
        check(f"The telephone of {number} rings" in gate.text("forward", "simulate", number, "--state", "registered"), "registered")
        simulated = gate.json("forward", "simulate", number, "--state", "no-answer", "--from", other)
        check_equal((simulated["from"], simulated["outcome"]["result"], simulated["outcome"]["number"]), (other, "network", "09012345678"), "no answer")
        with callee(gate, "callee_hangs_up_late", [lines[1]]):
            check_equal(gate.json("forward", "simulate", number)["outcome"]["number"], other, "followed to a registered telephone")
        text = gate.text("forward", "set", number, "unconditional", "on", "--row", "1")
        check("unconditional forwarding comes before all others" in text, text)
        details = [e["detail"] for e in gate.json("audit", number) if e["action"] == "number.forward"]
        check_equal((len(details), details[0]), (6, "unconditional on, row 1"), "audit")
        gate.text("number", "remove", number)
        gate.text("number", "add", number, "--customer", CUSTOMER, "--account", "10000099")
        check_equal(gate.json("forward", "show", number)["busy"]["on"], False, "the next owner begins anew")


@case("rejected calls: set, blocked, kept over a restart, audited")
def _() -> None:
    with OpenGate() as gate:
        number = gate.add_lines(1)[0].number
        text = gate.text("screen", "show", number)
        check("anonymous      accept" in text and "inbound limit  none" in text, text)
        text = gate.text("screen", "set", number, "--anonymous", "reject", "--inbound-limit", "2")
        check("anonymous      reject" in text and "abroad         accept" in text and "inbound limit  2" in text, text)
        text = gate.text("screen", "block", number, "０３－１２３４－５６７８", "--memo", "勧誘")
        check(re.search(r"^0312345678 .*勧誘$", text, re.MULTILINE), text)
        gate.text("screen", "block", number, "+1 212 555 0100")
        gate.text("forward", "set", number, "deflection", "off")
        gate.stop()
        gate.start()
        shown = gate.json("screen", "show", number)
        check_equal([b["caller"] for b in shown["blocked"]], ["01012125550100", "0312345678"], "block list")
        check_equal((shown["reject_anonymous"], shown["inbound_limit"]), (True, 2), "settings")
        check_equal(gate.json("forward", "show", number)["deflection"], False, "deflection")
        shown = gate.json("screen", "unblock", number, "03-1234-5678")
        check_equal([b["caller"] for b in shown["blocked"]], ["01012125550100"], "block list")
        details = [e["detail"] for e in gate.json("audit", number) if e["action"] == "number.screen"]
        check_equal(details[0], "unblock 0312345678", "audit")


@case("the parts of a forwarded call: listed, exported, told apart")
def _() -> None:
    with OpenGate() as gate:
        line = gate.add_lines(1)[0]
        first = 1760000000000
        add_record(gate, line, first)
        add_record(gate, line, first + 1, call=first << 22, forward="no_answer")
        add_record(gate, line, first + 5)
        ids = [f"{ms << 22:016x}" for ms in (first + 1, first)]
        for part in ids:
            records = gate.json("records", "--call", part)
            check_equal([(r["id"], r["call"], r["forward"]) for r in records], [(ids[0], ids[1], "no_answer"), (ids[1], ids[1], None)], part)
        check_equal(len(gate.json("records")), 3, "all")
        text = gate.text("records", "--call", ids[0])
        check(re.search(rf"^{ids[0]} +{line.number} +01012125551234 +no_answer .*{ids[1]}$", text, re.MULTILINE), text)
        table = list(csv.reader(io.StringIO(gate.text("records", "export", "--from", "2025-10-01"))))
        check_equal([row[-2:] for row in table], [["forward", "call"], ["", ids[1]], ["no_answer", ids[1]], ["", f"{first + 5 << 22:016x}"]], "CSV")
        check_said(ctl(gate, "records", "--call", "1"), 1, "A call's id is 16 hexadecimal digits")


@case("prices, records in bulk, a statement; old records are exported, then deleted")
def _() -> None:
    with OpenGate() as gate:
        line = gate.add_lines(1)[0]
        add_record(gate, line, 1760000000000)  # 2025-10-09 in Japan
        (gate.dir / "bad.csv").write_text("class,price,unit\nmobil,8,180\n")
        done = ctl(gate, "prices", "import", str(gate.dir / "bad.csv"))
        check_said(done, 1, r"Nothing was imported: 1 mistake.*\n  line 2, class \"mobil\": There is no such class", lines=2)
        check("2 prices" not in gate.text("prices", "show"), "a bad list was taken")
        done = ctl(gate, "prices", "import", "-", "--from", "2025-01-01", input=PRICES)
        check_equal((done.returncode, done.stdout), (0, "3 prices, in force from 2025-01-01\n"), done.stderr)
        check(re.search(r"US +United States +- +9 +60", gate.text("prices", "show")), gate.text("prices", "show"))
        text = gate.text("prices", "check", line.number, "+1-212-555-1234", "--seconds", "61")
        check("18 yen for 61 s, 2 units" in text and "country US" in text, text)
        check("would not be charged" in gate.text("prices", "check", line.number, "0312345678"), "no row")

        rows = gate.json("records", "export", "--from", "2025-10-09", "--to", "2025-10-09")["records"]
        check_equal([(r["charge_yen"], r["country"], r["duration_s"]) for r in rows], [("18", "US", 61)], "export")
        table = list(csv.DictReader(io.StringIO(gate.text("records", "export", "--from", "2025-10-01"))))
        check_equal([(r["dialled"], r["charge_yen"], r["tax_percent"]) for r in table], [("'+1 212 555 1234", "18", "0")], "CSV")
        check_said(ctl(gate, "records", "export", "--from", "now"), 1, r"The day is not understood; write it like 2026-11-25")

        bill = gate.json("statement", CUSTOMER, "2025-10")
        check_equal((bill["net_yen"], bill["tax_yen"], bill["total_yen"]), (558, 54, 612), "3 channels and a call abroad")
        check("ご利用明細 2025年10月分" in gate.text("statement", CUSTOMER, "2025-10"), "Japanese")
        check("total with tax" in gate.text("statement", CUSTOMER, "2025-10", "--language", "en"), "English")
        check("total,,,,,,,612," in gate.text("statement", CUSTOMER, "2025-10", "--format", "csv"), "CSV")

        kept = gate.dir / "old.csv"
        prune = ("records", "prune", "--before", "2025-11-01")
        check_said(ctl(gate, *prune), 2, "--export FILE")
        done = ctl(gate, *prune, "--export", str(kept))
        check_equal((done.returncode, done.stdout, done.stderr), (0, "1 records deleted\n", ""), "prune")
        check_equal(len(kept.read_text().splitlines()), 2, "lines of what was deleted")
        check_equal(stat.S_IMODE(kept.stat().st_mode), 0o600, "its mode")
        check_said(ctl(gate, *prune, "--export", str(kept)), 1, "exists already")
        check_equal(gate.json("records", "export", "--from", "2025-01-01")["records"], [], "what is left")


@case("the fraud guard: limits, a number's day, release")
def _() -> None:
    with OpenGate() as gate:
        lines = gate.add_lines(2)
        gate.text("guard", "set", "--minutes", "1", "--action", "suspend")
        text = gate.text("guard", "set", "--customer", CUSTOMER, "--calls-per-minute", "1", "--off-hours", "--action", "alert")
        check(re.search(rf"^{CUSTOMER} +- +yes +- +- +1 +- +alert", text, re.MULTILINE), text)
        play(gate, lines[0], lines[1], "caller_basic", "callee_basic")
        day = wait_for("the call to count", lambda: [d for d in [gate.json("guard", "show", lines[0].number)] if d["minutes"] > 0])[0]
        check_equal((day["minutes_limit"], day["suspension"]), (1, None), "day")
        check_said(ctl(gate, "guard", "set"), 1, "There is nothing to change; give a limit")
        check_said(ctl(gate, "guard", "set", "--minutes", "much"), 2, "takes a whole number")
        check_said(ctl(gate, "guard", "release", lines[0].number, "--country", "QQ"), 1, "There is no such country")
        check("minutes_limit" in gate.text("guard", "release", lines[0].number), "release")
        check_equal(gate.json("guard", "show", lines[0].number)["minutes"], 0, "after the release")
        check_equal(len(gate.json("guard", "set", "--clear")["rules"]), 1, "rules that are left")


def suspended(gate: OpenGate) -> list[tuple]:
    return [(s["number"], s["reason"], s["value"], s["limit"]) for s in gate.json("guard", "show")["suspended"]]


@case("the fraud guard: a call too many suspends the number, for good")
def _() -> None:
    with OpenGate() as gate:
        lines = gate.add_lines(2)
        ctl(gate, "prices", "import", "-", input="class,price,unit,fee\non_net,0,60,10\n")
        gate.text("guard", "set", "--spend-yen", "10", "--action", "suspend")
        play(gate, lines[0], lines[1], "caller_basic", "callee_basic")
        check_equal(suspended(gate), [], "within the limit")
        gate.wait_records(1)
        gate.stop(signal.SIGKILL)  # what was spent stands in the records
        gate.start()
        play(gate, lines[0], lines[1], "caller_basic", "callee_basic")  # no call abroad
        reached = "the day's charges reached their limit"
        told = wait_for("it to be told", lambda: [line for line in gate.log().splitlines() if reached in line])
        check(len(told) == 1 and "kind=suspend count=10 limit=10" in told[0], f"told: {told}")
        row = (lines[0].number, "spend", 10, 10)
        wait_for("the suspension in the store", lambda: suspended(gate) == [row])
        gate.stop(signal.SIGKILL)
        gate.start()
        check_equal(suspended(gate), [row], "after a kill")
        check(gate.json("guard", "show", lines[0].number)["suspension"], "in force after a kill")
        gate.text("guard", "release", lines[0].number)
        check_equal(suspended(gate), [], "released")


@case("rules: added, listed, in force over a restart, removed, and audited")
def _() -> None:
    with OpenGate() as gate:
        line = gate.add_lines(1)[0]
        denied = gate.json("plan", "rule", "add", "--all", "--prefix", "+81-3", "--deny", "--memo", "苦情のため")
        allowed = gate.json("plan", "rule", "add", "--number", line.number, "--class", "freephone", "--allow")
        gate.json("plan", "rule", "add", "--customer", CUSTOMER, "--country", "gb", "--deny")
        check_equal(gate.json("plan", "rule", "list", "--number", line.number), [allowed], "rules of the number")
        check_equal([r["key"] for r in gate.json("plan", "rule", "list")], ["03", "GB", "freephone"], "rules")
        gate.stop()
        gate.start()
        done = ctl(gate, "plan", "check", line.number, "03-1234-5678")
        check_equal((done.returncode, len(done.stderr.splitlines())), (1, 1), done.stderr)
        check(re.search(rf"^decided by +rule:{denied['id']} ", done.stdout, re.MULTILINE), done.stdout)
        check(re.search(r"^rule +deny prefix 03 for all \(苦情のため\)", done.stdout, re.MULTILINE), done.stdout)
        check_equal(ctl(gate, "plan", "check", line.number, "0120123456").returncode, 0, "freephone, opened")
        check("苦情のため" in gate.text("plan", "show"), "plan show lacks the rule")
        gate.json("plan", "rule", "remove", str(denied["id"]))
        check_equal(ctl(gate, "plan", "check", line.number, "03-1234-5678").returncode, 0, "after the rule")
        check_said(ctl(gate, "plan", "rule", "remove", str(denied["id"])), 1, "There is no rule 1; see 'opengatectl plan rule list'")


@case("a new password cuts the phone off: it asks, and says so")
def _() -> None:
    with OpenGate() as gate:
        line = gate.add_lines(1)[0]
        register_at(gate, line, gate.ports.block(2))
        check_said(ctl(gate, "number", "password", line.number), 1, "cuts the phone off until it is set there too; give --yes to go on")
        for answer, status, left in (("n\n", 1, 1), ("\n", 1, 1), ("\x04", 1, 1), ("y\n", 0, 0)):
            seen, ended = at_terminal(gate, "number", "password", line.number, typed=answer)
            check("cuts the phone of" in seen and "Go on? [y/N]" in seen, seen)
            check_equal((ended, len(gate.registrations())), (status, left), f"after {answer!r}: exit status, registrations")
            check(("nothing was changed" in seen) == bool(status), seen)
        register = Registration(
            Client("udp", ("127.0.0.1", gate.ports.block(2)), ("127.0.0.1", gate.port)), DOMAIN, line.account, line.password, "sip:a@127.0.0.1"
        )
        check(register.register().code in (401, 403), "the old password is still good")
        check_said(ctl(gate, "number", "password", line.number, "--sip", "--option"), 2, "--sip or --option, not both")


def at_terminal(gate: OpenGate, *words: str, typed: str = "") -> tuple[str, int]:
    """With a terminal for all three streams; what was seen, and the exit status."""
    main, other = pty.openpty()
    child = subprocess.Popen([CTL, "--config", str(gate.config), *words], stdin=other, stdout=other, stderr=other, close_fds=True)
    os.close(other)
    seen, sent = b"", False
    while True:
        ready, _, _ = select.select([main], [], [], 60)
        check(ready, f"nothing more comes; seen {seen!r}")
        try:
            got = os.read(main, 65536)
        except OSError:  # the last one has closed it
            break
        if not got:
            break
        seen += got
        if typed and not sent and b"[y/N]" in seen:
            os.write(main, typed.encode())
            sent = True
    os.close(main)
    return seen.decode(errors="replace"), child.wait(60)


@case("passwords from standard input")
def _() -> None:
    with OpenGate() as gate:
        gate.add_customer()
        words = ("number", "add", "05010000014", "--customer", CUSTOMER, "--account", "10000012", "--password", "-")
        check_said(ctl(gate, *words, input=""), 2, "--password -: standard input holds no password")
        done = ctl(gate, *words, input="from-stdin\n")
        check_equal((done.returncode, done.stderr), (0, ""), "exit status")
        with Client("udp", ("127.0.0.1", gate.ports.block(2)), ("127.0.0.1", gate.port)) as client:
            phone = Registration(client, DOMAIN, "10000012", "from-stdin", "sip:10000012@127.0.0.1")
            check_equal(phone.register().code, 200, "REGISTER")


# --- import and export


def write_csv(path: Path, rows: list[str], head: str = "number,customer,account,password") -> Path:
    path.write_text("\r\n".join([head, *rows]) + "\r\n")
    return path


@case("import names every wrong row; nothing is taken")
def _() -> None:
    with OpenGate() as gate:
        gate.add_lines(1)
        rows = [
            f"05010000014,{CUSTOMER},10000012,", f"0501000002,{CUSTOMER},10000020,", f"05010000030,{CUSTOMER},1000003x,",
            "05010000048,C404,10000046,", f"05010000055,{CUSTOMER},10000053,tiny", f"05010000014,{CUSTOMER},10000061,",
            f"05010000000,{CUSTOMER},10000079,", f"05010000063,{CUSTOMER}",
        ]  # fmt: skip
        done = ctl(gate, "import", str(write_csv(gate.dir / "a.csv", rows)), "--passwords", str(gate.dir / "p.csv"))
        check_said(done, 1, "^opengatectl: Nothing was imported: 7 mistakes in the file; mend the lines named here", lines=8)
        for wanted in (
            r'line 3, number "0501000002": The number must be 11 digits.*; write it like 05010000014',
            r'line 4, account "1000003x": The account id must be 8 digits; write it like 10000012',
            r'line 5, customer "C404": There is no such customer; add it first',
            r"line 6, password: The password must be 6 to 100 characters.*; leave it out to have one made",
            r'line 7, number "05010000014": The number stands in the file twice: see line 2; leave one',
            r'line 8, number "05010000000": The number exists already',
            r"line 9: The row has fewer values than line 1 has columns",
        ):
            check(re.search(wanted, done.stderr), f"wanted /{wanted}/: {done.stderr}")
        check("tiny" not in done.stderr, "a password was repeated")
        check_equal(len(gate.json("number", "list")), 1, "numbers")
        check(not (gate.dir / "p.csv").exists(), "a file for passwords was left")


@case("export, removal and import give the same numbers; passwords are made anew")
def _() -> None:
    with OpenGate() as gate:
        lines = gate.add_lines(3)
        gate.text("number", "set", lines[0].number, "--channels", "7", "--policy", "fork", "--international", "on")
        gate.text("number", "set", lines[1].number, "--policy", "reject")
        gate.text("number", "suspend", lines[1].number, "--reason", "unpaid", "--requester", "accounts")
        before = gate.text("export")
        for line in lines:
            gate.text("number", "remove", line.number)
        (gate.dir / "all.csv").write_text(before)
        secret = gate.dir / "made.csv"
        said = gate.text("import", str(gate.dir / "all.csv"), "--passwords", str(secret))
        check("3 numbers imported" in said and "3 passwords were made" in said, said)
        check_equal(stat.S_IMODE(secret.stat().st_mode), 0o600, "mode of the passwords")
        check_equal(gate.text("export"), before, "the export after the import")
        rows = [row.split(",") for row in secret.read_text().splitlines()]
        check_equal(rows[0], ["number", "account", "password"], "first line")
        with Client("udp", ("127.0.0.1", gate.ports.block(2)), ("127.0.0.1", gate.port)) as client:
            phone = Registration(client, DOMAIN, rows[1][1], rows[1][2], f"sip:{rows[1][1]}@127.0.0.1")
            check_equal(phone.register().code, 200, "REGISTER with a password that was made")
        check_equal(gate.json("export"), gate.json("number", "list"), "export --json")
        check_said(ctl(gate, "import", str(gate.dir / "all.csv"), "--passwords", str(secret)), 1, "made.csv exists already; name a file")


@case("import from standard input, passwords shown, and as JSON")
def _() -> None:
    with OpenGate() as gate:
        gate.add_customer()
        head = "number,customer,account\n"
        done = ctl(gate, "import", "-", input=head + f"05010000014,{CUSTOMER},10000012\n")
        check(done.returncode == 0 and re.search(r"1 numbers imported\nNUMBER +ACCOUNT +PASSWORD\n05010000014 ", done.stdout), done.stdout)
        done = ctl(gate, "import", "-", "--json", input=head + f"05010000022,{CUSTOMER},10000020\n")
        told = json.loads(done.stdout)
        check_equal((told["imported"], [p["account"] for p in told["passwords"]]), (1, ["10000020"]), "JSON")


@case("a progress bar on a terminal; none when piped or quiet")
def _() -> None:
    with OpenGate() as gate:
        gate.add_customer()
        # Three slow hashes: long enough for the bar to be drawn between.
        rows = [f"0501000{i:04d},{CUSTOMER},{10000000 + i},,chosen-{i}" for i in range(40)]
        head = "number,customer,account,password,option_password"
        path = write_csv(gate.dir / "a.csv", rows, head)
        seen, status = at_terminal(gate, "import", str(path), "--passwords", str(gate.dir / "p1"))
        check(status == 0 and re.search(r"(sending|hashing|checking|writing) +\[[# ]{40}\] +\d+%", seen), f"{status}: {seen!r}")
        check("\r\x1b[K" in seen, "the bar was not cleared away")
        for line in gate.json("number", "list"):
            gate.text("number", "remove", line["number"])
        write_csv(path, rows[:3], head)
        seen, status = at_terminal(gate, "import", str(path), "--quiet", "--passwords", str(gate.dir / "p2"))
        check(status == 0 and "[" not in seen, f"{status}: {seen!r}")
        done = ctl(gate, "export")
        check_equal((done.returncode, done.stderr), (0, ""), "export in a pipe")


# --- the habits of a Unix command


@case("standard output that is full, closed, or no longer read")
def _() -> None:
    with OpenGate() as gate:
        gate.add_lines(1)
        with open("/dev/full", "w") as full:
            check_said(ctl(gate, "number", "list", stdout=full), 1, "standard output cannot be written: No space left on device")
        shell = f'"{CTL}" --config "{gate.config}" "$@"'
        done = subprocess.run(["bash", "-c", shell + " >&-", "sh", "status"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        check_said(done, 1, "standard output cannot be written: Bad file descriptor")
        done = subprocess.run(
            ["bash", "-c", shell + " | true; exit ${PIPESTATUS[0]}", "sh", "help"], stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        check(done.returncode in (0, 128 + signal.SIGPIPE), f"exit {done.returncode}: {done.stderr}")


@case("the configuration is found: flag, environment, directory")
def _() -> None:
    with OpenGate() as gate, tempfile.TemporaryDirectory() as empty:

        def status(words: list[str], env: dict[str, str], cwd: str | Path) -> tuple[int, str]:
            full = {k: v for k, v in os.environ.items() if k != "OPENGATE_CONFIG"} | env
            done = subprocess.run([CTL, *words, "status"], env=full, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True)
            return done.returncode, done.stderr

        named = {"OPENGATE_CONFIG": str(gate.config)}
        check_equal(status(["--config", str(gate.config)], {}, empty), (0, ""), "--config")
        check_equal(status([f"--config={gate.config}"], {"OPENGATE_CONFIG": "/none"}, empty), (0, ""), "--config before the environment")
        check_equal(status([], named, empty), (0, ""), "OPENGATE_CONFIG")
        check_equal(status([], {}, gate.dir), (0, ""), "./opengate.yaml")
        if not Path("/etc/opengate/opengate.yaml").exists():
            code, said = status([], {}, empty)
            check(code == 1 and "/etc/opengate/opengate.yaml: there is no such file; give the path with --config FILE" in said, said)


@case("what a phone sends does not steer the terminal")
def _() -> None:
    with OpenGate() as gate:
        line = gate.add_lines(1)[0]
        with Client("udp", ("127.0.0.1", gate.ports.block(2)), ("127.0.0.1", gate.port)) as client:
            phone = Registration(client, DOMAIN, line.account, line.password, f"sip:{line.account}@127.0.0.1")
            send = client.send
            client.send = lambda text: send(text.replace("live-test", "evil \u009b2J phone"))
            check_equal(phone.register().code, 200, "REGISTER")
        shown = gate.text("registrations")
        check("phone" in shown, shown)
        check(not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", shown), f"control characters: {shown!r}")


@case("completion knows the server's numbers, and is silent without a server")
def _() -> None:
    with OpenGate() as gate:
        lines = gate.add_lines(2)

        def offered(*words: str) -> list[str]:
            done = subprocess.run([CTL, "__complete", "--config", str(gate.config), *words], stdin=subprocess.DEVNULL, capture_output=True, text=True)
            check_equal((done.returncode, done.stderr), (0, ""), str(words))
            return [row.split("\t")[0] for row in done.stdout.splitlines()]

        check_equal(offered("number", "show", ""), [line.number for line in lines], "numbers")
        check_equal(offered("number", "show", lines[1].number), [lines[1].number], "one number")
        check_equal(offered("number", "show", "0501"), [line.number for line in lines], "numbers that begin so")
        check_equal(offered("number", "show", "0502"), [], "numbers that begin otherwise")
        check_equal(offered("customer", "set", "C"), [CUSTOMER], "customers")
        check_equal(offered("number", "add", "05010000014", "--customer", ""), [CUSTOMER], "customers of a flag")
        check_equal(offered("import", ""), [":files"], "files")
        check_equal(offered("plan", ""), ["check", "show", "rule"], "second words")
        check_equal(offered("plan", "rule", "a"), ["add"], "third words")
        check_equal(offered("plan", "rule", "add", "--class", "mob"), ["mobile"] * 4, "classes")
        check_equal(offered("calls", "h"), ["hangup"], "second word of what is a command too")
        check_equal(offered("plan", "check", "0501"), [line.number for line in lines], "first operand")
        check_equal(offered("plan", "check", lines[0].number, ""), [], "second operand")
        check_equal(offered("number", "show", lines[0].number, ""), [], "no second operand")
        check_equal(offered("nonsense", ""), [], "behind what is no command")
        gate.stop()
        check_equal(offered("number", "show", ""), [], "without a server")
        gate.start()


# --- no server, or none of ours


@contextmanager
def false_server(answer: bytes | None) -> Iterator[Path]:
    """Says these bytes to whoever asks; None: nothing, ever."""
    with tempfile.TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX) as server:
        server.bind(directory + "/api.sock")
        server.listen()
        config = Path(directory) / "og.yaml"
        config.write_text(f"http: {{socket: {directory}/api.sock}}\n")
        held = []

        def serve() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                held.append(client)
                if answer is not None:
                    client.recv(65536)
                    client.sendall(answer)
                    client.close()

        threading.Thread(target=serve, daemon=True).start()
        yield config
        server.shutdown(socket.SHUT_RDWR)
        for client in held:
            client.close()


def http(status: str, body: str, kind: str = "application/json", length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {size}\r\n\r\n{body}".encode()


FALSE_ANSWERS = [
    (b"", "ended before it had answered"),
    (b"SSH-2.0-OpenSSH\r\n", "is it an opengated that serves this socket"),
    (http("200 OK", "<html>", "text/html"), "the answer cannot be read; is it an opengated"),
    (http("200 OK", '{"numbers": [', length=1000), "ended before it had answered"),
    (http("502 Bad Gateway", "<html>", "text/html"), "the server answered 502 without saying why"),
    (http("507 Insufficient Storage", '{"error":{"code":"disk_full","message":"The disk is full"}}'), "^opengatectl: The disk is full$"),
    (http("500 x", '{"error":{"code":"x","message":"a\\u001b[2Jb","hint":"c"}}'), r"^opengatectl: a\?\[2Jb; c$"),
]


@case("servers that are not ours are told apart")
def _() -> None:
    for answer, said in FALSE_ANSWERS:
        with false_server(answer) as config:
            check_said(ctl(config, "number", "list"), 1, said)


@case("a server that does not answer does not hang the command")
def _() -> None:
    with false_server(None) as config:
        check_said(ctl(config, "number", "list", "--timeout", "0.5"), 1, r"did not answer in time; .* --timeout SECONDS")
        rows = write_csv(config.parent / "a.csv", [])
        check_said(ctl(config, "import", str(rows), "--timeout", "0.5"), 1, "did not answer in time")
    with OpenGate() as gate:
        gate.process.signal(signal.SIGSTOP)
        try:
            check_said(ctl(gate, "status", "--timeout", "0.5"), 1, "did not answer in time")
        finally:
            gate.process.signal(signal.SIGCONT)


@case("no server, no right to its socket")
def _() -> None:
    with OpenGate() as gate:
        other = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        with tempfile.TemporaryDirectory() as directory:
            os.chmod(directory, 0o755)
            os.chmod(gate.dir, 0o755)
            os.chmod(gate.config, 0o644)
            copy = shutil.copy(CTL, directory)
            os.chmod(gate.dir / "api.sock", 0)
            done = subprocess.run([copy, "--config", str(gate.config), "status"], stdin=subprocess.DEVNULL, capture_output=True, text=True, **other)
            check_said(done, 1, "api.sock may not be opened by this user; use sudo")
            os.chmod(gate.dir / "api.sock", 0o660)
        gate.stop()
        check_said(ctl(gate, "status"), 1, rf"no opengated answers at .*api\.sock; start it: opengated --config {gate.config}")
        gate.start()


# --- mistakes: words, exit status, what is said. {n} is a number that exists, {m} one that does not.

ADD = "number add 05010000099 --customer C9000013 --account 10000099"
MISTAKES: list[tuple[str, int, str]] = [
    ("", 2, r"which command\? 'opengatectl help' lists them"),
    ("frobnicate", 2, r"there is no command \"frobnicate\"; see 'opengatectl help'"),
    ("numbr list", 2, r"no command \"numbr list\"; did you mean \"number list\"\?"),
    ("number lst", 2, r"no command \"number lst\"; did you mean \"number list\"\?"),
    ("number frobnicate", 2, r"no command \"number frobnicate\"; see 'opengatectl help'"),
    ("customr ad --code C1", 2, r"did you mean \"customer add\"\?"),
    ("statsu", 2, r"no command \"statsu\"; did you mean \"status\"\?"),
    ("registrtions", 2, r"did you mean \"registrations\"\?"),
    ("numbr", 2, r"no command \"numbr\"; did you mean \"number\"\?"),
    ("number", 2, r"\"number\" alone is no command; one of these goes with it: add, show, list, set, suspend, resume, remove, password"),
    ("customer", 2, r"\"customer\" alone is no command; .*: add, show, list, set, remove"),
    ("calls hangpu 1", 2, r"no command \"calls hangpu\"; did you mean \"calls hangup\"\?"),
    ("calls now", 2, r"calls takes no operand; \"now\" is too much"),
    ("help frobnicate", 2, r"there is no command \"frobnicate\""),
    ("number show", 2, r"number show needs NUMBER; see 'opengatectl help number show'"),
    ("number show {n} {n}", 2, r"number show takes NUMBER; \"05010000000\" is too much"),
    ("plan check {n}", 2, r"plan check needs DIALLED; see 'opengatectl help plan check'"),
    ("plan check", 2, r"plan check needs NUMBER"),
    ("plan check {n} 117 118", 2, r"plan check takes NUMBER DIALLED; \"118\" is too much"),
    ("plan chek {n} 117", 2, r"no command \"plan chek\"; did you mean \"plan check\"\?"),
    ("plan", 2, r"\"plan\" alone is no command; one of these goes with it: check, show, rule"),
    ("plan rule", 2, r"\"plan rule\" alone is no command; one of these goes with it: add, list, remove"),
    ("plan rule ad", 2, r"no command \"plan rule ad\"; did you mean \"plan rule add\"\?"),
    ("plan rule frob", 2, r"no command \"plan rule frob\"; see"),
    ("forward", 2, r"\"forward\" alone is no command; one of these goes with it: show, set, targets, simulate"),
    ("forward set {n} busy", 2, r"forward set needs on\|off; see"),
    ("forward set {n} bussy on", 2, r"KIND is unconditional, busy, no-answer, not-registered or deflection, not \"bussy\""),
    ("forward set {n} deflection on --to 0312345678", 2, r"the telephone names the target of deflection"),
    ("screen", 2, r"\"screen\" alone is no command; one of these goes with it: show, set, block, unblock"),
    ("screen set {n}", 2, r"give --anonymous, --abroad or --inbound-limit"),
    ("screen set {n} --anonymous maybe", 2, r"--anonymous takes reject or accept, not \"maybe\""),
    ("screen set {n} --inbound-limit 0", 2, r"--inbound-limit takes 1 to 32 or none, not \"0\""),
    ("screen set {n} --inbound-limit 33", 1, r"The limit of inbound calls is 1 to 32"),
    ("screen block {n} 110", 1, r"This is no telephone number that can call; give it with its area code"),
    ("screen unblock {n} 0312345678", 1, r"This number is not on the block list"),
    ("forward set {n} busy maybe", 2, r"forwarding is switched on or off, not \"maybe\""),
    ("forward set {n} busy on --row 1 --to 03", 2, r"give --row or --to, not both"),
    ("forward set {n} busy on --row x", 2, r"--row takes a whole number"),
    ("forward set {n} busy on --ring 5", 2, r"--ring belongs to no-answer"),
    ("forward set {n} no-answer on --ring 31", 1, r"The ring time is 1 to 30 seconds"),
    ("forward set {n} busy on --row 6", 1, r"The row is a whole number from 1 to 5"),
    ("forward set {n} busy on", 1, r"No row is chosen that calls are forwarded to; name a row"),
    ("forward set {n} busy on --to 110", 1, r"Emergency numbers .*; a target is a telephone number that this line may call"),
    ("forward set {m} busy on --to 0312345678", 1, r"There is no number 05010009999"),
    ("forward show {m}", 1, r"There is no number 05010009999"),
    ("forward targets {n} 6", 2, r"ROW is a row of the list, 1 to 5, not \"6\""),
    ("forward targets {n} --clear", 2, r"--clear belongs to a row: name it behind the number"),
    ("forward targets {n} 1 0312345678 --clear", 2, r"a row is cleared or filled, not both"),
    ("forward targets {n} 1 --memo x", 1, r"This row holds no number that the memo could be of; give its digits as well"),
    ("forward simulate {n} --state asleep", 2, r"--state takes registered, busy, no-answer or unregistered, not \"asleep\""),
    ("forward simulate {n} --from alice", 1, r"The caller's number is no telephone number"),
    ("plan frob", 2, r"no command \"plan frob\"; see"),
    ("plan rule add --class mobile --deny", 2, r"plan rule add needs one of --all, --customer and --number"),
    ("plan rule add --all --deny", 2, r"plan rule add needs one of --class, --country and --prefix"),
    ("plan rule add --all --class mobile", 2, r"plan rule add needs one of --allow and --deny"),
    ("plan rule add --all --class mobile --allow --deny", 2, r"plan rule add needs one of --allow and --deny"),
    ("plan rule remove", 2, r"plan rule remove needs ID"),
    ("number show ''", 2, r"NUMBER is empty"),
    ("calls hangup", 2, r"calls hangup needs ID"),
    ("trace", 2, r"trace needs CALL"),
    ("import", 2, r"import needs FILE.csv"),
    ("status now", 2, r"status takes no operand; \"now\" is too much"),
    ("number add 05010000099 --account 10000099", 2, r"number add needs --customer CODE: whose it is"),
    ("number add 05010000099 --customer C9000013", 2, r"number add needs --account ACCOUNT: account id, 8 digits"),
    ("customer add --name x", 2, r"customer add needs --code CODE"),
    ("customer add --code C1", 2, r"customer add needs --name NAME"),
    ("number list --custmer C1", 2, r"number list has no flag --custmer; did you mean --customer\?"),
    ("number list --colour red", 2, r"number list has no flag --colour; 'opengatectl help number list' lists them"),
    ("status --jsn", 2, r"status has no flag --jsn; did you mean --json\?"),
    ("status -j", 2, r"status has no flag -j"),
    ("status --json=yes", 2, r"--json takes no value"),
    ("status --config", 2, r"--config needs a value: --config FILE"),
    ("number set {n} --channels", 2, r"--channels needs a value: --channels N"),
    ("number set {n} --channels two", 2, r"--channels takes a whole number, not \"two\""),
    ("number set {n} --channels 2.5", 2, r"--channels takes a whole number, not \"2.5\""),
    ("number set {n} --channels -2", 2, r"--channels takes a whole number, not \"-2\""),
    ("number set {n} --channels 99999999999999999999", 2, r"--channels takes a whole number"),
    ("number set {n} --channels 2 --channels 3", 2, r"--channels is given twice"),
    ("number set {n} --international maybe", 2, r"--international takes on or off, not \"maybe\""),
    ("number set {n} --suspended on", 2, r"number set has no flag --suspended"),
    ("number suspend {n} --reason x", 2, r"number suspend needs --requester NAME: who asked for it"),
    ("number suspend {n} --requester x", 2, r"number suspend needs --reason TEXT: why"),
    ("number resume {n} --requester x", 1, r"This number is not suspended"),
    ("number suspend {m} --reason x --requester y", 1, r"There is no number 05010009999"),
    ("application approve", 2, r"application approve needs ID"),
    ("application reject 1", 2, r"application reject needs --reason TEXT"),
    ("application approve 99", 1, r"There is no application 99; see 'opengatectl application list'"),
    ("application list --state open", 1, r"The state of an application is pending, approved, rejected or withdrawn"),
    ("application suspend {n} --applied-by x", 1, r"This number may not call abroad: there is nothing to suspend"),
    ("number set {n} --policy all", 2, r"--policy takes newest, fork or reject, not \"all\""),
    ("trunk add a", 2, r"trunk add needs --host HOST\[:PORT\]"),
    ("trunk add a --host h --format x", 2, r"--format takes national, e164 or plus, not \"x\""),
    ("trunk add a --host h --transport tls", 2, r"--transport takes udp or tcp, not \"tls\""),
    ("trunk add a --host h --weight 1 --weight 2", 2, r"--weight is given twice"),
    ("trunk add a --host h --user u --password-file /nonexistent", 2, r"--password-file /nonexistent: No such file"),
    ("trunk add a --host h --register u", 1, r"cannot be registered without its password"),
    ("trunk add A --host h", 1, r"1 to 31 lower-case letters"),
    ("trunk add a --host 1.2.3.4.5", 1, r"The host is a name or an address"),
    ("trunk add a --host h --source 0.0.0.0/0", 1, r"everybody"),
    ("trunk add a --host h --prefix x", 1, r"A prefix is the beginning of a number"),
    ("trunk set nobody --weight 2", 1, r"There is no trunk nobody"),
    ("trunk set nobody", 2, r"nothing to change"),
    ("number set {n}", 2, r"number set was given nothing to change"),
    ("customer set C9000013", 2, r"customer set was given nothing to change"),
    ("records --limit ten", 2, r"--limit takes a whole number, not \"ten\""),
    ("status --timeout soon", 2, r"--timeout takes seconds from 0.01 to 86400, not \"soon\""),
    ("status --timeout 0", 2, r"--timeout takes seconds"),
    ("completion fish", 2, r"completion is there for bash and zsh, not for \"fish\""),
    ("number password {n} --sip --option", 2, r"give --sip or --option, not both"),
    ("customer add --code C1 --name \udcff", 2, r"the value of --name is not UTF-8; set the terminal to UTF-8"),
    ("number show \udcff", 2, r"NUMBER is not UTF-8"),
    ("number set {n} --channels 33", 1, r"Channels must be a whole number from 2 to 32"),
    ("number set {n} --channels 1", 1, r"Channels must be a whole number from 2 to 32"),
    ("number set {m} --channels 4", 1, r"There is no number 05010009999; see 'opengatectl number list'"),
    ("number show 0501", 1, r"The number must be 11 digits: 050, then one that is not 0; write it like 05010000014"),
    ("number show 5010000000", 1, r"has lost its leading 0"),
    ("number show 0312345678", 1, r"The number must be 11 digits"),
    ("number show 05000000000", 1, r"050, then one that is not 0"),
    ("number show 18405010000000", 1, r"The number must be 11 digits"),
    ("number show {m}", 1, r"There is no number 05010009999; see 'opengatectl number list'"),
    ("number show alice", 1, r"The number must be 11 digits"),
    ("number show -- --json", 1, r"The number must be 11 digits"),
    ("number show " + "1" * 100, 1, r"The number must be 11 digits"),
    ("number show " + "1" * 1000, 1, r"There is nothing at this address"),
    ("number remove {m}", 1, r"There is no number 05010009999"),
    ("number password {m} --yes", 1, r"There is no number 05010009999"),
    ("number password {n}", 1, r"cuts the phone off until it is set there too; give --yes to go on"),
    ("number add {n} --customer C9000013 --account 10000099", 1, r"The number exists already; see 'opengatectl number list'"),
    ("number add 05010000099 --customer C9000013 --account 10000000", 1, r"The account id is in use by another number"),
    ("number add 05010000099 --customer C404 --account 10000099", 1, r"There is no such customer; add it first: 'opengatectl customer add'"),
    ("number add 05010000099 --customer c9 --account 10000099", 1, r"The customer code is 1 to 16 capital letters and digits"),
    ("number add 05010000099 --customer C9000013 --account 1234", 1, r"The account id must be 8 digits; write it like 10000012"),
    (ADD + " --password tiny", 1, r"The password must be 6 to 100 characters.*; leave it out to have one made"),
    (ADD + " --password " + "x" * 101, 1, r"The password must be 6 to 100 characters"),
    (ADD + " --option-password tiny", 1, r"The option password must be 6 to 100 characters"),
    ("customer add --code c1 --name x", 1, r"The customer code is 1 to 16 capital letters and digits; write it like C9000013"),
    ("customer add --code C1234567890123456 --name x", 1, r"The customer code is 1 to 16 capital letters"),
    ("customer add --code C1 --name ''", 1, r"The customer's name must be one line of 1 to 200 bytes"),
    ("customer add --code C1 --name " + "あ" * 67, 1, r"200 bytes of UTF-8; a Japanese character takes 3 bytes"),
    ("customer add --code C1 --name x --address " + "x" * 1001, 1, r"The address must be one line of at most 1000 bytes"),
    ("customer add --code C1 --name x --selfcare-password tiny", 1, r"The self-care password must be 6 to 100 characters"),
    ("customer add --code C9000013 --name x", 1, r"Customer C9000013 exists already; change it with 'opengatectl customer set'"),
    ("customer show C404", 1, r"There is no customer C404; see 'opengatectl customer list'"),
    ("customer show c404", 1, r"The customer code is 1 to 16 capital letters"),
    ("customer set C404 --name x", 1, r"There is no customer C404"),
    ("customer remove C404", 1, r"There is no customer C404"),
    ("customer remove C9000013", 1, r"Customer C9000013 still has numbers; remove them first"),
    ("plan rule add --all --class emergency --allow", 1, r"This class cannot be opened by a rule; emergency numbers are refused whatever rules say"),
    ("plan rule add --all --country JP --deny", 1, r"Calls to Japan are not calls abroad; give a class or a prefix"),
    ("plan rule add --all --country QQ --deny", 1, r"There is no such country; write two letters"),
    ("plan rule add --all --prefix x --deny", 1, r"No number can begin so; write digits as they are dialled"),
    ("plan rule add --number {m} --prefix 03 --deny", 1, r"There is no number 05010009999"),
    ("plan rule add --customer C404 --prefix 03 --deny", 1, r"There is no such customer; see 'opengatectl customer list'"),
    ("plan rule remove 99", 1, r"There is no rule 99"),
    ("plan check {m} 117", 1, r"There is no number 05010009999"),
    ("plan check 117 {n}", 1, r"The number must be 11 digits"),
    ("registrations {m}", 1, r"There is no number 05010009999"),
    ("registrations 0501", 1, r"The number must be 11 digits"),
    ("records 0501", 1, r"The number must be 11 digits"),
    ("records --limit 0", 1, r"The limit must be a whole number from 1 to 100000"),
    ("records --limit 100001", 1, r"The limit must be a whole number from 1 to 100000"),
    ("records --since yesterday", 1, r"The time is not understood; write it like 2026-11-24T09:00:00\+09:00, 2026-11-24 \(UTC\), 2h or 7d"),
    ("records --since 2026-02-30", 1, r"The time is not understood"),
    ("records --since ''", 1, r"The time is not understood"),
    ("trace xyz", 1, r"A call's id is 16 hexadecimal digits; .* show the ids"),
    ("trace 0123456789abcdef", 1, r"Nothing is kept of such a call; see 'opengatectl records'"),
    ("calls hangup xyz", 1, r"A call's id is 16 hexadecimal digits"),
    ("calls hangup 0123456789abcdef", 1, r"There is no call 0123456789abcdef; 'opengatectl calls' shows those in progress"),
    ("import /none/a.csv", 1, r"/none/a.csv cannot be read: No such file or directory"),
    ("import /tmp", 1, r"/tmp cannot be read: Is a directory"),
    ("import /dev/null", 1, r"The file is empty; write for example: number,customer,account"),
    ("import /dev/null --passwords /none/p", 1, r"/none/p cannot be made: No such file or directory"),
    ("--config /none status", 1, r"/none: there is no such file; give the path with --config FILE"),
    ("--config /tmp status", 1, r"/tmp: cannot be read: Is a directory"),
    ("--config /dev/null number list", 1, r"no opengated answers at ./data/api.sock; start it: opengated --config /dev/null"),
]

_shared: list[OpenGate] = []


def split(words: str) -> list[str]:
    return [w.replace("''", "").format(n="05010000000", m="05010009999") for w in words.split()]


def shared() -> OpenGate:
    """One server for all the mistakes."""
    if not _shared:
        gate = OpenGate()
        _shared.append(gate)
        gate.start()
        gate.add_lines(1)
    return _shared[0]


def end_shared() -> None:
    if _shared:
        _shared.pop().__exit__(None, None, None)


atexit.register(end_shared)


def check_mistake(words: str, status: int, said: str) -> None:
    check_said(ctl(shared(), *split(words)), status, said)


for _words, _status, _said in MISTAKES:
    add_case(f"mistake: {_words.encode(errors='replace').decode()[:60]}", lambda w=_words, s=_status, t=_said: check_mistake(w, s, t))


@case("after all the mistakes nothing has changed")
def _() -> None:
    gate = shared()
    check_equal([n["number"] for n in gate.json("number", "list")], ["05010000000"], "numbers")
    check_equal([c["code"] for c in gate.json("customer", "list")], [CUSTOMER], "customers")
    end_shared()


if __name__ == "__main__":
    sys.exit(run_cases())
