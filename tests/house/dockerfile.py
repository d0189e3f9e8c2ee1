"""Reads a Dockerfile strictly: what it does not know is an error, so that no typo waits for the release."""

import json
import re
import shlex
from dataclasses import dataclass, field

KNOWN = {
    "FROM",
    "COPY",
    "RUN",
    "ENV",
    "WORKDIR",
    "USER",
    "VOLUME",
    "EXPOSE",
    "HEALTHCHECK",
    "CMD",
    "ENTRYPOINT",
}
FROM = re.compile(r"(?P<image>[a-z0-9./_-]+:[\w.-]+)( AS (?P<name>[a-z][a-z0-9-]*))?")
COPY_FLAG = re.compile(r"--(from|chown|chmod)=\S+")
HEALTH_FLAG = re.compile(r"--(interval|timeout|start-period)=\d+[smh]|--retries=\d+")


class BadDockerfile(Exception):
    """The line that cannot be understood, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One instruction, its continued lines joined."""

    word: str
    rest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What stands between one FROM and the next."""

    image: str
    name: str | None
    steps: list[Instruction] = field(default_factory=list)

    def all(self, word: str) -> list[str]:
        """The arguments of every instruction of this kind."""
        return [step.rest for step in self.steps if step.word == word]


def parse(text: str) -> list[Stage]:
    """Stages in order, each instruction checked. Raises BadDockerfile."""
    stages: list[Stage] = []
    for step in _instructions(text):
        if step.word == "FROM":
            found = FROM.fullmatch(step.rest)
            if found is None:
                raise BadDockerfile(f"FROM {step.rest}: image:tag [AS name] expected")
            stages.append(Stage(image=found["image"], name=found["name"]))
        elif not stages:
            raise BadDockerfile(f"{step.word} before the first FROM")
        else:
            _check(step, earlier=[stage.name for stage in stages[:-1]])
            stages[-1].steps.append(step)
    return stages


def _instructions(text: str) -> list[Instruction]:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    if joined.endswith("\\"):
        raise BadDockerfile("the last line is continued")
    steps = []
    for line in joined.splitlines():
        word, _, rest = line.partition(" ")
        if word not in KNOWN or not rest.strip():
            raise BadDockerfile(f"not an instruction: {line}")
        steps.append(Instruction(word=word, rest=rest.strip()))
    return steps


def _check(step: Instruction, *, earlier: list[str | None]) -> None:
    match step.word:
        case "COPY":
            _check_copy(step.rest, earlier)
        case "CMD" | "ENTRYPOINT" | "VOLUME":
            exec_form(step.rest)
        case "HEALTHCHECK":
            flags, command, rest = step.rest.partition("CMD ")
            if not command or not all(HEALTH_FLAG.fullmatch(flag) for flag in flags.split()):
                raise BadDockerfile(f"HEALTHCHECK {step.rest}: flags, then CMD")
            exec_form(rest)
        case "ENV":
            if not all(re.fullmatch(r"[A-Z_]+=.+", pair) for pair in shlex.split(step.rest)):
                raise BadDockerfile(f"ENV {step.rest}: NAME=value expected")
        case "EXPOSE":
            if not step.rest.isdecimal():
                raise BadDockerfile(f"EXPOSE {step.rest}: a port expected")
        case "RUN" | "WORKDIR" | "USER":
            shlex.split(step.rest)


def _check_copy(rest: str, earlier: list[str | None]) -> None:
    words = rest.split()
    flags = [word for word in words if word.startswith("--")]
    if len(words) - len(flags) < 2 or not all(COPY_FLAG.fullmatch(flag) for flag in flags):
        raise BadDockerfile(f"COPY {rest}: sources and a destination expected")
    for flag in flags:
        if flag.startswith("--from=") and flag.removeprefix("--from=") not in earlier:
            raise BadDockerfile(f"COPY {rest}: no earlier stage of that name")


def exec_form(text: str) -> list[str]:
    """A command as a JSON list; the shell form would put a shell between the signal and the service."""
    try:
        words = json.loads(text)
    except ValueError as error:
        raise BadDockerfile(f"not a JSON list: {text}") from error
    if not isinstance(words, list) or not words or not all(isinstance(word, str) for word in words):
        raise BadDockerfile(f"not a list of words: {text}")
    return words
