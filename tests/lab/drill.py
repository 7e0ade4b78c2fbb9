#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The drill: web servers lost in every way while clients go on asking, in network namespaces of its own.

The classic haproxy.cfg, unmodified, on lb (192.168.50.10), real Apaches on web1 (.21) and web2 (.22), the probe on client (.100):
200 new requests a second, 10 connections kept alive, 6 long downloads. No request that may be repeated may fail; a download from
the server that dies is lost, and only counted. Needs no root where user namespaces are allowed; else it is skipped.
"""
import os
import re
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab"))
from lab import HALB, ROOT, Lab, Web, probe_counts, stat_rows, until

NODES = {"lb": "192.168.50.10", "web1": "192.168.50.21", "web2": "192.168.50.22", "client": "192.168.50.100"}
ENTERED = "HALB_DRILL_ENTERED"
INTER_RISE = 2 * 2  # seconds: the classic file leaves them at haproxy's defaults
BAR = "%-34s %9s %7s %9s %7s %8s %7s %7s %s"


def enter():
    """Runs this program again in namespaces that it may do anything in; exits with 77 where that is forbidden."""
    if os.environ.get(ENTERED):
        return
    unshare = ["unshare", "--net"]
    if os.geteuid() != 0:
        unshare += ["--user", "--map-current-user", "--keep-caps"]
    tried = subprocess.run([*unshare, "ip", "link", "set", "lo", "up"], capture_output=True, text=True, check=False)
    if tried.returncode:
        print("ok drill # SKIP no network namespaces here: " + tried.stderr.strip())
        sys.exit(77)
    os.environ[ENTERED] = "1"
    os.execvp(unshare[0], [*unshare, sys.executable, *sys.argv])


def ip(*words, prefix=()):
    subprocess.run([*prefix, "ip", *words], check=True)


class Net:
    """A switch in our own namespace, and a namespace with one interface for each node."""

    def __init__(self, lab):
        self.prefixes = {}
        ip("link", "add", "switch", "type", "bridge")
        ip("link", "set", "switch", "up")
        for name, address in NODES.items():
            holder = lab.process("node-" + name, ["unshare", "--net", "sleep", "1000"])
            own = os.readlink("/proc/self/ns/net")
            until(5, lambda: os.readlink("/proc/%d/ns/net" % holder.pid) != own)
            prefix = self.prefixes[name] = ["nsenter", "--net=/proc/%d/ns/net" % holder.pid, "--"]
            ip("link", "add", "to-" + name, "type", "veth", "peer", "name", "eth1", "netns", str(holder.pid))
            ip("link", "set", "to-" + name, "master", "switch", "up")
            ip("link", "set", "lo", "up", prefix=prefix)
            ip("addr", "add", address + "/24", "dev", "eth1", prefix=prefix)
            ip("link", "set", "eth1", "up", prefix=prefix)
            for buffers in ("tcp_rmem", "tcp_wmem"):  # small ones, so that a broken download shows soon; where that is forbidden, later
                subprocess.run([*prefix, "sh", "-c", "echo 4096 65536 262144 >/proc/sys/net/ipv4/" + buffers], check=False,
                               stderr=subprocess.DEVNULL)

    def cable(self, name, state):
        ip("link", "set", "to-" + name, state)


class Drill:
    def __init__(self, lab):
        self.lab, self.net = lab, Net(lab)
        self.client, self.rows = self.net.prefixes["client"], []
        self.webs = {}
        for name in ("web1", "web2"):
            self.webs[name] = Web(lab, name, NODES[name], 80, self.net.prefixes[name])
            self.webs[name].file("big", 64000000)
            self.webs[name].start()
        config = os.path.join(ROOT, "examples/haproxy.cfg")
        self.halb = lab.process("halb", [*self.net.prefixes["lb"], HALB, "-db", "-f", config])
        self.probe_program = lab.probe()

    def curl(self, *words):
        done = subprocess.run([*self.client, "curl", "-sm2", *words], capture_output=True, text=True, check=False)
        return done.stdout

    def states(self):
        rows = stat_rows(self.curl("-u", "admin:admin", "http://192.168.50.10/haproxy?stats;csv"))
        return {name: row["status"].split()[0] for (proxy, name), row in rows.items() if proxy == "webservers" and name.startswith("web")}

    def both(self, state, seconds):
        return until(seconds, lambda: self.states() == {"web1": state, "web2": state}, 0.1)

    def alternation(self):
        self.both("UP", 15)
        loop = "for i in $(seq 100); do curl -sm2 http://192.168.50.10/; done"
        done = subprocess.run([*self.client, "sh", "-c", loop], capture_output=True, text=True, check=False)
        served = re.findall(r"<h1>(web\d)</h1>", done.stdout)
        self.lab.check("100 requests alternate strictly", len(served) == 100 and all(a != b for a, b in zip(served, served[1:])),
                       " ".join(served))

    def case(self, name, fault, seconds, mend):
        """A fault two seconds after the load began; then things are mended, and both servers serve again."""
        lab = self.lab
        if not lab.check("%s: before, both servers are UP" % name, self.both("UP", 15), self.states()):
            return
        load = lab.process("load", [*self.client, self.probe_program, NODES["lb"], "80", str(seconds), "200", "10", "6", "/big"])
        time.sleep(2)
        fault()
        down = time.monotonic()
        down_after = until(seconds - 3, lambda: self.states().get("web1", "").startswith("DOWN"), 0.2) and time.monotonic() - down
        load.wait(seconds + 10)
        said = load.said()
        os.unlink(load.log)
        counts = probe_counts(said)
        short, kept, streams = (counts.get(kind, {}) for kind in ("short", "keepalive", "streams"))
        self.rows.append((name, short.get(""), short.get("failed"), kept.get(""), kept.get("failed"), streams.get(""), streams.get("broken"),
                          counts.get("gap_ms", {}).get(""), "%.1f s" % down_after if down_after else "not yet"))
        enough = short.get("", 0) > 150 * (seconds - 3) and kept.get("", 0) > 100 * (seconds - 3)
        complaints = [line for line in said.splitlines() if re.match(r"\d+ (short|keepalive)", line)]
        lab.check("%s: 0 failed requests" % name, enough and short.get("failed") == 0 and kept.get("failed") == 0,
                  "\n".join(complaints[:10] + said.splitlines()[-4:]))
        mend()

    def both_down(self):
        lab = self.lab
        lab.check("both UP", self.both("UP", 15), self.states())
        for web in self.webs.values():
            web.stop()
        answer = self.curl("-i", "http://192.168.50.10/")
        lab.check("both stopped: 503 at once, with the classic body", " 503 " in answer and
                  "No server is available to handle this request." in answer, answer)
        lab.check("both are DOWN", self.both("DOWN", 15), self.states())
        answer = self.curl("-i", "http://192.168.50.10/")
        lab.check("both DOWN: 503", " 503 " in answer, answer)
        for web in self.webs.values():
            web.start()
        begin = time.monotonic()
        back = until(INTER_RISE + 5, lambda: "Hi sir" in self.curl("http://192.168.50.10/"), 0.02) and time.monotonic() - begin
        lab.check("back within inter x rise + 1 s", back and back <= INTER_RISE + 1, back)
        print("# back %.2f s after Apache's start (inter x rise = %d s)" % (back or -1, INTER_RISE))
        lab.check("both serve again", self.both("UP", INTER_RISE + 3), self.states())

    def table(self):
        heads = ("case", "short", "failed", "keepalive", "failed", "streams", "broken", "gap ms", "DOWN after")
        for row in (heads, *self.rows):
            print("# " + BAR % tuple("-" if cell is None else cell for cell in row))


def main():
    enter()
    with Lab() as lab:
        drill = Drill(lab)
        web1 = drill.webs["web1"]
        drill.alternation()
        drill.case("web1: apachectl stop", web1.stop, 9, web1.start)
        drill.case("web1: SIGKILL of all", web1.kill, 9, web1.start)
        drill.case("web1: SIGSTOP of all", web1.freeze, 16, web1.thaw)
        drill.case("web1: cable cut", lambda: drill.net.cable("web1", "down"), 16, lambda: drill.net.cable("web1", "up"))
        drill.both_down()
        lab.check("halb still runs", drill.halb.running(), drill.halb.said()[-2000:])
        drill.table()
        if lab.failed:
            print("".join("# halb: %s\n" % line for line in drill.halb.said().splitlines()[-40:]))
    sys.exit(lab.status())


if __name__ == "__main__":
    main()
