#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/migrate.md, command by command, on two Debian 12 machines with haproxy and keepalived, while requests go to the virtual IP:
every command ends well, shows what the document says, and no request is lost. The files are those of examples/."""
import glob
import http.server
import os
import re
import shutil
import sys
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import machine
import package
from machine import Machines, sh
from lab import ROOT, read, until
from package import VIP, Load, check

NFT = "flush ruleset\ntable inet filter {\n chain input {\n  type filter hook input priority 0; policy accept;\n  udp dport 3784 drop\n }\n}\n"
PROMPT = re.compile(r"    (hap[12])# (.*)")


def serve(address, name):
    """A web server that says its name."""
    class Page(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            text = b"<h1>%s</h1>\n" % name.encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)
        do_OPTIONS = do_GET

        def log_message(self, *_):
            pass
    server = http.server.ThreadingHTTPServer((address, 80), Page)
    server.handle_error = lambda *_: None  # a check that has seen enough closes
    threading.Thread(target=server.serve_forever, daemon=True).start()


def steps():
    """(heading, machine, command, what is seen) of the document."""
    heading, found = "", []
    for line in read(ROOT + "/docs/migrate.md").splitlines():
        prompt = PROMPT.match(line)
        if line.startswith("## "):
            heading = line[3:]
        elif prompt:
            found.append((heading, prompt[1], prompt[2], []))
        elif line.startswith("    ") and found:
            found[-1][3].append(line.strip())
    return found


def shows(said, lines):
    """The lines of the document and no others; "..." is anything."""
    pattern = r"\s*".join(".*".join(re.escape(piece) for piece in line.split("...")) for line in lines)
    return not lines or re.fullmatch(pattern, said.strip(), re.S) is not None


def classic(m, number):
    """A machine as the tutorial leaves it."""
    m.run("systemctl", "stop", "haproxy", "keepalived")
    m.run("sysctl", "-w", "net.ipv4.ip_nonlocal_bind=1")
    m.write("/tmp/filter.nft", NFT)
    m.run("nft", "-f", "/tmp/filter.nft")
    shutil.copy(ROOT + "/examples/haproxy.cfg", m.path("/etc/haproxy/haproxy.cfg"))
    shutil.copy(ROOT + "/examples/keepalived.hap%d.conf" % number, m.path("/etc/keepalived/keepalived.conf"))
    shutil.copy(glob.glob(m.machines.dir + "/share/halb_*.deb")[0], m.path("/root/halb_0.1.0_amd64.deb"))
    m.run("systemctl", "enable", "--now", "haproxy", "keepalived")


def do(machines, step):
    heading, name, command, lines = step
    m = machines[name]
    if command.startswith("scp "):  # there is no ssh between them: the file is brought by hand
        shutil.copy(machines["hap2"].path("/etc/keepalived/keepalived.conf"), m.path("/tmp/hap2.conf"))
        return True
    code, said = m.run("sh", "-c", "cd /root && " + command, seconds=90)
    good = code == 0 and shows(said, lines)
    return check("%s: %s# %s" % (heading, name, command), good, "exit status %d, said: %s\n%s" % (code, said, package.journal(m)))


def main():
    tree = machine.base()
    machine.enter()
    folder = package.packages()
    with Machines(tree) as made:
        for deb in glob.glob(folder + "/halb_*.deb"):
            shutil.copy(deb, made.dir + "/share")
        for address, name in (("192.168.50.21", "web1"), ("192.168.50.22", "web2")):
            sh("ip", "addr", "add", address + "/24", "dev", machine.BRIDGE)
            serve(address, name)
        machines = {"hap%d" % n: made.boot("hap%d" % n, "192.168.50.1%d/24" % n) for n in (1, 2)}
        for n in (1, 2):
            classic(machines["hap%d" % n], n)
        if not check("the classic pair serves", until(20, lambda: package.answers(VIP, 80, "/")),
                     machines["hap1"].says("systemctl", "status", "keepalived", "haproxy")):
            sys.exit(1)
        with Load(VIP, 80) as load:
            for step in steps():
                if not do(machines, step):
                    break
        # what is under way in the very moment of a move may be reset (docs/drills.md)
        check("%d requests meanwhile, %d failed" % (load.good + len(load.failures), len(load.failures)),
              load.good > 500 and len(load.failures) <= 2, load.failures)
    sys.exit(package.failed > 0)


if __name__ == "__main__":
    main()
