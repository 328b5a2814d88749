"""What a run reads beside its settings and corpus: noted when it is begun, and the same whenever it goes on."""

from __future__ import annotations

from collections.abc import Mapping

from msftk.errors import InputError
from msftk.files import json_text, read_json_object, write_whole
from msftk.runs.folder import RunFolder

Facts = str | Mapping[str, str]  # a hash, or several by name: they tell one content from another


def check_noted(run: RunFolder, read: Mapping[str, Facts]) -> None:
    """Notes in what the run was begun with (`run.plan_file`) what is read now, or holds it against what stands there.

    Args:
        run: begun and not finished.
        read: what it is, as "what transform 1 (noise) reads" -> its facts; empty where nothing is read.
    Raises:
        InputError: the run was begun with another one.
    """
    plan = read_json_object(run.plan_file, "Choose another --out.")
    noted: dict[str, Facts] = plan.get("read", {})
    for what, now in read.items():
        if noted.get(what, now) != now:
            raise InputError(
                f"{run.path}: an unfinished run, and {what} changed since it was begun. Put back what was there to "
                "resume it, or give another --out to begin anew."
            )
    if fresh := {what: facts for what, facts in read.items() if facts and what not in noted}:
        write_whole(run.plan_file, json_text({**plan, "read": {**noted, **fresh}}) + "\n")
