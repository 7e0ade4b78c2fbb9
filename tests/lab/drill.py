#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The drill: web servers lost in every way while clients go on asking, in network namespaces of its own.

The classic haproxy.cfg, unmodified, on lb (192.168.50.10), real Apaches on web1 (.21) and web2 (.22), the probe on client (.100):
200 new requests a second, 10 connections kept alive, 6 long downloads. No request that may be repeated may fail; a download from
the server that dies is lost, and only counted. Needs no root where user namespaces are allowed; else it is skipped.
"""
import os
import re
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab"))
from lab import HALB, ROOT, Lab, probe_counts, stat_rows, until
from net import Net, enter

NODES = {"lb": "192.168.50.10", "web1": "192.168.50.21", "web2": "192.168.50.22", "client": "192.168.50.100"}
INTER_RISE = 2 * 2  # seconds: the classic file leaves them at haproxy's defaults
BAR = "%-34s %9s %7s %9s %7s %8s %7s %7s %s"


class Drill:
    def __init__(self, lab, net):
        self.lab, self.net, self.rows = lab, net, []
        nodes = {name: net.node(name, {"eth1": address + "/24"}) for name, address in NODES.items()}
        self.client, self.curl = nodes["client"], nodes["client"].curl
        self.webs = {name: nodes[name].web(name, NODES[name]) for name in ("web1", "web2")}
        self.halb = nodes["lb"].process("halb", [HALB, "-db", "-f", os.path.join(ROOT, "examples/haproxy.cfg")])
        self.probe_program = lab.probe()

    def states(self):
        rows = stat_rows(self.curl("-u", "admin:admin", "http://192.168.50.10/haproxy?stats;csv"))
        return {name: row["status"].split()[0] for (proxy, name), row in rows.items() if proxy == "webservers" and name.startswith("web")}

    def both(self, state, seconds):
        return until(seconds, lambda: self.states() == {"web1": state, "web2": state}, 0.1)

    def alternation(self):
        self.both("UP", 15)
        loop = "for i in $(seq 100); do curl -sm2 http://192.168.50.10/; done"
        served = re.findall(r"<h1>(web\d)</h1>", self.client.run("sh", "-c", loop))
        self.lab.check("100 requests alternate strictly", len(served) == 100 and all(a != b for a, b in zip(served, served[1:])),
                       " ".join(served))

    def case(self, name, fault, seconds, mend):
        """A fault two seconds after the load began; then things are mended, and both servers serve again."""
        lab = self.lab
        if not lab.check("%s: before, both servers are UP" % name, self.both("UP", 15), self.states()):
            return
        load = self.client.process("load", [self.probe_program, NODES["lb"], "80", str(seconds), "200", "10", "6", "/big"])
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
        complaints = [line for line in said.splitlines() if re.match(r"\d+ (short|keepalive) ", line)]
        lab.check("%s: 0 failed requests" % name, enough and short.get("failed") == 0 and kept.get("failed") == 0,
                  "\n".join(complaints[:10] + said.splitlines()[-4:]))
        mend()

    def both_down(self):
        lab = self.lab
        lab.check("both UP", self.both("UP", 15), self.states())
        for web in self.webs.values():
            web.stop()
        answer = self.curl("-im5", "http://192.168.50.10/")  # up to three retries with a second between, if one was known to be DOWN
        lab.check("both stopped: 503, with the classic body", " 503 " in answer and
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
    enter("drill")
    with Lab() as lab, Net(lab) as net:
        drill = Drill(lab, net)
        web1 = drill.webs["web1"]
        drill.alternation()
        drill.case("web1: apachectl stop", web1.stop, 9, web1.start)
        drill.case("web1: SIGKILL of all", web1.kill, 9, web1.start)
        drill.case("web1: SIGSTOP of all", web1.freeze, 16, web1.thaw)
        drill.case("web1: cable cut", lambda: net.nodes["web1"].cable("down"), 16, lambda: net.nodes["web1"].cable("up"))
        drill.both_down()
        lab.check("halb still runs", drill.halb.running(), drill.halb.said()[-2000:])
        drill.table()
        if lab.failed:
            print("".join("# halb: %s\n" % line for line in drill.halb.said().splitlines()[-40:]))
    sys.exit(lab.status())


if __name__ == "__main__":
    main()
