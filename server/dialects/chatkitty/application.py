"""Application: the published tag `Application`, and the address its links lead to."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chat.applications import Application, ApplicationSettings
from server.dialects.chatkitty.authentication import actor_from
from server.dialects.chatkitty.hal import page_resource
from server.dialects.chatkitty.media import answer
from server.dialects.chatkitty.queries import page_request
from server.dialects.chatkitty.requests import ApplicationSettingsProperties, decode
from server.dialects.chatkitty.resources import (
    application_resource,
    channel_properties,
    links,
    user_properties,
)
from server.dialects.chatkitty.view import view_of
from server.http import chat_from


async def retrieve_application(request: Request) -> Response:
    actor = await actor_from(request)
    application = await chat_from(request).applications.get(actor)
    return answer(request, application_resource(await view_of(request, actor), application))


async def retrieve_application_settings(request: Request) -> Response:
    actor = await actor_from(request)
    return _settings(request, await chat_from(request).applications.get(actor))


async def update_application_settings(request: Request) -> Response:
    actor = await actor_from(request)
    body = await decode(request, ApplicationSettingsProperties)
    wanted = ApplicationSettings(
        guest_users=body.guests == "ENABLED", user_channels=body.channels == "ENABLED"
    )
    return _settings(request, await chat_from(request).applications.change_settings(actor, wanted))


def _settings(request: Request, application: Application) -> Response:
    """Flat as in the schema, and under `features` as in the published examples."""
    features = {
        "guestUsers": "ENABLED" if application.guest_users else "DISABLED",
        "userCreatedChannels": "ENABLED" if application.user_channels else "DISABLED",
    }
    return answer(request, {**features, "features": features, "_links": {}})


async def retrieve_application_message_read_receipt_summaries(request: Request) -> Response:
    """How much is unread, per channel and user with anything unread."""
    actor = await actor_from(request)
    page = await chat_from(request).unread.summaries(actor, page_request(request))
    channels = {each.channel.id: each.channel for each in page.items}
    view = await view_of(request, actor, channels=list(channels.values()))
    summaries = [
        {
            "channel": channel_properties(view, each.channel),
            "user": user_properties(view, each.user),
            "count": each.count,
        }
        | links(view, channel=f"/channels/{each.channel.id}", user=f"/users/{each.user.id}")
        for each in page.items
    ]
    return answer(request, page_resource(request, view, "summaries", summaries, page))


routes = [
    Route("/application", retrieve_application),
    Route("/application/settings", retrieve_application_settings),
    Route("/application/settings", update_application_settings, methods=["PUT"]),
    Route(
        "/application/message-read-receipt-summaries",
        retrieve_application_message_read_receipt_summaries,
    ),
]
root = Route("/applications/{application_id}", retrieve_application)
