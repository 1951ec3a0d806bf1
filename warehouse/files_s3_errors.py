"""What an object store's refusals mean for whoever reads them: one line, in two languages, that says what to do.

Nothing of the store's own text is repeated, as it may name a key or an address with a password: only its error code.
"""

import errno

from botocore.exceptions import (
    ClientError,
    ConnectionError,  # noqa: A004 — botocore's, of which its timeouts and refusals are kinds
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSLError,
)

from warehouse.files import ObjectStoreFailed
from warehouse.files_s3_ranges import BrokenOff

_ABSENT = {"404", "NoSuchKey", "NoSuchUpload"}
_DENIED = {"403", "AccessDenied", "AllAccessDisabled", "Forbidden"}
_WRONG_CREDENTIALS = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"}
_BUSY = {"SlowDown", "ServiceUnavailable", "503", "Throttling", "ThrottlingException", "TooManyRequests", "429"}
_NO_ROOM = {"507", "InsufficientStorage", "XMinioStorageFull", "QuotaExceeded", "EntityTooLarge"}
_SKEWED = {"RequestTimeTooSkewed"}

_NO_KEY = (
    "沒有憑證，請設定 AWS_ACCESS_KEY_ID 與 AWS_SECRET_ACCESS_KEY 或角色 no credentials: set AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY, or a role"
)
_UNREACHABLE = (
    "連不上，請確認其已啟動及 ATTENDANCE_OBJECTS_ENDPOINT 無誤 cannot be reached: see that it is up and that "
    "ATTENDANCE_OBJECTS_ENDPOINT is right"
)
_UNTRUSTED = (
    "憑證不受信任，請以 ATTENDANCE_OBJECTS_CA_FILE 指定其簽發者 its certificate is not trusted: "
    "name who signed it with ATTENDANCE_OBJECTS_CA_FILE"
)


def codes(error: BaseException) -> set[str]:
    """The error code and the HTTP status of a refusal; none of other errors."""
    if not isinstance(error, ClientError):
        return set()
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", "")
    return {str(error.response.get("Error", {}).get("Code", "")), str(status)}


def is_code(error: BaseException, *wanted: str) -> bool:
    """Whether the store refused with one of these."""
    return bool(codes(error) & set(wanted))


def is_absent(error: BaseException) -> bool:
    """Whether there is no such object; a bucket that is not there is another matter."""
    return bool(codes(error) & _ABSENT) and not is_code(error, "NoSuchBucket")


def explained(place: str, error: BaseException) -> ObjectStoreFailed:
    """The error for people."""
    if is_code(error, *_NO_ROOM):
        return ObjectStoreFailed(place, "空間不足 no room: enlarge it or its quota", errno.ENOSPC)
    return ObjectStoreFailed(place, _refusal(error) if isinstance(error, ClientError) else _failure(error))


def _refusal(error: ClientError) -> str:
    if is_code(error, "NoSuchBucket"):
        return "沒有這個儲存桶，請先建立 there is no such bucket: make it first"
    if is_code(error, *_WRONG_CREDENTIALS):
        return "憑證不對或已過期 the credentials are wrong or have expired: see AWS_ACCESS_KEY_ID and its secret"
    if is_code(error, *_SKEWED):
        return "時鐘不準，請校時 the clock is off: set it right"
    if is_code(error, *_DENIED):
        return (
            "憑證權限不足 access denied: allow s3:GetObject, PutObject, DeleteObject, ListBucket, AbortMultipartUpload "
            "and ListBucketMultipartUploads on bucket and prefix"
        )
    if is_code(error, *_BUSY):
        return "忙碌中，屢試未成，請稍後再試 busy, and was after several tries: try again later"
    named = "/".join(sorted(filter(None, codes(error))))
    return f"拒絕 refused ({named}): 請查物件儲存的紀錄 see its own log"


def _failure(error: BaseException) -> str:
    for kinds, said in _FAILURES:
        if isinstance(error, kinds):
            return said
    return f"無法使用，設定可能有誤 cannot be used ({type(error).__name__}): see ATTENDANCE_OBJECTS_ENDPOINT and AWS_*"


#: The first that fits: an SSLError is a ConnectionError as well.
_FAILURES: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    ((NoCredentialsError, PartialCredentialsError), _NO_KEY),
    ((ProfileNotFound,), "沒有 AWS_PROFILE 所指的設定檔 there is no profile of the name in AWS_PROFILE"),
    ((NoRegionError,), "請設定 ATTENDANCE_OBJECTS_REGION set the region: ATTENDANCE_OBJECTS_REGION"),
    ((SSLError,), _UNTRUSTED),
    ((ConnectionError, HTTPClientError, BrokenOff), _UNREACHABLE),
)
