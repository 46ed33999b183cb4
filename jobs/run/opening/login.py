"""Who is logged in at the operating system: under that name a process acts, whatever else it is told."""

import os
import pwd


def system_login() -> str:
    """The name that the system has for the user who runs this; no variable of the environment changes it."""
    number = os.getuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:  # a container may run as a user that it does not know
        return f"uid {number}"
