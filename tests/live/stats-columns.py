#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The tables of the runtime API beside those of Debian's haproxy, on the same configuration and after the same traffic; hatop on the socket."""
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab"))
from lab import DEBIAN_HAPROXY, HALB, KeepAlive, ask, body, get, stat_rows, status, until
from live_lab import Lab, free_port

CONFIG = """
global
    stats socket @SOCKET@ level admin
    nbthread 1
    maxconn 1000
defaults
    mode http
    option httplog
    timeout connect 1s
    timeout client 5s
    timeout server 1s
    retries 1
frontend http-in
    bind 127.0.0.1:@PORT@
    default_backend webservers
frontend refused-in
    bind 127.0.0.1:%(refused)d
    default_backend refused
frontend empty-in
    bind 127.0.0.1:%(empty)d
    default_backend empty
backend webservers
    stats enable
    stats uri /stats
    balance roundrobin
    option httpchk
    cookie SRV insert indirect nocache
    server web1 127.0.0.1:%(web1)d maxconn 32 check inter 200ms cookie one
    server web2 127.0.0.1:%(web2)d weight 2 check inter 200ms cookie two
    server spare 127.0.0.1:%(web2)d backup
    server off 127.0.0.1:%(web2)d disabled
    server gone 127.0.0.1:%(closed)d check inter 200ms
backend refused
    server none 127.0.0.1:%(closed)d
backend empty
listen raw
    bind 127.0.0.1:%(raw)d
    mode tcp
    balance leastconn
    server web1 127.0.0.1:%(web1)d
"""

# What must agree after the same traffic; the rest is time, memory or a count of what was going on meanwhile.
SAME = """pxname svname qcur qmax scur slim stot dreq dresp ereq econ eresp wretr wredis status weight act bck qlimit pid iid sid throttle
lbtot tracked type rate_lim check_status check_code hrsp_1xx hrsp_2xx hrsp_3xx hrsp_4xx hrsp_5xx hrsp_other req_tot cli_abrt srv_abrt
comp_in comp_out comp_byp comp_rsp agent_status check_desc check_rise check_fall check_health addr cookie mode algo conn_tot intercepted
dcon dses wrew bin""".split()
# haproxy counts bytes of requests in its own inner form of HTTP, and a keep-alive client's going away as one more request.
HTTP_ASIDE = {"bin"}
ASIDE = {("http-in", "FRONTEND"): {"req_tot"}}
SENT = 21  # requests that http-in sees, one of them bad


def traffic(proxy, ports):
    for path in ["/"] * 9 + ["/missing"] * 3 + ["/?x"]:
        ask(proxy.port, get(path))
    for port in (ports["refused"], ports["refused"], ports["empty"]):
        ask(port)
    ask(proxy.port, get("/", method="HEAD"))
    ask(proxy.port, get("/", method="POST", body=b"x" * 1000))
    ask(proxy.port, get("/", "Cookie: SRV=two"))
    ask(proxy.port, b"GET / HTTP/1.1\r\nbad header\r\n\r\n")
    client = KeepAlive(proxy.port)
    for _ in range(4):
        client.ask()
    client.close()
    ask(ports["raw"])
    until(10, lambda: all(row["scur"] in ("0", "") for row in proxy.stat().values()))


def settled(proxy):
    """The checks have said what they have to say."""
    return until(20, lambda: (proxy.state("webservers", "web1"), proxy.state("webservers", "web2"),
                             proxy.state("webservers", "gone")) == ("UP", "UP", "DOWN") and
                 proxy.stat()[("webservers", "web2")]["check_status"] == "L7OK")


def columns(proxy):
    return proxy.command("show stat").splitlines()[0]


def info_names(proxy):
    return [line.partition(":")[0] for line in proxy.command("show info").splitlines() if ":" in line]


def servers_state(proxy):
    lines = proxy.command("show servers state").splitlines()
    return lines[0:2], [line.split() for line in lines[2:] if line]


def show_columns(lab, halb, haproxy):
    lab.equal("show stat: the columns and their order", columns(halb).split(","), columns(haproxy).split(","))
    page = body(ask(halb.port, get("/stats;csv"))).decode(errors="replace")
    lab.equal("the page's CSV: the same columns", page.partition("\n")[0].split(","), columns(haproxy).split(","))
    lab.equal("show stat: the rows and their order", list(halb.stat()), list(haproxy.stat()))
    lab.equal("the page's CSV: the same rows", list(stat_rows(page)), list(haproxy.stat()))
    ours, theirs = info_names(halb), info_names(haproxy)
    lab.check("show info: the names and their order", ours == theirs,
              "missing: %s\nmore: %s\n%s" % ([n for n in theirs if n not in ours], [n for n in ours if n not in theirs], ours))
    ours, theirs = servers_state(halb), servers_state(haproxy)
    lab.equal("show servers state: version and columns", ours[0], theirs[0])
    stable = [0, 1, 2, 3, 4, 6, 7, 8, 10, 11, 12, 16, 17, 18]  # not: admin and check details in time, seconds since a change
    pick = lambda rows: [[row[i] if i < len(row) else None for i in stable] for row in rows]
    lab.equal("show servers state: what stays", pick(ours[1]), pick(theirs[1]))
    for command in ("show stat json", "show info json"):
        try:
            good = bool(json.loads(halb.command(command)))
        except ValueError:
            good = False
        lab.check("%s is JSON" % command, good, halb.command(command)[:300])
    lab.equal("show info typed: as many lines", len(halb.command("show info typed").splitlines()), len(haproxy.command("show info typed").splitlines()))
    lab.equal("the page's JSON", status(ask(halb.port, get("/stats;json"))), 200)


def show_values(lab, halb, haproxy):
    ours, theirs = halb.stat(), haproxy.stat()
    for key, row in theirs.items():
        found = ours.get(key, {})
        differ = ["%s: %r, haproxy %r" % (name, found.get(name), row[name]) for name in SAME
                  if found.get(name) != row[name] and name not in ASIDE.get(key, ()) and
                  not (name in HTTP_ASIDE and row["mode"] != "tcp" and key[0] != "raw") and
                  not (name == "addr" and re.sub(r":\d+$", "", found.get(name) or "") == re.sub(r":\d+$", "", row[name]))]
        lab.check("values of %s/%s" % key, not differ, "\n".join(differ))
    row = ours.get(("http-in", "FRONTEND"), {})
    lab.check("req_tot of http-in", row.get("req_tot") in (str(SENT), str(SENT + 1)), row.get("req_tot"))


def watch_hatop(path, seconds=30, wanted=()):
    """What hatop draws until all wanted words are seen, its exit status after `q`."""
    pid, fd = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm"
        os.execvp("hatop", ["hatop", "-s", path, "-i", "1"])
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 160, 0, 0))
    screen, end, quit_sent = b"", time.monotonic() + seconds, False
    while time.monotonic() < end:
        if select.select([fd], [], [], 0.1)[0]:
            try:
                piece = os.read(fd, 65536)
            except OSError:
                break
            if not piece:
                break
            screen += piece
        if not quit_sent and (all(word in screen for word in wanted) or end - time.monotonic() < 3):
            os.write(fd, b"q")
            quit_sent = True
    else:
        os.kill(pid, signal.SIGKILL)
    _, code = os.waitpid(pid, 0)
    os.close(fd)
    return screen, os.waitstatus_to_exitcode(code)


def show_hatop(lab, halb):
    screen, code = watch_hatop(halb.socket, wanted=(b"web1", b"web2"))
    text = re.sub(r"\x1b\[[\d;?]*[A-Za-z]|\x1b[()][AB0]", " ", screen.decode(errors="replace"))
    lab.check("hatop shows both servers", "web1" in text and "web2" in text, text[-3000:])
    lab.check("hatop ends well", code == 0 and not re.search(r"[Ee]rror|Traceback", text), "%s\n%s" % (code, text[-3000:]))


def main():
    with Lab() as lab:
        webs = {name: lab.web(name) for name in ("web1", "web2")}
        ports = {name: web.port for name, web in webs.items()}
        ports["closed"] = free_port()
        sides = []
        for name, program in (("halb", HALB), ("haproxy", DEBIAN_HAPROXY)):
            own = {frontend: free_port() for frontend in ("raw", "refused", "empty")}
            sides.append((lab.proxy(CONFIG % {**ports, **own}, name=name, program=program), own))
        for side, own in sides:
            lab.check("%s: the checks agree with the truth" % side.process.name, settled(side), side.command("show stat"))
            traffic(side, own)
        sides = [side for side, _ in sides]
        show_values(lab, *sides)
        show_columns(lab, *sides)
        show_hatop(lab, sides[0])
        lab.check("halb still runs", sides[0].process.running(), sides[0].process.said())
    sys.exit(lab.status())


if __name__ == "__main__":
    main()
