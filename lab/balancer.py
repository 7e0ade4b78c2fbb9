# SPDX-License-Identifier: MIT
"""The load balancers of the drills: what runs on hap1 and hap2, and what can be done to it.

"halb" is one program; "classic" is Debian's haproxy and keepalived, for comparison. Both read the files of examples/ unmodified.
"""
import os
import re
import signal

from lab import HALB, ROOT, family, read, stat_rows, until
from net import Pair

EXAMPLES = os.path.join(ROOT, "examples")
RELOADED_S = 3  # a new worker is there by then


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

    def start_proxy(self, *options):
        self.proxy = self.node.process("haproxy", ["haproxy", "-db", "-f", self.proxy_conf, *options])

    def reload(self):
        """A new haproxy, which tells the old one to finish what it has."""
        inner = re.search(r"NSpid:.*\s(\d+)\n", read("/proc/%d/status" % self.proxy.pid))
        self.start_proxy("-sf", inner[1])
        return True

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

    def reload(self):
        """A new worker; false when none came."""
        before = set(self.workers())
        self.halb.kill(signal.SIGUSR2)
        return until(RELOADED_S, lambda: set(self.workers()) - before, 0.02)

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
