# SPDX-License-Identifier: MIT
"""The Lab of the live tests: lab/lab.py's, and: checks may come from many threads; the names of those that failed are said once more
in the last line; a part that raises fails alone; a halb is ready when its runtime API answers."""
import contextlib
import os
import random
import socket
import sys
import threading
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab"))
import lab
from lab import runtime, until

READY_S = 30


def summary(passed, failed):
    """The last line of a test; no TAP, so that nothing is counted twice."""
    print("# %d passed, %d failed%s" % (passed, len(failed), ": " + "; ".join(failed) if failed else ""), flush=True)


def free_port(address="127.0.0.1", given=set(), lock=threading.Lock()):
    """A port below those that the system gives to clients: none of the test's own connections can take it before it is bound."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        first = int(file.read().split()[0])
    while first > 21000:
        port = random.randrange(20000, min(first, 32768))
        with lock, contextlib.suppress(OSError), socket.socket() as s:
            if port not in given:
                s.bind((address, port))
                given.add(port)
                return port
    return lab.free_port(address)


def answers(path):
    with contextlib.suppress(OSError):
        return "CurrConns" in runtime(path, "show info")
    return False


class Lab(lab.Lab):
    def __init__(self):
        super().__init__()
        self.lock, self.failures = threading.Lock(), []

    def check(self, name, good, detail=""):
        lines = ["%s %s" % ("ok" if good else "not ok", name)]
        if not good and detail != "":
            lines += ["# " + line for line in str(detail).splitlines()[:60]]
        with self.lock:
            sys.stdout.write("\n".join(lines) + "\n")
            sys.stdout.flush()
            self.passed += bool(good)
            if not good:
                self.failed += 1
                self.failures.append(name)
        return bool(good)

    def attempt(self, part, *arguments):
        """Calls part(lab, ...); what it raises is a failed check of its own."""
        try:
            part(self, *arguments)
        except Exception:  # pylint: disable=broad-except
            self.check("%s: no exception" % part.__name__, False, traceback.format_exc())

    def status(self):
        summary(self.passed, self.failures)
        return super().status()

    def proxy(self, text, *options, wait=True, port=None, **more):
        """Its sockets are open before it serves and takes signals; the answer of the runtime API says that it does."""
        proxy = super().proxy(text, *options, wait=wait, port=port or free_port(), **more)
        if wait and "@SOCKET@" in text:
            until(READY_S, lambda: answers(proxy.socket) or not proxy.process.running())
            if not proxy.process.running() or not answers(proxy.socket):
                raise RuntimeError("its runtime API does not answer:\n" + proxy.process.said())
        return proxy

    def web(self, name, address="127.0.0.1", **options):
        return super().web(name, address, port=free_port(address), **options)

    def nginx(self, name, directives="", port=0):
        return super().nginx(name, directives, port or free_port())
