"""`./dev token NAME`: logs a demonstration identity in over HTTP and prints its access token alone.

`./dev token NAME@EMPLOYER` gives that of the citizen as agent of the employer (`zheng_tao@100001`)."""

from ops.dev import parts
from ops.dev.failures import CommandFailure
from ops.dev.surroundings import base_url, stores


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        raise CommandFailure("usage: ./dev token NAME (`./dev up` prints the names)")
    login = parts.load("ops.dev.login", wanted="this version cannot log a demonstration identity in")
    with stores():
        print(login.access_token(base_url=base_url(), name=arguments[0]))
    return 0
