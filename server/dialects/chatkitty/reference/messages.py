"""What is said of the published tags `Messages` and `Threads`."""

from server.dialects.chatkitty.message_models import MessageResource, ReplyThreadResource
from server.dialects.chatkitty.models import ApplicationResource, ReplyThreadKeystrokesResource
from server.dialects.chatkitty.reference import collections as lists
from server.dialects.chatkitty.reference.parameters import (
    CURSOR,
    IDEMPOTENCY_KEY,
    MESSAGE_FORM,
    PAGE,
    TEXT_SEARCH,
    USERNAME,
)
from server.dialects.chatkitty.requests import (
    AnyCreateMessageResource,
    CreateDelegatedReplyThreadKeystrokesResource,
    MessagePropertiesPatch,
)
from server.openapi import Operation

OPERATIONS = {
    "listMessages": Operation(
        tag="Messages",
        summary="List the messages of all channels, newest first",
        answers=lists.MESSAGES,
        query=(*CURSOR, USERNAME, TEXT_SEARCH),
    ),
    "deleteMessages": Operation(
        tag="Messages",
        summary="Delete all messages",
        answers=ApplicationResource,
    ),
    "retrieveMessage": Operation(
        tag="Messages",
        summary="Retrieve a message",
        answers=MessageResource,
    ),
    "deleteMessage": Operation(
        tag="Messages",
        summary="Delete a message",
        description="Answers the thread that the message was in.",
        answers=ReplyThreadResource,
    ),
    "updateMessage": Operation(
        tag="Messages",
        summary="Change a message by a merge patch",
        answers=MessageResource,
        body=MessagePropertiesPatch,
    ),
    "listMessageReadReceipts": Operation(
        tag="Messages",
        summary="List who has read a message, and when",
        answers=lists.RECEIPTS,
        query=PAGE,
    ),
    "retrieveThread": Operation(
        tag="Threads",
        summary="Retrieve a thread",
        answers=ReplyThreadResource,
    ),
    "sendThreadKeystrokes": Operation(
        tag="Threads",
        summary="Show what a user is typing in a thread",
        answers=ReplyThreadKeystrokesResource,
        body=CreateDelegatedReplyThreadKeystrokesResource,
    ),
    "listThreadMessages": Operation(
        tag="Threads",
        summary="List the messages of a thread, newest first",
        answers=lists.MESSAGES,
        query=CURSOR,
    ),
    "sendThreadMessage": Operation(
        tag="Threads",
        summary="Send a message to a thread",
        answers=MessageResource,
        body=AnyCreateMessageResource,
        form=MESSAGE_FORM,
        headers=(IDEMPOTENCY_KEY,),
    ),
}
