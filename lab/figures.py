# SPDX-License-Identifier: MIT
"""What a drill measured: the probe's words and the kernel's address messages between two moments, and tables of many such runs.

The table of docs/drills.md is written and read here, so that its figures can stand beside new ones.
"""
import collections
import os
import platform
import re
import statistics
import subprocess
import time

from lab import HALB, ROOT, probe_counts, read, write

DRILLS = os.path.join(ROOT, "docs/drills.md")
BEGIN, END = "<!-- measured by tests/lab/pair.py -->\n", "<!-- end -->"
UNDER_WAY_MS = 40
OPEN_MS = 200   # an outage that was longer, and not over when the load ended, is for ever
STILL_MS = 500  # what is on its way when a server is cut off goes on to be read for so long
COLUMNS = ("outage", "F", "KA", "ST", "both", "none")
HEADS = ("case", "what", "runs", "pair", "outage ms", "F", "KA", "ST", "VIP on two, ms", "VIP on none, ms", "VIP in the end")
PARTS = {"": "", "split": ", while split", "rejoined": ", after rejoining", "down": ", while down", "back": ", on again"}
PLAIN = "%-4s %-46s %3s %-8s %-24s %-14s %-12s %-9s %-18s %-18s %s"


class Window:
    """What happened between two moments of a run; a request belongs to the moment at which it was asked."""

    def __init__(self, begin, end, said, watch):
        self.counts = probe_counts(said)
        self.failures, self.broken, self.outage, self.never = [], {"keepalive": set(), "stream": set()}, 0, False
        self.notes = {}  # what else was measured: {words: milliseconds}
        for line in said.splitlines():
            gap = re.match(r"gap (\d+) (\d+)( open)?", line)
            failure = re.match(r"(\d+) (short|keepalive|stream) (\d+): (.*) \(asked at (\d+)", line)
            if gap:
                self._gap(int(gap[1]), int(gap[2]), bool(gap[3]), begin * 1000, end * 1000)
            elif failure and failure[2] == "short" and begin * 1000 <= int(failure[5]) < end * 1000:
                self.failures.append((int(failure[5]) - begin * 1000, failure[4]))
            elif failure and failure[2] != "short" and begin * 1000 <= self._moment(failure) < end * 1000:
                self.broken[failure[2]].add(failure[3])
        self.both, self.none = (1000 * seconds for seconds in watch.spans(begin, end))
        self.left, self.moves = watch.holders(), [1000 * (when - begin) for when, _, _ in watch.changes(begin)]

    def under_way(self, failure):
        """It was asked just before the address moved: its packets may have come to the other node, which does not know them."""
        return any(0 <= move - failure[0] < UNDER_WAY_MS for move in self.moves)

    @staticmethod
    def _moment(failure):
        """When a connection broke: a stream that stands still did so a little after its last byte."""
        return int(failure[5]) + STILL_MS if "still" in failure[4] else int(failure[1])

    def _gap(self, ended, length, still, begin, end):
        inside = min(ended, end) - max(ended - length, begin)
        if inside > self.outage:
            self.outage, self.never = inside, still and inside > OPEN_MS

    def cells(self):
        return {"outage": self.outage, "F": len(self.failures), "KA": len(self.broken["keepalive"]), "ST": len(self.broken["stream"]),
                "both": self.both, "none": self.none}

    def holder(self):
        return " and ".join(self.left) or "none"

    def plain(self):
        return {**self.cells(), "asked": self.counts.get("short", {}).get("", 0), "never": self.never, "holder": self.holder(), "notes": self.notes}

    def shown(self):
        notes = "".join(", %s %d ms" % note for note in self.notes.items())
        return "%s, left on %s%s\n%s" % (" ".join("%s %d" % pair for pair in self.cells().items()), self.holder(), notes,
                                         "\n".join("+%d ms %s" % failure for failure in self.failures[:25]))


def spread(values):
    """The median (least-most)."""
    values = sorted(map(round, values))
    middle = "%d" % statistics.median_low(values)
    return middle if values[0] == values[-1] else "%s (%d–%d)" % (middle, values[0], values[-1])


def cell(windows, column):
    """One column of the runs."""
    never = column == "outage" and sum(w.never for w in windows)
    text = spread(w.cells()[column] for w in windows)
    return text + (" never back" if never == len(windows) else ", %d never back" % never if never else "")


def what(case, part, windows):
    notes = "".join(", %s %s ms" % (note, spread(w.notes[note] for w in windows if note in w.notes)) for note in windows[0].notes)
    return case.what + PARTS[part] + notes


def table(drills):
    """Rows of cells, the heads first."""
    yield HEADS
    for letter, part in dict.fromkeys(key for drill in drills for key in drill.rows):
        for drill in drills:
            windows = drill.rows[letter, part]
            if windows:
                left = collections.Counter(w.holder() for w in windows)
                yield (letter, what(drill.cases[letter], part, windows), str(len(windows)), drill.kind, *(cell(windows, c) for c in COLUMNS),
                       ", ".join(name if len(left) == 1 else "%s %d times" % (name, times) for name, times in left.items()))


def version(*words):
    text = subprocess.run(words, capture_output=True, text=True, check=False)
    found = (text.stdout + text.stderr).splitlines()
    return re.split(", | - ", found[0])[0].strip() if found else words[0]


def markdown(drills):
    """Writes the table into docs/drills.md."""
    rows = list(table(drills))
    versions = {"halb": lambda: [version(HALB, "-v")], "classic": lambda: [version("haproxy", "-v"), version("keepalived", "-v")]}
    lines = ["%s, %d CPUs, Linux %s. %s. Load average at the end: %.1f." % (
        time.strftime("%d %B %Y", time.gmtime()), os.cpu_count(), platform.release(),
        "; ".join(v for drill in drills for v in versions[drill.kind]()), os.getloadavg()[0]), ""]
    lines += ["| %s |" % " | ".join(rows[0]), "|%s" % ("---|" * len(rows[0]))]
    lines += ["| %s |" % " | ".join(row) for row in rows[1:]]
    before, _, rest = read(DRILLS).partition(BEGIN)
    write(DRILLS, before + BEGIN + "\n".join(lines) + "\n" + END + rest.partition(END)[2])


def documented(kind):
    """The rows of docs/drills.md for one pair: {case: [{head: cell}]}, the parts of a case in their order."""
    rows = collections.defaultdict(list)
    for line in read(DRILLS).partition(BEGIN)[2].partition(END)[0].splitlines():
        cells = [text.strip() for text in line.strip("| ").split("|")]
        row = dict(zip(HEADS, cells))
        if len(cells) == len(HEADS) and row["pair"] == kind:
            rows[row["case"]].append(row)
    return rows
