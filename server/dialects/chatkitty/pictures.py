"""Display pictures of users: those they are given, and the one drawn for who has none."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chat.errors import NotFound
from server.dialects.chatkitty.authentication import actor_from
from server.dialects.chatkitty.media import answer
from server.dialects.chatkitty.requests import CreateExternalFileProperties, decode, file_of
from server.dialects.chatkitty.resources import user_resource
from server.dialects.chatkitty.view import view_of
from server.http import chat_from, path_id
from server.initials import draw
from server.multipart import is_form
from server.uploads import received

HEADERS = {
    "Cache-Control": "public, max-age=604800",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "X-Content-Type-Options": "nosniff",
}


async def update_user_display_picture(request: Request) -> Response:
    """Take an image from a form, or the address of one."""
    actor = await actor_from(request)
    chat = chat_from(request)
    user = await chat.users.get(actor, path_id(request))
    if is_form(request):
        async with received(request, actor) as upload:
            user = await chat.uploads.set_picture(actor, user.id, upload.file)
    else:
        file = file_of(await decode(request, CreateExternalFileProperties))
        user = await chat.uploads.set_external_picture(actor, user.id, file)
    return answer(request, user_resource(await view_of(request, actor), user))


async def draw_picture(request: Request) -> Response:
    """For anybody, since images are fetched without a token."""
    name = request.path_params["name"].replace("+", " ")  # as forms spell a space
    if not name:
        raise NotFound
    return Response(draw(name), media_type="image/svg+xml", headers=HEADERS)


routes = [
    Route("/users/{id}/display-picture", update_user_display_picture, methods=["POST"]),
    Route("/picture/{name:path}", draw_picture),
]
