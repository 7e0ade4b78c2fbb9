#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""abuse.py [CASE...]: clients and servers that abort, stall, flood and lie in every state of a stream. After each case halb must be
idle again: no connection counted, none queued, and at its end no word of a sanitizer. The last case, chaos, mixes everything at
random for CHAOS seconds (6); SEED makes it again."""
import concurrent.futures
import contextlib
import hashlib
import os
import random
import re
import resource
import signal
import socket
import struct
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab"))
from lab import HALB, ask, family, get, read, status, until
from live_lab import Lab, free_port

HEAD = """
global
    stats socket @SOCKET@ level admin
    nbthread %(threads)d
    maxconn %(maxconn)s
    hard-stop-after %(hard)s
defaults
    mode http
    timeout connect 2s
    timeout client 3s
    timeout server 3s
"""
ONE = HEAD + """
frontend fe
    bind 127.0.0.1:@PORT@
    %(fe)s
    default_backend be
backend be
    %(be)s
    server s1 127.0.0.1:%(server)d %(options)s
"""
TCP = HEAD + """
listen fe
    mode tcp
    bind 127.0.0.1:@PORT@ %(fe)s
    %(be)s
    server s1 127.0.0.1:%(server)d %(options)s
"""
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CASES = []


def case(function):
    CASES.append(function)
    return function


class Server:
    """Calls talk(socket, number) in a thread for each connection."""

    def __init__(self, talk, receive_bytes=0):
        self.socket = socket.socket()
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(256)
        self.port, self.talk = self.socket.getsockname()[1], talk
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        number = 0
        while True:
            client, _ = self.socket.accept()
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.settimeout(20)
            number += 1
            threading.Thread(target=self._serve, args=(client, number), daemon=True).start()

    def _serve(self, client, number):
        with contextlib.suppress(OSError), client:
            self.talk(client, number)


def connect(port, seconds=5, receive_bytes=0):
    s = socket.socket()
    if receive_bytes:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.settimeout(seconds)
    s.connect(("127.0.0.1", port))
    return s


def reset(s):
    """Closes with a RST."""
    with contextlib.suppress(OSError):
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()


def drain(s):
    """What comes until the end, and how it ended where that was not well."""
    pieces_read = []
    try:
        while piece := s.recv(1 << 18):
            pieces_read.append(piece)
    except OSError as e:
        pieces_read.append(b"<%s>" % type(e).__name__.encode())
    return b"".join(pieces_read)


def more(s):
    """What comes next; the end of the stream is an error here."""
    piece = s.recv(65536)
    if not piece:
        raise ConnectionError("closed")
    return piece


def read_head(s, left=b""):
    """(head, what came behind it); the head is empty at the end of the stream."""
    while b"\r\n\r\n" not in left:
        piece = s.recv(65536)
        if not piece:
            return b"", b""
        left += piece
    at = left.index(b"\r\n\r\n") + 4
    return left[:at], left[at:]


def echo(s, _):
    """Answers each request with its first line; no bodies."""
    head, left = read_head(s)
    while head:
        line = head.partition(b"\r\n")[0]
        s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(line), line))
        head, left = read_head(s, left)


def read_answer(s):
    """One whole answer with a Content-Length."""
    head, left = read_head(s)
    length = int((re.search(rb"(?i)content-length: *(\d+)", head) or [0, 0])[1])
    while head and len(left) < length:
        left += more(s)
    return head + left


def exchange(port, request, seconds=5, receive_bytes=0):
    with connect(port, seconds, receive_bytes) as s:
        s.sendall(request)
        return drain(s)


class Halb:
    """One halb of a case; finish() looks whether it is idle and ends it."""

    def __init__(self, lab, name, config, *options, server=0, **settings):
        values = {"threads": 1, "maxconn": "2000", "hard": "30s", "fe": "", "be": "", "options": "", "server": server, **settings}
        self.lab, self.name = lab, name
        self.proxy = lab.proxy(config % values, *options, name=name.replace(" ", "_"))
        self.port, self.pid = self.proxy.port, self.proxy.process.pid

    def check(self, what, good, detail=""):
        self.lab.check("%s: %s" % (self.name, what), good, detail if isinstance(detail, str) else repr(detail)[:2000])

    def busy(self):
        """What is counted although nobody is there."""
        rows = [(*key, column, row[column]) for key, row in self.proxy.stat().items() for column in ("scur", "qcur")
                if row[column] not in ("", "0")]
        now = re.search(r"CurrConns: (\d+)", self.proxy.command("show info")).group(1)
        return rows + ([("CurrConns", now)] if now != "0" else [])

    def descriptors(self):
        return len(os.listdir("/proc/%d/fd" % self.pid))

    def resident_kb(self):
        return int(re.search(r"VmRSS:\s+(\d+)", read("/proc/%d/status" % self.pid)).group(1))

    def stop(self, number=signal.SIGTERM, seconds=15):
        self.proxy.process.kill(number)
        code = self.proxy.process.wait(seconds)
        said = self.proxy.process.said()
        bad = re.search(r"Sanitizer|runtime error|CHECK failed", said)
        self.check("ends well", code in (0, 128 + signal.SIGTERM) and not bad, "status %s\n%s" % (code, said[-5000:]))

    def finish(self):
        if self.proxy.process.running():
            self.check("idle again", until(15, lambda: not self.busy(), 0.05), self.busy())
        self.stop()


@case
def pieces(lab):
    def talk(s, _):
        while read_head(s)[0]:
            for at in range(0, len(OK), 5):
                s.sendall(OK[at:at + 5])
                time.sleep(0.002)
    halb = Halb(lab, "pieces", ONE, server=Server(talk).port)
    request = get("/abc", "Foo: bar", "X-Y: z")
    for step in (1, 3, 20):
        with connect(halb.port) as s:
            for at in range(0, len(request), step):
                s.sendall(request[at:at + step])
                time.sleep(0.002)
            answer = drain(s)
        halb.check("heads in pieces of %d and 5 bytes" % step, status(answer) == 200 and answer.endswith(b"ok"), answer)
    halb.finish()


@case
def interims(lab):
    hint = b"HTTP/1.1 103 Early Hints\r\nLink: " + b"x" * 12000 + b"\r\n\r\n"

    def talk(s, _):
        count, end = re.match(rb"GET /(\d+)/(\w+)", read_head(s)[0]).groups()
        for _ in range(int(count)):
            s.sendall(hint)
        time.sleep(0.2)
        if end == b"ok":
            s.sendall(OK)
    halb = Halb(lab, "interim answers", ONE, server=Server(talk).port)
    for path, wanted in (("/95/ok", (b"200",)), ("/95/dies", (b"103", b"502")), ("/1000/ok", (b"103", b"502"))):
        with connect(halb.port, 5, 2048) as s:
            s.sendall(get(path))
            time.sleep(0.5)  # a client that does not read yet
            answer = drain(s)
        last = answer.rpartition(b"HTTP/1.1 ")[2][:3]
        halb.check("flood of " + path, last in wanted, answer[-60:])
    halb.check("do not pile up", halb.resident_kb() < 300000, halb.resident_kb())
    halb.finish()


@case
def early_answers(lab):
    """The server answers an upload that it does not read, and closes."""
    def talk(s, number):
        read_head(s)
        time.sleep(0.03 * (number % 2))
        s.sendall(b"HTTP/1.1 413 Too big\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig")
    halb = Halb(lab, "early answers", ONE, server=Server(talk, 4096).port)
    seen = {}
    for _ in range(20):
        with connect(halb.port) as s:
            with contextlib.suppress(OSError):
                s.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\n")
                for _ in range(40):
                    s.sendall(b"x" * 100000)
            answer = drain(s)
        seen[status(answer)] = seen.get(status(answer), 0) + 1
    halb.check("reach the client", seen == {413: 20}, seen)
    halb.finish()


@case
def stuck_uploads(lab):
    def talk(s, _):
        read_head(s)
        time.sleep(4)
    halb = Halb(lab, "stuck upload", ONE, server=Server(talk, 4096).port, be="timeout server 1s")
    with connect(halb.port, 6) as s:
        def send():
            with contextlib.suppress(OSError):
                while True:
                    s.sendall(b"x" * 100000)
        s.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 300000000\r\n\r\n")
        threading.Thread(target=send, daemon=True).start()
        answer = drain(s)
    halb.check("the server's timeout, not the client's", status(answer) == 504, answer[:60])
    halb.finish()


@case
def slow_clients(lab):
    size = 600000

    def talk(s, _):
        read_head(s)
        s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)
        s.recv(1)
    halb = Halb(lab, "slow client", ONE, server=Server(talk).port, fe="timeout client 1500ms", be="timeout server 20s")
    with connect(halb.port, 5, 4096) as s:
        s.sendall(get())
        got = 0
        with contextlib.suppress(OSError):
            while piece := s.recv(1500 if got < 350000 else 65536):
                got += len(piece)
                if got < 350000:
                    time.sleep(0.02)
    halb.check("gets all while it takes some", got > size, got)
    halb.finish()


@case
def killed(lab):
    def slow(s, _):
        read_head(s)
        s.recv(1)

    def good(s, _):
        read_head(s)
        time.sleep(0.1)
        s.sendall(OK)
    halb = Halb(lab, "killed", ONE + "    server s2 127.0.0.1:%d backup check inter 60s\n" % Server(good).port, server=Server(slow).port,
                be="option redispatch\n    timeout server 20s", options="check inter 60s on-marked-down shutdown-sessions")
    with connect(halb.port) as s:
        s.sendall(get())
        until(5, lambda: halb.proxy.stat()[("be", "s1")]["scur"] == "1")
        halb.proxy.command("set server be/s1 health down")
        answer = drain(s)
    halb.check("the request moves to another server", status(answer) == 200, answer)
    halb.finish()


@case
def trailers(lab):
    def talk(s, _):
        if read_head(s)[0]:
            s.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n" + b"a:\r\n" * 1000 + b"\r\n")
            s.recv(1)
    halb = Halb(lab, "trailers", ONE, server=Server(talk).port)
    answer = exchange(halb.port, b"GET / HTTP/1.1\r\nHost: x\r\nTE: trailers\r\nConnection: TE, close\r\n\r\n", 2)
    halb.check("many short ones are passed on whole", answer.endswith(b"\r\n\r\n") and answer.count(b"a: ") == 1000, answer[-60:])
    answer = exchange(halb.port, b"GET / HTTP/1.0\r\n\r\n", 2)
    halb.check("an HTTP/1.0 client gets neither chunks nor trailers", answer.endswith(b"\r\n\r\nok"), answer[-60:])
    halb.finish()


@case
def descriptors(lab):
    halb = Halb(lab, "descriptors", ONE, server=Server(echo).port, be="retries 0\n    timeout check 5s",
                options="check inter 200ms fall 1 rise 1")
    before = resource.prlimit(halb.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(halb.pid, resource.RLIMIT_NOFILE, (halb.descriptors() + 6, before[1]))
    clients = [connect(halb.port) for _ in range(20)]
    for s in clients:
        s.sendall(get(close=False))
    time.sleep(1)
    for s in clients:
        s.close()
    resource.prlimit(halb.pid, resource.RLIMIT_NOFILE, before)
    time.sleep(0.3)
    halb.check("their want is not the server's fault", halb.proxy.stat()[("be", "s1")]["chkdown"] == "0")
    halb.check("serves again", status(ask(halb.port)) == 200)
    halb.finish()


@case
def limits(lab):
    places = {"process": ("4", "", ""), "frontend": ("2000", "maxconn 4\n    backlog 500", ""), "listener": ("2000", "", "maxconn 4")}
    for where, (process, frontend, listener) in places.items():
        config = ONE.replace("@PORT@", "@PORT@ backlog 500 " + listener)
        halb = Halb(lab, "maxconn of the " + where, config, server=Server(echo).port, threads=4, maxconn=process, fe=frontend)

        def client(number, port=halb.port):
            for _ in range(5):
                with connect(port, 20) as s:
                    s.sendall(get(close=number % 2))
                    good = status(s.recv(1000)) == 200
                    if number % 3 == 0:
                        reset(s)
                if not good:
                    return False
            return True
        with concurrent.futures.ThreadPoolExecutor(30) as pool:
            good = list(pool.map(client, range(30)))
        halb.check("all are served in turn", all(good), good)
        most = int(halb.proxy.stat()[("fe", "FRONTEND")]["smax"])
        halb.check("never exceeded", most <= 4, most)
        with contextlib.ExitStack() as clients:
            for _ in range(6):
                clients.enter_context(connect(halb.port))
            until(10, halb.busy)
            halb.stop()


@case
def shared_limits(lab):
    """A place that one address gives back is another one's to take."""
    other = free_port()
    for where, settings in (("frontend", {"fe": "timeout client 20s\n    maxconn 1\n    bind 127.0.0.1:%d" % other}),
                            ("process", {"maxconn": "1", "fe": "timeout client 20s\n    bind 127.0.0.1:%d" % other})):
        halb = Halb(lab, "shared maxconn of the " + where, ONE, server=Server(echo).port, threads=2, **settings)
        with connect(halb.port) as first:
            first.sendall(get(close=False))
            read_answer(first)
            with connect(other) as second:
                second.sendall(get())
                second.settimeout(0.3)
                halb.check("the second waits", drain(second) == b"<TimeoutError>")
                first.close()
                second.settimeout(10)
                halb.check("... and is served when the first has gone", status(drain(second)) == 200)
        halb.finish()


@case
def queues(lab):
    """Clients leave the queue in every way."""
    def talk(s, _):
        while read_head(s)[0]:
            time.sleep(0.01)
            s.sendall(OK)
    halb = Halb(lab, "queue", ONE, server=Server(talk).port, threads=4, be="option abortonclose\n    timeout queue 20s", options="maxconn 2")

    def client(number):
        rand, seen = random.Random(number), set()
        for _ in range(12):
            with connect(halb.port, 20) as s:
                s.sendall(get(close=False))
                dice = rand.random()
                if dice < 0.5:
                    time.sleep(rand.random() * 0.1)
                    if dice < 0.3:
                        reset(s)
                else:
                    seen.add(status(s.recv(1000)))
        return seen
    with concurrent.futures.ThreadPoolExecutor(30) as pool:
        seen = set().union(*pool.map(client, range(30)))
    halb.check("who stays is served", seen == {200}, seen)
    halb.check("the server's maxconn holds", int(halb.proxy.stat()[("be", "s1")]["smax"]) <= 2)
    halb.finish()


@case
def pipelining(lab):
    halb = Halb(lab, "pipelining", ONE, server=Server(echo).port, fe="timeout client 20s", be="timeout server 20s")
    count, before = 4000, halb.resident_kb()
    flood = b"".join(get("/%d" % i, close=i == count - 1) for i in range(count))
    with connect(halb.port, 20) as s:
        threading.Thread(target=s.sendall, args=(flood,), daemon=True).start()
        time.sleep(0.3)
        answers = drain(s)
    order = re.findall(rb"GET /(\d+) HTTP", answers)
    halb.check("%d requests at once are answered in order" % count, order == [b"%d" % i for i in range(count)], answers[-200:])
    halb.check("... in bounded memory", halb.resident_kb() - before < 30000, halb.resident_kb() - before)
    halb.finish()


@case
def back_pressure(lab):
    block, blocks = os.urandom(1000000), 60
    digest = hashlib.md5(block * blocks).hexdigest().encode()

    def talk(s, _):
        head, left = read_head(s)
        if head.startswith(b"GET"):
            s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(block) * blocks))
            for _ in range(blocks):
                s.sendall(block)
        else:
            time.sleep(0.7)
            got, found = len(left), hashlib.md5(left)
            while got < len(block) * blocks and (piece := s.recv(1 << 20)):
                got += len(piece)
                found.update(piece)
            s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 32\r\n\r\n" + found.hexdigest().encode())
        s.recv(1)
    halb = Halb(lab, "back-pressure", ONE, server=Server(talk, 65536).port, fe="timeout client 20s", be="timeout server 20s")
    before = halb.resident_kb()
    with connect(halb.port, 20, 65536) as s:
        s.sendall(get())
        time.sleep(0.7)
        most = halb.resident_kb()
        found = hashlib.md5(drain(s).partition(b"\r\n\r\n")[2]).hexdigest().encode()
        halb.check("a download that waits for its client comes whole", found == digest)
    with connect(halb.port, 20) as s:
        sender = threading.Thread(target=s.sendall, daemon=True,
                                  args=(b"PUT / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" %
                                        (len(block) * blocks) + block * blocks,))
        sender.start()
        time.sleep(0.5)
        most = max(most, halb.resident_kb())
        halb.check("an upload that waits for its server comes whole", drain(s).endswith(digest))
    halb.check("memory stays bounded", most - before < 20000, most - before)
    halb.finish()


def unchunk(data):
    text = b""
    while data:
        size, _, data = data.partition(b"\r\n")
        text, data = text + data[:int(size, 16)], data[int(size, 16) + 2:]
        if int(size, 16) == 0:
            break
    return text


@case
def replays(lab):
    """The first server dies while the request's body is on its way."""
    bodies = []

    def dies(s, _):
        read_head(s)
        time.sleep(0.04)

    def lives(s, _):
        head, left = read_head(s)
        chunked = b"chunked" in head
        while not (left.endswith(b"0\r\n\r\n") if chunked else len(left) >= 11):
            left += more(s)
        bodies.append(unchunk(left) if chunked else left)
        s.sendall(OK)
    halb = Halb(lab, "replays", ONE + "    server s2 127.0.0.1:%d\n" % Server(lives).port, server=Server(dies).port, be="option redispatch")
    for field, sent in ((b"Content-Length: 11", b"hello world"), (b"Transfer-Encoding: chunked", b"b\r\nhello world\r\n0\r\n\r\n")):
        for cut in (0, 5, len(sent)):
            for _ in range(2):  # one of the two meets the bad server first
                with connect(halb.port) as s:
                    s.sendall(b"PUT / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + field + b"\r\n\r\n" + sent[:cut])
                    time.sleep(0.08)
                    s.sendall(sent[cut:])
                    answer = drain(s)
                if status(answer) != 200 or bodies[-1:] != [b"hello world"]:
                    halb.check("%s, cut at %d" % (field.decode(), cut), False, (answer, bodies[-1:]))
                bodies.clear()
    halb.check("bodies come whole", True)
    halb.finish()


@case
def timeouts(lab):
    def talk(s, _):
        head, _ = read_head(s)
        if head.startswith(b"POST"):
            s.recv(100)
            s.recv(100)
        elif head:
            s.sendall(OK)
            read_head(s)
    halb = Halb(lab, "408", ONE, server=Server(talk).port, fe="timeout http-request 400ms\n    timeout http-keep-alive 300ms\n    timeout client 1s")
    for what, sent in (("silence", b""), ("part of a head", b"GET / HT"),
                       ("part of a body", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc")):
        answer = exchange(halb.port, sent)
        halb.check("for " + what, status(answer) == 408, answer[:60])
    with connect(halb.port) as s:
        s.sendall(get(close=False))
        read_answer(s)
        halb.check("but an idle connection ends without a word", drain(s) == b"")
    with connect(halb.port) as s:
        sent, head = 0, b"GET /" + b"a" * 100
        with contextlib.suppress(OSError):
            for byte in head:
                s.sendall(bytes([byte]))
                sent += 1
                time.sleep(0.03)
        halb.check("a head may not dribble in for ever", sent < len(head))
    halb.finish()


@case
def idle_races(lab):
    def talk(s, number):
        if read_head(s)[0]:
            s.sendall(OK)
            time.sleep(number % 5 * 0.0003)
    halb = Halb(lab, "idle connections that die", ONE, server=Server(talk).port, be="http-reuse always", threads=2)

    def client(_):
        failed = 0
        with connect(halb.port) as s:
            for _ in range(150):
                s.sendall(get(close=False))
                failed += not read_answer(s).endswith(b"ok")
        return failed
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        failed = sum(pool.map(client, range(4)))
    halb.check("no GET fails", failed == 0, failed)
    halb.finish()


@case
def tunnels(lab):
    got = []

    def talk(s, _):
        head, left = read_head(s)
        s.sendall(b"HTTP/1.1 200 OK\r\n\r\n" if head.startswith(b"CONNECT") else
                  b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: foo\r\nConnection: Upgrade\r\n\r\nhello")
        if b"half" in head:
            s.shutdown(socket.SHUT_WR)
        while piece := s.recv(65536):
            left += piece
        got.append(left)
        if b"half" not in head:
            s.sendall(b"%d" % len(left))
    halb = Halb(lab, "tunnels", ONE, server=Server(talk).port, be="timeout tunnel 10s")
    upgrade = b"GET /%s HTTP/1.1\r\nHost: x\r\nUpgrade: foo\r\nConnection: Upgrade\r\n\r\n"
    with connect(halb.port) as s:
        s.sendall(upgrade % b"half")
        halb.check("the server's half ends first", drain(s).endswith(b"hello"))
        s.sendall(b"late")
        s.shutdown(socket.SHUT_WR)
        halb.check("... the client's goes on", until(10, lambda: got == [b"late"]), got)
    for what, request, end in (("Upgrade", upgrade % b"", b"hello1000000"), ("CONNECT", b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", b"\n1000000")):
        with connect(halb.port) as s:
            s.sendall(request + b"x" * 1000000)
            s.shutdown(socket.SHUT_WR)
            answer = drain(s)
        halb.check(what + ": the client's half ends first", answer.endswith(end), answer[-60:])
    with connect(halb.port) as s:
        s.sendall(upgrade % b"")
        read_head(s)
        reset(s)
    halb.finish()


@case
def proxy_headers(lab):
    def talk(s, _):
        data = b""
        while b"\n" not in data and (piece := s.recv(1000)):
            data += piece
        s.sendall(b"got " + data)
    headers = (b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n", b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0f\1\2\3\4\5\6\7\x08\0\1\0\2\4\0\0",
               b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0")
    halves = (("HTTP", ONE.replace("@PORT@", "@PORT@ accept-proxy"), Server(echo).port, get(), b"200 OK"),
              ("TCP", TCP, Server(talk).port, b"hello\n", b"got hello\n"))
    for what, config, server, message, wanted in halves:
        halb, bad = Halb(lab, "accept-proxy in " + what, config, server=server, fe="" if what == "HTTP" else "accept-proxy"), []
        for header in headers:
            for cut in range(1, len(header) + 2):
                with connect(halb.port, 10) as s:
                    s.sendall((header + message)[:cut])
                    time.sleep(0.001)
                    s.sendall((header + message)[cut:])
                    answer = drain(s)
                if wanted not in answer:
                    bad.append((header, cut, answer))
        halb.check("a header cut at every byte", not bad, bad[:5])
        for cut in (0, 5):
            reset_early = connect(halb.port)
            reset_early.sendall(headers[0][:cut])
            reset(reset_early)
        halb.finish()

    def greets(s, _):
        while b"\r\n" not in more(s):
            pass
        s.sendall(b"220 hi\r\n")
        s.recv(1)
    halb, times = Halb(lab, "send-proxy in TCP", TCP, server=Server(greets).port, options="send-proxy"), []
    while min(times, default=1) >= 0.15 and len(times) < 40:  # a busy machine may need more than one try
        begun = time.monotonic()
        with connect(halb.port) as s:
            s.recv(10)
        times.append(time.monotonic() - begun)
    halb.check("the header is not held back for a client that waits for the server", min(times) < 0.15, times)
    halb.finish()


@case
def stops(lab):
    def talk(s, _):
        read_head(s)
        s.recv(1)
    server = Server(talk).port
    for name, first, seconds in (("hard-stop-after", signal.SIGUSR1, 10), ("SIGTERM", signal.SIGTERM, 10)):
        halb = Halb(lab, name, ONE, server=server, threads=4, hard="1s", fe="timeout client 60s", be="timeout server 60s")
        with contextlib.ExitStack() as clients:
            for _ in range(6):
                clients.enter_context(connect(halb.port)).sendall(get())
            until(10, halb.busy)
            halb.stop(first, seconds)


@case
def removed_address(lab):
    other = free_port()
    more = "frontend more\n    bind 127.0.0.1:%d\n    default_backend be\n" % other
    halb = Halb(lab, "removed address", ONE + more, "-W", server=Server(echo).port)
    text = read(halb.proxy.file)
    old = set(family(halb.pid))
    halb.check("is open at first", status(ask(other)) == 200)
    halb.proxy.configure(text.replace(more, ""))
    halb.proxy.process.kill(signal.SIGUSR2)
    until(20, lambda: not (old - {halb.pid}) & set(family(halb.pid)), 0.05)

    def refused():
        try:
            connect(other, 1).close()
        except OSError as e:
            return isinstance(e, ConnectionRefusedError)
        return False
    halb.check("is closed once the old worker has gone", until(10, refused, 0.05))
    halb.check("the other one serves", status(ask(halb.port)) == 200)
    halb.finish()


CHAOS = """
global
    stats socket @SOCKET@ level admin
    nbthread 4
    maxconn 60
defaults
    mode http
    timeout connect 500ms
    timeout client 1s
    timeout server 1s
    timeout queue 300ms
    timeout tunnel 1s
    timeout http-request 1s
    timeout http-keep-alive 500ms
    option redispatch
    option httplog
    log 127.0.0.1:1 local0
    retries 2
frontend f0
    bind 127.0.0.1:@PORT@
    capture request header Host len 20
    capture cookie A len 10
    default_backend b0
listen stats
    bind 127.0.0.1:@STATS@
    stats enable
    stats uri /stats
    stats admin if TRUE
listen tcp
    mode tcp
    option tcplog
    bind 127.0.0.1:@TCP@
    server a 127.0.0.1:@T@ maxconn 4
backend b0
    http-reuse always
    cookie SRV insert indirect nocache
    server s0 127.0.0.1:@S@ cookie a check inter 500ms
    server s1 127.0.0.1:@S@ cookie b check inter 500ms
    server sd 127.0.0.1:@DEAD@ cookie c
listen b1
    bind 127.0.0.1:@B1@ accept-proxy
    http-reuse never
    maxconn 5
    server s0 127.0.0.1:@S@ maxconn 2
    server s1 127.0.0.1:@S@ maxconn 1
listen b2
    bind 127.0.0.1:@B2@ maxconn 3
    option abortonclose
    balance leastconn
    server s0 127.0.0.1:@S@ minconn 1 maxconn 3 maxqueue 2
    fullconn 5
listen b3
    bind 127.0.0.1:@B3@
    http-reuse aggressive
    cookie SRV prefix
    balance uri
    server s0 127.0.0.1:@S@ send-proxy cookie a
    server s1 127.0.0.1:@S@ send-proxy-v2 cookie b
listen b4
    bind 127.0.0.1:@B4@
    cookie SRV rewrite
    option http-server-close
    server s0 127.0.0.1:@S@ cookie u
listen b5
    bind 127.0.0.1:@B5@
    option httpclose
    balance source
    server s0 127.0.0.1:@S@ check observe layer7 inter 300ms on-marked-down shutdown-sessions
    server s1 127.0.0.1:@S@ check observe layer7 inter 300ms on-marked-down shutdown-sessions
listen b6
    bind 127.0.0.1:@B6@
    retry-on all-retryable-errors
    http-reuse always
    balance random
    server s0 127.0.0.1:@S@ pool-max-conn 1
    server s1 127.0.0.1:@S@ max-reuse 2
"""


class ChaosServer:
    """Answers, or not, as the request's path /kN says."""

    def __init__(self, seed):
        self.seed = seed

    def __call__(self, s, number):
        rand, left = random.Random(self.seed + number * 7919), b""
        s.settimeout(8)
        while True:
            head, left = read_head(s, left)
            if head.startswith(b"PROXY"):
                left, head = head.partition(b"\r\n")[2] + left, b"again"
            elif head == b"\r\n\r\n":  # PROXY version 2
                while len(left) < 12 or len(left) < 12 + left[11]:
                    left += more(s)
                left, head = left[12 + left[11]:], b"again"
            if head == b"again":
                continue
            if not head or not self.one(s, rand, head, left):
                return
            left = b""

    def one(self, s, rand, head, left):
        if head.startswith(b"CONNECT") or re.search(rb"(?im)^upgrade: ", head):
            self.tunnel(s, rand, head, left)
            return False
        early = rand.random() < 0.15
        if not early and not self.take_body(s, rand, head, left):
            return False
        kind = int(re.search(rb"/k(\d+)", head).group(1))
        return self.answer(s, rand, kind, head.startswith(b"HEAD")) and not early

    @staticmethod
    def tunnel(s, rand, head, left):
        s.sendall(b"HTTP/1.1 200 OK\r\n\r\n" if head.startswith(b"CONNECT") else
                  b"HTTP/1.1 101 S\r\nUpgrade: foo\r\nConnection: Upgrade\r\n\r\nhello")
        while piece := left or s.recv(65536):
            left = b""
            if rand.random() < 0.05:
                reset(s)
                return
            s.sendall(piece)

    @staticmethod
    def take_body(s, rand, head, left):
        if re.search(rb"(?i)expect: ", head) and rand.random() < 0.8:
            s.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        length = re.search(rb"(?i)content-length: *(\d+)", head)
        chunked = re.search(rb"(?i)transfer-encoding: *chunked", head)
        while len(left) < int(length.group(1)) if length else chunked and not re.search(rb"(^|\r\n)0\r\n([^\r]*\r\n)*\r\n$", left):
            piece = s.recv(65536)
            if not piece:
                return False
            left += piece
        return True

    @staticmethod
    def answer(s, rand, kind, is_head):
        body = rand.randbytes(rand.choice([0, 1, 10, 1000, 20000]))
        head = b"HTTP/1.1 200 OK\r\nSet-Cookie: SRV=abc; path=/\r\nContent-Length: %d\r\n\r\n" % len(body)
        body = b"" if is_head else body
        chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + (b"" if is_head else b"5\r\nhello\r\n0\r\n" +
                                                                           rand.choice([b"", b"X: 1\r\n", b"A:\r\n" * 50]) + b"\r\n")
        text = {1: chunked, 2: b"HTTP/1.1 200 OK\r\n\r\n" + body, 3: b"", 4: b"", 5: head[:rand.randrange(len(head))],
                6: head[:rand.randrange(len(head))], 7: head + body[:len(body) // 2], 8: head + body[:len(body) // 2],
                10: b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" * rand.choice([1, 3, 120]) + head + body,
                11: b"HTTP/1.1 413 no\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno",
                12: b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + (b"" if is_head else b"z" * 1000000),
                14: b"\0\1junk\r\n\r\n", 15: head + body + b"extra", 16: b"HTTP/1.1 204 X\r\n\r\n", 17: b"HTTP/1.1 304 X\r\n\r\n",
                18: b"HTTP/1.1 500 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"}.get(kind, head + body)
        if kind == 13:
            time.sleep(rand.choice([0.2, 1.2]))
        step = 9 if kind == 9 else 1 << 20
        for at in range(0, min(len(text), 40 * step), step):
            s.sendall(text[at:at + step])
        s.sendall(text[40 * step:])
        if kind in (4, 6, 8):
            reset(s)
        return kind not in (2, 3, 4, 5, 6, 7, 8, 11, 14, 18)


def chaos_tcp(s, number):
    rand = random.Random(number)
    if rand.random() < 0.3:
        s.sendall(b"banner")
    while piece := s.recv(65536):
        dice = rand.random()
        if dice < 0.05:
            reset(s)
        if dice < 0.1:
            return
        s.sendall(piece)


class ChaosClient:
    def __init__(self, seed, ports):
        self.rand, self.ports = random.Random(seed), ports

    def request(self):
        rand = self.rand
        method = rand.choice([b"GET"] * 5 + [b"HEAD", b"POST", b"POST", b"PUT", b"DELETE"])
        version = rand.choice([b"1.1"] * 6 + [b"1.0"])
        head = b"%s /k%d?a=b HTTP/%s\r\nHost: h\r\n" % (method, rand.choice([0, 0, 0, *range(19)]), version)
        if rand.random() < 0.3:
            cookie = rand.choice([b"SRV=a", b"SRV=b~x; A=1", b"SRV=c", b"A", b"=; ;;A=\xff\x80\"; SRV", b"SRV=a~"])
            head += b"Cookie: " + cookie + b"\r\n"
        if rand.random() < 0.2:
            head += b"Connection: %s\r\n" % (b"close" if version == b"1.1" else b"keep-alive")
        body = b""
        if method in (b"POST", b"PUT"):
            size = rand.choice([0, 1, 100, 20000, 300000])
            head += b"Expect: 100-continue\r\n" if rand.random() < 0.3 else b""
            if rand.random() < 0.5 or version == b"1.0":
                head, body = head + b"Content-Length: %d\r\n" % size, b"b" * size
            else:
                head += b"Transfer-Encoding: chunked\r\n"
                body = (b"%x\r\n%s\r\n" % (size, b"b" * size) if size else b"") + b"0\r\n" + rand.choice([b"", b"T: 1\r\n"]) + b"\r\n"
        return head + b"\r\n", body

    def message(self):
        """(port, bytes)"""
        rand, dice = self.rand, self.rand.random()
        head, body = self.request()
        if dice < 0.06:
            return self.ports["TCP"], b"q" * rand.choice([0, 1, 100, 100000])
        if dice < 0.10:
            form = rand.choice([b"s=s0&action=ready&b=%234", b"", b"x" * 5000, b"\xff&&==%", b"s=s1&action=drain&b=%234"])
            return self.ports["STATS"], b"POST /stats HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%sGET /stats HTTP/1.1\r\n\r\n" % (len(form), form)
        if dice < 0.20:
            header = rand.choice([b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n", b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\1\2\3\4\5\6\7\x08\0\1\0\2"])
            return self.ports["B1"], header + head + body
        port = self.ports[rand.choice(["PORT", "PORT", "B2", "B3", "B4", "B5", "B6"])]
        dice = rand.random()
        if dice < 0.05:
            return port, rand.randbytes(100)
        if dice < 0.10:
            return port, b"GET /k0 HTTP/1.1\r\nHost: x\r\nUpgrade: foo\r\nConnection: upgrade\r\n\r\n" + b"w" * rand.choice([1, 50000])
        if dice < 0.13:
            return port, b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\nabc"
        if dice < 0.25:
            return port, b"".join(b"".join(self.request()) for _ in range(rand.randrange(2, 20)))
        if dice < 0.35:
            return port, head[:rand.randrange(len(head))]
        return port, head + (body[:len(body) // 2] if dice < 0.45 else body)

    def once(self):
        rand, (port, message) = self.rand, self.message()
        with connect(port, 20, rand.choice([0, 0, 0, 0, 2048])) as s:
            cut = rand.randrange(len(message) + 1) if rand.random() < 0.4 else len(message)
            s.sendall(message[:cut])
            time.sleep(rand.choice([0, 0.001, 0.01]))
            s.sendall(message[cut:])
            dice = rand.random()
            if dice < 0.15:
                reset(s)
            elif dice > 0.25:
                if dice < 0.4:
                    s.shutdown(socket.SHUT_WR)
                s.settimeout(rand.choice([0.05, 0.5, 20]))
                return drain(s).endswith(b"<TimeoutError>") and s.gettimeout() == 20
        return False


@case
def chaos(lab):
    seed = int(os.environ.get("SEED", time.time()))
    ports = {name: free_port() for name in ("STATS", "TCP", "DEAD", "B1", "B2", "B3", "B4", "B5", "B6")}
    values = {"S": Server(ChaosServer(seed)).port, "T": Server(chaos_tcp).port, **ports}
    text = CHAOS
    for name, port in values.items():
        text = text.replace("@%s@" % name, str(port))
    halb = Halb(lab, "chaos with SEED=%d" % seed, text)
    ports["PORT"], end = halb.port, time.monotonic() + float(os.environ.get("CHAOS", "6"))

    def run(number):
        client, stalls = ChaosClient(seed * 1000 + number, ports), 0
        while time.monotonic() < end and halb.proxy.process.running():
            with contextlib.suppress(OSError):
                stalls += client.once()
        return stalls
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        stalls = sum(pool.map(run, range(40)))
    halb.check("nobody waits for ever", stalls == 0, stalls)
    halb.finish()


def main(words):
    with Lab() as lab:
        print("# " + HALB)
        chosen = [c for c in CASES if c.__name__ in words or not words]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(lab.attempt, [c for c in chosen if c not in (chaos, back_pressure)]))
        for last in (back_pressure, chaos):
            if last in chosen:
                lab.attempt(last)
    return lab.status()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
