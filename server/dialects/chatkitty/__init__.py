"""ChatKitty's Platform API: HAL over HTTP for the back ends of applications.

Rule: one file per published tag; a handler is named as its operation and only decodes, calls the
core and renders.
"""

from starlette.routing import BaseRoute, Mount, Router

from chat.chat import Chat
from server.dialects.chatkitty import (
    analytics,
    application,
    channels,
    functions,
    imports,
    jobs,
    members,
    messages,
    notifications,
    oauth,
    organizations,
    pictures,
    sessions,
    threads,
    tokens,
    user_secrets,
    users,
)
from server.dialects.chatkitty.errors import REFUSALS
from server.http import Facade, complete

TAGS = (
    analytics,
    application,
    channels,
    functions,
    imports,
    jobs,
    members,
    messages,
    notifications,
    organizations,
    pictures,
    sessions,
    threads,
    tokens,
    user_secrets,
    users,
)


def routes(chat: Chat) -> list[BaseRoute]:
    """Everything of this dialect: `/v1`, the same under `/v1/applications/{id}` where the links
    lead, and the token endpoint."""
    operations = complete([route for tag in TAGS for route in tag.routes])
    platform: list[BaseRoute] = [
        *operations,
        *complete([application.root]),
        Mount("/applications/{application_id}", Router(operations, redirect_slashes=False)),
    ]
    return [
        Mount("/v1", Facade(chat, platform, REFUSALS)),
        Mount("/oauth", Facade(chat, complete(oauth.routes), oauth.refusals)),
    ]
