#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""SIGKILL of halb's processes on the node that holds the virtual IP, while clients go on asking.

    kills.py [--rounds N] [--pairs N] [--orders gk,gkw,...]

guardian, watcher, worker: each alone, and in every order of two and three, with 0, 20 or 300 ms between. The clients of pair.py ask the
address all the time. hap2 must take it; two nodes must not have it for longer than a moment; hap1 must not keep it; no connection may be
refused by a node that can serve. Then halb is started again on hap1, at once or when the address has gone, and the address comes back.
Where guardian and watcher die together nobody is left to remove the address but the kernel, when its lease is over: that takes longer,
and what it takes is printed. Each round gives each order another pause and start; six rounds are all of them.
"""
import argparse
import contextlib
import copy
import dataclasses
import itertools
import os
import re
import signal
import sys
import threading
import time
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab"))
from balancer import Halb
from drills import BOTH_MS, LOAD
from lab import Lab, family, probe_counts, read, until
from net import Net, Pair, enter

PARTS = {"g": "guardian", "w": "watcher", "k": "worker"}
ORDERS = ["".join(order) for n in (1, 2, 3) for order in itertools.permutations(PARTS, n)]
PAUSES_MS = (0, 20, 300)
LEASE_MS = 2500    # the address on two nodes, where only its lease ends it
LEFT_MS = 5000     # then hap1 has it no more
HANDS, HANDS_S = 2, 0.1  # requests that were half done when the address moved: their other half comes to a node that does not know them
TAKEN_MS = 300     # so long after a take-over a client may still ask the old node
START_S = 3        # for which a node keeps the address where no guardian died
LOAD_SECONDS = 3600
ROW = "%-26s %-8s %-6s %9s %9s %9s %9s %8s %5s %6s %5s"
HEADS = ("killed", "pause ms", "start", "taken ms", "left ms", "both ms", "none ms", "back ms", "F", "refused", "KA")


@dataclasses.dataclass(frozen=True)
class Kill:
    order: str
    pause_ms: int
    at_once: bool  # halb is started again at once, as a service manager does

    def __str__(self):
        text = ", ".join(PARTS[part] for part in self.order)
        return "%s%s%s" % (text, ", %d ms between" % self.pause_ms if len(self.order) > 1 else "",
                           ", started at once" if self.at_once and "g" in self.order else "")

    def leaves_to_lease(self):
        """Guardian and watcher die, and no new watcher can have been made by then."""
        return {"g", "w"} <= set(self.order) and not (self.order.index("w") < self.order.index("g") and self.pause_ms >= 300)


def kills(rounds, orders):
    for number in range(rounds):
        for i, order in enumerate(orders):
            yield Kill(order, PAUSES_MS[(i + number) % 3] if len(order) > 1 else 0, (i + number // 3) % 2 == 1)


class Bench:
    """A pair of its own, and the kills that are its part of all."""
    lock = threading.Lock()

    def __init__(self, lab, net):
        self.lab, self.pair, self.rows = lab, Pair(net.lab, net), []
        self.hap1, self.hap2 = (Halb(self.pair, name) for name in ("hap1", "hap2"))
        self.load = None

    def check(self, name, good, detail=""):
        text = "" if good else detail() if callable(detail) else detail
        with Bench.lock:
            return self.lab.check(name, good, text)

    # ---- what there is
    def processes(self, balancer):
        """{pid: name} of halb's on this node, whoever their parents are."""
        own, found = os.readlink("/proc/%d/ns/pid" % balancer.node.pid), {}
        for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
            name = read("/proc/%d/comm" % pid).strip()
            try:
                if name.startswith("halb") and os.readlink("/proc/%d/ns/pid" % pid) == own and \
                   ") Z " not in read("/proc/%d/stat" % pid):
                    found[pid] = name
            except OSError:  # gone meanwhile
                continue
        return found

    def cast(self):
        """{part: pid} of the halb that runs on hap1 now; None when there are more, or fewer, than one of each."""
        names = {pid: read("/proc/%d/comm" % pid).strip() for pid in family(self.hap1.halb.pid)[1:]}
        if sorted(names.values()) != ["halb", "halb-watcher"]:
            return None
        return {"g": self.hap1.halb.pid, **{"w" if name == "halb-watcher" else "k": pid for pid, name in names.items()}}

    def well(self):
        return self.pair.watch.holders() == ["hap1"] and self.cast() and \
            all(balancer.servers() == ["UP", "UP"] for balancer in (self.hap1, self.hap2))

    def state(self):
        return "VIP on: %s; on hap1: %s\n%s" % (" ".join(self.pair.watch.holders()) or "none", self.processes(self.hap1),
                                               self.hap1.said() + self.hap2.said())

    @staticmethod
    def sockets_below_tcp(pid):
        """Those that VRRP, BFD and the addresses need: {inode: kind} of those that the process has open."""
        kinds, found = {}, {}
        for kind, column in (("raw", 9), ("raw6", 9), ("packet", -1), ("netlink", -1)):
            for line in read("/proc/%d/net/%s" % (pid, kind)).splitlines()[1:]:
                kinds[line.split()[column]] = kind
        for line in read("/proc/%d/net/udp" % pid).splitlines()[1:]:
            if line.split()[1].endswith(":0EC8"):  # 3784
                kinds[line.split()[9]] = "BFD"
        with contextlib.suppress(OSError):  # gone meanwhile
            for name in os.listdir("/proc/%d/fd" % pid):
                inode = os.readlink("/proc/%d/fd/%s" % (pid, name)).removeprefix("socket:[").rstrip("]")
                if inode in kinds:
                    found[inode] = kinds[inode]
        return found

    # ---- the run
    def run(self, plan):
        try:
            self.run_all(plan)
        except Exception:  # pylint: disable=broad-except
            self.check("%s: no exception" % self.pair.net.label, False, traceback.format_exc())

    def run_all(self, plan):
        for balancer in (self.hap2, self.hap1):
            balancer.start_again()
        if not self.check("%s: all is well" % self.pair.net.label, until(20, self.well, 0.05), self.state):
            return
        self.load = self.pair.client.process("load", [self.pair.lab.probe(), Pair.VIP, "80", str(LOAD_SECONDS), *LOAD])
        for kill in plan:
            if not self.one(kill):
                break
        self.end()

    def strike(self, kill, cast):
        """[time of each kill]"""
        times = []
        for number, part in enumerate(kill.order):
            if number:
                time.sleep(kill.pause_ms / 1000)
            with contextlib.suppress(ProcessLookupError):  # a watcher that has done its work
                os.kill(cast[part], signal.SIGKILL)
            times.append(time.monotonic())
        return times

    def one(self, kill):
        """False when nothing can follow it."""
        time.sleep(0.3)
        before, cast = set(self.processes(self.hap1)), self.cast()
        begin = time.monotonic()
        struck = self.strike(kill, cast)
        dead = set(cast[part] for part in kill.order)
        survivors = [pid for pid, name in self.processes(self.hap1).items()
                     if name == "halb" and pid not in dead and (pid not in before or pid == cast["k"]) and pid != cast["g"]]
        good = self.moves(kill, begin, struck[-1]) if "g" in kill.order else self.stays(kill)
        end = time.monotonic()
        time.sleep(0.1)  # what was asked just before
        self.judge(kill, begin, end, bool(survivors))
        return good

    def stays(self, kill):
        began = time.monotonic()
        complete = until(5, self.cast, 0.02)
        until(START_S, lambda: time.monotonic() - began > 0.7 and self.well(), 0.05)
        if complete:
            self.check("%s: the worker has no socket of the guardian's" % kill, not self.sockets_below_tcp(complete["k"]),
                       lambda: self.sockets_below_tcp(complete["k"]))
        return self.check("%s: all three are there again, and the address has stayed" % kill,
                          complete and self.pair.watch.holders() == ["hap1"], self.state)

    def moves(self, kill, begin, last):
        """hap2 takes the address, hap1 loses it; then halb is started again there, and it comes back."""
        if kill.at_once:
            self.hap1.start()
        gone = until(LEFT_MS / 1000, lambda: any(name == "hap1" and not state for _, name, state in self.pair.watch.changes(begin)), 0.01)
        self.check("%s: hap1 does not keep the address" % kill, gone, self.state)
        if not kill.at_once:
            one = until(2, lambda: self.pair.watch.holders() == ["hap2"], 0.01)
            self.check("%s: hap2 has it" % kill, one and time.monotonic() - last < LEFT_MS / 1000 + 2, self.state)
            self.hap1.start()
        back = until(20, self.well, 0.05)
        return self.check("%s: halb is started again, and one node has the address" % kill, back, self.state)

    # ---- what it was like
    def failures(self, begin, end):
        """[(time, client's kind, why)] of those that failed meanwhile."""
        found = []
        for line in read(self.load.log).splitlines():
            failure = re.match(r"(\d+) (short|keepalive) (\d+): (.*) \(asked at (\d+)", line)
            if failure and begin * 1000 <= int(failure[5]) < end * 1000:
                found.append((int(failure[1]) / 1000, failure[2], failure[4]))
        return found

    def judge(self, kill, begin, end, survives):
        changes = self.pair.watch.changes(begin)
        taken = next((when for when, name, state in changes if name == "hap2" and state), None)
        left = next((when for when, name, state in changes if name == "hap1" and not state), None)
        back = next((when for when, name, state in reversed(changes) if name == "hap1" and state), None)
        failures = self.failures(begin, end)
        refused = [when for when, kind, why in failures if kind == "short" and why == "Connection refused"]
        lost = [failure for failure in failures if failure[1] == "short"]
        both, none = self.pair.watch.spans(begin, end)
        shown = "\n".join(["taken %s, left %s, both %d ms, none %d ms" % (taken and taken - begin, left and left - begin, both * 1000, none * 1000)] +
                          ["+%d ms %s %s" % ((when - begin) * 1000, kind, why) for when, kind, why in failures[:40]] +
                          ["+%d ms %s %s" % ((when - begin) * 1000, name, "has it" if state else "lost it") for when, name, state in changes])
        allowed = LEASE_MS if kill.leaves_to_lease() else BOTH_MS
        self.check("%s: two nodes have the address for %d ms at most" % (kill, allowed), both * 1000 <= allowed, shown)
        until_when = begin if survives else (taken or begin) + TAKEN_MS / 1000
        self.check("%s: no connection is refused%s" % (kill, "" if survives else " by the node that serves"),
                   not [when for when in refused if when > until_when], shown)
        moves = [when for when, _, _ in changes]
        elsewhere = [failure for failure in lost if not any(-HANDS_S < failure[0] - when < HANDS_S for when in moves)]
        if "k" not in kill.order:
            self.check("%s: no request fails but those in whose midst the address moves" % kill,
                       not elsewhere and len(lost) <= HANDS * len(moves), shown)

        def ms(when):
            return "-" if when is None else "%d" % ((when - begin) * 1000)
        with Bench.lock:
            self.rows.append((", ".join(PARTS[part] for part in kill.order), kill.pause_ms if len(kill.order) > 1 else "-",
                              ("at once" if kill.at_once else "later") if "g" in kill.order else "-", ms(taken), ms(left),
                              "%d" % (both * 1000), "%d" % (none * 1000), ms(back), len(lost), len(refused),
                              sum(kind == "keepalive" for _, kind, _ in failures)))

    def end(self):
        self.load.kill(signal.SIGTERM)
        self.load.wait(5)
        counts = probe_counts(self.load.said())
        short = counts.get("short", {})
        self.check("clients have asked all the time", short.get("", 0) > 100 and self.load.popen.returncode == 0, counts)
        print("# %s" % " ".join("%s %s" % (name or "short", number) for name, number in short.items()))
        for balancer in (self.hap1, self.hap2):
            balancer.halb.kill(signal.SIGTERM)
        def quiet():
            """Workers may still wait for the last words of clients that talk to the other node now."""
            return all(not balancer.halb.running() and set(self.processes(balancer).values()) <= {"halb"} and
                       ":80 " not in balancer.node.run("ss", "-Hltn") for balancer in (self.hap1, self.hap2))

        self.check("no guardian, no watcher, no listening worker is left behind", until(15, quiet, 0.1), self.state)
        self.check("no address is left behind", not self.pair.watch.holders(), self.state)


def room(lab, label):
    """The same lab with a folder of its own: names of programs are taken once in each."""
    own = copy.copy(lab)
    own.dir = os.path.join(lab.dir, label)
    os.mkdir(own.dir)
    return own


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--pairs", type=int, default=2, help="so many pairs at the same time")
    parser.add_argument("--orders", help="letters g, w, k in the order in which they die, with commas between; default: all")
    asked = parser.parse_args()
    asked.orders = asked.orders.split(",") if asked.orders else ORDERS
    if set(asked.orders) - set(ORDERS):
        parser.error("unknown: " + " ".join(sorted(set(asked.orders) - set(ORDERS))))
    return asked


def main():
    asked = arguments()
    enter("kills")
    plan = list(kills(asked.rounds, asked.orders))
    with Lab() as lab:
        nets = [Net(room(lab, label), label) for label in "abcdefgh"[:max(1, min(asked.pairs, len(plan)))]]
        benches = []
        try:
            benches = [Bench(lab, net) for net in nets]
            threads = [threading.Thread(target=bench.run, args=(plan[n::len(benches)],)) for n, bench in enumerate(benches)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            for net in nets:
                net.__exit__()
        for row in (HEADS, *(row for bench in benches for row in bench.rows)):
            print("# " + ROW % row)
    sys.exit(lab.status())


if __name__ == "__main__":
    main()
