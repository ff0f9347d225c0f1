"""What is said of the published tag `Channels`."""

from server.dialects.chatkitty.message_models import ChannelResource, MessageResource
from server.dialects.chatkitty.models import (
    ApplicationResource,
    ChannelGenericEventResource,
    ChannelInviteResource,
    ChatUserResource,
    ReplyThreadKeystrokesResource,
)
from server.dialects.chatkitty.reference import collections as lists
from server.dialects.chatkitty.reference.parameters import (
    CHANNEL_FILTERS,
    CURSOR,
    IDEMPOTENCY_KEY,
    MESSAGE_FORM,
    PAGE,
    TEXT_SEARCH,
    USERNAME,
)
from server.dialects.chatkitty.requests import (
    AnyCreateChannelResource,
    AnyCreateMessageResource,
    ChannelPropertiesPatch,
    ChatUserReference,
    CreateChannelGenericEventResource,
    CreateDelegatedReplyThreadKeystrokesResource,
    UserBody,
)
from server.openapi import Operation

TAG = "Channels"
OPERATIONS = {
    "listChannels": Operation(
        tag=TAG,
        summary="List channels",
        answers=lists.CHANNELS,
        query=(*PAGE, *CHANNEL_FILTERS),
    ),
    "createChannel": Operation(
        tag=TAG,
        summary="Create a channel",
        description="Answers the equal channel that exists: the same members of a direct channel, "
        "or the same name.",
        answers=ChannelResource,
        body=AnyCreateChannelResource,
    ),
    "retrieveChannel": Operation(
        tag=TAG,
        summary="Retrieve a channel",
        answers=ChannelResource,
    ),
    "deleteChannel": Operation(
        tag=TAG,
        summary="Delete a channel with its messages",
        answers=ApplicationResource,
    ),
    "updateChannel": Operation(
        tag=TAG,
        summary="Change a channel by a merge patch",
        answers=ChannelResource,
        body=ChannelPropertiesPatch,
    ),
    "sendChannelEvent": Operation(
        tag=TAG,
        summary="Tell the members of a channel of an event of your own",
        answers=ChannelGenericEventResource,
        body=CreateChannelGenericEventResource,
    ),
    "listChannelInvites": Operation(
        tag=TAG,
        summary="List the open invites to a channel",
        answers=lists.INVITES,
        query=PAGE,
    ),
    "sendChannelInvite": Operation(
        tag=TAG,
        summary="Invite a user to a channel",
        answers=ChannelInviteResource,
        body=UserBody,
    ),
    "sendChannelKeystrokes": Operation(
        tag=TAG,
        summary="Show what a user is typing in a channel",
        answers=ReplyThreadKeystrokesResource,
        body=CreateDelegatedReplyThreadKeystrokesResource,
    ),
    "listChannelMembers": Operation(
        tag=TAG,
        summary="List the members of a channel",
        answers=lists.USERS,
        query=PAGE,
    ),
    "addChannelMember": Operation(
        tag=TAG,
        summary="Add a user to a channel",
        answers=ChannelResource,
        body=ChatUserReference,
    ),
    "removeChannelMember": Operation(
        tag=TAG,
        summary="Remove a user from a channel",
        answers=ChannelResource,
    ),
    "listChannelMemberships": Operation(
        tag=TAG,
        summary="List the memberships of a channel",
        answers=lists.MEMBERSHIPS,
        query=PAGE,
    ),
    "listChannelMessages": Operation(
        tag=TAG,
        summary="List the messages of a channel, newest first",
        answers=lists.MESSAGES,
        query=(*CURSOR, USERNAME, TEXT_SEARCH),
    ),
    "sendChannelMessage": Operation(
        tag=TAG,
        summary="Send a message to a channel",
        description="As the system, or on behalf of the user that the body names.",
        answers=MessageResource,
        body=AnyCreateMessageResource,
        form=MESSAGE_FORM,
        headers=(IDEMPOTENCY_KEY,),
    ),
    "listChannelReportedMessages": Operation(
        tag=TAG,
        summary="List the messages of a channel that users reported",
        answers=lists.REPORTED_MESSAGES,
        query=PAGE,
    ),
    "listChannelModerators": Operation(
        tag=TAG,
        summary="List the moderators of a channel",
        answers=lists.USERS,
        query=PAGE,
    ),
    "addChannelModerator": Operation(
        tag=TAG,
        summary="Make a user a moderator of a channel",
        answers=ChatUserResource,
        body=ChatUserReference,
    ),
    "removeChannelModerator": Operation(
        tag=TAG,
        summary="Make a moderator of a channel a plain member",
        answers=ChannelResource,
    ),
    "listChannelParticipants": Operation(
        tag=TAG,
        summary="List the users who have a channel open",
        answers=lists.USERS,
        query=PAGE,
    ),
}
