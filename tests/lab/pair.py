#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The judge of the pair's drills (lab/drills.py): two load balancers, the servers behind them, one fault a run, while clients go on asking.

    pair.py [--lb halb|classic|classic,halb] [--runs N] [--cases d,d2,...] [--markdown]

hap1 (.11), hap2 (.12), web1 (.21), web2 (.22), client (.100) on one switch, VIP 192.168.50.10; the files of examples/ unmodified.
"classic" is Debian's haproxy and keepalived: it is measured, never judged; of halb it is asked what docs/drills.md says. Without
arguments: a short run with halb. --markdown writes the table into docs/drills.md.
"""
import argparse
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab"))
from balancer import KINDS
from drills import CASES, Drill, lines
from figures import PLAIN, markdown, table
from lab import Lab
from net import Net, Pair, enter

SHORT = "d i2 e d2 h i g l l2 o"


def one(lab, drill, letter):
    result = drill.run(letter)
    for line in lines(result):
        print("# " + line, flush=True)
    for verdict in result.verdicts:
        lab.check(*verdict)
    if result.state:
        print("".join("# %s\n" % line for line in result.state.splitlines()), end="", flush=True)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lb", default="halb", help="halb, classic, or classic,halb")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--cases", help="letters with commas between; default: all, and without any argument a short choice")
    parser.add_argument("--markdown", action="store_true", help="write the table into docs/drills.md")
    asked = parser.parse_args()
    asked.short = len(sys.argv) == 1
    asked.cases = SHORT.split() if asked.short else asked.cases.split(",") if asked.cases else list(CASES)
    asked.lb = asked.lb.split(",")
    unknown = (set(asked.cases) - set(CASES)) | (set(asked.lb) - set(KINDS))
    if unknown:
        parser.error("unknown: " + " ".join(sorted(unknown)))
    return asked


def main():
    asked = arguments()
    enter("pair")
    with Lab() as lab, Net(lab) as net:
        pair, drills = Pair(lab, net), []
        for kind in asked.lb:
            drills.append(Drill(lab, pair, kind, asked.short))
        try:
            for drill in drills:
                for _ in range(asked.runs):
                    for letter in asked.cases:
                        one(lab, drill, letter)
                drill.end()
        finally:  # what was measured is not lost
            for row in table(drills):
                print("# " + PLAIN % row)
        if asked.markdown:
            markdown(drills)
    sys.exit(lab.status())


if __name__ == "__main__":
    main()
