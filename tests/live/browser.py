#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The stats page in headless Chromium: a server lost and found. Pictures for people's eyes, also of a phone and in the dark, go to
$PICTURES, or else to $TMPDIR."""
import html
import os
import re
import shutil
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab"))
from lab import ask, get, status, until
from live_lab import Lab, free_port

CONFIG = """
global
    stats socket @SOCKET@ level admin
    node lab-node
defaults
    mode http
    timeout connect 1s
    timeout client 10s
    timeout server 10s
frontend http-in
    bind 127.0.0.1:@PORT@
    default_backend webservers
backend webservers
    stats enable
    stats uri /haproxy?stats
    stats show-node
    stats show-legends
    balance roundrobin
    option httpchk
    server web1 127.0.0.1:%(web1)d maxconn 32 check inter 300ms
    server web2 127.0.0.1:%(web2)d maxconn 32 check inter 300ms
    server spare3 127.0.0.1:%(web2)d backup
listen raw
    bind 127.0.0.1:%(raw)d
    mode tcp
    server web1 127.0.0.1:%(web1)d
"""

FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --disable-dev-shm-usage --no-first-run --disable-background-networking
--disable-component-update --disable-sync --disable-extensions --disable-default-apps --hide-scrollbars --virtual-time-budget=2000""".split()


def chromium(lab, url, *more):
    """What Chromium prints; it lives in a process group of its own that is ended in any case."""
    program = shutil.which("chromium") or "chromium"
    profile = tempfile.mkdtemp(dir=lab.dir)
    process = lab.process("chromium", [program, *FLAGS, "--user-data-dir=" + profile, *more, url],
                          env={**os.environ, "HOME": profile, "XDG_RUNTIME_DIR": profile})
    before = len(process.said())
    process.wait(40)
    process.end()
    return process.said()[before:] if before else process.said()


def dump(lab, url):
    return chromium(lab, url, "--dump-dom").partition("<html")[2]


def row_of(dom, name):
    """What the page says of a server of webservers: the text from its name to the next one, in the rows that hold states."""
    text = html.unescape(re.sub(r"\s+", " ", re.sub(r"(?is)<(style|script).*?</\1>|<[^>]*>", " ", dom)))
    pieces = re.findall(r"\b%s\b.*?(?=\b(?:web1|web2|spare3|raw|B[Aa][Cc][Kk][Ee][Nn][Dd])\b|$)" % re.escape(name), text)
    return " | ".join(piece for piece in pieces if re.search(r"\b(UP|DOWN)\b", piece))


def look(lab, halb, name, state):
    """The page shows the state that the runtime API has."""
    until(10, lambda: halb.state("webservers", name).split(" ")[0] == state)
    dom = dump(lab, "http://127.0.0.1:%d/haproxy?stats" % halb.port)
    words = row_of(dom, name)
    lab.check("the page shows %s %s" % (name, state), re.findall(r"\b(UP|DOWN)\b", words)[:1] == [state],
              words or re.sub(r"(?s)<[^>]*>|<style.*</style>", " ", dom)[:1500])
    return dom


def picture(lab, url, name, *flags):
    folder = os.environ.get("PICTURES") or os.environ.get("TMPDIR") or "/tmp"
    path = os.path.join(folder, "halb-stats-%s.png" % name)
    if os.path.exists(path):
        os.unlink(path)
    said = chromium(lab, url, "--screenshot=" + path, *flags)
    lab.check("a picture: " + path, os.path.exists(path) and os.path.getsize(path) > 5000, said)


def main():
    if not shutil.which("chromium"):
        print("ok browser # SKIP no chromium")
        sys.exit(0)
    with Lab() as lab:
        webs = {name: lab.web(name) for name in ("web1", "web2")}
        halb = lab.proxy(CONFIG % {**{name: web.port for name, web in webs.items()}, "raw": free_port()})
        url = "http://127.0.0.1:%d/haproxy?stats" % halb.port
        lab.equal("the page answers", status(ask(halb.port, get("/haproxy?stats"))), 200)
        for _ in range(20):
            ask(halb.port)
        dom = look(lab, halb, "web1", "UP")
        for name in ("http-in", "webservers", "web2", "spare3", "raw", "lab-node"):
            lab.check("the page shows %s" % name, name in dom)
        webs["web1"].stop()
        look(lab, halb, "web1", "DOWN")
        look(lab, halb, "web2", "UP")
        picture(lab, url, "desk", "--window-size=1280,900")
        picture(lab, url, "phone", "--window-size=390,844")
        picture(lab, url, "dark", "--window-size=1280,900", "--blink-settings=preferredColorScheme=0")
        webs["web1"].start()
        look(lab, halb, "web1", "UP")
        lab.check("halb still runs", halb.process.running(), halb.process.said())
    sys.exit(lab.status())


if __name__ == "__main__":
    main()
