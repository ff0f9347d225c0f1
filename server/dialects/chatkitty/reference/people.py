"""What is said of the published tags `Users`, `UserSessions` and `ChatSessions`."""

from server.dialects.chatkitty.models import (
    ApplicationResource,
    ChatUserResource,
    CountResource,
)
from server.dialects.chatkitty.reference import collections as lists
from server.dialects.chatkitty.reference.parameters import (
    CURSOR,
    FILE_FORM,
    PAGE,
    PROPERTIES,
    STATE,
    UNREAD,
    text,
)
from server.dialects.chatkitty.requests import (
    ChatUserPropertiesPatch,
    CreateExternalFileProperties,
    CreatePersonChatUserResource,
    SecretResource,
)
from server.openapi import Operation

TAG = "Users"
OPERATIONS = {
    "listUsers": Operation(
        tag=TAG,
        summary="List users",
        answers=lists.USERS,
        query=(*PAGE, text("name", "Only users whose names contain this."), PROPERTIES, UNREAD),
    ),
    "createUser": Operation(
        tag=TAG,
        summary="Create a user",
        answers=ChatUserResource,
        body=CreatePersonChatUserResource,
    ),
    "checkUserExists": Operation(
        tag=TAG,
        summary="Ask whether there is a user of this name",
        description="404 says that there is none.",
        query=(text("name", "The whole name.", required=True),),
    ),
    "retrieveUser": Operation(tag=TAG, summary="Retrieve a user", answers=ChatUserResource),
    "deleteUser": Operation(
        tag=TAG,
        summary="Delete a user",
        answers=ApplicationResource,
    ),
    "updateUser": Operation(
        tag=TAG,
        summary="Change a user by a merge patch",
        answers=ChatUserResource,
        body=ChatUserPropertiesPatch,
    ),
    "listUserChannels": Operation(
        tag=TAG,
        summary="List the channels a user is in",
        answers=lists.CHANNELS,
        query=PAGE,
    ),
    "updateUserDisplayPicture": Operation(
        tag=TAG,
        summary="Set the display picture of a user",
        description="An image that is uploaded, or that is elsewhere.",
        answers=ChatUserResource,
        body=CreateExternalFileProperties,
        form=FILE_FORM,
    ),
    "listUserMessages": Operation(
        tag=TAG,
        summary="List the messages a user sent, newest first",
        description="With unread: those that others sent and he has not read.",
        answers=lists.MESSAGES,
        query=(*CURSOR, UNREAD),
    ),
    "countUserUnreadMessages": Operation(
        tag=TAG,
        summary="Count the messages a user has not read",
        answers=CountResource,
    ),
    "listUserNotifications": Operation(
        tag=TAG,
        summary="List the notifications of a user, newest first",
        answers=lists.NOTIFICATIONS,
        query=CURSOR,
    ),
    "retrieveUserSecret": Operation(
        tag=TAG,
        summary="Retrieve a secret of a user",
        answers=SecretResource,
    ),
    "setUserSecret": Operation(
        tag=TAG,
        summary="Keep a secret of a user",
        answers=ChatUserResource,
        body=SecretResource,
    ),
    "removeUserSecret": Operation(
        tag=TAG,
        summary="Remove a secret of a user",
        answers=ChatUserResource,
    ),
    "listUserSessions": Operation(
        tag="UserSessions",
        summary="List who is and was connected",
        answers=lists.USER_SESSIONS,
        query=(*PAGE, STATE),
    ),
    "listChatSessions": Operation(
        tag="ChatSessions",
        summary="List who has and had which channel open",
        answers=lists.CHAT_SESSIONS,
        query=(*PAGE, STATE),
    ),
}
