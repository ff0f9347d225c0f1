"""Which scopes each operation needs: the one table, checked in `authentication.py`.

Rule: a handler bears the name of its operation, and what is not in the table needs a token that
was not limited.
"""

from collections.abc import Iterable
from typing import Any

from chat.actors import Actor
from chat.errors import Forbidden

EVERYTHING = "org:1:app"
"""The scope of tokens that were asked for without naming any."""
FAMILIES = ("create", "read", "update", "delete")

SCOPES: dict[str, tuple[str, ...]] = {
    "export_message_analytics": ("read:message",),
    "export_user_analytics": ("read:user",),
    "retrieve_application": ("read:application",),
    "retrieve_application_settings": ("read:application",),
    "update_application_settings": ("update:application",),
    "list_channels": ("read:channel",),
    "create_channel": ("create:channel",),
    "retrieve_channel": ("read:channel",),
    "delete_channel": (
        "read:channel",
        "delete:channel",
    ),
    "update_channel": (
        "read:channel",
        "update:channel",
    ),
    "send_channel_event": (
        "read:channel",
        "create:channel_event",
    ),
    "list_channel_invites": ("read:channel_invite",),
    "send_channel_invite": (
        "read:channel",
        "read:user",
        "create:channel_invite",
    ),
    "send_channel_keystrokes": (
        "read:channel",
        "read:user",
        "create:keystrokes",
    ),
    "list_channel_members": (
        "read:channel",
        "read:channel_membership",
    ),
    "add_channel_member": (
        "read:channel",
        "read:user",
        "create:channel_membership",
    ),
    "remove_channel_member": (
        "read:channel",
        "read:user",
        "delete:channel_membership",
    ),
    "list_channel_memberships": (
        "read:channel",
        "read:channel_membership",
    ),
    "list_channel_messages": (
        "read:channel",
        "read:message",
    ),
    "send_channel_message": (
        "read:channel",
        "read:user",
        "create:message",
    ),
    "list_channel_moderators": (
        "read:channel",
        "read:channel_moderator",
    ),
    "add_channel_moderator": (
        "read:channel",
        "read:user",
        "read:channel_membership",
        "create:channel_moderator",
    ),
    "remove_channel_moderator": (
        "read:channel",
        "read:user",
        "delete:channel_moderator",
    ),
    "list_channel_participants": (
        "read:channel",
        "read:chat_session",
    ),
    "list_chat_sessions": ("read:chat_session",),
    "retrieve_function_version": ("read:function_version",),
    "retrieve_function": ("read:function",),
    "retrieve_function_current_version": (
        "read:function",
        "read:function_version",
    ),
    "list_function_invocations": (
        "read:function",
        "read:function_invocation",
    ),
    "list_function_versions": (
        "read:function",
        "read:function_version",
    ),
    "create_function_version": (
        "read:function",
        "create:function_version",
    ),
    "import_channels": ("create:channel",),
    "import_channel_members": ("create:channel_membership",),
    "import_messages": ("create:message",),
    "import_users": ("create:user",),
    "list_jobs": ("read:job",),
    "retrieve_job": ("read:job",),
    "retrieve_job_file": ("read:job",),
    "retrieve_job_csv": ("read:job",),
    "list_messages": ("read:message",),
    "delete_messages": (
        "read:message",
        "delete:message",
    ),
    "retrieve_message": ("read:message",),
    "delete_message": (
        "read:message",
        "delete:message",
    ),
    "update_message": (
        "read:message",
        "update:message",
    ),
    "list_message_read_receipts": (
        "read:message",
        "read:read_receipt",
    ),
    "retrieve_nodejs_runtime": (
        "read:runtime",
        "update:runtime",
    ),
    "update_nodejs_runtime_dependencies": (
        "read:runtime",
        "update:runtime",
    ),
    "update_nodejs_runtime_environment_variables": (
        "read:runtime",
        "update:runtime",
    ),
    "list_nodejs_runtime_functions": (
        "read:runtime",
        "read:function",
    ),
    "create_nodejs_runtime_function": (
        "read:runtime",
        "read:function",
    ),
    "update_nodejs_runtime_initialization_script": (
        "read:runtime",
        "update:runtime",
    ),
    "retrieve_thread": ("read:thread",),
    "send_thread_keystrokes": (
        "read:thread",
        "read:user",
        "create:keystrokes",
    ),
    "list_thread_messages": (
        "read:thread",
        "read:message",
    ),
    "send_thread_message": (
        "read:thread",
        "read:user",
        "create:message",
    ),
    "list_user_sessions": ("read:user_session",),
    "list_users": ("read:user",),
    "create_user": ("create:user",),
    "check_user_exists": ("read:user",),
    "retrieve_user": ("read:user",),
    "delete_user": (
        "read:user",
        "delete:user",
    ),
    "update_user": (
        "read:user",
        "update:user",
    ),
    "list_user_channels": (
        "read:user",
        "read:channels",
    ),
    "update_user_display_picture": (
        "read:user",
        "update:user",
    ),
    "list_user_messages": (
        "read:user",
        "read:channels",
    ),
    "list_user_notifications": (
        "read:user",
        "read:notifications",
    ),
    "retrieve_user_secret": ("read:user_secret",),
    "set_user_secret": (
        "read:user",
        "update:user_secret",
    ),
    "remove_user_secret": (
        "read:user",
        "delete:user_secret",
    ),
    "retrieve_application_message_read_receipt_summaries": (
        "read:application",
        "read:message",
        "read:read_receipt",
    ),
    "list_channel_reported_messages": (
        "read:channel",
        "read:message",
    ),
    "count_user_unread_messages": (
        "read:user",
        "read:channels",
    ),
}
KNOWN = frozenset(scope for scopes in SCOPES.values() for scope in scopes)
_WILDCARDS = frozenset(f"{family}:*" for family in FAMILIES)


def granted(asked: str) -> str | None:
    """What a token gets of the scopes it was asked for; None when none of them exists. Without any
    it gets everything."""
    wanted = asked.split()
    if not wanted or EVERYTHING in wanted:
        return EVERYTHING
    known = [scope for scope in dict.fromkeys(wanted) if scope in KNOWN or scope in _WILDCARDS]
    return " ".join(known) or None


def check_scopes(actor: Actor, operation: Any) -> None:
    """Raises Forbidden when the token was limited and lacks a scope the operation needs."""
    if not actor.scopes or EVERYTHING in actor.scopes:
        return
    needed = SCOPES.get(getattr(operation, "__name__", ""))
    if needed is None or not all(_has(actor.scopes, scope) for scope in needed):
        raise Forbidden("The token has not the scopes this takes.")


def _has(scopes: Iterable[str], needed: str) -> bool:
    family = needed.partition(":")[0]
    return any(scope in (needed, f"{family}:*") for scope in scopes)
