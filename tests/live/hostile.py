#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""hostile.py [CLASS [NUMBER]]: sends the messages of hostile_cases.py through halb, each whole and cut at random places, a clean
request behind each in the same breath, and a clean one on another connection after it. The origin behind halb reads what arrives
with the two readers of hostile_parsers.py, and so does the client with what comes back.

Checked: both readers see the same messages and none of the faults that a strict one would name; no clean request gets an answer
that is not its own; halb lives on, prints no sanitizer's report, keeps no descriptor and no memory. HALB names the binary, REFERENCE
another one (haproxy) to run instead, SEED the places of the cuts, SHOW how many faults are printed of each class."""
import concurrent.futures
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
from hostile_cases import REQUESTS, RESPONSES
from hostile_parsers import agree, read_request, read_response, request_faults, response_faults
from live_lab import summary

WORKERS = 24
CLIENT_WAIT_S = 8
MEMORY_SLACK_KB = 8192
MOST_HUNG = 60
THREADS = int(os.environ.get("THREADS", "1"))  # with one, all requests meet in one pool of server connections
SEED = int(os.environ.get("SEED", "1"))
CONFIG = """
global
    nbthread {threads}
    maxconn 500
defaults
    mode http
    timeout connect 2s
    timeout client 900ms
    timeout server 900ms
    timeout http-request 900ms
    retries 2
    retry-on all-retryable-errors
listen web
    bind "fd@${{LISTENER}}"
    http-reuse always
    server origin 127.0.0.1:{port}
"""


class Case:
    def __init__(self, number, group, delivery, data, method=b"GET", broken=False):
        self.id = b"%05d" % number
        self.group, self.delivery, self.method, self.broken = group, delivery, method, broken
        self.data = data.replace(b"ID", self.id)
        self.random = random.Random(SEED * 100003 + number)
        self.faults = []

    def fault(self, text, data=b""):
        self.faults.append(text + (" in %r" % data[:300] if data else ""))

    def pieces(self, data, end):
        """Cuts fall before `end` alone."""
        if self.delivery == "whole" or end < 2:
            return [data]
        cuts = sorted({self.random.randrange(1, end) for _ in range(self.random.randint(1, 4))})
        return [data[a:b] for a, b in zip([0] + cuts, cuts + [len(data)])]


def end_of_response(data, method):
    """Where its first message ends: what a server sends later than that, unasked, no proxy can tell from the next answer."""
    at = 0
    while True:
        message, _ = agree(read_response, data[at:], method, True)
        if not message:
            return data.find(b"\r\n\r\n") if b"\r\n\r\n" in data else len(data)
        at += message.size
        if not 100 <= message.start[0] < 200:
            return at


def send_pieces(sock, pieces):
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for i, piece in enumerate(pieces):
        if i:
            time.sleep(0.002)
        sock.sendall(piece)


def clean(kind, case):
    return b"GET /%s/%s HTTP/1.1\r\nHost: clean\r\n\r\n" % (kind, case.id)


class Origin:
    """The server behind halb. Each request is answered with its target in X-Seen and in the body; /r/ID by the case's bytes."""

    def __init__(self, cases):
        self.cases = {case.id: case for case in cases}
        self.stray = []
        self.sockets = set()
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            sock, _ = self.listener.accept()
            with self.lock:
                self.sockets.add(sock)
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def close_all(self):
        with self.lock:
            for sock in self.sockets:
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def serve(self, sock):
        try:
            self.converse(sock)
        except OSError:
            pass
        finally:
            with self.lock:
                self.sockets.discard(sock)
            sock.close()

    def converse(self, sock):
        data, patience = b"", 60
        while True:
            message, fault = agree(read_request, data)
            if fault or message:
                self.judge(data, message, fault)
            if fault:
                return
            if message:
                data = data[message.size :]
                patience = self.answer(sock, message)
                continue
            sock.settimeout(patience)
            more = sock.recv(1 << 16)
            if not more:
                return
            data += more

    def judge(self, data, message, fault):
        faults = [fault] if fault else request_faults(data, message)
        if not faults:
            return
        whose = re.search(rb"/[hxcpr]/(\d{5})", data)
        case = self.cases.get(whose.group(1)) if whose else None
        for text in faults:
            if case:
                case.fault("origin: " + text, data)
            else:
                self.stray.append("origin: %s in %r" % (text, data[:300]))

    def answer(self, sock, message):
        """Returns for how long the next request may be awaited."""
        method, target, _ = message.start
        hostile = re.fullmatch(rb"/r/(\d{5})", target)
        if hostile and self.cases[hostile.group(1)].data:
            case = self.cases[hostile.group(1)]
            send_pieces(sock, case.pieces(case.data, end_of_response(case.data, case.method)))
            return 0.1
        status = b"405 No" if method == b"CONNECT" else b"200 OK"
        body = b"" if method == b"HEAD" else target
        sock.sendall(b"HTTP/1.1 %s\r\nContent-Length: %d\r\nX-Seen: %s\r\n\r\n%s" % (status, len(target), target, body))
        return 60


class Client:
    """One connection to halb."""

    def __init__(self, case, address):
        self.case, self.data, self.closed = case, b"", False
        self.end = time.monotonic() + CLIENT_WAIT_S
        self.sock = socket.create_connection(address, CLIENT_WAIT_S)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, pieces):
        try:
            send_pieces(self.sock, pieces)
        except OSError:
            pass

    def receive(self):
        left = self.end - time.monotonic()
        if left <= 0:
            raise socket.timeout
        self.sock.settimeout(left)
        try:
            more = self.sock.recv(1 << 16)
        except (ConnectionResetError, BrokenPipeError):
            more = b""
        self.data += more
        self.closed = self.closed or not more

    def response(self, method, old=False):
        """The next final response, or None at the end of the connection."""
        while True:
            message, fault = agree(read_response, self.data, method, self.closed)
            if fault:
                if not self.closed or self.data.strip():
                    self.case.fault("client: " + fault, self.data)
                return None
            if not message:
                if self.closed:
                    return None
                self.receive()
                continue
            for text in response_faults(self.data, message, old):
                self.case.fault("client: " + text, self.data)
            self.data = self.data[message.size :]
            if message.start[0] == 101:
                self.case.fault("client: 101 that nobody asked for")
                return None
            if not 100 <= message.start[0] < 200:
                return message


def seen(message):
    values = message.all(b"x-seen")
    return values[0] if values else None


def probe(case, address):
    """A clean request on a connection of its own, which may meet a pooled connection that the case has spoilt."""
    with Client(case, address) as client:
        client.send([clean(b"p", case)])
        answer = client.response(b"GET")
        if not answer:
            case.fault("the clean request on another connection got no answer")
        elif answer.start != (200,) or seen(answer) != b"/p/" + case.id:
            case.fault("the clean request on another connection got %r, %r" % (answer.start, seen(answer)))


def run_request(case, address):
    first_line = case.data.lstrip().split(b"\n")[0]
    methods = [first_line.split(b" ")[0]]
    answers = []
    with Client(case, address) as client:
        data = case.data + clean(b"c", case)
        client.send(case.pieces(data, len(data)))
        while not answers or seen(answers[-1]) != b"/c/" + case.id:
            old = not answers and b"HTTP/1.0" in first_line
            answer = client.response(methods[0] if not answers else b"GET", old)
            if not answer:
                break
            answers.append(answer)
    targets = [seen(answer) for answer in answers]
    for target in targets:
        if target and b"/" + case.id not in target and not re.match(rb"/p*$|[*?]|/h/\.\./|/\?|.*%", target) and b":" not in target:
            case.fault("client: an answer for %r" % target)
    if targets and targets[-1] == b"/c/" + case.id and len(targets) == 1:
        case.fault("client: the clean request's answer came in place of the hostile one's")
    if case.group == "requests/legal" and (len(targets) != 2 or targets[-1] != b"/c/" + case.id):
        case.fault("client: legal requests were not both answered: %r" % [answer.start for answer in answers])


def run_response(case, address):
    old = case.delivery == "old"
    version, keep = (b"HTTP/1.0", b"Connection: keep-alive\r\n") if old else (b"HTTP/1.1", b"")
    with Client(case, address) as client:
        client.send([b"%s /r/%s %s\r\nHost: clean\r\n%s\r\n" % (case.method, case.id, version, keep)])
        answer = client.response(case.method, old)
        if answer and case.broken and answer.start == (200,) and not answer.to_eof:
            case.fault("client: a broken answer arrived as a whole one")
        if not answer or client.closed or answer.to_eof:
            return
        client.send([clean(b"c", case)])
        answer = client.response(b"GET")
        if answer and (answer.start != (200,) or seen(answer) != b"/c/" + case.id):
            case.fault("the next request on the connection got %r, %r" % (answer.start, seen(answer)))


def run(case, address):
    try:
        if case.group.startswith("requests/"):
            run_request(case, address)
        elif case.group.startswith("responses/"):
            run_response(case, address)
        probe(case, address)
    except socket.timeout:
        case.fault("no end within %d s" % CLIENT_WAIT_S)
    except OSError as error:
        case.fault("client: %s" % error)


class Halb:
    def __init__(self, binary, port):
        self.folder = tempfile.TemporaryDirectory(prefix="hostile.")
        self.binary = binary
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.address = self.listener.getsockname()
        config = os.path.join(self.folder.name, "halb.cfg")
        with open(config, "w", encoding="ascii") as file:
            file.write(CONFIG.format(port=port, threads=THREADS))
        self.errors = open(os.path.join(self.folder.name, "errors"), "w+b")
        fd = self.listener.fileno()
        self.process = subprocess.Popen([binary, "-db", "-f", config], env=dict(os.environ, LISTENER=str(fd)), pass_fds=[fd],
                                        stdin=subprocess.DEVNULL, stdout=self.errors, stderr=self.errors)

    def alive(self):
        return self.process.poll() is None

    def descriptors(self):
        return len(os.listdir("/proc/%d/fd" % self.process.pid)) if self.alive() else 0

    def resident_kb(self):
        if not self.alive():
            return 0
        with open("/proc/%d/status" % self.process.pid, encoding="ascii") as file:
            return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1))

    def sanitized(self):
        with open(self.binary, "rb") as file:
            return re.search(rb"__[at]san_init", file.read()) is not None

    def stop(self):
        """Returns (exit status, what it printed)."""
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.errors.seek(0)
        return status, self.errors.read().decode("utf-8", "replace")


def all_cases(group, number):
    cases = []
    for name, make in REQUESTS:
        for delivery in ("whole", "cut"):
            cases += [Case(len(cases) + i, "requests/" + name, delivery, data) for i, data in enumerate(make())]
    for name, make in RESPONSES:
        for delivery in ("whole", "cut") + (("old",) if name == "framing" else ()):
            cases += [Case(len(cases) + i, "responses/" + name, delivery, *row) for i, row in enumerate(make())]
    return [case for case in cases if group in case.group and number in (None, int(case.id))]


def run_all(cases, halb):
    """Gives up once halb is dead or does not answer any more."""
    hung = []

    def one(case):
        if len(hung) > MOST_HUNG or not halb.alive():
            case.fault("not run: halb is gone" if not halb.alive() else "not run: halb answers nobody")
            return
        run(case, halb.address)
        if any(fault.startswith("no end") for fault in case.faults):
            hung.append(case)

    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(one, cases))


def measure(halb, origin):
    """(descriptors, kB) once the connections are gone."""
    origin.close_all()
    low = halb.descriptors()
    for _ in range(30):
        time.sleep(0.1)
        low = min(low, halb.descriptors())
    return low, halb.resident_kb()


PASSED, FAILED = [], []


def report(name, faults, count=0):
    (FAILED if faults else PASSED).append(name)
    if not faults:
        print("ok %s%s" % (name, " (%d)" % count if count else ""))
        return
    print("not ok %s: %d faults%s" % (name, len(faults), " in %d cases" % count if count else ""))
    for fault in faults[: int(os.environ.get("SHOW", "8"))]:
        print("    " + fault)


def report_cases(cases):
    for group in dict.fromkeys(case.group for case in cases):
        members = [case for case in cases if case.group == group]
        faults = ["%s %s %r: %s" % (case.id.decode(), case.delivery, case.data[:160], case.faults[0]) for case in members if case.faults]
        faults.sort(key=lambda text: ": not run" in text)
        report(group, faults, len(members))


def main(words):
    binary = os.environ.get("REFERENCE") or os.environ.get("HALB") or os.path.join(
        os.environ.get("HALB_BUILD", os.path.join(os.path.dirname(__file__), "../../build")), "halb")
    if not os.access(binary, os.X_OK):
        report("%s cannot be run" % binary, [""])
        return
    cases = all_cases(words[0] if words else "", int(words[1]) if len(words) > 1 else None)
    warm_up = [Case(90000 + i, "warm-up", "whole", b"") for i in range(300)]
    origin = Origin(cases + warm_up)
    halb = Halb(binary, origin.port)
    run_all(warm_up, halb)
    report("clean requests before", [fault for case in warm_up for fault in case.faults])
    run_all(cases[:: max(1, len(cases) // 300)], halb)
    before = measure(halb, origin)
    run_all(cases, halb)
    report_cases(cases)
    report("unattributed", origin.stray)
    report("alive", [] if halb.alive() else ["exit status %s" % halb.process.returncode])
    after = measure(halb, origin)
    report("descriptors", [] if after[0] <= before[0] + 2 else ["%d before, %d after" % (before[0], after[0])])
    if not halb.sanitized():
        report("memory", [] if after[1] <= before[1] + MEMORY_SLACK_KB else ["%d kB before, %d kB after" % (before[1], after[1])])
    status, printed = halb.stop()
    reports = re.findall(r".*(?:Sanitizer|runtime error|CHECK|[Aa]ssert|^ +#\d+ .*src/).*", printed, re.M)
    if not reports and status not in (0, -signal.SIGTERM, 128 + signal.SIGINT, 128 + signal.SIGTERM):
        reports = printed.splitlines()[-5:] or ["nothing printed"]
    report("exit status %d, nothing reported" % status, reports)


main(sys.argv[1:])
summary(len(PASSED), FAILED)
sys.exit(1 if FAILED else 0)
