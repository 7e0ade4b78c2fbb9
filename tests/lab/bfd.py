#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""halb's bfd_instance beside FRR's bfdd, in both families: it comes up with the intervals of both files, its weight counts while it is
up, silence is seen in the detection time, and halb's end is told as AdminDown. interop.py has the elections that hang on it.
"""
import json
import os
import re
import signal
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab"))
from lab import HALB, Lab, until, write
from net import Net, enter

BFDD, ZEBRA = "/usr/lib/frr/bfdd", "/usr/lib/frr/zebra"
PAIRS = {"v4": ("192.168.60.11", "192.168.60.12"), "v6": ("fd00::11", "fd00::12")}  # ours, bfdd's
WEIGHTS = {"v4": 5, "v6": 7}
PRIORITY = 100
DETECT_MS = 4 * 60  # of bfdd's multiplier and interval, which is longer than what we ask for


def halb_conf():
    text = ""
    for name, (ours, other) in PAIRS.items():
        text += "bfd_instance %s {\n neighbor_ip %s\n source_ip %s\n min_rx 50\n min_tx 50\n multiplier 5\n weight %d\n}\n" % (
            name, other, ours, WEIGHTS[name])
    return text + """vrrp_instance VI_1 {
 interface eth1
 virtual_router_id 51
 priority %d
 virtual_ipaddress {
  192.168.60.10
 }
 track_bfd {
  v4
  v6
 }
}
""" % PRIORITY


def bfdd_conf():
    return "bfd\n" + "".join(" peer %s local-address %s\n  detect-multiplier 4\n  receive-interval 50\n  transmit-interval 60\n !\n" % pair
                             for pair in PAIRS.values()) + "!\n"


class Frr:
    """zebra and bfdd on a node."""

    def __init__(self, node):
        self.node = node
        node.run("install", "-d", "-o", "frr", "-g", "frr", "/run/frr")
        same = ["-z", "/run/frr/zserv.api", "--vty_socket", "/run/frr"]
        node.process("zebra", [ZEBRA, *same, "-i", "/run/frr/zebra.pid"])
        until(10, lambda: node.run("ls", "/run/frr/zserv.api"))
        conf = write(node.dir + "/bfdd.conf", bfdd_conf())
        self.bfdd = node.process("bfdd", [BFDD, *same, "-i", "/run/frr/bfdd.pid", "-f", conf, "--bfdctl", "/run/frr/bfdd.sock"])
        until(10, lambda: len(self.peers()) == len(PAIRS), 0.1)

    def peers(self):
        """{our address: what bfdd says of us}"""
        text = self.node.run("vtysh", "--vty_socket", "/run/frr", "-c", "show bfd peers json")
        try:
            return {peer["peer"]: peer for peer in json.loads(text)}
        except ValueError:
            return {}

    def all_are(self, key, value):
        peers = self.peers()
        return len(peers) == len(PAIRS) and all(peer.get(key) == value for peer in peers.values())


class Case:
    def __init__(self, lab, net):
        self.lab = lab
        self.nodes = [net.node(name, {"eth1": "%s/24 %s/64" % tuple(pair[i] for pair in PAIRS.values())}) for i, name in enumerate("ab")]
        self.frr = Frr(self.nodes[1])
        conf = write(self.nodes[0].dir + "/keepalived.conf", halb_conf())
        self.halb = self.nodes[0].process("halb", [HALB, "-db", "-k", conf])

    def told(self, name, state):
        """How often halb said so."""
        return self.halb.said().count("Tracked BFD instance %s is %s" % (name, state))

    def priority(self):
        changes = re.findall(r"\(VI_1\) Changing effective priority from \d+ to (\d+)", self.halb.said())
        return int(changes[-1]) if changes else PRIORITY

    def up(self, times):
        lab = self.lab
        up = until(20, lambda: self.frr.all_are("status", "up") and all(self.told(name, "UP") == times for name in PAIRS), 0.1)
        lab.check("both sessions are up, as both sides say (%d.)" % times, up, "%s\n%s" % (self.frr.peers(), self.halb.said()))
        wanted = PRIORITY + sum(WEIGHTS.values())
        lab.check("... and their weights count", until(5, lambda: self.priority() == wanted), self.halb.said())

    def intervals(self):
        def told(peer):
            return tuple(peer.get(key) for key in ("remote-detect-multiplier", "remote-receive-interval", "remote-transmit-interval"))
        self.lab.check("bfdd has our intervals and multiplier", until(5, lambda: {told(peer) for peer in self.frr.peers().values()} == {(5, 50, 50)}),
                       self.frr.peers())

    def silence(self):
        begin = time.monotonic()
        self.frr.bfdd.kill(signal.SIGSTOP)
        down = until(10, lambda: all(self.told(name, "DOWN") for name in PAIRS), 0.005)
        took = 1000 * (time.monotonic() - begin)
        print("# bfdd's silence was seen after %d ms (detection time %d ms)" % (took, DETECT_MS))
        self.lab.check("silence is seen", down, self.halb.said())
        self.lab.check("... and the weights are gone", until(5, lambda: self.priority() == PRIORITY), self.halb.said())
        self.frr.bfdd.kill(signal.SIGCONT)

    def farewell(self):
        self.halb.kill(signal.SIGTERM)
        self.lab.check("halb's end is told as AdminDown", until(10, lambda: self.frr.all_are("remote-diagnostic", "administratively down"), 0.1),
                       "%s\n%s" % (self.frr.peers(), self.halb.said()))


def main():
    enter("bfd")
    if not os.path.exists(BFDD) or os.geteuid() != 0:
        print("ok bfd # SKIP needs FRR's bfdd, and root")
        sys.exit(77)
    with Lab() as lab, Net(lab, "f") as net:
        case = Case(lab, net)
        case.up(1)
        case.intervals()
        case.silence()
        case.up(2)
        case.farewell()
    sys.exit(lab.status())


if __name__ == "__main__":
    main()
