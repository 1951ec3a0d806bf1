"""The portal to try out: a real OpenID Connect provider in place of eCPA, and made-up people who may sign in.

`python -m portal.demo` starts both.  The provider is Django, which is a development dependency: nothing outside this
package imports it, and nothing of the portal imports this package.
"""
