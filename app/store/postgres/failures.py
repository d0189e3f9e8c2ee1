"""What may go wrong with a server of our own. Each message is meant for the person who started it."""


class BinariesNotFound(Exception):
    """There is no PostgreSQL to start, or it is too old; the message says where was looked."""


class ServerFailed(Exception):
    """The server did not come up; the message holds what it said."""


class InitFailed(ServerFailed):
    """The cluster could not be made; the message holds what the programs said."""


class DataFolderNotOurs(ServerFailed):
    """The data folder, or what it points at, cannot be used by the account that tries."""


class DataFolderInUse(Exception):
    """Another process owns this data folder; the message names it."""


class PostgresVersionMismatch(Exception):
    """The data was written by another major version of PostgreSQL."""
