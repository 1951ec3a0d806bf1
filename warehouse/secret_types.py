"""The types by which a setting says what it is: `Secret`, or `SecretAddress`, which may hold an account or a key.

A setting of any other type is plain.  Both remember what they hold for `warehouse.redaction.without_secrets`.
"""

from pydantic import SecretStr

from warehouse.redaction import remember, secrets_in, shown_address

HIDDEN = "（已設定，不顯示 set, hidden）"


class Secret(SecretStr):
    """A secret: shown as being set, and nothing else of it."""

    def __init__(self, secret_value: str) -> None:
        super().__init__(secret_value)
        remember(secret_value)

    def _display(self) -> str:
        return HIDDEN if self._secret_value else ""


class SecretAddress(SecretStr):
    """An address that may hold an account or a key; `str` and `repr` show it without."""

    def __init__(self, secret_value: str) -> None:
        super().__init__(secret_value)
        remember(*secrets_in(secret_value))

    def _display(self) -> str:
        return shown_address(self._secret_value)
