"""Rules about lit tests: each can fail, and no FileCheck directive is dead for a typing error."""

import re
from difflib import get_close_matches

from .tree import Finding

SUFFIXES = ["", "-NEXT", "-SAME", "-NOT", "-DAG", "-LABEL", "-EMPTY"]
LIT_WORDS = {"RUN", "REQUIRES", "UNSUPPORTED", "XFAIL", "DEFINE", "REDEFINE", "ALLOW_RETRIES", "END"}
COMMENT = r"^\s*(?://|#|;)+\s*"
# Commands of a RUN line that fail by themselves when the result is wrong.
CHECKING = r"\b(?:diff|cmp|not|grep|%python)\s|--check\b(?!-)"


def prefixes(runs):
    """The prefixes that the FileCheck commands of a file's RUN lines look for."""
    found = set()
    for command in re.findall(r"FileCheck\b[^|;&\n]*", "\n".join(runs)):
        given = re.findall(r"--?check-prefix(?:es)?[= ]([\w,.-]+)", command)
        found |= {name for names in given for name in names.split(",")} or {"CHECK"}
    return found


def tests_can_fail(tree):
    """Every lit file has a RUN line and a check that can fail."""
    for path in tree.lit_files:
        runs = tree.run_lines(path)
        if not runs:
            yield Finding(path, 1, "no RUN line")
        elif not can_fail(tree.text(path), "\n".join(runs)):
            yield Finding(
                path, 1, "nothing in this test can fail: no directive, expected-* or checking command"
            )


def can_fail(text, runs):
    names = "|".join(map(re.escape, prefixes(runs.splitlines())))
    directive = rf"{COMMENT}(?:{names})(?:-[A-Z]+(?:-\d+)?)?(?:\{{LITERAL\}})?:[ \t]*\S"
    if names and re.search(directive, text, re.MULTILINE):
        return True
    if "verify-diagnostics" in runs and re.search(r"expected-(?:error|warning|remark|note)", text):
        return True
    checks_elsewhere = re.search(r"FileCheck\s+(?!%s\b)[%\w/]", runs)
    return bool(checks_elsewhere or re.search(CHECKING, runs))


def prefixes_spelt(tree):
    """No comment that looks like a FileCheck directive and is none."""
    for path in tree.lit_files:
        known = {name + suffix for name in prefixes(tree.run_lines(path)) for suffix in SUFFIXES}
        for number, line in tree.lines(path):
            complaint = misspelt(line, known)
            if complaint:
                yield Finding(path, number, complaint)


def misspelt(line, known):
    """What is wrong with a line that is nearly a directive, or None."""
    found = re.match(COMMENT + r"([A-Z][A-Z0-9_-]{2,})(\{LITERAL\})?(\s*:)?", line)
    if not found or found[1] in LIT_WORDS:
        return None
    word = re.sub(r"-COUNT-\d+$", "", found[1])
    if word in known:
        return None if found[3] == ":" else f"{found[1]} has no colon right after it and checks nothing"
    close = get_close_matches(word, known, 1, 0.75)
    if close:
        return f"{found[1]} is no directive of this file; {close[0]} is"
    if found[3]:
        return f"{found[1]} is a prefix that no FileCheck command of this file looks for"
    return None
