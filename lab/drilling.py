# SPDX-License-Identifier: MIT
"""Drills in the lab of `halb-lab up`: the verb "drill" of holder.py, which answers with many lines of JSON while they run.

    {"verb": "drill", "letters": ["a1", "d"], "short": true}
    {"probe": PATH}                                     the load's program, which a machine can run
    {"phase": "prepare" | "load" | "fault" | "end", "case": "a1"}
    {"live": "live 812345 short 200 failed 0 web1 99 web2 98"}          what the load has seen so far (probe.c), a few times a second
    {"result": {...}}                                   Result.plain(), for each drill
    {"done": true}                                      all is mended
"""
import contextlib
import json
import signal
import subprocess
import threading
import time

from balancer import Classic, Halb
from drills import CASES, Drill
from lab import read
from net import Pair

LIVE_MS = 200


class HeldHalb(Halb):
    """The halb that runs on a machine of the lab."""

    def __init__(self, pair, name):
        super().__init__(pair, name)
        self.program = pair.programs[name]
        self.hurt = not self.program.running()

    @property
    def halb(self):
        return self.program.processes["halb"]

    def start(self):
        self.program.processes.pop("halb", None)  # an old one may take its time to end
        self.program.start()

    start_proxy = start


class HeldClassic(Classic):
    def __init__(self, pair, name):
        super().__init__(pair, name)
        self.program = pair.programs[name]
        self.hurt = len(self.program.running()) < 2

    @property
    def proxy(self):
        return self.program.processes["haproxy"]

    @property
    def vrrp(self):
        return self.program.processes["keepalived"]

    def start(self):
        self.program.processes.clear()
        self.program.start()

    def start_proxy(self, *options):
        self.program.processes["haproxy"] = self.node.process("haproxy", [*self.program.commands()["haproxy"], *options])


class HeldWeb:
    """A web server of the lab, as drills know it."""

    def __init__(self, node, program):
        self.node, self.program = node, program
        self.answers, self.access_log = program.answers, program.access_log
        program.file("big", 64000000)

    @property
    def process(self):
        return self.program.process

    def start(self, wait=True):
        thread = threading.Thread(target=self.program.start, daemon=True)
        thread.start()
        if wait:
            thread.join()

    def stop(self):
        self.process.kill(signal.SIGTERM)
        self.process.wait(10)

    def kill(self):
        self.program.kill("web")
        self.process.wait(10)

    def freeze(self):
        self.node.signal_all(signal.SIGSTOP)

    def thaw(self):
        self.node.signal_all(signal.SIGCONT)
        self.process.unstop()


class HeldPair:
    """The holder's machines in the form of net.Pair."""

    def __init__(self, holder):
        self.net, self.lab, self.watch, self.programs = holder.net, holder.lab, holder.watch, holder.programs
        for name in Pair.ADDRESSES:
            setattr(self, name, self.net.nodes[name])
        self.webs = {name: HeldWeb(self.net.nodes[name], self.programs[name]) for name in ("web1", "web2")}


def follow(drill, say, over):
    """Says the load's last line whenever there is a new one."""
    last = ""
    while not over.is_set():
        time.sleep(LIVE_MS / 2000)
        lines = [line for line in read(drill.load.log).splitlines()[-20:] if line.startswith("live ")] if drill.load else []
        if lines and lines[-1] != last:
            last = lines[-1]
            with contextlib.suppress(OSError):
                say(live=last)


def serve(holder, connection, request):
    """Until all is done, or nobody listens any more."""
    lock, over = threading.Lock(), threading.Event()

    def say(**what):
        with lock:
            connection.sendall(json.dumps(what).encode() + b"\n")

    letters = request["letters"]
    unknown = set(letters) - set(CASES)
    if unknown or holder.plan["own"]:
        say(error="there is no drill %s" % " ".join(sorted(unknown)) if unknown else "the drills are for the tutorial's files, not for your own")
        return
    drill = Drill(holder.lab, HeldPair(holder), holder.plan["lb"], request["short"], lambda phase, case: say(phase=phase, case=case),
                  {"halb": HeldHalb, "classic": HeldClassic})
    say(probe=drill.probe[0])
    drill.probe += ["-l", str(LIVE_MS)]
    threading.Thread(target=follow, args=(drill, say, over), daemon=True).start()
    try:
        for letter in letters:
            say(result=drill.run(letter).plain())
        say(done=bool(drill.ready(None)))
    except (RuntimeError, subprocess.SubprocessError) as e:
        say(error=str(e))
    finally:
        over.set()
