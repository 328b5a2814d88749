"""The server as an ASGI app: recordings are posted, JSON comes back; health, metrics, and a page to try it on."""

from __future__ import annotations

import asyncio
import json
import logging
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from msftk import __version__
from msftk.errors import AbsentError, BackEndError, InputError, MsftkError
from msftk.extras import from_extra
from msftk.pages.filled import filled
from msftk.serve.answers import Answers, Job
from msftk.serve.batches import Batcher
from msftk.serve.door import Door
from msftk.serve.limits import Limits
from msftk.serve.metrics import CONTENT_TYPE, Metrics
from msftk.serve.uploads import DECODED_BYTES, LONGEST_NAME, MULTIPART, Upload, examined, received

with from_extra("serve", "msftk serve"):
    from fastapi import FastAPI, HTTPException, Query, Request, Response
    from fastapi.responses import HTMLResponse, JSONResponse

_logger = logging.getLogger(__name__)
WORK = ("/predict", "/explain")
OPEN = ("/", "/health", "/openapi.json")
ALLOWED = (  # to the page: nothing of elsewhere
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; media-src blob:; "
    "frame-ancestors 'self'"
)

Name = Annotated[str | None, Query(max_length=LONGEST_NAME, description="id of the recording in the answer")]
Transcript = Annotated[str | None, Query(max_length=10_000, description="what was said, where no form tells it")]
Window = Annotated[float | None, Query(gt=0, description="seconds: also V/A/D over time, a window each so many")]
Start = Annotated[float | None, Query(ge=0, description="seconds: where the part begins that is explained")]
End = Annotated[float | None, Query(gt=0, description="seconds: where it ends")]
Hop = Annotated[float | None, Query(gt=0, description="seconds: a window each so many (default: window)")]
BODY = {
    "requestBody": {
        "required": True,
        "description": "An audio file as it is, or a form with the file `audio` and what is known beside it.",
        "content": {
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            MULTIPART: {
                "schema": {
                    "type": "object",
                    "required": ["audio"],
                    "properties": {
                        "audio": {"type": "string", "format": "binary"},
                        "transcript": {"type": "string"},
                        "alignment": {"type": "string", "format": "binary", "description": "e.g. a TextGrid"},
                    },
                }
            },
        },
    }
}


class Trouble(BaseModel):
    """Why a request was not answered."""

    detail: str | list[Any]


class Said(BaseModel):
    """What `msftk predict --json` prints."""

    predictions: list[dict[str, Any]]
    scale: list[float] = Field(min_length=2, max_length=2, description="its low and its high end")
    clipped: bool
    warning: str | None
    absent: dict[str, dict[str, int]]
    notes: list[str]
    failures: dict[str, str]


class Health(BaseModel):
    status: Literal["ok"] = "ok"
    version: str = Field(default=__version__, description="of msftk")


TROUBLES: dict[int | str, dict[str, Any]] = {
    400: {"model": Trouble, "description": "a form that cannot be read, or another host's name"},
    401: {"model": Trouble, "description": "no valid token"},
    408: {"model": Trouble, "description": "the body did not come in time"},
    413: {"model": Trouble, "description": "a body that is too large"},
    422: {"model": Trouble, "description": "no audio, too long, or a parameter out of its range"},
    500: {"model": Trouble, "description": "not foreseen"},
    503: {"model": Trouble, "description": "too many requests, or a server that the run asks is not there"},
    504: {"model": Trouble, "description": "no answer in time"},
}


def make_app(answers: Answers, limits: Limits | None = None, token: str | None = None) -> FastAPI:
    """The app for one loaded run. Raises PackageMissingError (at import) where the extra [serve] is not installed.

    `token`: what requests must bring as Authorization: Bearer; None: none, and only the names of this machine's
    loopback are answered (see `Door`).
    """
    limits, metrics = limits or Limits(), Metrics()
    lanes: dict[str, Batcher[Job]] = {  # an explanation takes seconds: no prediction waits behind it
        "predict": Batcher(
            answers,
            most=limits.batch,
            heaviest=DECODED_BYTES,
            gather_s=limits.gather_ms / 1000,
            coming=lambda: metrics.under_way_at("/predict"),
            told=metrics.batch,
        ),
        "explain": Batcher(answers),
    }
    scratch = tempfile.TemporaryDirectory(prefix="msftk-serve-")

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        for lane in lanes.values():
            await asyncio.to_thread(lane.close)
        scratch.cleanup()

    app = FastAPI(
        title="msftk",
        version=__version__,
        description="Valence, arousal and dominance of speech.",
        lifespan=lifespan,
        docs_url=None,  # pages that load scripts from elsewhere
        redoc_url=None,
    )
    app.add_middleware(
        Door,
        limits=limits,
        metrics=metrics,
        token=token,
        open_paths=OPEN,
        paths=(*WORK, *OPEN, "/metrics"),
    )

    async def worked(request: Request, job: Any, name: str | None, transcript: str | None) -> Response:
        """The answer to the job that `job` makes of the upload."""
        try:
            async with asyncio.timeout(limits.timeout_s):
                with tempfile.TemporaryDirectory(dir=scratch.name) as folder:
                    audio, called = await _in_time(received(request, Path(folder), name, transcript), limits)
                    upload = await asyncio.to_thread(examined, audio, called, limits.max_s)
                    metrics.heard(upload.seconds)
                    made: Job = job(upload)
                    with _told_of(upload, answers):
                        answer = await asyncio.wrap_future(lanes[made.what].submit(made, made.kind, upload.n_bytes))
        except TimeoutError:
            raise HTTPException(504, f"no answer within {limits.timeout_s:g} s. Send less, or come again.") from None
        text = json.dumps(answer, ensure_ascii=False, allow_nan=False)
        return Response(text.encode(errors="backslashreplace"), media_type="application/json")

    @app.post("/predict", response_model=Said, responses=TROUBLES, openapi_extra=BODY)
    async def predict(
        request: Request, name: Name = None, transcript: Transcript = None, window: Window = None, hop: Hop = None
    ) -> Response:
        """Valence, arousal and dominance of a recording: the JSON of `msftk predict --json`."""
        return await worked(request, lambda upload: Job(upload, "predict", window, hop), name, transcript)

    @app.post("/explain", response_model=dict[str, Any], responses=TROUBLES, openapi_extra=BODY)
    async def explain(
        request: Request, name: Name = None, transcript: Transcript = None, start: Start = None, end: End = None
    ) -> Response:
        """Why it is predicted so: the JSON of `msftk explain --json`."""
        return await worked(request, lambda upload: Job(upload, "explain", part_s=(start, end)), name, transcript)

    about = {"heard_s": answers.run.ensemble.seconds_kept, "token": token is not None}
    page = filled("serve.html", about=about)

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def page_to_try() -> Response:
        return HTMLResponse(page, headers={"Content-Security-Policy": ALLOWED})

    @app.get("/health")
    async def health() -> Health:
        """Answers as long as the server does."""
        return Health()

    @app.get("/metrics", response_class=Response, responses={401: TROUBLES[401], 200: {"content": {"text/plain": {}}}})
    async def metrics_text() -> Response:
        """Requests, times, batches and sound, as Prometheus reads them."""
        return Response(metrics.text(), headers={"content-type": CONTENT_TYPE})

    for kind, status in ((BackEndError, 503), (AbsentError, 422), (InputError, 422), (MsftkError, 500)):
        app.add_exception_handler(kind, _handler(status))
    return app


async def _in_time(coming: Any, limits: Limits) -> tuple[Path, str]:
    """What comes in, or 408 where half of the time has gone by."""
    try:
        async with asyncio.timeout(limits.timeout_s / 2):
            found: tuple[Path, str] = await coming
            return found
    except TimeoutError:
        raise HTTPException(408, f"the body did not come within {limits.timeout_s / 2:g} s. Send it again.") from None


@contextmanager
def _told_of(upload: Upload, answers: Answers) -> Iterator[None]:
    """Errors name what the sender named, and no path of this machine; what was not foreseen stands in the log alone."""
    try:
        yield
    except MsftkError as error:
        raise type(error)(answers.without_places(upload.named(str(error)))) from error
    except Exception as error:
        _logger.exception("not foreseen")
        raise MsftkError(f"{type(error).__name__}, not foreseen: it stands in the server's log.") from error


def _handler(status: int) -> Any:
    async def told(request: Request, error: Exception) -> Response:
        message = str(error).replace("--", "")  # what a command calls --window is here called window
        return JSONResponse({"detail": message}, status)

    return told
