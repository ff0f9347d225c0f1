"""Uploads: what a new file is put to.

Rule: who uploaded it does so within `Files.used`, which deletes it when its use is refused.
"""

import msgspec

from chat.actors import Actor
from chat.broker import Broker
from chat.errors import Forbidden, Invalid
from chat.events import UserChanged
from chat.files import StoredFile, hosted_keys
from chat.messages import Draft, File, Sent, check_file
from chat.operations.files import Files
from chat.operations.messages import Messages
from chat.store import Store
from chat.users import User


class Uploads:
    def __init__(self, store: Store, broker: Broker, files: Files, messages: Messages) -> None:
        self._store = store
        self._broker = broker
        self._files = files
        self._messages = messages

    async def send(
        self,
        actor: Actor,
        channel_id: int,
        draft: Draft,
        file: StoredFile,
        *,
        on_behalf_of: User | None = None,
    ) -> Sent:
        """Send a message with a file that was uploaded for it. A draft that was stored before
        keeps the file of the first time."""
        draft = msgspec.structs.replace(draft, files=[file.file])
        sent = await self._messages.send(actor, channel_id, draft, on_behalf_of=on_behalf_of)
        if file.key not in hosted_keys(sent.message.files):
            await self._files.forget(actor, [file.key])
        return sent

    async def set_picture(self, actor: Actor, user_id: int, file: StoredFile) -> User:
        """Make an uploaded image a user's picture; the one uploaded before is deleted."""
        if not file.is_image:
            raise Invalid("A display picture must be an image.")
        return await self._set(actor, user_id, file.file)

    async def set_external_picture(self, actor: Actor, user_id: int, file: File) -> User:
        """Make an image that is elsewhere a user's picture."""
        return await self._set(actor, user_id, msgspec.structs.replace(file, key=None))

    async def _set(self, actor: Actor, user_id: int, file: File) -> User:
        if actor.user is not None and actor.user.id != user_id:
            raise Forbidden
        check_file(file)
        replaced = await self._store.files.set_picture(
            actor.application_id, user_id, file.url, file.key
        )
        if replaced is not None:
            await self._files.forget(actor, [replaced])
        self._broker.publish(UserChanged(user_id))
        return await self._store.users.get(actor.application_id, user_id)
