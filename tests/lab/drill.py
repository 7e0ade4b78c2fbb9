#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`lab/drill`, as people run it, with drills that pair.py leaves out of its short run: a server that hangs, reloads under load.
It judges them itself; here its exit status counts, and what it shows."""
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab"))
from lab import ROOT, Lab
from net import enter

DRILL = os.path.join(ROOT, "lab/drill")
NAMES = ("m", "k")


def main():
    enter("drill")
    with Lab() as lab:
        done = subprocess.run([DRILL, "--short", *NAMES], capture_output=True, text=True, check=False)
        lab.check("the drills %s: all as it must be" % " ".join(NAMES), done.returncode == 0 and "\nall as it must be\n" in done.stdout,
                  done.stdout[-4000:] + done.stderr[-2000:])
        told, rows = (re.findall(pattern, done.stdout, re.M) for pattern in (r"^(\w+) +.*: as it must be$", r"^(\w+) +\S.* 1 halb "))
        lab.equal("each is told", told, list(NAMES))
        lab.equal("each has its rows in the table", list(dict.fromkeys(rows)), list(NAMES))
        done = subprocess.run([DRILL, "no-such"], capture_output=True, text=True, check=False)
        lab.check("a name that is none is complained about", done.returncode == 2 and "unknown: no-such" in done.stderr, done)
    sys.exit(lab.status())


if __name__ == "__main__":
    main()
