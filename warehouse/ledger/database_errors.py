"""What to say of an error of the ledger's database: in words of ours, never the driver's, which may quote its address.

SQLite's own words are said too: they are few and fixed, and name no address.
"""

from sqlalchemy.exc import DBAPIError

#: What SQLite says, by its error's beginning, where the disk is at fault.
_OF_DISKS = {
    "SQLITE_FULL": "磁碟已滿 the disk is full",
    "SQLITE_IOERR": "磁碟無法讀寫，多因已滿 the disk cannot be read or written, most likely it is full",
    "SQLITE_READONLY": "磁碟唯讀 the disk is read-only",
    "SQLITE_CANTOPEN": "檔案無法開啟，磁碟或已滿或唯讀 the file cannot be opened, the disk may be full or read-only",
}
#: Part of what PostgreSQL's library or server says → what is meant; the first that fits.
_OF_SERVERS = {
    "Connection refused": "連線遭拒，資料庫未啟動或位址有誤 connection refused: it is not running there",
    "could not translate host name": "查無此主機 there is no such host",
    "failed to resolve host": "查無此主機 there is no such host",
    "timeout expired": "逾時未回應 no answer in time",
    "timed out": "逾時未回應 no answer in time",
    "No route to host": "網路不通 there is no way to the host",
    "Network is unreachable": "網路不通 there is no way to the host",
    "No such file or directory": "本機無此資料庫插座 there is no such socket on this machine",
    "authentication failed": "帳號或密碼有誤 account or password are wrong",
    "no password supplied": "需要密碼 it asks for a password",
    "no pg_hba.conf entry": "資料庫不允許本機連線 it does not let this machine in (pg_hba.conf)",
    "does not exist": "資料庫、帳號或資料表不存在 a database, role or table does not exist",
    "already exists": "資料表已存在 a table exists already",
    "permission denied": "權限不足 the account may not do this",
    "too many clients": "連線數已滿 it has no connection free",
    "remaining connection slots": "連線數已滿 it has no connection free",
    "starting up": "資料庫正在啟動 it is starting up",
    "shutting down": "資料庫正在關閉 it is shutting down",
    "terminating connection": "連線遭資料庫中斷 it ended the connection",
    "server closed the connection": "連線遭資料庫中斷 it ended the connection",
    "No space left on device": "資料庫主機磁碟已滿 the disk of its server is full",
    "lock timeout": "等候鎖定逾時 a lock was not free in time",
    "SSL": "加密連線不成 no encrypted connection came about (SSL)",
}


def reason_of(error: DBAPIError) -> str:
    """One line in Chinese and English; of an error that is in no list its kind and SQLSTATE."""
    said = str(error.orig).strip().partition("\n")[0]
    name = getattr(error.orig, "sqlite_errorname", None)
    if name is not None:
        meaning = next((one for beginning, one in _OF_DISKS.items() if name.startswith(beginning)), "")
        return f"{meaning} ({said})" if meaning else said
    for part, meaning in _OF_SERVERS.items():
        if part in str(error.orig):
            return meaning
    kind = type(error.orig).__name__
    state = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)
    return f"{kind}, SQLSTATE {state}" if state else kind
