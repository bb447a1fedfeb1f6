"""The names of one connection to a simulated pool, in the ways that real pools have of it."""

from stratumproxy.testing.judge import NOT_SUBSCRIBED, UNAUTHORIZED, Reject
from stratumproxy.testing.settings import SecondName

KICKED = UNAUTHORIZED._replace(text="Already authorized")
MISMATCH = Reject(20, "unauthorized", "Worker mismatch")


class Names:
    """Who one connection is."""

    def __init__(self) -> None:
        self._names: list[str] = []

    def __bool__(self) -> bool:
        return bool(self._names)

    def authorize(self, style: SecondName, name: str) -> Reject | bool:
        """Take a name.

        Returns:
            Whether it is taken, or how it is refused; False if it gets no answer.
        """
        if self._names:
            match style:
                case "ignored":
                    return False
                case "not-subscribed":
                    return NOT_SUBSCRIBED
                case "kick":
                    return KICKED
        if name in self._names:
            self._names.remove(name)
        self._names.append(name)
        return True

    def of(self, style: SecondName, name: object) -> str | Reject:
        """Whose a share is that came under a name, or why it does not count."""
        if not isinstance(name, str):
            return UNAUTHORIZED
        match style:
            case "always":
                return name
            case "per-submit":
                return name if self._names else UNAUTHORIZED
            case "not-subscribed":
                return self._names[0] if self._names else UNAUTHORIZED
            case "last":
                return self._names[-1] if self._names else UNAUTHORIZED
            case "ignored":
                return name if name in self._names else MISMATCH if self._names else UNAUTHORIZED
        return name if name in self._names else UNAUTHORIZED
