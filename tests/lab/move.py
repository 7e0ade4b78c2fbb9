#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Nothing established breaks when the address moves: two load balancers, their address moved in every way, under load.

    move.py [--lb halb|classic|halb,classic] [--runs N] [--cases back,ten,...]

hap1 (.11), hap2 (.12), web1 (.21), web2 (.22), client (.100) on one switch, VIP 192.168.50.10 or fd00:50::10; the files of examples/, of
haproxy.cfg without its bounds on connections to servers. The client: 100 connections kept alive with a request every 50 ms each, 20
downloads, 20 uploads, 200 new connections a second; the web servers are lab/origin.c, and each byte is compared. Of halb it is asked that
nothing fails and nothing breaks, but what a case takes away; how long an established connection stood still at most is printed, never
judged. "classic" is Debian's haproxy and keepalived: measured, never judged. Without arguments: a short run with halb.
"""
import argparse
import collections
import concurrent.futures
import contextlib
import json
import os
import re
import signal
import statistics
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab"))
import balancer
from frames import Forger, deaf, garbage
from lab import HALB, Lab, probe_counts, read, until, write
from net import Net, enter, ip

ADDRESSES = {"hap1": 11, "hap2": 12, "web1": 21, "web2": 22, "client": 100}
V4, V6 = "192.168.50.10", "fd00:50::10"
SHORTS, KEPT, DOWNLOADS, UPLOADS = 200, 100, 20, 20
LONG = KEPT + DOWNLOADS + UPLOADS  # connections that must live
PIECE = 1000000          # bytes of a download or an upload that is to end soon: about three seconds
LOAD_SECONDS = 150       # at most: it is told to end
SETTLE_S = 1.5           # before the first move and after the last
STILL_MS = 1000          # a download or an upload without a byte for so long is broken
PATIENT_MS = 3000        # ... but where the way was lost: TCP asks only now and then whether there is room again
TOLD_MS = 1000           # the clients of a dead node know by then
OFF_MS = 300             # ... and this later where BFD must see it first
DRAIN_S = 25             # a node that was told to stop has served its clients to the end by then
UNDER_WAY = 2            # requests that may fail at a move without second chance
GARBAGE = 100000         # packets in about a second
STORM = 3                # so many times the frames of before are a storm
SHORT = "back returns restart1 v6 dies"
ROW = "%-9s %-8s %4s %5s %6s %4s %4s %4s %6s %6s %8s %8s %8s %8s %9s"
HEADS = ("case", "pair", "runs", "moves", "F", "KA", "ST", "UP", "wrong", "idle", "KA ms", "ST ms", "UP ms", "held", "handed")


class Halb(balancer.Halb):
    rights = ()

    def start(self):
        self.halb = self.node.process("halb", [*self.rights, HALB, "-db", "-f", self.proxy_conf, "-k", self.conf])

    def rows(self):
        text = self.node.run("timeout", "2", HALB, "ctl", "show", "vrrp", "json") if self.node.pid else ""
        with contextlib.suppress(ValueError):
            return json.loads(text)
        return []

    def ready(self):
        """It is master, or hears the one that is."""
        rows = self.rows()
        return rows and all(row["owns"] or row.get("bfd_state", "").upper() == "UP" for row in rows)

    def held(self):
        return sum(row.get("held_here", 0) for row in self.rows())

    def handed(self):
        found = re.search(r"handed over: packets of connections (\d+).*limit (\d+)", self.node.run("timeout", "2", HALB, "ctl", "show", "vrrp"))
        return (int(found[1]), int(found[2])) if found else (0, 0)

    def release(self):
        self.node.run("timeout", "5", HALB, "ctl", "release")

    def reread(self):
        self.halb.kill(signal.SIGUSR2)

    def stop(self):
        self.halb.kill(signal.SIGTERM)

    def die(self):
        self.halb.kill_family()


class Classic(balancer.Classic):
    def start(self):
        self.node.sysctl("net/ipv6/ip_nonlocal_bind", 1)
        super().start()

    def ready(self):
        return True

    def held(self):
        return 0

    def handed(self):
        return 0, 0

    def reread(self):
        self.vrrp.kill(signal.SIGHUP)

    def stop(self):
        self.vrrp.kill(signal.SIGTERM)
        time.sleep(0.5)
        self.soft_stop()

    def die(self):
        for process in self.processes():
            process.kill_family()


KINDS = {"halb": Halb, "classic": Classic}


class Load:
    """The probe, and what it said in the end."""

    def __init__(self, bench, name, shorts=SHORTS, kept=KEPT, downloads=DOWNLOADS, uploads=UPLOADS, piece=0, still=STILL_MS):
        words = [bench.lab.probe(), "-u", str(uploads), "-s", str(still), *(("-b", str(piece)) if piece else ()), bench.vip, "80", str(LOAD_SECONDS)]
        path = "/big/%d" % piece if piece else "/big"
        self.long = kept + downloads + uploads
        self.begun, self.least = time.monotonic(), {"short": shorts / 2, "keepalive": kept * 5}  # a second
        self.process = bench.client.process(name, [*words, str(shorts), str(kept), str(downloads), path])
        self.counts, self.failures, self.seconds = {}, [], 0

    def end(self):
        self.process.kill(signal.SIGTERM)
        self.process.wait(10)
        self.seconds = time.monotonic() - self.begun - 1
        said = self.process.said()
        self.counts = collections.defaultdict(dict, probe_counts(said))
        for line in said.splitlines():
            found = re.match(r"(\d+) (short|keepalive|stream|upload) (\d+): (.*) \(asked at (\d+), .*open since (\d+)\)", line)
            if found:
                self.failures.append(Failure(int(found[1]), found[2], int(found[3]), found[4], int(found[5]), int(found[6])))

    def number(self, kind, what="broken"):
        return self.counts[kind].get(what, 0)

    def sums(self):
        return {"F": self.number("short", "failed"), "KA": self.number("keepalive"), "ST": self.number("streams"), "UP": self.number("uploads"),
                "wrong": self.number("wrong_bytes", ""), "idle": self.number("idle_closed", ""),
                "reset": self.number("idle_closed", "reset")}

    def shown(self):
        return "short %d, kept alive %d requests, %s; longest stall: kept alive %s ms, downloads %s ms, uploads %s ms" % (
            self.number("short", ""), self.number("keepalive", ""), " ".join("%s %d" % pair for pair in self.sums().items()),
            *(self.counts["stall_ms"].get(kind, "-") for kind in ("keepalive", "streams", "uploads")))


Failure = collections.namedtuple("Failure", "ms kind client why asked open")


class Bench:
    """Five machines of a case's own."""

    def __init__(self, lab, net, kind, case):
        self.lab, self.net, self.kind, self.case = lab, net, kind, case
        self.vip = V6 if case.v6 else V4
        self.nodes = {name: net.node(name, {"eth1": "192.168.50.%d/24 fd00:50::%d/64" % (last, last)}) for name, last in ADDRESSES.items()}
        self.client = self.nodes["client"]
        for name in ("web1", "web2"):
            self.nodes[name].process("origin", [lab.origin(), "80"])
        self.watch = net.watch(self.vip)
        self.loads, self.held, self.notes = [], 0, []
        self.hap = {name: KINDS[kind](self, name) for name in ("hap1", "hap2")}
        for name, one in self.hap.items():
            self.watch.add(self.nodes[name])
            self.configure(one)
            if case.rights:
                one.rights = case.rights

    def configure(self, one, priority=None):
        """Their files: as they are where the case asks for nothing else."""
        place = os.path.join(self.lab.dir, self.net.label + one.node.name)
        proxy = read(os.path.join(balancer.EXAMPLES, "haproxy.cfg"))
        proxy = proxy.replace("maxconn 32 ", "").replace("    option http-server-close\n", "").replace("bind *:80", "bind :::80 v4v6")
        one.proxy_conf = write(place + ".cfg", proxy)
        vrrp = read(os.path.join(balancer.EXAMPLES, "keepalived.%s.conf" % one.node.name))
        if self.case.v6:
            vrrp = vrrp.replace(V4, V6 + "/64")
        if self.case.vmac:
            vrrp = vrrp.replace("virtual_router_id", "use_vmac\n    virtual_router_id")
        if self.case.password:
            vrrp = vrrp.replace("virtual_router_id", "authentication {\n        auth_type PASS\n        auth_pass drill\n    }\n    virtual_router_id")
        if priority:
            vrrp = re.sub(r"priority \d+", "priority %d" % priority, vrrp)
        one.conf = write(place + ".conf", vrrp)

    # ---- what a case does
    def start(self):
        for name, one in self.hap.items():
            if name not in self.case.away:
                one.start()
        first = next(name for name in self.hap if name not in self.case.away)
        return until(15, lambda: self.watch.holders() == [first] and self.serves(), 0.05) and \
            until(15, lambda: all(one.ready() and set(one.servers()) == {"UP"} for name, one in self.hap.items() if name not in self.case.away) or
                  self.case.away, 0.1)

    def serves(self):
        host = "[%s]" % self.vip if ":" in self.vip else self.vip
        return self.client.curl("-o/dev/null", "-w%{http_code}", "http://%s/" % host) == "200"

    def load(self, **options):
        """Returns when all its connections are there."""
        load = Load(self, "load%d" % len(self.loads), **options)
        self.loads.append(load)
        time.sleep(SETTLE_S)
        return load

    def expect(self, name, good, detail=""):
        if self.kind != "classic":
            self.lab.check("%s %s: %s" % (self.kind, self.case.name, name), good, detail)

    def moved_to(self, name, seconds=10):
        there = until(seconds, lambda: self.watch.holders() == [name], 0.01)
        if not there:
            self.lab.check("%s %s: the address comes to %s" % (self.kind, self.case.name, name), False, self.state())
        return there

    def note_held(self, one):
        self.held = max(self.held, one.held())

    def give(self, giver, taker, seconds=SETTLE_S):
        """A planned move from one to the other; classic has no other way than another priority."""
        if self.kind == "halb":
            self.hap[giver].release()
        else:
            self.configure(self.hap["hap1"], 99 if giver == "hap1" else None)
            self.hap["hap1"].reread()
        moved = self.moved_to(taker)
        time.sleep(seconds / 2)
        self.note_held(self.hap[giver])
        time.sleep(seconds / 2)
        return moved

    def drained(self, name):
        """That node was told to stop."""
        self.hap[name].stop()
        begun = time.monotonic()
        processes = self.hap[name].processes()
        ended = until(DRAIN_S, lambda: not any(p.running() for p in processes), 0.05)
        self.notes.append("stopped after %.1f s" % (time.monotonic() - begun))
        self.expect("%s ends by itself" % name, ended, self.state())
        served = re.findall(r"still serves (\d+) connections", "".join(p.said() for p in processes))
        self.held = max([self.held, *map(int, served)])
        self.hap[name].node.kill_all()

    def end_loads(self):
        for load in self.loads:
            if not load.counts:
                load.end()

    def wrong_uploads(self):
        return "".join(p.said() for name in ("web1", "web2") for p in self.nodes[name].processes)

    # ---- frames
    def frames(self):
        """What hap1 and hap2 have sent, counted at the switch."""
        return sum(json.loads(ip("-j", "-s", "link", "show", "dev", self.nodes[name].port()))[0]["stats64"]["rx"]["packets"] for name in self.hap)

    def frames_in(self, seconds):
        before = self.frames()
        time.sleep(seconds)
        return (self.frames() - before) / seconds

    def handed(self):
        return [sum(both) for both in zip(*(one.handed() for one in self.hap.values() if one.node.pid))] or [0, 0]

    def state(self):
        said = "".join("%s\n" % failure for load in self.loads for failure in map(str, load.failures[:12]))
        moves = "".join("%d ms %s %s\n" % (when * 1000, name, "has it" if state else "lost it") for when, name, state in self.watch.changes())
        return "VIP on: %s\n%s%s%s" % (" ".join(self.watch.holders()) or "none", moves, said, "".join(one.said() for one in self.hap.values()))


# ---- the cases: each begins with the address on hap1, or hap2 where hap1 is away, and all connections there

def back(bench):
    bench.load()
    bench.give("hap1", "hap2")
    bench.give("hap2", "hap1")


def ten(bench):
    bench.load()
    for number in range(10):
        bench.give(*(("hap1", "hap2") if number % 2 == 0 else ("hap2", "hap1")), seconds=1.8)


def returns(bench):
    bench.nodes["hap1"].off()
    bench.load()
    bench.nodes["hap1"].on()
    bench.watch.add(bench.nodes["hap1"])
    bench.hap["hap1"].start()
    bench.moved_to("hap1", 20)
    time.sleep(SETTLE_S / 2)
    bench.note_held(bench.hap["hap2"])
    time.sleep(SETTLE_S)


def restart(name, other):
    """That node has the address, stops when it has served what it holds, and starts again."""
    def run(bench):
        bench.load(piece=PIECE)
        if name == "hap2":
            bench.give("hap1", "hap2", 4)
        bench.drained(name)
        bench.expect("the address is on %s" % other, bench.watch.holders() == [other], bench.state())
        time.sleep(1)
        bench.hap[name].start()
        until(10, lambda: bench.hap[name].ready() and set(bench.hap[name].servers()) == {"UP"}, 0.1)
        bench.moved_to("hap1", 20)
        time.sleep(2 * SETTLE_S)
    return run


def reload(bench):
    bench.load()
    one = bench.hap["hap1"]
    for priority, taker, giver in ((90, "hap2", "hap1"), (None, "hap1", "hap2")):
        bench.configure(one, priority)
        one.reread()
        bench.moved_to(taker)
        time.sleep(SETTLE_S / 2)
        bench.note_held(bench.hap[giver])
        time.sleep(SETTLE_S)


def half_and_half(bench, still=STILL_MS):
    """Connections on hap1, whose address has gone to hap2, and younger ones there."""
    old = bench.load(still=still)
    bench.give("hap1", "hap2")
    return old, bench.load(shorts=0, kept=20, downloads=10, uploads=10)


def told(bench, load, died, within, quiet, silent=()):
    """All that was open is lost, and the clients know in time; not the silent ones, who only listen. What is younger lives, but what
    began in the first `quiet` milliseconds."""
    lost = [f for f in load.failures if f.kind != "short" and f.open < died]
    heard = [f for f in lost if f.kind not in silent]
    late = [f for f in heard if f.ms - died > within]
    unsaid = [f for f in heard if f.why != "closed" and "reset" not in f.why]
    young = [f for f in load.failures if f.kind != "short" and f.open >= died + quiet]
    clients, idle = len({(f.kind, f.client) for f in lost}), load.number("idle_closed", "")
    bench.notes.append("the last one knew after %d ms" % max([0, *(f.ms - died for f in heard)]))
    bench.expect("each client of the dead node knows within %d ms" % within, not late, late[:20])
    bench.expect("... by a RST or a FIN", not unsaid, unsaid[:20])
    bench.expect("... and they are those %d" % load.long, clients + idle == load.long, "%d broken, %d closed while idle" % (clients, idle))
    bench.expect("no other connection breaks", not young, young[:20])


def spared(bench, load):
    bench.expect("none of the other node's breaks", not [f for f in load.failures if f.kind != "short"] and load.number("keepalive", "") > 0 and
                 not load.number("idle_closed", ""), "%s\n%s" % (load.shown(), bench.state()))


def death(bench, name, off):
    """halb on that node is killed as a whole, its kernel lives; or the machine has no power, which a client that only listens cannot know."""
    old, young = half_and_half(bench, PATIENT_MS if off and name == "hap2" else STILL_MS)
    died = time.monotonic() * 1000
    if off:
        bench.nodes[name].off()
    else:
        bench.hap[name].die()
    time.sleep(4 if off else 2.5)
    bench.end_loads()
    lost, lives = (old, young) if name == "hap1" else (young, old)
    spared(bench, lives)
    quiet = 0 if name == "hap1" else TOLD_MS  # the address is elsewhere by then
    told(bench, lost, died, TOLD_MS + OFF_MS * off, quiet, ("stream",) if off else ())
    failed = [f for f in old.failures if f.kind == "short" and (not quiet or f.asked > died + quiet)]
    bench.expect("no new connection fails" + " after %d ms" % quiet * (quiet > 0), not failed, failed[:20])


def dies(bench):
    death(bench, "hap1", False)


def off(bench):
    death(bench, "hap1", True)


def owner(bench):
    death(bench, "hap2", False)


def owner_off(bench):
    death(bench, "hap2", True)


def split(bench):
    """Adverts are lost between them, all else is not: both believe that the address is theirs."""
    bench.load()
    before = bench.frames_in(1)
    for one in bench.hap.values():
        deaf(one.node, "ip protocol vrrp")
    both = until(10, lambda: len(bench.watch.holders()) == 2, 0.02)
    bench.expect("both believe that it is theirs", both, bench.state())
    during = bench.frames_in(2)
    handed = bench.handed()[0]
    for one in bench.hap.values():
        deaf(one.node, None)
    bench.moved_to("hap1")
    healed = time.monotonic() * 1000
    time.sleep(SETTLE_S)
    after = bench.frames_in(1)
    bench.end_loads()
    load = bench.loads[0]
    late = [f for f in load.failures if f.asked > healed + TOLD_MS / 2 or f.kind == "short" and f.asked > healed]
    bench.notes.append("frames a second before %d, split %d, after %d, handed over %d" % (before, during, after, handed))
    bench.expect("no storm", during <= STORM * before and after <= STORM * before, "before %d, split %d, after %d" % (before, during, after))
    bench.expect("nothing fails any more when they have heard each other", not late, late[:20])


def nobpf(bench):
    """Without the right to load the program."""
    one = bench.hap["hap1"]
    rows = one.rows()
    bench.expect("the log says so", "no second chance here" in one.halb.said(), one.said())
    bench.expect("`show vrrp` says so", rows and not rows[0].get("second_chance") and rows[0].get("second_chance_off"), rows)
    back(bench)
    bench.end_loads()
    bench.expect("at most %d new connections fail a move" % UNDER_WAY, bench.loads[0].number("short", "failed") <= 2 * UNDER_WAY,
                 bench.loads[0].shown())


def flood(bench):
    """Garbage for the address, at its owner and at the node that only serves what it holds."""
    # The client's own answers to the RSTs are none; what comes for its own ports is another address's.
    bench.client.run("ip", "addr", "add", "192.168.50.101/24", "dev", "eth1")
    bench.load()
    for giver, taker, target in (("hap1", "hap2", "hap2"), ("hap2", "hap1", "hap1"), ("hap1", "hap2", "hap1")):
        name = "%s holds, %s owns, garbage for %s" % (giver, taker, target)
        bench.give(giver, taker, 2.5)
        usual, sent, handed = bench.frames_in(1), bench.frames(), bench.handed()
        begun = time.monotonic()
        seconds = garbage(bench.client, bench.nodes[target], ("192.168.50.101", V4), GARBAGE)
        time.sleep(1.5)
        more = bench.frames() - sent - usual * (time.monotonic() - begun)
        passed, limited = (now - then for now, then in zip(bench.handed(), handed))
        bench.notes.append("%s: %d in %.1f s, %d frames answer, %d handed over, %d limited" % (name, GARBAGE, seconds, more, passed, limited))
        bench.expect("%s: no packet becomes more than an answer and one handed over" % name, more <= 2.2 * GARBAGE, bench.notes)


def forged(bench):
    """Somebody who does not know the pair's password says that he is each of them, and holds connections."""
    with Forger(bench.client, 51, [bench.nodes[name].interfaces["eth1"].split("/")[0] for name in bench.hap]):
        back(bench)
    for name, one in bench.hap.items():
        bench.expect("%s says that it has refused frames" % name, "refused a frame" in one.halb.said(), one.said())


Case = collections.namedtuple("Case", "name run v6 vmac password away rights judged idle moves",
                              defaults=(False, False, False, (), (), True, False, 2))
NO_BPF = ("setpriv", "--bounding-set=-bpf,-sys_admin,-perfmon", "--inh-caps=-bpf,-sys_admin,-perfmon")
# judged: nothing fails, nothing breaks; the others look for themselves. idle: a node that leaves may close connections between requests.
CASES = {case.name: case for case in (
    Case("back", back),
    Case("ten", ten, moves=10),
    Case("returns", returns, away=("hap1",), moves=1),
    Case("restart1", restart("hap1", "hap2"), idle=True),
    Case("restart2", restart("hap2", "hap1"), idle=True),
    Case("reload", reload, idle=True),
    Case("v6", back, v6=True),
    Case("vmac", back, vmac=True),
    Case("dies", dies, judged=False, moves=1),
    Case("off", off, judged=False, moves=1),
    Case("owner", owner, judged=False, moves=1),
    Case("owner_off", owner_off, judged=False, moves=1),
    Case("split", split, judged=False, moves=0),
    Case("nobpf", nobpf, judged=False, rights=NO_BPF),
    Case("flood", flood, moves=3),
    Case("forged", forged, password=True),
)}
ONLY_HALB = {"split", "nobpf", "flood", "forged"}


# ---- a run

Row = collections.namedtuple("Row", "sums stalls held handed")


def judge(bench, case):
    """What each case promises but those that look for themselves."""
    for load in bench.loads:
        enough = all(load.number(kind, "") >= least * load.seconds for kind, least in load.least.items())
        bench.expect("there was load", enough and load.counts["uploads"] and load.process.popen.returncode == 0,
                     "%s\n%s" % (load.shown(), load.process.said()[-2000:]))
        bench.expect("no byte is wrong", load.number("wrong_bytes", "") == 0 and not bench.wrong_uploads(), bench.wrong_uploads())
        if case.judged:
            sums = load.sums()
            bench.expect("no new connection fails", sums["F"] == 0, load.shown())
            bench.expect("nothing established breaks", not sums["KA"] + sums["ST"] + sums["UP"] + sums["reset"] and (case.idle or not sums["idle"]),
                         "%s\n%s" % (load.shown(), bench.state()))
    if case.judged and case.moves:
        bench.expect("the former owner served connections", bench.held >= LONG * (0.1 if case.idle else 0.9), bench.held)


def prepare(lab, kind, case, label):
    """The machines of a run, with all well where that comes about."""
    bench = Bench(lab, Net(lab, label), kind, case)
    return bench, bench.start()


def one(lab, bench, well):
    """A run of a case; its Row, or None where it could not begin."""
    case = bench.case
    name = "%s %s" % (bench.kind, case.name)
    with bench.net:
        if not lab.check("%s: all is well before" % name, well, "" if well else bench.state()):
            return None
        case.run(bench)
        handed = bench.handed()[0]
        bench.end_loads()
        judge(bench, case)
        for note in [load.shown() for load in bench.loads] + bench.notes:
            print("# %s: %s" % (name, note), flush=True)
    sums = collections.Counter()
    for load in bench.loads:
        sums.update(load.sums())
    stalls = {kind: max(load.counts["stall_ms"].get(kind, 0) for load in bench.loads) for kind in ("keepalive", "streams", "uploads")}
    return Row(sums, stalls, bench.held, handed)


def all_of(lab, asked):
    """{(pair, case): rows}; in the short run the next machines are made meanwhile."""
    plan = [(kind, name) for _ in range(asked.runs) for name in asked.cases for kind in asked.lb if kind == "halb" or name not in ONLY_HALB]
    rows = collections.defaultdict(list)
    lab.probe()
    lab.origin()
    with concurrent.futures.ThreadPoolExecutor(1) as beside:
        ready = []
        for number, (kind, name) in enumerate(plan):
            while len(ready) <= number + asked.short and len(ready) < len(plan):
                ready.append(beside.submit(prepare, lab, plan[len(ready)][0], CASES[plan[len(ready)][1]], "m%d" % len(ready)))
            row = one(lab, *ready[number].result())
            ready[number] = None
            rows[kind, name] += [row] if row else []
            yield rows


def spread(values):
    values = sorted(values)
    return "%d" % values[0] if values[0] == values[-1] else "%d (%d-%d)" % (statistics.median_low(values), values[0], values[-1])


def table(rows):
    yield HEADS
    for (kind, name), runs in rows.items():
        yield (name, kind, len(runs), CASES[name].moves, *(spread(run.sums[word] for run in runs) for word in ("F", "KA", "ST", "UP", "wrong", "idle")),
               *(spread(run.stalls[word] for run in runs) for word in ("keepalive", "streams", "uploads")),
               spread(run.held for run in runs), spread(run.handed for run in runs))


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lb", default="halb", help="halb, classic, or both with a comma")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--cases", help="with commas between; default: all, and without any argument a short choice; there are: " + " ".join(CASES))
    asked = parser.parse_args()
    asked.cases = asked.cases.split(",") if asked.cases else list(CASES) if len(sys.argv) > 1 else SHORT.split()
    asked.short = len(sys.argv) == 1
    asked.lb = asked.lb.split(",")
    unknown = (set(asked.cases) - set(CASES)) | (set(asked.lb) - set(KINDS))
    if unknown:
        parser.error("unknown: " + " ".join(sorted(unknown)))
    return asked


def main():
    asked = arguments()
    enter("move")
    rows = {}
    with Lab() as lab:
        try:
            for rows in all_of(lab, asked):
                pass
        finally:  # what was measured is not lost
            for row in table({key: runs for key, runs in rows.items() if runs}):
                print("# " + ROW % row)
    sys.exit(lab.status())


if __name__ == "__main__":
    main()
