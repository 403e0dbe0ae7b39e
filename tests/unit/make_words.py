#!/usr/bin/env python3
"""Asks Python's shlex (POSIX mode) how command lines are split and writes words.h beside this file.

    python3 tests/unit/make_words.py

Fixed lines first, then random ones from a fixed seed, made of what matters: quotes, backslashes, spaces.
"""

import pathlib
import random
import shlex
import sys

FIXED = [
    "", " ", "\t\r\n ", "a", " a ", "a b", "a  b\tc\nd\re", "/usr/bin/aws-vault exec --json ci", "'a b'", '"a b"',
    "a'b'c", 'a"b"c', "''", '""', "a '' b", 'a "" b', "''''", '""""', "'\"'", '"\'"', "\\a", "\\ ", "a\\ b", "\\\\", "\\'",
    '\\"', "'\\'", "'a\\b'", "'\\\"'", '"\\""', '"\\\\"', '"\\a"', '"\\ "', '"\\\'"', '"\\$\\`"', "'", '"', "\\", "a'", 'a"',
    "a\\", "'a", '"a', '"a\\', '"a\\"', "'a\\'", '"\\\\', "a\\\nb", '"a\\\nb"', "'a\nb'", "# a", "a # b", "a;b", "a|b&c", "$HOME",
    "`id`", "$(id)", "~/x", "*", "{a,b}", "a=b c", "--flag='x y'", "é ü", "'é'", "\\é", "\x01", "\v\f", "a\vb", "\xa0a b",
    "C:\\dir\\x", '"C:\\dir\\x"', "'C:\\dir\\x'", "a\"b'c'd\"e", "a'b\"c\"d'e", "x" * 60,
]


def quote(text):
    """A C string literal; hexadecimal escapes end where the literal does."""
    out = ""
    for byte in text.encode():
        char = chr(byte)
        out += char if 0x20 <= byte < 0x7f and char not in '\\"?' else f"\\{byte:03o}"
    return f'"{out}"'


def main():
    rng = random.Random(1)
    lines = list(FIXED)
    while len(lines) < 600:
        line = "".join(rng.choice("ab  \t'\"\\\n") for _ in range(rng.randint(1, 14)))
        if line not in lines:
            lines.append(line)
    out = ["/* Made by make_words.py with Python's shlex: do not edit. */", "",
           "static const struct row rows[] = {"]
    for line in lines:
        try:
            words = shlex.split(line, comments=False, posix=True)
            out.append("    {%s, %d, {%s}}," % (quote(line), len(words), ", ".join(map(quote, words)) or "NULL"))
        except ValueError:
            out.append("    {%s, -1, {NULL}}," % quote(line))
    place = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).with_name("words.h"))
    place.write_text("\n".join(out + ["};", ""]))


main()
