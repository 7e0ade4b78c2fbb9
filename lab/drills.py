# SPDX-License-Identifier: MIT
"""The drills: one fault a run, in a pair of load balancers or in the servers behind them, while clients go on asking.

    drill = Drill(lab, pair, "halb", short=True)            "classic": Debian's haproxy and keepalived, measured, never judged
    result = drill.run("d")                                 result.verdicts, result.parts

The probe asks the VIP: 200 new requests a second, 10 connections kept alive, 6 long downloads. The kernel's address messages of both
nodes say where the VIP was at which time. `lab/drill` and `lab/demo` show drills to people, `tests/lab/pair.py` judges them.
"""
import collections
import os
import time

from balancer import KINDS
from figures import PARTS, Window
from lab import until
from net import Pair

LOAD = ("200", "10", "6", "/big")
BEFORE, AFTER = 2, 1  # seconds of load before the fault; the probe's last second asks nothing new
NOWHERE_MS = 200      # with the VIP nowhere for so long, requests fail
UNDER_WAY = 2         # requests that the short run forgives where the address moves: that they are so few, not that there are none
BOTH_MS = 300         # the VIP on two nodes: 100 ms is the aim, the rest is this machine's noise
REJOINED_MS = 1300    # ... when two masters meet again: until one of them has sent its next advert
HANDS_MS = 50         # after a worker's death: what it had in its hands is lost
DOWN_S = 6            # until the checks say that a server is DOWN
RELOADS = 10
NO_SERVER = "No server is available to handle this request."

# What happens, seconds of load (of the short run), who has the VIP in the end ("one": either), how many requests may fail (None: they
# must be answered again at last), how to do it; what must have happened before; which window is judged; how many clients with kept-alive
# connections, and downloads, may see theirs break (None: they are counted); which balancers must be started anew afterwards.
Case = collections.namedtuple("Case", "what seconds short end allowed fault before part kept streams hurts",
                              defaults=(None, "", None, None, ("hap1",)))


def at_once(action):
    """A fault with nothing to mend while the load goes on."""
    def fault(drill):
        now = time.monotonic()
        action(drill)
        return [("", now, drill.load_end)]
    return fault


def on_hap1(action):
    return at_once(lambda drill: action(drill.balancers["hap1"]))


def split(cut, seconds, watched):
    """hap1 is cut off for a time, and what comes after is watched too."""
    def fault(drill):
        now = time.monotonic()
        cut(drill, True)
        time.sleep(seconds)
        cut(drill, False)
        joined = time.monotonic()
        return [("split", now, joined), ("rejoined", joined, joined + watched)]
    return fault


def alone(drill, state):
    drill.pair.hap1.silent(state)


def deaf(drill, state):
    for node in (drill.pair.hap1, drill.pair.hap2):
        node.isolated(state)


def servers_down(drill):
    """Both are stopped; when that is known they are started again."""
    webs = drill.pair.webs.values()
    now = time.monotonic()
    for web in webs:
        web.stop()
    until(DOWN_S, lambda: drill.states("DOWN", "DOWN"), 0.1)
    answer = drill.pair.client.curl("-i", "http://%s/" % Pair.VIP)
    drill.expect("with no server the answer is a 503 with the classic page", " 503 " in answer and NO_SERVER in answer, answer)
    back = time.monotonic()
    for web in webs:
        web.start(wait=False)
    until(5, lambda: any(web.answers() for web in webs), 0.005)
    drill.note("Apache's own start", back)
    return [("down", now, back), ("back", back, drill.load_end)]


def server_back(drill):
    """web1 is started again: when is it asked?"""
    web = drill.pair.webs["web1"]
    seen = len(web.access_log())
    now = time.monotonic()
    web.start(wait=False)
    until(5, web.answers, 0.005)
    drill.note("Apache's own start", now)
    asked = until(drill.load_end - time.monotonic(),
                  lambda: any(line.startswith(Pair.ADDRESSES["client"]) for line in web.access_log()[seen:]), 0.005)
    drill.note("first answer", now)
    drill.expect("web1 is asked again", asked, drill.state())
    return [("", now, drill.load_end)]


def reloads(drill):
    now, done = time.monotonic(), 0
    for _ in range(RELOADS):
        begin = time.monotonic()
        done += bool(drill.balancers["hap1"].reload())
        time.sleep(max(0.0, 0.3 - (time.monotonic() - begin)))
    drill.expect("each reload brings a new worker", done == RELOADS and time.monotonic() < drill.load_end, "%d of %d" % (done, RELOADS))
    return [("", now, drill.load_end)]


def pair_down(drill):
    """Both balancers without power for two seconds; then hap1 is switched on."""
    now = time.monotonic()
    for name in ("hap1", "hap2"):
        drill.pair.net.nodes[name].off()
    answer = drill.pair.client.curl("-i", "http://%s/" % Pair.VIP)
    drill.expect("nobody answers", not answer, answer)
    time.sleep(max(0.0, 2 - (time.monotonic() - now)))
    drill.balancers["hap1"].wipe()
    back = time.monotonic()
    drill.balancers["hap1"].start()
    return [("down", now, back), ("back", back, drill.load_end)]


def server(action, name="web1"):
    return at_once(lambda drill: action(drill.pair.webs[name]))


CASES = {
    "d": Case("proxy stopped (SIGTERM)", 9, 5, "one", 0, on_hap1(lambda b: b.stop_proxy())),
    "i2": Case("proxy started again, preempts", 10, 8, "hap1", 0, on_hap1(lambda b: b.start_proxy()), "proxy_away"),
    "d2": Case("proxy soft-stopped (USR1)", 9, 5, "one", 0, on_hap1(lambda b: b.soft_stop())),
    "e": Case("proxy killed (SIGKILL)", 9, 5, "one", 0, on_hap1(lambda b: b.kill_proxy())),
    "f": Case("VRRP stopped (SIGTERM)", 7, 5, "hap2", 0, on_hap1(lambda b: b.stop_vrrp())),
    "g": Case("VRRP killed (SIGKILL)", 9, 5, "hap2", 0, on_hap1(lambda b: b.kill_vrrp())),
    "h": Case("hap1 powered off", 8, 5, "hap2", 120, on_hap1(lambda b: b.node.off())),
    "i": Case("hap1 returns, preempts", 11, 9, "hap1", 0, on_hap1(lambda b: b.start_again()), "machine_off"),
    "h2": Case("hap2 powered off", 6, 5, "hap1", 0, at_once(lambda drill: drill.pair.hap2.off()), kept=0, streams=0, hurts=("hap2",)),
    "p": Case("hap1 and hap2 off", 12, 12, "hap1", None, pair_down, part="back", hurts=("hap1", "hap2")),
    "l": Case("cable pulled", 8, 5, "hap2", 120, on_hap1(lambda b: b.node.cable("down"))),
    "l2": Case("silent split, 4 s", 13, 13, "hap1", 0, split(alone, 4, 5), part="rejoined"),
    "l3": Case("long silent split, 30 s", 39, 39, "hap1", 0, split(alone, 30, 5), part="rejoined"),
    "l4": Case("only the pair does not hear each other, 4 s", 13, 13, "hap1", 0, split(deaf, 4, 5), part="rejoined"),
    "o": Case("proxy frozen (SIGSTOP)", 9, 5, "one", 150, on_hap1(lambda b: b.freeze_proxy())),
    "k": Case("%d reloads" % RELOADS, 12, 9, "hap1", 0, reloads, kept=0, streams=0),
    "a1": Case("web1 stopped (port refuses)", 9, 7, "hap1", 0, server(lambda w: w.stop()), kept=0, hurts=()),
    "n": Case("web1 started again", 11, 9, "hap1", 0, server_back, "web1_down", kept=0, hurts=()),
    "b": Case("web2 stopped (port refuses)", 9, 7, "hap1", 0, server(lambda w: w.stop(), "web2"), kept=0, hurts=()),
    "b2": Case("web1 killed (SIGKILL of all)", 9, 7, "hap1", 0, server(lambda w: w.kill()), kept=0, hurts=()),
    "a2": Case("web1 powered off (packets vanish)", 16, 8, "hap1", 0, at_once(lambda drill: drill.pair.web1.off()), kept=0, hurts=()),
    "c": Case("web1 and web2 stopped", 16, 16, "one", None, servers_down, part="back", hurts=()),
    "m": Case("web1 hung (SIGSTOP of all)", 16, 7, "hap1", 0, server(lambda w: w.freeze()), kept=0, hurts=()),
}
# What a case leaves behind is what another one needs.
LEAVES = {"d": "proxy_away", "h": "machine_off", "a1": "web1_down"}


class Result:
    """A drill that was run. `parts`: {"": Window}, or the windows of a fault that has more; empty when it could not begin."""

    def __init__(self, kind, letter):
        self.kind, self.letter, self.case = kind, letter, CASES[letter]
        self.parts, self.verdicts, self.state = {}, [], ""  # verdicts: (name, good, detail)
        self.forgiven = 0  # failed requests that were under way when the address moved

    def verdict(self, name, good, detail=""):
        self.verdicts.append((name, bool(good), detail))
        return bool(good)

    @property
    def good(self):
        return all(good for _, good, _ in self.verdicts)

    @property
    def window(self):
        """The one that is judged."""
        return self.parts.get(self.case.part)

    def plain(self):
        """As a dictionary for story.py; it may be sent as JSON."""
        return {"kind": self.kind, "case": self.letter, "what": self.case.what, "judged": self.case.part,
                "good": self.good, "forgiven": self.forgiven, "parts": {part: window.plain() for part, window in self.parts.items()},
                "failed": [(name, str(detail)) for name, good, detail in self.verdicts if not good]}


class Drill:
    cases = CASES

    def __init__(self, lab, pair, kind, short, tell=lambda *_: None, kinds=KINDS):
        """`short`: for less time, and forgiving; `tell(what, letter)` hears "prepare", "load", "fault" and "end" when they begin;
        `kinds`: the balancers' classes."""
        self.lab, self.pair, self.kind, self.short, self.tell = lab, pair, kind, short, tell
        self.rows = collections.defaultdict(list)
        self.balancers = {name: kinds[kind](pair, name) for name in ("hap1", "hap2")}
        self.probe = [lab.probe()]
        self.load, self.load_end, self.last = None, 0, None
        self.result, self.notes = None, {}

    # ---- before a case
    def holder(self, name, seconds=20):
        return until(seconds, lambda: self.pair.watch.holders() == [name], 0.02)

    def serves(self):
        return "Hi sir" in self.pair.client.curl("http://%s/" % Pair.VIP)

    def states(self, *states):
        """Both balancers, as far as they run, see web1 and web2 so."""
        return all(b.servers() == list(states) for b in self.balancers.values() if b.node.pid and not b.hurt)

    def webs_again(self):
        """Both servers run, on machines that run."""
        for name, web in self.pair.webs.items():
            node = self.pair.net.nodes[name]
            if not node.pid:
                node.on()
                web.prefix = list(node.prefix)
            web.thaw()
            if not web.process.running():
                web.start()

    def prepare(self, before):
        one = self.balancers["hap1"]
        if before == "web1_down":
            self.pair.webs["web1"].stop()
            return until(DOWN_S, lambda: self.states("DOWN", "UP"), 0.1)
        one.hurt = True
        if before == "machine_off":
            self.pair.hap1.off()
        else:
            one.stop_proxy()
        return self.holder("hap2")

    def as_left(self, before):
        """The case before has left what this one needs."""
        if before == "web1_down":
            return until(DOWN_S, lambda: self.states("DOWN", "UP"), 0.1)
        return self.balancers["hap1"].hurt and self.pair.watch.holders() == ["hap2"]

    def ready(self, before):
        """All is well and hap1 has the VIP; or, before some cases, something is away."""
        if before and self.last == before and self.as_left(before):
            return self.serves()
        self.webs_again()
        for name in ("hap2", "hap1"):
            if self.balancers[name].hurt:
                self.balancers[name].start_again()
        good = self.holder("hap1") and until(20, lambda: self.states("UP", "UP"), 0.1)
        if before and good:
            good = self.prepare(before)
        return good and until(10, self.serves, 0.05) and self.serves() and self.serves()

    # ---- a case
    def run(self, letter):
        case = CASES[letter]
        self.result = Result(self.kind, letter)
        self.tell("prepare", letter)
        if not self.ready(case.before):
            self.result.verdict("%s %s: all well before" % (self.kind, letter), False, self.state())
            for balancer in self.balancers.values():
                balancer.hurt = True
            self.last = None
            self.tell("end", letter)
            return self.result
        for name in case.hurts:
            self.balancers[name].hurt = True
        self.result.parts = self.measure(letter, case)
        for part, window in self.result.parts.items():
            self.rows[letter, part].append(window)
        self.judge(case, self.result.window)
        if not self.result.good:
            self.result.state = self.state()
        if self.pair.hap1.pid:
            self.pair.hap1.cable("up")
        self.last = LEAVES.get(letter)
        self.tell("end", letter)
        return self.result

    def measure(self, letter, case):
        """The fault under load: {part: Window}."""
        seconds = case.short if self.short else case.seconds
        self.notes = {}
        self.load_end = time.monotonic() + seconds - AFTER
        self.load = self.pair.client.process("load", [*self.probe, Pair.VIP, "80", str(seconds), *LOAD])
        self.tell("load", letter)
        time.sleep(BEFORE)
        self.tell("fault", letter)
        windows = case.fault(self)
        self.load.wait(seconds + 10)
        said = self.load.said()
        os.unlink(self.load.log)
        parts = {part: Window(begin, end, said, self.pair.watch) for part, begin, end in windows}
        parts[case.part].notes = self.notes
        for window in parts.values():
            if window.none > NOWHERE_MS and not window.failures and case.allowed is not None:  # cannot be: shown whole
                print("".join("# %s\n" % line for line in [repr(window.moves), *said.splitlines()]), flush=True)
        return parts

    def note(self, words, since):
        self.notes[words] = 1000 * (time.monotonic() - since)

    def expect(self, name, good, detail=""):
        """What a fault sees with its own eyes."""
        if self.kind != "classic":
            self.verdict(name, good, detail)

    def verdict(self, name, good, detail=""):
        return self.result.verdict("%s %s, %s: %s" % (self.kind, self.result.letter, self.result.case.what, name), good, detail)

    def judge(self, case, window):
        load = window.counts.get("short", {}).get("", 0)
        shown = window.shown()
        if self.kind == "classic":
            self.verdict("measured", load > 0 and (window.failures or window.none <= NOWHERE_MS), self.state())
            return
        if case.allowed is None:
            self.verdict("requests are answered again", load > 0 and not window.never, shown)
        else:
            self.verdict("no request fails" if not case.allowed else "at most %d requests fail" % case.allowed,
                         load > 0 and len(self.lost(window)) <= case.allowed, shown)
        for kind, name, allowed in (("keepalive", "kept-alive connection", case.kept), ("stream", "download", case.streams)):
            if allowed is not None:
                self.verdict("no %s breaks" % name, len(window.broken[kind]) <= allowed, shown)
        self.verdict("the VIP is on two nodes for a moment at most",
                     window.both <= (REJOINED_MS if case.part == "rejoined" else BOTH_MS), shown)
        self.verdict("one node has the VIP", len(window.left) == 1 and case.end in ("one", *window.left), shown)

    def lost(self, window):
        """The failures that count."""
        first = HANDS_MS if self.result.letter == "e" else 0
        lost = [failure for failure in window.failures if failure[0] >= first or "refused" in failure[1]]
        if self.short:
            forgiven = [failure for failure in lost if window.under_way(failure)][:UNDER_WAY]
            lost = [failure for failure in lost if failure not in forgiven]
            self.result.forgiven = 0 if self.result.case.allowed else len(forgiven)
        return lost

    def state(self):
        return "VIP on: %s\n%s" % (" ".join(self.pair.watch.holders()) or "none", "".join(b.said() for b in self.balancers.values()))

    def end(self):
        for balancer in self.balancers.values():
            balancer.wipe()


def lines(result):
    """What each window of a drill was like, one line each."""
    for part, window in result.parts.items():
        yield "%s %s%s: %s" % (result.kind, result.letter, PARTS[part], window.shown().splitlines()[0])
