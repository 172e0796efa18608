"""Time logs are read by a person's mapping, checked against the server, or not at all."""

from __future__ import annotations

import orjson
import pytest

from nexabooks.errors import AccessRefused, SettingsError, SourceContractBroken
from nexabooks.settings import Settings


def test_mapped_time_logs_land_as_they_came(cloud):
    """The record keeps the server's field names; the mapping lands beside it and says what they mean."""
    landed, mapping = cloud.read("timelogs"), cloud.read("timelog_mapping")
    assert len(landed.rows) == len(cloud.world.timelogs)
    told = orjson.loads(mapping.rows["Timelogs"])
    assert told == cloud.service.timelog_mapping
    assert orjson.loads(next(iter(landed.rows.values())))[told["duration_field"]] == "5400"


@pytest.mark.parametrize("stream", ["timelogs", "timelog_mapping"])
def test_an_unmapped_module_is_refused_with_its_fields(cloud, stream):
    """Guessed names would read nothing or the wrong unit: the error says what to map and what there is."""
    cloud.with_settings(vtiger_timelog_mapping=None)
    with pytest.raises(SourceContractBroken, match=r"(?s)Timelogs.*duration_unit.*spent_seconds"):
        cloud.read(stream)


def test_a_self_hosted_server_with_a_time_module_is_refused_unmapped_too(selfhosted):
    """What matters is whether there is something to map, not which door it is."""
    selfhosted.service.has_timelogs = True
    with pytest.raises(SourceContractBroken, match="NEXABOOKS_VTIGER_TIMELOG_MAPPING"):
        selfhosted.read("timelogs")


@pytest.mark.parametrize("stream", ["timelogs", "timelog_mapping"])
def test_a_server_without_a_time_module_has_no_time_logs_and_says_so(selfhosted, stream):
    """Stock 8.2 has none: an empty stream with a note, and nothing is deleted."""
    landed = selfhosted.read(stream)
    assert landed.rows == {}
    assert not landed.end.is_complete
    assert "no time log module" in landed.end.notes[0]


def test_a_time_module_that_vanished_is_not_an_empty_one(cloud):
    """Time logs were read before: a module that is no longer listed is a right taken away."""
    landed = cloud.read("timelogs")
    cloud.service.has_timelogs = False
    cloud.with_settings(vtiger_timelog_mapping=None)
    with pytest.raises(AccessRefused, match="no longer lists the module Timelogs"):
        cloud.read("timelogs", landed)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"duration_field": "minutes"}, "does not have: duration_field = minutes"),
        ({"module": "Timecontrol"}, "names the module Timecontrol, which vTiger does not list"),
    ],
)
def test_a_mapping_that_names_what_is_not_there_is_refused(cloud, changes, says):
    """The mapping is held against `describe` before a record is read."""
    cloud.mapping_path.write_bytes(orjson.dumps(cloud.service.timelog_mapping | changes))
    with pytest.raises(SourceContractBroken, match=says):
        cloud.read("timelogs")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{", "is not JSON"),
        (b"[]", "must hold one JSON object"),
        (b'{"module": "Timelogs", "unit": "s"}', "related_field is missing.*unit is unknown"),
        (b'{"module": ""}', "module is empty"),
        (b'{"module": 3}', "module must be a text"),
        (b'{"duration_unit": "days"}', "duration_unit 'days' is none of seconds, minutes, hours"),
    ],
)
def test_everything_wrong_with_a_mapping_is_said_at_once(cloud, content, says):
    """A person who writes the file sees all its faults, with the file's name."""
    cloud.mapping_path.write_bytes(content)
    with pytest.raises(SettingsError, match=says) as refused:
        cloud.read("timelogs")
    assert cloud.mapping_path.name in str(refused.value)


def test_a_mapping_that_is_not_there_is_a_wrong_setting(cloud):
    """A path to nothing is named, without a traceback."""
    cloud.mapping_path.unlink()
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        cloud.read("timelogs")


def test_a_mapping_left_empty_in_the_environment_is_no_mapping(monkeypatch):
    """`.env.example` has the setting with nothing after it; that is no path."""
    monkeypatch.setenv("NEXABOOKS_VTIGER_TIMELOG_MAPPING", "")
    assert Settings(_env_file=None).vtiger_timelog_mapping is None
