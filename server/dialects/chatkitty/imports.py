"""Imports: the published tag `Imports`. Files are kept as they come in; jobs read them later."""

from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chat.files import StoredFile
from chat.jobs import JobKind
from server.dialects.chatkitty.authentication import actor_from
from server.dialects.chatkitty.jobs import job_resource
from server.dialects.chatkitty.media import answer
from server.dialects.chatkitty.view import view_of
from server.http import chat_from, path_id
from server.multipart import Part
from server.uploads import read_form


async def import_users(request: Request) -> Response:
    return await _import(request, "USER_IMPORT")


async def import_channels(request: Request) -> Response:
    return await _import(request, "CHANNEL_IMPORT")


async def import_channel_members(request: Request) -> Response:
    return await _import(request, "CHANNEL_MEMBERS_IMPORT", path_id(request))


async def import_messages(request: Request) -> Response:
    return await _import(request, "MESSAGE_IMPORT")


async def _import(request: Request, kind: JobKind, channel_id: int | None = None) -> Response:
    actor = await actor_from(request)
    jobs = chat_from(request).jobs
    await jobs.check_import(actor, channel_id)

    async def keep(part: Part, chunks: AsyncIterator[bytes]) -> StoredFile:
        return await jobs.files.upload(actor, part.filename, part.content_type, chunks)

    async def discard(file: StoredFile) -> None:
        await jobs.files.forget(actor, [file.key])

    upload = await read_form(request, keep, discard, limit=jobs.files.max_bytes)
    view = await view_of(request, actor)
    job = await jobs.start_import(
        actor, kind, upload.file, origin=view.origin, channel_id=channel_id
    )
    return answer(request, job_resource(view, job), status=202)


routes = [
    Route("/imports/users", import_users, methods=["POST"]),
    Route("/imports/channels", import_channels, methods=["POST"]),
    Route("/imports/channels/{id}/members", import_channel_members, methods=["POST"]),
    Route("/imports/messages", import_messages, methods=["POST"]),
]
