#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""halb -k FILE beside Debian's keepalived: elections, preemption, priority 0, timeouts and sync groups come out as between two keepalived.

    interop.py [--compare] [--scenarios elect-v2,...] [--pairs halb-keepalived,...]

Each scenario runs on two nodes, a and b, of a net of its own, once with halb on a and keepalived on b, and once the other way round.
Each step does something and says who must hold which address afterwards; the same scenarios with keepalived on both nodes (--compare
runs these too) came out as they say. And forged adverts between two halbs: 10,000 of them change no state, neither of the BACKUP nor of
the MASTER. All run at the same time: they wait, mostly.
"""
import argparse
import concurrent.futures
import os
import random
import re
import shutil
import signal
import socket
import struct
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab"))
from lab import HALB, Lab, read, until, write
from net import Net, enter, inside

A4, B4, VIP4, VIP4_2 = "192.168.60.11", "192.168.60.12", "192.168.60.10", "192.168.61.10"
A6, B6, VIP6 = "fe80::11", "fe80::12", "fe80::10"
SETTLE = 10   # seconds until a step's outcome must be there: three adverts missed, skew, and a busy machine
STAYS = 1.3   # seconds for which it must then stay
COMMANDS = {"halb": [HALB, "-db", "-k"], "keepalived": ["keepalived", "-n", "-l", "-D", "-f"],
            "halb called keepalived": ["@DIR@/keepalived", "-n", "-l", "-D", "-f"]}


def instance(name="VI_1", interface="eth1", vip=VIP4, vrid=51, priority=100, lines=()):
    """A vrrp_instance; `lines` are put into it as they are."""
    return "vrrp_instance %s {\n interface %s\n virtual_router_id %d\n priority %d\n virtual_ipaddress {\n  %s\n }\n%s}\n" % (
        name, interface, vrid, priority, vip, "".join(" %s\n" % line for line in lines))


def unicast(mine, other):
    return ["unicast_src_ip " + mine, "unicast_peer {\n  %s\n }" % other]


PASS = ["authentication {\n  auth_type PASS\n  auth_pass 1111secr\n }"]


class Form:
    """How adverts go: version, family, multicast or unicast, authentication."""

    def __init__(self, version, six=False, one=False, lines=(), every=1):
        self.vip = VIP6 if six else VIP4
        self.addresses = (A6, B6) if six else (A4, B4)
        self.lines = ["version %d" % version, "advert_int %s" % every, *lines]
        self.one, self.timeout = one, 3.6 * every  # seconds, of the priority 100

    def conf(self, side, priority, more=()):
        mine, other = self.addresses if side == "a" else self.addresses[::-1]
        return instance(vip=self.vip, priority=priority, lines=[*self.lines, *(unicast(mine, other) if self.one else []), *more])


FORMS = {
    "v2": Form(2),
    "v2-pass": Form(2, lines=PASS),
    "v2-unicast": Form(2, one=True),
    "v2-unicast-pass": Form(2, one=True, lines=PASS),
    "v3": Form(3, every=0.5),
    "v3-unicast": Form(3, one=True, every=0.5),
    "v3-six": Form(3, six=True, every=0.5),
    "v3-six-unicast": Form(3, six=True, one=True, every=0.5),
}


class Ground:
    """Two nodes with a program each, and who holds what."""

    def __init__(self, lab, label, programs, vips):
        self.lab, self.net, self.programs = lab, Net(lab, label, ("s1", "s2")), dict(zip("ab", programs))
        self.nodes = {side: self.net.node(side, {"eth1": "%s/24 %s/64" % (four, six), "eth2": second + "/24"}, {"eth2": self.net.switches[1]})
                      for side, four, six, second in (("a", A4, A6, "192.168.61.11"), ("b", B4, B6, "192.168.61.12"))}
        self.watches = {vip: self.net.watch(vip) for vip in vips}
        for watch in self.watches.values():
            for node in self.nodes.values():
                watch.add(node)
        self.processes, self.outcomes = {}, []

    def start(self, side, conf):
        program = self.programs[side]
        node = self.nodes[side]
        words = [word.replace("@DIR@", node.dir) for word in COMMANDS[program]]
        if words[0].startswith(node.dir) and not os.path.exists(words[0]):
            os.symlink(HALB, words[0])
        self.processes[side] = node.process(program, [*words, write("%s/vrrp.conf" % node.dir, conf)])

    def stop(self, side):
        self.processes[side].kill(signal.SIGTERM)

    def kill(self, side):
        self.processes[side].kill_family()
        self.nodes[side].kill_all()

    def holders(self):
        return tuple("".join(watch.holders()) for watch in self.watches.values())

    def said(self):
        return "".join("%s (%s): %s\n" % (side, self.programs[side], line)
                       for side, process in sorted(self.processes.items()) for line in process.said().splitlines()[-25:])


class Run:
    """A scenario on its ground. Checks are collected here, and told in order when all scenarios are over."""

    def __init__(self, lab, name, programs, steps, vips):
        self.name = "%s, %s and %s" % (name, *programs)
        self.results = []  # (what, good, detail)
        self.ground = Ground(lab, "i%d" % (Net.made + 1), programs, vips)
        self.steps = steps

    def expect(self, what, *holders, within=SETTLE):
        """Soon each address is where it must be, and stays there."""
        begin = time.monotonic()
        came = until(within, lambda: self.ground.holders() == holders)
        after = time.monotonic() - begin
        time.sleep(STAYS)
        found = self.ground.holders()
        detail = "expected on %s, found on %s (it was so %s)\n%s" % (
            "/".join(holders), "/".join(found), "after %.1f s" % after if came else "never", self.ground.said())
        self.results.append((what, bool(came) and found == holders, detail))
        return after

    def run(self):
        try:
            self.steps(self, self.ground)
        except Exception as e:  # told as a failed check, with its place
            self.results.append(("no exception", False, "%r\n%s" % (e, self.ground.said())))
        finally:
            self.ground.net.__exit__()
        return self

    def tell(self, lab):
        for what, good, detail in self.results:
            lab.check("%s: %s" % (self.name, what), good, detail)


# ---- scenarios: functions of a run and its ground
def elect(form):
    def steps(run, ground):
        conf_a, conf_b = form.conf("a", 150), form.conf("b", 100)
        ground.start("a", conf_a)
        ground.start("b", conf_b)
        run.expect("the higher priority is master", "a")
        ground.stop("a")
        took = run.expect("priority 0 hands over", "b")
        run.results.append(("... within the skew time, not by timeout", took < form.timeout / 1.4, "%.2f s" % took))
        ground.start("a", conf_a)
        run.expect("the higher priority preempts", "a")
        ground.kill("a")
        ab = "ab" if ground.programs["a"] == "keepalived" else "b"
        run.expect("a master killed is followed after a timeout" + (", and leaves the address" if ab == "ab" else ", and its address is gone"), ab)
        ground.start("a", conf_a)
        run.expect("the killed one comes back", "a")
        ground.stop("b")
        run.expect("a backup that leaves changes nothing", "a", within=1)
    return steps


def nopreempt(run, ground):
    def conf(side, priority):
        return FORMS["v2"].conf(side, priority, ["state BACKUP", "nopreempt"])
    ground.start("b", conf("b", 100))
    run.expect("alone", "b")
    ground.start("a", conf("a", 150))
    time.sleep(4.2)
    run.expect("the higher priority does not preempt", "b", within=0.1)
    ground.stop("b")
    run.expect("the other one takes over", "a")
    ground.start("b", conf("b", 100))
    run.expect("and keeps it", "a", within=0.1)


def preempt_delay(run, ground):
    def conf(side, priority):
        return FORMS["v3"].conf(side, priority, ["state BACKUP", "preempt_delay 4"])
    ground.start("b", conf("b", 100))
    run.expect("alone", "b", within=9)
    ground.start("a", conf("a", 150))
    time.sleep(2)
    run.expect("not yet", "b", within=0.1)
    run.expect("preempts after the delay", "a")


def equal(run, ground):
    def conf(side):
        return FORMS["v3"].conf(side, 100, ["state BACKUP"])
    ground.start("a", conf("a"))
    run.expect("alone", "a")
    ground.start("b", conf("b"))
    time.sleep(2)
    run.expect("equal priority does not preempt", "a", within=0.1)
    for node in ground.nodes.values():
        node.isolated(True)
    run.expect("two masters that do not hear each other", "ab")
    for node in ground.nodes.values():
        node.isolated(False)
    run.expect("the higher address wins", "b")


def sync_group(run, ground):
    def conf(priority):
        lines = ["version 3", "advert_int 0.5"]
        return ("vrrp_sync_group G {\n group {\n  VI_1\n  VI_2\n }\n}\n" + instance(priority=priority, lines=lines) +
                instance("VI_2", "eth2", VIP4_2, 52, priority, lines))
    ground.start("a", conf(150))
    ground.start("b", conf(100))
    run.expect("both on the higher priority", "a", "a")
    ground.nodes["a"].cable("down", "eth2")
    run.expect("one interface fails: both move", "b", "b")
    ground.nodes["a"].cable("up", "eth2")
    run.expect("it is mended: both come back", "a", "a")
    ground.stop("a")
    run.expect("stopped: both move", "b", "b")


def cable(run, ground):
    form = FORMS["v3"]
    ground.start("a", form.conf("a", 150))
    ground.start("b", form.conf("b", 100))
    run.expect("before", "a")
    ground.nodes["a"].cable("down")
    run.expect("cable pulled: it is a fault", "b")
    ground.nodes["a"].cable("up")
    run.expect("plugged in again", "a")
    ground.nodes["a"].silent(True)
    run.expect("cut off in silence: two masters", "ab")
    ground.nodes["a"].silent(False)
    run.expect("and one again", "a")


SCENARIOS = {"elect-" + name: (elect(form), (form.vip,)) for name, form in FORMS.items()}
SCENARIOS |= {"nopreempt": (nopreempt, (VIP4,)), "preempt-delay": (preempt_delay, (VIP4,)), "equal": (equal, (VIP4,)),
              "sync-group": (sync_group, (VIP4, VIP4_2)), "cable": (cable, (VIP4,))}


# ---- forged adverts
def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Forger:
    """Sends adverts that are wrong in one thing each, from a third node, with any source."""
    # what is wrong → the fields that say so
    WRONG = {"ttl": {"ttl": 254}, "ttl of 1": {"ttl": 1}, "checksum": {"spoil": True}, "vrid": {"vrid": 52}, "type": {"type": 2},
             "short": {"cut": 6}, "count": {"count": 9}, "no address": {"vips": []}}
    WRONG_FORM = {
        "v2": {"auth type": {"auth": 0}, "password": {"word": b"wrong\0\0\0"}, "interval": {"every": 7}, "source": {"source": "0.0.0.0"},
               "version": {"version": 5}, "list": {"vips": ["192.168.60.99"]}, "two addresses": {"vips": [VIP4, "192.168.60.99"]}},
        "v3": {"source": {"source": "0.0.0.0"}, "version": {"version": 2}, "interval": {"every": 0}, "list": {"vips": ["192.168.60.99"]}},
        "six": {"source": {"source": "fd00::66"}, "source of none": {"source": "::"}, "version": {"version": 2}, "interval": {"every": 0},
                "list": {"vips": ["fe80::99"]}},
    }
    GOOD = {"v2": {"vips": [VIP4], "every": 1, "source": "192.168.60.66"}, "v3": {"vips": [VIP4], "every": 50, "source": "192.168.60.66"},
            "six": {"vips": [VIP6], "every": 50, "source": "fe80::66"}}

    def __init__(self, node, form):
        self.form, self.wrong = form, self.WRONG | self.WRONG_FORM[form]
        self.version, self.family = 2 if form == "v2" else 3, socket.AF_INET6 if form == "six" else socket.AF_INET
        with inside(node):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            self.socket.bind(("eth1", 0))
        self.random = random.Random(3)

    def packed(self, address):
        return socket.inet_pton(self.family, address)

    def frame(self, **wrong):
        says = {"vrid": 51, "auth": 1, "word": b"1111secr", "version": self.version, "type": 1, "priority": 255, **self.GOOD[self.form], **wrong}
        listed = b"".join(map(self.packed, says["vips"]))
        head = struct.pack("!BBBB", says["version"] << 4 | says["type"], says["vrid"], says["priority"], says.get("count", len(says["vips"])))
        addresses = self.packed(says["source"]) + self.packed("ff02::12" if self.form == "six" else "224.0.0.18")
        if self.version == 2:
            tail, pseudo, rest = struct.pack("!BB", says["auth"], says["every"]), b"", listed + says["word"]
        else:
            tail, rest = struct.pack("!H", says["every"]), listed
            pseudo = addresses + (struct.pack("!II", 8 + len(rest), 112) if self.form == "six" else struct.pack("!HH", 112, 8 + len(rest)))
        total = checksum(pseudo + head + tail + b"\0\0" + rest) ^ (0x5555 if says.get("spoil") else 0)
        body = head + tail + struct.pack("!H", total) + rest
        return self.packet(addresses, says.get("ttl", 255), body[:len(body) - says.get("cut", 0)])

    def packet(self, addresses, ttl, body):
        mine = bytes.fromhex("020000000066")
        if self.form == "six":
            return bytes.fromhex("333300000012") + mine + b"\x86\xdd" + struct.pack("!IHBB", 0x6c000000, len(body), 112, ttl) + addresses + body
        head = struct.pack("!BBHHHBBH", 0x45, 0xc0, 20 + len(body), self.random.getrandbits(16), 0, ttl, 112, 0) + addresses
        head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
        return bytes.fromhex("01005e000012") + mine + b"\x08\x00" + head + body

    def send(self, number):
        """So many, every kind as often as any other; half of them with priority 255, half with 0."""
        kinds = list(self.wrong)
        for i in range(number):
            self.socket.send(self.frame(priority=255 * (i // len(kinds) % 2), **self.wrong[kinds[i % len(kinds)]]))
            if i % 20 == 19:
                time.sleep(0.01)  # the receiver's queue is finite

    def send_good(self):
        self.socket.send(self.frame())


# What halb's USR2 file must have counted: at least one for each kind of forgery that it has a line for.
COUNTED = {"v2": ("Length", "TTL", "Invalid Type", "Advertisement Interval", "Address List", "Type Mismatch", "Failure"),
           "v3": ("Length", "TTL", "Invalid Type", "Address List"), "six": ("Length", "TTL", "Invalid Type", "Address List")}


def counted(ground, side):
    """The counters of errors in keepalived.stats: {name: number}; where two have the same name, their sum."""
    path, found = ground.nodes[side].dir + "/tmp/keepalived.stats", {}
    os.kill(ground.processes[side].pid, signal.SIGUSR2)
    until(5, lambda: os.path.exists(path))
    time.sleep(0.2)
    for name, number in re.findall(r"^ +([A-Z][A-Za-z ]+): (\d+)$", read(path).partition("Packet Errors")[2], re.M):
        found[name] = found.get(name, 0) + int(number)
    return found


def forged(form):
    def steps(run, ground):
        conf = FORMS[{"v2": "v2-pass", "v3": "v3", "six": "v3-six"}[form]].conf
        forger = Forger(ground.net.node("f", {"eth1": "192.168.60.66/24 fe80::66/64"}), form)
        ground.start("a", conf("a", 150))
        ground.start("b", conf("b", 100))
        run.expect("before", "a")
        begin = time.monotonic()
        forger.send(10000)
        run.expect("10,000 forged adverts", "a", within=0.1)
        changes = list(ground.watches.values())[0].changes(begin)
        run.results.append(("... and no state changed", not changes, "%s\n%s" % (changes, ground.said())))
        for side in "ab":
            found = counted(ground, side)
            run.results.append(("... and %s counted them" % side, all(found.get(name) for name in COUNTED[form]), "%s" % found))
        forger.send_good()
        run.results.append(("a true one does (the forger can forge)", until(2, lambda: ground.holders() == ("",)), ground.said()))
    return steps


# keepalived believes an advert from 0.0.0.0, so these are for two halbs only.
FORGED = {"forged-v2": (forged("v2"), (VIP4,)), "forged-v3": (forged("v3"), (VIP4,)), "forged-six": (forged("six"), (VIP6,))}
SCENARIOS |= FORGED


def conf_with_bfd(side, priority):
    other = B4 if side == "a" else A4
    bfd = "bfd_instance B {\n neighbor_ip %s\n source_ip %s\n min_rx 100\n min_tx 100\n multiplier 3\n}\n" % (other, A4 if side == "a" else B4)
    return bfd + FORMS["v3"].conf(side, priority, ["track_bfd {\n  B\n }"])


def bfd(run, ground):
    """Each one tracks the session with the other: without it, neither may be master."""
    ground.start("a", conf_with_bfd("a", 150))
    ground.start("b", conf_with_bfd("b", 100))
    run.expect("the session is up: the higher priority is master", "a", within=45)
    ground.kill("b")  # one that stops says AdminDown, which is no failure (RFC 5882 4.2)
    run.expect("the other one's BFD is gone: a fault", "", within=3)
    ground.start("b", conf_with_bfd("b", 100))
    run.expect("it is back", "a", within=45)


FRR = """bfd
 peer %s local-address %s
  detect-multiplier 3
  receive-interval 100
  transmit-interval 100
 !
!
"""


def bfd_frr(run, ground):
    """A BFD session with FRR's bfdd, on b."""
    node, seen = ground.nodes["b"], ["vtysh", "--vty_socket", "/run/frr", "-c", "show bfd peers"]
    node.run("install", "-d", "-o", "frr", "-g", "frr", "/run/frr")
    same = ["-z", "/run/frr/zserv.api", "--vty_socket", "/run/frr"]
    node.process("zebra", ["/usr/lib/frr/zebra", *same, "-i", "/run/frr/zebra.pid"])
    until(5, lambda: node.run("ls", "/run/frr/zserv.api"))
    conf = write(node.dir + "/bfdd.conf", FRR % (A4, B4))
    bfdd = node.process("bfdd", ["/usr/lib/frr/bfdd", *same, "-i", "/run/frr/bfdd.pid", "-f", conf, "--bfdctl", "/run/frr/bfdd.sock"])
    ground.processes["b"] = bfdd
    ground.start("a", conf_with_bfd("a", 150))
    up = until(20, lambda: "Status: up" in node.run(*seen), 0.2)
    run.results.append(("bfdd says that the session is up", bool(up), node.run(*seen) + ground.said()))
    run.expect("with it, it becomes master", "a", within=45)
    os.kill(bfdd.pid, signal.SIGKILL)
    run.expect("bfdd killed: a fault", "", within=3)


SCENARIOS |= {"bfd": (bfd, (VIP4,)), "bfd-frr": (bfd_frr, (VIP4,))}
PAIRS = [("halb", "keepalived"), ("keepalived", "halb")]


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--compare", action="store_true", help="run keepalived beside keepalived too")
    parser.add_argument("--scenarios", default=",".join(SCENARIOS))
    parser.add_argument("--pairs", help="such as halb-halb,keepalived-keepalived")
    asked = parser.parse_args()
    asked.pairs_given = bool(asked.pairs)
    asked.pairs = [tuple(pair.split("-")) for pair in asked.pairs.split(",")] if asked.pairs else list(PAIRS)
    if asked.compare:
        asked.pairs.append(("keepalived", "keepalived"))
    return asked


def main():
    asked = arguments()
    enter("interop")
    if not shutil.which("keepalived") or os.geteuid() != 0:
        print("ok interop # SKIP needs Debian's keepalived, and root")
        sys.exit(77)
    with Lab() as lab, concurrent.futures.ThreadPoolExecutor(12) as pool:
        runs = []
        for name in asked.scenarios.split(","):
            steps, vips = SCENARIOS[name]
            pairs = [("halb called keepalived",) * 2] if name in FORGED and not asked.pairs_given else asked.pairs
            if name == "bfd-frr":  # bfdd is on b
                if not os.path.exists("/usr/lib/frr/bfdd"):
                    print("ok bfd-frr # SKIP needs Debian's frr")
                    continue
                pairs = dict.fromkeys((first, "bfdd") for first, _ in pairs if first != "keepalived" or asked.compare)
            runs += [pool.submit(lambda *words: Run(*words).run(), lab, name, pair, steps, vips) for pair in pairs]
        for run in runs:
            run.result().tell(lab)
    sys.exit(lab.status())


if __name__ == "__main__":
    main()
