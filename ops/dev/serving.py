"""The long-running processes of `./dev up`: their commands, their order, and when they count as ready."""

import sys
import time
import urllib.error
import urllib.request
from typing import NoReturn

from ops.dev.failures import CommandFailure
from ops.dev.supervisor import Child, Supervisor
from ops.dev.surroundings import LOGS, Running

READY_SECONDS = 90.0
READY_PATH = "/readyz"


def children(*, web_port: int, web_workers: int, simulators_port: int) -> list[Child]:
    """In the order in which they stop: first nobody asks, then nobody works, then nobody answers."""
    python = sys.executable
    web = [python, "-m", "granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", str(web_port)]
    web += ["--workers", str(web_workers), "--loop", "uvloop", "--workers-kill-timeout", "10", "ops.asgi:app"]
    return [
        Child(name="web", command=web, log=LOGS / "web.log"),
        Child(name="worker", command=[python, "-m", "ops.worker"], log=LOGS / "worker.log"),
        Child(
            name="simulators",
            command=[python, "-m", "ops.simulators", "--port", str(simulators_port)],
            log=LOGS / "simulators.log",
        ),
    ]


def addresses(*, state: Running) -> dict[str, str]:
    """Where the processes find each other; the environment of the caller goes before it."""
    simulators = state.simulators_url
    return {
        "HPF_PUBLIC_URL": state.web_url,
        "HPF_SIMULATORS_URL": simulators,
        "HPF_IDENTITY_ISSUER": f"{simulators}/identity",
        "HPF_CORPORATE_URL": f"{simulators}/corporate",
        "HPF_FACE_URL": simulators,
        "HPF_WECHAT_URL": simulators,
        "HPF_ALIPAY_URL": simulators,
        "HPF_BAIDU_URL": simulators,
        "HPF_REGISTRIES_URL": f"{simulators}/registries",
        "HPF_BANK_URL": f"{simulators}",
        "HPF_SMS_URL": f"{simulators}",
        # the China Mobile of the demonstration is reached by CMPP, beside the simulators' own port
        "HPF_SMS_CARRIERS": "mobile=cmpp,cloud_mas=cloud_mas,agent=agent",
        "HPF_SMS_CMPP_PORT": str(int(simulators.rpartition(":")[2]) + 790),
        "HPF_SMS_MAS_URL": f"{simulators}/mas",
        "HPF_EVALUATION_URL": f"{simulators}",
        "HPF_EWINDOW_URL": simulators,
        "HPF_EWINDOW_ORIGIN": simulators,
        "HPF_SOCIAL_SECURITY_URL": simulators,
        "HPF_GRAPHQL_IDE": "true",
    }


def start_all(*, supervisor: Supervisor, state: Running) -> None:
    """Simulators first: web and worker may ask them. Raises CommandFailure when not ready in time."""
    for name in ("simulators", "web", "worker"):
        supervisor.start(name=name)
    deadline = time.monotonic() + READY_SECONDS
    waiting = [state.simulators_url + "/", state.web_url + READY_PATH]
    while waiting:
        supervisor.tend()
        if _answers(waiting[0]):
            waiting.pop(0)
        elif time.monotonic() > deadline:
            raise CommandFailure(f"{waiting[0]} does not answer; look into the logs below {LOGS}")
        else:
            time.sleep(0.05)


def tend(*, supervisor: Supervisor) -> NoReturn:
    while True:
        supervisor.tend()
        time.sleep(0.2)


def _answers(url: str) -> bool:
    try:
        # loopback: a proxy of the caller's environment has no part in it
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=2).close()
    except urllib.error.HTTPError as answer:
        return answer.code < 500
    except OSError:
        return False
    return True
