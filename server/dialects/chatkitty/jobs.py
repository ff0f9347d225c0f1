"""Jobs: the published tag `Jobs`, and the files that jobs make, as JSON lines and as CSV: the rows
of an export, or what an import did not store and why.

Rule: the address of a file holds its key, so that whoever has the address may fetch it.
"""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import cast

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Send

from chat.jobs import Job
from server.dialects.chatkitty.authentication import actor_from
from server.dialects.chatkitty.export_rows import as_csv, columns_of
from server.dialects.chatkitty.hal import page_resource
from server.dialects.chatkitty.media import answer
from server.dialects.chatkitty.queries import page_request, query_choice
from server.dialects.chatkitty.resources import Resource, instant, links
from server.dialects.chatkitty.view import View, view_of
from server.http import chat_from, path_id, query_text

JSON_LINES = "application/x-ndjson"
CSV = "text/csv; charset=utf-8"


async def list_jobs(request: Request) -> Response:
    """`running` jobs are those that have not ended, waiting ones included."""
    actor = await actor_from(request)
    running = query_choice(request, "running", ("true", "false"))
    is_open = None if running is None else running == "true"
    page = await chat_from(request).jobs.page(actor, page_request(request), is_open=is_open)
    view = await view_of(request, actor)
    jobs = [job_resource(view, job) for job in page.items]
    return answer(request, page_resource(request, view, "jobs", jobs, page))


async def retrieve_job(request: Request) -> Response:
    actor = await actor_from(request)
    job = await chat_from(request).jobs.get(actor, path_id(request))
    return answer(request, job_resource(await view_of(request, actor), job))


async def retrieve_job_file(request: Request) -> Response:
    job = await _made(request)
    lines = await chat_from(request).jobs.read_result(job)
    return _Download(lines, media_type=JSON_LINES, headers=_headers(job, "jsonl"))


async def retrieve_job_csv(request: Request) -> Response:
    job = await _made(request)
    lines = await chat_from(request).jobs.read_result(job)
    return _Download(as_csv(lines, columns_of(job)), media_type=CSV, headers=_headers(job, "csv"))


async def _made(request: Request) -> Job:
    """The job whose file is asked for, by who knows the key, or by the application."""
    jobs = chat_from(request).jobs
    key = query_text(request, "key")
    if key is not None:
        return await jobs.get_by_result(path_id(request), key)
    return await jobs.get(await actor_from(request), path_id(request))


def _headers(job: Job, extension: str) -> dict[str, str]:
    name = f"{job.kind.lower().replace('_', '-')}-{job.id}.{extension}"
    return {
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }


class _Download(StreamingResponse):
    """A stream that lets go of its file when the client goes away in the middle."""

    async def stream_response(self, send: Send) -> None:
        async with aclosing(cast("AsyncIterator[bytes]", self.body_iterator)):  # type: ignore[type-var]
            await super().stream_response(send)


def job_resource(view: View, job: Job) -> Resource:
    path = f"/jobs/{job.id}"
    resource: Resource = {
        "id": job.id,
        "type": job.kind,
        "state": job.state,
        "createdTime": instant(job.created),
        "progress": {
            "rowsRead": job.progress.read,
            "rowsStored": job.progress.stored,
            "rowsRefused": job.progress.refused,
        },
    }
    if job.ended is not None:
        resource["endedTime"] = instant(job.ended)
    if job.failure is not None:
        resource["failure"] = job.failure
    if job.result is None:
        return resource | links(view, self=path)
    file, csv = (f"{path}/{form}?key={job.result}" for form in ("file", "csv"))
    return resource | {"file": view.href(file)} | links(view, self=path, file=file, csv=csv)


routes = [
    Route("/jobs", list_jobs),
    Route("/jobs/{id}", retrieve_job),
    Route("/jobs/{id}/file", retrieve_job_file),
    Route("/jobs/{id}/csv", retrieve_job_csv),
]
