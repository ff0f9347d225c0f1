"""Who asks: the application itself (its back end), or one of its users."""

import msgspec

from chat.errors import Forbidden
from chat.users import User


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """`user` None is the application: trusted, not a member of anything, sees all of itself.
    `scopes` is what its token was granted, if it was limited; what they mean is the facade's."""

    application_id: int
    user: User | None = None
    token_id: int | None = None
    scopes: frozenset[str] = frozenset()

    @property
    def is_application(self) -> bool:
        return self.user is None

    @property
    def user_id(self) -> int | None:
        return self.user.id if self.user else None

    def require_user(self) -> User:
        if self.user is None:
            raise Forbidden("Only a user can do this.")
        return self.user
