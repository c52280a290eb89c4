"""What can go wrong with bytes and rows."""


class StorageError(Exception):
    """Base of everything that storage raises on purpose."""


class ObjectMissing(StorageError):
    """No object has this key."""


class ObjectAlreadyStored(StorageError):
    """An object with this key exists; objects are written once and never overwritten."""


class ObjectRefused(StorageError):
    """The server did not take the object; nothing was stored."""


class ObjectStoreUnavailable(StorageError):
    """Nothing can be stored or got now."""


class StreamDamaged(StorageError):
    """An encrypted piece was changed, is missing, or belongs elsewhere; or the key is not ours."""


class NoAgeFile(StorageError):
    """It is no file in the age format, or not one that a passphrase opens."""


class WrongPassphrase(StorageError):
    """The passphrase does not open the file."""


class AgeFileDamaged(StorageError):
    """Something was changed in the encrypted file, or its end is missing."""


class InvalidKey(StorageError):
    """The key could leave the store, or is not one that every adapter can hold."""


class StaleVersion(StorageError):
    """Somebody else changed the row since it was read; nothing was written."""


class AuditChainBroken(StorageError):
    """An audit entry does not follow from the one before it."""


class MigrationBroken(StorageError):
    """A migration would leave rows that refer to nothing; it was undone."""
