#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The Debian packages on two Debian 12 machines with systemd: built, looked at, installed, run, reloaded, upgraded, killed, a
virtual IP handed over under load, purged; lintian and systemd-analyze have nothing to say. HALB_DEB names a folder with packages
that are built already."""
import contextlib
import glob
import os
import re
import shutil
import socket
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import machine
from machine import BUILD, Machines, sh
from lab import ROOT, ask, get, read, status, until

VIP = "192.168.50.10"
BIND = "frontend extra\n    bind *:%s\n    monitor-uri /alive\n"
KEEPALIVED = """global_defs {
    halb_vip_lease 0
}
vrrp_instance VI_1 {
    interface eth1
    virtual_router_id 51
    priority %d
    virtual_ipaddress {
        192.168.50.10
    }
    notify_master "/usr/bin/touch /run/halb/master"
}
"""
failed = 0


def check(name, good, why=""):
    global failed
    failed += not good
    print("%s %s" % ("ok" if good else "FAIL", name), flush=True)
    if not good:
        print("".join("# %s\n" % line for line in str(why)[-3000:].splitlines()), end="", flush=True)
    return good


def is_built(folder):
    """The packages are there, and newer than all that goes into them."""
    made = [os.path.getmtime(path) for path in glob.glob(folder + "/halb_*.changes")]
    sources = [os.path.join(top, name) for part in ("src", "lab", "debian", "packaging", "docs", "examples")
               for top, _, names in os.walk(os.path.join(ROOT, part)) for name in names if not name.endswith(".pyc")]
    return made and made[0] > max(os.path.getmtime(path) for path in [*sources, ROOT + "/Makefile", ROOT + "/tools/deb"])


def packages():
    """The folder of the packages."""
    folder = os.environ.get("HALB_DEB") or BUILD + "/package"
    if not os.environ.get("HALB_DEB") and not is_built(folder):
        code, said = sh(ROOT + "/tools/deb", seconds=280, check=False)
        if not check("the packages are built, and lintian has no error and no warning", code == 0, said):
            sys.exit(1)
    return folder


class Load:
    """New connections to an address, one after the other; what failed."""

    def __init__(self, address, port):
        self.to, self.good, self.failures, self.going = (address, port), 0, [], True
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        while self.going:
            begin, answer = time.monotonic(), b""
            with contextlib.suppress(OSError):
                with socket.create_connection(self.to, 3) as s:
                    s.sendall(get("/alive"))
                    answer = s.recv(4096)
            if status(answer) == 200:
                self.good += 1
            else:
                self.failures.append("%.3f s: %s" % (time.monotonic() - begin, answer[:40] or "no answer"))
            time.sleep(0.005)

    def __enter__(self):
        self.thread.start()
        until(5, lambda: self.good > 20)
        return self

    def __exit__(self, *_):
        self.going = False
        self.thread.join()


def main_pid(m):
    return m.says("systemctl", "show", "-P", "MainPID", "halb")


def active(m):
    return m.says("systemctl", "is-active", "halb") == "active"


def journal(m):
    return m.says("journalctl", "--no-pager", "-u", "halb", "-n", "60")


def answers(address, port, path="/alive"):
    return status(ask(port, get(path), address, seconds=3)) == 200


def add(m, text):
    m.write("/etc/halb/halb.cfg", read(m.path("/etc/halb/halb.cfg")) + text)


def files(m):
    """All that is there, but for what packages do not own, dpkg's own notes and caches."""
    said = m.says("find", "/", "-xdev", "(", "-path", "/proc", "-o", "-path", "/sys", "-o", "-path", "/run", "-o", "-path", "/tmp",
                  "-o", "-path", "/var/tmp", "-o", "-path", "/var/cache", "-o", "-path", "/var/lib/dpkg", ")", "-prune", "-o", "-print")
    notes = r"/etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$|/etc/\.pwd\.lock$|/var/lib/logrotate/|/var/log/(?!halb)"
    return {line for line in said.splitlines() if not re.match(notes, line)}


def show_install(m):
    before = files(m)
    code, said = m.run("sh", "-c", "dpkg -i /mnt/halb_*.deb")
    check("the package installs", code == 0, said)
    check("the service is active", until(10, lambda: active(m)), m.says("systemctl", "status", "halb") + journal(m))
    check("its status line says what it does", until(10, lambda: "serves" in m.says("systemctl", "show", "-P", "StatusText", "halb")),
          m.says("systemctl", "status", "halb"))
    code, said = m.run("curl", "-sS", "http://127.0.0.1:8404/")
    check("the default configuration answers with the statistics page", code == 0 and ">statistics</h2>" in said, said)
    check("nobody else sees it", not ask(8404, address="192.168.50.11"))
    check("a command through the socket in /run/halb", "Name: " in m.says("halb", "ctl", "show", "info"))
    check("the worker is confined as it should be", "confined" not in journal(m), journal(m))
    said = m.says("systemd-analyze", "verify", "--man=no", "halb.service")
    check("systemd-analyze verify has nothing to say", said == "", said)
    exposure = re.search(r"Overall exposure level for halb.service: ([0-9.]+)",
                         m.says("systemd-analyze", "security", "--no-pager", "halb.service"))
    check("systemd-analyze security: %s, which is OK" % (exposure and exposure[1]), exposure and float(exposure[1]) < 5)
    said = m.says("bash", "-c", ". /usr/share/bash-completion/completions/halb; COMP_WORDS=(halb ctl show vr) COMP_CWORD=3;"
                  " _halb_complete; echo ${COMPREPLY[*]}")
    check("bash completes halb ctl show vr", said == "vrrp", said)
    said = m.says("bash", "-c", ". /usr/share/bash-completion/completions/halb; halb ctl help |"
                  " sed -n 's/^  \\([a-z][a-z ]*[a-z]\\).*/\\1/p' | while read -r a b c; do"
                  " case $_halb_ctl_words in *$a${b:+_$b}*) ;; *) echo $a $b ;; esac; done")
    check("its list of commands is complete", said == "", said)
    return before


def show_lab(folder):
    """The lab, from where the packages put it."""
    root = os.path.join(folder, "root")
    shutil.rmtree(root, ignore_errors=True)
    for deb in glob.glob(folder + "/halb_*.deb") + glob.glob(folder + "/halb-lab_*.deb"):
        sh("dpkg-deb", "-x", deb, root)
    if os.path.exists(root + "/usr/lib/halb/lab"):
        code, said = sh(root + "/usr/sbin/halb", "lab", "help")
        check("halb lab is there when halb-lab is installed", code == 0 and "halb lab up" in said or "up [" in said, said)
    shutil.rmtree(root)


def show_logs(m):
    add(m, BIND % 8000)
    m.run("systemctl", "reload", "halb")
    ask(8000, get("/seen"), "192.168.50.11")
    check("a request is in /var/log/halb.log", until(10, lambda: "GET /seen" in read(m.path("/var/log/halb.log"))),
          read(m.path("/var/log/halb.log")) + m.says("ls", "-la", "/var/lib/halb/dev"))
    code, said = m.run("logrotate", "-f", "/etc/logrotate.d/halb")
    check("logrotate rotates it", code == 0 and os.path.exists(m.path("/var/log/halb.log.1")), said)
    ask(8000, get("/again"), "192.168.50.11")
    check("... and lines go on", until(10, lambda: "GET /again" in read(m.path("/var/log/halb.log"))), read(m.path("/var/log/halb.log")))
    m.run("systemctl", "restart", "rsyslog")
    ask(8000, get("/after"), "192.168.50.11")
    check("... also when rsyslog was started anew", until(10, lambda: "GET /after" in read(m.path("/var/log/halb.log"))),
          read(m.path("/var/log/halb.log")))


def show_reload(m):
    pid = main_pid(m)
    with Load("192.168.50.11", 8000) as load:
        add(m, (BIND % 8001).replace("extra", "more"))
        code, said = m.run("systemctl", "reload", "halb")
        check("reload: exit status 0", code == 0, said)
        check("reload: the new address answers", until(10, lambda: answers("192.168.50.11", 8001)), journal(m))
        good = read(m.path("/etc/halb/halb.cfg"))
        add(m, "listen broken\n    balanse roundrobin\n")
        code, said = m.run("systemctl", "reload", "halb")
        check("reload of a broken file: it fails, and the journal says why", code != 0 and "did you mean 'balance'" in journal(m), journal(m))
        check("... and halb serves on", answers("192.168.50.11", 8001) and active(m), journal(m))
        m.write("/etc/halb/halb.cfg", good)
        m.run("systemctl", "reload", "halb")
        check("... until the file is mended", until(10, lambda: active(m)), m.says("systemctl", "status", "halb"))
    check("%d requests meanwhile, none failed" % (load.good + len(load.failures)), load.good and not load.failures, load.failures)
    check("it was one guardian all the time", pid == main_pid(m), (pid, main_pid(m)))


def show_upgrade(m):
    pid, good = main_pid(m), read(m.path("/etc/halb/halb.cfg"))
    add(m, "listen broken\n    balanse roundrobin\n")
    code, said = m.run("sh", "-c", "dpkg -i /mnt/halb_*.deb")
    check("an upgrade with a broken configuration: it is said, and the old halb goes on", code == 0 and "balanse" in said and
          main_pid(m) == pid and answers("192.168.50.11", 8001), said)
    m.write("/etc/halb/halb.cfg", good)
    code, said = m.run("sh", "-c", "dpkg -i /mnt/halb_*.deb")
    check("an upgrade starts the new one", code == 0 and until(10, lambda: active(m) and main_pid(m) not in ("0", pid)), said)
    check("... with the old configuration", until(10, lambda: answers("192.168.50.11", 8001)), journal(m))


def show_deaths(m):
    pid = main_pid(m)
    m.run("kill", "-9", pid)
    check("the guardian is killed: there is another one", until(15, lambda: active(m) and main_pid(m) not in ("0", pid)), journal(m))
    check("... that serves", until(5, lambda: answers("192.168.50.11", 8001)), journal(m))
    os.makedirs(m.path("/run/systemd/system/halb.service.d"), exist_ok=True)
    m.write("/run/systemd/system/halb.service.d/watchdog.conf", "[Service]\nWatchdogSec=2\nTimeoutAbortSec=1\n")
    m.run("systemctl", "daemon-reload")
    m.run("systemctl", "restart", "halb")
    pid = main_pid(m)
    check("a watchdog of 2 s does not bite one that is well", not until(3, lambda: main_pid(m) != pid, 0.2), journal(m))
    m.run("kill", "-STOP", pid)
    check("a frozen guardian: there is another one", until(20, lambda: active(m) and main_pid(m) not in ("0", pid)), journal(m))
    shutil.rmtree(m.path("/run/systemd/system/halb.service.d"))
    m.run("systemctl", "daemon-reload")
    m.run("systemctl", "restart", "halb")


def holds(m):
    return VIP + "/" in m.says("ip", "-o", "addr", "show", "dev", "eth1")


def show_pair(one, two):
    two.run("sh", "-c", "dpkg -i /mnt/halb_*.deb")
    add(two, (BIND % 8001))
    for m, priority in ((two, 100), (one, 101)):
        m.write("/etc/halb/keepalived.conf", KEEPALIVED % priority)
        m.run("systemctl", "restart", "halb")
    check("with a keepalived.conf beside it, hap1 has the virtual IP", until(15, lambda: holds(one) and not holds(two)), journal(one))
    check("the status line says so", until(5, lambda: "VI_1 MASTER" in one.says("systemctl", "show", "-P", "StatusText", "halb")),
          one.says("systemctl", "status", "halb"))
    check("a notify script runs", until(5, lambda: os.path.exists(one.path("/run/halb/master"))), journal(one))
    said = one.says("halb", "ctl", "show", "vrrp")
    check("within the unit's limits: BFD, second chance, real time", "MASTER" in said and ": Up, " in said and "second chance: ready" in said and
          "SCHED_RR" in said, said)
    with Load(VIP, 8001) as load:
        for round_ in range(2):
            one.run("systemctl", "stop", "halb")
            check("hap1's service is stopped: hap2 has it (%d)" % round_, until(5, lambda: holds(two) and not holds(one)), journal(two))
            one.run("systemctl", "start", "halb")
            check("... started: hap1 has it again (%d)" % round_, until(15, lambda: holds(one) and not holds(two)), journal(one))
    # what is under way in the very moment of a move may be reset (docs/drills.md)
    check("%d requests meanwhile, %d failed" % (load.good + len(load.failures), len(load.failures)), load.good > 100 and len(load.failures) <= 2,
          load.failures)
    check("stopping was clean: %s" % one.says("systemctl", "show", "-P", "Result", "halb"), "killing" not in journal(one).lower(), journal(one))
    code, said = one.run("sh", "-c", "systemctl kill -s KILL halb")
    check("all of its processes are killed at once: the service's unit takes the virtual IP off", code == 0 and
          until(5, lambda: "which a dead halb has left" in journal(one)) and until(5, lambda: active(one)), journal(one))
    check("... and it comes back to where it was", until(15, lambda: holds(one) and not holds(two)), journal(one))
    with Load(VIP, 8001) as load:
        one.run("kill", "-9", main_pid(one))
        check("only the guardian is killed: hap2 has it, hap1 has not", until(5, lambda: holds(two) and not holds(one), 0.01), journal(one))
        check("... until hap1 is back", until(20, lambda: holds(one) and not holds(two)), journal(one))
    check("%d requests meanwhile, %d failed" % (load.good + len(load.failures), len(load.failures)), load.good > 100 and len(load.failures) <= 2,
          load.failures)
    two.run("systemctl", "stop", "halb")


def show_purge(m, before):
    code, said = m.run("dpkg", "-r", "halb")
    check("remove: it stops, the configuration stays", code == 0 and not active(m) and os.path.exists(m.path("/etc/halb/halb.cfg")), said)
    check("... and the virtual IP is gone", not holds(m))
    os.unlink(m.path("/etc/halb/keepalived.conf"))
    code, said = m.run("dpkg", "-P", "halb")
    left = files(m) - before
    check("purge: nothing is left", code == 0 and not left, said + "\n" + "\n".join(sorted(left)))
    check("the user stays, as Debian's policy has it", m.run("getent", "passwd", "halb")[0] == 0)


def main():
    tree = machine.base()
    machine.enter()
    folder = packages()
    show_lab(folder)
    with Machines(tree) as machines:
        for deb in glob.glob(folder + "/halb*.deb"):
            shutil.copy(deb, machines.dir + "/share")
        one = machines.boot("hap1", "192.168.50.11/24")
        two = machines.boot("hap2", "192.168.50.12/24")
        before = show_install(one)
        for part in (show_logs, show_reload, show_upgrade, show_deaths):
            part(one)
        show_pair(one, two)
        show_purge(one, before)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
