#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The same traffic through halb and through Debian's haproxy: their httplog and tcplog lines, field by field.

Aside stands what differs by nature: the time, ports, pids, how long things took (but not whether a timer is -1), the bytes of
pages that each program writes in its own words, and in HTTP the few bytes by which haproxy's inner form of a head is shorter
than the head that was sent.
"""
import contextlib
import os
import re
import socket
import struct
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab"))
from lab import DEBIAN_HAPROXY, HALB, KeepAlive, Syslog, ask, get, until
from live_lab import Lab, free_port

CONFIG = """
global
    log 127.0.0.1:%(log)d local0
    stats socket @SOCKET@ level admin
defaults
    log global
    mode http
    option httplog
    option dontlognull
    retries 1
    timeout connect 1s
    timeout client 2s
    timeout server 800ms
    timeout http-request 600ms
%(frontends)sbackend apache
    option forwardfor
    server web1 127.0.0.1:%(web)d
backend refused
    server none 127.0.0.1:%(closed)d
backend silent
    server silent 127.0.0.1:%(silent)d
backend patient
    timeout server 5s
    server silent 127.0.0.1:%(silent)d
backend aborts
    option abortonclose
    server silent 127.0.0.1:%(silent)d
backend closing
    server closing 127.0.0.1:%(closing)d
backend garbage
    server garbage 127.0.0.1:%(garbage)d
backend empty
backend cookies
    cookie SRV insert indirect nocache
    server web1 127.0.0.1:%(web)d cookie one
backend stats
    stats enable
    stats uri /stats
backend tcp-apache
    mode tcp
    server web1 127.0.0.1:%(web)d
backend tcp-refused
    mode tcp
    server none 127.0.0.1:%(closed)d
backend tcp-silent
    mode tcp
    server silent 127.0.0.1:%(silent)d
"""

CAPTURES = """
    capture request header User-Agent len 12
    capture request header X-Two len 8
    capture response header Server len 6"""
TCP = """
    mode tcp
    option tcplog"""
# Frontends: the backend of each, and what else it says.
FRONTENDS = {"web": ("apache", CAPTURES), "plain": ("apache", ""), "asap": ("apache", "\n    option logasap"),
             "moved": ("apache", "\n    redirect location http://lab/there"),
             "refused": ("refused", CAPTURES), "silent": ("silent", ""), "closing": ("closing", ""), "garbage": ("garbage", ""),
             "upload": ("patient", "\n    timeout client 400ms"), "aborts": ("aborts", ""),
             "empty": ("empty", CAPTURES), "cookies": ("cookies", ""), "stats": ("stats", ""),
             "tcp": ("tcp-apache", TCP), "tcp-refused": ("tcp-refused", TCP), "tcp-silent": ("tcp-silent", TCP)}


def frontends(ports):
    return "".join("frontend %s\n    bind 127.0.0.1:%s%s\n    default_backend %s\n" % (name, ports[name], more, backend)
                   for name, (backend, more) in FRONTENDS.items())


HTTP_LINE = re.compile(
    r"<(?P<priority>\d+)>\w{3} [ \d]\d \S+ (?P<tag>[^\[]+)\[\d+\]: (?P<client>[\d.]+):\d+ \[(?P<date>[^]]+)\] (?P<frontend>\S+) "
    r"(?P<backend>[^/ ]+)/(?P<server>\S+) (?P<timers>[-+\d/]+) (?P<status>-?\d+) (?P<bytes>\+?\d+) (?P<request_cookie>\S+) (?P<response_cookie>\S+) "
    r"(?P<end>\S{4}) (?P<connections>[\d/+]+) (?P<queues>\d+/\d+) (?P<captures>(?:\{.*\} )*)\"(?P<request>.*)\"$")
TCP_LINE = re.compile(
    r"<(?P<priority>\d+)>\w{3} [ \d]\d \S+ (?P<tag>[^\[]+)\[\d+\]: (?P<client>[\d.]+):\d+ \[(?P<date>[^]]+)\] (?P<frontend>\S+) "
    r"(?P<backend>[^/ ]+)/(?P<server>\S+) (?P<timers>[-+\d/]+) (?P<bytes>\+?\d+) (?P<end>\S\S) (?P<connections>[\d/+]+) (?P<queues>\d+/\d+)$")


class Rude(threading.Thread):
    """A server that takes connections and does one odd thing: nothing at all, closing after the request, or garbage."""

    def __init__(self, what):
        super().__init__(daemon=True)
        self.what = what
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.held = []
        self.start()

    def run(self):
        while True:
            s, _ = self.socket.accept()
            self.held.append(s)
            if self.what == "silent":
                continue
            with contextlib.suppress(OSError):
                s.recv(4096)
                if self.what == "garbage":
                    s.sendall(b"what is this\r\n\r\n")
            s.close()


def cut(s):
    """Ends a connection with a reset."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


class Side:
    """One of the two programs, its ports and its log."""

    def __init__(self, lab, name, program, servers):
        self.syslog = Syslog()
        self.ports = {name: free_port() for name in FRONTENDS}
        text = CONFIG % {**servers, "frontends": frontends({**self.ports, "web": "@PORT@"}), "log": self.syslog.port}
        self.proxy = lab.proxy(text, name=name, program=program)
        self.ports["web"] = self.proxy.port
        until(2, lambda: self.syslog.lines)
        time.sleep(0.1)  # the "Proxy started" lines of haproxy 2.6 are no part of this
        self.seen = len(self.syslog.lines)

    def new_lines(self, expected):
        """The request lines since the last call: so many are waited for, and a moment more for those that should not come."""
        def requests():
            return [line for line in self.syslog.lines[self.seen:] if HTTP_LINE.match(line) or TCP_LINE.match(line)]
        until(10, lambda: len(requests()) >= expected)
        if not expected:
            time.sleep(0.3)
        found, self.seen = requests(), len(self.syslog.lines)
        until(10, self.idle)
        return found

    def idle(self):
        return all(row["scur"] in ("0", "") for row in self.proxy.stat().values())

    def connect(self, name="web"):
        return socket.create_connection(("127.0.0.1", self.ports[name]), 10)


def ask_at(name, request):
    def play(side):
        ask(side.ports[name], request)
    return play


def series(side):
    client = KeepAlive(side.ports["plain"])
    for _ in range(5):
        client.ask("/")
    client.close()


def pipelined(side):
    with side.connect("plain") as s:
        s.sendall(get("/one", close=False) + get("/two"))
        while s.recv(65536):
            pass


def send_and(what, request, name="web", place="FRONTEND"):
    """Sends, waits until that has come to its place (the frontend, or the backend's server), then closes, resets, or waits for the end."""
    def play(side):
        s = side.connect(name)
        if request:
            s.sendall(request)
        if what != "read":
            backend = name if place == "FRONTEND" else FRONTENDS[name][0]
            until(10, lambda: side.proxy.stat()[(backend, place)]["scur"] != "0")
            time.sleep(0.1)
        if what == "reset":
            cut(s)
            return
        if what == "read":
            with contextlib.suppress(OSError):
                while s.recv(65536):
                    pass
        s.close()
    return play


def aborted_download(side):
    with side.connect() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.sendall(get("/huge"))
        s.recv(1000)
        cut(s)


TEXT = b"GET / HTTP/1.1\r\nHost: lab\r\n"
# Where halb knows better: haproxy waits for the server of a client that has gone, or that never sends the rest, and blames the server.
GONE = {"status": "-1", "bytes": "0", "end": "CH--"}
SLOW = {"status": "408", "end": "cH--", "bytes": "232"}
# name, lines to come, what the client does, fields not compared (or what halb has there instead)
CASES = (
    ("GET", 1, ask_at("web", get("/", "User-Agent: a-long-agent/1.0")), ()),
    ("GET with two captures", 1, ask_at("web", get("/?a=b", "User-Agent: x", "X-Two: second-value")), ()),
    ("HEAD", 1, ask_at("web", get("/", method="HEAD")), ()),
    ("POST", 1, ask_at("web", get("/", method="POST", body=b"x" * 5000)), ()),
    ("404", 1, ask_at("web", get("/missing")), ()),
    ("HTTP/1.0", 1, ask_at("web", b"GET / HTTP/1.0\r\n\r\n"), ()),
    ("big file", 1, ask_at("web", get("/big")), ()),
    ("keep-alive series", 5, series, ()),
    ("pipelined", 2, pipelined, ()),
    ("odd characters", 1, ask_at("plain", get("/%41?\"q\"&x=<>")), ()),
    ("no server line", 1, ask_at("empty", get("/empty")), ()),
    ("refused server", 1, ask_at("refused", get("/refused")), ()),
    ("server timeout", 1, ask_at("silent", get("/silent")), ()),
    ("server closes", 1, ask_at("closing", get("/closing", method="POST", body=b"once")), ()),
    ("server sends garbage", 1, ask_at("garbage", get("/garbage", method="POST", body=b"once")), ()),
    ("client closes while waiting", 1, send_and("close", get("/", close=False), "aborts", "silent"), GONE),
    ("client resets in the answer", 1, aborted_download, ("bytes",)),
    ("client closes in the head", 1, send_and("close", TEXT), ()),
    ("client timeout in the head", 1, send_and("read", TEXT), ()),
    ("client timeout in the body", 1, send_and("read", b"POST / HTTP/1.1\r\nHost: lab\r\nContent-Length: 100\r\n\r\nx", name="upload"), SLOW),
    ("bad request", 1, send_and("read", TEXT + b"bad header\r\n\r\n"), ()),
    ("no request at all", 0, send_and("close", b""), ()),
    ("silent client", 0, send_and("read", b""), ()),
    ("redirect", 1, ask_at("moved", get("/")), ()),
    ("stats page", 1, ask_at("stats", get("/stats")), ("bytes",)),
    ("stats page, CSV", 1, ask_at("stats", get("/stats;csv")), ("bytes",)),
    ("cookie: none yet", 1, ask_at("cookies", get("/cookies")), ()),
    ("cookie: known", 1, ask_at("cookies", get("/cookies", "Cookie: SRV=one")), ()),
    ("cookie: unknown server", 1, ask_at("cookies", get("/cookies", "Cookie: a=b; SRV=gone")), ()),
    ("logasap", 1, ask_at("asap", get("/big")), ()),
    ("tcp", 1, ask_at("tcp", get("/")), ()),
    ("tcp: refused", 1, send_and("read", b"hello", name="tcp-refused"), ()),
    ("tcp: server timeout", 1, send_and("read", b"hello", name="tcp-silent"), ()),
    ("tcp: client resets", 1, send_and("reset", b"hello", "tcp-silent", "silent"), ()),
    ("tcp: client closes at once", 0, send_and("close", b"", name="tcp"), ()),
)


HEAD_BYTES = 32


def timers(text):
    return "/".join("-1" if t == "-1" else "+n" if t.startswith("+") else "n" for t in text.split("/"))


def fields_of(line, aside):
    match = HTTP_LINE.match(line) or TCP_LINE.match(line)
    fields = match.groupdict()
    fields["timers"] = timers(fields["timers"])
    fields["date"] = re.sub(r"\d", "9", fields["date"])
    for name in aside:
        fields[name] = "aside"
    return fields


def near(a, b):
    if a.startswith("+") and b.startswith("+"):
        return True  # logasap: what had come so far
    return a.startswith("+") == b.startswith("+") and abs(int(a) - int(b)) <= HEAD_BYTES


def compare(lab, name, ours, theirs, aside):
    ours = [fields_of(line, () if isinstance(aside, dict) else aside) for line in ours]
    theirs = [{**fields_of(line, aside), **(aside if isinstance(aside, dict) else {})} for line in theirs]
    differences = ["%d line(s), haproxy writes %d" % (len(ours), len(theirs))] if len(ours) != len(theirs) else []
    for a, b in zip(ours, theirs):
        differences += ["%s: %r, haproxy %r" % (key, a.get(key), b.get(key)) for key in {**b, **a}
                        if a.get(key) != b.get(key) and not (key == "bytes" and "status" in b and near(a[key], b[key]))]
    return not differences, "\n".join(differences)


def main():
    only = sys.argv[1:]
    with Lab() as lab:
        web = lab.web("web1")
        web.file("big", 1000000)
        web.file("huge", 64000000)
        rude = {what: Rude(what) for what in ("silent", "closing", "garbage")}
        servers = {"web": web.port, "closed": free_port(), **{what: server.port for what, server in rude.items()}}
        sides = [Side(lab, "halb", HALB, servers), Side(lab, "haproxy", DEBIAN_HAPROXY, servers)]
        for name, expected, play, aside in CASES:
            if only and name not in only:
                continue
            lines = []
            for side in sides:
                play(side)
                lines.append(side.new_lines(expected))
            same, differences = compare(lab, name, *lines, aside)
            lab.check(name, same and len(lines[1]) == expected,
                      "\n".join([differences or "haproxy's lines are not as expected", "halb:", *lines[0], "haproxy:", *lines[1]]))
        lab.check("halb still runs", sides[0].proxy.process.running(), sides[0].proxy.process.said())
    sys.exit(lab.status())


if __name__ == "__main__":
    main()
