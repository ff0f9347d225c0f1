"""Chat: every operation, grouped by noun; the one object that facades hold."""

from chat.broker import Broker
from chat.operations.applications import Applications
from chat.operations.channels import Channels
from chat.operations.members import Members
from chat.operations.messages import Messages
from chat.operations.organizations import Organizations
from chat.operations.presence import Presence
from chat.operations.users import Users
from chat.store import Store


class Chat:
    """The core over a store and a broker. Operations take the actor first; they raise ChatError."""

    def __init__(self, store: Store, broker: Broker) -> None:
        self.applications = Applications(store)
        self.users = Users(store, broker)
        self.channels = Channels(store, broker)
        self.members = Members(store, broker)
        self.messages = Messages(store, broker)
        self.presence = Presence(store, broker)
        self.organizations = Organizations(store, broker)
