"""What is said of the operations that are not part of the published API: drawn
pictures, tokens of users, and organizations."""

from server.dialects.chatkitty.models import ApplicationResource, ChatUserResource
from server.dialects.chatkitty.other_models import (
    NewTokenResource,
    OrganizationEventResource,
    OrganizationResource,
)
from server.dialects.chatkitty.reference import collections as lists
from server.dialects.chatkitty.reference.parameters import PAGE
from server.dialects.chatkitty.requests import (
    CreateOrganizationEventResource,
    CreateOrganizationResource,
    CreateTokenResource,
    OrganizationMemberRole,
    OrganizationPropertiesPatch,
)
from server.openapi import Operation

OPERATIONS = {
    "drawPicture": Operation(
        tag="Users",
        summary="Draw the display picture of who has none",
        content=("image/svg+xml",),
        public=True,
    ),
    "createUserToken": Operation(
        tag="Tokens",
        summary="Give a user a token for the APIs that users call",
        answers=NewTokenResource,
        body=CreateTokenResource,
        body_required=False,
    ),
    "listUserTokens": Operation(
        tag="Tokens",
        summary="List the tokens of a user",
        answers=lists.TOKENS,
    ),
    "deleteUserToken": Operation(
        tag="Tokens",
        summary="Revoke a token of a user",
        answers=ChatUserResource,
    ),
    "createOrganization": Operation(
        tag="Organizations",
        summary="Create an organization and its default room",
        answers=OrganizationResource,
        body=CreateOrganizationResource,
    ),
    "listOrganizations": Operation(
        tag="Organizations",
        summary="List organizations",
        answers=lists.ORGANIZATIONS,
        query=PAGE,
    ),
    "retrieveOrganization": Operation(
        tag="Organizations",
        summary="Retrieve an organization with its members",
        answers=OrganizationResource,
    ),
    "updateOrganization": Operation(
        tag="Organizations",
        summary="Change an organization",
        answers=OrganizationResource,
        body=OrganizationPropertiesPatch,
    ),
    "deleteOrganization": Operation(
        tag="Organizations",
        summary="Delete an organization with its rooms",
        answers=ApplicationResource,
    ),
    "setOrganizationMember": Operation(
        tag="Organizations",
        summary="Take a user in, or change his role",
        answers=OrganizationResource,
        body=OrganizationMemberRole,
    ),
    "removeOrganizationMember": Operation(
        tag="Organizations",
        summary="Take a user out of the organization and its rooms",
        answers=OrganizationResource,
    ),
    "createOrganizationToken": Operation(
        tag="Organizations",
        summary="Give an organization a token for the API that organizations call",
        answers=NewTokenResource,
        body=CreateTokenResource,
        body_required=False,
    ),
    "listOrganizationTokens": Operation(
        tag="Organizations",
        summary="List the tokens of an organization",
        answers=lists.TOKENS,
    ),
    "deleteOrganizationToken": Operation(
        tag="Organizations",
        summary="Revoke a token of an organization",
        answers=OrganizationResource,
    ),
    "openOrganizationEvent": Operation(
        tag="Organizations",
        summary="Open an event, and its room if the organization wants event rooms",
        answers=OrganizationEventResource,
        body=CreateOrganizationEventResource,
    ),
    "closeOrganizationEvent": Operation(
        tag="Organizations",
        summary="Close an event",
        answers=OrganizationEventResource,
    ),
}
