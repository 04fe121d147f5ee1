"""The page of one image or image family: a hardened service, the facts, and the evidence of each."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from composeharden.images.facts import Facts
from composeharden.outcome import Finding, Status
from composeharden.redaction.escape import markdown_code, neutral
from composeharden.report.image_facts import Line, Section, sections, versions

_WIDTH = 100


class Hardened(Protocol):
    """What the default fix made of a service of the image."""

    @property
    def text(self) -> str:
        """The Compose file."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was applied and what was held back."""


class Page(NamedTuple):
    """What both forms of a page are made of."""

    title: str
    intro: tuple[str, ...]
    example: str
    held: tuple[str, ...]
    parts: tuple[tuple[str, tuple[Section, ...]], ...]
    """The facts, then what is different for some tags under a heading of its own."""
    evidence: Mapping[str, Mapping[str, Any]]


def page(name: str, facts: Facts, hardened: Hardened, file: str = "") -> Page:
    """The page of one image: facts narrowed to its tag.

    Args:
        name: the image as the user named it.
        facts: what is known of it.
        hardened: see `Hardened`.
        file: where the facts come from; empty for bundled ones.
    """
    parts = (("", tuple(sections(facts.document))),)
    intro = (facts.title, f"Facts: {file or f'bundled, family {facts.family}'}")
    return _page(name, intro, hardened, parts, facts.document["evidence"])


def family_page(document: Mapping[str, Any], hardened: Hardened) -> Page:
    """The page of a whole family: the facts that all tags share, then those of its variants."""
    base = {key: value for key, value in document.items() if key != "variant"}
    parts = [("", tuple(sections(base)))]
    parts += [
        (f"Only for {versions(variant['when'])}", tuple(sections(variant))) for variant in document.get("variant", ())
    ]
    intro = ["Repositories: " + ", ".join(f"`{name}`" for name in document["repositories"])]
    intro += [f"An absent tag and `latest` are taken for version {document['latest']}."] if "latest" in document else []
    return _page(document["title"], tuple(intro), hardened, tuple(parts), document["evidence"])


def _page(
    title: str,
    intro: tuple[str, ...],
    hardened: Hardened,
    parts: tuple[tuple[str, tuple[Section, ...]], ...],
    evidence: Mapping[str, Mapping[str, Any]],
) -> Page:
    used = {name for _, found in parts for section in found for line in section.lines for name in line.evidence}
    return Page(
        title,
        intro,
        hardened.text,
        tuple(_held(finding) for finding in hardened.findings if finding.status is not Status.FIX),
        parts,
        {name: item for name, item in evidence.items() if name in used},
    )


def _held(finding: Finding) -> str:
    unlock = f" ({finding.unlock})" if finding.unlock else ""
    return f"{finding.rule} is {finding.status}{unlock}: {finding.reason or finding.message}"


def as_text(one: Page, symbols: bool = True) -> str:
    """A page for the terminal; pure ASCII without `symbols`."""
    lines = [one.title, "=" * len(one.title), "", *one.intro, "", _heading(one), ""]
    lines += [f"    {line}".rstrip() for line in one.example.splitlines()]
    lines += ["", *(_wrapped(text, "  ") for text in one.held)] if one.held else []
    for heading, found in one.parts:
        lines += ["", heading, "-" * len(heading)] if heading else []
        for section in found:
            lines += ["", section.title, *(_wrapped(_plain(line), "  ") for line in section.lines)]
    lines += ["", "Evidence"]
    for name, item in one.evidence.items():
        lines += [f"  [{name}] {item['kind']}, read {item['read']}: {place(item)}", _wrapped(item["shows"], "      ")]
        lines += [_wrapped(f"Run: {item['command']} on {item['engine']}", "      ")] if "command" in item else []
    text = neutral("\n".join(lines) + "\n")
    return text if symbols else text.encode("ascii", "backslashreplace").decode("ascii")


def _heading(one: Page) -> str:
    return (
        "By default a plain service becomes:"
        if not one.held
        else "By default a plain service becomes, save what is held:"
    )


def _plain(line: Line) -> str:
    name = f"{line.name}: " if line.name else ""
    return f"{name}{line.text}" + (f"  [{', '.join(line.evidence)}]" if line.evidence else "")


def _wrapped(text: str, indent: str) -> str:
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def as_markdown(one: Page) -> str:
    """A page for the documentation."""
    blocks = [f"# {one.title}", *map(_prose, one.intro), _heading(one), f"```yaml\n{one.example}```"]
    blocks += ["\n".join(f"- {_prose(text)}" for text in one.held)] if one.held else []
    for heading, found in one.parts:
        blocks += [f"## {heading}"] if heading else []
        for section in found:
            blocks.append(f"{'###' if heading else '##'} {section.title}")
            blocks.append("\n".join(_item(line) for line in section.lines))
    blocks += ["## Evidence", "\n".join(_entry(name, item) for name, item in one.evidence.items())]
    return "\n\n".join(blocks) + "\n"


def _item(line: Line) -> str:
    name = f"{markdown_code(line.name)}: " if line.name else ""
    where = ", ".join(f"[{name}](#evidence-{name})" for name in line.evidence)
    return f"- {name}{_prose(line.text)}" + (f" ({where})" if where else "")


def _entry(name: str, item: Mapping[str, Any]) -> str:
    found = place(item)
    link = _link(item)
    where = f"[{found}]({link})" if link else markdown_code(found)
    run = f" Run: {markdown_code(item['command'])} on {_prose(item['engine'])}." if "command" in item else ""
    origin = f"{item['kind']}, {where}, read {item['read']}"
    return f'- <a id="evidence-{name}"></a>**{name}**: {origin}. {_prose(item["shows"])}{run}'


def place(item: Mapping[str, Any]) -> str:
    """Where a piece of evidence can be looked at."""
    if "repository" in item:
        return f"{item['repository']}{'@' + item['commit'][:7] if 'commit' in item else ''}:{item['path']}"
    return str(item.get("url") or item.get("issue") or item.get("image") or "no place")


def _link(item: Mapping[str, Any]) -> str:
    if "url" in item:
        return str(item["url"])
    if item["kind"] == "source" and re.fullmatch(r"[\w.-]+/[\w.-]+", item["repository"]):
        return f"https://github.com/{item['repository']}/blob/{item.get('commit', 'HEAD')}/{item['path']}"
    issue = re.fullmatch(r"([\w.-]+/[\w.-]+)#(\d+)", item.get("issue", ""))
    return f"https://github.com/{issue[1]}/issues/{issue[2]}" if issue else ""


def _prose(text: str) -> str:
    """Text as Markdown shows it as it is; what stands between back-ticks stays code."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if part.startswith("`") else _escaped(part) for part in parts)


def _escaped(text: str) -> str:
    return re.sub(r"(?<!\w)_|_(?!\w)|[\\*<|`]", r"\\\g<0>", text)


def index(rows: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterator[str]:
    """The lines of a Markdown table of families, each linked to its page."""
    yield from ("| family | | repositories |", "|---|---|---|")
    for family, document in rows:
        names = ", ".join(f"`{name}`" for name in document["repositories"])
        yield f"| [{family}]({family}.md) | {_escaped(document['title'])} | {names} |"
