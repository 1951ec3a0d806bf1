"""Who somebody is: by the single sign-on (`single_sign_on.py`), or by an agency's certificate (`proxies.py`).

`on_the_way.py` keeps what is known between going to the single sign-on and coming back, `entering.py` begins and ends
sessions.  What they may do is not here but in `portal/access.py`.
"""

import warnings

from authlib.deprecate import AuthlibDeprecationWarning

# Authlib would rather have httpx2, which is not what the rest of the platform speaks HTTP with.
warnings.filterwarnings("ignore", message="The httpx module", category=AuthlibDeprecationWarning)
