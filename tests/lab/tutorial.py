#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Executes docs/tutorial.md: each command of it, in order, in the lab that it brings up itself, and compares what comes out.

    tutorial.py [--pictures] [FILE]

A block fenced as ```console holds commands ("$ " and the command; a here-document and lines after "> " go with it) and, below
each, all that it prints. In that text … stands for anything within a line, and a line that is only … for any lines, or none. No other
block is executed, so a block of another kind that holds a command is an error. A command that only reads is repeated for PATIENCE
seconds until it prints what is expected: that is how the tutorial waits. One that changes something has one chance; so has a request
with a cookie, for its answers count, and a request right after a change: what the tutorial says of an outage is true at once.

Commands run in an empty folder with `halb` in PATH. An image ![…](images/NAME.png) is a page of the lab at that moment: here it must
answer, and with --pictures Chromium takes the image anew. FILE: another text than docs/tutorial.md.
"""
import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab"))
from lab import HALB, ROOT, Lab, read
from net import enter

TUTORIAL = os.path.join(ROOT, "docs/tutorial.md")
IMAGES = os.path.join(ROOT, "docs/images")
PATIENCE, EVERY = 25, 0.2
COMMAND_SECONDS = 60
ANY = "…"

Command = collections.namedtuple("Command", "line text expected")  # expected: [(line, text)]
Picture = collections.namedtuple("Picture", "line name")


class Wrong(Exception):
    """What is wrong with the document, and in which line."""

    def __init__(self, line, what, detail=""):
        super().__init__(what)
        self.line, self.what, self.detail = line, what, detail


# ---- reading the document
def parse(text):
    """Its steps: commands and pictures, in order."""
    steps, fence, lines = [], None, list(enumerate(text.splitlines(), 1))
    while lines:
        number, line = lines.pop(0)
        if line.startswith("```"):
            fence = None if fence is not None else line[3:].strip()
        elif fence == "console" and line.startswith("$ "):
            steps.append(Command(number, whole_command(number, line[2:], lines), []))
        elif fence == "console":
            if not steps or not isinstance(steps[-1], Command):
                raise Wrong(number, "output before the first command")
            steps[-1].expected.append((number, line.rstrip()))
        elif re.match(r" *\$ ", line):
            raise Wrong(number, "a command that is not executed: only ```console is")
        elif fence is None:
            steps += [Picture(number, name) for name in re.findall(r"!\[[^]]*\]\(images/([\w.-]+)\)", line)]
    if fence is not None:
        raise Wrong(number, "a block that does not end")
    return steps


def whole_command(number, first, lines):
    """The command with the lines that belong to it, taken from those that follow."""
    text, word = first, re.search(r"<<'?(\w+)'?", first)
    while word:
        if not lines or lines[0][1].startswith("```"):
            raise Wrong(number, "a here-document that does not end")
        line = lines.pop(0)[1]
        text += "\n" + line
        if line == word.group(1):
            return text
    while lines and lines[0][1].startswith("> "):
        text += "\n" + lines.pop(0)[1][2:]
    return text


# ---- judging what a command printed
def pattern_of(text):
    if text == ANY:
        return r"(?:.*\n)*?"
    return ".*?".join(map(re.escape, text.split(ANY))) + "\n"


def mismatch(expected, output):
    """The index of the first expected line that the output does not have; their number when the output has more; else None."""
    shown = "".join(line.rstrip() + "\n" for line in output.splitlines())
    patterns = [pattern_of(text) for _, text in expected]
    if re.fullmatch("".join(patterns), shown):
        return None
    for good in range(len(patterns), 0, -1):
        if re.match("".join(patterns[:good]), shown):
            return good
    return 0


READERS = "cat grep head tail sed sort uniq cut".split()
LAB_READERS = "status logs curl".split()
CHANGES = re.compile(r"[<>&;]|sed -i|curl\b[^|]* -[bc]\b")


def reads_only(text):
    """A command that changes nothing: a pipe of such as are known to."""
    bare = re.sub(r"'[^']*'", "q", text)
    return not CHANGES.search(bare) and all(reads(part.split()) for part in bare.split("|"))


def reads(words):
    if words[:2] == ["halb", "lab"]:
        return reads(words[words.index("--") + 1:]) if words[2] == "exec" else words[2] in LAB_READERS
    if words[:1] == ["halb"]:
        return words[1:2] == ["-c"] or words[1:3] == ["ctl", "show"]
    return words[0] in READERS or words[:3] == ["ip", "addr", "show"] or words[0] == "redis-cli" and words[-1] == "ping"


def is_request(text):
    return text.startswith("halb lab curl")


# ---- executing it
class Runner:
    def __init__(self, lab, folder, environment, patience=PATIENCE):
        self.lab, self.folder, self.environment, self.patience = lab, folder, environment, patience
        self.changed = False  # by the command before
        self.done = []        # (command, output)

    def run(self, text):
        return subprocess.run(["bash", "-c", text], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", timeout=COMMAND_SECONDS, check=False)

    def command(self, command):
        """Raises Wrong when it does not do what the document says."""
        reader = reads_only(command.text)
        patient = reader and not (self.changed and is_request(command.text))
        self.changed = not reader
        end = time.monotonic() + (self.patience if patient else 0)
        while True:
            try:
                done = self.run(command.text)
            except subprocess.TimeoutExpired as late:
                raise Wrong(command.line, "%s: no end after %d s" % (command.text, COMMAND_SECONDS), late.output or "") from late
            wrong = mismatch(command.expected, done.stdout)
            silent = not command.expected and done.returncode
            if wrong is None and not silent:
                self.done.append((command, done.stdout))
                return
            if time.monotonic() >= end:
                break
            time.sleep(EVERY)
        if silent:
            raise Wrong(command.line, "%s: exit status %d" % (command.text, done.returncode), done.stdout)
        if wrong < len(command.expected):
            line, text = command.expected[wrong]
            raise Wrong(line, "expected: %s" % text, "printed by %s:\n%s" % (command.text, done.stdout))
        raise Wrong(command.line, "%s prints more than is expected" % command.text, done.stdout)

    def document(self, text, picture):
        for step in parse(text):
            if isinstance(step, Command):
                self.command(step)
            else:
                picture(step)
            self.lab.check("%d: %s" % (step.line, step.text.partition("\n")[0] if isinstance(step, Command) else step.name), True)


# ---- that it would see a mistake
GOOD = """A text.
```console
$ printf 'one\\ntwo\\nthree\\n'
one
t…
…
$ cat > file <<'END'
words
END
$ cat file
words
$ for i in 1 2; do
>     echo $i
> done
1
2
```
"""
TAMPERED = {  # name: (what, by what, the line that is named)
    "another word": ("\none\n", "\nonce\n", 4),
    "another word after a wildcard": ("t…", "x…", 5),
    "a line less": ("\none\nt…\n…\n", "\none\n", 3),
    "a line more": ("\nwords\n$ for", "\nwords\nmore\n$ for", 12),
    "another command": ("cat file", "cat life", 11),
    "a failure in silence": ("$ cat file\nwords\n", "$ test -e life\n", 10),
    "a line of a loop less": (">     echo $i\n", ">     :\n", 15),
    "a block that is not executed": ("```console", "```sh", 3),
    "a here-document without end": ("\nEND\n", "\n", 7),
    "a block without end": ("\n```\n", "\n", 16),
}
READING = ["halb lab status | grep 'a > b'", "halb lab exec hap1 -- halb ctl show stat | cut -d, -f1", "halb lab curl -i http://x/"]
CHANGING = ["halb lab halt hap1", "cat a > b", "halb lab exec hap1 -- halb ctl release", "halb lab curl -b a=b http://x/", "cat a; rm a"]


class Quiet:
    @staticmethod
    def check(*_):
        return True


def self_test(lab, folder):
    """Documents with a mistake fail, with the line."""
    for name, (old, new, line) in {"nothing": ("", "", None), **TAMPERED}.items():
        found = None
        try:
            Runner(Quiet, folder, os.environ, patience=0).document(GOOD.replace(old, new, 1) if old else GOOD, None)
        except Wrong as wrong:
            found = wrong.line
        lab.equal("a document with %s changed" % name, found, line)
    lab.equal("what is repeated", [text for text in READING + CHANGING if reads_only(text)], READING)


def unseen(runner):
    """Lines of the document in which a piece of what is expected could be another without being noticed."""
    lines = []
    for command, output in runner.done:
        for index, (line, text) in enumerate(command.expected):
            pieces = text.split(ANY)
            for number, piece in enumerate(pieces):
                changed = ANY.join([*pieces[:number], piece + "~", *pieces[number + 1:]])
                expected = [*command.expected[:index], (line, changed), *command.expected[index + 1:]]
                if piece and mismatch(expected, output) is None:
                    lines.append(line)
    return lines


# ---- pages
BROWSER = "http://127.0.0.1:8080/haproxy?stats"
PICTURE_BYTES = 20000, 250000
CHROMIUM = "--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --disable-background-networking --disable-sync \
--disable-component-update --disable-extensions --hide-scrollbars --virtual-time-budget=2000 --window-size=1280,850".split()


class Pictures:
    """The images that the document shows: their page answers and, if `take`, Chromium takes them anew."""

    def __init__(self, lab, folder, take):
        self.lab, self.folder, self.take = lab, folder, take

    def __call__(self, picture):
        path = os.path.join(IMAGES, picture.name)
        page = subprocess.run(["curl", "-fsS", "-m10", "-u", "admin:admin", BROWSER], capture_output=True, text=True, check=False)
        if "webservers" not in page.stdout:
            raise Wrong(picture.line, "%s does not answer" % BROWSER, page.stdout + page.stderr)
        if self.take:
            self.shoot(path)
        with open(path, "rb") as file:
            image = file.read()
        if not image.startswith(b"\x89PNG") or not PICTURE_BYTES[0] < len(image) < PICTURE_BYTES[1]:
            raise Wrong(picture.line, "%s is no picture of %d to %d bytes" % (path, *PICTURE_BYTES))

    def shoot(self, path):
        profile = tempfile.mkdtemp(dir=self.folder)
        os.makedirs(IMAGES, exist_ok=True)
        chromium = self.lab.process("chromium", ["chromium", *CHROMIUM, "--user-data-dir=" + profile, "--screenshot=" + path,
                                                 BROWSER.replace("//", "//admin:admin@")],
                                    env={**os.environ, "HOME": profile, "XDG_RUNTIME_DIR": profile})
        chromium.wait(40)
        chromium.end()


def missing():
    programs = "apache2 curl ip pkill redis-server redis-cli".split()
    return [program for program in programs if not shutil.which(program)]


def run_tutorial(lab, folder, path, take):
    work = os.path.join(folder, "work")
    os.makedirs(work)
    environment = {**os.environ, "HALB_LAB_DIR": os.path.join(folder, "lab"), "LC_ALL": "C.UTF-8",
                   "PATH": "%s:%s" % (os.path.dirname(HALB), os.environ["PATH"])}
    runner = Runner(lab, work, environment)
    try:
        runner.document(read(path), Pictures(lab, folder, take))
        lab.equal("no line of it could be another", unseen(runner), [])
    except Wrong as wrong:
        lab.check("%s:%d: %s" % (os.path.relpath(path, ROOT), wrong.line, wrong.what), False, wrong.detail)
    finally:
        down = runner.run("halb lab down")
        links = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=False).stdout
    lab.check("nothing is left", "not up" in down.stdout or lab.failed, down.stdout)
    lab.check("... and no interface", len(links.splitlines()) == 1, links)


def main():
    words = [word for word in sys.argv[1:] if word != "--pictures"]
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    if missing():
        print("ok tutorial # SKIP there is no " + ", no ".join(missing()))
        sys.exit(77)
    enter("tutorial")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with Lab() as lab:
        self_test(lab, lab.dir)
        run_tutorial(lab, lab.dir, os.path.abspath(words[0]) if words else TUTORIAL, "--pictures" in sys.argv)
    sys.exit(lab.status())


if __name__ == "__main__":
    main()
