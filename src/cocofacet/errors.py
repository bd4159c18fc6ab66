"""The one error a user's input can raise."""


class InputError(ValueError):
    """Something the user gave cannot be used.

    The message names the file, the field and the remedy; the command line prints it
    without a traceback and exits with status 2.
    """
