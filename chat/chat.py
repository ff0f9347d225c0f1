"""Chat: every operation, grouped by noun; the one object that facades hold."""

from chat.broker import Broker
from chat.files import MAX_FILE_BYTES, FileStore, NoFiles
from chat.operations.applications import Applications
from chat.operations.channels import Channels
from chat.operations.files import Files
from chat.operations.functions import Functions
from chat.operations.imports import Imports
from chat.operations.jobs import Jobs
from chat.operations.members import Members
from chat.operations.messages import Messages
from chat.operations.notifications import Mentions, Notifications
from chat.operations.organizations import Organizations
from chat.operations.presence import Presence
from chat.operations.previews import Previews
from chat.operations.reports import Reports
from chat.operations.unread import Unread
from chat.operations.uploads import Uploads
from chat.operations.user_secrets import UserSecrets
from chat.operations.users import Users
from chat.store import Store
from chat.user_secrets import Vault


class Chat:
    """The core over a store, a broker and a file store. Operations take the actor first; they
    raise ChatError. Without a vault there are no secrets; `link_previews` says that somebody
    fetches them."""

    def __init__(
        self,
        store: Store,
        broker: Broker,
        files: FileStore | None = None,
        *,
        max_file_bytes: int = MAX_FILE_BYTES,
        vault: Vault | None = None,
        link_previews: bool = False,
    ) -> None:
        self.files = Files(store, files or NoFiles(), max_file_bytes)
        self.applications = Applications(store)
        self.users = Users(store, broker)
        self.channels = Channels(store, broker)
        self.members = Members(store, broker)
        self.messages = Messages(store, broker, self.files)
        self.uploads = Uploads(store, broker, self.files, self.messages)
        self.presence = Presence(store, broker)
        self.organizations = Organizations(store, broker)
        self.mentions = Mentions(store)
        self.notifications = Notifications(store)
        self.previews = Previews(store, enabled=link_previews)
        self.reports = Reports(store)
        self.secrets = UserSecrets(store, vault)
        self.unread = Unread(store)
        self.functions = Functions(store)
        self.jobs = Jobs(store, files or NoFiles())
        self.imports = Imports(store, broker)
