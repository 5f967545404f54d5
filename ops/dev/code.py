"""`./dev code LOGIN`: the one-time code of a demonstration member of staff, as an authenticator would show it."""

from ops.dev import parts
from ops.dev.failures import CommandFailure
from ops.dev.surroundings import stores


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        raise CommandFailure("usage: ./dev code LOGIN (`./dev up` prints the logins)")
    login = parts.load("ops.dev.login", wanted="this version has no one-time codes")
    with stores():
        print(login.one_time_code(login=arguments[0]))
    return 0
