"""Where arrays lie, by key."""

from msftk.store.entries import Entries, Entry


def test_the_last_entry_of_a_key_counts_until_it_is_removed() -> None:
    entries = Entries()
    first, second, far = Entry("a.shard", 0, 10, 7), Entry("b.shard", 2**40, 20, 2**32 - 1), Entry("a.shard", 10, 5, 8)
    entries["x"], entries["y"], entries["x"] = first, second, far
    assert (entries.get("x"), entries.get("y"), entries.get("z")) == (far, second, None)
    assert (entries.keys(), len(entries), "y" in entries) == (["x", "y"], 2, True)
    del entries["y"]
    assert ("y" in entries, entries.get("y"), len(entries)) == (False, None, 1)
    entries["y"] = first
    assert entries.get("y") == first


def test_keys_are_given_back_as_they_were_set() -> None:
    entries = Entries()
    keys = ["0a" * 31 + "00", "0a" * 32, "0A" * 32, "g" * 64, "a", "0" * 63]
    for place, key in enumerate(keys):
        entries[key] = Entry("shard", place, 1, 2)
    assert entries.keys() == keys
    assert [entries.get(key) for key in keys] == [Entry("shard", place, 1, 2) for place in range(6)]
    assert all(key in entries for key in keys)
    del entries[keys[0]]
    assert keys[0] not in entries
