"""Compares validation with Docker Compose on real files: `python -m tests.corpus.differential_config [FOLDER]`.

The folder, or COMPOSEHARDEN_CORPUS, holds Compose files. For each one `docker-compose config -q` says yes or no. A no
that only the surroundings cause (variables that are not set, files that are not there) is none of the file's business.
Exits with 1 where the two disagree about the file itself.
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from composeharden.compose.files import LoadError
from composeharden.compose.load import effective
from composeharden.compose.schema import check, validate
from composeharden.yaml.source import SourceError, load

TIMEOUT = 20
MEMORY = 4 * 2**30
AT_ONCE = 2

_UNSET = re.compile(
    r"required variable|empty section between colons|no port specified|invalid boolean: *$|invalid size: ''"
    r"|bad host name ''|neither an image|container name \"\S*\" is already in use|invalid proto: *$"
    r"|project name must not be empty",
    re.MULTILINE,
)
_MISSING = re.compile(r"no such file or directory|include cycle|not found: stat")


class Verdict(NamedTuple):
    """What one file is to both sides."""

    file: str
    compose: str
    """ok, file, or the reason in the surroundings: variables, other files, timeout."""
    ours: str
    """ok, or the sorts of problems that were found."""
    reason: str

    @property
    def disagrees(self) -> bool:
        """True where the two say different things about the file itself."""
        return (self.compose == "ok" and self.ours != "ok") or (self.compose == "file" and self.ours == "ok")


def main(arguments: list[str]) -> int:
    """Print the table and the disagreements."""
    folder = Path(*arguments[:1]) if arguments else Path(os.environ.get("COMPOSEHARDEN_CORPUS", ""))
    if not arguments and not os.environ.get("COMPOSEHARDEN_CORPUS"):
        print("set COMPOSEHARDEN_CORPUS or name a folder", file=sys.stderr)
        return 2
    with TemporaryDirectory() as home, ThreadPoolExecutor(AT_ONCE) as pool:
        verdicts = list(pool.map(lambda path: judge(folder, path, home), compose_files(folder)))
    for (compose, ours), count in sorted(Counter((one.compose, one.ours) for one in verdicts).items()):
        print(f"{count:6}  compose: {compose:12} ours: {ours}")
    wrong = [one for one in verdicts if one.disagrees]
    for one in wrong:
        print(f"\n{one.file}\n  compose: {one.compose}, ours: {one.ours}\n  {one.reason}")
    print(f"\n{len(verdicts)} files, {len(wrong)} disagreements")
    return 1 if wrong else 0


def compose_files(folder: Path) -> list[Path]:
    """The files of the corpus: those its manifest lists, or every YAML file with a name that Compose looks for."""
    manifest = folder / "manifest.tsv"
    if manifest.is_file():
        rows = manifest.read_text("utf-8").splitlines()[1:]
        return [folder / row.split("\t")[0] for row in rows]
    return sorted(path for path in folder.rglob("*.y*ml") if "compose" in path.name)


def judge(folder: Path, path: Path, home: str) -> Verdict:
    """Ask both sides about one file."""
    code, errors = compose_config(path, home)
    ours, messages = our_view(path.read_bytes())
    text = "\n".join(line for line in errors.splitlines() if not line.startswith("time="))
    compose = "ok" if code == 0 else surroundings(text, "variable is not set" in errors, path)
    return Verdict(str(path.relative_to(folder)), compose, ours, (text or "; ".join(messages))[:300])


def surroundings(errors: str, unset: bool, path: Path) -> str:
    """What makes Compose refuse: something around the file, or the file."""
    if errors == "timeout":
        return "timeout"
    if _MISSING.search(errors):
        return "other files"
    if "required variable" in errors or (unset and _UNSET.search(errors)):
        return "variables"
    names_another = re.search(r"^\s*-?\s*file:|^include:", path.read_text("utf-8", "replace"), re.MULTILINE)
    return "other files" if "undefined" in errors and names_another else "file"


def our_view(data: bytes) -> tuple[str, list[str]]:
    """The sorts of problems that validation finds, and their messages."""
    try:
        source = load(data)
    except SourceError as error:
        return "yaml", [error.message]
    roots = source.documents or [None]
    problems = [problem for root in roots for problem in validate(root)]
    if not problems:
        try:
            problems = check(effective(source), roots)
        except LoadError as error:
            return "merge", [str(error)]
    return "+".join(sorted({str(one.fault) for one in problems})) or "ok", [one.message for one in problems]


def compose_config(path: Path, home: str) -> tuple[int, str]:
    """Exit code and messages of `docker-compose config -q`, which is given nothing but a PATH and an empty HOME."""
    command = [_binary(), "-f", path.name, "config", "-q"]
    process = subprocess.Popen(
        command,
        cwd=path.parent,
        env={"PATH": os.defpath, "HOME": home},
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=_limit,
    )
    try:
        _, errors = process.communicate(timeout=TIMEOUT)
        return process.returncode, errors.decode("utf-8", "replace").strip()
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return -1, "timeout"


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _binary() -> str:
    beside = Path(sys.executable).parent / "docker-compose"
    return str(beside) if beside.is_file() else shutil.which("docker-compose") or "docker-compose"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
