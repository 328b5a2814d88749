"""Vector widths of the kernels: scalar, avx2, avx512. Whoever names one, names it here."""

cdef extern from "simd/widths.h" namespace "simd" nogil:
    const char *kNames[]
    int kWidths
    bint present(int width)

NAMES = tuple(kNames[width].decode() for width in range(kWidths))
PRESENT = {name: width for width, name in enumerate(NAMES) if present(width)}  # on this processor, narrowest first


def widths() -> list[str]:
    """Those that this processor has, narrowest first."""
    return list(PRESENT)


def widest_or(str name) -> str:
    """The name itself; for "" the widest that this processor has.

    Raises:
        ValueError: there is no such width, or this processor lacks it.
    """
    if name in PRESENT:
        return name
    if name == "":
        return next(reversed(PRESENT))
    found = "this processor lacks it" if name in NAMES else "there is no such vector width"
    raise ValueError(f"{name}: {found}, expected {' or '.join(PRESENT)}")


def index(str name) -> int:
    """Place of `widest_or(name)` in NAMES: what C++ takes for a width."""
    return PRESENT[widest_or(name)]
