#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""halb called keepalived: its options and exit codes, its signals, its data files; and the words of a halb that holds virtual IPs:
`halb -c -k`, `halb ctl`. A machine with an interface in namespaces of its own; skipped where there can be none."""
import json
import os
import re
import signal
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab"))
from lab import HALB, ROOT, alive, read, until, write
from live_lab import Lab
from net import Net, enter

BAD_EXIT = 5  # what keepalived 2.2.7 -t answers to errors; 6 is about scripts that others may write
CLASSIC = os.path.join(ROOT, "examples/keepalived.hap1.conf")
OWN, FIRST, SECOND, THIRD = "192.168.50.11", "192.168.50.10", "192.168.50.20", "192.168.50.30"
CONF = """global_defs {
    vrrp_version 3
}
vrrp_instance VI_1 {
    interface eth1
    virtual_router_id 51
    priority %d
    advert_int 0.1
    virtual_ipaddress {
%s
    }
}
"""
BAD = """vrrp_instance VI_1 {
    interfac eth1
    virtual_router_id 51
    priority 300
    virtual_ipaddress {
        192.168.50.10
    }
}
"""
PROXY = """defaults
    mode http
    timeout connect 1s
    timeout client 1s
    timeout server 1s
frontend http-in
    bind *:20080
    monitor-uri /alive
"""


def conf(priority, *addresses):
    return CONF % (priority, "\n".join("        %s/24" % address for address in addresses))


class Machine:
    """The machine, and the programs by their names."""

    def __init__(self, lab, net):
        self.lab, self.net = lab, net
        self.node = net.node("a", {"eth1": OWN + "/24"})
        self.keepalived = os.path.join(lab.dir, "keepalived")
        os.symlink(HALB, self.keepalived)
        self.file = os.path.join(lab.dir, "keepalived.conf")
        self.watch = net.watch(FIRST)
        self.watch.add(self.node)
        self.files = 0

    def write(self, text):
        self.files += 1
        return write(os.path.join(self.lab.dir, "%d.conf" % self.files), text)

    def ask(self, *words, inside=True):
        """A program that ends: (exit status, standard output, standard error)."""
        done = subprocess.run([*(self.node.prefix if inside else ()), *words], capture_output=True, text=True, check=False, timeout=30)
        return done.returncode, done.stdout, done.stderr

    def vips(self):
        return self.node.addresses() & {FIRST, SECOND, THIRD}

    def own_pid(self, pid):
        """As the machine itself numbers it."""
        found = re.search(r"NSpid:.*\t(\d+)\n", read("/proc/%d/status" % pid))
        return int(found[1]) if found else 0

    def made(self, name):
        return read(self.node.dir + "/tmp/" + name)


def show_words(lab, m):
    lab.check("-v", m.ask(m.keepalived, "-v")[0] == 0 and "Keepalived v" in m.ask(m.keepalived, "-v")[1], m.ask(m.keepalived, "-v"))
    for option in ("-h", "--help"):
        status, out, _ = m.ask(m.keepalived, option)
        lab.check(option, status == 0 and "--config-test" in out, out)
    for name, number in (("STOP", signal.SIGTERM), ("RELOAD", signal.SIGHUP), ("DATA", signal.SIGUSR1), ("STATS", signal.SIGUSR2)):
        lab.equal("--signum=" + name, m.ask(m.keepalived, "--signum=" + name)[:2], (0, "%d\n" % number))
    for words in (["--signum=NONE"], ["--no-such-option"], ["word"]):
        status, out, err = m.ask(m.keepalived, *words)
        lab.check("refused: " + words[0], status == 1 and err and not out, (status, out, err))


def show_config_test(lab, m):
    lab.equal("-t, a good file", m.ask(m.keepalived, "-t", "-f", CLASSIC), (0, "", ""))
    lab.equal("--config-test, --use-file=", m.ask(m.keepalived, "--config-test", "--use-file=" + CLASSIC), (0, "", ""))
    bad = m.write(BAD)
    status, _, err = m.ask(m.keepalived, "-t", "-f", bad)
    lab.equal("-t, a bad file: the exit status", status, BAD_EXIT)
    for line, said in ((2, "'interfac'"), (4, "'300'")):
        lab.check("-t says what is wrong in line %d" % line, re.search(r"parsing \[%s:%d\] : .*%s" % (re.escape(bad), line, said), err), err)
    status, _, err = m.ask(m.keepalived, "-t", "-f", m.write(CONF % (100, "        192.168.50.10/24") + "vrrp_instance VI_2 {\n"))
    lab.check("-t, a brace is missing", status == BAD_EXIT and re.search(r":\d+\] : .*'}'", err), (status, err))
    status, _, err = m.ask(m.keepalived, "-t", "-f", lab.dir + "/nowhere")
    lab.check("-t, no such file", status != 0 and lab.dir + "/nowhere" in err, (status, err))
    status, _, err = m.ask(m.keepalived, "-n", "-f", bad)
    lab.check("a bad file is not run", status not in (0, None) and bad + ":2" in err, (status, err))
    status, out, _ = m.ask(m.keepalived, "-t", "-d", "-f", CLASSIC)
    lines = set(out.splitlines())
    lab.check("-d prints what was understood", status == 0 and {"vrrp_instance VI_1 interface eth1", "vrrp_instance VI_1 priority 101",
                                                                "vrrp_instance VI_1 address 192.168.50.10/32"} <= lines, out)


def entered(process):
    return re.findall(r"\(VI_1\) Entering (\w+) STATE", process.said())


def show_reload(lab, m, keepalived):
    pid, begin = keepalived.pid, len(m.watch.changes())
    write(m.file, conf(150, FIRST, THIRD))
    keepalived.kill(signal.SIGHUP)
    lab.check("HUP: an address goes and one comes", until(5, lambda: m.vips() == {FIRST, THIRD}), m.vips())
    keepalived.kill(signal.SIGUSR1)
    lab.check("HUP: the new priority", until(5, lambda: "Priority = 150" in m.made("keepalived.data")), m.made("keepalived.data"))
    write(m.file, BAD)
    said = len(keepalived.said())
    keepalived.kill(signal.SIGHUP)
    lab.check("HUP, a bad file: it says so", until(5, lambda: m.file + ":2" in keepalived.said()[said:]), keepalived.said()[said:])
    os.unlink(m.node.dir + "/tmp/keepalived.data")
    keepalived.kill(signal.SIGUSR1)
    until(5, lambda: "VRRP" in m.made("keepalived.data"))
    lab.check("... and all is as it was", m.vips() == {FIRST, THIRD} and "Priority = 150" in m.made("keepalived.data"),
              (m.vips(), m.made("keepalived.data")))
    lab.check("the MASTER has stayed it, and the address in its place", entered(keepalived)[-1:] == ["MASTER"] and
              entered(keepalived).count("MASTER") == 1 and m.watch.changes()[begin:] == [], (entered(keepalived), m.watch.changes()))
    lab.check("the process too", keepalived.running() and keepalived.pid == pid)


def show_data(lab, m, keepalived):
    keepalived.kill(signal.SIGUSR1)
    data = until(5, lambda: m.made("keepalived.data"))
    for line in ("VRRP Instance = VI_1", "State = MASTER", "Priority = 100", "Interface = eth1", "Virtual Router ID = 51"):
        lab.check("USR1: keepalived.data says " + line, re.search(r"(?m)^ *%s$" % re.escape(line), data), data)
    lab.check("... and the addresses", FIRST in data and SECOND in data, data)
    keepalived.kill(signal.SIGUSR2)
    stats = until(5, lambda: m.made("keepalived.stats"))
    sent = re.search(r"(?m)^ +Sent: (\d+)$", stats)
    lab.check("USR2: keepalived.stats counts", "VRRP Instance: VI_1" in stats and "Became master: 1" in stats and sent and int(sent[1]) > 0, stats)


def routes(m):
    return m.node.run("ip", "route", "show", "table", "local", "proto", "112")


def show_foreground(lab, m):
    write(m.file, conf(100, FIRST, SECOND))
    before = m.node.run("cat", "/proc/sys/net/ipv4/conf/eth1/arp_ignore")
    keepalived = m.node.process("keepalived", [m.keepalived, "-n", "-l", "-D", "-f", m.file, "-p", "/run/k.pid"])
    lab.check("-n -l: it takes the addresses", until(10, lambda: m.vips() == {FIRST, SECOND}), keepalived.said())
    lab.check("-l: and says so", entered(keepalived) == ["BACKUP", "MASTER"], keepalived.said())
    lab.equal("-p: the pid file", m.node.run("cat", "/run/k.pid"), "%d\n" % m.own_pid(keepalived.pid))
    show_data(lab, m, keepalived)
    show_reload(lab, m, keepalived)
    write(m.file, conf(100, FIRST, SECOND))
    keepalived.kill(signal.SIGTERM)
    lab.check("TERM: it ends", keepalived.wait(10) is not None, keepalived.said())
    lab.equal("TERM: exit status", keepalived.popen.returncode, 0)
    lab.equal("TERM: no address is left", m.vips(), set())
    lab.equal("... no route", routes(m), "")
    lab.equal("... no setting", m.node.run("cat", "/proc/sys/net/ipv4/conf/eth1/arp_ignore"), before)
    lab.equal("TERM: the pid file is gone", m.node.run("sh", "-c", "ls /run/k.pid 2>/dev/null"), "")


def show_silent(lab, m):
    """Without -l it says nothing to the terminal."""
    keepalived = m.node.process("silent", [m.keepalived, "-n", "-f", m.file])
    lab.check("-n: it takes the addresses", until(10, lambda: m.vips() == {FIRST, SECOND}), keepalived.said())
    lab.equal("without -l it is silent", keepalived.said(), "")
    lab.equal("the default pid file", m.node.run("cat", "/run/keepalived.pid"), "%d\n" % m.own_pid(keepalived.pid))
    keepalived.kill(signal.SIGINT)
    lab.equal("INT: exit status", keepalived.wait(10), 0)


def show_daemon(lab, m):
    status, out, err = m.ask(m.keepalived, "-f", m.file, "-p", "/run/d.pid")
    lab.check("without -n the start is over when it runs", status == 0, (status, out, err))
    inside = m.node.run("cat", "/run/d.pid").strip()
    found = [int(pid) for pid in os.listdir("/proc") if pid.isdigit() and read("/proc/%s/comm" % pid) == "keepalived\n" and
             str(m.own_pid(int(pid))) == inside and "/%s\0" % os.path.basename(m.file) in read("/proc/%s/cmdline" % pid)]
    if not lab.check("the pid file names it", len(found) == 1, (inside, found)):
        return
    pid = found[0]
    lab.check("a daemon takes the addresses", until(10, lambda: m.vips() == {FIRST, SECOND}), m.vips())
    lab.equal("it has no terminal", [os.readlink("/proc/%d/fd/%d" % (pid, fd)) for fd in range(3)], ["/dev/null"] * 3)
    lab.equal("it leads a session", os.getsid(pid), pid)
    m.node.run("kill", "-TERM", inside)
    lab.check("TERM: it ends, and no address is left", until(10, lambda: not alive(pid)) and not m.vips(), m.vips())


def show_pair_check(lab, m):
    """Here is no eth1; there is one on the machine."""
    words = [HALB, "-c", "-f", os.path.join(ROOT, "examples/haproxy.cfg"), "-k", CLASSIC]
    status, out, err = m.ask(*words, inside=False)
    lab.check("-c -f -k: valid", status == 0 and "Configuration file is valid" in out, (status, out, err))
    lab.check("... with a warning about the interface", re.search(r"\[WARNING\].*keepalived.hap1.conf:\d+\] : interface 'eth1' does not exist", err), err)
    lab.equal("-c, and the interface exists", m.ask(*words), (0, "Configuration file is valid\n", ""))
    words[3] = m.write(PROXY.replace("*:20080", "192.168.50.99:80"))
    status, _, err = m.ask(*words)
    lab.check("-c: an address that is neither here nor virtual", "192.168.50.99" in err, (status, err))
    status, _, err = m.ask(HALB, "-c", "-f", os.path.join(ROOT, "examples/haproxy.cfg"), "-k", m.write(BAD))
    lab.check("-c: a bad keepalived.conf", status == 1 and ":2] : " in err, (status, err))


def show_ctl(lab, m):
    status, _, err = m.ask(HALB, "ctl", "show", "vrrp")
    lab.check("ctl, and no halb runs: it says so", status == 1 and "/run/halb.sock" in err, (status, err))
    write(m.file, conf(100, FIRST, SECOND))
    halb = m.node.process("halb", [HALB, "-db", "-f", m.write(PROXY), "-k", m.file])
    lab.check("-k: it takes the addresses", until(15, lambda: m.vips() == {FIRST, SECOND}), halb.said())
    status, out, err = m.ask(HALB, "ctl", "show", "vrrp")
    lab.check("ctl show vrrp", status == 0 and re.match(r"VI_1: MASTER for \d+s, VRID 51 on eth1, VRRPv3, priority 100", out) and FIRST in out, (status, out, err))
    status, out, err = m.ask(HALB, "ctl", "show", "vrrp", "json")
    rows = json.loads(out)
    rows = rows if isinstance(rows, list) else next(value for value in rows.values() if isinstance(value, list))
    lab.check("ctl show vrrp json", [(row["name"], row["state"]) for row in rows] == [("VI_1", "MASTER")], (status, out, err))
    begin = len(m.watch.changes())
    status, out, err = m.ask(HALB, "ctl", "release")
    lab.check("ctl release", status == 0, (status, out, err))
    lab.check("nobody takes over", until(10, lambda: "nobody has taken over" in halb.said()), halb.said())
    lab.check("... and the address has not left for a moment", m.watch.changes()[begin:] == [] and
              m.ask(HALB, "ctl", "show", "vrrp")[1].startswith("VI_1: MASTER"), m.watch.changes())
    halb.kill(signal.SIGTERM)
    lab.check("TERM: it ends, and no address is left", halb.wait(10) is not None and not m.vips(), (m.vips(), halb.said()))


def main():
    enter("keepalived")
    with Lab() as lab, Net(lab) as net:
        m = Machine(lab, net)
        for part in (show_words, show_config_test, show_foreground, show_silent, show_daemon, show_pair_check, show_ctl):
            lab.attempt(part, m)
    sys.exit(lab.status())


if __name__ == "__main__":
    main()
