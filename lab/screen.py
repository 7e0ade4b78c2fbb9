# SPDX-License-Identifier: MIT
"""The live screen of the demo, drawn in place with ANSI sequences; 80 columns and 24 lines are enough. A line is a list of
(text, style); what does not fit is cut off."""
import collections
import shutil
import sys
import time

STYLES = {"": "", "bold": "\x1b[1m", "dim": "\x1b[2m", "good": "\x1b[32m", "bad": "\x1b[1;31m", "vip": "\x1b[1;32m", "head": "\x1b[7m"}
BARS = " ▁▂▃▄▅▆▇█"
HISTORY = 34   # samples that are shown
RATE_S = 1.0   # over which a rate is taken
STALE_S = 1.5  # without news for so long nothing is asked
MARGIN = 6     # columns left of the picture
WIDE = 36      # of the picture


class Meter:
    """Rates, out of the probe's "live" lines."""

    def __init__(self):
        self.samples = collections.deque(maxlen=HISTORY)  # (time, milliseconds, asked, failed, {server: answers})
        self.last, self.failed = None, 0

    def fresh(self):
        """Failures are counted from here on."""
        self.failed = 0

    def feed(self, line):
        words = line.split()
        now, counts = int(words[1]), dict(zip(words[2::2], map(int, words[3::2])))
        if not self.last or now <= self.last[0] or counts["short"] < self.last[1]["short"]:  # another load
            self.last = now, counts
            return
        before_ms, before = self.last
        delta = {name: count - before.get(name, 0) for name, count in counts.items()}
        self.last = now, counts
        asked, failed = delta.pop("short"), delta.pop("failed")
        self.failed += failed
        self.samples.append((time.monotonic(), now - before_ms, asked, failed, delta))

    def rates(self):
        """(requests a second, {server: answers a second})"""
        recent = [sample for sample in self.samples if sample[0] > time.monotonic() - RATE_S]
        ms = sum(sample[1] for sample in recent)
        if not ms:
            return 0, {}
        servers = collections.Counter()
        for sample in recent:
            servers.update(sample[4])
        return round(1000 * sum(sample[2] for sample in recent) / ms), {name: round(1000 * n / ms) for name, n in servers.items()}

    def history(self):
        """[(character, style)]: how much was answered, sample by sample."""
        if not self.samples or self.samples[-1][0] < time.monotonic() - STALE_S:
            return []
        most = max(sum(sample[4].values()) / max(1, sample[1]) for sample in self.samples) or 1
        marks = []
        for _, ms, _, failed, servers in self.samples:
            height = sum(servers.values()) / max(1, ms) / most
            marks.append((BARS[round(height * (len(BARS) - 1))] if height > 0.06 or not failed else "×", "bad" if failed else "good"))
        return marks


class Screen:
    def __init__(self, out=sys.stdout):
        self.out, self.shown = out, False

    def open(self):
        self.out.write("\x1b[?1049h\x1b[?25l\x1b[2J")
        self.out.flush()
        self.shown = True

    def close(self):
        if self.shown:
            self.out.write("\x1b[?25h\x1b[?1049l")
            self.out.flush()
            self.shown = False

    def draw(self, lines):
        columns, rows = shutil.get_terminal_size()
        text = "\x1b[H"
        for number, line in enumerate(lines[:rows]):
            text += ("\r\n" if number else "") + paint(line, columns) + "\x1b[K"
        self.out.write(text + "\x1b[J")
        self.out.flush()


def paint(line, columns):
    text = ""
    for words, style in line:
        words = words[:columns]
        columns -= len(words)
        text += STYLES[style] + words + ("\x1b[0m" if style else "")
    return text


def plain(text, style=""):
    return [(text, style)]


def two(left, right):
    """Two (text, style) below the ends of a fork."""
    pad = " " * MARGIN
    return [(pad, ""), (left[0].center(WIDE // 2), left[1]), (right[0].center(WIDE // 2), right[1])]


def fork(up):
    ends = "└┘┬" if up else "┌┐┴"
    side = "─" * (WIDE // 4 - 1)
    return plain(" " * (MARGIN + WIDE // 4 - 1) + ends[0] + side + ends[2] + side + ends[1])


def centred(text, style=""):
    return [(" " * MARGIN + text.center(WIDE - 1), style)]


def machine(status, name):
    """((name, style), (state, style))"""
    host = status["hosts"].get(name, {})
    state = host.get("state", "")
    if state == "off":
        return (name, "bad"), ("off", "bad")
    if state == "frozen" or host.get("unplugged"):
        return (name, "bad"), ("cable out" if host.get("unplugged") else "frozen", "bad")
    if host.get("vip"):
        return ("● " + name, "vip"), ("has the address", "vip")
    return (name, ""), ("waits" if name.startswith("hap") else "", "dim")


def topology(status, meter):
    """The machines, who has the address, who answers."""
    rate, servers = meter.rates()
    balancers = [machine(status, name) for name in ("hap1", "hap2")]
    webs = [machine(status, name) for name in ("web1", "web2")]
    answers = [state if state[0] else ("%d/s" % servers.get(name, 0), "good" if servers.get(name) else "dim")
               for (_, state), name in zip(webs, ("web1", "web2"))]
    right = "   %4d requests/s   " % rate
    return [
        [*centred("client", "bold"), (right, "bold" if rate else "dim"), *([("failed %d" % meter.failed, "bad")] if meter.failed else [])],
        [*centred("│"), ("   ", ""), *meter.history()],
        centred(status["vip"], "vip" if len(status["holders"]) == 1 else "bad"),
        fork(False), two(*(name for name, _ in balancers)), two(*(state for _, state in balancers)), fork(True),
        fork(False), two(*(name for name, _ in webs)), two(*answers),
    ]


def compact(status, meter):
    """The same in two lines."""
    rate, servers = meter.rates()
    parts = []
    for name in ("hap1", "hap2", "web1", "web2"):
        (label, style), (state, state_style) = machine(status, name)
        shown = "%d/s" % servers.get(name, 0) if name.startswith("web") and not state else state
        parts += [(label, style), (" %s   " % shown, state_style)]
    return [parts, [("%4d requests/s  " % rate, "bold"), *meter.history(), ("  failed %d" % meter.failed, "bad" if meter.failed else "dim")]]
