"""What a server of forks imports once, so that its children are ready at once."""

import tests.support  # noqa: F401 - to have them all
