#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The drills of the pair: two load balancers and the address between them, one fault a run, while clients go on asking.

    pair.py [--lb halb|classic|classic,halb] [--runs N] [--cases d,d2,...] [--markdown]

hap1 (.11), hap2 (.12), web1 (.21), web2 (.22), client (.100) on one switch, VIP 192.168.50.10; the files of examples/ unmodified.
The probe asks the VIP: 200 new requests a second, 10 connections kept alive, 6 long downloads. The kernel's address messages of both
nodes say where the VIP was at which time. "classic" is Debian's haproxy and keepalived: it is measured, never judged; of halb it is
asked what docs/drills.md says. Without arguments: a short run with halb. --markdown writes the table into docs/drills.md.
"""
import argparse
import collections
import os
import platform
import re
import signal
import statistics
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab"))
from lab import HALB, ROOT, Lab, family, probe_counts, read, stat_rows, until, write
from net import Net, Pair, enter

EXAMPLES = os.path.join(ROOT, "examples")
DRILLS = os.path.join(ROOT, "docs/drills.md")
LOAD = ("200", "10", "6", "/big")
BEFORE, AFTER = 2, 1  # seconds of load before the fault; the probe's last second asks nothing new
NOWHERE_MS = 200      # with the VIP nowhere for so long, requests fail
UNDER_WAY_MS = 40
UNDER_WAY = 2         # requests that the short run forgives where the address moves: that they are so few, not that there are none
STILL_MS = 500        # what is on its way when a server is cut off goes on to be read for so long
BOTH_MS = 300         # the VIP on two nodes: 100 ms is the aim, the rest is this machine's noise
REJOINED_MS = 1300    # ... when two masters meet again: until one of them has sent its next advert


class Balancer:
    """What runs on hap1 or hap2."""

    def __init__(self, pair, name):
        self.pair, self.node = pair, pair.net.nodes[name]
        self.conf = os.path.join(EXAMPLES, "keepalived.%s.conf" % name)
        self.proxy_conf = os.path.join(EXAMPLES, "haproxy.cfg")
        self.hurt = True  # must be started anew before the next case

    def wipe(self):
        """Nothing of it is left, neither process nor address."""
        if not self.node.pid:
            self.node.on()
            self.pair.watch.add(self.node)
        self.node.kill_all()
        while Pair.VIP in self.node.addresses():
            self.node.run("ip", "addr", "del", Pair.VIP + "/32", "dev", "eth1")

    def start_again(self):
        self.wipe()
        self.start()
        self.hurt = False

    def servers(self):
        text = self.pair.client.curl("-u", "admin:admin", "http://%s/haproxy?stats;csv" % Pair.ADDRESSES[self.node.name])
        return [row["status"].split()[0] for (_, name), row in stat_rows(text).items() if re.match("web[12]$", name or "")]

    def said(self):
        return "".join("%s: %s\n" % (p.name, line) for p in self.processes() for line in p.said().splitlines()[-25:])


class Classic(Balancer):
    proxy = vrrp = None

    def processes(self):
        return [p for p in (self.proxy, self.vrrp) if p]

    def start(self):
        self.node.sysctl("net/ipv4/ip_nonlocal_bind", 1)
        self.start_proxy()
        self.vrrp = self.node.process("keepalived", ["keepalived", "-n", "-l", "-D", "-f", self.conf])

    def start_proxy(self):
        self.proxy = self.node.process("haproxy", ["haproxy", "-db", "-f", self.proxy_conf])

    def stop_proxy(self):
        self.proxy.kill(signal.SIGTERM)

    def soft_stop(self):
        self.proxy.kill(signal.SIGUSR1)

    def kill_proxy(self):
        self.proxy.kill(signal.SIGKILL)

    def freeze_proxy(self):
        self.proxy.kill(signal.SIGSTOP)

    def stop_vrrp(self):
        self.vrrp.kill(signal.SIGTERM)

    def kill_vrrp(self):
        self.vrrp.kill_family()


class Halb(Balancer):
    halb = None

    def processes(self):
        return [p for p in (self.halb,) if p]

    def start(self):
        self.halb = self.node.process("halb", [HALB, "-db", "-f", self.proxy_conf, "-k", self.conf])

    start_proxy = start

    def said(self):
        return super().said() + (self.node.run("timeout", "2", HALB, "ctl", "show", "vrrp") if self.node.pid else "")

    def workers(self):
        return [p for p in family(self.halb.pid)[1:] if read("/proc/%d/comm" % p) != "halb-watcher\n"]

    def stop_proxy(self):
        self.halb.kill(signal.SIGTERM)

    stop_vrrp = stop_proxy

    def soft_stop(self):
        self.halb.kill(signal.SIGUSR1)

    def kill_proxy(self):
        for pid in self.workers():
            os.kill(pid, signal.SIGKILL)

    def freeze_proxy(self):
        for pid in self.workers():
            os.kill(pid, signal.SIGSTOP)

    def kill_vrrp(self):
        self.halb.kill(signal.SIGKILL)


KINDS = {"classic": Classic, "halb": Halb}


class Window:
    """What happened between two moments of a run; a request belongs to the moment at which it was asked."""

    def __init__(self, begin, end, said, watch):
        self.counts = probe_counts(said)
        self.failures, self.broken, self.outage, self.never = [], {"keepalive": set(), "stream": set()}, 0, False
        for line in said.splitlines():
            gap = re.match(r"gap (\d+) (\d+)( open)?", line)
            failure = re.match(r"(\d+) (short|keepalive|stream) (\d+): (.*) \(asked at (\d+)", line)
            if gap:
                self._gap(int(gap[1]), int(gap[2]), bool(gap[3]), begin * 1000, end * 1000)
            elif failure and failure[2] == "short" and begin * 1000 <= int(failure[5]) < end * 1000:
                self.failures.append((int(failure[5]) - begin * 1000, failure[4]))
            elif failure and failure[2] != "short" and begin * 1000 <= self._moment(failure) < end * 1000:
                self.broken[failure[2]].add(failure[3])
        self.both, self.none = (1000 * seconds for seconds in watch.spans(begin, end))
        self.left, self.moves = watch.holders(), [1000 * (when - begin) for when, _, _ in watch.changes(begin)]

    def under_way(self, failure):
        """It was asked just before the address moved: its packets may have come to the other node, which does not know them."""
        return any(0 <= move - failure[0] < UNDER_WAY_MS for move in self.moves)

    @staticmethod
    def _moment(failure):
        """When a connection broke: a stream that stands still did so a little after its last byte."""
        return int(failure[5]) + STILL_MS if "still" in failure[4] else int(failure[1])

    def _gap(self, ended, length, still, begin, end):
        inside = min(ended, end) - max(ended - length, begin)
        if inside > self.outage:
            self.outage, self.never = inside, still and ended <= end

    def cells(self):
        return {"outage": self.outage, "F": len(self.failures), "KA": len(self.broken["keepalive"]), "ST": len(self.broken["stream"]),
                "both": self.both, "none": self.none}

    def shown(self):
        return "%s, left on %s\n%s" % (" ".join("%s %d" % pair for pair in self.cells().items()), " and ".join(self.left) or "none",
                                       "\n".join("+%d ms %s" % failure for failure in self.failures[:25]))


# A case: its letter (facts), what happens, seconds of load (of the short run), who has the VIP in the end ("one": either), how many
# requests may fail, how to do it. The letters are those of docs/drills.md.
Case = collections.namedtuple("Case", "what seconds short end allowed fault before", defaults=(None,))


def at_once(action):
    """A fault on hap1 with nothing to mend while the load goes on."""
    def fault(drill):
        now = time.monotonic()
        action(drill.balancers["hap1"])
        return [("", now, drill.load_end)]
    return fault


def split(cut, seconds, watched):
    """hap1 is cut off for a time, and what comes after is watched too."""
    def fault(drill):
        now = time.monotonic()
        cut(drill, True)
        time.sleep(seconds)
        cut(drill, False)
        joined = time.monotonic()
        return [("split", now, joined), ("rejoined", joined, joined + watched)]
    return fault


def alone(drill, state):
    drill.pair.hap1.silent(state)


def deaf(drill, state):
    for node in (drill.pair.hap1, drill.pair.hap2):
        node.isolated(state)


CASES = {
    "d": Case("proxy stopped (SIGTERM)", 9, 5, "one", 0, at_once(lambda b: b.stop_proxy())),
    "i2": Case("proxy started again, preempts", 10, 8, "hap1", 0, at_once(lambda b: b.start_proxy()), "proxy_away"),
    "d2": Case("proxy soft-stopped (USR1)", 9, 5, "one", 0, at_once(lambda b: b.soft_stop())),
    "e": Case("proxy killed (SIGKILL)", 9, 5, "one", 0, at_once(lambda b: b.kill_proxy())),
    "f": Case("VRRP stopped (SIGTERM)", 7, 5, "hap2", 0, at_once(lambda b: b.stop_vrrp())),
    "g": Case("VRRP killed (SIGKILL)", 9, 5, "hap2", 0, at_once(lambda b: b.kill_vrrp())),
    "h": Case("hap1 powered off", 8, 5, "hap2", 120, at_once(lambda b: b.node.off())),
    "i": Case("hap1 returns, preempts", 11, 9, "hap1", 0, at_once(lambda b: b.start_again()), "machine_off"),
    "l": Case("cable pulled", 8, 5, "hap2", 120, at_once(lambda b: b.node.cable("down"))),
    "l2": Case("silent split, 4 s", 13, 13, "hap1", 0, split(alone, 4, 5)),
    "l3": Case("long silent split, 30 s", 39, 39, "hap1", 0, split(alone, 30, 5)),
    "l4": Case("only the pair does not hear each other, 4 s", 13, 13, "hap1", 0, split(deaf, 4, 5)),
    "o": Case("proxy frozen (SIGSTOP)", 9, 5, "one", 150, at_once(lambda b: b.freeze_proxy())),
}
SHORT = "d i2 e d2 h i g l l2 o"


class Drill:
    def __init__(self, lab, pair, kind, short):
        self.lab, self.pair, self.kind, self.short, self.rows = lab, pair, kind, short, collections.defaultdict(list)
        self.balancers = {name: KINDS[kind](pair, name) for name in ("hap1", "hap2")}
        self.probe = lab.probe()
        self.load_end, self.last = 0, None

    # ---- before a case
    def holder(self, name, seconds=20):
        return until(seconds, lambda: self.pair.watch.holders() == [name], 0.02)

    def serves(self):
        return "Hi sir" in self.pair.client.curl("http://%s/" % Pair.VIP)

    def ready(self, before):
        """All is well and hap1 has the VIP; or, before some cases, hap1 is away and hap2 has it."""
        two = self.balancers["hap2"]
        one = self.balancers["hap1"]
        if before and self.last == before and one.hurt and self.pair.watch.holders() == ["hap2"]:
            return self.serves()
        for balancer in (two, one):
            if balancer.hurt:
                balancer.start_again()
        good = self.holder("hap1") and until(20, lambda: all(b.servers() == ["UP", "UP"] for b in (one, two)), 0.1)
        if before and good:
            one.hurt = True
            if before == "machine_off":
                self.pair.hap1.off()
            else:
                one.stop_proxy()
            good = self.holder("hap2")
        return good and until(10, self.serves, 0.05) and self.serves() and self.serves()

    # ---- a case
    def run(self, letter):
        lab, case = self.lab, CASES[letter]
        if not self.ready(case.before):
            lab.check("%s %s: all well before" % (self.kind, letter), False, self.state())
            for balancer in self.balancers.values():
                balancer.hurt = True
            self.last = None
            return
        self.balancers["hap1"].hurt = True
        seconds = case.short if self.short else case.seconds
        self.load_end = time.monotonic() + seconds - AFTER
        load = self.pair.client.process("load", [self.probe, Pair.VIP, "80", str(seconds), *LOAD])
        time.sleep(BEFORE)
        windows = case.fault(self)
        load.wait(seconds + 10)
        said = load.said()
        os.unlink(load.log)
        parts = {part: Window(begin, end, said, self.pair.watch) for part, begin, end in windows}
        for part, window in parts.items():
            self.rows[letter, part].append(window)
            print("# %s %s%s: %s" % (self.kind, letter, PARTS[part], window.shown().splitlines()[0]), flush=True)
            if window.none > NOWHERE_MS and not window.failures:  # cannot be: shown whole
                print("".join("# %s\n" % line for line in [repr(window.moves), *said.splitlines()]), flush=True)
        self.judge(letter, case, parts.get("") or parts["rejoined"], BOTH_MS if "" in parts else REJOINED_MS)
        if self.pair.hap1.pid:
            self.pair.hap1.cable("up")
        self.last = {"d": "proxy_away", "h": "machine_off"}.get(letter)

    def judge(self, letter, case, window, both_ms):
        name = "%s %s, %s: " % (self.kind, letter, case.what)
        load = window.counts.get("short", {}).get("", 0)
        if self.kind == "classic":
            self.lab.check(name + "measured", load > 0 and (window.failures or window.none <= NOWHERE_MS), self.state())
            return
        first = 50 if letter == "e" else 0  # what the dead worker had in its hands is lost
        lost = [failure for failure in window.failures if failure[0] >= first or "refused" in failure[1]]
        if self.short:
            forgiven = [failure for failure in lost if window.under_way(failure)][:UNDER_WAY]
            lost = [failure for failure in lost if failure not in forgiven]
        one = len(window.left) == 1 and case.end in ("one", *window.left)
        good = self.lab.check(name + ("no request fails" if not case.allowed else "at most %d requests fail" % case.allowed),
                              load > 0 and len(lost) <= case.allowed, window.shown())
        good &= self.lab.check(name + "the VIP is on two nodes for a moment at most", window.both <= both_ms, window.shown())
        good &= self.lab.check(name + "one node has the VIP", one, window.shown())
        if not good:
            print("".join("# %s\n" % line for line in self.state().splitlines()))

    def state(self):
        return "VIP on: %s\n%s" % (" ".join(self.pair.watch.holders()) or "none", "".join(b.said() for b in self.balancers.values()))

    def end(self):
        for balancer in self.balancers.values():
            balancer.wipe()


COLUMNS = ("outage", "F", "KA", "ST", "both", "none")
PARTS = {"": "", "split": ", while split", "rejoined": ", after rejoining"}


def cell(windows, column):
    """The median (least-most) of the runs."""
    values = sorted(round(w.cells()[column]) for w in windows)
    never = column == "outage" and sum(w.never for w in windows)
    middle = "%d" % statistics.median_low(values)
    text = middle if values[0] == values[-1] else "%s (%d–%d)" % (middle, values[0], values[-1])
    return text + (" never back" if never == len(windows) else ", %d never back" % never if never else "")


def table(drills):
    """Rows of cells, the heads first."""
    yield ("case", "what", "runs", "pair", "outage ms", "F", "KA", "ST", "VIP on two, ms", "VIP on none, ms", "VIP in the end")
    for letter, part in dict.fromkeys(key for drill in drills for key in drill.rows):
        for drill in drills:
            windows = drill.rows[letter, part]
            if windows:
                left = collections.Counter(" and ".join(w.left) or "none" for w in windows)
                yield (letter, CASES[letter].what + PARTS[part], str(len(windows)), drill.kind, *(cell(windows, c) for c in COLUMNS),
                       ", ".join(name if len(left) == 1 else "%s %d times" % (name, times) for name, times in left.items()))


def version(*words):
    text = subprocess.run(words, capture_output=True, text=True, check=False)
    found = (text.stdout + text.stderr).splitlines()
    return re.split(", | - ", found[0])[0].strip() if found else words[0]


def markdown(drills):
    rows = list(table(drills))
    versions = {"halb": lambda: [version(HALB, "-v")], "classic": lambda: [version("haproxy", "-v"), version("keepalived", "-v")]}
    lines = ["%s, %d CPUs, Linux %s. %s. Load average at the end: %.1f." % (
        time.strftime("%d %B %Y", time.gmtime()), os.cpu_count(), platform.release(),
        "; ".join(v for drill in drills for v in versions[drill.kind]()), os.getloadavg()[0]), ""]
    lines += ["| %s |" % " | ".join(rows[0]), "|%s" % ("---|" * len(rows[0]))]
    lines += ["| %s |" % " | ".join(row) for row in rows[1:]]
    before, _, rest = read(DRILLS).partition("<!-- measured by tests/lab/pair.py -->\n")
    write(DRILLS, "%s<!-- measured by tests/lab/pair.py -->\n%s\n<!-- end -->%s" % (before, "\n".join(lines), rest.partition("<!-- end -->")[2]))


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lb", default="halb", help="halb, classic, or classic,halb")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--cases", help="letters with commas between; default: all, and without any argument a short choice")
    parser.add_argument("--markdown", action="store_true", help="write the table into docs/drills.md")
    asked = parser.parse_args()
    asked.short = len(sys.argv) == 1
    asked.cases = SHORT.split() if asked.short else asked.cases.split(",") if asked.cases else list(CASES)
    asked.lb = asked.lb.split(",")
    unknown = (set(asked.cases) - set(CASES)) | (set(asked.lb) - set(KINDS))
    if unknown:
        parser.error("unknown: " + " ".join(sorted(unknown)))
    return asked


def main():
    asked = arguments()
    enter("pair")
    with Lab() as lab, Net(lab) as net:
        pair, drills = Pair(lab, net), []
        for kind in asked.lb:
            drills.append(Drill(lab, pair, kind, asked.short))
        try:
            for drill in drills:
                for _ in range(asked.runs):
                    for letter in asked.cases:
                        drill.run(letter)
                drill.end()
        finally:  # what was measured is not lost
            for row in table(drills):
                print("# %-4s %-46s %3s %-8s %-24s %-14s %-12s %-9s %-18s %-18s %s" % row)
        if asked.markdown:
            markdown(drills)
    sys.exit(lab.status())


if __name__ == "__main__":
    main()
