"""The engine of a cluster: actors of Ray, of which each holds its model, on this machine or on many."""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from functools import cache, cached_property
from importlib import import_module
from itertools import chain, islice
from queue import SimpleQueue
from typing import Any, TypeVar

from pydantic import Field

from msftk import interfaces
from msftk.cores import cores
from msftk.errors import InputError, MsftkError
from msftk.extras import from_extra
from msftk_plugins.engines.streaming import Worker, streamed

Item = TypeVar("Item")
Result = TypeVar("Result")

TRIES = 2  # of an item whose worker died (a lost node, too little memory), the first among them


class Ray(interfaces.Engine):
    """Runs preparation by actors of Ray: on a cluster (`address`), else on a Ray of its own on this machine.

    Every node needs msftk and its plugins in the same versions, and sees audio and store under the same paths. What a
    dead worker was at is given to another one; the store decides what is left, whichever machine made it.
    """

    class Options(interfaces.Options):
        address: str | None = Field(None, description='of a running cluster, e.g. "auto"; default: a Ray of this job')
        workers: int | None = Field(None, ge=1, description="actors for kernels, default one a CPU")
        requests: int = Field(16, ge=1, description="what waits for a server at a time")
        models: int | None = Field(None, ge=1, description="actors that each hold a model, default as GPUs allow, or 1")
        gpus: float | None = Field(None, ge=0, description="GPUs an actor with a model, default 1 where there are any")

    def __init__(self, options: Ray.Options) -> None:
        self.options = options
        ray()

    @cached_property
    def workers(self) -> int:  # type: ignore[override]
        if self.options.workers is None and self.options.address is None:
            return cores()
        return self.options.workers or max(1, int(self._cluster.get("CPU", 1)))

    def map(self, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[tuple[Item, Result | Exception]]:
        """Yields (item, result or exception) as they end. Left early (Ctrl-C), its actors end with what they do.

        Raises InputError where the cluster cannot be reached, or lacks what the options ask for.
        """
        left = iter(items)
        first = list(islice(left, 1))
        if not first:
            return
        wants = getattr(work, "wants", "cpu-kernel")
        actors = self._actors(wants, pickle.dumps(work))
        free = SimpleQueue[Any]()  # each actor as often as it may be asked at a time: what waits would die with it
        for actor in actors * (self.options.requests if wants == "network" else 1):
            free.put(actor)

        def submit(item: Item) -> Future[Any]:
            actor = free.get()
            future: Future[Any] = actor.do.remote(item).future()
            future.add_done_callback(lambda _: free.put(actor))
            return future

        try:
            for item, found in streamed(submit, chain(first, left), free.qsize()):
                yield item, _told(found) if isinstance(found, ray().exceptions.RayError) else found
        finally:
            for actor in actors:
                ray().kill(actor)

    def _actors(self, wants: str, work: bytes) -> list[Any]:
        gpus = self._cluster.get("GPU", 0.0)
        each = min(1.0, gpus) if self.options.gpus is None else self.options.gpus
        match wants:
            case "model":
                n = self.options.models or max(1, int(gpus // each) if each else 1)
                needs: dict[str, Any] = {"num_gpus": each, "num_cpus": 1 if each else self._cores_each(n)}
            case "network":
                n, needs = 1, {"num_cpus": 1, "max_concurrency": self.options.requests}
            case _:
                n, needs = self.workers, {"num_cpus": 1}
        for what, there in (("num_cpus", self._cluster.get("CPU", 0)), ("num_gpus", gpus)):
            if (wanted := n * needs.get(what, 0)) > there:
                raise InputError(
                    f"engine 'ray': {n} actors want {wanted:g} {what[4:].upper()}, the cluster has {there:g}. "
                    "Set engine.workers, engine.models or engine.gpus lower."
                )
        actor = ray().remote(max_restarts=-1, max_task_retries=TRIES - 1, **needs)(Worker)
        return [actor.remote(work) for _ in range(n)]

    def _cores_each(self, models: int) -> int:
        return max(1, int(self._cluster.get("CPU", 1)) // models)

    @cached_property
    def _cluster(self) -> dict[str, float]:
        """What Ray has to give; it is started, or joined, when it is first needed."""
        if not ray().is_initialized():
            ray()._private.worker._worker_logs_enabled = False  # it would print what befalls its workers to stdout
            quiet: dict[str, Any] = {"logging_level": "ERROR", "log_to_driver": False}
            most = max(cores(), self.options.workers or 1, self.options.models or 1)
            own = {"num_cpus": most, "include_dashboard": False} if self.options.address is None else {}
            before = signal.getsignal(signal.SIGTERM)
            try:
                ray().init(address=self.options.address or "local", **own, **quiet)
            except (ConnectionError, ValueError, RuntimeError) as error:
                reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
                raise InputError(
                    f"engine 'ray': no cluster at engine.address={self.options.address} ({reason}). Start one with "
                    "`ray start --head`, or leave engine.address out for a Ray of this job alone."
                ) from error
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGTERM, before)  # Ray's own would end the process without its last words
        return dict(ray().cluster_resources())


@cache
def ray() -> Any:
    """The package. Raises PackageMissingError where it is missing."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody
    with from_extra("ray", "engine 'ray'"):
        return import_module("ray")


def _told(error: Exception) -> MsftkError:
    """In one line what Ray says in many."""
    if isinstance(error, ray().exceptions.RayActorError):
        return MsftkError(f"engine 'ray': its worker died {TRIES} times at this (out of memory, or a node is lost).")
    return MsftkError(f"engine 'ray': {type(error).__name__}: {str(error).strip().splitlines()[-1]}")
