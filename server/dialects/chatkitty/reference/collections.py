"""The collections that are answered: pages by number and by cursor, and whole lists."""

from server.dialects.chatkitty.message_models import (
    ChannelResource,
    MessageReadReceiptResource,
    MessageReadReceiptSummaryResource,
    MessageResource,
    NotificationResource,
)
from server.dialects.chatkitty.models import (
    ChannelInviteResource,
    ChannelMembershipResource,
    ChatSessionResource,
    ChatUserResource,
    ChatUserSessionResource,
    cursor_paged,
    paged,
    whole,
)
from server.dialects.chatkitty.other_models import (
    ApplicationJobResource,
    ChatFunctionInvocationResource,
    ChatFunctionResource,
    ChatFunctionVersionResource,
    OrganizationSummaryResource,
    TokenResource,
)

CHANNELS = paged("channels", ChannelResource, "ChannelResource")
CHAT_SESSIONS = paged("sessions", ChatSessionResource, "ChatSessionResource")
FUNCTIONS = paged("functions", ChatFunctionResource, "ChatFunctionResource")
INVITES = paged("invites", ChannelInviteResource, "ChannelInviteResource")
INVOCATIONS = paged("invocations", ChatFunctionInvocationResource, "ChatFunctionInvocationResource")
JOBS = paged("jobs", ApplicationJobResource, "ApplicationJobResource")
MEMBERSHIPS = paged("memberships", ChannelMembershipResource, "ChannelMembershipResource")
MESSAGES = cursor_paged("messages", MessageResource, "MessageResource")
NOTIFICATIONS = cursor_paged("notifications", NotificationResource, "NotificationResource")
ORGANIZATIONS = paged("organizations", OrganizationSummaryResource, "OrganizationResource")
RECEIPTS = paged("receipts", MessageReadReceiptResource, "MessageReadReceiptResource")
REPORTED_MESSAGES = paged("messages", MessageResource, "MessageResource")
SUMMARIES = paged(
    "summaries", MessageReadReceiptSummaryResource, "MessageReadReceiptSummaryResource"
)
TOKENS = whole("tokens", TokenResource, "TokenResource")
USERS = paged("users", ChatUserResource, "ChatUserResource")
USER_SESSIONS = paged("sessions", ChatUserSessionResource, "ChatUserSessionResource")
VERSIONS = paged("versions", ChatFunctionVersionResource, "ChatFunctionVersionResource")
