#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The guardian and its worker: a worker that crashes, is killed, frozen or lost in a loop is replaced on the same sockets, and no
connection is refused; a dead guardian's worker finishes and goes; a worker has no capability and few system calls."""
import os
import re
import signal
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab"))
from lab import KeepAlive, accepts, alive, ask, family, read, status, until
from live_lab import Lab

CONFIG = """
global
    stats socket @SOCKET@ level admin
    nbthread 2
defaults
    mode http
    timeout connect 2s
    timeout client 20s
    timeout server 20s
frontend http-in
    bind 127.0.0.1:@PORT@
    monitor-uri /alive
"""

# The terminal that the leader of a session opens first is its own.
ON_TERMINAL = "import os, sys; os.set_inheritable(os.open(sys.argv[1], os.O_RDWR), True); os.execv(sys.argv[2], sys.argv[2:])"


def workers(halb):
    return [pid for pid in family(halb.process.pid) if pid != halb.process.pid]


def one_worker(halb, but=0):
    """The pid of the only worker, once it serves; 0 when it does not come to that."""
    until(10, lambda: len(workers(halb)) == 1 and but not in workers(halb) and status(ask(halb.port)) in (200, 404, 503))
    return workers(halb)[0] if len(workers(halb)) == 1 else 0


class Connects:
    """Connects again and again; counts those that were refused. What a dead worker had accepted already may fail, and is not counted."""

    def __init__(self, port):
        self.port, self.refused, self.made, self.going = port, 0, 0, True
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while self.going:
            try:
                KeepAlive(self.port, seconds=5).close()
                self.made += 1
            except ConnectionRefusedError:
                self.refused += 1
            except OSError:
                pass
            time.sleep(0.001)

    def end(self):
        self.going = False
        self.thread.join()


def lose(lab, halb, name, number, said):
    old = one_worker(halb)
    connects = Connects(halb.port)
    begin = len(halb.process.said())
    for _ in range(5):
        os.kill(old, number)
        new = until(10, lambda: [pid for pid in workers(halb) if pid != old] and one_worker(halb, old))
        lab.check("%s: there is another worker" % name, new, halb.process.said()[begin:])
        old = new or old
    connects.end()
    lab.check("%s: no connection was refused" % name, connects.refused == 0 and connects.made > 50, (connects.refused, connects.made))
    lab.check("%s: it is said" % name, said in halb.process.said()[begin:], halb.process.said()[begin:])


def show_losses(lab):
    for name, number, said in (("crash", signal.SIGSEGV, "Current worker ("), ("SIGKILL", signal.SIGKILL, "exited with code 137"),
                               ("SIGSTOP", signal.SIGSTOP, "is stopped"),
                               ("SIGTERM", signal.SIGTERM, "exited with code 0")):
        halb = lab.proxy(CONFIG, "-W", name="lost-" + name)
        lose(lab, halb, name, number, said)
        halb.process.kill(signal.SIGTERM)
        lab.check("%s: the guardian ends when told to" % name, halb.process.wait(10) is not None)


def show_confinement(lab):
    halb = lab.proxy(CONFIG, "-W", name="confined")
    worker = one_worker(halb)
    text = read("/proc/%d/status" % worker)
    for field in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        lab.check("the worker's %s is empty" % field, re.search(r"%s:\s+0{16}\n" % field, text), text)
    lab.check("no new privileges", re.search(r"NoNewPrivs:\s+1\n", text), text)
    sanitized = "libasan" in read("/proc/%d/maps" % worker) or "libtsan" in read("/proc/%d/maps" % worker)
    if not sanitized:
        lab.check("under seccomp", re.search(r"Seccomp:\s+2\n", text), text)
        tasks = [read("/proc/%d/task/%s/status" % (worker, task)) for task in os.listdir("/proc/%d/task" % worker)]
        lab.check("all of its threads", len(tasks) == 3 and all(re.search(r"Seccomp:\s+2\n", task) for task in tasks), len(tasks))
    halb.process.end()


def show_orphan(lab):
    """The guardian is killed: its worker answers those who are there once more, and goes."""
    halb = lab.proxy(CONFIG, "-W", name="orphan")
    worker = one_worker(halb)
    client = KeepAlive(halb.port)
    client.ask("/alive")
    halb.process.kill(signal.SIGKILL)
    halb.process.wait(10)
    until(10, lambda: not accepts(halb.port))  # it has noticed
    head, _ = client.ask("/alive")
    lab.check("the guardian is killed: the worker answers once more", b" 200 " in head.split(b"\r\n")[0], head)
    lab.check("... and goes", until(10, lambda: not alive(worker)), read("/proc/%d/status" % worker))
    client.close()
    lab.check("nothing listens any more", not ask(halb.port))


def show_terminal(lab):
    """Ctrl-C reaches the guardian and its worker at once: the worker leaves that to the guardian, which ends both."""
    for _ in range(5):
        keyboard, screen = os.openpty()
        halb = lab.proxy(CONFIG, "-W", name="terminal", prefix=[sys.executable, "-c", ON_TERMINAL, os.ttyname(screen)])
        one_worker(halb)
        os.write(keyboard, b"\x03")
        ended = halb.process.wait(10)
        os.close(keyboard)
        os.close(screen)
        if ended is None:
            break
    lab.equal("Ctrl-C ends all of it", ended, 128 + signal.SIGINT)


def main():
    with Lab() as lab:
        for part in (show_losses, show_confinement, show_orphan, show_terminal):
            lab.attempt(part)
    sys.exit(lab.status())


if __name__ == "__main__":
    main()
