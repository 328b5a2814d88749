"""`msftk store`: what lies in the feature store, whether all of it can be read, and what may go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from msftk.cli.console import bar, err, number_table, out, print_json
from msftk.cli.options import Json, Store
from msftk.counting import counted

if TYPE_CHECKING:
    from msftk.store.inventory import Holding

store = typer.Typer(help="List the feature store, verify it, clear it.", no_args_is_help=True)
DIGITS = 12  # of a producer's name


@store.command("ls")
def list_store(place: Store = None, json: Json = False) -> None:
    """List what each producer keeps in the store, how much it is, and which manifests and runs use it.

    Example: msftk store ls
    """
    from msftk.recipes import store as recipe

    root, found = recipe.list_store(place)
    if json:
        print_json({"store": str(root), "producers": [holding.json() for holding in found]})
        return
    table = Table("producer", "what", box=None, header_style="bold", pad_edge=False)
    for heading in ("entries", "size"):
        table.add_column(heading, justify="right")
    table.add_column("used by", overflow="fold")
    for holding in found:
        sizes = f"{holding.n_entries:,}", size(holding.n_bytes)
        table.add_row(holding.folder.name[:DIGITS], holding.what, *sizes, _users(holding))
    out.print(table)
    total = size(sum(holding.n_bytes for holding in found))
    out.print(f"{counted(len(found), 'producer')}, {total} in {root}", soft_wrap=True)


@store.command("verify")
def verify_store(place: Store = None, json: Json = False) -> None:
    """Read every entry of the store and hold it against its checksum; ends with 1 where one is spoiled.

    Example: msftk store verify
    """
    from msftk.recipes import store as recipe

    with bar() as progress:
        verdicts = recipe.verify_store(place, progress)
    spoiled = sum(verdict.spoiled for verdict in verdicts)
    if json:
        print_json([{**v.holding.json(), "read": v.n_read, "spoiled": v.spoiled} for v in verdicts])
    else:
        table = number_table("producer", "read", "spoiled")
        table.add_column("what")
        for one in verdicts:
            name = one.holding.folder.name[:DIGITS]
            table.add_row(name, f"{one.n_read:,}", f"{one.spoiled:,}", one.holding.what)
        out.print(table)
    if spoiled:
        what = f"{counted(spoiled, 'entry', 'entries')} spoiled: never read as a result"
        remedy = "made again by the next `msftk extract`. `msftk store gc --yes` drops what is left of them."
        err.print(f"{what}, and {remedy}", soft_wrap=True)
        raise typer.Exit(1)


@store.command("gc")
def clear_store(
    place: Store = None,
    yes: Annotated[bool, typer.Option("--yes", help="Remove it; without, only say what would go.")] = False,
    json: Json = False,
) -> None:
    """Say what nobody uses: producers whose manifests and runs are gone, and what is spoiled or superseded.

    Example: msftk store gc
    """
    from msftk.recipes import store as recipe

    found = recipe.clear_store(place, remove=yes)
    if json:
        dead = {str(folder): n_bytes for folder, n_bytes in found.dead.items()}
        print_json({"removed": yes, "bytes": found.n_bytes, "unused": [h.json() for h in found.unused], "dead": dead})
        return
    table = number_table("producer", "entries", "size")
    table.add_column("what")
    for holding in found.unused:
        name = holding.folder.name[:DIGITS]
        table.add_row(name, f"{holding.n_entries:,}", size(holding.n_bytes), f"{holding.what}: used by nobody")
    for folder, n_bytes in found.dead.items():
        table.add_row(folder.name[:DIGITS], "", size(n_bytes), "spoiled or superseded entries")
    if found.unused or found.dead:
        out.print(table)
    out.print(f"{size(found.n_bytes)} {'removed' if yes else 'would go: add --yes to remove them'}.")


def size(n_bytes: int) -> str:
    """As people read it."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n_bytes >= scale:
            return f"{n_bytes / scale:.1f} {unit}"
    return f"{n_bytes} B"


def _users(holding: Holding) -> str:
    names = [str(user) for user in holding.users]
    return ", ".join(names[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else "") or "nobody"
