"""`./dev walk NAME`: calls `ops.dev.walks.<name>.play(base_url)`: a story over public HTTP."""

from ops.dev import parts
from ops.dev.failures import CommandFailure
from ops.dev.surroundings import base_url, stores


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        raise CommandFailure("usage: ./dev walk NAME (for example rent-withdrawal)")
    story = parts.named("ops.dev.walks", arguments[0], kind="walk")
    with stores():
        return int(story.play(base_url()) or 0)
