# SPDX-License-Identifier: MIT
"""What drills were like, for people: sentences about one, and the table of many. A result is Result.plain() of drills.py."""
import textwrap

from figures import PARTS, documented

FAULTS = {
    "a1": "Apache on web1 is stopped: its port refuses.",
    "n": "Apache on web1 is started again.",
    "b": "Apache on web2 is stopped: its port refuses.",
    "b2": "All of Apache's processes on web1 are killed.",
    "a2": "web1 loses its power: packets to it vanish.",
    "c": "Apache is stopped on web1 and on web2; when both are known to be down, it is started again.",
    "m": "Apache on web1 hangs: it accepts and says nothing.",
    "d": "The proxy on hap1 is stopped (SIGTERM).",
    "i2": "The proxy on hap1 is started again, and hap1 takes the address back.",
    "d2": "The proxy on hap1 is told to finish what it has (USR1).",
    "e": "The proxy's process on hap1 is killed (SIGKILL).",
    "f": "What holds the virtual IP on hap1 is stopped (SIGTERM).",
    "g": "What holds the virtual IP on hap1 is killed (SIGKILL).",
    "h": "hap1 loses its power.",
    "i": "hap1 is switched on again, and takes the address back.",
    "h2": "hap2, which waits, loses its power.",
    "p": "hap1 and hap2 lose their power; two seconds later hap1 is switched on.",
    "l": "The cable of hap1 is pulled.",
    "l2": "The switch drops all from and to hap1 for 4 seconds, and nobody sees why.",
    "l3": "The switch drops all from and to hap1 for 30 seconds, and nobody sees why.",
    "l4": "hap1 and hap2 do not hear each other for 4 seconds; all others hear both.",
    "o": "The proxy's process on hap1 freezes (SIGSTOP).",
    "k": "halb on hap1 reads its files anew ten times (SIGUSR2).",
}
KEPT, STREAMS = 10, 6  # the clients of drills.LOAD
ROW = "%-3s %-34s|%5s %4s %3s %3s |%6s %4s %3s %3s"
HEADS = ("%-38s| %-17s | %s" % ("", "halb", "the classic pair"), ROW % ("", "what happened", "ms", "F", "KA", "ST", "ms", "F", "KA", "ST"))
LEGEND = ("ms: the outage; F: of 200 new requests a second, those that failed;\n"
          "KA: of 10 kept-alive connections, and ST: of 6 downloads, those that broke")


def number(count, one, many):
    return "no %s" % one if not count else "1 %s" % one if count == 1 else "%d %s" % (count, many)


def outcome(part, window):
    """One window in a sentence or two."""
    outage = "never back" if window["never"] else "no outage" if not window["outage"] else "outage %d ms" % window["outage"]
    broken = [text for text in ("%d of %d kept-alive connections" % (window["KA"], KEPT) if window["KA"] else "",
                                "%d of %d downloads" % (window["ST"], STREAMS) if window["ST"] else "") if text]
    notes = "".join("; %s %d ms" % note for note in window["notes"].items())
    text = "%s, %s failed, %s%s" % (outage, number(window["F"], "request", "requests"),
                                    "broken: " + " and ".join(broken) if broken else "nothing broke", notes)
    text = PARTS[part].lstrip(", ") + ": " + text if part else text
    return text[0].upper() + text[1:] + "."


def lines(result, width=100):
    """All about a drill."""
    good = "as it must be" if result["kind"] == "halb" else "measured"
    yield "%-3s %s: %s" % (result["case"], result["what"], good if result["good"] else "NOT AS IT MUST BE")
    texts = [FAULTS[result["case"]], *(outcome(part, window) for part, window in result["parts"].items())]
    if result["parts"]:
        texts[-1] += " The address: %s." % result["parts"][result["judged"]]["holder"]
    if result["forgiven"]:
        texts.append("(%s under way in the very moment in which the address moved: that is forgiven here.)" % (
            "1 request was" if result["forgiven"] == 1 else "%d requests were" % result["forgiven"]))
    texts += ["not as it must be: %s" % name for name, _ in result["failed"]]
    for text in texts:
        yield from textwrap.wrap(text, width, initial_indent="    ", subsequent_indent="    ")


def short(result):
    """The same in one line."""
    window = result["parts"].get(result["judged"])
    if not window:
        return "%-3s %s: could not begin" % (result["case"], result["what"])
    return "%-3s %-34s %s" % (result["case"], result["what"] + PARTS[result["judged"]], "%s, F %d, KA %d, ST %d%s" % (
        "never back" if window["never"] else "%d ms" % window["outage"], window["F"], window["KA"], window["ST"],
        "" if result["good"] else "  NOT AS IT MUST BE"))


def figures(window):
    return ("never" if window["never"] else "%d" % window["outage"], *("%d" % window[column] for column in ("F", "KA", "ST")))


def from_documents():
    """{(case, part): figures} of the classic pair in docs/drills.md: the medians."""
    found = {}
    for case, rows in documented("classic").items():
        for row in rows:
            part = next((part for part, words in PARTS.items() if part and words in row["what"]), "")
            cells = [row[head].split(" ")[0].rstrip(",") for head in ("outage ms", "F", "KA", "ST")]
            if row["outage ms"].endswith(" never back") and "," not in row["outage ms"]:
                cells[0] = "never"
            found[case, part] = tuple(cells)
    return found


def from_results(results):
    return {(result["case"], part): figures(window) for result in results for part, window in result["parts"].items()}


def table(results, classic):
    """Lines of at most 79 characters. `classic`: {(case, part): figures}, as the two functions above give them."""
    yield from HEADS
    for result in results:
        for part, window in result["parts"].items():
            if part != "down":  # nobody can serve then
                what = result["what"] + PARTS[part]
                yield ROW % (result["case"], what[:34], *figures(window), *classic.get((result["case"], part), ("-",) * 4))
        if not result["parts"]:
            yield "%-3s %-34s| could not begin" % (result["case"], result["what"][:34])
