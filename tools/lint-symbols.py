#!/usr/bin/env python3
"""What the objects say: tools/lint-symbols.py OBJECT_FOLDER (build/obj), called by tools/lint.

1. The sans-IO layers and base need nothing from outside but what tools/sans-io-allow lists.
2. The sans-IO layers have no mutable globals.
3. A symbol that no other object needs, and no test names, must be static.
"""
import fnmatch
import glob
import os
import re
import subprocess
import sys


def read_rows(path):
    with open(path) as file:
        return [line.split() for line in file if line.strip() and line[0] != "#"]


def symbols(objects):
    """{object: [(name, type letter)]} by nm."""
    found, current = {}, None
    text = subprocess.run(["nm", "-A", "-P", *objects], capture_output=True, text=True).stdout
    for line in text.splitlines():
        current, rest = line.split(": ", 1)
        words = rest.split()
        found.setdefault(current, []).append((words[0], words[1]))
    return found


def mutable(objects):
    """(object, name) of each variable that is not const (const with addresses is .data.rel.ro)."""
    text = subprocess.run(["objdump", "-t", *objects], capture_output=True, text=True).stdout
    current = ""
    for line in text.splitlines():
        if ": " in line and "file format" in line:
            current = line.split(": ")[0]
        match = re.match(r"[0-9a-f]+ .{7} (\.t?(?:data|bss)\S*)\s+([0-9a-f]+)\s+(\S+)", line)
        if match and not match[1].startswith(".data.rel.ro") and int(match[2], 16):
            yield current, match[3]


def place(source, name):
    """FILE:LINE where `name` is first defined (at the start of a line, not indented), or used."""
    word = re.compile(r"\b%s\b" % re.escape(re.sub(r"\.\d+$", "", name)))
    used = 0
    with open(source) as file:
        for number, line in enumerate(file, 1):
            if word.search(line):
                used = used or number
                if line[0] not in "\t /*#":
                    return f"{source}:{number}"
    return f"{source}:{used or 1}"


def main():
    top = sys.argv[1]
    rows = read_rows("tools/layers")
    pure = next(row[1:] for row in rows if row[0] == "@sans-io")
    layers = [row[0] for row in rows if row[0][0] != "@"]
    allowed = read_rows("tools/sans-io-allow")

    objects = [o for o in glob.glob(f"{top}/src/*/*.o") + glob.glob(f"{top}/tests/**/*.o", recursive=True)
               if os.path.exists(os.path.relpath(o, top)[:-1] + "c")]
    table = symbols(objects)
    source_of = {o: os.path.relpath(o, top)[:-1] + "c" for o in objects}
    layer_of = {o: source_of[o].split("/")[1] if source_of[o].startswith("src/") else "" for o in objects}

    defined, needed = {}, {}
    for obj, list_ in table.items():
        for name, kind in list_:
            if kind in "Uwv":
                needed.setdefault(name, set()).add(obj)
            elif kind.isupper():
                defined[name] = obj
    declared = set()
    for path in glob.glob("src/*/*.h"):
        declared.update(re.findall(r"(\w+)\(", open(path).read()))
    out = []

    for obj in objects:
        layer = layer_of[obj]
        if layer not in pure + ["base"]:
            continue
        for name, kind in table.get(obj, []):
            if kind not in "Uwv" or name in defined:
                continue
            if not any(fnmatch.fnmatchcase(name, row[0]) and (len(row) == 1 or layer in row[1:]) for row in allowed):
                if name not in declared: # else it is ours, not written yet: the linker's matter
                    out.append(f"{place(source_of[obj], name)}: {layer} needs {name}, which is not in "
                               "tools/sans-io-allow; let the caller do it and pass the value in")

    for obj, name in mutable([o for o in objects if layer_of[o] in pure]):
        out.append(f"{place(source_of[obj], name)}: mutable global {name} in a sans-IO layer; "
                   "make it const or a member of a struct the caller owns")

    test_words = set()
    for path in glob.glob("tests/**/*.c", recursive=True):
        test_words.update(re.findall(r"\w+", open(path).read()))
    for name, obj in defined.items():
        if layer_of[obj] not in layers or name == "main" or name in test_words:
            continue
        if not needed.get(name, set()) - {obj}:
            out.append(f"{place(source_of[obj], name)}: {name} is used in this file only; make it static, "
                       "or remove it")

    print("\n".join(sorted(set(out))), end="\n" if out else "")


if __name__ == "__main__":
    main()
