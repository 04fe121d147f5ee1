"""The variables that the files of a project see: environment files below what the caller gives.

Source: compose-go cli/options.go (WithEnvFiles, WithDotEnv), dotenv/env.go.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping

from composeharden.compose import dotenv
from composeharden.compose.files import Fault, Files, LoadError, Reader


def project_variables(
    files: Files, read: Reader, given: Mapping[str, str] | None = None
) -> tuple[Mapping[str, str], list[str]]:
    """The variables of a project's environment files, below those that are `given`.

    Returns the variables, and notes on a `.env` that nobody named and that cannot be used.

    Raises:
        LoadError: a file that was named cannot be used.
    """
    given = given or {}
    if files.env_files is None:
        found, notes = _default(posixpath.join(_directory(files), ".env"), read, given)
    else:
        found, notes = _named(files.env_files, read, given), []
    return {**found, **given}, notes


def _default(path: str, read: Reader, given: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    try:
        return dotenv.parse(read(path).decode("utf-8"), given), []
    except (FileNotFoundError, IsADirectoryError):
        return {}, []
    except OSError as error:
        return {}, [f".env is not used: {error.strerror or 'it cannot be read'}"]
    except UnicodeDecodeError:
        return {}, [".env is not used: it is not UTF-8"]
    except dotenv.DotenvError as error:
        return {}, [f".env is not used: {error}"]


def _named(paths: tuple[str, ...], read: Reader, given: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in paths:
        try:
            found.update(dotenv.parse(read(path).decode("utf-8"), {**found, **given}))
        except UnicodeDecodeError as error:
            raise LoadError(Fault("the environment file is not UTF-8", path, _line(error))) from None
        except OSError as error:
            message = f"the environment file cannot be read: {error.strerror or error}"
            raise LoadError(Fault(message, path)) from None
        except dotenv.DotenvError as error:
            raise LoadError(Fault(f"the environment file cannot be used: {error.reason}", path, error.line)) from None
    return found


def _line(error: UnicodeDecodeError) -> int:
    return error.object[: error.start].count(b"\n") + 1


def normal_name(name: str) -> str:
    """A name as Compose takes it: loader/loader.go, NormalizeProjectName."""
    return "".join(re.findall(r"[a-z0-9_-]", name.lower())).lstrip("_-")


def _directory(files: Files) -> str:
    return posixpath.dirname(files.paths[0]) if files.directory is None else files.directory
